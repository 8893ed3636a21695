"""The loop: what is shown, when it is shown, and what becomes of it when something fails."""

import contextlib
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from coxswain.core.engine import Engine
from coxswain.journal.errors import JournalFailed
from coxswain.journal.store import Journal
from coxswain.messages.events import AccountStateChanged, OrderFilled, OutcomeUnknown
from coxswain.messages.inputs import EngineStarted, Input, StopEngine, SubmitSignal, VenueQuoted
from coxswain.messages.record import Record, decode
from coxswain.messages.requests import NewOrder, Request
from coxswain.model.control import StopLevel
from coxswain.model.market import Quote
from coxswain.model.vocabulary import JournalId, TradingState
from coxswain.runtime import loop
from coxswain.runtime.plugins import make_engine
from coxswain.venues.paper import PaperVenue
from tests.unit.runtime.desk import SHARE, START_NS, VENUE_OF, A, B, Desk, S, entry, paper, setup


def in_memory() -> Journal:
    return Journal.create(None, JournalId("loop0000loop0000"))


def test_no_record_is_shown_before_it_is_durable() -> None:
    journal = in_memory()
    durable: list[bool] = []
    desk = Desk(
        entry("in", 5), journal=journal, on_record=lambda record: durable.append(record.seq <= journal.head.seq)
    )
    desk.run()
    assert durable
    assert all(durable)


def test_everything_that_is_durable_was_shown_once_and_in_order() -> None:
    desk = Desk(entry("in", 5), entry("again", 40))
    desk.run()
    assert desk.seen == [decode(body) for _, body in desk.journal.read()]
    assert isinstance(desk.seen[-1].input, StopEngine)


def test_what_could_not_be_made_durable_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    journal, append = in_memory(), Journal.append

    def full(self: Journal, bodies: Sequence[bytes]) -> None:
        if self.head.seq > 10:
            raise JournalFailed(None, "the disk is full")
        append(self, bodies)

    monkeypatch.setattr(Journal, "append", full)
    desk = Desk(entry("in", 5), journal=journal)
    with pytest.raises(JournalFailed):
        desk.run()
    assert [record.seq for record in desk.seen] == list(range(1, journal.head.seq + 1))


def test_what_could_not_be_made_durable_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue is asked for nothing whose record is not in the journal, whenever that fails."""
    sent: list[str] = []
    append, send = Journal.append, PaperVenue.send

    def notes(self: PaperVenue, request: Request, now_ns: int) -> None:
        if isinstance(request, NewOrder):
            sent.append(request.cl_ord_id)
        send(self, request, now_ns)

    monkeypatch.setattr(PaperVenue, "send", notes)
    for works in range(40):
        sent.clear()
        journal, left = in_memory(), [works]

        def full(self: Journal, bodies: Sequence[bytes], left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise JournalFailed(None, "the disk is full")
            append(self, bodies)

        monkeypatch.setattr(Journal, "append", full)
        desk = Desk(entry("in", 5), journal=journal)
        with contextlib.suppress(JournalFailed):
            desk.run()
        records = [decode(body) for _, body in journal.read()]
        assert set(sent) <= {r.cl_ord_id for record in records for r in record.requests if isinstance(r, NewOrder)}
    assert sent


def test_a_step_that_fails_is_shown_with_all_before_it_once_they_are_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Engine.step

    def fails_on_a_signal(self: Engine, message: Input, now_ns: int) -> Record:
        record = step(self, message, now_ns)
        if isinstance(message, SubmitSignal):
            raise AssertionError("a bug of ours")
        return record

    monkeypatch.setattr(Engine, "step", fails_on_a_signal)
    desk = Desk(entry("in", 5))
    with pytest.raises(AssertionError, match="a bug of ours"):
        desk.run()
    assert desk.seen == [decode(body) for _, body in desk.journal.read()]
    assert desk.seen[-1].failed == "AssertionError: a bug of ours"


# --- asked to stop ----------------------------------------------------------------------------------------------------


def test_once_it_is_asked_to_stop_no_signal_is_taken_and_nothing_leaves_that_was_not_durable_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever record it is asked after. What is judged already stays judged, and is asked for at the next start."""
    sent: list[str] = []
    send = PaperVenue.send

    def notes(self: PaperVenue, request: Request, now_ns: int) -> None:
        if isinstance(request, NewOrder):
            sent.append(request.cl_ord_id)
        send(self, request, now_ns)

    monkeypatch.setattr(PaperVenue, "send", notes)
    signals = [entry(f"in-{at_s}", at_s) for at_s in range(5, 15)]
    whole = Desk(*signals, seconds=20)
    whole.run()
    for seq in range(1, len(whole.seen), 3):
        sent.clear()
        desk = Desk(*signals, seconds=20)
        durable: list[int] = []

        def asks(record: Record, seq: int = seq, desk: Desk = desk, durable: list[int] = durable) -> bool:
            if record.seq == seq:
                durable.append(desk.journal.head.seq)
            return record.seq == seq

        desk.run_until(asks)
        after = [record for record in desk.seen if record.seq > durable[0]]
        assert not any(isinstance(record.input, SubmitSignal) for record in after), f"asked after record {seq}"
        unsent = [r.cl_ord_id for record in after for r in record.requests if isinstance(r, NewOrder)]
        assert not set(unsent) & set(sent), f"asked after record {seq}"
        assert isinstance(desk.seen[-1].input, StopEngine)


# --- accounts that are not configured any more ------------------------------------------------------------------------


@pytest.mark.parametrize("traded", [False, True])
def test_nothing_is_asked_of_a_venue_for_an_account_that_is_not_configured(traded: bool) -> None:
    """The application refuses to leave out an account that traded; without it the loop must not fail either."""
    first = Desk(entry("in", 5)) if traded else Desk()
    first.run()
    engine = make_engine()
    for record in first.seen:
        engine.fold(record)
    second = Desk(engine=engine, journal=first.journal, setup=setup(A), now_ns=engine.state.now_ns)
    second.run()
    start = next(record for record in second.seen if isinstance(record.input, EngineStarted))
    states = [event for event in start.events if isinstance(event, AccountStateChanged) and event.account == B]
    assert [(event.cause, event.state) for event in states] == [("NOT_CONFIGURED", TradingState.HALTED)]
    assert {request.account for record in second.seen for request in record.requests} == {A}


def test_an_adapter_that_raises_halts_its_account_and_no_other() -> None:
    """It may have sent the order before it raised: that is a question, and the venue is asked."""
    broken = paper(VENUE_OF[A])
    send, asked = broken.send, list[Request]()

    def raises(request: Request, now_ns: int) -> None:
        asked.append(request)
        send(request, now_ns)
        if isinstance(request, NewOrder) and not request.reduce_only:
            raise KeyError("no such field in the reply")

    broken.send = raises  # type: ignore[method-assign]
    desk = Desk(entry("in", 5), venues=[broken, paper(VENUE_OF[B])])
    desk.run()
    states = desk.engine.state.accounts
    assert StopLevel.HALT in desk.engine.state.stops[f"ACCOUNT:{A}"]
    assert (states[A].state, states[B].state) == (TradingState.REDUCING, TradingState.ACTIVE)
    assert states[A].positions[SHARE].qty == states[B].positions[SHARE].qty == 10
    unknown = [event for record in desk.seen for event in record.events if isinstance(event, OutcomeUnknown)]
    assert [event.account for event in unknown] == [A]
    assert "KeyError" in unknown[0].reason
    assert sum(isinstance(request, NewOrder) and not request.reduce_only for request in asked) == 1


def test_a_venue_with_quotes_of_its_own_trades_by_them_and_the_core_sees_at_most_one_a_second() -> None:
    def feed() -> Iterator[Quote]:
        for tenth in range(400):
            at_ns = START_NS + tenth * S // 10
            yield Quote(SHARE, Decimal("100.00"), Decimal("100.02"), at_ns)
            yield Quote(SHARE, Decimal("99.90"), Decimal("99.91"), at_ns, venue=VENUE_OF[B])

    desk = Desk(entry("in", 5), feed=feed())
    desk.run()
    paid = {e.account: e.last_px for record in desk.seen for e in record.events if isinstance(e, OrderFilled)}
    assert paid == {A: Decimal("100.02"), B: Decimal("99.91")}
    shown = [record.now_ns for record in desk.seen if isinstance(record.input, VenueQuoted)]
    assert 40 <= len(shown) <= 45
    assert desk.engine.state.quotes[SHARE].ask == Decimal("100.02")


def test_a_trade_between_two_quotes_that_the_core_sees_comes_to_it_with_the_next_one_and_once() -> None:
    def feed() -> Iterator[Quote]:
        for tenth in range(40):
            traded = Decimal("100.01") if tenth == 3 else None
            yield Quote(SHARE, Decimal("100.00"), Decimal("100.02"), START_NS + tenth * S // 10, last=traded)

    desk = Desk(feed=feed())
    desk.run()
    trades = [record.input.last for record in desk.seen if isinstance(record.input, Quote)]
    assert trades == [None, Decimal("100.01"), None, None]
    assert desk.engine.state.last_px == {SHARE: Decimal("100.01")}


def test_quotes_that_are_taken_in_a_row_change_nothing_that_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal at a quote's very time, orders that fill, a stop and a limit that a quote reaches, and deadlines."""

    def feed() -> Iterator[Quote]:
        for number in range(2500):
            bid = Decimal("100.00") + number % 7 * Decimal("0.01") - (6 if number > 1500 else 0)
            yield Quote(SHARE, bid, bid + Decimal("0.02"), START_NS + number * S // 25)

    def bodies() -> list[bytes]:
        desk = Desk(entry("in", 5), entry("again", 40), feed=feed())
        desk.run()
        assert desk.loop.quotes_seen == 2500
        return [body for _, body in desk.journal.read()]

    in_a_row = bodies()
    assert sum(b"OrderFilled" in body for body in in_a_row) >= 6, "entries on two accounts, and their stops"
    monkeypatch.setattr(loop, "QUOTES_IN_A_ROW", 0)
    assert bodies() == in_a_row


def test_whoever_asks_for_an_end_between_two_quotes_has_it_before_the_next() -> None:
    def feed() -> Iterator[Quote]:
        for number in range(1000):
            if number == 111:  # one is read ahead
                desk.loop.ask_to_stop("enough")
            yield Quote(SHARE, Decimal("100.00"), Decimal("100.02"), START_NS + number * S // 1000)

    desk = Desk(feed=feed())
    desk.run()
    assert desk.loop.quotes_seen == 111
