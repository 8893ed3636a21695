"""What an answer of the venue proves depends on when it was true: before the last sign of life, or after the end."""

from collections.abc import Callable

import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import CompareAccounts
from coxswain.messages.requests import CancelOrder, QueryAccount, QueryOrder
from coxswain.model.vocabulary import ClOrdId, ExecType, OrdStatus, TradingState, VenueTier
from tests.unit.core.desk import A, D, Desk, S, as_venue_order, only, setup

SETTLE = 2 * S
SUBMIT = 5 * S


# --- an order that is not found ---------------------------------------------------------------------------------------


def asked_about(desk: Desk) -> tuple[ClOrdId, int]:
    """Have an entry asked for that nothing was heard of; return its id, and when it was asked for."""
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.wait(SUBMIT)
    asked_ns = desk.now_ns
    desk.wait(S)
    return entry, asked_ns


def accepted(desk: Desk, entry: ClOrdId) -> None:
    desk.accept(entry)


def filled_in_part(desk: Desk, entry: ClOrdId) -> None:
    desk.fill(entry, 4, "99.90")


def restated(desk: Desk, entry: ClOrdId) -> None:
    desk.report(entry, ExecType.RESTATED, order_qty=8)


def found(desk: Desk, entry: ClOrdId) -> None:
    desk.look(entry, OrdStatus.NEW)


@pytest.mark.parametrize("heard", [accepted, filled_in_part, restated, found])
@pytest.mark.parametrize("later_ns", [-S, 0])
def test_a_look_from_before_the_last_sign_of_life_is_none_of_the_two(
    heard: Callable[[Desk, ClOrdId], None], later_ns: int
) -> None:
    """Found by worlds: a look that had left before the acknowledgement counted, and one more made the order absent."""
    desk = Desk()
    entry, _ = asked_about(desk)
    heard(desk, entry)
    heard_ns = desk.now_ns
    desk.look(entry, as_of_ns=heard_ns + later_ns)
    assert desk.order(entry).looks == 0
    desk.wait(SETTLE)
    desk.look(entry)
    assert desk.order(entry).phase is Phase.WORKING, "one look is no proof"
    assert desk.events(ev.BreakFound) == []


def test_a_look_from_right_after_the_last_sign_of_life_is_one_of_the_two() -> None:
    desk = Desk()
    entry, _ = asked_about(desk)
    desk.accept(entry)
    desk.look(entry, as_of_ns=desk.now_ns + 1)
    desk.wait(SETTLE + 1)
    desk.look(entry)
    assert only(desk.events(ev.BreakFound)).kind == "ORDER_MISSING_AT_VENUE"


def test_a_look_from_before_the_acknowledgement_makes_no_break_of_a_position_that_has_moved_on() -> None:
    """The fill was booked meanwhile, so the position of that look does not agree: it is older, nothing else."""
    desk = Desk()
    entry, asked_ns = asked_about(desk)
    desk.fill(entry, 4, "99.90")
    desk.look(entry, held=0, as_of_ns=asked_ns)
    assert desk.events(ev.BreakFound) == []


def test_a_look_from_before_the_end_leaves_the_question_open_how_much_was_filled() -> None:
    desk = Desk()
    entry, asked_ns = asked_about(desk)
    desk.cancel(entry, cum_qty=4)
    assert not desk.order(entry).outcome_known
    desk.look(entry, as_of_ns=asked_ns)
    assert not desk.order(entry).outcome_known
    desk.look(entry, OrdStatus.CANCELED, fills=(desk.venue_fill(entry, 4, "99.90"),))
    assert (desk.order(entry).outcome_known, desk.position().qty) == (True, D(4))


def test_a_look_from_before_an_order_was_sent_again_says_nothing_about_the_second_time() -> None:
    desk = Desk()
    entry, asked_ns = asked_about(desk)
    desk.look(entry, as_of_ns=asked_ns)
    desk.wait(SETTLE)
    desk.look(entry)
    assert only(desk.events(ev.OrderResent)).cl_ord_id == entry
    desk.look(entry, as_of_ns=asked_ns + S)
    assert desk.order(entry).looks == 0


def test_an_answer_without_a_time_is_as_old_as_the_question() -> None:
    """Where the venue does not say when its books were so, they may be as old as the question is."""
    desk = Desk()
    entry, _ = asked_about(desk)
    desk.accept(entry)
    desk.look(entry, as_of_ns=0)
    assert desk.order(entry).looks == 0


def test_a_question_that_an_old_answer_left_open_is_asked_again() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.wait(SUBMIT)
    desk.fill(entry, 4)
    asked_ns = desk.now_ns
    desk.cancel(entry, cum_qty=7)
    desk.look(entry, as_of_ns=asked_ns)
    asked = desk.requests(QueryOrder)
    assert [request.cl_ord_id for request in asked].count(entry) == 2
    desk.wait(10 * S)
    assert [request.cl_ord_id for request in desk.requests(QueryOrder)].count(entry) == 3


# --- an order that works after its end --------------------------------------------------------------------------------


def lost_stop(desk: Desk) -> ClOrdId:
    """Hold a position whose stop the venue does not find once; a second look will declare it over."""
    desk.hold(10)
    stop = desk.stop_of().cl_ord_id
    desk.wait(60 * S)
    desk.books(orders=())
    desk.look(stop)
    desk.wait(SETTLE)
    return stop


@pytest.mark.parametrize("asked_in", ["the record of the end", "a later record"])
def test_an_order_that_ended_at_the_instant_of_the_books_is_called_back_by_these_books(asked_in: str) -> None:
    """Found by worlds: it was called back one comparison later, and until then two stops worked."""
    desk = Desk(setup(tier=VenueTier.T2))
    stop = lost_stop(desk)
    as_it_was = as_venue_order(desk.order(stop))
    record = desk.look(stop)
    assert desk.order(stop).phase is Phase.DONE
    assert any(isinstance(request, QueryAccount) for request in record.requests)
    if asked_in == "a later record":
        desk.step(CompareAccounts("asked", (A,)))
    desk.books(orders=(as_it_was,))
    assert desk.requests(CancelOrder)[-1].cl_ord_id == stop
    assert [event.kind for event in desk.events(ev.IncidentRaised)] == ["WORKS_AFTER_END"]


def test_books_that_were_asked_for_before_an_end_of_the_same_instant_are_asked_for_again() -> None:
    """Nobody can say whether they are from before it; the next ones are from after."""
    desk = Desk()
    order = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(order)
    as_it_was = as_venue_order(desk.order(order))
    desk.step(CompareAccounts("asked", (A,)))
    desk.cancel(order)
    asked = len(desk.requests(QueryAccount))
    desk.books(orders=(as_it_was,))
    assert (desk.requests(CancelOrder), desk.events(ev.BreakFound)) == ([], [])
    assert len(desk.requests(QueryAccount)) == asked + 1
    desk.books(orders=(as_it_was,))
    assert only(desk.requests(CancelOrder)).cl_ord_id == order


def test_books_from_before_an_end_may_still_list_the_order() -> None:
    desk = Desk()
    order = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(order)
    as_it_was, asked_ns = as_venue_order(desk.order(order)), desk.now_ns
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    desk.cancel(order)
    desk.books(orders=(as_it_was,), as_of_ns=asked_ns)
    assert (desk.requests(CancelOrder), desk.events(ev.BreakFound)) == ([], [])
    assert desk.account().state is TradingState.ACTIVE
