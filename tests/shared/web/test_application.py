"""What every application answers before and after its views."""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Blueprint
from flask.testing import FlaskClient

from services.shared.identity import open_route
from services.shared.web.application import create_application


@pytest.fixture
def client() -> FlaskClient:
    views = Blueprint("views", __name__, url_prefix="/api/v1")

    @views.get("/things/<name>")
    @open_route
    def thing(name: str) -> str:
        return name

    @views.post("/things")
    @open_route
    def keep() -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    context: Any = SimpleNamespace(settings=SimpleNamespace(public_url="http://x", broker_url="amqp://x"))
    return create_application("test", context, [views]).test_client()


@pytest.mark.parametrize(("path", "status"), [("/api/v1/things/a%00b", 404), ("/api/v1/things/a?q=%00", 400), ("/api/v1/things/a?q=b", 200)])
def test_nul_in_an_address_reaches_no_view(path: str, status: int, client: FlaskClient) -> None:
    assert client.get(path).status_code == status


def test_a_full_disk_is_told_as_something_that_passes(client: FlaskClient) -> None:
    answer = client.post("/api/v1/things")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"]
