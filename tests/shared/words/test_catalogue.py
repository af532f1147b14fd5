"""The catalogue of words: complete, the same in three languages, nothing left over, and nynorsk that is nynorsk."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.intake.pages.submission import PATHS
from services.routing.broker.dead import REASONS
from services.shared import lifecycle, names, scanner, words
from services.shared.forms.field_types import FIELD_TYPES
from services.shared.identity.issuer import DEMO_SCOPES
from services.shared.problems import STATUS_CODES
from services.shared.story import DELIVERY_STATES
from services.shared.web.submission_fields import ACCESS

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ROOT / "services"
EVENTS = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)} - set(names.HANDLERS) | {names.ROUTED_BY_HAND}
# Keys that a template puts together, and what the last part may be.
PUT_TOGETHER = {
    "pages.forms.language.": set(words.LANGUAGES),
    "pages.delivery.": {"pending", "queued", *DELIVERY_STATES.values()},
    "pages.changes.document.": {"added", "removed", "changed"},
    "pages.role.": {"primary", "copy"},
    "pages.access.": set(ACCESS),
    "pages.document.": {"form", "attachment", "extracted", "answer"},
    "pages.work.": set(names.HANDLERS),
    "pages.cause.": {f"dead_letter_{reason}" for reason in (*REASONS, "other")},
    "pages.issuer.role.": set(DEMO_SCOPES),
    "pages.act.": {f"{action}.{part}" for action in PATHS for part in ("title", "help", "button")},
    "receipt.": {"submitter", "received_at", "version", "form_type", "status", "role.form", "role.attachment", "next.1", "next.2", "next.3"},
    "status.": {f"{state}.{part}" for state in lifecycle.STATES for part in ("name", "meaning")},
    "scan.": {scanner.PENDING, scanner.CLEAN, scanner.INFECTED, scanner.NOT_SCANNED},
    "templates.": {
        *("add_row", "and", "answer", "contact", "facts", "false", "lead", "page", "placeholder.choice", "placeholder.date", "placeholder.text"),
        *("publisher", "question", "required", "rows", "send", "true", "version"),
    },
    "templates.help.": {name for name in FIELD_TYPES if words.has(f"templates.help.{name}")},
    "timeline.": EVENTS,
}
OURS = ("pages.", "publishing.", "receipt.", "status.", "scan.", "templates.", "timeline.")


@cache
def own_files() -> dict[str, dict[str, dict[str, str]]]:
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "schemas" / "words").glob("*.json"))}


@cache
def trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in SERVICES.rglob("*.py")}


@cache
def strings_in_code() -> set[str]:
    return {node.value for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@cache
def templates() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in SERVICES.rglob("*.html"))


def values_in(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def raised() -> Iterator[tuple[str, set[str] | None]]:
    """Every code that a ``Problem(...)`` in the code names, with the values it is given (None: they cannot be told from the code)."""
    for tree in trees().values():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem" and node.args):
                continue
            codes = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            given = {keyword.arg for keyword in node.keywords if keyword.arg}
            open_ended = any(keyword.arg is None for keyword in node.keywords)
            for code in codes:
                if re.fullmatch(r"[a-z_]+", code):
                    yield code, None if open_ended else given


def test_every_key_says_the_same_in_three_languages() -> None:
    for key, texts in words.catalogue().items():
        assert set(texts) == set(words.LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key
        assert len({frozenset(values_in(text)) for text in texts.values()}) == 1, f"{key}: other values in one of its languages"


def test_every_problem_that_is_raised_has_its_texts_and_gives_them_their_values() -> None:
    found = dict.fromkeys(STATUS_CODES.values())
    for code, given in raised():
        found[code] = None
        needed = values_in(words.catalogue()[f"problem.{code}.detail"]["nb"]) if words.has(f"problem.{code}.detail") else set()
        assert given is None or needed <= given, f"{code} is raised without {sorted(needed - given)}"
    outcomes = json.loads((ROOT / "schemas" / "policy" / "policy.json").read_text(encoding="utf-8"))["outcomes"]
    for code in {*found, *outcomes}:
        assert words.has(f"problem.{code}.title"), code
        assert words.has(f"problem.{code}.detail"), code


def test_every_event_state_and_verdict_has_its_texts() -> None:
    for prefix, endings in PUT_TOGETHER.items():
        for ending in endings:
            assert words.has(prefix + ending), prefix + ending


def test_no_text_is_left_over() -> None:
    codes = strings_in_code() | set(json.loads((ROOT / "schemas" / "policy" / "policy.json").read_text(encoding="utf-8"))["outcomes"])
    left = []
    for key in words.catalogue():
        if key.startswith("problem."):
            used = key.split(".")[1] in codes
        elif key.startswith(OURS):
            put_together = any(key.startswith(prefix) and key.removeprefix(prefix) in endings for prefix, endings in PUT_TOGETHER.items())
            used = put_together or key in strings_in_code() or f'"{key}"' in templates() or f"'{key}'" in templates()
        else:
            continue
        if not used:
            left.append(key)
    assert left == []


def test_every_text_a_template_asks_for_is_there() -> None:
    for asked in re.findall(r"""\bt\(["'](?P<key>[a-z_0-9.]+)["'](?=[,)])""", templates()):
        assert words.has(asked), asked


@pytest.mark.parametrize(
    ("number", "language", "said"),
    [
        (1, "en", "1\u00a0byte"), (812, "en", "812\u00a0bytes"), (43_210, "nb", "43,2\u00a0kB"), (25_000_000, "nn", "25\u00a0MB"),
        (1_074_790_400, "nb", "1,07\u00a0GB"), (1_074_790_400, "en", "1.07\u00a0GB"), (999_999, "nb", "1\u00a0MB"), (0, "nb", "0\u00a0byte"),
    ],
)  # fmt: skip
def test_sizes_are_written_as_people_say_them(number: int, language: str, said: str) -> None:
    assert words.size(number, language) == said


def test_a_value_is_written_as_it_is_and_never_looked_into() -> None:
    text = words.text("problem.file_empty.detail", "nb", name="{0.__class__} <b>")
    assert "{0.__class__} <b>" in text


def test_a_text_that_lacks_a_value_is_a_fault() -> None:
    with pytest.raises(KeyError):
        words.text("problem.file_empty.detail", "nb")
