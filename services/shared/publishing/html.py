"""A document as one HTML file that needs nothing else: no script, no address of anything to fetch."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.shared.publishing.document import Document

_LANGUAGES: Final = {"nb": "nb", "nn": "nn", "en": "en"}


def write_html(document: Document) -> tuple[bytes, str]:
    """The file (UTF-8), and the Content-Security-Policy to send it with: only its own style may take effect."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = _environment().get_template("document.html").render(document=document, style=style, language=_LANGUAGES[document.language])
    return text.encode(), f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("services.shared.publishing"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def _style() -> str:
    # As the template writes it: "<" or "&" in it would be escaped there and here not.
    return (files("services.shared.publishing") / "templates" / "document.css").read_text(encoding="utf-8")
