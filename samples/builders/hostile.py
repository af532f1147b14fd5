"""The register of bad input: about a hundred files, each bad in one way, with what may become of a submission that carries it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

from samples.builders import bombs, hostile_archives, hostile_office, hostile_pdf
from samples.builders.attachments import pdf_report, survival_curve, word_with_objects
from samples.builders.hostile_archives import PROGRAM
from samples.builders.json_form import json_form
from samples.builders.pdf_form import pdf_form
from samples.builders.sealed import encrypted_office, encrypted_pdf
from samples.builders.spreadsheet import workbook
from samples.builders.word_form import docx_form
from samples.content.medicines import GASTROVEL
from samples.content.people import identity_number
from samples.content.requests import anmodning
from samples.sample import definition

_DAY = date(2026, 1, 5)
_CORRECT, _QUARANTINED, _HARMLESS = "needs_correction", "quarantined", "routed"


@dataclass(frozen=True)
class HostileFile:
    """A bad file. ``as_form``: it is the form itself; otherwise it is an attachment beside a good form (:func:`carrier`).

    ``expect``: the statuses a submission with it may end in, or the codes of the problem that may refuse it at the door.
    """

    build: Callable[[], bytes]
    file_name: str
    as_form: bool
    expect: frozenset[str]


def carrier(today: date, number: int = 0) -> bytes:
    """A good form to send a bad attachment with. Another ``number`` is about another indication, so that none is a duplicate of another."""
    indication = f"{GASTROVEL.indication} Utvalg {number}."
    return docx_form(definition("anmodning"), anmodning(GASTROVEL, today, indication=indication))


def _filled(**changes: object) -> dict[str, object]:
    """Good answers on any day, each set about another indication than those with other changes."""
    indication = f"{GASTROVEL.indication} Utvalg {' '.join(changes)}."
    return {**anmodning(GASTROVEL, _DAY, dossier_expected="2099-01", indication=indication), **changes}


@cache
def _word() -> bytes:
    return docx_form(definition("anmodning"), _filled())


@cache
def _pdf() -> bytes:
    return pdf_form(definition("anmodning"), _filled())


def _json(**changes: object) -> bytes:
    form = json.loads(json_form(definition("anmodning"), _filled()))
    return json.dumps({**form, **changes}, ensure_ascii=True).encode()


def _answers(**changes: object) -> bytes:
    return _json(answers=_filled(**changes))


def _form(build: Callable[[], bytes], name: str, *expect: str) -> HostileFile:
    return HostileFile(build, name, True, frozenset(expect or (_CORRECT,)))


def _attached(build: Callable[[], bytes], name: str, *expect: str) -> HostileFile:
    return HostileFile(build, name, False, frozenset(expect or (_CORRECT,)))


_FORMS = {
    "empty_form": _form(lambda: b"", "skjema.docx", "file_empty"),
    "program_as_form": _form(lambda: PROGRAM, "skjema.docx", "type_not_allowed"),
    "picture_as_form": _form(survival_curve, "skjema.png", "type_not_allowed"),
    "workbook_as_form": _form(lambda: workbook("x", [[1]]), "skjema.docx"),
    "truncated_docx_form": _form(lambda: hostile_office.truncated(_word()), "skjema.docx"),
    "encrypted_docx_form": _form(lambda: encrypted_office(_word()), "skjema.docx"),
    "external_entity_form": _form(lambda: hostile_office.external_entity(_word()), "skjema.docx"),
    "billion_laughs_form": _form(lambda: hostile_office.billion_laughs(_word()), "skjema.docx"),
    "remote_schema_form": _form(lambda: hostile_office.remote_schema(_word()), "skjema.docx"),
    "broken_xml_form": _form(lambda: hostile_office.broken_xml(_word()), "skjema.docx"),
    "deep_xml_form": _form(lambda: hostile_office.deep_xml(_word()), "skjema.docx"),
    "inflated_document_form": _form(lambda: hostile_office.inflated_part(_word()), "skjema.docx", _CORRECT, _QUARANTINED),
    "macro_form": _form(lambda: hostile_office.with_macros(_word()), "skjema.docx"),
    "macro_type_form": _form(lambda: hostile_office.with_macros(_word(), macro_type=True), "skjema.docx"),
    "letter_form": _form(hostile_office.letter, "skjema.docx"),
    "form_without_document": _form(hostile_office.without_document, "skjema.docx"),
    "old_word_as_docx": _form(hostile_office.old_word, "skjema.docx"),
    "old_word_form": _form(hostile_office.old_word, "skjema.doc", "type_not_allowed"),
    "zip_as_form": _form(lambda: hostile_archives.zip_named(b"a.txt"), "skjema.docx"),
    "truncated_pdf_form": _form(lambda: hostile_office.truncated(_pdf(), 0.3), "skjema.pdf"),
    "encrypted_pdf_form": _form(lambda: encrypted_pdf(_pdf()), "skjema.pdf"),
    "page_tree_loop_form": _form(hostile_pdf.page_tree_loop, "skjema.pdf"),
    "field_tree_loop_form": _form(hostile_pdf.field_tree_loop, "skjema.pdf"),
    "deep_page_tree_form": _form(hostile_pdf.deep_page_tree, "skjema.pdf"),
    "script_pdf_form": _form(hostile_pdf.javascript, "skjema.pdf"),
    "header_only_pdf_form": _form(lambda: b"%PDF-1.7\n" + b"\xff" * 2000, "skjema.pdf"),
    "invalid_json_form": _form(lambda: b'{"form_type": "anmodning",', "skjema.json"),
    "deep_json_form": _form(lambda: b"[" * 200_000 + b"]" * 200_000, "skjema.json"),
    "array_json_form": _form(lambda: b"[]", "skjema.json"),
    "not_a_number_json_form": _form(lambda: _answers(patients_per_year=float("nan")), "skjema.json"),
    "endless_number_json_form": _form(
        lambda: _answers(budget_peak_year=0).replace(b'"budget_peak_year": 0', b'"budget_peak_year": 1' + b"0" * 9000), "skjema.json"
    ),
    "lone_surrogate_json_form": _form(lambda: _answers(trade_name="\ud800 Gastrovel"), "skjema.json", _CORRECT, _HARMLESS),
    "nul_json_form": _form(lambda: _answers(trade_name="Gastro\0vel"), "skjema.json", _CORRECT, _HARMLESS),
    "latin_json_form": _form(lambda: json_form(definition("anmodning"), _filled()).decode().encode("cp1252", "replace"), "skjema.json"),
    "unknown_form_type": _form(lambda: _json(form_type="ukjent"), "skjema.json", _CORRECT, "form_type_unknown"),
    "form_type_as_path": _form(lambda: _json(form_type="../../policy"), "skjema.json", _CORRECT, "form_type_unknown"),
    "unknown_form_version": _form(lambda: _json(form_version="9.9"), "skjema.json"),
    "form_version_as_list": _form(lambda: _json(form_version=["1.0"]), "skjema.json", _CORRECT, _HARMLESS),
    "answers_as_text": _form(lambda: _json(answers="ja"), "skjema.json"),
    "answers_of_wrong_types": _form(lambda: _answers(studies="NCT1", patients_per_year={"a": 1}, publication_ack="ja", icd10_codes=3), "skjema.json"),
    "unknown_answers": _form(lambda: _answers(__proto__={"a": 1}, finnes_ikke=1), "skjema.json", _CORRECT, _HARMLESS),
    "fifty_thousand_studies": _form(lambda: _answers(studies=[{"id": "x"}] * 50_000), "skjema.json"),
}

_OFFICE_AND_PDF = {
    "empty_attachment": _attached(lambda: b"", "Rapport.pdf", "file_empty"),
    "program_as_pdf": _attached(lambda: PROGRAM, "Rapport.pdf", "type_not_allowed"),
    "program": _attached(lambda: PROGRAM, "oppsett.exe", "type_not_allowed"),
    "page_as_pdf": _attached(lambda: b"<html><script>alert(1)</script></html>", "Rapport.pdf", _CORRECT, "type_not_allowed"),
    "zip_as_pdf": _attached(lambda: hostile_archives.zip_named(b"a.txt"), "Rapport.pdf"),
    "picture_as_docx": _attached(survival_curve, "Rapport.docx"),
    "macro_file": _attached(lambda: hostile_office.with_macros(hostile_office.report(), macro_type=True), "Modell.docm", "macro_not_allowed"),
    "macro_in_docx": _attached(lambda: hostile_office.with_macros(hostile_office.report()), "Modell.docx"),
    "encrypted_docx": _attached(lambda: encrypted_office(hostile_office.report()), "Rapport.docx"),
    "encrypted_pdf": _attached(lambda: encrypted_pdf(pdf_report("Pris", 1)), "Pris.pdf"),
    "truncated_docx": _attached(lambda: hostile_office.truncated(hostile_office.report()), "Rapport.docx"),
    "truncated_pdf": _attached(lambda: hostile_office.truncated(pdf_report("Rapport", 3), 0.2), "Rapport.pdf", _CORRECT, _HARMLESS),
    "external_entity_docx": _attached(lambda: hostile_office.external_entity(hostile_office.report()), "Rapport.docx"),
    "remote_template_docx": _attached(lambda: hostile_office.remote_template(hostile_office.report()), "Rapport.docx", _CORRECT, _HARMLESS),
    "page_tree_loop_pdf": _attached(hostile_pdf.page_tree_loop, "Rapport.pdf", _CORRECT, _HARMLESS),
    "previous_table_loop_pdf": _attached(hostile_pdf.previous_loop, "Rapport.pdf", _CORRECT, _HARMLESS),
    "length_loop_pdf": _attached(hostile_pdf.object_stream_chain, "Rapport.pdf", _CORRECT, _HARMLESS),
    "script_pdf": _attached(hostile_pdf.javascript, "Rapport.pdf"),
    "launching_pdf": _attached(hostile_pdf.launch, "Rapport.pdf"),
    "program_in_pdf": _attached(hostile_pdf.embedded_program, "Rapport.pdf"),
    "program_in_docx": _attached(lambda: word_with_objects("Rapport", workbook("x", [[1]]), "oppsett.exe", PROGRAM), "Rapport.docx"),
    "identity_number_in_text": _attached(lambda: f"Pasienten, fnr. {identity_number()}, hadde nytte.".encode(), "Notat.txt", _QUARANTINED),
    "identity_number_in_docx": _attached(lambda: hostile_office.letter(f"Fødselsnummer: {identity_number()}"), "Notat.docx", _QUARANTINED),
    "identity_number_in_pdf": _attached(lambda: pdf_report(f"Pasient {identity_number()}", 1), "Notat.pdf", _QUARANTINED),
    "identity_number_in_xlsx": _attached(lambda: workbook("Liste", [["fnr"], [identity_number()]]), "Liste.xlsx", _QUARANTINED),
}

_ARCHIVES_AND_MAILS = {
    "zero_bomb": _attached(lambda: bombs.zero_bomb(2 << 30), "Vedlegg.zip", _QUARANTINED),
    "lying_bomb": _attached(lambda: bombs.zero_bomb(1 << 30, declared=1000), "Vedlegg.zip", _CORRECT, _QUARANTINED),
    "overlapping_bomb": _attached(bombs.overlapping_bomb, "Vedlegg.zip", _CORRECT, _QUARANTINED),
    "nested_bomb": _attached(bombs.nested_bomb, "Vedlegg.zip", _CORRECT, _QUARANTINED),
    "hundred_thousand_entries": _attached(bombs.many_entries, "Vedlegg.zip", _CORRECT, _QUARANTINED),
    "eight_zips_deep": _attached(lambda: bombs.quine_like_chain(8), "Vedlegg.zip"),
    "traversal": _attached(lambda: hostile_archives.zip_named(b"../../../etc/cron.d/x.txt"), "Vedlegg.zip"),
    "absolute_path": _attached(lambda: hostile_archives.zip_named(b"/etc/x.txt"), "Vedlegg.zip"),
    "backslash_traversal": _attached(lambda: hostile_archives.zip_named(b"..\\..\\x.txt"), "Vedlegg.zip"),
    "drive_letter": _attached(lambda: hostile_archives.zip_named(b"C:/Windows/x.txt"), "Vedlegg.zip"),
    "device_name": _attached(lambda: hostile_archives.zip_named(b"NUL.txt"), "Vedlegg.zip", _CORRECT, _HARMLESS),
    "nul_in_name": _attached(lambda: hostile_archives.zip_named(b"notat.txt\0.exe"), "Vedlegg.zip"),
    "line_break_in_name": _attached(lambda: hostile_archives.zip_named(b"notat\r\nX-A: b.txt"), "Vedlegg.zip", _CORRECT, _HARMLESS),
    "symbolic_link": _attached(hostile_archives.symbolic_link, "Vedlegg.zip", _CORRECT, _HARMLESS),
    "password_zip": _attached(hostile_archives.password_zip, "Vedlegg.zip"),
    "unknown_method": _attached(hostile_archives.unknown_method, "Vedlegg.zip"),
    "two_names": _attached(hostile_archives.two_names, "Vedlegg.zip"),
    "same_name_twice": _attached(hostile_archives.same_name_twice, "Vedlegg.zip", _CORRECT, _HARMLESS),
    "wrong_checksum": _attached(hostile_archives.wrong_checksum, "Vedlegg.zip"),
    "directory_beyond_end": _attached(hostile_archives.directory_beyond_end, "Vedlegg.zip"),
    "truncated_zip": _attached(lambda: hostile_office.truncated(hostile_archives.zip_of({"a.txt": bytes(9000)})), "Vedlegg.zip"),
    "program_in_zip": _attached(lambda: hostile_archives.zip_of({"mappe/oppsett.exe": PROGRAM}), "Vedlegg.zip"),
    "macro_file_in_zip": _attached(
        lambda: hostile_archives.zip_of({"Modell.docm": hostile_office.with_macros(hostile_office.report(), macro_type=True)}),
        "Vedlegg.zip",
    ),
    "identity_number_in_zip": _attached(
        lambda: hostile_archives.zip_of({"a/b.txt": f"fnr {identity_number()}".encode()}), "Vedlegg.zip", _QUARANTINED
    ),
    "mail_twenty_deep": _attached(lambda: hostile_archives.mail_in_mail(20), "Post.eml"),
    "program_in_mail": _attached(lambda: hostile_archives.mail_with("oppsett.exe", PROGRAM), "Post.eml"),
    "macro_file_in_mail": _attached(
        lambda: hostile_archives.mail_with("Modell.docm", hostile_office.with_macros(hostile_office.report(), macro_type=True)), "Post.eml"
    ),
    "mail_of_many_parts": _attached(hostile_archives.many_parts, "Post.eml"),
    "endless_mail": _attached(hostile_archives.endless_boundary, "Post.eml", _CORRECT, _HARMLESS),
    "program_in_message": _attached(lambda: hostile_archives.message_with("oppsett.exe", PROGRAM), "Post.msg"),
    "truncated_message": _attached(lambda: hostile_office.truncated(hostile_archives.message_with("a.txt", b"x" * 20_000), 0.4), "Post.msg"),
    "sector_loop_message": _attached(hostile_archives.sector_loop, "Post.msg"),
    "storage_without_message": _attached(hostile_archives.storage_without_message, "Post.msg", _CORRECT, "type_not_allowed"),
}

_NOTE = b"Et helt vanlig notat."
_NAMES = {
    "right_to_left_name": _attached(lambda: PROGRAM, "Rapport\u202efdp.exe", "type_not_allowed", "name_not_allowed"),
    "traversal_in_name": _attached(lambda: _NOTE, "../../../etc/notat.txt", _HARMLESS, _CORRECT, "name_not_allowed"),
    "device_as_name": _attached(lambda: _NOTE, "CON.txt", _HARMLESS, _CORRECT, "name_not_allowed"),
    "very_long_name": _attached(lambda: _NOTE, "æ" * 400 + ".txt", _HARMLESS, _CORRECT, "name_not_allowed"),
    "script_in_name": _attached(lambda: _NOTE, "<img src=x onerror=alert(1)>.txt", _HARMLESS, _CORRECT, "name_not_allowed"),
    "double_extension": _attached(lambda: PROGRAM, "Rapport.pdf.exe", "type_not_allowed"),
    "no_extension": _attached(lambda: _NOTE, "README", "type_not_allowed"),
}

HOSTILE: dict[str, HostileFile] = {**_FORMS, **_OFFICE_AND_PDF, **_ARCHIVES_AND_MAILS, **_NAMES}
"""Every bad file by name. A name says what is bad about it."""
