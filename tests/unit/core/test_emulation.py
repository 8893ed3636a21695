"""What a venue does not do, the engine does for it, and never with more at the venue than is open."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ChangeOrder, StopEngine, SubmitOrder
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder
from coxswain.model.market import Quote
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import (
    ClOrdId,
    OrdType,
    Role,
    SignalId,
    TimeInForce,
    TriggerSource,
    VenueTier,
    Verdict,
)
from tests.unit.core.desk import BUY, SELL, SHARE, A, D, Desk, S, kinds, only, setup

ALL = Capabilities(VenueTier.T1, True, True, True)


def desk_at(**can: Any) -> Desk:
    return Desk(setup(can=msgspec.structs.replace(ALL, **can)))


def last(desk: Desk) -> NewOrder:
    return desk.requests(NewOrder)[-1]


# --- without replace --------------------------------------------------------------------------------------------------


def test_a_stop_that_cannot_be_replaced_is_cancelled_and_placed_anew_after_the_terminal_report() -> None:
    desk = desk_at(native_replace=False)
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="97.00")
    assert only(desk.requests(CancelOrder)).cl_ord_id == stop.cl_ord_id
    assert desk.stop_of() is stop
    desk.cancel(stop.cl_ord_id)
    assert (desk.stop_of().order_qty, desk.stop_of().stop_px) == (D(10), D("97.00"))
    assert desk.requests(ReplaceOrder) == []


def test_a_stop_placed_anew_covers_what_is_still_open_when_the_old_one_had_begun_to_fill() -> None:
    desk = desk_at(native_replace=False)
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="97.00")
    desk.fill(stop.cl_ord_id, 4, "95.00")
    desk.cancel(stop.cl_ord_id)
    assert (desk.stop_of().order_qty, desk.position().qty) == (D(6), D(6))


def test_a_stop_that_fills_while_its_cancel_is_under_way_is_not_placed_anew() -> None:
    desk = desk_at(native_replace=False)
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="97.00")
    desk.fill(stop.cl_ord_id, 10, "95.00")
    desk.refuse(stop.cl_ord_id)
    assert (desk.position().qty, desk.position().stop_id) == (D(0), None)


def test_a_restart_between_the_cancel_and_the_new_stop_places_it_once() -> None:
    desk = desk_at(native_replace=False)
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="97.00")
    again = desk.restarted()
    again.cancel(stop.cl_ord_id)
    assert again.stop_of().stop_px == D("97.00")
    assert len([order for order in again.events(ev.OrderCreated) if order.intent.role is Role.STOP]) == 2


# --- without OCO: the target is held here -----------------------------------------------------------------------------


def holding(**can: Any) -> Desk:
    desk = desk_at(native_oco=False, **can)
    desk.hold(10, take_profit="110.00")
    return desk


def test_without_oco_only_the_stop_works_at_the_venue() -> None:
    desk = holding()
    assert desk.position().target_id is None
    assert desk.position().target_px == D("110.00")
    assert desk.stop_of().intent.oco_group is None


def test_a_target_that_is_held_here_takes_the_stop_back_before_it_leaves() -> None:
    desk = holding()
    stop = desk.stop_of()
    desk.quote(SHARE, "109.99", "110.01")
    assert desk.requests(CancelOrder) == []
    desk.quote(SHARE, "110.00", "110.02")
    assert only(desk.requests(CancelOrder)).cl_ord_id == stop.cl_ord_id
    assert last(desk).ord_type is OrdType.STOP  # nothing else has left
    desk.cancel(stop.cl_ord_id)
    order = last(desk)
    assert (order.ord_type, order.time_in_force, order.price) == (OrdType.LIMIT, TimeInForce.IOC, D("110.00"))
    desk.fill(order.cl_ord_id, 10, "110.00")
    assert (desk.position().qty, desk.position().exit) == (D(0), None)


def test_when_the_stop_fills_first_the_target_closes_nothing() -> None:
    """Both sides were touched by one quote, and the cancel lost the race."""
    desk = holding()
    stop, sent = desk.stop_of(), len(desk.requests(NewOrder))
    desk.quote(SHARE, "110.00", "110.02")
    desk.fill(stop.cl_ord_id, 10, "95.00")
    desk.refuse(stop.cl_ord_id)
    assert len(desk.requests(NewOrder)) == sent
    assert (desk.position().qty, desk.position().exit) == (D(0), None)


def test_a_stop_that_fills_in_part_before_it_is_taken_back_leaves_the_rest_to_the_target() -> None:
    desk = holding()
    stop = desk.stop_of()
    desk.quote(SHARE, "110.00", "110.02")
    desk.fill(stop.cl_ord_id, 4, "95.00")
    desk.cancel(stop.cl_ord_id)
    assert last(desk).order_qty == D(6)


def test_a_target_that_the_market_left_again_gives_the_place_back_to_the_stop_and_waits_longer_each_time() -> None:
    desk = holding()
    gaps = []
    for _ in range(3):
        stop, began_ns = desk.stop_of(), desk.now_ns
        desk.accept(stop.cl_ord_id) if stop.phase == "PENDING_NEW" else None
        while desk.position().exit is None:
            desk.now_ns += S // 2
            desk.quote(SHARE, "110.00", "110.02")
        gaps.append((desk.now_ns - began_ns) * 2 // S)
        desk.cancel(stop.cl_ord_id)
        desk.cancel(last(desk).cl_ord_id, text="IOC: nothing left")
        assert desk.stop_of().order_qty == D(10)
    assert gaps == [1, 2, 4]


def test_a_restart_between_stop_and_target_ends_with_one_of_them() -> None:
    desk = holding()
    stop = desk.stop_of()
    desk.quote(SHARE, "110.00", "110.02")
    again = desk.restarted()
    again.cancel(stop.cl_ord_id)
    again.books()
    order = last(again)
    assert (order.ord_type, order.price, order.order_qty) == (OrdType.LIMIT, D("110.00"), D(10))


def test_a_venue_without_stops_has_them_held_here_and_left_at_the_market() -> None:
    desk = desk_at(ord_types=(OrdType.MARKET, OrdType.LIMIT))
    entry = desk.enter(10, take_profit="110.00")
    desk.accept(entry)
    desk.fill(entry, 10)
    assert (desk.position().stop_id, desk.position().target_id) == (None, None)
    desk.quote(SHARE, "95.01", "95.03")
    assert desk.position().exit is None
    desk.quote(SHARE, "95.00", "95.02")
    assert (last(desk).ord_type, last(desk).order_qty) == (OrdType.MARKET, D(10))


# --- without reduce-only ----------------------------------------------------------------------------------------------


def test_without_reduce_only_nothing_is_sent_that_says_so() -> None:
    desk = desk_at(native_reduce_only=False)
    desk.hold(10)
    assert desk.stop_of().intent.reduce_only
    assert not last(desk).reduce_only


def test_what_a_reducing_order_opens_is_closed_when_the_books_confirm_it() -> None:
    """The stop and an opposite entry filled on one quote."""
    desk = desk_at(native_reduce_only=False)
    desk.hold(10)
    stop = desk.stop_of()
    desk.direct(SELL, 4)
    entry = desk.sent()
    desk.fill(entry, 4, "95.00")
    asked = len(desk.requests(QueryAccount))
    desk.fill(stop.cl_ord_id, 10, "95.00")
    assert desk.position().qty == D(-4)
    assert [event.kind for event in desk.events(ev.IncidentRaised)] == ["SURPLUS"]
    assert len(desk.requests(QueryAccount)) == asked + 1
    assert last(desk).cl_ord_id == entry  # reports may have changed places: nothing is closed on one side's word
    desk.books()
    order = last(desk)
    assert (order.side, order.order_qty, order.ord_type) == (BUY, D(4), OrdType.MARKET)
    desk.fill(order.cl_ord_id, 4, "95.02")
    assert (desk.position().qty, desk.position().surplus) == (D(0), D(0))


def test_a_surplus_that_a_late_report_explains_is_not_closed() -> None:
    desk = desk_at(native_reduce_only=False)
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 6)
    stop = desk.stop_of()
    desk.accept(stop.cl_ord_id)
    sent = len(desk.requests(NewOrder))
    desk.fill(stop.cl_ord_id, 6, "95.00")
    desk.fill(entry, 4)
    desk.books()
    created = [order.intent.role for order in desk.events(ev.OrderCreated)[sent:]]
    assert created == [Role.STOP]


# --- good till a date, and what has no means --------------------------------------------------------------------------


def test_an_order_good_till_a_date_is_cancelled_by_the_engine_where_the_venue_does_not_end_it() -> None:
    desk = Desk()
    until_ns = desk.now_ns + 100 * S
    desk.signal(quantity=10, order_type="LIMIT", limit_price="99", time_in_force="GTD", expire_time_ns=until_ns)
    order = last(desk)
    assert (order.time_in_force, order.expire_time_ns) == (TimeInForce.GTC, None)
    desk.accept(order.cl_ord_id)
    desk.wait(99 * S)
    assert desk.requests(CancelOrder) == []
    desk.wait(2 * S)
    assert only(desk.requests(CancelOrder)).cl_ord_id == order.cl_ord_id


def test_an_order_good_till_a_date_is_left_to_a_venue_that_ends_it() -> None:
    desk = desk_at(native_gtd=True, times_in_force=(*ALL.times_in_force, TimeInForce.GTD))
    until_ns = desk.now_ns + 100 * S
    desk.signal(quantity=10, order_type="LIMIT", limit_price="99", time_in_force="GTD", expire_time_ns=until_ns)
    order = last(desk)
    assert (order.time_in_force, order.expire_time_ns) == (TimeInForce.GTD, until_ns)
    desk.accept(order.cl_ord_id)
    desk.wait(200 * S)
    assert desk.requests(CancelOrder) == []


def test_an_order_type_that_a_venue_does_not_take_is_refused_while_planning() -> None:
    desk = Desk()
    desk.signal(quantity=10, order_type="STOP_LIMIT", limit_price="101.10", stop_price="101.00", stop_loss="95.00")
    answer = only(list(only(desk.events(ev.PlanProposed)).plan.assignments))
    assert answer.verdict is Verdict.SKIP
    assert [check.code for check in answer.checks if not check.passed] == ["ORDER_TYPE_UNSUPPORTED"]
    assert desk.requests(NewOrder) == []


def test_a_stop_limit_entry_leaves_with_both_prices() -> None:
    desk = desk_at(ord_types=(*ALL.ord_types, OrdType.STOP_LIMIT))
    desk.enter(10, order_type="STOP_LIMIT", limit_price="101.10", stop_price="101.00")
    order = last(desk)
    assert (order.ord_type, order.price, order.stop_px) == (OrdType.STOP_LIMIT, D("101.10"), D("101.00"))


# --- stops that follow the market -------------------------------------------------------------------------------------


def test_a_trailing_stop_begins_behind_the_decision_price_and_sizes_the_entry() -> None:
    desk = Desk()
    desk.signal(accounts=(A,), trailing_stop=Trail(D("0.50")), quantity=5)
    entry = last(desk)
    assert desk.order(entry.cl_ord_id).intent.stop_loss == D("99.52")
    desk.accept(entry.cl_ord_id)
    desk.fill(entry.cl_ord_id, 5)
    assert (last(desk).ord_type, last(desk).stop_px) == (OrdType.STOP, D("99.52"))


def trailing(desk: Desk, **trail: Any) -> None:
    desk.hold(10, stop_loss="99.00", trailing_stop=Trail(**trail))


def test_a_trailing_stop_is_moved_at_the_venue_and_only_nearer() -> None:
    desk = Desk()
    trailing(desk, amount=D("0.50"))
    assert desk.requests(ReplaceOrder) == []
    desk.quote(SHARE, "101.00", "101.02")
    change = only(desk.requests(ReplaceOrder))
    assert (change.stop_px, change.order_qty) == (D("100.50"), D(10))
    desk.replace(change.cl_ord_id, 10)
    desk.quote(SHARE, "100.60", "100.62")
    assert len(desk.requests(ReplaceOrder)) == 1
    assert desk.position().stop_px == D("100.50")


def test_a_trailing_stop_is_not_moved_by_less_than_its_least_step() -> None:
    desk = Desk(setup(trail_step_ticks=5))
    trailing(desk, amount=D("0.50"))
    desk.quote(SHARE, "99.54", "99.56")
    assert desk.requests(ReplaceOrder) == []
    desk.quote(SHARE, "99.55", "99.57")
    assert only(desk.requests(ReplaceOrder)).stop_px == D("99.05")


def test_a_trailing_stop_stands_still_until_its_activation_price() -> None:
    desk = Desk()
    trailing(desk, amount=D("0.50"), activation_px=D("101.00"))
    desk.quote(SHARE, "100.90", "100.92")
    assert desk.position().stop_px == D("99.00")
    desk.quote(SHARE, "101.00", "101.02")
    desk.quote(SHARE, "100.80", "100.82")
    assert desk.position().stop_px == D("100.50")
    assert desk.position().trail_active


def test_a_trailing_stop_of_a_short_position_follows_the_market_down() -> None:
    desk = Desk()
    entry = desk.enter(10, side=SELL, stop_loss="101.00", trailing_stop=Trail(pct=D(1), source=TriggerSource.MID))
    desk.accept(entry)
    desk.fill(entry, 10, "100.00")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.quote(SHARE, "90.00", "90.02")
    assert only(desk.requests(ReplaceOrder)).stop_px == D("90.92")  # 90.91 + 1 % up to the tick


BY_LAST = Trail(D("0.50"), source=TriggerSource.LAST)


def trade(desk: Desk, px: str, bid: str = "100.00", ask: str = "100.02") -> None:
    desk.step(Quote(SHARE, D(bid), D(ask), desk.now_ns, last=D(px), last_size=D(1)))


def test_a_stop_that_follows_trades_is_moved_by_a_trade_and_by_no_quote() -> None:
    desk = Desk()
    trade(desk, "100.02")
    desk.hold(10, stop_loss="99.00", trailing_stop=BY_LAST)
    desk.quote(SHARE, "105.00", "105.02")
    assert desk.requests(ReplaceOrder) == []
    trade(desk, "101.00", "100.98", "101.02")
    assert only(desk.requests(ReplaceOrder)).stop_px == D("100.50")


def test_without_a_trade_no_stop_can_follow_trades_and_the_plan_says_so() -> None:
    desk = Desk()
    desk.signal(accounts=(A,), trailing_stop=BY_LAST, quantity=5, stop_loss="99.00")
    assignment = only(list(only(desk.events(ev.PlanProposed)).plan.assignments))
    assert assignment.verdict is Verdict.SKIP
    assert [check.code for check in assignment.checks if not check.passed] == ["NO_LAST_PRICE"]
    assert desk.requests(NewOrder) == []


def test_a_stop_adjustment_by_trades_needs_one_and_begins_behind_it() -> None:
    desk = Desk()
    desk.hold(10, stop_loss="99.00")
    desk.adjust(trailing_stop=BY_LAST)
    assert (desk.position().trail, desk.position().stop_px) == (None, D("99.00"))
    trade(desk, "99.98")
    desk.adjust(trailing_stop=BY_LAST)
    assert (desk.position().trail, desk.position().stop_px) == (BY_LAST, D("99.48"))


def test_the_last_trade_is_known_after_a_restart() -> None:
    desk = Desk()
    trade(desk, "99.98")
    desk.hold(10, stop_loss="99.00")
    again = desk.restarted()
    again.books()
    again.adjust(id="later", trailing_stop=BY_LAST)
    assert again.position().stop_px == D("99.48")


def test_an_order_that_would_follow_trades_begins_behind_the_last_one() -> None:
    desk = Desk()
    direct = OrderIntent(
        A, SHARE, SELL, OrdType.TRAILING_STOP, TimeInForce.DAY, D(4), Role.DIRECT, SignalId("d1"), trail=BY_LAST
    )
    desk.step(SubmitOrder(direct))
    assert only(desk.events(ev.OrderDenied)).reasons[0].startswith("ORDER_MALFORMED")
    trade(desk, "99.90")
    desk.step(SubmitOrder(msgspec.structs.replace(direct, signal_id=SignalId("d2"))))
    assert last(desk).stop_px == D("99.40")


def test_a_venue_that_moves_trailing_stops_itself_is_sent_one_and_left_alone() -> None:
    desk = desk_at(native_trailing=True, ord_types=(*ALL.ord_types, OrdType.TRAILING_STOP))
    trailing(desk, amount=D("0.50"))
    assert (last(desk).ord_type, last(desk).trail, last(desk).stop_px) == (
        OrdType.TRAILING_STOP,
        Trail(D("0.50")),
        D("99.00"),
    )
    desk.quote(SHARE, "101.00", "101.02")
    desk.books()
    assert desk.requests(ReplaceOrder) == []


def test_a_stop_that_somebody_sets_stands_still_from_then_on() -> None:
    desk = Desk()
    trailing(desk, amount=D("0.50"))
    desk.adjust(stop_loss="99.10")
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 10)
    desk.quote(SHARE, "103.00", "103.02")
    assert (desk.position().trail, desk.position().stop_px) == (None, D("99.10"))


def test_a_stop_adjustment_can_let_a_stop_follow_the_market_and_never_loosens_it_by_that() -> None:
    desk = Desk()
    desk.hold(10, stop_loss="99.00")
    desk.adjust(trailing_stop=Trail(D("5.00")))
    assert (desk.position().stop_px, desk.position().trail) == (D("99.00"), Trail(D("5.00")))
    desk.adjust(trailing_stop=Trail(D("0.20")))
    assert desk.position().stop_px == D("99.80")


def test_a_direct_trailing_stop_works_as_a_stop_and_is_moved() -> None:
    desk = Desk()
    intent = OrderIntent(
        A, SHARE, BUY, OrdType.TRAILING_STOP, TimeInForce.GTC, D(5), Role.DIRECT, SignalId("d"), trail=Trail(D("0.50"))
    )
    desk.step(SubmitOrder(intent))
    order = last(desk)
    assert (order.ord_type, order.stop_px, order.trail) == (OrdType.STOP, D("100.52"), None)
    desk.accept(order.cl_ord_id)
    desk.quote(SHARE, "99.00", "99.02")
    change = only(desk.requests(ReplaceOrder))
    assert (change.stop_px, change.order_qty) == (D("99.52"), D(5))
    desk.replace(change.cl_ord_id, 5)
    desk.quote(SHARE, "99.40", "99.42")
    assert len(desk.requests(ReplaceOrder)) == 1
    desk.fill(change.cl_ord_id, 5, "99.52")
    assert desk.engine.state.trailing == {SHARE: {}}


# --- one stop for a position ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("merge", "kept"), [("tighter", "97.00"), ("latest", "95.00")])
def test_an_entry_with_a_looser_stop_loosens_the_first_ones_only_where_the_account_says_so(
    merge: str, kept: str
) -> None:
    config = setup()
    spec = msgspec.convert({**msgspec.to_builtins(config.accounts[0]), "stop_merge": merge}, type(config.accounts[0]))
    desk = Desk(msgspec.structs.replace(config, accounts=(spec,)))
    desk.hold(10, stop_loss="97.00")
    desk.signal(quantity=5, stop_loss="95.00", accounts=(A,))
    desk.fill(desk.sent(), 5)
    assert desk.position().stop_px == D(kept)


def test_an_entry_with_a_nearer_stop_tightens_the_first_ones() -> None:
    desk = Desk()
    desk.hold(10, stop_loss="95.00")
    desk.signal(quantity=5, stop_loss="97.00", accounts=(A,))
    desk.fill(desk.sent(), 5)
    assert desk.position().stop_px == D("97.00")


def test_a_fold_remembers_what_follows_the_market() -> None:
    desk = Desk()
    trailing(desk, amount=D("0.50"), activation_px=D("101.00"))
    desk.quote(SHARE, "101.00", "101.02")
    assert desk.folded().engine.digest() == desk.engine.digest()
    assert "StopTrailed" in kinds(desk.records[-1])
    assert desk.events(ev.ProtectionLevelsSet)[-1].trail == Trail(D("0.50"), activation_px=D("101.00"))


def test_a_direct_trailing_stop_is_renewed_where_the_venue_changes_no_orders() -> None:
    """Found by the simulator: the venue was asked to replace it all the same."""
    desk = desk_at(native_replace=False)
    trail = Trail(D("0.50"), activation_px=D("99.50"))
    intent = OrderIntent(
        A, SHARE, BUY, OrdType.TRAILING_STOP, TimeInForce.GTC, D(5), Role.DIRECT, SignalId("d"), trail=trail
    )
    desk.step(SubmitOrder(intent))
    order = last(desk)
    desk.accept(order.cl_ord_id)
    desk.quote(SHARE, "99.00", "99.02")
    assert only(desk.requests(CancelOrder)).cl_ord_id == order.cl_ord_id
    desk.fill(order.cl_ord_id, 2, "100.52")
    desk.cancel(order.cl_ord_id)
    renewed = last(desk)
    assert (renewed.order_qty, renewed.stop_px) == (D(3), D("99.52"))
    assert only([event for event in desk.events(ev.OrderCreated) if event.renews]).renews == order.cl_ord_id
    desk.accept(renewed.cl_ord_id)
    desk.quote(SHARE, "98.00", "98.02")  # the activation price was reached before
    assert desk.requests(CancelOrder)[-1].cl_ord_id == renewed.cl_ord_id


# --- a person changes an order ----------------------------------------------------------------------------------------


def resting(desk: Desk) -> ClOrdId:
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.00", stop_loss="95.00")
    desk.accept(entry)
    return entry


def changed(desk: Desk, cl_ord_id: ClOrdId, **fields: str) -> list[str]:
    values = {name: D(value) for name, value in fields.items()}
    record = desk.step(ChangeOrder("anna", "a better price", cl_ord_id, **values))
    return [reason for event in record.events if isinstance(event, ev.CommandRefused) for reason in event.reasons]


def test_a_person_changes_a_resting_order_through_the_gate_and_more_is_held_at_once() -> None:
    desk = Desk()
    entry = resting(desk)
    held = desk.account().held_margin
    assert changed(desk, entry, price="100.00") == []
    change = only(desk.requests(ReplaceOrder))
    assert (change.price, change.order_qty) == (D("100.00"), D(10))
    assert desk.account().held_margin == held * 100 / 99
    desk.replace(change.cl_ord_id, 10)
    assert desk.order(entry).price == D("100.00")
    assert desk.folded().engine.digest() == desk.engine.digest()


def test_a_person_may_not_ask_for_more_than_the_plan_gave() -> None:
    desk = Desk()
    entry = resting(desk)
    changed(desk, entry, order_qty="11")
    assert desk.requests(ReplaceOrder) == []
    assert only(desk.events(ev.OrderDenied)).reasons


def test_a_quantity_lowered_to_what_is_filled_cancels_the_rest() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.fill(entry, 4, "99.00")
    changed(desk, entry, order_qty="4")
    assert only(desk.requests(CancelOrder)).cl_ord_id == entry


def test_a_changed_order_is_renewed_where_the_venue_changes_none_and_the_plan_counts_it_once() -> None:
    desk = desk_at(native_replace=False)
    entry = resting(desk)
    desk.fill(entry, 4, "99.00")
    changed(desk, entry, price="99.50", order_qty="8")
    desk.cancel(entry)
    renewed = desk.events(ev.OrderCreated)[-1]
    assert (renewed.intent.order_qty, renewed.intent.price, renewed.renews) == (D(4), D("99.50"), entry)
    assert desk.engine.state.plans[renewed.intent.signal_id].shares[A].used == D(8)


def test_an_order_that_is_called_back_while_it_is_renewed_is_not_renewed() -> None:
    desk = desk_at(native_replace=False)
    entry = resting(desk)
    changed(desk, entry, price="99.50")
    desk.exit()
    sent = len(desk.requests(NewOrder))
    desk.cancel(entry)
    assert len(desk.requests(NewOrder)) == sent


def test_what_a_person_may_not_change_is_said() -> None:
    desk = Desk()
    assert changed(desk, ClOrdId("nobody"), price="1") == ["no order of ours has this id"]
    desk.hold(10)
    assert changed(desk, desk.stop_of().cl_ord_id, stop_px="96") == [
        "it is the STOP order of a position: a stop_adjustment moves it"
    ]
    entry = resting(desk)
    assert changed(desk, entry, stop_px="98") == ["it is a LIMIT order and has no stop_price"]
    changed(desk, entry, price="99.10")
    assert changed(desk, entry, price="99.20") == ["what was asked of it last is not answered yet"]


def test_what_the_engine_held_and_that_now_stops_is_listed() -> None:
    desk = holding()
    trailing_too = desk.adjust(trailing_stop=Trail(D("6.00")))
    assert trailing_too.events
    record = desk.step(StopEngine("SIGTERM"))
    assert only([event for event in record.events if isinstance(event, ev.EngineStopped)]).held == (
        "A SHARE: its stop stays at 95.00 and follows the market no longer",
        "A SHARE: its target at 110.00, which works at no venue",
    )
