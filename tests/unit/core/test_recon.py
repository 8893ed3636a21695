"""Reconciliation: what is adopted, what is booked, what is a break, and when an account is trusted again."""

import msgspec
import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import CompareAccounts, EngineStarted
from coxswain.messages.requests import QueryAccount
from coxswain.model.orders import VenueFill, VenuePosition
from coxswain.model.vocabulary import ClOrdId, ExecId, JournalId, OrdStatus, Symbol, TradingState
from tests.unit.core.desk import BUY, EURUSD, MS, SHARE, A, D, Desk, S, as_venue_order, kinds, only

SYNC, QUERY = 60 * S, 10 * S


def compared(desk: Desk) -> None:
    """Ask for the books and let a moment pass, so that what the venue says now is an answer."""
    desk.step(CompareAccounts("asked"))


def test_the_first_look_adopts_the_balance_and_no_history() -> None:
    """Found by reading: fills of another journal's orders were booked on top of a balance that held them already."""
    desk = Desk(begin=False)
    desk.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, desk.setup))
    old = VenueFill(ClOrdId("old-1"), ExecId("e1"), SHARE, BUY, D(5), D(90), D(0), desk.now_ns - S)
    desk.books(balance=D(70_000), fills=(old,))
    assert (desk.account().balance, desk.account().positions) == (D(70_000), {})
    assert desk.account().state is TradingState.ACTIVE
    desk.wait(S)
    compared(desk)
    assert desk.requests(QueryAccount)[-1].fills_since_ns == desk.now_ns - S


def test_a_fill_that_only_the_books_know_is_booked_and_protected() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    compared(desk)
    fill = desk.venue_fill(entry, 10)
    desk.books(balance=desk.account().balance, positions=(VenuePosition(SHARE, D(10)),), orders=(), fills=(fill,))
    assert (desk.order(entry).phase, desk.stop_of().order_qty) == (Phase.DONE, D(10))
    assert desk.events(ev.Reconciled)[-1].fills_booked == 1
    assert desk.events(ev.BreakFound) == []


def test_fills_are_asked_for_from_the_moment_the_last_books_were_taken() -> None:
    """Found by reading: what filled between the venue's answer and its arrival was never asked for again."""
    desk = Desk()
    desk.hold(10)
    compared(desk)
    taken_ns = desk.now_ns
    desk.wait(S)
    desk.books(as_of_ns=taken_ns)
    compared(desk)
    assert desk.requests(QueryAccount)[-1].fills_since_ns == taken_ns


@pytest.mark.parametrize(
    ("theirs", "kind"), [(0, "MISSING_AT_VENUE"), (7, "QUANTITY_DIFFERS"), (-10, "QUANTITY_DIFFERS")]
)
def test_a_position_that_differs_is_a_break_until_it_agrees(theirs: int, kind: str) -> None:
    desk = Desk()
    desk.hold(10)
    positions = (VenuePosition(SHARE, D(theirs)),) if theirs else ()
    for _ in range(2):
        compared(desk)
        desk.books(positions=positions)
    found = only(desk.events(ev.BreakFound))
    assert (found.kind, found.ours, found.theirs, found.severity) == (kind, D(10), D(theirs), "high")
    assert desk.account().state is TradingState.REDUCING
    assert set(desk.account().causes) == {"BREAK"}
    desk.wait(QUERY)  # compared again when the time of the last question is up
    desk.books()
    assert only(desk.events(ev.BreakClosed)).break_id == found.break_id
    assert desk.account().state is TradingState.ACTIVE


@pytest.mark.parametrize("symbol", [EURUSD, Symbol("NEVER")])
def test_a_position_that_we_do_not_know_is_a_break(symbol: Symbol) -> None:
    desk = Desk()
    compared(desk)
    desk.books(positions=(VenuePosition(symbol, D(3)),))
    found = only(desk.events(ev.BreakFound))
    assert (found.kind, found.symbol, found.ours) == ("UNKNOWN_TO_US", symbol, D(0))
    assert desk.folded().engine.digest() == desk.engine.digest()
    desk.wait(QUERY)
    desk.books()
    assert desk.account().breaks == {}


def test_an_order_that_we_do_not_know_is_a_break() -> None:
    desk = Desk()
    desk.hold(10)
    strange = msgspec.structs.replace(as_venue_order(desk.stop_of()), cl_ord_id=ClOrdId("strange"))
    compared(desk)
    desk.books(orders=(as_venue_order(desk.stop_of()), strange))
    assert only(desk.events(ev.BreakFound)).kind == "ORDER_UNKNOWN_TO_US"


def test_a_balance_that_differs_is_a_break_of_its_own() -> None:
    desk = Desk()
    compared(desk)
    desk.books(balance=D("99999.99"))
    found = only(desk.events(ev.BreakFound))
    assert (found.kind, found.severity, found.theirs) == ("BALANCE_DIFFERS", "medium", D("99999.99"))
    assert desk.account().balance == D(100_000)  # never overwritten


def test_an_answer_to_an_older_question_does_not_restore_trust() -> None:
    """Found by reading: books from before the trouble said that all was well."""
    desk = Desk()
    compared(desk)
    before_ns = desk.now_ns
    desk.wait(S)
    desk.fill(ClOrdId("somebody's"), 4)
    assert desk.account().state is TradingState.REDUCING
    desk.books(positions=(), as_of_ns=before_ns)
    assert desk.events(ev.BreakFound) == []
    assert desk.account().state is TradingState.REDUCING
    desk.books()
    assert desk.account().state is TradingState.ACTIVE


def test_a_fill_in_old_books_is_booked_all_the_same() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    compared(desk)
    before_ns = desk.now_ns
    desk.wait(S)
    compared(desk)
    desk.books(fills=(desk.venue_fill(entry, 10),), as_of_ns=before_ns)
    assert desk.position().qty == D(10)


@pytest.mark.parametrize("change", [{"last_qty": D("NaN")}, {"last_px": D(0)}, {"symbol": Symbol("NEVER")}])
def test_books_with_a_fill_that_cannot_be_are_not_believed(change: dict[str, object]) -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    compared(desk)
    record = desk.books(fills=(msgspec.structs.replace(desk.venue_fill(entry, 10), **change),))
    assert kinds(record) == ["ReportQuarantined", "AccountStateChanged"]
    assert record.requests == ()  # asked again when it is time: at once would be for ever
    desk.wait(QUERY)
    desk.books()
    assert desk.account().state is TradingState.ACTIVE


def test_an_order_that_left_the_books_is_asked_for_once() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    compared(desk)
    record = desk.books(orders=())
    assert kinds(record)[0] == "QuestionAsked"
    compared(desk)
    assert "QuestionAsked" not in kinds(desk.books(orders=()))
    desk.look(stop.cl_ord_id, OrdStatus.CANCELED)
    assert stop.ended_as is OrdStatus.CANCELED


def test_accounts_with_something_open_are_compared_every_minute_and_idle_ones_are_not() -> None:
    desk = Desk()
    desk.wait(10 * SYNC)
    assert len(desk.requests(QueryAccount)) == 1
    desk.quote(SHARE, "100.00", "100.02")
    desk.hold(10)
    desk.wait(SYNC)
    assert len(desk.requests(QueryAccount)) == 2
    desk.books()
    desk.wait(SYNC)
    assert len(desk.requests(QueryAccount)) == 3


def test_books_that_do_not_come_are_asked_for_again() -> None:
    desk = Desk()
    compared(desk)
    asked = len(desk.requests(QueryAccount))
    desk.wait(5 * QUERY)
    assert len(desk.requests(QueryAccount)) == asked + 5


def test_an_answer_without_a_time_is_taken_for_one_to_the_last_question() -> None:
    desk = Desk()
    desk.hold(10)
    compared(desk)
    asked_ns = desk.now_ns
    desk.wait(MS)
    desk.books(as_of_ns=0)
    assert desk.events(ev.Reconciled)[-1].as_of_ns == asked_ns


def test_books_of_an_account_that_is_not_ours_say_nothing() -> None:
    desk = Desk()
    record = desk.step(msgspec.structs.replace(desk.records[2].input, account="Z"))
    assert kinds(record) == []
    assert A in desk.engine.state.accounts


def test_books_from_before_the_last_agreement_say_nothing() -> None:
    """Found by the simulator: an older answer that came last opened a break that nothing looked at again."""
    desk = Desk()
    desk.hold(10)
    compared(desk)
    asked_ns = desk.now_ns
    desk.wait(S)
    desk.books()
    record = desk.books(positions=(), as_of_ns=asked_ns)
    assert kinds(record) == []


def test_books_from_before_a_fill_that_we_know_say_nothing() -> None:
    """Found by the simulator: books that were on the way while an order filled opened a break for a moment."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    compared(desk)
    asked_ns = desk.now_ns
    desk.wait(MS)
    desk.fill(entry, 10)
    assert kinds(desk.books(positions=(), as_of_ns=asked_ns)) == []
    desk.wait(QUERY)
    desk.books()
    assert desk.events(ev.Reconciled)[-1].positions == 1


def test_a_break_is_looked_at_again_even_on_an_account_with_nothing_open() -> None:
    desk = Desk()
    compared(desk)
    desk.books(balance=D(99_999))
    for _ in range(3):
        asked = len(desk.requests(QueryAccount))
        desk.wait(SYNC)
        assert len(desk.requests(QueryAccount)) > asked
