"""A form as a Word document (Office Open XML), written from templates in ``word/``: content controls that carry the contract's tags."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.shared import bookmarks, words
from services.shared.forms.printed import META_TAGS
from services.shared.forms.templates.paper import Paper

_PARTS: Final = {
    "[Content_Types].xml": "content_types.xml",
    "_rels/.rels": "package_relations.xml",
    "docProps/core.xml": "core.xml",
    "word/document.xml": "document.xml",
    "word/_rels/document.xml.rels": "document_relations.xml",
    "word/styles.xml": "styles.xml",
    "word/settings.xml": "settings.xml",
    "word/numbering.xml": "numbering.xml",
    "word/footer1.xml": "footer.xml",
}
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is made
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def document(form: Paper) -> bytes:
    """The form as .docx; the same form gives the same bytes."""
    numbers = count(1)
    values = {
        "form": form,
        "version": dict(form.facts)["form_version"],
        "t": lambda key, **values: words.text(f"templates.{key}", form.language, **values),
        "next_id": lambda: next(numbers),
        "bookmark": bookmarks.name_of,
        "lock": _lock,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, template in _PARTS.items():
            member = zipfile.ZipInfo(name, _EARLIEST)
            member.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(member, _templates().get_template(template).render(values).encode("utf-8"))
    return out.getvalue()


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "word"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_for_xml,
        keep_trailing_newline=True,
    )


def _for_xml(value: Any) -> Any:
    """What no XML can hold falls away (XML 1.0, section 2.2)."""
    return _NOT_IN_XML.sub("", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _lock(tag: str) -> Markup:
    """No control can be deleted by a slip of the hand, but those of a repeated row can go with the row; what the form says of itself is not edited."""
    lock = "sdtContentLocked" if tag in META_TAGS else None if "/" in tag and tag.split("/")[1].isdigit() else "sdtLocked"
    return Markup(f'<w:lock w:val="{lock}"/>') if lock else Markup("")  # noqa: S704 one of our own three words
