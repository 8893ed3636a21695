"""Real time: the same loop, as fast as the world. What is asserted is the order of records, hardly ever the clock."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import pytest

from coxswain.messages.inputs import CompareAccounts, StopEngine
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import NewOrder, Request
from coxswain.model.market import Quote
from coxswain.runtime import pace as pace_module
from coxswain.runtime.doors import Asked, Doors
from coxswain.runtime.pace import STOOD_STILL_NS, AtOnce, RealTime
from coxswain.runtime.signals import SignalStream
from coxswain.venues.paper import PaperVenue
from tests.unit.runtime.desk import SHARE, START_NS, Desk, S, entry

MS = 1_000_000


class Clock:
    """A monotonic clock that is moved by hand; waiting moves it, and a nap of the process does too."""

    def __init__(self) -> None:
        self.ns = 5 * S

    def clock_gettime_ns(self, clock: int) -> int:
        return self.ns

    def wait(self, seconds: float | None) -> None:
        assert seconds is not None
        self.ns += round(seconds * S)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace_module, "time", clock)
    return clock


def test_time_passes_as_it_does_outside_and_stops_at_what_is_due(clock: Clock) -> None:
    pace = RealTime()
    pace.begin(START_NS)
    assert pace.go(START_NS, START_NS + 3 * S, clock.wait) == START_NS + 3 * S
    assert clock.ns == 8 * S


def test_what_is_due_already_is_taken_at_the_time_it_was_due(clock: Clock) -> None:
    pace = RealTime()
    pace.begin(START_NS)
    clock.ns += 40 * MS
    assert pace.go(START_NS, START_NS + 15 * MS, clock.wait) == START_NS + 15 * MS
    assert pace.caught_up(START_NS + 15 * MS) == START_NS + 15 * MS


def test_a_process_that_stood_still_goes_on_at_the_time_that_it_is(clock: Clock) -> None:
    pace = RealTime()
    pace.begin(START_NS)
    clock.ns += STOOD_STILL_NS
    assert pace.caught_up(START_NS) == START_NS, "just not too late"
    clock.ns += 1
    assert pace.caught_up(START_NS) == START_NS + STOOD_STILL_NS + 1
    assert pace.lag_ns(START_NS) == STOOD_STILL_NS + 1


def test_a_wait_that_ends_early_moves_time_no_further_than_the_clock(clock: Clock) -> None:
    pace = RealTime()
    pace.begin(START_NS)

    def somebody_comes(seconds: float | None) -> None:
        clock.ns += 7 * MS

    assert pace.go(START_NS, START_NS + S, somebody_comes) == START_NS + 7 * MS
    assert pace.go(START_NS + 7 * MS, None, somebody_comes) == START_NS + 14 * MS


# --- the loop ---------------------------------------------------------------------------------------------------------


def fast_quotes(count: int, every_ns: int) -> Iterator[Quote]:
    for number in range(count):
        bid, ask = ("100.00", "100.02")
        yield Quote(SHARE, Decimal(bid), Decimal(ask), START_NS + number * every_ns)


def test_a_feed_is_paced_one_to_one_and_gives_the_records_of_virtual_time() -> None:
    runs = []
    for pace in (AtOnce(), RealTime()):
        desk = Desk(entry("in", 0), feed=fast_quotes(22, 50 * MS), pace=pace)
        began = time.monotonic()
        desk.run_until(lambda record: record.now_ns >= START_NS + S)
        first_second = [record for record in desk.seen if record.now_ns < START_NS + S]
        runs.append((time.monotonic() - began, first_second))
    (_, at_once), (took_s, in_time) = runs
    assert in_time == at_once
    assert took_s >= 1.0, "the second quote that is stepped is a second after the first"


def test_an_engine_without_quotes_runs_until_it_is_stopped_and_can_be_asked_at_its_doors() -> None:
    answers: list[Record] = []
    door = OneCommand(answers.append)
    desk = Desk(feed=iter(()), pace=RealTime(), doors=Doors([door]))
    stopper = threading.Timer(0.3, lambda: desk.loop.ask_to_stop("the test"))
    stopper.start()
    desk.run()
    assert [record.input for record in answers] == [CompareAccounts("asked")]
    assert isinstance(desk.seen[-1].input, StopEngine)
    assert answers[0].seq <= desk.journal.head.seq
    times = [record.now_ns for record in desk.seen]
    assert times == sorted(times)


def test_an_order_that_was_judged_before_the_process_stood_still_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes 70 s, or somebody stops the process while its record is written."""
    late = RealTime()
    desk = Desk(entry("in", 0), feed=fast_quotes(3, 50 * MS), pace=late)
    sent: list[Request] = []
    send = PaperVenue.send

    def noted(self: PaperVenue, request: Request, now_ns: int) -> None:
        sent.append(request)
        send(self, request, now_ns)

    monkeypatch.setattr(PaperVenue, "send", noted)
    append = desk.journal.append

    def slow(bodies: Sequence[bytes]) -> None:
        append(bodies)
        if any(b'"type":"NewOrder"' in body for body in bodies):
            late.begin(START_NS + 70 * S)

    monkeypatch.setattr(desk.journal, "append", slow)
    desk.run_until(lambda record: b"stood still" in encode(record))
    assert not [request for request in sent if isinstance(request, NewOrder)]
    asked = [request for record in desk.seen for request in record.requests if isinstance(request, NewOrder)]
    assert asked, "it was approved, and durable"


def test_a_line_that_is_still_to_come_holds_virtual_time_and_no_command() -> None:
    read, write = os.pipe()
    answers: list[Record] = []
    with os.fdopen(read, "rb") as stream:
        desk = Desk(signals=SignalStream(stream, 300), doors=Doors([OneCommand(answers.append)]))
        ender = threading.Timer(0.2, lambda: os.close(write))
        ender.start()
        desk.run()
    assert [record.now_ns for record in answers] == [START_NS]
    assert desk.loop.quotes_seen == 120


class OneCommand:
    """A door at which one command waits."""

    def __init__(self, reply: Callable[[Record], None]) -> None:
        self._waiting = [Asked(CompareAccounts("asked"), reply)]

    def filenos(self) -> tuple[int, ...]:
        return ()

    def take(self, now_ns: int) -> list[Asked]:
        taken, self._waiting = self._waiting, []
        return taken

    def on_record(self, record: Record) -> None:
        pass

    def close(self) -> None:
        pass
