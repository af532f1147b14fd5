"""``schemas/messages/asyncapi.yaml`` describes what really stands in the broker and what is really sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from services.routing import messages
from services.routing.broker import definitions
from services.routing.broker.line import CONTENT_TYPE
from services.routing.broker.receipts import CODE_HEADER, REASON_HEADER
from services.shared.settings import SCHEMAS

FOLDER = SCHEMAS / "messages"
SPECIFICATIONS = Path(__file__).resolve().parents[2] / "node_modules" / "@asyncapi" / "specs" / "schemas"
DOCUMENT: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))
TYPES = {messages.WORK_TYPE, messages.RECALL_TYPE, "no.nyemetoder.mottak.receipt.v1"}


def resolved(reference: dict[str, str]) -> Any:
    """What a reference inside the document points to."""
    found: Any = DOCUMENT
    for step in reference["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolved(found) if "$ref" in found else found


def test_it_is_a_valid_asyncapi_document() -> None:
    schema = SPECIFICATIONS / f"{DOCUMENT['asyncapi']}.json"
    if not schema.exists():
        pytest.skip("the npm package @asyncapi/specs is not installed")
    assert [error.message for error in Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).iter_errors(DOCUMENT)] == []


def test_every_message_type_has_its_schema_and_stands_in_a_channel() -> None:
    described = {name: message for name, message in DOCUMENT["components"]["messages"].items() if message["name"] in TYPES}
    assert {message["name"] for message in described.values()} == TYPES
    used = {resolved(reference)["name"] for channel in DOCUMENT["channels"].values() for reference in channel["messages"].values()}
    assert used >= TYPES
    for message in described.values():
        file = FOLDER / message["payload"]["schema"]["$ref"]
        schema = json.loads(file.read_text(encoding="utf-8"))
        assert schema["properties"]["type"]["const"] == message["name"]
        assert message["contentType"] == CONTENT_TYPE
    assert {FOLDER / message["payload"]["schema"]["$ref"] for message in described.values()} == set(FOLDER.glob("*.schema.json"))


def test_the_channels_are_what_the_broker_is_given() -> None:
    channels = {channel["address"]: channel["bindings"]["amqp"] for channel in DOCUMENT["channels"].values()}
    assert set(channels) == {definitions.WORK, definitions.DEAD, definitions.RECEIPTS}
    for name, binding in channels.items():
        if binding["is"] == "queue":
            assert binding["queue"]["name"] == name
            assert name in definitions.QUEUES
        else:
            assert (binding["exchange"]["name"], binding["exchange"]["type"]) == (name, definitions.EXCHANGES[name])
    assert resolved({"$ref": "#/channels/dead/messages/unusableReceipt"})["headers"]["required"] == [CODE_HEADER, REASON_HEADER]


def test_operations_use_messages_of_their_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        assert all(reference["$ref"].startswith(f"{channel}/messages/") for reference in operation["messages"])
        assert all(resolved(reference) for reference in operation["messages"])


def test_its_examples_are_messages() -> None:
    schema = json.loads((FOLDER / "receipt.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    examples = DOCUMENT["components"]["messages"]["receipt"]["examples"]
    assert {example["payload"]["data"]["outcome"] for example in examples} == {"confirmed", "returned"}
    for example in examples:
        validator.validate(example["payload"])


def test_definitions_for_every_agency_hold_hashes_and_no_password() -> None:
    found = definitions.definitions(
        ["dmp", "fhi"], {name: definitions.password_hash("open sesame") for name in ("mottak", "agency-dmp", "agency-fhi")}
    )
    assert "open sesame" not in json.dumps(found)
    assert {vhost["name"] for vhost in found["vhosts"]} >= {"agency-dmp", "agency-fhi"}
    own = [permission for permission in found["permissions"] if permission["user"] == "agency-dmp"]
    assert own == [{"user": "agency-dmp", "vhost": "agency-dmp", "configure": "^$", "write": r"^mottak\.receipts$", "read": r"^mottak\.work$"}]
    work = next(queue for queue in found["queues"] if queue["name"] == "mottak.work")["arguments"]
    assert (work["x-queue-type"], work["x-dead-letter-strategy"], work["x-overflow"]) == ("quorum", "at-least-once", "reject-publish")
    assert work["x-delivery-limit"] > 0


def test_passwords_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "broker" / "passwords.json"
    first = definitions.passwords(file, ["dmp"])
    assert file.stat().st_mode & 0o777 == 0o600
    second = definitions.passwords(file, ["dmp", "fhi"])
    assert {user: second[user] for user in first} == first
    assert set(second) == {"mottak", "agency-dmp", "agency-fhi"}
    assert len(set(second.values())) == 3
