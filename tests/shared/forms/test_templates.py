"""The forms to fill in: what stands in them, and that a form's folder alone decides it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
import pypdf
import pytest
from lxml import etree

from services.shared import bookmarks
from services.shared.forms import FormDefinition, load_forms
from services.shared.forms.templates import Templates, filled_form, make_template
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.small_forms import field, form, named

FORMS = load_forms(SCHEMAS / "forms")
EVERY = [(form_type, language) for form_type in FORMS.types() for language in LANGUAGES]
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"


def newest(form_type: str) -> FormDefinition:
    definition = FORMS.newest(form_type)
    assert definition is not None
    return definition


def tags_of(definition: FormDefinition, rows: int | None = None) -> Iterator[str]:
    """The tags of the contract for a form whose groups have so many rows (None: as many as paper has room for)."""
    yield from ("form_type", "form_version", "language")
    for each in definition.fields.values():
        if each.type.shape == "rows":
            yield from (f"{each.key}/{row}/{sub.key}" for row in range(rows or each.paper_rows) for sub in each.fields)
        elif each.type.shape == "choices":
            yield from (f"{each.key}/{choice.value}" for choice in each.choices)
        else:
            yield each.key


def word_part(data: bytes, name: str = "word/document.xml") -> etree._Element:
    return etree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read(name))


def pdf_fields(data: bytes) -> dict[str, Any]:
    return pypdf.PdfReader(io.BytesIO(data)).get_fields() or {}


@pytest.mark.parametrize(("form_type", "language"), EVERY)
def test_a_word_form_has_a_control_for_every_tag_of_the_contract(form_type: str, language: str) -> None:
    root = word_part(make_template(newest(form_type), "docx", language).data)
    tags = [tag.get(f"{W}val") for tag in root.iter(f"{W}tag")]
    assert sorted(tags) == sorted(tags_of(newest(form_type), rows=1))
    assert all(len(tag or "") <= 64 for tag in tags), "Word takes 64 characters"
    assert [bookmarks.name_of(str(tag)) for tag in tags] == [mark.get(f"{W}name") for mark in root.iter(f"{W}bookmarkStart")]


@pytest.mark.parametrize(("form_type", "language"), EVERY)
def test_a_pdf_form_has_a_field_for_every_tag_of_the_contract_in_the_order_of_the_form(form_type: str, language: str) -> None:
    data = make_template(newest(form_type), "pdf", language).data
    names = list(pdf_fields(data))
    visible = [name for name in tags_of(newest(form_type)) if name not in ("form_type", "form_version", "language")]
    assert names == [*visible, "form_type", "form_version", "language"]
    reader = pypdf.PdfReader(io.BytesIO(data))
    tabbed = [str(annotation.get_object()["/T"]) for page in reader.pages for annotation in page.get("/Annots", ())]
    assert tabbed == names


@pytest.mark.parametrize("kind", ["docx", "pdf"])
@pytest.mark.parametrize(("form_type", "language"), EVERY)
def test_the_same_definition_gives_the_same_bytes(form_type: str, language: str, kind: str) -> None:
    first = make_template(newest(form_type), kind, language)
    assert make_template(newest(form_type), kind, language) == first
    assert first.name == f"{form_type}-{newest(form_type).form_version}-{language}.{kind}"
    kept = Templates()
    assert kept.get(newest(form_type), kind, language) is kept.get(newest(form_type), kind, language)


@pytest.mark.parametrize(("form_type", "language"), EVERY)
def test_a_word_form_says_its_title_and_language_and_its_headings_are_headings(form_type: str, language: str) -> None:
    definition = newest(form_type)
    data = make_template(definition, "docx", language).data
    document = docx.Document(io.BytesIO(data))
    assert (document.core_properties.title, document.core_properties.language) == (
        definition.title[language],
        {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}[language],
    )
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]
    assert headings == [section.title[language] for section in definition.sections]
    assert word_part(data, "word/styles.xml").find(f".//{W}docDefaults//{W}lang").get(f"{W}val") == document.core_properties.language
    for table in word_part(data).iter(f"{W}tbl"):
        assert table.find(f"{W}tr/{W}trPr/{W}tblHeader") is not None, "the first row is repeated on every page"
        assert table.find(f"{W}tblPr/{W}tblCaption").get(f"{W}val")


@pytest.mark.parametrize(("form_type", "language"), EVERY)
def test_a_pdf_form_is_tagged_titled_and_every_field_has_a_tooltip(form_type: str, language: str) -> None:
    definition = newest(form_type)
    reader = pypdf.PdfReader(io.BytesIO(make_template(definition, "pdf", language).data))
    root = reader.root_object
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"], reader.metadata.title) == (
        {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}[language],
        True,
        definition.title[language],
    )
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/AcroForm"]["/NeedAppearances"]
    assert {page["/Tabs"] for page in reader.pages} == {"/S"}
    fields = [annotation.get_object() for page in reader.pages for annotation in page.get("/Annots", ())]
    assert all(each["/TU"] for each in fields)
    elements = [element.get_object() for element in root["/StructTreeRoot"]["/K"][0]["/K"]]
    assert sum(element["/S"] == "/Form" for element in elements) == len(fields) - 3
    assert [element["/S"] for element in elements].count("/H2") == len(definition.sections)
    parents = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    for each in fields[:-3]:
        assert parents[2 * each["/StructParent"] + 1].get_object()["/K"]["/Obj"].get_object()["/T"] == each["/T"]


def test_texts_with_signs_of_markup_stand_in_both_kinds_as_they_are() -> None:
    strange = 'A < B & "C" > D – ≥ α'
    definition = form(field("a"), field("b", "long_text"))
    for kind in ("docx", "pdf"):
        data = filled_form(definition, kind, "nb", {"a": strange, "b": f"{strange}\n\nto"})
        values = {name: str(each["/V"]) for name, each in pdf_fields(data).items()} if kind == "pdf" else {}
        text = "".join(word_part(data).itertext()) if kind == "docx" else values["a"]
        assert strange in text


def test_a_new_field_needs_its_definition_only() -> None:
    definition = form(
        field("name", required=True, help={"nb": "Slik det står i passet", "nn": "Slik det står i passet", "en": "As in the passport"}),
        field("agreed", "bool"),
        field("wanted", "bool"),
        field("kinds", "enum_multi", values=["one", "two"]),
        field("things", "group_list", fields=[field("id"), field("day", "date")], paper_rows=2),
        checks=[named("must_be", ["agreed"], {"field": "agreed", "value": True})],
    )
    root = word_part(make_template(definition, "docx", "nb").data)
    controls = {
        control.find(f"{W}sdtPr/{W}tag").get(f"{W}val"): control.find(f"{W}sdtPr")
        for control in root.iter(f"{W}sdt")
        if control.find(f"{W}sdtPr/{W}tag") is not None
    }
    assert sorted(controls) == sorted(tags_of(definition, rows=1))
    assert [tag for tag, properties in controls.items() if properties.find(f"{W14}checkbox") is not None] == ["agreed", "kinds/one", "kinds/two"]
    assert [item.get(f"{W}value") for item in controls["wanted"].iter(f"{W}listItem")] == ["", "true", "false"]
    assert controls["things/0/day"].find(f"{W}date") is not None
    assert "Slik det står i passet" in "".join(root.itertext())
    fields = pdf_fields(make_template(definition, "pdf", "en").data)
    assert sorted(fields) == sorted(tags_of(definition))
    assert fields["name"]["/TU"] == "Name (en) (required)"


@pytest.mark.parametrize("form_type", FORMS.types())
def test_every_tag_of_a_form_is_told_by_its_bookmark(form_type: str) -> None:
    tags = list(tags_of(newest(form_type), rows=3))
    names = {bookmarks.name_of(tag): tag for tag in tags}
    assert len(names) == len(tags)
    cut = [tag for tag in tags if bookmarks.tag_of(bookmarks.name_of(tag)) != tag]
    assert all("/" in tag and not tag.split("/")[1].isdigit() for tag in cut), "only the boxes of a choice are found by the beginning of their name"
