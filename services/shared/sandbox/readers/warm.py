"""Small files of our own, read once in the zygote so that late imports and tables are there before the first fork."""

from __future__ import annotations

import io

import pypdf
import pypdfium2

from services.shared.sandbox.policy import Policy
from services.shared.sandbox.readers import json_form, mail, pdf, xml


def read_one_of_each(policy: Policy) -> None:
    """Once through every parser."""
    pdf.configure(policy.opening.embedded_bytes)
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_attachment("a.txt", b"a")
    buffer = io.BytesIO()
    writer.write(buffer)
    reader = pypdf.PdfReader(buffer)
    len(reader.pages)
    list(reader.attachment_list)
    document = pypdfium2.PdfDocument(buffer.getvalue())
    document[0].get_textpage().get_text_bounded()
    document.close()
    xml.parse(b"<?xml version='1.0'?><a><b>c</b></a>", "warm")
    json_form.parse(b'{"a": [1.5, true, null, "\\u00e6"]}', policy.opening.json_depth)
    mail.warm()
    for code_page in ("cp437", "cp850", "cp1252", "utf-16", "latin-1"):
        "x".encode(code_page).decode(code_page)


def read_a_table() -> None:
    """The reader of tables, which only some boxes have."""
    from services.shared.sandbox.readers import table  # only where it is used: it brings openpyxl

    table.warm()
