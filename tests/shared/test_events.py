"""The one gate for every move: the table, the chain, what follows in the same transaction."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from services.shared import events, lifecycle, names
from services.shared.database import Database
from services.shared.models import events as events_table
from services.shared.models import jobs, submissions
from tests.shared.conftest import add_submission

MOVES = sorted(lifecycle.MOVES)


def status_of(database: Database, submission: str) -> str:
    with database.read() as tx:
        return str(tx.execute(select(submissions.c.status).where(submissions.c.id == submission)).scalar_one())


def put_in_state(database: Database, submission: str, state: str) -> None:
    with database.write() as tx:
        tx.execute(update(submissions).where(submissions.c.id == submission).values(status=state))


def test_a_move_is_made_only_from_the_states_the_table_allows(database: Database) -> None:
    for event_type, state in itertools.product(MOVES, lifecycle.STATES):
        submission = add_submission(database)
        put_in_state(database, submission, state)
        move = lifecycle.MOVES[event_type]
        with database.write() as tx:
            made = events.record_or_drop(tx, submission, event_type, actor="test")
        assert (made is not None) == (state in move.sources), f"{event_type} from {state}"
        assert status_of(database, submission) == (move.target if state in move.sources else state)


def test_a_move_that_is_not_allowed_is_refused(database: Database) -> None:
    submission = add_submission(database)
    with database.write() as tx, pytest.raises(events.MoveNotAllowed):
        events.record(tx, submission, names.SUBMISSION_CONFIRMED, actor="test")
    assert status_of(database, submission) == lifecycle.RECEIVED


def test_the_table_of_moves_says_what_the_house_says() -> None:
    allowed = {(source, move.target) for move in lifecycle.MOVES.values() for source in move.sources}
    assert ("needs_correction", "accepted") in allowed
    assert ("quarantined", "checking") in allowed
    assert ("routed", "held") in allowed
    assert ("rejected", "withdrawn") not in allowed
    assert ("superseded", "withdrawn") not in allowed
    assert ("confirmed", "held") not in allowed
    assert ("accepted", "confirmed") not in allowed


def test_every_state_that_is_not_an_end_has_a_threshold_for_being_stuck() -> None:
    assert set(lifecycle.STUCK_AFTER_SECONDS) == set(lifecycle.STATES) - lifecycle.FINAL


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(st.sampled_from(MOVES), max_size=12))
def test_any_order_of_moves_leaves_a_whole_chain_and_a_state_reached_along_the_table(database: Database, wanted: list[str]) -> None:
    submission = add_submission(database)
    state = lifecycle.RECEIVED
    for event_type in wanted:
        with database.write() as tx:
            made = events.record_or_drop(tx, submission, event_type, actor="test")
        assert (made is not None) == (state in lifecycle.MOVES[event_type].sources)
        state = lifecycle.MOVES[event_type].target if made else state
        assert status_of(database, submission) == state
    with database.read() as tx:
        chain = events.story_of(tx, submission)
    assert events.verify_chain(chain) is None
    assert [event.seq for event in chain] == list(range(1, len(chain) + 1))


@pytest.mark.parametrize("column", ["data", "at", "actor", "type"])
def test_an_edited_event_breaks_the_chain_where_it_stands(database: Database, column: str) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_CHECKING, actor="validation")
        events.record(tx, submission, names.SUBMISSION_HELD, actor="validation", data={"reason": "a"})
        edited = {"x": 1} if column == "data" else "2020-01-01T00:00:00.000000Z"
        tx.execute(update(events_table).where(events_table.c.submission == submission, events_table.c.seq == 2).values({column: edited}))
        assert events.verify_chain(events.story_of(tx, submission)) == 2


def test_a_removed_event_breaks_the_chain(database: Database) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_CHECKING, actor="validation")
        events.record(tx, submission, names.SUBMISSION_HELD, actor="validation")
        chain = events.story_of(tx, submission)
    assert events.verify_chain(chain[:1] + chain[2:]) == 2


def test_each_subscriber_gets_one_job_in_the_transaction_of_the_event(database: Database) -> None:
    submission = add_submission(database)
    with database.read() as tx:
        assert tx.execute(select(jobs.c.handler).where(jobs.c.submission == submission)).scalars().all() == [names.VALIDATION_CHECK]


def test_a_rolled_back_move_leaves_neither_event_nor_job_nor_state(database: Database) -> None:
    submission = add_submission(database)

    def cut_off() -> None:
        with database.write() as tx:
            events.record(tx, submission, names.SUBMISSION_CHECKING, actor="validation")
            events.record(tx, submission, names.SUBMISSION_ACCEPTED, actor="validation")
            raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        cut_off()
    with database.read() as tx:
        assert len(events.story_of(tx, submission)) == 1
        assert tx.execute(select(func.count()).select_from(jobs)).scalar_one() == 1
    assert status_of(database, submission) == lifecycle.RECEIVED


@pytest.mark.parametrize("order", [(names.ARCHIVE_STORED, names.DELIVERIES_QUEUED), (names.DELIVERIES_QUEUED, names.ARCHIVE_STORED)])
def test_an_accepted_submission_is_routed_when_archive_and_queues_are_both_done_in_either_order(database: Database, order: tuple[str, str]) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_CHECKING, actor="validation")
        events.record(tx, submission, names.SUBMISSION_ACCEPTED, actor="validation")
    for fact, expected in zip(order, (lifecycle.ACCEPTED, lifecycle.ROUTED), strict=True):
        with database.write() as tx:
            events.record(tx, submission, fact, actor="test", data={"deliveries": []})
        assert status_of(database, submission) == expected


def test_a_held_submission_is_not_routed_by_an_archive_that_finishes_late(database: Database) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_CHECKING, actor="validation")
        events.record(tx, submission, names.SUBMISSION_ACCEPTED, actor="validation")
        events.record(tx, submission, names.DELIVERIES_QUEUED, actor="routing", data={"deliveries": []})
        events.record(tx, submission, names.SUBMISSION_HELD, actor="routing")
        events.record(tx, submission, names.ARCHIVE_STORED, actor="archive")
    assert status_of(database, submission) == lifecycle.HELD


def test_an_accepted_version_goes_out_of_force_in_the_transaction_that_accepts_its_correction(database: Database) -> None:
    first = add_submission(database, reference="NM-2026-ABCDEF")
    with database.write() as tx:
        events.record(tx, first, names.SUBMISSION_CHECKING, actor="validation")
        events.record(tx, first, names.SUBMISSION_ACCEPTED, actor="validation", changes={"complete_at": "2026-01-01T00:00:00.000000Z"})
    second = add_submission(database, root=first, version=2, reference="NM-2026-ABCDEF")
    assert status_of(database, first) == lifecycle.ACCEPTED
    with database.write() as tx:
        events.record(tx, second, names.SUBMISSION_CHECKING, actor="validation")
        events.record(tx, second, names.SUBMISSION_ACCEPTED, actor="validation")
    assert status_of(database, first) == lifecycle.SUPERSEDED


def test_a_trace_goes_from_the_submission_into_its_events(database: Database) -> None:
    submission = add_submission(database, trace="0af7651916cd43dd8448eb211c80319c")
    with database.read() as tx:
        assert events.story_of(tx, submission)[0].trace == "0af7651916cd43dd8448eb211c80319c"


def test_a_submission_begins_with_its_first_event_unless_its_reference_is_taken(database: Database) -> None:
    taken = add_submission(database, reference="NM-2026-TAKEN2")
    with database.read() as tx:
        row = dict(tx.execute(select(submissions).where(submissions.c.id == taken)).mappings().one())
    story = ("id", "root", "status", "head_seq", "head_hash", "stored_at", "queued_at", "complete_at")
    new = {name: value for name, value in row.items() if name not in story} | {"id": "new", "root": "new"}
    with database.write() as tx:
        assert events.begin(tx, new, actor="test", data={}) is None
        begun = events.begin(tx, new | {"reference": "NM-2026-FREE23"}, actor="test", data={})
    assert begun is not None
    with database.read() as tx:
        stands = tx.execute(select(submissions).where(submissions.c.id == "new")).mappings().one()
        chain = events.story_of(tx, "new")
        waiting = tx.execute(select(jobs.c.handler, jobs.c.event).where(jobs.c.submission == "new")).all()
    assert {name: stands[name] for name in begun} == begun
    assert events.verify_chain(chain) is None
    assert [(event.type, event.hash) for event in chain] == [(names.SUBMISSION_RECEIVED, stands["head_hash"])]
    assert waiting == [(names.VALIDATION_CHECK, chain[0].id)]
