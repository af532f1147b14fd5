"""``mottak verify``: a receipt checked without us: its signature, and that files are the ones it names."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.command.calls import COULD_NOT_CHECK, DATA_IS_WRONG, data_folder, file_argument, json_option, show
from services.intake.receipt import ATTACHED_NAME
from services.shared.sandbox import Box, BoxCrashed, BoxUnavailable, Incoming, Policy
from services.shared.settings import SCHEMAS

RECEIVED, NOT_IN_RECEIPT, NOT_GIVEN = "received", "not_in_receipt", "not_given"
_MOST_BYTES: Final = 16_000_000  # a receipt is some kilobytes; a file that was meant as one of FILES is not read whole


class NotAReceipt(Exception):
    """The file is no receipt of ours, or not a whole one."""


@dataclass
class Verdict:
    """``files``: state by the name given; ``documents``: what the receipt names, each with its state."""

    reference: str
    received_at: str
    signature: bool
    files: dict[str, str] = field(default_factory=dict)
    documents: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether it is signed by us and every file given is one that it names."""
        return self.signature and all(state == RECEIVED for state in self.files.values())


@click.command()
@click.argument("receipt", type=file_argument)
@click.argument("files", type=file_argument, nargs=-1)
@click.option(
    "--keys",
    type=click.Path(path_type=Path, dir_okay=False),
    default=lambda: data_folder() / "keys" / "receipts.json",
    help="The JWKS that receipts are signed with, kept from /api/v1/submissions/receipt-keys (default: this system's own).",
)
@json_option
def verify(receipt: Path, files: tuple[Path, ...], keys: Path, as_json: bool) -> None:
    """Verify a RECEIPT (PDF or JSON) offline: its signature, and that FILES are the ones it names. Exit code 1: that is not so, or it is no receipt; 4: there is no key to check with, or the PDF cannot be opened here."""
    if not keys.exists():
        click.echo(f"Could not check: there is no key set at {keys}. Give one with --keys.", err=True)
        sys.exit(COULD_NOT_CHECK)
    try:
        published = json.loads(keys.read_text(encoding="utf-8"))
        key_set = KeySet.import_key_set(published if "keys" in published else {"keys": [published]})
    except (ValueError, KeyError, AttributeError, TypeError, OSError, JoseError) as fault:
        click.echo(f"Could not check: {keys} is no key set ({fault}).", err=True)
        sys.exit(COULD_NOT_CHECK)
    try:
        content = read_receipt(receipt)
        signature = str(content.pop("signature"))
    except (BoxCrashed, BoxUnavailable) as fault:
        click.echo(f"Could not check: the PDF cannot be opened here ({fault}). Use the receipt as JSON.", err=True)
        sys.exit(COULD_NOT_CHECK)
    except (ValueError, KeyError, OSError, NotAReceipt) as fault:
        click.echo(f"Not a receipt: {fault}", err=True)
        sys.exit(DATA_IS_WRONG)
    verdict = verdict_on(content, _is_signed(content, signature, key_set), files)
    shown = {name: getattr(verdict, name) for name in ("reference", "received_at", "signature", "files", "documents")}
    show(shown, as_json=as_json, lines=lambda _: list(_told(verdict)))
    sys.exit(0 if verdict.is_good else DATA_IS_WRONG)


def read_receipt(path: Path) -> dict[str, Any]:
    """The receipt in a file: JSON, or the JSON inside a PDF of ours. Raises NotAReceipt, ValueError, BoxCrashed, BoxUnavailable."""
    with path.open("rb") as stream:
        head = stream.read(_MOST_BYTES + 1)
    if len(head) > _MOST_BYTES:
        raise NotAReceipt(f"{path.name} is too large")
    content = json.loads(_attached(path, len(head)) if head.startswith(b"%PDF-") else head)
    if not isinstance(content, dict):
        raise NotAReceipt(f"{path.name} holds no receipt")
    return content


def _attached(path: Path, size: int) -> bytes:
    """The signed JSON inside a PDF, opened where every file from outside is: in the box."""
    with (
        tempfile.TemporaryDirectory(prefix="mottak-verify-") as scratch,
        Box(Policy.load(SCHEMAS / "policy"), Path(scratch)) as box,
        path.open("rb") as stream,
        box.open_submission([Incoming("0", "attachment", path.name, stream, size)]) as opened,
    ):
        for document in opened.documents:
            if document.role == "extracted" and document.name == ATTACHED_NAME and document.scratch_file is not None:
                return document.scratch_file.read_bytes()
    raise NotAReceipt(f"there is no {ATTACHED_NAME} in {path.name}")


def verdict_on(content: dict[str, Any], signature: bool, files: tuple[Path, ...]) -> Verdict:
    """What can be said of a receipt and of files. A file counts by its bytes, whatever its name is now."""
    documents = content.get("documents", [])
    said = {document["sha256"] for document in documents}
    verdict = Verdict(str(content.get("reference")), str(content.get("received_at")), signature)
    seen = set()
    for path in files:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        seen.add(digest)
        # Two files of one name in two folders are told apart.
        name = path.name if path.name not in verdict.files else str(path)
        verdict.files[name] = RECEIVED if digest in said else NOT_IN_RECEIPT
    verdict.documents = [
        {"name": each["name"], "sha256": each["sha256"], "state": RECEIVED if each["sha256"] in seen else NOT_GIVEN} for each in documents
    ]
    return verdict


def _is_signed(content: dict[str, Any], signature: str, keys: KeySet) -> bool:
    try:
        return jws.deserialize_compact(signature, keys, algorithms=["ES256"]).payload == rfc8785.dumps(content)
    except (JoseError, ValueError, rfc8785.CanonicalizationError):
        return False


def _told(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.reference}, received {verdict.received_at}: signature {'good' if verdict.signature else 'WRONG'}"
    for name, state in verdict.files.items():
        yield f"  {name}: {'is what was received' if state == RECEIVED else 'NOT in the receipt'}"
    for document in verdict.documents:
        if document["state"] == NOT_GIVEN:
            yield f"  {document['name']}: in the receipt, not given here"
