"""Submits the samples through the API and tells what became of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from services.command.client import Client, Refused
from services.shared.identity.issuer import DEMO_SCOPES

# A scanner may take minutes over a file that unpacks to gigabytes, on a machine that has other things to do.
SETTLE_SECONDS = 600.0


@dataclass(frozen=True)
class Sender:
    """Who submits a sample: a demo actor, and what it says besides the files (for whom it does it)."""

    actor: str
    fields: Mapping[str, str]


@dataclass
class Outcome:
    """What became of one sample. ``wanted`` and ``became`` are an ending as in its file name, agencies included."""

    file: Path
    wanted: str
    became: str
    errors: list[str] = field(default_factory=list)
    routing: list[dict[str, Any]] = field(default_factory=list)
    archive: dict[str, Any] | None = None
    view: dict[str, Any] | None = None

    @property
    def as_named(self) -> bool:
        """Whether it ended as its name says."""
        return self.wanted == self.became


def sample_files(folder: Path) -> list[Path]:
    """The form files of a folder of samples, in order."""
    return sorted(file for file in folder.iterdir() if file.is_file() and len(file.name.split(".")) >= 3)


def attachments_of(form: Path) -> list[Path]:
    """The attachments that lie beside a form."""
    folder = form.with_suffix(".vedlegg")
    return sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []


def sender_of(form: Path) -> Sender:
    """Who submits a form file, as ``senders.json`` beside it says; the first demo actor for a file that it does not name."""
    table = form.parent / "senders.json"
    rows = json.loads(table.read_text(encoding="utf-8")) if table.exists() else {}
    row = rows.get(form.name, {"actor": next(iter(DEMO_SCOPES)), "on_behalf_of": None})
    return Sender(row["actor"], {"on_behalf_of": row["on_behalf_of"]} if row["on_behalf_of"] else {})


def submit_samples(folder: Path, client_of: Callable[[str], Client], *, told: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
    """Submit them all, then wait for each."""
    sent: list[tuple[Outcome, Client, str | None]] = []
    for form in sample_files(folder):
        sender = sender_of(form)
        client = client_of(sender.actor)
        outcome = Outcome(form, wanted=".".join(form.name.split(".")[1:-1]), became="")
        try:
            answer = client.submit(form, attachments_of(form), key=f"sample-{form.name}", **sender.fields)
            sent.append((outcome, client, str(answer["id"])))
        except Refused as refused:
            outcome.became = f"refused-{refused.code}"
            outcome.errors = [refused.code]
            sent.append((outcome, client, None))
    for outcome, client, submission in sent:
        if submission is not None:
            _fill_in(outcome, client.wait_until_settled(submission, seconds=SETTLE_SECONDS))
        told(outcome)
    return [outcome for outcome, _, _ in sent]


def _fill_in(outcome: Outcome, view: dict[str, Any]) -> None:
    outcome.view = view
    outcome.errors = [f"{error['pointer'] or ''} {error['code']}".strip() for error in view["errors"] if error["severity"] == "error"]
    outcome.routing, outcome.archive = view["routing"], view["archive"]
    primaries = sorted(delivery["agency"] for delivery in view["routing"] if delivery["role"] == "primary")
    copies = sorted(delivery["agency"] for delivery in view["routing"] if delivery["role"] == "copy")
    status = "routed" if view["status"] == "confirmed" else view["status"]
    outcome.became = status + (f".{'~'.join(['+'.join(primaries), *copies])}" if view["routing"] else "")


def print_table(outcomes: Sequence[Outcome]) -> None:
    """File, status, errors, agencies and why, archive object."""
    console = Console(width=max(160, Console().width))
    table = Table(show_lines=True)
    for title in ("file", "status", "errors", "agencies and why", "archive"):
        table.add_column(title, overflow="fold")
    for outcome in outcomes:
        mark = "[green]✓[/green]" if outcome.as_named else f"[red]✗ wanted {outcome.wanted}[/red]"
        why = [
            f"{delivery['agency']} ({delivery['role']}): " + "; ".join(f"{rule['id']} {rule['reason']}" for rule in delivery["rules"])
            for delivery in outcome.routing
        ]
        archive = f"{outcome.archive['object']} {outcome.archive['version']}" if outcome.archive and outcome.archive["object"] else ""
        shown = outcome.errors[:6] + ([f"… {len(outcome.errors) - 6} more"] if len(outcome.errors) > 6 else [])
        table.add_row(outcome.file.name.split(".")[0], f"{outcome.became.split('.')[0]} {mark}", "\n".join(shown), "\n".join(why), archive)
    console.print(table)
