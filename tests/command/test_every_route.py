"""Default deny: every route of every service refuses who has not shown who they are, but for those in one list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.archive.app import create_app as create_archive
from services.command.assemble import embedded_context
from services.intake.app import create_app as create_intake
from services.routing.app import create_app as create_routing
from services.shared import names
from services.shared.paths import service_of
from services.shared.settings import Settings
from services.shared.worker import registered
from services.validation.app import create_app as create_validation

OPEN = {
    "/",
    "/healthz",
    "/login",
    "/login/callback",
    "/static/<path:name>",
    "/logout",
    "/skjemaer",
    "/hjelp",
    "/hjelp/problemer",
    "/hjelp/tilgjengelighet",
    "/api/v1/openapi.json",
    "/api/v1/forms",
    "/api/v1/forms/<form_type>/<version>/schema",
    "/api/v1/forms/<form_type>/<version>/template.docx",
    "/api/v1/forms/<form_type>/<version>/template.pdf",
    "/api/v1/policy",
    "/api/v1/submissions/receipt-keys",
    # the local issuer, on loopback only
    "/issuer/.well-known/openid-configuration",
    "/issuer/authorize",
    "/issuer/jwks",
    "/issuer/token",
}


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Flask]]:
    context, issuer = embedded_context(Settings.embedded(Path(tmp_path_factory.mktemp("data")), environment={}))
    yield {
        "intake": create_intake(context, issuer),
        "validation": create_validation(context),
        "routing": create_routing(context),
        "archive": create_archive(context),
    }
    context.database.close()


def routes(applications: dict[str, Flask]) -> Iterator[tuple[str, Flask, Any, str]]:
    for service, app in applications.items():
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield service, app, rule, method


def test_the_open_routes_are_those_in_the_list(applications: dict[str, Flask]) -> None:
    opened = {rule.rule for _, app, rule, _ in routes(applications) if getattr(app.view_functions[rule.endpoint], "access", ()) is None}
    assert opened == OPEN


def test_every_other_route_names_who_may_use_it_and_refuses_everybody_else(applications: dict[str, Flask]) -> None:
    closed = 0
    for _, app, rule, method in routes(applications):
        if rule.rule in OPEN:
            continue
        assert getattr(app.view_functions[rule.endpoint], "access", frozenset()), f"{rule.rule} names nobody"
        path = re.sub(r"<any\('?([^,')]+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<[^>]+>", "x", path)
        response = app.test_client().open(path, method=method)
        is_page = not path.startswith("/api/") and path != "/metrics"
        assert response.status_code == 401 or (is_page and response.status_code in (302, 303)), f"{method} {path}: {response.status_code}"
        if response.status_code in (302, 303):
            assert response.headers["Location"].startswith("/login")
        closed += 1
    assert closed > 25


def test_every_path_belongs_to_the_service_that_answers_it(applications: dict[str, Flask]) -> None:
    for service, _, rule, _ in routes(applications):
        if rule.rule != "/metrics":
            assert service_of(re.sub(r"<[^>]+>", "x", rule.rule)) == service, rule.rule


def test_every_handler_that_is_named_is_registered_and_the_other_way_round() -> None:
    assert registered() == set(names.HANDLERS)
    assert {handler for handlers in names.SUBSCRIBERS.values() for handler in handlers} <= set(names.HANDLERS)
