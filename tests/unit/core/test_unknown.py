"""What nobody has said: silence is a question, asked until there is an answer; nothing is sent again without proof."""

from typing import Any

import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import VenueFailed
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder
from coxswain.model.vocabulary import ClOrdId, OrdStatus, ReachedVenue, TradingState, VenueTier
from tests.unit.core.desk import EURUSD, MS, SELL, A, B, D, Desk, S, account, as_venue_order, kinds, only, setup

SETTLE = 2 * S
SUBMIT = 5 * S
QUERY = 10 * S


def lost(desk: Desk, **fields: Any) -> ClOrdId:
    """Send an entry that is not heard of again, and wait until that is noticed."""
    entry = desk.enter(10, **fields)
    desk.wait(SUBMIT)
    assert not desk.order(entry).outcome_known
    return entry


# --- the order itself -------------------------------------------------------------------------------------------------


def test_silence_is_a_question_and_the_hold_stays() -> None:
    desk = Desk()
    entry = lost(desk)
    assert desk.requests(QueryOrder)[-1].cl_ord_id == entry
    assert (desk.order(entry).phase, desk.position().held_buy, desk.position().unknown) == (Phase.PENDING_NEW, D(10), 1)


def test_an_unanswered_question_is_asked_again_for_ever() -> None:
    desk = Desk()
    lost(desk)
    asked = len(desk.requests(QueryOrder))
    desk.wait(5 * QUERY)
    assert len(desk.requests(QueryOrder)) == asked + 5
    desk.wait(10_000 * S)
    before = len(desk.requests(QueryOrder))
    desk.wait(600 * S)
    assert len(desk.requests(QueryOrder)) == before + 10


def test_an_acknowledgement_that_was_lost_is_found_by_asking() -> None:
    desk = Desk()
    entry = lost(desk)
    desk.look(entry, OrdStatus.FILLED, fills=(desk.venue_fill(entry, 10),))
    assert (desk.position().qty, desk.order(entry).outcome_known, desk.position().unknown) == (D(10), True, 0)
    assert desk.stop_of().order_qty == D(10)


def test_a_late_acknowledgement_answers_the_question() -> None:
    desk = Desk()
    entry = lost(desk)
    desk.accept(entry)
    assert desk.order(entry).outcome_known
    assert f"query|A|{entry}" not in desk.engine.state.deadlines


def test_one_look_is_no_proof() -> None:
    desk = Desk()
    entry = lost(desk)
    desk.look(entry)
    assert desk.events(ev.OrderResent) == []
    assert not desk.order(entry).outcome_known


def test_two_looks_a_settle_window_apart_are_proof_and_the_order_is_sent_once_more() -> None:
    desk = Desk()
    entry = lost(desk)
    desk.look(entry)
    desk.wait(SETTLE)
    record = desk.look(entry)
    assert [request for request in record.requests if isinstance(request, NewOrder)] == [desk.requests(NewOrder)[0]]
    assert desk.order(entry).outcome_known
    desk.accept(entry)
    desk.fill(entry, 10)
    assert desk.position().qty == D(10)


def test_an_order_lost_a_second_time_is_over() -> None:
    desk = Desk()
    entry = lost(desk)
    for _ in range(2):
        desk.look(entry)
        desk.wait(SETTLE)
        desk.look(entry)
        desk.wait(SUBMIT)
    assert len(desk.events(ev.OrderResent)) == 1
    assert "2 look-ups" in only(desk.events(ev.OrderCanceled)).reason
    assert (desk.order(entry).phase, desk.position().held_buy) == (Phase.DONE, D(0))


def test_the_same_answer_twice_is_one_look() -> None:
    """Found by reading: a repeated answer proved an order absent that was still on its way."""
    desk = Desk()
    entry = lost(desk)
    desk.look(entry)
    desk.look(entry)
    desk.wait(SETTLE)
    desk.look(entry, as_of_ns=desk.now_ns - SETTLE + MS)  # a slow copy
    assert desk.events(ev.OrderResent) == []
    assert desk.order(entry).looks == 1


def test_a_position_that_does_not_agree_is_no_absence() -> None:
    desk = Desk()
    entry = lost(desk)
    for _ in range(3):
        desk.look(entry, held=10)
        desk.wait(QUERY)
    assert desk.events(ev.OrderResent) == []
    assert desk.order(entry).looks == 0
    assert desk.requests(QueryAccount)


def test_an_order_is_not_sent_again_when_its_signal_has_died() -> None:
    desk = Desk()
    entry = lost(desk, ttl_s=6)
    desk.wait(SETTLE)
    desk.look(entry)
    desk.wait(SETTLE)
    desk.look(entry)
    assert desk.events(ev.OrderResent) == []
    assert "SIGNAL_AGE" in only(desk.events(ev.OrderCanceled)).reason


def test_an_order_that_was_called_back_is_not_sent_again() -> None:
    """Found by reading: an entry that an exit had called back was proved absent and left once more."""
    desk = Desk()
    desk.hold(10)
    second = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.exit()
    assert desk.order(second).cancel_wanted
    desk.refuse(second, text="unknown order")
    desk.look(second)
    desk.wait(SETTLE)
    desk.look(second)
    assert desk.events(ev.OrderResent) == []
    assert desk.order(second).ended_as is OrdStatus.CANCELED


@pytest.mark.parametrize("tier", [VenueTier.T2, VenueTier.T3])
def test_only_where_ids_are_unique_for_ever_is_an_order_sent_again(tier: VenueTier) -> None:
    desk = Desk(setup(tier=tier))
    entry = lost(desk)
    desk.look(entry)
    desk.wait(SETTLE)
    desk.look(entry)
    assert desk.events(ev.OrderResent) == []
    # A venue that keeps no ids of ours cannot prove anything by not finding one.
    assert desk.order(entry).outcome_known is (tier is VenueTier.T2)


def test_an_exit_proved_absent_is_sent_again() -> None:
    """Found by reading: its own hold counted against it, and it seemed to close more than there was."""
    desk = Desk()
    desk.direct(qty=10)
    desk.fill(desk.sent(), 10)
    desk.exit()
    leaving = desk.sent()
    desk.wait(SUBMIT)
    desk.look(leaving)
    desk.wait(SETTLE)
    desk.look(leaving)
    assert only(desk.events(ev.OrderResent)).cl_ord_id == leaving


def test_an_unknown_order_is_not_moved_to_another_account() -> None:
    desk = Desk(setup(account(A), account(B, reserve=True)))
    entry = lost(desk, accounts=())
    desk.look(entry)
    desk.look(entry, held=3)
    desk.wait(20 * QUERY)
    assert desk.events(ev.RecoveryAssigned) == []
    assert desk.events(ev.RecoveryFailed) == []


def test_an_unknown_order_holds_back_entries_in_its_instrument_only() -> None:
    desk = Desk()
    lost(desk)
    desk.direct(qty=1, name="d1")
    assert [reason.split(":")[0] for reason in only(desk.events(ev.OrderDenied)).reasons] == ["UNRESOLVED"]
    desk.quote(EURUSD, "1.08500", "1.08502")
    desk.direct(qty=1, name="d2", symbol=EURUSD)
    assert desk.order(desk.sent()).intent.symbol == EURUSD


# --- cancels and changes ----------------------------------------------------------------------------------------------


def resting(desk: Desk) -> ClOrdId:
    desk.direct(qty=10, price="100.00")
    desk.accept(desk.sent())
    return desk.sent()


def called_back(desk: Desk) -> ClOrdId:
    """Have an entry of a position called back by an exit, and hear nothing of it."""
    desk.hold(10)
    second = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(second)
    desk.exit()
    assert desk.requests(CancelOrder)[0].cl_ord_id == second
    return second


def test_a_cancel_that_was_lost_is_asked_for_again() -> None:
    desk = Desk()
    order = called_back(desk)
    desk.wait(SUBMIT)
    assert not desk.order(order).outcome_known
    desk.look(order, OrdStatus.NEW)
    cancels = [request for request in desk.requests(CancelOrder) if request.cl_ord_id == order]
    assert len(cancels) == 2
    desk.cancel(order)
    assert only([event for event in desk.events(ev.OrderCanceled) if event.cl_ord_id == order]).unsolicited is False


@pytest.mark.parametrize("news", ["fill", "acknowledgement", "fill before it"])
def test_being_heard_of_does_not_close_the_question_about_a_cancel(news: str) -> None:
    """Found by reading: a fill settled it, and an unanswered cancel was never asked for again."""
    desk = Desk()
    desk.hold(10)
    order = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    if news == "fill":
        desk.accept(order)
    desk.exit()
    desk.wait(SUBMIT)
    if news != "acknowledgement":
        desk.fill(order, 2, "99.90")
    else:
        desk.accept(order)
    assert not desk.order(order).outcome_known
    assert f"query|A|{order}" in desk.engine.state.deadlines
    desk.look(order, OrdStatus.NEW)
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)].count(order) == 2


def test_a_cancel_that_was_refused_is_asked_for_again_until_the_order_is_over() -> None:
    """Found by reading: a refusal ended the matter, and an entry that was called back went on working."""
    desk = Desk()
    order = called_back(desk)
    for asked in (1, 2, 3):
        assert [request.cl_ord_id for request in desk.requests(CancelOrder)].count(order) == asked
        desk.refuse(order)
        desk.look(order, OrdStatus.NEW)
        assert [request.cl_ord_id for request in desk.requests(CancelOrder)].count(order) == asked  # not at once
        desk.wait(SUBMIT)
    desk.cancel(order)
    assert desk.order(order).phase is Phase.DONE


def test_a_partial_fill_while_a_cancel_is_unanswered_sets_no_second_watch() -> None:
    """Found by reading: a minute later the engine tripped over its own watch on an order it was cancelling."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 2)
    desk.wait(60 * S)
    assert desk.order(entry).cancel_pending
    desk.fill(entry, 2)
    assert f"monitor|A|{entry}" not in desk.engine.state.deadlines
    desk.wait(300 * S)
    assert not desk.order(entry).outcome_known


def test_a_refusal_that_comes_twice_refuses_one_thing() -> None:
    """Found by reading: the repeated refusal of a change was taken for one of the cancel that had followed it."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="96.00")
    assert stop.replace_pending is not None
    new_id = stop.replace_pending.cl_ord_id
    desk.refuse(new_id, stop.cl_ord_id)
    desk.look(stop.cl_ord_id, OrdStatus.NEW)
    desk.exit()
    assert stop.cancel_pending
    assert kinds(desk.refuse(new_id, stop.cl_ord_id)) == []
    assert stop.cancel_pending


def test_a_change_that_was_lost_is_asked_for_again() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="96.00")
    desk.wait(SUBMIT)
    desk.look(stop.cl_ord_id, OrdStatus.NEW)
    assert stop.replace_pending is not None
    assert len(desk.events(ev.ReplaceRequested)) == 2
    desk.replace(stop.replace_pending.cl_ord_id, 10)
    assert stop.stop_px == D("96.00")


def test_a_change_that_arrived_while_its_confirmation_was_lost_is_found_by_asking() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="96.00")
    assert stop.replace_pending is not None
    new_id = stop.replace_pending.cl_ord_id
    desk.wait(SUBMIT)
    desk.look(stop.cl_ord_id, OrdStatus.NEW, under=new_id)
    assert (stop.current_id, stop.stop_px, stop.outcome_known) == (new_id, D("96.00"), True)


# --- failures of the wire ---------------------------------------------------------------------------------------------


def failed(desk: Desk, order: ClOrdId, reached: ReachedVenue) -> None:
    desk.step(VenueFailed(A, order, reached, "connection reset"))


def test_an_order_that_certainly_never_left_is_over() -> None:
    desk = Desk()
    entry = desk.enter(10)
    failed(desk, entry, ReachedVenue.NO)
    assert (desk.order(entry).phase, desk.position().held_buy) == (Phase.DONE, D(0))


@pytest.mark.parametrize("reached", [ReachedVenue.MAYBE, ReachedVenue.YES])
def test_a_failure_that_may_have_reached_the_venue_is_a_question(reached: ReachedVenue) -> None:
    desk = Desk()
    entry = desk.enter(10)
    failed(desk, entry, reached)
    assert (desk.order(entry).phase, desk.order(entry).outcome_known) == (Phase.PENDING_NEW, False)
    assert desk.requests(QueryOrder)[-1].cl_ord_id == entry


def test_a_question_that_never_left_says_nothing_about_the_order() -> None:
    """Found by reading: while the venue could not be asked, an order that it may hold was declared not sent."""
    desk = Desk()
    entry = lost(desk)
    failed(desk, entry, ReachedVenue.NO)
    assert (desk.order(entry).phase, desk.order(entry).outcome_known) == (Phase.PENDING_NEW, False)


def test_a_cancel_that_never_left_says_nothing_about_the_order() -> None:
    """Found by reading, likewise."""
    desk = Desk()
    desk.hold(10)
    second = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.exit()
    failed(desk, second, ReachedVenue.NO)
    assert desk.order(second).phase is Phase.PENDING_NEW
    assert not desk.order(second).outcome_known


def test_a_venue_that_fails_every_cancel_at_once_is_not_asked_as_fast_as_it_fails() -> None:
    """Found by reading: failure, question, answer and the next cancel went round as fast as the wire."""
    desk = Desk()
    order = called_back(desk)
    for _ in range(10):
        if desk.order(order).cancel_pending:
            failed(desk, order, ReachedVenue.MAYBE)
            desk.look(order, OrdStatus.NEW)
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)].count(order) == 1
    desk.wait(SUBMIT)
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)].count(order) == 2


def test_a_venue_that_fails_every_change_at_once_is_not_asked_as_fast_as_it_fails() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="96.00")
    for _ in range(10):
        if stop.replace_pending is not None:
            failed(desk, stop.replace_pending.cl_ord_id, ReachedVenue.MAYBE)
            desk.look(stop.cl_ord_id, OrdStatus.NEW)
    assert len(desk.events(ev.ReplaceRequested)) == 1
    desk.wait(60 * S)
    desk.books()
    assert len(desk.events(ev.ReplaceRequested)) == 2


# --- after a restart --------------------------------------------------------------------------------------------------


def test_after_a_restart_every_open_order_is_asked_for_before_anything_is_sent() -> None:
    desk = Desk()
    desk.hold(10)
    second = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    again = desk.restarted()
    asked = {request.cl_ord_id for request in again.records[-2].requests if isinstance(request, QueryOrder)}
    assert asked == set(again.account().open_orders)
    assert not again.order(second).outcome_known
    assert again.account().state is TradingState.REDUCING
    assert not any(isinstance(request, NewOrder) for request in again.records[-2].requests)


def test_an_unknown_order_is_still_unknown_after_a_restart() -> None:
    desk = Desk()
    entry = lost(desk)
    again = desk.restarted()
    assert not again.order(entry).outcome_known
    assert again.position().held_buy == D(10)


# --- orders that the venue lost ---------------------------------------------------------------------------------------


def test_an_acknowledged_order_that_the_venue_lost_is_a_break_and_over() -> None:
    desk = Desk()
    order = resting(desk)
    desk.wait(60 * S)
    desk.books(orders=())
    desk.look(order)
    assert desk.events(ev.BreakFound) == []  # once is no proof
    desk.wait(SETTLE)
    desk.look(order)
    assert only(desk.events(ev.BreakFound)).kind == "ORDER_MISSING_AT_VENUE"
    assert desk.order(order).ended_as is OrdStatus.CANCELED
    assert desk.account().state is TradingState.REDUCING
    desk.books()
    assert desk.account().state is TradingState.ACTIVE


def test_an_order_that_the_venue_lost_with_the_position_stays_open_and_a_break() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.wait(60 * S)
    for _ in range(3):
        desk.books(orders=(), positions=())
        desk.look(stop.cl_ord_id, held=0)
        desk.wait(QUERY)
    found = [event.kind for event in desk.events(ev.BreakFound)]
    assert found == ["MISSING_AT_VENUE", "ORDER_MISSING_AT_VENUE"]
    assert desk.events(ev.BreakClosed) == []
    assert (stop.phase, stop.outcome_known) == (Phase.WORKING, True)


def test_a_stop_that_the_venue_lost_is_placed_again() -> None:
    """Found by reading: it counted as standing for ever, and the position had no stop."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.wait(60 * S)
    desk.books(orders=())
    desk.look(stop.cl_ord_id)
    desk.wait(SETTLE)
    desk.look(stop.cl_ord_id)
    desk.books(orders=())
    assert desk.stop_of().cl_ord_id != stop.cl_ord_id
    assert desk.stop_of().order_qty == D(10)


def test_an_old_answer_that_an_order_is_absent_does_not_end_an_order_that_was_heard_of_since() -> None:
    """Found by reading: an answer from before the acknowledgement made the order a break at once."""
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    asked_ns = desk.now_ns
    desk.wait(S)
    desk.accept(entry)
    desk.look(entry, as_of_ns=asked_ns)
    assert desk.events(ev.BreakFound) == []
    assert desk.order(entry).phase is Phase.WORKING


def test_an_order_that_works_after_its_end_is_cancelled() -> None:
    """Found by reading: it had been proved absent, arrived after all, and no comparison noticed."""
    desk = Desk(setup(tier=VenueTier.T2))
    entry = lost(desk)
    as_it_was = desk.order(entry)
    desk.look(entry)
    desk.wait(SETTLE)
    desk.look(entry)
    assert desk.order(entry).phase is Phase.DONE
    desk.wait(S)
    desk.books(orders=(as_venue_order(as_it_was),))
    assert only(desk.events(ev.IncidentRaised)).kind == "WORKS_AFTER_END"
    assert desk.requests(CancelOrder)[-1].cl_ord_id == entry
    desk.fill(entry, 10)
    assert desk.position().qty == D(10)
    assert desk.position().stop_px == D("95.00")


def test_a_look_that_shows_less_fills_than_it_says_leaves_the_question_open() -> None:
    desk = Desk()
    entry = lost(desk)
    desk.look(entry, OrdStatus.PARTIALLY_FILLED, cum_qty=4)
    assert not desk.order(entry).outcome_known
    assert desk.requests(QueryAccount)
    desk.look(entry, OrdStatus.PARTIALLY_FILLED, fills=(desk.venue_fill(entry, 4),))
    assert desk.order(entry).outcome_known


def test_a_look_that_finds_the_order_rejected_moves_it_on() -> None:
    desk = Desk(setup(account(A), account(B, reserve=True)))
    entry = lost(desk, accounts=())
    desk.look(entry, OrdStatus.REJECTED)
    assert desk.order(entry).ended_as is OrdStatus.REJECTED
    assert "OrderAccepted" not in kinds(desk.records[-1])
    assert only(desk.events(ev.RecoveryAssigned)).account == B


def test_a_look_that_finds_the_order_expired_ends_it() -> None:
    desk = Desk()
    entry = lost(desk)
    desk.look(entry, OrdStatus.EXPIRED)
    assert desk.order(entry).ended_as is OrdStatus.EXPIRED


def test_the_sell_side_is_asked_for_in_the_same_way() -> None:
    desk = Desk()
    entry = desk.enter(10, side=SELL, stop_loss="105.00")
    desk.wait(SUBMIT)
    desk.look(entry, OrdStatus.FILLED, fills=(desk.venue_fill(entry, 10, "100.00"),))
    assert desk.position().qty == D(-10)
    assert desk.stop_of().stop_px == D("105.00")
