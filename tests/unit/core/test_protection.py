"""Protection follows the position: its quantity, its levels, and what the venue does to its orders."""

from typing import Any

import msgspec
import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import SessionChanged
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder
from coxswain.model.market import Session
from coxswain.model.vocabulary import ExecType, OrdStatus, OrdType, ProtectionPolicy, Role, TimeInForce
from tests.asking import pause
from tests.unit.core.desk import BUY, SELL, SHARE, SHARES, A, D, Desk, S, account, as_venue_order, kinds, only, setup

SYNC = 60 * S


def protected(desk: Desk, qty: int = 10) -> None:
    desk.hold(qty, take_profit="110.00")


# --- stop and target --------------------------------------------------------------------------------------------------


def test_a_fill_is_protected_by_a_stop_and_a_target_in_one_group() -> None:
    desk = Desk()
    protected(desk)
    stop, target = desk.stop_of().intent, desk.target_of().intent
    assert (stop.ord_type, stop.stop_px, stop.side, stop.order_qty) == (OrdType.STOP, D("95.00"), SELL, D(10))
    assert (target.ord_type, target.price, target.side, target.order_qty) == (OrdType.LIMIT, D("110.00"), SELL, D(10))
    assert stop.reduce_only
    assert target.reduce_only
    assert stop.oco_group == target.oco_group is not None
    assert stop.time_in_force is TimeInForce.GTC


def test_protection_grows_with_each_partial_fill() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 4)
    stop = desk.stop_of()
    desk.fill(entry, 3)
    assert desk.requests(ReplaceOrder) == []  # nobody knows yet whether the venue has it
    desk.accept(stop.cl_ord_id)
    change = only(desk.requests(ReplaceOrder))
    assert (change.order_qty, change.stop_px) == (D(7), D("95.00"))
    desk.fill(entry, 3)
    desk.replace(change.cl_ord_id, 7)
    assert desk.requests(ReplaceOrder)[-1].order_qty == D(10)


def test_a_partly_filled_leg_is_left_to_the_venue_to_take_off_the_other() -> None:
    desk = Desk()
    protected(desk)
    desk.fill(desk.target_of().cl_ord_id, 3, "110.00")
    assert desk.requests(ReplaceOrder) == []
    desk.report(desk.stop_of().cl_ord_id, ExecType.RESTATED, order_qty=7)
    assert (desk.requests(ReplaceOrder), desk.stop_of().order_qty) == ([], D(7))


def test_a_leg_that_was_changed_while_its_sibling_filled_is_lowered_again() -> None:
    """Found by reading: the change that was under way brought back the quantity from before the sibling's fill."""
    desk = Desk()
    protected(desk)
    desk.adjust(stop_loss="96.00")
    stop = desk.stop_of()
    asked = only(desk.requests(ReplaceOrder))
    desk.fill(desk.target_of().cl_ord_id, 3, "110.00")
    desk.report(stop.cl_ord_id, ExecType.RESTATED, order_qty=7)
    desk.replace(asked.cl_ord_id, 10)
    assert desk.requests(ReplaceOrder)[-1].order_qty == D(7)


def test_a_position_made_smaller_by_another_order_lowers_its_protection() -> None:
    desk = Desk()
    protected(desk)
    desk.direct(SELL, 4)
    desk.fill(desk.sent(), 4, "100.00")
    assert [change.order_qty for change in desk.requests(ReplaceOrder)] == [D(6), D(6)]


def test_a_position_that_turns_gets_protection_on_its_new_side() -> None:
    """Found by reading: the old stop counted as standing, and moving it was denied for ever."""
    desk = Desk()
    protected(desk)
    old = desk.stop_of()
    desk.signal(side=SELL, quantity=14, stop_loss="105.00")
    desk.fill(desk.sent(), 14, "100.00")
    assert desk.position().qty == D(-4)
    stop = desk.stop_of()
    assert (stop.intent.side, stop.order_qty, stop.stop_px) == (BUY, D(4), D("105.00"))
    assert stop.intent.oco_group != old.intent.oco_group
    assert old.cl_ord_id in [request.cl_ord_id for request in desk.requests(CancelOrder)]


def test_an_entry_with_only_a_target_keeps_the_stop_that_stands() -> None:
    """Found by reading: the entry's missing stop was taken for a wish to have none."""
    desk = Desk()
    protected(desk)
    desk.signal(quantity=5, take_profit="112.00", accounts=(A,))
    desk.fill(desk.sent(), 5)
    assert (desk.position().stop_px, desk.position().target_px) == (D("95.00"), D("112.00"))


def test_a_later_fill_of_the_entry_does_not_undo_a_moved_stop() -> None:
    """Found by reading: each fill set the entry's own stop again."""
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="100.00")
    desk.accept(entry)
    desk.fill(entry, 4, "100.00")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.adjust(stop_loss="98.00")
    desk.fill(entry, 6, "100.00")
    assert desk.position().stop_px == D("98.00")


def test_an_entry_that_fills_on_after_a_stop_out_is_protected_again() -> None:
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="100.00")
    desk.accept(entry)
    desk.fill(entry, 4, "100.00")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.fill(desk.stop_of().cl_ord_id, 4, "95.00")
    assert desk.position().stop_px is None
    desk.fill(entry, 6, "100.00")
    assert (desk.stop_of().order_qty, desk.stop_of().stop_px) == (D(6), D("95.00"))


def test_a_position_without_levels_has_no_protection_and_asks_for_none() -> None:
    desk = Desk()
    desk.direct(BUY, 5)
    desk.fill(desk.sent(), 5)
    desk.books()
    assert (desk.position().stop_id, desk.events(ev.ProtectionFailed)) == (None, [])


def test_a_stop_for_which_other_orders_leave_no_room_is_an_alert() -> None:
    """Found by the simulator: a resting order to reduce took all of the position, and nobody said there was no stop."""
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.direct(SELL, 10, price="105.00", name="d2", reduce_only=True)
    resting = desk.sent()
    desk.accept(resting)
    desk.adjust(stop_loss="95.00")
    assert only(desk.events(ev.ProtectionFailed)).leg is Role.STOP
    desk.cancel(resting)
    desk.books()
    assert desk.stop_of().order_qty == D(10)


# --- what the venue does to it ----------------------------------------------------------------------------------------


def test_a_stop_that_the_venue_cancels_is_placed_again_after_the_books_were_compared() -> None:
    desk = Desk()
    protected(desk)
    stop = desk.stop_of()
    desk.cancel(stop.cl_ord_id, text="the venue did it")
    alert = only(desk.events(ev.ProtectionFailed))
    assert (alert.leg, alert.reason) == (Role.STOP, "the STOP order ended CANCELED")
    assert desk.position().stop_id is None  # its sibling may have filled: the books tell
    desk.books()
    assert desk.stop_of().order_qty == D(10)
    assert desk.stop_of().intent.oco_group == desk.target_of().intent.oco_group


def test_a_stop_whose_sibling_filled_unheard_is_not_placed_again() -> None:
    """Found by reading: the cancel that came before the sibling's fill had a new stop sent for a flat position."""
    desk = Desk()
    protected(desk)
    target = desk.target_of()
    desk.cancel(desk.stop_of().cl_ord_id, text="OCO")
    sent = len(desk.requests(NewOrder))
    desk.fill(target.cl_ord_id, 10, "110.00")
    desk.books()
    assert (len(desk.requests(NewOrder)), desk.position().qty) == (sent, D(0))


@pytest.mark.parametrize("end", ["cancels", "rejects"])
def test_a_venue_that_keeps_refusing_a_stop_is_asked_once_a_minute_where_that_is_only_told(end: str) -> None:
    """Found by reading: placing it again at once went on as fast as the wire."""
    desk = Desk(setup(msgspec.structs.replace(account(A), protection_policy=ProtectionPolicy.ALERT)))
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 10)
    asked = len(desk.requests(QueryAccount))
    for _ in range(100):
        stop_id = desk.position().stop_id
        if stop_id is None:
            break
        if end == "cancels":
            desk.accept(stop_id)
            desk.cancel(stop_id)
        else:
            desk.reject(stop_id)
        if len(desk.requests(QueryAccount)) > asked:
            asked += 1
            desk.books()
    placed = [order for order in desk.events(ev.OrderCreated) if order.intent.role is Role.STOP]
    assert len(placed) == 2
    desk.wait(SYNC)
    desk.books()
    placed = [order for order in desk.events(ev.OrderCreated) if order.intent.role is Role.STOP]
    assert len(placed) == 3


def test_a_rejected_leg_does_not_hold_up_an_exit() -> None:
    """Found by reading: the reject of a leg ended the step, and the exit that waited for it waited for ever."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 10)
    stop = desk.stop_of()
    desk.exit()
    assert desk.position().exit is not None
    desk.reject(stop.cl_ord_id)
    assert desk.order(desk.sent()).intent.role is Role.EXIT


def test_a_stop_that_began_to_fill_and_fell_silent_is_cancelled_and_placed_again() -> None:
    """Found by the simulator: a triggered stop was waited for without end."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.fill(stop.cl_ord_id, 4, "94.00")
    desk.wait(60 * S)
    assert only(desk.requests(CancelOrder)).cl_ord_id == stop.cl_ord_id
    desk.cancel(stop.cl_ord_id)
    assert (desk.stop_of().order_qty, desk.stop_of().stop_px) == (D(6), D("95.00"))


def test_a_refused_change_is_asked_for_again_only_with_the_next_comparison_where_that_is_only_told() -> None:
    """Found by reading: a venue that would not move a stop was asked again as fast as it could refuse."""
    desk = Desk(setup(msgspec.structs.replace(account(A), protection_policy=ProtectionPolicy.ALERT)))
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="99.99")
    for _ in range(5):
        if stop.replace_pending is None:
            break
        desk.refuse(stop.replace_pending.cl_ord_id, stop.current_id, "too close to the market")
        desk.look(stop.cl_ord_id, OrdStatus.NEW)
    assert len(desk.requests(ReplaceOrder)) == 1
    assert "refused to change" in only(desk.events(ev.ProtectionFailed)).reason
    assert (stop.phase, stop.stop_px) == (Phase.WORKING, D("95.00"))  # the old one protects on
    desk.wait(SYNC)
    desk.books()
    assert len(desk.requests(ReplaceOrder)) == 2


def test_another_wish_is_asked_for_at_once_after_a_refusal() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="99.99")
    assert stop.replace_pending is not None
    desk.refuse(stop.replace_pending.cl_ord_id, stop.current_id)
    desk.look(stop.cl_ord_id, OrdStatus.NEW)
    desk.adjust(stop_loss="97.00")
    assert desk.requests(ReplaceOrder)[-1].stop_px == D("97.00")


def test_protection_that_covers_no_position_any_more_is_called_back_when_the_books_are_compared() -> None:
    desk = Desk()
    protected(desk)
    desk.direct(SELL, 10)
    desk.fill(desk.sent(), 10, "100.00")
    assert desk.requests(CancelOrder) == []  # a venue that knows reduce-only does it by itself
    desk.wait(SYNC)
    desk.books()
    assert {request.cl_ord_id for request in desk.requests(CancelOrder)} == set(desk.account().open_orders)


def test_a_comparison_takes_over_what_the_venue_changed_by_itself() -> None:
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.wait(SYNC)
    record = desk.books(orders=(msgspec.structs.replace(as_venue_order(stop), order_qty=D(7)),))
    assert "QuestionAsked" in kinds(record)
    desk.look(stop.cl_ord_id, OrdStatus.NEW, order_qty=7)
    assert stop.order_qty == D(7)
    assert desk.requests(ReplaceOrder)[-1].order_qty == D(10)  # and brings it back to the position


# --- what our own gate does to it -------------------------------------------------------------------------------------


def with_hours() -> Desk:
    session = Session("UTC", (0, 1, 2, 3, 4), "00:00", "23:00")
    desk = Desk(setup(instruments=(msgspec.structs.replace(SHARES, sessions=(session,)),)), begin=False)
    desk.start()
    desk.step(SessionChanged((SHARE,), True))
    desk.quote(SHARE, "100.00", "100.02")
    return desk


def test_a_stop_that_a_closed_session_kept_out_is_placed_when_it_opens() -> None:
    """Found by reading: nothing tried again, and the position had no stop until something else happened to it."""
    desk = with_hours()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.step(SessionChanged((SHARE,), False))
    desk.fill(entry, 10)
    assert desk.position().stop_id is None
    assert only(desk.events(ev.ProtectionFailed)).leg is Role.STOP
    desk.step(SessionChanged((SHARE,), True))
    assert desk.stop_of().order_qty == D(10)


def test_a_paused_account_is_protected_all_the_same() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.step(pause(A, "a look", "somebody"))
    desk.fill(entry, 10)
    assert desk.stop_of().order_qty == D(10)


def test_a_position_larger_than_any_order_may_be_is_protected_all_the_same() -> None:
    desk = Desk(setup())
    desk.direct(BUY, 10_000, stop_loss="99.00")
    assert desk.events(ev.OrderDenied)  # control 12: it is worth more than one order may be
    desk.direct(BUY, 1_900, name="d2", stop_loss="99.00")
    desk.fill(desk.sent(), 1_900)
    desk.quote(SHARE, "150.00", "150.02")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.adjust(stop_loss="140.00")  # 266,000 at its price
    assert desk.requests(ReplaceOrder)[-1].stop_px == D("140.00")


# --- moving the stop --------------------------------------------------------------------------------------------------


def test_a_stop_is_moved_by_a_native_change() -> None:
    desk = Desk()
    desk.hold(10)
    old = desk.stop_of()
    desk.adjust(stop_loss="97.00")
    change = only(desk.requests(ReplaceOrder))
    assert (change.orig_cl_ord_id, change.stop_px, change.order_qty) == (old.cl_ord_id, D("97.00"), D(10))
    assert desk.requests(CancelOrder) == []
    assert desk.account().open_risk == D("30.20")  # 10 * (100.02 - 97.00)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"stop_loss": "100.00"}, "STOP_ON_WRONG_SIDE"),
        ({"stop_loss": "101.00"}, "STOP_ON_WRONG_SIDE"),
        ({"stop_loss": "96.00", "take_profit": "100.00"}, "TARGET_ON_WRONG_SIDE"),
    ],
)
def test_a_stop_on_the_wrong_side_of_the_market_is_refused(fields: dict[str, Any], code: str) -> None:
    desk = Desk()
    desk.hold(10)
    record = desk.adjust(**fields)
    (answer,) = desk.events(ev.PlanProposed)[-1].plan.assignments
    assert [check.code for check in answer.checks if not check.passed] == [code]
    assert record.requests == ()


def test_a_stop_may_stand_one_tick_behind_the_market() -> None:
    desk = Desk()
    desk.hold(10)
    desk.adjust(stop_loss="99.99")
    assert only(desk.requests(ReplaceOrder)).stop_px == D("99.99")


def test_a_target_that_was_missing_is_placed_by_an_adjustment() -> None:
    desk = Desk()
    desk.hold(10)
    desk.adjust(stop_loss="95.00", take_profit="110.00")
    assert (desk.requests(ReplaceOrder), desk.target_of().price) == ([], D("110.00"))
    assert desk.target_of().intent.oco_group == desk.stop_of().intent.oco_group


def test_an_adjustment_while_the_stop_is_unanswered_follows_its_answer() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 10)
    desk.adjust(stop_loss="97.00")
    assert desk.requests(ReplaceOrder) == []
    desk.accept(desk.stop_of().cl_ord_id)
    assert only(desk.requests(ReplaceOrder)).stop_px == D("97.00")
