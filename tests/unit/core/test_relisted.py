"""Fills that were told of in the wrong place: the venue's books list them right, under the same exec_id."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import AccountLookedUp
from coxswain.messages.requests import QueryOrder
from coxswain.model.orders import VenueFill, VenuePosition
from coxswain.model.vocabulary import ClOrdId, ExecId, ExecType, OrdStatus
from coxswain.views.sentences import sentence
from tests.unit.core.desk import BUY, EURUSD, SELL, SHARE, A, D, Desk, S, only

E1 = ExecId("e1")


def told_wrong(desk: Desk, qty: int = 10, **wrong: Any) -> tuple[ClOrdId, VenueFill]:
    """Have an entry of ten filled, told of in the wrong place; return it and the fill as the venue's books have it."""
    entry = desk.enter(10)
    desk.accept(entry)
    listed = desk.venue_fill(entry, qty, exec_id=E1)
    told = {"exec_id": E1, "transact_time_ns": listed.transact_time_ns, "cum_qty": qty, **wrong}
    desk.report(told.pop("as_of", entry), ExecType.TRADE, last_qty=qty, last_px="100.02", **told)
    return entry, listed


WRONG = {
    "symbol": {"symbol": EURUSD},
    "side": {"side": SELL},
    "order": {"as_of": ClOrdId("nobody's"), "account": A},
}
wrongly = pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))


@wrongly
def test_a_fill_that_a_look_up_lists_elsewhere_is_moved_there(wrong: dict[str, Any]) -> None:
    """Found by worlds: it counted as known, so the order stayed short, and was asked for every few seconds for ever."""
    desk = Desk()
    entry, listed = told_wrong(desk, **wrong)
    assert desk.order(entry).cum_qty == D(0)
    desk.wait(S)
    desk.look(entry, OrdStatus.FILLED, fills=(listed,))
    order = desk.order(entry)
    assert (order.cum_qty, order.phase, order.outcome_known) == (D(10), Phase.DONE, True)
    assert (desk.position().qty, desk.position().cost) == (D(10), D("1000.2"))
    assert EURUSD not in desk.account().positions or desk.position(EURUSD).qty == D(0)
    assert desk.stop_of().order_qty == D(10)
    assert [event.kind for event in desk.events(ev.IncidentRaised)][-1] == "FILL_MOVED"


@wrongly
def test_a_fill_that_the_books_of_the_account_list_elsewhere_is_moved_there(wrong: dict[str, Any]) -> None:
    desk = Desk()
    entry, listed = told_wrong(desk, **wrong)
    desk.wait(S)
    balance = desk.balance
    desk.books(balance=balance, fills=(listed,), positions=(VenuePosition(SHARE, D(10)),))
    desk.books(balance=balance, fills=(listed,), positions=(VenuePosition(SHARE, D(10)),))
    assert desk.order(entry).cum_qty == desk.position().qty == D(10)
    assert desk.account().breaks == {}
    assert not {"BREAK", "UNRECONCILED"} & desk.account().causes.keys()


def test_a_fill_of_another_order_of_the_same_kind_is_moved_to_its_own() -> None:
    desk = Desk()
    entry, listed = told_wrong(desk)
    desk.accept(desk.stop_of().cl_ord_id)
    other = desk.enter(10, id="other")
    desk.accept(other)
    desk.wait(S)
    theirs = VenueFill(other, E1, SHARE, listed.side, D(10), D("100.02"), D(0), listed.transact_time_ns)
    desk.look(other, OrdStatus.FILLED, fills=(theirs,), cum_qty=10)
    assert (desk.order(entry).cum_qty, desk.order(other).cum_qty) == (D(0), D(10))
    assert desk.position().qty == D(10)


def test_money_and_position_are_as_if_it_had_been_told_right() -> None:
    right, wrong = Desk(), Desk()
    for desk in (right, wrong):
        desk.hold(10, symbol=SHARE)
        desk.direct(side=SELL, qty=4, name="out")
        desk.accept(desk.sent())
    listed = {desk: desk.venue_fill(desk.sent(), 4, "101.00", E1) for desk in (right, wrong)}
    right.fill(right.sent(), 4, "101.00", exec_id=E1)
    wrong.fill(wrong.sent(), 4, "101.00", exec_id=E1, symbol=EURUSD)
    wrong.wait(S)
    wrong.look(wrong.sent(), OrdStatus.FILLED, fills=(listed[wrong],))
    assert wrong.account().balance == right.account().balance
    assert wrong.position().qty == right.position().qty == D(6)
    assert wrong.position().cost == right.position().cost
    assert wrong.account().day_realized == right.account().day_realized


def test_a_fill_is_moved_once_and_a_report_moves_nothing_back() -> None:
    desk = Desk()
    entry, listed = told_wrong(desk, symbol=EURUSD)
    desk.wait(S)
    desk.look(entry, OrdStatus.FILLED, fills=(listed,))
    told = len(desk.events(ev.OrderFilled))
    desk.look(entry, OrdStatus.FILLED, fills=(listed,))
    desk.fill(entry, 10, exec_id=E1, symbol=EURUSD)
    desk.fill(entry, 10, exec_id=E1)
    assert len(desk.events(ev.OrderFilled)) == told
    assert only(desk.events(ev.FillBusted)).exec_ref_id == E1


def test_a_fill_that_fits_its_order_is_not_moved_to_where_it_fits_none() -> None:
    desk = Desk()
    entry, listed = told_wrong(desk)
    desk.wait(S)
    elsewhere = VenueFill(entry, E1, EURUSD, listed.side, D(10), D("100.02"), D(0), listed.transact_time_ns)
    desk.look(entry, OrdStatus.FILLED, fills=(elsewhere,), cum_qty=10)
    assert desk.events(ev.FillBusted) == []
    assert desk.order(entry).cum_qty == D(10)


def test_a_fill_that_was_taken_back_is_not_moved() -> None:
    desk = Desk()
    entry, listed = told_wrong(desk, symbol=EURUSD)
    bust = {"exec_id": ExecId("h1"), "exec_ref_id": E1, "symbol": EURUSD}
    desk.report(entry, ExecType.TRADE_CANCEL, **bust)
    desk.wait(S)
    desk.look(entry, OrdStatus.NEW, fills=(listed,), cum_qty=0)
    assert desk.order(entry).cum_qty == D(0)
    assert only(desk.events(ev.FillBusted)).exec_id == "h1"


def test_a_bust_after_the_move_takes_it_back_where_it_stands_now() -> None:
    desk = Desk()
    entry, listed = told_wrong(desk, symbol=EURUSD)
    desk.wait(S)
    desk.look(entry, OrdStatus.FILLED, fills=(listed,))
    desk.wait(S)
    desk.report(entry, ExecType.TRADE_CANCEL, exec_id=ExecId("h1"), exec_ref_id=E1)
    assert (desk.position().qty, desk.order(entry).cum_qty) == (D(0), D(0))


def test_a_move_is_remembered_over_a_restart_and_told_in_a_sentence() -> None:
    desk = Desk()
    entry, listed = told_wrong(desk, symbol=EURUSD)
    desk.wait(S)
    desk.look(entry, OrdStatus.FILLED, fills=(listed,))
    assert desk.folded().engine.digest() == desk.engine.digest()
    moved = only(desk.events(ev.FillBusted))
    assert f"it is BUY SHARE of {entry}, by the venue's books" in sentence(moved)
    booked = len(desk.events(ev.OrderFilled))
    again = desk.restarted()
    again.wait(S)
    again.look(entry, OrdStatus.FILLED, fills=(listed,))
    assert len(again.events(ev.OrderFilled)) == booked


def test_an_answer_of_an_idle_account_that_lists_a_fill_elsewhere_is_not_taken_for_known() -> None:
    desk = Desk()
    stranger = ClOrdId("by hand")
    for name, side in (("e1", BUY), ("e2", SELL)):
        desk.fill(stranger, 1, exec_id=ExecId(name), side=side, account=A)
    desk.wait(S)
    desk.books()
    balance = desk.account().balance
    assert balance is not None
    told = VenueFill(stranger, E1, SHARE, BUY, D(1), D("100.02"), D(0), desk.now_ns - S)
    elsewhere = msgspec.structs.replace(told, symbol=EURUSD)
    assert desk.engine.is_known(AccountLookedUp(A, balance, (), (), (told,), desk.now_ns))
    assert not desk.engine.is_known(AccountLookedUp(A, balance, (), (), (elsewhere,), desk.now_ns))


# --- a question that nobody answers -----------------------------------------------------------------------------------


def test_a_question_that_finds_no_end_is_asked_less_and_less_often_and_never_not_at_all() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.cancel(entry, cum_qty=4)  # whose fill no look-up ever lists
    asked_ns = []
    for _ in range(14):
        asked = len(desk.requests(QueryOrder))
        desk.look(entry, OrdStatus.CANCELED, cum_qty=4)
        while len(desk.requests(QueryOrder)) == asked:
            desk.wait(S)
        asked_ns.append(desk.now_ns)
    gaps = [(later - earlier) // S for earlier, later in pairwise(asked_ns)]
    assert gaps[:4] == [10, 10, 10, 10]
    assert gaps[-3:] == [60, 60, 60]
    assert gaps == sorted(gaps)
