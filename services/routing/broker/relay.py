"""The relay: has published what stands in the outbox, each agency's messages in their order (``line.py``).

A message leaves the outbox only after the broker's confirmation; whatever is unsure (a lost connection, a killed process) is sent again. One thread keeps the
books for all agencies: it reads what waits for any, and writes down together what the broker has confirmed meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from prometheus_client import Counter

from services.routing import outbox
from services.routing.broker.definitions import WORK, agencies_of
from services.routing.broker.line import STOP_SECONDS, Line, Sent
from services.shared import identifiers, metrics, notices, spans, telemetry, timestamps
from services.shared.context import Context
from services.shared.faults import tell

BATCH: Final = 100
# Word comes with each commit; this is what one that was lost costs at most.
POLL_SECONDS: Final = 1.0
# What a relay that is killed costs its agencies at most, and a fifth more: the one that stands by asks so often.
LEASE_SECONDS: Final = 6.0

PUBLISHED: Final = Counter("mottak_published_total", "Messages that the broker confirmed", ["agency"])
log = telemetry.logger("relay")


def run_relay(context: Context, stop: threading.Event) -> None:
    """Publish until told to stop. Several may run: for each agency one at a time does the work, the others stand by.

    Raises ValueError when the settings name no broker.
    """
    if context.settings.broker_url is None:
        raise ValueError("no broker is set")
    nudged = threading.Event()
    lines = {agency: Line(context.settings.broker_url, agency, nudged.set) for agency in agencies_of(context.actors)}
    books = _Books(context, lines)
    threads = [threading.Thread(target=line.run, name=f"relay-{agency}", daemon=True) for agency, line in lines.items()]
    for thread in threads:
        thread.start()

    def heard() -> None:
        books.word.set()
        nudged.set()

    until_deaf = notices.listen(context.database, outbox.RELAY, heard, stop)
    while not stop.is_set():
        try:
            books.write_down()
            books.hand_out()
        except Exception as fault:  # noqa: BLE001 - told, and tried again
            tell(log, "books_away", fault)
            stop.wait(1.0)
        nudged.wait(POLL_SECONDS)
        nudged.clear()
    for line in lines.values():
        line.stop()
    for thread in threads:
        thread.join(STOP_SECONDS)
    books.write_down()
    books.give_up()
    until_deaf()


class _Books:
    """What is read and written for the lines, all in the relay's main thread."""

    def __init__(self, context: Context, lines: Mapping[str, Line]) -> None:
        self._context, self._lines = context, lines
        self._holder = identifiers.new_token()
        # Until when we are the one relay of an agency, and before when there is no use in asking (``time.monotonic``).
        self._held_until: defaultdict[str, float] = defaultdict(float)
        self._not_before: defaultdict[str, float] = defaultdict(float)
        # Set when something new waits. Agencies that were not looked at since then, and when all are, whatever was heard (a line may have lost what it was given).
        self.word = threading.Event()
        self._unread: set[str] = set()
        self._all_again_at = 0.0

    def write_down(self) -> None:
        """Write down what the broker has. What cannot be written down is tried again; once lost, it is sent again, which does no harm."""
        found = {agency: confirmed for agency, line in self._lines.items() if (confirmed := line.confirmed())}
        if not found:
            return
        with self._context.database.write() as tx:
            outbox.confirmed(tx, [sent.id for confirmed in found.values() for sent in confirmed])
        for agency, confirmed in found.items():
            self._lines[agency].written(confirmed)
            PUBLISHED.labels(agency=agency).inc(len(confirmed))
            for sent in confirmed:
                _tell(agency, sent)

    def hand_out(self) -> None:
        """Give each line that has room its next batch, if we are the one to publish for its agency."""
        if self.word.is_set() or time.monotonic() >= self._all_again_at:
            self.word.clear()
            self._unread, self._all_again_at = set(self._lines), time.monotonic() + POLL_SECONDS
        ready = [agency for agency in sorted(self._unread) if self._lines[agency].is_ready()]
        for agency in self._unread.difference(ready):
            self._lines[agency].look()
        found = self._read(ready)
        if found and self._hold(found):
            found = self._read(list(found))  # another relay may have published some of it until now
        self._unread.difference_update(ready)
        for agency, messages in found.items():
            if time.monotonic() < self._held_until[agency]:
                batch = _until_seen_again(messages)
                self._lines[agency].send(batch)
                if len(messages) == BATCH or len(batch) < len(messages):  # there is more, to be sent when this has been confirmed
                    self._unread.add(agency)

    def give_up(self) -> None:
        """Let another relay go on at once."""
        with self._context.database.write() as tx:
            outbox.give_up(tx, self._holder)

    def _read(self, agencies: Sequence[str]) -> dict[str, list[Mapping[Any, Any]]]:
        """The oldest messages that wait, by agency."""
        if not agencies:
            return {}
        with self._context.database.read() as tx:
            messages = outbox.batch(tx, agencies, BATCH)
            if len(messages) == BATCH:  # one for whom much waits must not hold up the others
                messages = [message for agency in agencies for message in outbox.batch(tx, [agency], BATCH)]
        found: dict[str, list[Mapping[Any, Any]]] = {}
        for message in messages:
            found.setdefault(message["agency"], []).append(message)
        return found

    def _hold(self, agencies: Collection[str]) -> bool:
        """Be, or stay, the one relay of agencies, renewed well before it ends. Whether we are that anew of any; who is not asks again only now and then."""
        now = time.monotonic()
        asked = sorted(agency for agency in agencies if now >= max(self._held_until[agency] - LEASE_SECONDS / 2, self._not_before[agency]))
        if not asked:
            return False
        with self._context.database.write() as tx:
            held = {agency for agency in asked if outbox.hold(tx, agency, self._holder, LEASE_SECONDS)}
        for agency in asked:
            self._held_until[agency], self._not_before[agency] = (now + LEASE_SECONDS, 0.0) if agency in held else (0.0, now + LEASE_SECONDS / 5)
        return bool(held)


def _until_seen_again(messages: Sequence[Mapping[Any, Any]]) -> list[Mapping[Any, Any]]:
    """What takes work back is never on its way together with the work: their order must not depend on which of them is sent again."""
    seen: dict[str, Mapping[Any, Any]] = {}
    for message in messages:
        if message["delivery"] in seen:
            break
        seen[message["delivery"]] = message
    return list(seen.values())


def _tell(agency: str, sent: Sent) -> None:
    about = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": WORK,
        "mottak.agency": agency,
        "messaging.message.id": sent.id,
    }
    spans.record(f"publish {WORK}", "producer", parent=sent.trace, began=sent.began, attributes=about)
    metrics.STEP_SECONDS.labels(step="routing.publish").observe(max(0.0, timestamps.seconds_between(sent.written, timestamps.now())))
