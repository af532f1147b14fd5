"""What is written beside the documents: arkivmelding, PREMIS, and paths made of names that nobody may trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from services.archive import arkivmelding, premis
from services.archive.paths import package_names, unique_paths
from services.archive.planning import plan_version
from services.shared import events, names

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "xsd"
ARKIVMELDING_SCHEMAS = ("eformidling-arkivmelding-docs", "eformidling-arkivmelding-ip")
ARKIVMELDING = f"{{{arkivmelding.NAMESPACE}}}"
PREMIS = f"{{{premis.NAMESPACE}}}"


class WithoutXlink(etree.Resolver):
    """The schema imports XLink from a web address; it declares nothing we use."""

    def resolve(self, url: str | None, public_id: str | None, context: Any) -> Any:  # type: ignore[override]  # the stubs lack the context
        if url and url.endswith("xlink.xsd"):
            attributes = "".join(
                f'<xs:attribute name="{name}" type="xs:string"/>' for name in ("type", "href", "role", "arcrole", "title", "show", "actuate")
            )
            link = '<xs:attributeGroup name="simpleLink"><xs:attribute ref="xlink:href"/></xs:attributeGroup>'
            head = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xlink="http://www.w3.org/1999/xlink"'
            return self.resolve_string(f'{head} targetNamespace="http://www.w3.org/1999/xlink">{attributes}{link}</xs:schema>', context)
        return None


def schema(folder: str, file: str) -> etree.XMLSchema:
    path = SCHEMAS / folder / file
    if not path.exists():
        pytest.skip(f"the schema {folder}/{file} is not on this machine")
    parser = etree.XMLParser()
    parser.resolvers.add(WithoutXlink())
    return etree.XMLSchema(etree.parse(str(path), parser))


def every_kind(case: Any) -> Any:
    """A snapshot with every kind of document, party and access, and names that XML cannot hold."""
    submission = case.submission(on_behalf_of={"kind": "foreign", "id": "DE123", "name": "Beispiel <GmbH> & Co", "country": "DE"}, title=None)
    case.document(submission, "skjema.docx", b"form", role="form", access="public", format=None)
    mail = case.document(submission, "post.eml", b"mail", access="internal")
    case.document(
        submission,
        "post.eml/sær\x07navn.pdf",
        b"inside",
        role="extracted",
        parent=mail,
        raw_name="../sær\x07navn\udc80.pdf".encode("utf-8", "replace").decode(),
    )
    case.document(submission, "virus.pdf", b"EVIL", scan="infected", scan_note="Eicar-Test-Signature")
    case.document(submission, "svar.pdf", b"answer", role="answer", access="restricted", scan="not_scanned")
    case.accept(submission)
    return submission, case.answered(submission)


@pytest.mark.parametrize("copy", ARKIVMELDING_SCHEMAS)
@pytest.mark.parametrize("ended", [False, True])
def test_arkivmelding_is_valid_against_both_published_schemas(case: Any, copy: str, ended: bool) -> None:
    submission, snapshot = every_kind(case)
    if ended:
        with case.database.write() as tx:
            events.record(tx, submission, names.SUBMISSION_WITHDRAWN, actor="organisation:999999999")
        snapshot = case.requested(submission)
    document = etree.fromstring(arkivmelding.build(snapshot))
    schema(copy, "arkivmelding.xsd").assertValid(document)


def test_arkivmelding_tells_names_checksums_and_sizes_of_the_files_as_they_lie_in_a_package(case: Any) -> None:
    _, snapshot = every_kind(case)
    document = etree.fromstring(arkivmelding.build(snapshot))
    referenced = [str(element.text) for element in document.iter(f"{ARKIVMELDING}referanseDokumentfil")]
    assert sorted(referenced) == ["extracted/post.eml/saernavn.pdf", "original/post.eml", "original/skjema.docx", "original/svar.pdf"]
    assert document.findtext(f"{ARKIVMELDING}antallFiler") == str(len(referenced))
    own = f"{{{arkivmelding.OWN_NAMESPACE}}}"
    checksums = {element.findtext(f"{own}sjekksum") for element in document.iter(f"{own}dokument")}
    assert checksums == {row.row["sha256"] for row in snapshot.documents}


def test_what_is_not_public_is_shielded_with_its_legal_basis(case: Any) -> None:
    _, snapshot = every_kind(case)
    document = etree.fromstring(arkivmelding.build(snapshot))
    by_title = {
        description.findtext(f"{ARKIVMELDING}tittel"): description.findtext(f"{ARKIVMELDING}skjerming/{ARKIVMELDING}skjermingshjemmel")
        for description in document.iter(f"{ARKIVMELDING}dokumentbeskrivelse")
    }
    assert by_title["skjema.docx"] is None
    assert "§ 13" in (by_title["svar.pdf"] or "")
    assert "§ 14" in (by_title["post.eml"] or "")


def as_version_2(root: etree._Element) -> etree._Element:
    """The same statements in PREMIS 2 as the Norwegian depots' schema has it: another namespace, ``eventDetail`` without its wrapper,
    one relation's other name, and its own short lists of location and event types."""
    namespace = "http://arkivverket.no/standarder/PREMIS"
    text = etree.tostring(root).decode().replace(premis.NAMESPACE, namespace)
    translated = etree.fromstring(text.encode())
    translated.set("version", "2.0")
    for wrapper in list(translated.iter(f"{{{namespace}}}eventDetailInformation")):
        wrapper.getparent().replace(wrapper, wrapper[0])
    for event_type in translated.iter(f"{{{namespace}}}eventType"):
        event_type.attrib.clear()
        event_type.text = "Ingestion"
    for relationship in list(translated.iter(f"{{{namespace}}}relatedObjectIdentifier")):
        relationship.tag = f"{{{namespace}}}relatedObjectIdentification"
    for location in translated.iter(f"{{{namespace}}}contentLocationType"):
        location.text = "AIP"
    return translated


def test_premis_holds_what_the_depots_schema_asks_of_it(case: Any) -> None:
    _, snapshot = every_kind(case)
    document = etree.fromstring(premis.build(snapshot))
    schema("premis", "DIAS_PREMIS_v2.0.xsd").assertValid(as_version_2(document))


def test_premis_names_every_file_event_and_actor(case: Any) -> None:
    _, snapshot = every_kind(case)
    document = etree.fromstring(premis.build(snapshot))
    assert document.tag == f"{PREMIS}premis"
    assert document.get("version") == "3.0"
    digests = {element.text for element in document.iter(f"{PREMIS}messageDigest")}
    assert digests == {digest for held in snapshot.documents for digest in (held.row["sha256"], held.row["sha512"])}
    kinds = [element.text for element in document.iter(f"{PREMIS}eventType")]
    assert {"accession", "virus check", "message digest calculation", "delivery.answered", "information package creation"} <= set(kinds)
    agents = {element.text for element in document.iter(f"{PREMIS}agentName")}
    linked = {element.text for element in document.iter(f"{PREMIS}linkingAgentIdentifierValue")}
    assert linked <= agents
    identifiers = [element.text for element in document.iter(f"{PREMIS}eventIdentifierValue")]
    assert len(identifiers) == len(set(identifiers))


def test_the_description_holds_what_people_were_shown(case: Any) -> None:
    submission, snapshot = every_kind(case)
    told = json.loads(snapshot.submission_json())
    assert told["id"] == submission
    assert told["status"] == "accepted"
    assert told["answers"]["trade_name"] == "Prøvemab"
    assert (told["form_type"], told["form_version"]) == ("anmodning", "1.0")
    assert {document["role"] for document in told["documents"]} == {"form", "attachment", "extracted", "answer"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["../../etc/passwd"], ["etc/passwd"]),
        (["C:\\temp\\brev.pdf"], ["C:/temp/brev.pdf"]),
        (["a.pdf", "A.PDF", "a.pdf"], ["a.pdf", "A (2).PDF", "a (3).pdf"]),
        (["a.pdf", "a.pdf", "a (2).pdf"], ["a.pdf", "a (2).pdf", "a (2) (2).pdf"]),
        (["blåbær.pdf", "bla\u030abær.pdf"], ["blåbær.pdf", "blåbær (2).pdf"]),
        (["skjult\u202efdp.exe"], ["skjultfdp.exe"]),
        (["", "...", "\x00"], ["uten-navn", "uten-navn (2)", "uten-navn (3)"]),
        (["a.zip", "a.zip/b.zip", "a.zip/b.zip/c.pdf"], ["a.zip", "a.zip.innhold/b.zip", "a.zip.innhold/b.zip.innhold/c.pdf"]),
        (["/rot.pdf/", "//dobbel//skrå.pdf"], ["rot.pdf", "dobbel/skrå.pdf"]),
    ],
)
def test_names_from_outside_become_safe_and_unique_paths(given: list[str], expected: list[str]) -> None:
    assert unique_paths(given) == expected


def test_names_chosen_to_collide_still_give_one_path_each_and_no_file_is_a_folder() -> None:
    given = ["a", "a/b", "a.innhold", "a.innhold/b", "a.innhold.innhold/b", "A/B", "a (2)/b", "a (2)"]
    paths = unique_paths(given)
    folded = [path.casefold() for path in paths]
    assert len(set(folded)) == len(given)
    assert not [path for path in folded for other in folded if other.startswith(f"{path}/")]


def test_thousands_of_files_of_one_name_are_numbered_quickly() -> None:
    paths = unique_paths(["mappe/fil.pdf"] * 20_000)
    assert len(set(paths)) == 20_000
    assert paths[-1] == "mappe/fil (20000).pdf"


def test_paths_of_thousands_of_folders_hold_up_nobody() -> None:
    paths = unique_paths(["a/" * 4000 + f"{number}.txt" for number in range(50)])
    assert len(set(paths)) == 50


def test_a_very_long_name_is_cut_and_keeps_its_extension() -> None:
    (path,) = unique_paths(["å" * 500 + ".pdf"])
    assert len(path.encode()) <= 200
    assert path.endswith(".pdf")


def test_package_names_are_plain_ascii_without_percent_and_do_not_depend_on_order() -> None:
    given = ["original/100 % æøå.pdf", "original/100 & æøå.pdf", "original/日本語.pdf", "original/%2e%2e.pdf", "metadata/premis.xml"]
    names_given = package_names(given)
    assert len({name.casefold() for name in names_given.values()}) == len(given)
    assert all(name.isascii() and not set("% \r\n\"'") & set(name) for name in names_given.values())
    assert package_names(reversed(given)) == names_given


def test_documents_with_hostile_names_are_archived_under_safe_ones(case: Any) -> None:
    submission = case.submission()
    case.document(submission, "../../../etc/passwd", b"one", role="form")
    case.document(submission, "con.pdf/../con.pdf", b"two")
    case.document(submission, "x" * 3000, b"three")
    plan = plan_version(case.accept(submission))
    paths = [content.logical_path for content in plan.contents]
    assert all(".." not in path.split("/") and not path.startswith("/") for path in paths)
    case.write(case.requested(submission))
