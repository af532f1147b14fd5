"""Reads forms back with libraries that did not write them: tags and field names to text, ticks and dates."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from lxml import etree
from pypdf import PdfReader

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"


def word_tags(form: bytes) -> dict[str, str | bool]:
    """Content controls by tag: a drop-down's value, a date's ISO day, a box's state, else the text; placeholders are empty."""
    with zipfile.ZipFile(io.BytesIO(form)) as package:
        root = etree.fromstring(package.read("word/document.xml"))
    tags: dict[str, str | bool] = {}
    for control in root.iter(f"{_W}sdt"):
        tag = control.find(f"{_W}sdtPr/{_W}tag")
        if tag is not None:
            name = tag.get(f"{_W}val")
            assert name, "a tag is never empty"
            assert name not in tags, f"tag {name!r} stands twice"
            tags[name] = _word_value(control)
    return tags


def _word_value(control: etree._Element) -> str | bool:
    properties = control.find(f"{_W}sdtPr")
    content = control.find(f"{_W}sdtContent")
    assert properties is not None
    assert content is not None
    box = properties.find(f"{_W14}checkbox/{_W14}checked")
    if box is not None:
        return box.get(f"{_W14}val") == "1"
    if properties.find(f"{_W}showingPlcHdr") is not None:
        return ""
    paragraphs = content.findall(f"{_W}p") or [content]
    text = "\n".join("".join(words.text or "" for words in paragraph.iter(f"{_W}t")) for paragraph in paragraphs)
    choices = properties.findall(f"{_W}dropDownList/{_W}listItem")
    if choices:
        return next((item.get(f"{_W}value") or "" for item in choices if item.get(f"{_W}displayText") == text), text)
    day = properties.find(f"{_W}date")
    return (day.get(f"{_W}fullDate") or "")[:10] if day is not None else text


def pdf_fields(form: bytes) -> dict[str, str | bool]:
    """Form fields by name: a box's state, else the text."""
    fields = PdfReader(io.BytesIO(form)).get_fields() or {}
    return {name: field.get("/V") == "/Yes" if field["/FT"] == "/Btn" else str(field.get("/V", "")) for name, field in fields.items()}


def expected_tags(definition: dict[str, Any], answers: dict[str, Any]) -> dict[str, str | bool]:
    """What a form must carry under each tag, straight from the contract's words."""
    expected: dict[str, str | bool] = {}
    for field in (field for section in definition["sections"] for field in section["fields"]):
        if field["type"] == "group_list":
            for index, row in enumerate(answers.get(field["key"]) or [{}]):
                for part in field["fields"]:
                    expected |= _expected(part, row.get(part["key"]), f"{field['key']}/{index}/{part['key']}")
        else:
            expected |= _expected(field, answers.get(field["key"]), field["key"])
    return expected


def _expected(field: dict[str, Any], answer: Any, tag: str) -> dict[str, str | bool]:
    if field["type"] == "enum_multi":
        return {f"{tag}/{choice['value']}": choice["value"] in (answer or ()) for choice in field["values"]}
    if field["type"] == "bool":
        return {tag: answer is True}
    if isinstance(answer, list):
        return {tag: ("\n" if field["type"] == "reference_list" else ", ").join(answer)}
    return {tag: "" if answer is None else str(answer)}


def json_answers(form: bytes) -> dict[str, Any]:
    """The whole JSON form."""
    loaded: dict[str, Any] = json.loads(form)
    return loaded
