"""A submission as Nye metoder publishes it, for those who sent it and for the secretariat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from werkzeug import Response

from services.shared import lifecycle
from services.shared.context import Context
from services.shared.problems import Problem
from services.shared.publishing import Busy, Document, DocumentTooLong, public_document, write_html, write_pdf
from services.shared.words import LANGUAGES

FORMATS: Final = ("pdf", "html")


def rendering(context: Context, view: Mapping[str, Any], wanted_format: str, language: str | None) -> Response:
    """The document in a format, in a language (None: the form's own). Raises Problem.

    Only a submission that was complete once has one: before that, its date is not known and its answers may still be wrong. A quarantined one never has.
    """
    if wanted_format not in FORMATS:
        raise Problem("value_not_allowed", 400, name="format")
    if language is not None and language not in LANGUAGES:
        raise Problem("value_not_allowed", 400, name="language")
    known = view["form_type"] and view["form_version"]
    definition = context.forms.get(view["form_type"], view["form_version"]) if known else None
    if definition is None or view["complete_at"] is None or view["answers"] is None or view["status"] in (lifecycle.QUARANTINED, *lifecycle.UNREAD):
        raise Problem("rendering_not_ready", 409)
    document = public_document(definition, view, language or view["language"])
    response = _pdf(document) if wanted_format == "pdf" else _html(document)
    response.headers["Content-Language"] = document.language
    response.headers["Content-Disposition"] = f'inline; filename="{view["reference"]}-{document.language}.{wanted_format}"'
    return response


def _pdf(document: Document) -> Response:
    try:
        return Response(write_pdf(document), mimetype="application/pdf")
    except DocumentTooLong as fault:
        raise Problem("rendering_too_long", 422) from fault
    except Busy as fault:
        raise Problem("rendering_busy", 503, headers={"Retry-After": "10"}) from fault


def _html(document: Document) -> Response:
    page, policy = write_html(document)
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    return response
