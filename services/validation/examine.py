"""Examines a submission: opens everything in the box, reads the form, checks it, and says how it ends.

The same examination serves ``POST /submissions`` (as a job) and ``POST /checks`` (at once), so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.shared import lifecycle, words
from services.shared.checking import Checking
from services.shared.forms import CheckContext, Finding, FormDefinition, Reading, Register, ask, check, normalise, read_document, recognise
from services.shared.forms.asking import READING_UNSURE
from services.shared.identity_numbers import blot_out
from services.shared.looking import look_at, root_of
from services.shared.rules import Gates, load_gates, outcome
from services.shared.sandbox import FormReading, Incoming, Opened, OpenedDocument
from services.shared.sandbox import Problem as Fault
from services.shared.scanner import INFECTED, NOT_SCANNED, Verdict
from services.shared.words import DEFAULT, LANGUAGES
from services.validation import unseen

IDENTITY_NUMBER: Final = "national_identity_number"
FORM: Final = "form"
PUBLIC: Final = "public"
TAGS_NAMED: Final = 5


@dataclass(frozen=True)
class File:
    """One file that was sent: ``open`` gives its bytes as a real file; ``access`` is public, restricted or internal."""

    id: str
    role: str
    name: str
    size: int
    open: Callable[[], BinaryIO]
    access: str = "restricted"


@dataclass(frozen=True)
class Request:
    """What is known before anything is opened.

    ``told`` is what the fields beside the files showed already. ``submitter_is_told``: whether somebody said who submits; where nobody did, what depends on it is skipped.
    ``released`` are documents the secretariat found to hold no identity number after all; ``owner`` is whose submission it is (``submissions.owner``), if known.
    """

    files: Sequence[File]
    form_type: str | None
    language: str | None
    received_on: date
    today: date
    submitter_kind: str | None
    released: Collection[str] = ()
    owner: str | None = None
    told: Sequence[Finding] = ()
    submitter_is_told: bool = True

    @property
    def organisation(self) -> str | None:
        """The number of the organisation whose submission it is (``organisation:<orgnr>``), or None for a person."""
        kind, _, number = (self.owner or "").partition(":")
        return number if kind == "organisation" else None


@dataclass
class Examination:
    """What was found. ``status`` is a lifecycle state; ``answers`` is None when the form could not be read or may not be kept."""

    form_type: str | None = None
    form_version: str | None = None
    language: str | None = None
    answers: dict[str, Any] | None = None
    read_as: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    skipped: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    status: str = lifecycle.NEEDS_CORRECTION
    title: str | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    opened: Opened | None = None

    @property
    def documents(self) -> list[OpenedDocument]:
        """The files that were opened, and what was found inside them."""
        return self.opened.documents if self.opened else []

    def discard(self) -> None:
        """Remove the extracted files from the scratch folder."""
        if self.opened is not None:
            self.opened.discard()


def examine(context: Checking, request: Request) -> Examination:
    """Examine a submission. The caller discards the result. Raises what the box and the scanner raise when they cannot work now."""
    result = Examination(language=request.language)
    _look(context, request, result)
    try:
        _tell(context, request, result)
        form = result.opened.form if result.opened else None
        definition = _definition_of(context, request, form, result)
        if definition is not None and form is not None:
            _check(definition, form, request, result, context.registers(request.today))
        elif not any(finding.severity == "error" for finding in result.findings):
            result.findings.append(_finding("form_not_recognised", _form_file(request).id, {"name": _form_file(request).name}))
        _identity_numbers(request, result)
        result.findings += request.told
        if any(finding.code == IDENTITY_NUMBER for finding in result.findings):
            result.findings = [_without_numbers(finding) for finding in result.findings]
        _conclude(context, request, result)
    except BaseException:
        result.discard()
        raise
    return result


def _look(context: Checking, request: Request, result: Examination) -> None:
    """Open and scan every file; each is fetched from its store once, for the box and the scanner."""
    with ExitStack() as fetched:
        files = [
            Incoming(file.id, "form" if file.role == FORM else "attachment", file.name, fetched.enter_context(file.open()), file.size)
            for file in request.files
        ]
        looked = look_at(context, files, request.owner)
    result.opened, result.verdicts = looked.opened, looked.verdicts


def _tell(context: Checking, request: Request, result: Examination) -> None:
    """The findings about documents: what is infected, and what opening them showed."""
    sent = {file.id: file for file in request.files}
    names = {file.id: file.name for file in request.files} | {document.id: document.path for document in result.documents}
    infected = [identifier for identifier, verdict in result.verdicts.items() if verdict.scan == INFECTED]
    result.findings += [_finding("file_infected", identifier, {"name": names[identifier]}) for identifier in infected]
    for fault in result.opened.findings if result.opened else ():
        root = sent[root_of(fault.document)]
        public = root.access == PUBLIC or context.policy.says_redacted(names.get(fault.document, root.name))
        result.findings += unseen.findings_of(fault, names, public=public) if fault.code in unseen.CODES else [_fault_finding(fault, names)]


def _definition_of(context: Checking, request: Request, form: FormReading | None, result: Examination) -> FormDefinition | None:
    """Which form this is: as the sender said, else as the form says itself, else the best fit of its tags or labels, with a warning."""
    if form is None or form.kind == "none":
        return None
    said_type, said_version = _said(form)
    form_type = request.form_type or said_type
    if form_type is None or not context.forms.versions(form_type):
        fit = recognise(context.forms, list(form.tags), form.lines)
        if fit is None:
            return None
        form_type = fit.form_type
        result.findings.append(_finding("form_guessed", form.document, {"form": form_type}, severity="warning"))
    newest = context.forms.newest(form_type)
    definition = context.forms.get(form_type, said_version) if said_version else newest
    if definition is None:
        result.form_type = form_type
        name = next(document.path for document in result.documents if document.id == form.document)
        result.findings.append(_finding("form_version_unknown", form.document, {"name": name}))
    elif newest is not None and definition is not newest:
        values = {"version": definition.form_version, "newest": newest.form_version}
        result.findings.append(_finding("form_version_old", form.document, values, severity="warning"))
    return definition


def _said(form: FormReading) -> tuple[str | None, str | None]:
    """The form's type and version as it says itself."""
    said = form.payload if form.kind == "json" and isinstance(form.payload, dict) else form.tags
    form_type, version = said.get("form_type"), said.get("form_version")
    return (form_type.strip() or None if isinstance(form_type, str) else None), (version.strip() or None if isinstance(version, str) else None)


def _check(definition: FormDefinition, form: FormReading, request: Request, result: Examination, registers: Mapping[str, Register]) -> None:
    reading = _read(definition, form, result)
    result.form_type, result.form_version = definition.form_type, definition.form_version
    said = form.payload.get("language") if form.kind == "json" and isinstance(form.payload, dict) else form.tags.get("language") or form.language
    result.language = request.language or (said if said in LANGUAGES else DEFAULT)
    if reading is None:
        return
    result.answers, result.read_as = reading.answers, reading.read_as
    told = CheckContext(
        today=request.today,
        received_at=request.received_on,
        attachments=[document.name for document in result.documents if document.role != FORM]
        or [file.name for file in request.files if file.role != FORM],
        submitter_kind=(request.submitter_kind or "unknown") if request.submitter_is_told else None,
        registers=registers,
        # Numbers found in documents are told by document below; answers are searched by the check itself.
        identity_numbers=[],
    )
    checked = check(definition, reading.answers, told)
    found = [*checked.findings, *_other_organisations(definition, reading, request, checked.findings), *ask(definition, reading)]
    result.findings += sorted(found, key=lambda finding: definition.positions.get((finding.pointer or "/").split("/")[1], -1))
    result.skipped = checked.skipped
    result.title = definition.title_of(reading.answers)


def _other_organisations(definition: FormDefinition, reading: Reading, request: Request, findings: Sequence[Finding]) -> Iterator[Finding]:
    """A supplier other than the organisation that sends is a warning, never a change of owner (contract, section 2)."""
    told = {finding.pointer for finding in findings}
    for key, each in definition.fields.items():
        number = reading.answers.get(key)
        if each.type_name == "orgnr" and request.organisation and number and number != request.organisation and f"/{key}" not in told:
            yield replace(_finding("supplier_differs", "", {}, severity="warning"), pointer=f"/{key}", label=dict(each.label), document=None)


def _read(definition: FormDefinition, form: FormReading, result: Examination) -> Reading | None:
    if form.kind != "json":
        return _read_document(definition, form, result)
    answers = form.payload.get("answers") if isinstance(form.payload, dict) else None
    if not isinstance(answers, dict):
        result.findings.append(_finding("answers_missing", form.document, {}))
        return None
    normal = normalise(definition, answers)
    return Reading(normal, dict.fromkeys(normal, "tag"))


def _read_document(definition: FormDefinition, form: FormReading, result: Examination) -> Reading:
    """By its tags; a form that never was ours has none, and is read by the labels that stand in its text."""
    reading = read_document(definition, form.fields, form.lines, on_paper=form.kind == "pdf")
    if reading.unknown:
        names = ", ".join(reading.unknown[:TAGS_NAMED])
        result.findings.append(_finding("unknown_tags", form.document, {"names": names[:200]}, severity="warning"))
    return reading


def _identity_numbers(request: Request, result: Examination) -> None:
    """A national identity number in any document quarantines, but for documents the secretariat has released."""
    if set(request.released) & {file.id for file in request.files if file.role == FORM}:
        result.findings = [finding for finding in result.findings if finding.code != IDENTITY_NUMBER]
    in_answers = any(finding.code == IDENTITY_NUMBER for finding in result.findings)
    for document in result.documents:
        if not document.identity_numbers or document.id in request.released or (document.role == FORM and in_answers):
            continue
        result.findings.append(_finding(IDENTITY_NUMBER, document.id, {"name": document.path}))
    if any(finding.code == IDENTITY_NUMBER and _is_about_form(finding, result) for finding in result.findings):
        result.answers, result.read_as, result.title = None, {}, None  # the number itself must not be kept or shown
        result.findings = [finding for finding in result.findings if finding.code != READING_UNSURE]  # it says what was read


def _without_numbers(finding: Finding) -> Finding:
    """A finding may name a file or an unknown field: a number that stands in such a name is not told again."""
    pointer = None if finding.pointer is None else blot_out(finding.pointer)
    return replace(finding, pointer=pointer, message={language: blot_out(text) for language, text in finding.message.items()})


def _is_about_form(finding: Finding, result: Examination) -> bool:
    forms = {document.id for document in result.documents if document.role == FORM}
    return finding.pointer is not None or finding.document is None or finding.document in forms


def _conclude(context: Checking, request: Request, result: Examination) -> None:
    """The gates decide; the policy has the outcome of what opening a document shows."""
    decided = outcome(_gates(context), result.findings, result.answers or {}, request.received_on, context.policy.outcomes)
    result.findings, result.status, result.gates = list(decided.findings), decided.status, tuple(rule.id for rule in decided.gates)
    unscanned = any(verdict.scan == NOT_SCANNED for verdict in result.verdicts.values())
    if result.status == lifecycle.ACCEPTED and unscanned and not context.scanner.passes_unscanned:
        result.status = lifecycle.HELD


@cache
def _gates_in(folder: Path) -> Gates:
    return load_gates(folder / "gates.json")


def _gates(context: Checking) -> Gates:
    return _gates_in(context.schemas / "rules")


def _form_file(request: Request) -> File:
    return next(file for file in request.files if file.role == FORM)


def _fault_finding(fault: Fault, names: dict[str, str]) -> Finding:
    """A member of an archive that was not taken out, and what was being opened when time ran out, is called by its own name."""
    name = names.get(fault.document, "")
    if "member" in fault.detail:
        name = f"{name}/{fault.detail['member']}"
    name = blot_out(str(fault.detail.get("path", name)))  # nobody searched the name of what was not taken out
    sentence = "packed_otherwise" if fault.detail.get("reason") == "compression" else fault.code
    return _finding(fault.code, fault.document, {**fault.detail, "name": name}, sentence=sentence)


def _finding(code: str, document: str, values: dict[str, Any], *, severity: str = "error", sentence: str = "") -> Finding:
    """A finding about a document, with the sentence that a refusal at the door would have had, or that of another code."""
    key = f"problem.{sentence or code}.detail"
    message = {language: words.text(key, language, **_filled(key, language, values)) for language in LANGUAGES}
    return Finding(pointer=None, label=None, code=code, message=message, severity=severity, document=document)


def _filled(key: str, language: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values a sentence asks for; what the box did not tell is left blank rather than failing a whole examination."""
    return {name: values.get(name, "") for name in words.placeholders(key, language)}
