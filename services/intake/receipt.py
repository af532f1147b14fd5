"""The receipt: what was received, with digests and a signature that can be checked without us."""

from __future__ import annotations

import json
from typing import Any, Final

import rfc8785

from services.shared import words
from services.shared.context import Context
from services.shared.publishing import Block, Document, File, Heading, Paragraph, Steps, write_pdf
from services.shared.web.layout import writing

# In the PDF: the receipt as JSON, whole, with its signature. What ``mottak verify`` reads.
ATTACHED_NAME: Final = "kvittering.json"
KEYS_PATH: Final = "/api/v1/submissions/receipt-keys"


def receipt_content(view: dict[str, Any]) -> dict[str, Any]:
    """What a receipt says: reference, who, when, the files that were sent with their digests."""
    sent = [file for file in view["documents"] if file["role"] in ("form", "attachment")]
    return {
        "reference": view["reference"],
        "id": view["id"],
        "version": view["version"],
        "received_at": view["received_at"],
        "form_type": view["form_type"],
        "submitter": view["submitter"],
        "on_behalf_of": view["on_behalf_of"],
        "status": view["status"],
        "documents": [{key: file[key] for key in ("id", "role", "name", "size", "sha256")} for file in sent],
    }


def receipt_json(context: Context, view: dict[str, Any]) -> dict[str, Any]:
    """The receipt with ``signature``: a compact JWS (RFC 7515) over the RFC 8785 form of the rest."""
    content = receipt_content(view)
    return {**content, "signature": context.receipt_signer.sign(rfc8785.dumps(content))}


def receipt_pdf(context: Context, view: dict[str, Any], language: str) -> bytes:
    """The same to read and to print, with the signed JSON inside it."""
    content = receipt_json(context, view)
    blocks: tuple[Block, ...] = (
        Heading(words.text("receipt.next", language)),
        Steps(tuple(words.text(f"receipt.next.{step}", language, page=context.settings.public_url + view["links"]["page"]) for step in (1, 2, 3))),
        Heading(words.text("receipt.documents", language)),
        *(_file(file, language) for file in content["documents"]),
        Heading(words.text("receipt.signature", language)),
        Paragraph(words.text("receipt.signature.help", language, name=ATTACHED_NAME)),
        Paragraph(
            words.text("receipt.signature.command", language, keys=context.settings.public_url + KEYS_PATH, file=f"{content['reference']}.pdf")
        ),
    )
    signed = json.dumps(content, ensure_ascii=False, indent=1).encode()
    return write_pdf(
        Document(
            language,
            kicker=words.text("receipt.kicker", language),
            title=words.text("receipt.title", language, reference=content["reference"]),
            facts=tuple(_facts(context, view, language).items()),
            blocks=blocks,
            moment=content["received_at"],
            attached={ATTACHED_NAME: (signed, "application/json")},
        )
    )


def _facts(context: Context, view: dict[str, Any], language: str) -> dict[str, str]:
    party = view["on_behalf_of"] or view["submitter"]
    definition = context.forms.get(view["form_type"], view["form_version"]) if view["form_type"] and view["form_version"] else None
    told = {
        "submitter": party["name"],
        "received_at": writing.moment(view["received_at"], language),
        "form_type": words.choose(definition.title, language) if definition else words.text("receipt.form_unread", language),
        "version": str(view["version"]),
        "status": words.text(f"status.{view['status']}.name", language),
    }
    return {words.text(f"receipt.{key}", language): value for key, value in told.items()}


def _file(file: dict[str, Any], language: str) -> File:
    about = words.text("receipt.file", language, role=words.text(f"receipt.role.{file['role']}", language), size=words.size(file["size"], language))
    return File(file["name"], f"{about} SHA-256:", file["sha256"])
