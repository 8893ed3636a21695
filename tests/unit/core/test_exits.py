"""Exits: protection makes room, entries are called back, and whatever happens an exit ends."""

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import SessionChanged
from coxswain.messages.requests import CancelOrder, NewOrder, ReplaceOrder
from coxswain.model.vocabulary import ClOrdId, OrdStatus, OrdType, Role
from tests.asking import pause
from tests.unit.core.desk import BUY, SELL, A, B, D, Desk, S, account, only, setup


def protected(desk: Desk) -> tuple[ClOrdId, ClOrdId]:
    desk.hold(10, take_profit="110.00")
    return desk.stop_of().cl_ord_id, desk.target_of().cl_ord_id


def leaving(desk: Desk) -> ClOrdId:
    """Return the id of the exit order that was sent last."""
    exits = [event for event in desk.events(ev.OrderCreated) if event.intent.role is Role.EXIT]
    return exits[-1].cl_ord_id


# --- everything -------------------------------------------------------------------------------------------------------


def test_protection_makes_room_before_the_exit_order_leaves() -> None:
    desk = Desk()
    stop, target = protected(desk)
    desk.exit()
    assert {request.cl_ord_id for request in desk.requests(CancelOrder)} == {stop, target}
    desk.cancel(stop)
    assert not [event for event in desk.events(ev.OrderCreated) if event.intent.role is Role.EXIT]
    desk.cancel(target)
    order = desk.order(leaving(desk)).intent
    assert (order.side, order.ord_type, order.order_qty, order.reduce_only) == (SELL, OrdType.MARKET, D(10), True)


def test_an_exit_ends_when_the_position_is_flat() -> None:
    desk = Desk()
    legs = protected(desk)
    desk.exit()
    for leg in legs:
        desk.cancel(leg)
    desk.fill(leaving(desk), 10, "100.00")
    assert only(desk.events(ev.ExitEnded)).reason == "nothing is left to close"
    assert (desk.position().qty, desk.account().open_orders, desk.position().held_exit) == (D(0), {}, D(0))


def test_a_stop_that_fills_first_ends_the_exit() -> None:
    desk = Desk()
    stop, target = protected(desk)
    desk.exit()
    desk.fill(stop, 10, "95.00")
    desk.cancel(target)
    assert only(desk.events(ev.ExitEnded)).reason == "nothing is left to close"
    assert not [event for event in desk.events(ev.OrderCreated) if event.intent.role is Role.EXIT]


def test_an_exit_closes_what_the_stop_left() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of().cl_ord_id
    desk.exit()
    desk.fill(stop, 4, "95.00")
    desk.cancel(stop)
    assert desk.order(leaving(desk)).order_qty == D(6)


def test_entries_are_called_back_and_what_waits_is_withdrawn() -> None:
    desk = Desk(setup(min_timing_variance_ms=5000, max_timing_variance_ms=5000))
    desk.signal(quantity=10, stop_loss="95.00")
    desk.wait(5 * S)
    desk.fill(desk.sent(), 10)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.signal(quantity=5, stop_loss="95.00", order_type="LIMIT", limit_price="99.90")
    desk.wait(5 * S)
    resting = desk.sent()
    desk.accept(resting)
    desk.signal(quantity=5, stop_loss="95.00")
    desk.exit()
    assert resting in [request.cl_ord_id for request in desk.requests(CancelOrder)]
    assert only(desk.events(ev.AssignmentWithdrawn)).reason == "the position is being closed"
    desk.wait(60 * S)
    assert [event.intent.role for event in desk.events(ev.OrderCreated)].count(Role.ENTRY) == 2


def test_an_exit_does_not_wait_for_an_entry_that_nobody_answers_for() -> None:
    """Found by reading: one unanswered cancel of an entry kept the whole position, unprotected."""
    desk = Desk()
    desk.hold(10)
    second = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(second)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.order(leaving(desk)).order_qty == D(10)


def test_what_an_entry_fills_while_it_is_called_back_is_closed_as_well() -> None:
    desk = Desk()
    desk.hold(10)
    second = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(second)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    first = leaving(desk)
    desk.fill(second, 5, "99.90")
    desk.fill(first, 10, "100.00")
    assert desk.position().exit is not None
    assert desk.order(leaving(desk)).order_qty == D(5)
    desk.fill(leaving(desk), 5, "100.00")
    assert only(desk.events(ev.ExitEnded)).reason == "nothing is left to close"


def test_nothing_enters_an_instrument_that_is_being_closed() -> None:
    """Found by reading: a new entry was let in, and the exit of everything waited for it for ever."""
    desk = Desk()
    desk.hold(10)
    desk.exit()
    desk.direct(BUY, 5, price="99.00", name="d1")
    assert [reason.split(":")[0] for reason in only(desk.events(ev.OrderDenied)).reasons] == ["TRADING_STATE"]


def test_an_order_that_reduces_already_is_called_back_for_an_exit_of_everything() -> None:
    """Found by reading: a resting order to reduce took the room that the exit was waiting for."""
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.direct(SELL, 4, price="105.00", name="d2", reduce_only=True)
    resting = desk.sent()
    desk.accept(resting)
    desk.exit()
    assert only(desk.requests(CancelOrder)).cl_ord_id == resting
    assert desk.order(leaving(desk)).order_qty == D(6)  # the rest follows
    desk.cancel(resting)
    desk.fill(leaving(desk), 6, "100.00")
    assert desk.order(leaving(desk)).order_qty == D(4)


def test_an_exit_that_is_stuck_is_cancelled_and_protection_comes_back() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    stuck = leaving(desk)
    desk.accept(stuck)
    desk.fill(stuck, 3, "100.00")
    desk.wait(60 * S)
    assert desk.requests(CancelOrder)[-1].cl_ord_id == stuck
    desk.cancel(stuck)
    assert only(desk.events(ev.ExitEnded)).reason == "exit order CANCELED with 3 of 10 filled"
    assert (desk.stop_of().order_qty, desk.stop_of().stop_px) == (D(7), D("95.00"))


def test_an_exit_that_is_rejected_again_and_again_brings_protection_back() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    for gap_s in (1, 2, 4):
        desk.reject(leaving(desk))
        desk.wait(gap_s * S)
    desk.reject(leaving(desk))
    assert only(desk.events(ev.ExitEnded)).reason == "exit order REJECTED with 0 of 10 filled"
    assert desk.stop_of().order_qty == D(10)


def test_a_denied_exit_keeps_protection_where_it_is_or_brings_it_back() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of().cl_ord_id
    desk.exit()
    desk.step(SessionChanged((desk.order(stop).intent.symbol,), False))
    desk.cancel(stop)
    assert only(desk.events(ev.ExitEnded)).reason == "our own gate denied the exit order"
    desk.step(SessionChanged((desk.order(stop).intent.symbol,), True))
    assert desk.stop_of().order_qty == D(10)


def test_an_exit_passes_a_paused_account_and_a_stale_market() -> None:
    desk = Desk()
    desk.hold(10)
    desk.step(pause(A, "a look", "somebody"))
    desk.wait(120 * S)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.order(leaving(desk)).order_qty == D(10)


def test_an_exit_of_a_foreign_currency_needs_no_rate() -> None:
    """Found by reading: without a fresh currency pair neither exit nor stop was let out."""
    desk = Desk(setup(account(A, "EUR")))
    desk.hold(10)
    desk.wait(120 * S)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.order(leaving(desk)).order_qty == D(10)


def test_two_exits_at_once_are_one() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit()
    desk.exit()
    (answer,) = desk.events(ev.PlanProposed)[-1].plan.assignments
    assert [check.code for check in answer.checks if not check.passed] == ["NO_EXIT_UNDER_WAY"]
    assert len(desk.events(ev.ExitStarted)) == 1


def test_an_exit_without_a_position_is_a_plan_for_nobody() -> None:
    desk = Desk()
    record = desk.exit()
    (answer,) = only(desk.events(ev.PlanProposed)).plan.assignments
    assert [check.code for check in answer.checks if not check.passed] == ["POSITION_HELD"]
    assert record.requests == ()


# --- a part -----------------------------------------------------------------------------------------------------------


def test_a_partial_exit_keeps_protection_on_the_rest() -> None:
    desk = Desk()
    protected(desk)
    desk.exit(quantity=4)
    changes = desk.requests(ReplaceOrder)
    assert [change.order_qty for change in changes] == [D(6), D(6)]
    for change in changes:
        desk.replace(change.cl_ord_id, 6)
    assert desk.order(leaving(desk)).order_qty == D(4)
    desk.fill(leaving(desk), 4, "100.00")
    assert only(desk.events(ev.ExitEnded)).reason == "exit order filled"
    assert (desk.position().qty, desk.stop_of().order_qty, desk.target_of().order_qty) == (D(6), D(6), D(6))
    assert desk.requests(ReplaceOrder) == changes


def test_protection_is_lowered_once_for_a_partial_exit_that_fills_in_parts() -> None:
    """Found by reading: each part that filled was taken off the protection a second time."""
    desk = Desk()
    desk.hold(10)
    desk.exit(quantity=4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 6)
    desk.fill(leaving(desk), 1, "100.00")
    desk.fill(leaving(desk), 1, "100.00")
    assert len(desk.requests(ReplaceOrder)) == 1
    assert desk.stop_of().order_qty == D(6)


def test_a_partial_exit_ends_with_the_position_it_meant() -> None:
    """Found by reading: it waited on while an entry rested, and closed a part of the next position."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    resting = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(resting)
    desk.exit(quantity=4)
    desk.fill(stop.cl_ord_id, 10, "95.00")
    assert only(desk.events(ev.ExitEnded)).reason == "nothing is left to close"
    desk.fill(resting, 5, "99.90")
    assert not [event for event in desk.events(ev.OrderCreated) if event.intent.role is Role.EXIT]


def test_a_leg_that_may_not_be_lowered_gives_way_to_a_partial_exit() -> None:
    """Found by the simulator: the venue would not lower a stop, and the exit waited for it for ever."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.exit(quantity=4)
    change = only(desk.requests(ReplaceOrder))
    desk.refuse(change.cl_ord_id, stop.current_id, "the stop is triggered already")
    desk.look(stop.cl_ord_id, OrdStatus.NEW)
    assert only(desk.requests(CancelOrder)).cl_ord_id == stop.cl_ord_id
    desk.cancel(stop.cl_ord_id)
    assert desk.order(leaving(desk)).order_qty == D(4)
    assert desk.stop_of().order_qty == D(6)


def test_a_partial_exit_of_more_than_is_held_is_an_exit_of_everything() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit(quantity=40)
    assert only(desk.events(ev.ExitStarted)).qty is None


def test_a_partial_exit_is_shared_out_by_held_quantity_largest_remainder_first() -> None:
    desk = Desk(setup(account(A), account(B)))
    desk.signal(quantity=30, stop_loss="95.00")
    for request in desk.requests(NewOrder)[:2]:
        desk.fill(request.cl_ord_id, str(request.order_qty))
    for name in (A, B):
        desk.accept(desk.stop_of(account_id=name).cl_ord_id)
    desk.exit(quantity=7)
    closing = {answer.account: answer.qty for answer in desk.events(ev.PlanProposed)[-1].plan.assignments}
    assert closing == {A: D(4), B: D(3)}  # of 15 and 15


# --- which positions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "meant"), [(None, True), (BUY, True), (SELL, False)])
def test_the_side_of_an_exit_is_the_positions(side: object, meant: bool) -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit(side=side)
    assert bool(desk.events(ev.ExitStarted)) is meant


def test_a_reducing_order_never_flips_a_position() -> None:
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.direct(SELL, 6, name="d2", reduce_only=True)
    desk.direct(SELL, 5, name="d3", reduce_only=True)  # together more than there is
    (denied,) = desk.events(ev.OrderDenied)
    assert denied.reasons == ("REDUCE_ONLY_WOULD_FLIP: value=5, limit=4",)


def test_an_exit_of_the_other_side_calls_its_entries_back_and_leaves_the_position() -> None:
    """Found by the simulator: it began an exit of nothing, which lowered no protection and never ended."""
    desk = Desk()
    desk.hold(10)
    desk.signal(side=SELL, quantity=5, stop_loss="105.00", order_type="LIMIT", limit_price="100.10")
    resting = desk.sent()
    desk.accept(resting)
    other = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.exit(side=SELL)
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [resting]
    assert (desk.position().exit, desk.order(other).cancel_wanted) == (None, False)


def test_an_exit_means_an_entry_that_has_filled_nothing_yet() -> None:
    desk = Desk()
    resting = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(resting)
    desk.exit()
    assert only(desk.requests(CancelOrder)).cl_ord_id == resting
    desk.fill(resting, 2, "99.90")  # before the cancel
    assert desk.order(leaving(desk)).order_qty == D(2)
    desk.cancel(resting)
    desk.fill(leaving(desk), 2, "100.00")
    assert only(desk.events(ev.ExitEnded)).reason == "nothing is left to close"


def test_an_exit_of_entries_that_are_on_their_way_out_is_one() -> None:
    """Found by the simulator: a second exit took the place of the first while that was under way."""
    desk = Desk()
    resting = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(resting)
    desk.exit()
    desk.exit()
    assert len(desk.events(ev.ExitStarted)) == 1
    (answer,) = desk.events(ev.PlanProposed)[-1].plan.assignments
    assert [check.code for check in answer.checks if not check.passed] == ["NO_EXIT_UNDER_WAY"]


def test_an_entry_signalled_after_an_exit_is_not_called_back_by_it_and_waits_for_it() -> None:
    """Found by a mutant that lived: each step of the exit called back what entered, old and new."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of().cl_ord_id
    desk.exit()
    desk.signal(side=SELL, quantity=5, stop_loss="105.00", accounts=(A,))
    assert only(desk.events(ev.ReleasePostponed)).account == A
    desk.cancel(stop)
    desk.fill(leaving(desk), 10, "100.00")
    desk.wait(S)
    order = desk.order(desk.sent()).intent
    assert (order.role, order.side, order.order_qty) == (Role.ENTRY, SELL, D(5))


def test_a_stop_that_was_called_back_and_never_arrived_is_not_sent_again() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 10)
    stop = desk.stop_of().cl_ord_id
    desk.exit()
    desk.refuse(stop, text="unknown order")
    desk.look(stop)
    desk.wait(2 * S)
    desk.look(stop)
    assert desk.events(ev.OrderResent) == []
    assert desk.order(stop).ended_as is OrdStatus.CANCELED
    assert desk.order(leaving(desk)).order_qty == D(10)


def test_an_exit_of_one_side_does_not_wait_for_an_entry_of_the_other() -> None:
    """Found by the simulator: it waited for a resting entry that it had not called back, for ever."""
    desk = Desk()
    buying = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(buying)
    selling = desk.enter(5, side=SELL, stop_loss="105.00", order_type="LIMIT", limit_price="100.10")
    desk.accept(selling)
    desk.exit(side=BUY)
    desk.cancel(buying)
    assert only(desk.events(ev.ExitEnded)).reason == "nothing is left to close"
    assert not desk.order(selling).cancel_wanted
