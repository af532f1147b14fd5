"""``metadata/arkivmelding.xml`` in eFormidling's dialect of Noark 5.

One saksmappe with one journalpost, in the order that both published copies of the schema accept: documents before the title, the case's own fields after the
journalpost, and ``arkivertDato``/``arkivertAv`` always filled.
"""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from services.archive.snapshot import EXTRACTED, Document, Snapshot
from services.archive.xml import XSI_TYPE, add, root_element, to_bytes
from services.shared import lifecycle, timestamps

NAMESPACE: Final = "http://www.arkivverket.no/standarder/noark5/arkivmelding"
OWN_NAMESPACE: Final = "https://www.nyemetoder.no/mottak/arkivmelding/v1"
SYSTEM: Final = "mottak"
ENHET: Final = "Sekretariatet for Nye metoder"
SAKSANSVARLIG: Final = "Ufordelt"

# Access -> (tilgangsrestriksjon, skjermingshjemmel): trade secrets, and what is internal to the bodies.
SKJERMING: Final[dict[str, tuple[str, str]]] = {
    "restricted": ("Unntatt offentlighet", "Offentleglova § 13, jf. forvaltningsloven § 13 første ledd nr. 2"),
    "internal": ("Unntatt offentlighet", "Offentleglova § 14 og § 15"),
}


def build(snapshot: Snapshot) -> bytes:
    """The arkivmelding of a snapshot; the same bytes each time. Files are named as in a package made of the same snapshot."""
    root = root_element(NAMESPACE, "arkivmelding")
    archived = [document for document in snapshot.documents if document.logical_path is not None]
    add(root, "system", SYSTEM)
    add(root, "meldingId", snapshot.submission["id"])
    add(root, "tidspunkt", snapshot.at)
    add(root, "antallFiler", len(archived))
    _saksmappe(root, snapshot)
    return to_bytes(root)


def _title(snapshot: Snapshot) -> str:
    submission = snapshot.submission
    kind = (submission["form_type"] or "innsending").capitalize()
    return f"{kind} {submission['reference']}: {submission['title']}" if submission["title"] else f"{kind} {submission['reference']}"


def _created(element: etree._Element, snapshot: Snapshot) -> None:
    add(element, "opprettetDato", snapshot.at)
    add(element, "opprettetAv", SYSTEM)


def _saksmappe(root: etree._Element, snapshot: Snapshot) -> None:
    mappe = add(root, "mappe", None, **{XSI_TYPE: "saksmappe"})
    add(mappe, "systemID", snapshot.object_id.removeprefix("urn:uuid:"))
    add(mappe, "tittel", _title(snapshot))
    _created(mappe, snapshot)
    _journalpost(mappe, snapshot)
    add(mappe, "saksdato", timestamps.norwegian_date(snapshot.submission["received_at"]))
    add(mappe, "administrativEnhet", ENHET)
    add(mappe, "saksansvarlig", SAKSANSVARLIG)
    add(mappe, "saksstatus", "Utgår" if snapshot.status in lifecycle.ENDED else "Under behandling")


def _journalpost(mappe: etree._Element, snapshot: Snapshot) -> None:
    submission = snapshot.submission
    post = add(mappe, "basisregistrering", None, **{XSI_TYPE: "journalpost"})
    add(post, "systemID", submission["id"])
    _created(post, snapshot)
    add(post, "arkivertDato", snapshot.at)
    add(post, "arkivertAv", SYSTEM)
    add(post, "referanseForelderMappe", snapshot.object_id.removeprefix("urn:uuid:"))
    _skjerming(post, submission["access"], "Registreringstittel")
    for number, document in enumerate(snapshot.documents, start=1):
        _dokumentbeskrivelse(post, document, number, snapshot)
    add(post, "tittel", _title(snapshot))
    _own_metadata(post, snapshot)
    add(post, "journalposttype", "Inngående dokument")
    add(post, "journalstatus", "Utgår" if snapshot.status in lifecycle.ENDED else "Journalført")
    add(post, "journaldato", timestamps.norwegian_date(snapshot.at))
    add(post, "mottattDato", submission["received_at"])
    add(post, "antallVedlegg", sum(document.row["role"] != "form" for document in snapshot.documents))
    _korrespondansepart(post, "Avsender", submission["submitter"])
    if submission["on_behalf_of"]:
        _korrespondansepart(post, "Avsender", submission["on_behalf_of"])
    _korrespondansepart(post, "Mottaker", {"name": ENHET})


def _korrespondansepart(post: etree._Element, kind: str, party: dict[str, Any]) -> None:
    part = add(post, "korrespondansepart")
    add(part, "korrespondanseparttype", kind)
    add(part, "korrespondansepartNavn", party.get("name") or party.get("id") or "Ukjent")
    if party.get("country"):
        add(part, "land", party["country"])


def _skjerming(parent: etree._Element, access: str, what: str) -> None:
    if access not in SKJERMING:
        return
    restriction, authority = SKJERMING[access]
    skjerming = add(parent, "skjerming")
    add(skjerming, "tilgangsrestriksjon", restriction)
    add(skjerming, "skjermingshjemmel", authority)
    add(skjerming, "skjermingMetadata", what)


def _dokumentbeskrivelse(post: etree._Element, document: Document, number: int, snapshot: Snapshot) -> None:
    row = document.row
    is_form = row["role"] == "form"
    description = add(post, "dokumentbeskrivelse")
    add(description, "systemID", row["id"])
    add(description, "dokumenttype", (snapshot.submission["form_type"] or "skjema").capitalize() if is_form else "Vedlegg")
    add(description, "dokumentstatus", "Dokumentet er ferdigstilt")
    add(description, "tittel", row["name"])
    if document.logical_path is None:
        add(description, "beskrivelse", "Filen er holdt utenfor arkivet etter regel. Sjekksummen er bevart.")
    elif row["role"] == EXTRACTED:
        add(description, "beskrivelse", f"Pakket ut av mottatt fil: {row['path']}")
    _created(description, snapshot)
    add(description, "tilknyttetRegistreringSom", "Hoveddokument" if is_form else "Vedlegg")
    add(description, "dokumentnummer", number)
    add(description, "tilknyttetDato", snapshot.at)
    add(description, "tilknyttetAv", SYSTEM)
    _skjerming(description, row["access"], "Dokumenttittel")
    if document.package_name is not None:
        file = add(description, "dokumentobjekt")
        add(file, "versjonsnummer", 1)
        add(file, "variantformat", "Produksjonsformat")
        _created(file, snapshot)
        add(file, "referanseDokumentfil", document.package_name)


def _own_metadata(post: etree._Element, snapshot: Snapshot) -> None:
    """What this dialect has no elements for: checksums, formats, sizes and original names (in Noark 5.0: M701, M705-M707)."""
    submission = snapshot.submission
    holder = add(post, "virksomhetsspesifikkeMetadata")
    own = root_element(OWN_NAMESPACE, "mottak")
    holder.append(own)
    add(own, "referanse", submission["reference"])
    add(own, "versjon", submission["version"])
    if submission["form_type"]:
        add(own, "skjema", submission["form_type"], versjon=str(submission["form_version"] or ""))
    if submission["submitter"].get("id"):
        add(own, "avsenderID", submission["submitter"]["id"])
    add(own, "hendelseskjede", snapshot.cause.chain)
    for document in snapshot.documents:
        row = document.row
        file = add(own, "dokument", None, systemID=row["id"])
        add(file, "filnavn", row["raw_name"])
        if document.package_name is not None:
            add(file, "referanseDokumentfil", document.package_name)
        add(file, "mimeType", row["media_type"])
        if row["format"]:
            add(file, "format", row["format"])
        add(file, "sjekksum", row["sha256"])
        add(file, "sjekksumAlgoritme", "SHA256")
        add(file, "filstoerrelse", row["size"])
