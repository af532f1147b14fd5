"""The samples as a whole: what is written, what the names say, and that the answers are as good or bad as they claim."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from samples import register
from samples.builders.word_form import docx_form
from samples.content import medicines, proposals
from samples.content.alerts import before_the_meeting, innspill, metodevarsel
from samples.content.proposals import forslag
from samples.content.requests import anmodning, as_people_write, month, revurdering
from samples.make import samples
from samples.sample import Ending, Sample, definition, ending_of, ends, refused, routed
from services.shared import lifecycle
from services.shared.actors import load_actors
from services.shared.forms import CheckContext, check, normalise, parse_definition, read_tags
from services.shared.identity_numbers import find_identity_numbers
from services.shared.sandbox import HEAD_BYTES, Policy
from tests.samples.reading import json_answers, pdf_fields, word_tags

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)
DAYS = [date(2026, 1, 31), TODAY, date(2028, 2, 29), date(2031, 12, 31)]


@pytest.fixture(scope="module")
def made() -> list[Sample]:
    return list(samples(TODAY))


def _tags(sample: Sample) -> dict[str, object]:
    if sample.extension == "json":
        form = json_answers(sample.form)
        return {**form, **form["answers"]}
    return dict(word_tags(sample.form) if sample.extension == "docx" else pdf_fields(sample.form))


def test_each_form_has_two_good_samples_in_different_formats(made: list[Sample]) -> None:
    good = [sample for sample in made if sample.ending.status == "routed"]
    for form_type in ("anmodning", "revurdering", "forslag", "innspill", "metodevarsel"):
        assert len({sample.extension for sample in good if sample.what.startswith(form_type)}) >= 2


def test_good_samples_bring_attachments_of_every_kind(made: list[Sample]) -> None:
    names = [name for sample in made if sample.ending.status == "routed" for name in sample.attachments]
    assert {name.rpartition(".")[2] for name in names} >= {"pdf", "docx", "xlsx", "png", "txt", "zip", "eml", "msg"}


def test_ten_samples_or_more_are_bad_each_in_another_way(made: list[Sample]) -> None:
    bad = [sample for sample in made if sample.ending.status != "routed"]
    assert len({sample.what for sample in bad}) == len(bad) >= 10
    endings = {sample.ending.status or "refused" for sample in bad}
    assert endings == {"needs_correction", "quarantined", "held", "rejected", "refused"}


def test_names_tell_the_ending_and_numbers_are_used_once(made: list[Sample]) -> None:
    assert [ending_of(sample.name) for sample in made] == [sample.ending for sample in made]
    assert max(Counter(sample.number for sample in made).values()) == 1
    assert [sample.number for sample in made] == sorted(sample.number for sample in made)


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("01-anmodning-x.routed.dmp~sykehusinnkjop.docx", routed("dmp", "sykehusinnkjop")),
        ("02-anmodning-x.routed.dmp+sykehusinnkjop~dsa~fhi.pdf", routed("sykehusinnkjop dmp", "fhi dsa")),
        ("03-forslag-x.held.json", ends("held")),
        ("04-forslag-x.refused-file_empty.docx", refused("file_empty")),
    ],
)
def test_an_ending_is_read_from_a_name(name: str, ending: Ending) -> None:
    assert ending_of(name) == ending


def test_a_name_of_another_shape_has_no_ending() -> None:
    with pytest.raises(ValueError, match="not a sample's name"):
        ending_of("notat.docx")


def test_names_speak_of_real_states_and_of_agencies_that_take_work(made: list[Sample]) -> None:
    actors = load_actors(ROOT / "schemas" / "routing")
    working = {actor.id for actor in actors.all() if actor.takes_work}
    for sample in made:
        assert sample.ending.status is None or sample.ending.status in lifecycle.STATES
        assert {*sample.ending.primaries, *sample.ending.copies} <= working


def test_file_names_fit_any_file_system(made: list[Sample]) -> None:
    for name in [name for sample in made for name in (sample.name, f"{sample.stem}.vedlegg", *sample.attachments)]:
        assert len(name.encode()) <= 255
        assert not set('/\\:*?"<>|') & set(name)


def test_readable_forms_say_which_form_they_are(made: list[Sample]) -> None:
    for sample in made:
        if sample.ending.status in ("routed", "held", "rejected"):
            assert _tags(sample)["form_type"] == sample.what.partition("-")[0]


def test_the_door_refuses_exactly_the_samples_that_say_so(made: list[Sample]) -> None:
    policy = Policy.load()
    for sample in made:
        files = [("form", sample.name, sample.form), *(("attachment", name, data) for name, data in sample.attachments.items())]
        refusals = {policy.refusal(role, name, data[:HEAD_BYTES]) for role, name, data in files}
        refusals -= {None, "type_mismatch"}  # a name that disagrees with its content is told after receipt
        assert refusals == ({sample.ending.code} if sample.ending.code else set()), sample.name


def test_only_the_sample_about_it_holds_an_identity_number(made: list[Sample]) -> None:
    holding = [sample.what for sample in made if sample.form and _readable(sample) and find_identity_numbers(str(_tags(sample)))]
    assert holding == ["forslag-med-fodselsnummer"]


def _readable(sample: Sample) -> bool:
    return "skjema" not in sample.what and "brev" not in sample.what


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_good_answers_pass_every_check_on_any_day(today: date) -> None:
    filled = [
        *(("anmodning", anmodning(medicine, today)) for medicine in vars(medicines).values() if isinstance(medicine, medicines.Medicine)),
        ("revurdering", revurdering(medicines.MYASTEROL, today, "ID2022_041")),
        *(("metodevarsel", metodevarsel(medicine)) for medicine in vars(medicines).values() if isinstance(medicine, medicines.Medicine)),
        ("innspill", innspill()),
        ("innspill", before_the_meeting(today)),
        *(("forslag", forslag(proposal, today)) for proposal in vars(proposals).values() if isinstance(proposal, proposals.Proposal)),
    ]
    assert len(filled) > 15
    for form_type, answers in filled:
        form = parse_definition(definition(form_type))
        kind = {"forslag": "hospital", "innspill": "hospital", "metodevarsel": "dmp"}.get(form_type, "drug_vendor")
        told = CheckContext(today=today, received_at=today, submitter_kind=kind, identity_numbers=[])
        assert normalise(form, answers) == answers, "answers are in their normal form"
        assert [finding.in_language("nb") for finding in check(form, answers, told).findings] == []


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_what_people_write_by_hand_reads_as_the_same_answers(today: date) -> None:
    answers = anmodning(medicines.ASMELIO, today)
    written = docx_form(definition("anmodning"), as_people_write(answers))
    assert word_tags(written)["supplier_orgnr"] == "310 000 019"
    assert read_tags(parse_definition(definition("anmodning")), word_tags(written)).answers == answers | {"test_established": False}, (
        "an empty box is a no"
    )


@pytest.mark.parametrize(
    ("today", "ahead", "expected"),
    [(TODAY, 0, "2026-11"), (TODAY, 2, "2027-01"), (date(2026, 12, 31), 1, "2027-01"), (date(2026, 1, 1), -1, "2025-12")],
)
def test_months_are_counted_over_the_turn_of_the_year(today: date, ahead: int, expected: str) -> None:
    assert month(today, ahead) == expected


def test_the_command_writes_the_same_bytes_again_and_clears_what_was_there(made: list[Sample], tmp_path: Path) -> None:
    old = tmp_path / f"{made[0].stem}.vedlegg" / "gammelt.txt"
    old.parent.mkdir()
    old.write_text("fra i går")
    command = [sys.executable, "-W", "error", "-m", "samples.make", str(tmp_path), "--today", TODAY.isoformat()]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    assert printed == [sample.name for sample in made]
    written = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    attachments = {f"{sample.stem}.vedlegg/{name}": data for sample in made for name, data in sample.attachments.items()}
    senders = json.loads(written.pop("senders.json"))
    assert senders == {sample.name: {"actor": sample.sender.actor, "on_behalf_of": sample.sender.on_behalf_of} for sample in made}
    assert written == {sample.name: sample.form for sample in made} | attachments | {register.NAME: register.register(TODAY)}
