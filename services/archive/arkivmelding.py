"""``metadata/arkivmelding.xml`` in eFormidling's dialect of Noark 5.

One saksmappe with one journalpost, in the order that both published copies of the schema accept: documents before the title, the case's own fields after the
journalpost, and ``arkivertDato``/``arkivertAv`` always filled.
"""

from __future__ import annotations

from typing import Any, Final

from services.archive.snapshot import EXTRACTED, Document, Snapshot
from services.archive.xml import XSI_TYPE, Writer
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
    out = Writer(NAMESPACE, "arkivmelding")
    archived = [document for document in snapshot.documents if document.logical_path is not None]
    out.add("system", SYSTEM)
    out.add("meldingId", snapshot.submission["id"])
    out.add("tidspunkt", snapshot.at)
    out.add("antallFiler", len(archived))
    _saksmappe(out, snapshot)
    return out.to_bytes()


def _title(snapshot: Snapshot) -> str:
    submission = snapshot.submission
    kind = (submission["form_type"] or "innsending").capitalize()
    return f"{kind} {submission['reference']}: {submission['title']}" if submission["title"] else f"{kind} {submission['reference']}"


def _created(out: Writer, snapshot: Snapshot) -> None:
    out.add("opprettetDato", snapshot.at)
    out.add("opprettetAv", SYSTEM)


def _saksmappe(out: Writer, snapshot: Snapshot) -> None:
    out.open("mappe", {XSI_TYPE: "saksmappe"})
    out.add("systemID", snapshot.object_id.removeprefix("urn:uuid:"))
    out.add("tittel", _title(snapshot))
    _created(out, snapshot)
    _journalpost(out, snapshot)
    out.add("saksdato", timestamps.norwegian_date(snapshot.submission["received_at"]))
    out.add("administrativEnhet", ENHET)
    out.add("saksansvarlig", SAKSANSVARLIG)
    out.add("saksstatus", "Utgår" if snapshot.status in lifecycle.ENDED else "Under behandling")
    out.close()


def _journalpost(out: Writer, snapshot: Snapshot) -> None:
    submission = snapshot.submission
    out.open("basisregistrering", {XSI_TYPE: "journalpost"})
    out.add("systemID", submission["id"])
    _created(out, snapshot)
    out.add("arkivertDato", snapshot.at)
    out.add("arkivertAv", SYSTEM)
    out.add("referanseForelderMappe", snapshot.object_id.removeprefix("urn:uuid:"))
    _skjerming(out, submission["access"], "Registreringstittel")
    for number, document in enumerate(snapshot.documents, start=1):
        _dokumentbeskrivelse(out, document, number, snapshot)
    out.add("tittel", _title(snapshot))
    _own_metadata(out, snapshot)
    out.add("journalposttype", "Inngående dokument")
    out.add("journalstatus", "Utgår" if snapshot.status in lifecycle.ENDED else "Journalført")
    out.add("journaldato", timestamps.norwegian_date(snapshot.at))
    out.add("mottattDato", submission["received_at"])
    out.add("antallVedlegg", sum(document.row["role"] != "form" for document in snapshot.documents))
    _korrespondansepart(out, "Avsender", submission["submitter"])
    if submission["on_behalf_of"]:
        _korrespondansepart(out, "Avsender", submission["on_behalf_of"])
    _korrespondansepart(out, "Mottaker", {"name": ENHET})
    out.close()


def _korrespondansepart(out: Writer, kind: str, party: dict[str, Any]) -> None:
    out.open("korrespondansepart")
    out.add("korrespondanseparttype", kind)
    out.add("korrespondansepartNavn", party.get("name") or party.get("id") or "Ukjent")
    if party.get("country"):
        out.add("land", party["country"])
    out.close()


def _skjerming(out: Writer, access: str, what: str) -> None:
    if access not in SKJERMING:
        return
    restriction, authority = SKJERMING[access]
    out.open("skjerming")
    out.add("tilgangsrestriksjon", restriction)
    out.add("skjermingshjemmel", authority)
    out.add("skjermingMetadata", what)
    out.close()


def _dokumentbeskrivelse(out: Writer, document: Document, number: int, snapshot: Snapshot) -> None:
    row = document.row
    is_form = row["role"] == "form"
    out.open("dokumentbeskrivelse")
    out.add("systemID", row["id"])
    out.add("dokumenttype", (snapshot.submission["form_type"] or "skjema").capitalize() if is_form else "Vedlegg")
    out.add("dokumentstatus", "Dokumentet er ferdigstilt")
    out.add("tittel", row["name"])
    if document.logical_path is None:
        out.add("beskrivelse", "Filen er holdt utenfor arkivet etter regel. Sjekksummen er bevart.")
    elif row["role"] == EXTRACTED:
        out.add("beskrivelse", f"Pakket ut av mottatt fil: {row['path']}")
    _created(out, snapshot)
    out.add("tilknyttetRegistreringSom", "Hoveddokument" if is_form else "Vedlegg")
    out.add("dokumentnummer", number)
    out.add("tilknyttetDato", snapshot.at)
    out.add("tilknyttetAv", SYSTEM)
    _skjerming(out, row["access"], "Dokumenttittel")
    if document.package_name is not None:
        out.open("dokumentobjekt")
        out.add("versjonsnummer", 1)
        out.add("variantformat", "Produksjonsformat")
        _created(out, snapshot)
        out.add("referanseDokumentfil", document.package_name)
        out.close()
    out.close()


def _own_metadata(out: Writer, snapshot: Snapshot) -> None:
    """What this dialect has no elements for: checksums, formats, sizes and original names (in Noark 5.0: M701, M705-M707)."""
    submission = snapshot.submission
    out.open("virksomhetsspesifikkeMetadata")
    out.open("mottak", {"xmlns": OWN_NAMESPACE})
    out.add("referanse", submission["reference"])
    out.add("versjon", submission["version"])
    if submission["form_type"]:
        out.add("skjema", submission["form_type"], {"versjon": str(submission["form_version"] or "")})
    if submission["submitter"].get("id"):
        out.add("avsenderID", submission["submitter"]["id"])
    out.add("hendelseskjede", snapshot.cause.chain)
    for document in snapshot.documents:
        row = document.row
        out.open("dokument", {"systemID": row["id"]})
        out.add("filnavn", row["raw_name"])
        if document.package_name is not None:
            out.add("referanseDokumentfil", document.package_name)
        out.add("mimeType", row["media_type"])
        if row["format"]:
            out.add("format", row["format"])
        out.add("sjekksum", row["sha256"])
        out.add("sjekksumAlgoritme", "SHA256")
        out.add("filstoerrelse", row["size"])
        out.close()
    out.close()
    out.close()
