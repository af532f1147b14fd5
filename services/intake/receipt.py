"""The receipt: what was received, with digests and a signature that can be checked without us."""

from __future__ import annotations

import io
from html import escape
from typing import Any

import rfc8785

from services.shared import words
from services.shared.context import Context


def receipt_content(view: dict[str, Any]) -> dict[str, Any]:
    """What a receipt says: reference, who, when, the files that were sent with their digests, what happens next."""
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
    """The same on paper."""
    # Loaded by the first who asks: it is a tenth of the time and memory of a start, and few starts see a receipt printed.
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

    content = receipt_json(context, view)
    styles = getSampleStyleSheet()
    title = words.text("receipt.title", language, reference=content["reference"])
    story: list[Flowable] = [Paragraph(escape(title), styles["Title"]), Spacer(1, 6 * mm)]
    facts = {key: words.text(f"receipt.{key}", language) for key in ("received_at", "version", "form_type", "status")}
    story += [Paragraph(f"{escape(label)}: {escape(str(content[key] or '-'))}", styles["Normal"]) for key, label in facts.items()]
    story += [Spacer(1, 6 * mm), Paragraph(escape(words.text("receipt.documents", language)), styles["Heading2"])]
    rows = [
        [Paragraph(escape(file["name"]), styles["Normal"]), str(file["size"]), Paragraph(file["sha256"], styles["Code"])]
        for file in content["documents"]
    ]
    story.append(Table(rows, colWidths=[55 * mm, 25 * mm, 95 * mm]))
    story += [Spacer(1, 6 * mm), Paragraph(escape(words.text("receipt.next", language)), styles["Normal"]), Spacer(1, 6 * mm)]
    story += [Paragraph(escape(words.text("receipt.signature", language)), styles["Heading2"]), Paragraph(content["signature"], styles["Code"])]
    target = io.BytesIO()
    SimpleDocTemplate(target, pagesize=A4, title=title, author="Nye metoder", lang=language).build(story)
    return target.getvalue()
