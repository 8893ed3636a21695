"""Two orders of one signal: one cancels the other, or one follows the other. At venues with OCO groups and without."""

from typing import Any

import msgspec
import pytest

from coxswain.core.order import held_qty
from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan, CancelOrders, ChangeOrder, EgressRefused
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount
from coxswain.model.contingent import Contingent
from coxswain.model.orders import Trail
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import (
    ClOrdId,
    ExecType,
    Mode,
    OrdStatus,
    OrdType,
    Role,
    SignalId,
    TimeInForce,
    VenueTier,
    Verdict,
)
from tests.unit.core.desk import (
    BUY,
    LIMIT,
    MARKET,
    MS,
    SELL,
    SHARE,
    STOP,
    A,
    B,
    D,
    Desk,
    S,
    account,
    kinds,
    only,
    setup,
)

ALL = Capabilities(VenueTier.T1, True, True, True)
FIRST, SECOND = SignalId("pair"), SignalId("pair/2")
BREAK_DOWN = Contingent(SELL, STOP, D("99.00"), stop_loss=D("100.50"))
SAME_SIDE = Contingent(BUY, STOP, D("101.00"), stop_loss=D("98.00"))
ADD = Contingent(BUY, STOP, D("101.00"), stop_loss=D("98.00"))

both_kinds = pytest.mark.parametrize("native", [True, False], ids=["native", "emulated"])


def desk_at(*, native: bool, **settings: Any) -> Desk:
    return Desk(setup(can=msgspec.structs.replace(ALL, native_oco=native), **settings))


def send(desk: Desk, **fields: Any) -> None:
    values: dict[str, Any] = {
        "id": "pair",
        "side": BUY,
        "order_type": STOP,
        "limit_price": "101.00",
        "stop_loss": "99.50",
        "quantity": 10,
        "accounts": (A,),
        "time_in_force": TimeInForce.GTC,
    }
    desk.signal(**{key: value for key, value in (values | fields).items() if value is not None})


def pair(desk: Desk, *, accepted: bool = True, **fields: Any) -> tuple[ClOrdId, ClOrdId]:
    """Send a pair of entries, a buy stop above the market and a sell stop below it unless said otherwise."""
    send(desk, **({"oco": BREAK_DOWN} | fields))
    one, other = (order.cl_ord_id for order in desk.requests(NewOrder)[-2:])
    if accepted:
        desk.accept(one)
        desk.accept(other)
    return one, other


def same_side(desk: Desk, **fields: Any) -> tuple[ClOrdId, ClOrdId]:
    """A limit below the market and a stop above it, to buy one quantity."""
    values: dict[str, Any] = {"order_type": LIMIT, "limit_price": "99.00", "stop_loss": "97.00", "oco": SAME_SIDE}
    return pair(desk, **(values | fields))


def cancelled(desk: Desk) -> list[ClOrdId]:
    return [request.cl_ord_id for request in desk.requests(CancelOrder)]


def protected(desk: Desk) -> bool:
    """Say whether the stop covers exactly what is open."""
    return desk.stop_of().order_qty - desk.stop_of().cum_qty == abs(desk.position().qty)


# --- a pair is planned and placed -------------------------------------------------------------------------------------


@both_kinds
def test_both_orders_of_a_pair_are_placed_at_once_and_in_one_group_where_the_venue_has_groups(native: bool) -> None:
    desk = desk_at(native=native)
    pair(desk)
    first, second = desk.requests(NewOrder)
    assert (first.side, first.stop_px, second.side, second.stop_px) == (BUY, D("101.00"), SELL, D("99.00"))
    assert first.order_qty == second.order_qty > 0
    if native:
        assert first.oco_group == second.oco_group == first.cl_ord_id
    else:
        assert first.oco_group is second.oco_group is None


def test_two_pairs_are_in_two_groups() -> None:
    desk = desk_at(native=True)
    pair(desk)
    pair(desk, id="other", quantity=5)
    groups = [request.oco_group for request in desk.requests(NewOrder)]
    assert groups[0] == groups[1] != groups[2] == groups[3]


def test_where_the_venue_keeps_a_pair_apart_the_worse_order_decides_the_size_and_one_hold_serves_both() -> None:
    desk = desk_at(native=True)
    one, other = same_side(desk, quantity=None, stop_loss="94.00")  # 5.00 a share against 3.00
    first, second = desk.order(one), desk.order(other)
    assert first.order_qty == second.order_qty == D(200)
    assert desk.account().held_risk == max(200 * first.risk_per_lot, 200 * second.risk_per_lot)
    assert desk.account().held_margin == max(200 * first.margin_per_lot, 200 * second.margin_per_lot)
    assert desk.position().held_buy == D(200)


def test_where_both_could_fill_the_account_can_carry_both_and_holds_both() -> None:
    desk = desk_at(native=False)
    oco = Contingent(BUY, STOP, D("101.00"), stop_loss=D("96.00"))
    one, other = same_side(desk, quantity=None, stop_loss="94.00", oco=oco)
    first, second = desk.order(one), desk.order(other)
    assert first.order_qty == second.order_qty == D(100)  # 1000 at risk over 5.00 + 5.00
    assert desk.account().held_risk == 100 * (first.risk_per_lot + second.risk_per_lot) == D(1000)
    assert desk.account().held_margin == 100 * (first.margin_per_lot + second.margin_per_lot)
    assert desk.position().held_buy == D(200)


def test_a_shared_hold_goes_with_the_last_order_of_the_pair() -> None:
    desk = desk_at(native=True)
    one, other = same_side(desk)
    desk.cancel(one)
    assert desk.account().held_margin == held_qty(desk.order(other)) * desk.order(other).margin_per_lot > 0
    desk.cancel(other)
    assert (desk.account().held_margin, desk.account().held_risk, desk.position().held_buy) == (D(0), D(0), D(0))


def test_a_pair_at_the_position_limit_fits_where_only_one_of_it_can_fill() -> None:
    desk = Desk(setup(account(A, max_position_qty=10), can=ALL))
    one, other = same_side(desk, quantity=None)
    assert desk.order(one).order_qty == desk.order(other).order_qty == D(10)


def test_an_account_that_one_of_the_two_orders_does_not_suit_takes_neither() -> None:
    desk = desk_at(native=True)
    send(desk, oco=Contingent(SELL, STOP, D("99.00"), stop_loss=D("98.00")))
    assignment = desk.events(ev.PlanProposed)[0].plan.assignments[0]
    assert assignment.verdict is Verdict.SKIP
    assert [check.code for check in assignment.checks if not check.passed] == ["STOP_ON_WRONG_SIDE"]
    assert desk.requests(NewOrder) == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"oco": BREAK_DOWN, "then": ADD}, "SECOND_ORDER"),
        ({"order_type": MARKET, "limit_price": None, "oco": BREAK_DOWN}, "SECOND_ORDER"),
        ({"oco": Contingent(SELL)}, "SECOND_ORDER"),
        ({"oco": Contingent(SELL, STOP, D("99.001"))}, "PRICE_OFF_TICK"),
    ],
)
def test_what_is_no_pair_is_refused_before_it_is_planned(fields: dict[str, Any], why: str) -> None:
    desk = desk_at(native=True)
    fields = {key: value for key, value in fields.items() if value is not None}
    values: dict[str, Any] = {"id": "pair", "side": BUY, "order_type": STOP, "quantity": 10} | fields
    if values["order_type"] is not MARKET:
        values["limit_price"] = "101.00"
    desk.signal(**values)
    assert only(desk.events(ev.SignalDenied)).reasons[0].startswith(why)


def test_a_pair_waits_for_a_person_as_one_and_is_placed_as_one() -> None:
    desk = desk_at(native=True, mode=Mode.MANUAL)
    send(desk, oco=BREAK_DOWN)
    assert desk.requests(NewOrder) == []
    desk.step(ApprovePlan((FIRST,), "looks right", "anna"))
    desk.wait(0)
    assert len(desk.requests(NewOrder)) == 2


# --- one cancels the other --------------------------------------------------------------------------------------------


@both_kinds
@pytest.mark.parametrize("which", [0, 1])
def test_the_fill_of_either_cancels_the_other_and_is_protected(native: bool, which: int) -> None:
    desk = desk_at(native=native)
    orders = pair(desk)
    desk.fill(orders[which], 10, "101.00" if which == 0 else "99.00")
    assert cancelled(desk) == [orders[1 - which]]
    desk.cancel(orders[1 - which])
    assert abs(desk.position().qty) == D(10)
    assert protected(desk)
    assert desk.stop_of().stop_px == (D("99.50") if which == 0 else D("100.50"))
    assert desk.account().held_margin == D(0)


@both_kinds
def test_a_part_of_a_fill_cancels_the_other_whole_and_the_rest_goes_on(native: bool) -> None:
    desk = desk_at(native=native)
    one, other = pair(desk)
    desk.fill(one, 4, "101.00")
    if native:  # the venue has made it smaller by itself meanwhile
        desk.report(other, ExecType.RESTATED, order_qty=6)
        assert desk.order(other).order_qty == D(6)
    assert cancelled(desk) == [other]
    desk.cancel(other)
    assert protected(desk)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.fill(one, 6, "101.00")
    desk.wait(2 * S)
    assert desk.position().qty == D(10)
    assert cancelled(desk) == [other]


@both_kinds
def test_both_fill_in_a_race_and_both_are_booked_and_what_is_open_is_protected(native: bool) -> None:
    desk = desk_at(native=native)
    one, other = pair(desk)
    desk.fill(one, 10, "101.00")
    desk.fill(other, 4, "99.00")
    assert desk.position().qty == D(6)
    incident = only(desk.events(ev.IncidentRaised))
    assert (incident.kind, incident.detail) == (
        "BOTH_FILLED",
        "both orders of a pair filled, 10 and 4: 6 SHARE are open",
    )
    assert desk.requests(QueryAccount)
    stop = desk.stop_of()
    desk.accept(stop.cl_ord_id)
    desk.cancel(other)
    desk.wait(S)
    assert held_qty(desk.stop_of()) >= abs(desk.position().qty)
    desk.fill(other, 1, "99.00")  # late, and told of once more by its own incident, not by this one
    assert [incident.kind for incident in desk.events(ev.IncidentRaised)] == ["BOTH_FILLED", "LATE_FILL"]
    assert desk.position().qty == D(5)


@both_kinds
def test_both_fill_in_full_on_one_side_and_all_of_it_is_protected(native: bool) -> None:
    desk = desk_at(native=native)
    one, other = same_side(desk)
    desk.fill(one, 10, "99.00")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.fill(other, 10, "101.00")
    assert desk.position().qty == D(20)
    desk.replace(desk.order(desk.stop_of().cl_ord_id).replace_pending.cl_ord_id, 20)  # type: ignore[union-attr]
    assert protected(desk)


@both_kinds
def test_a_fill_before_the_other_is_acknowledged_cancels_it_all_the_same(native: bool) -> None:
    desk = desk_at(native=native)
    one, other = pair(desk, accepted=False)
    desk.fill(one, 10, "101.00")
    assert cancelled(desk) == [other]
    assert desk.account().held_margin == 10 * desk.order(other).margin_per_lot  # it still may fill


def test_a_cancel_that_the_venue_answered_by_itself_is_no_trouble() -> None:
    desk = desk_at(native=True)
    one, other = pair(desk)
    desk.fill(one, 10, "101.00")
    desk.cancel(other, text="OCO")
    desk.refuse(other, text="the order is CANCELED")
    assert desk.order(other).ended_as is OrdStatus.CANCELED
    assert desk.events(ev.OutcomeUnknown) == []


@both_kinds
@pytest.mark.parametrize("end", ["cancel", "reject", "expire", "lost"])
def test_when_one_ends_unfilled_the_other_is_called_back(native: bool, end: str) -> None:
    desk = desk_at(native=native)
    one, other = pair(desk, accepted=end != "reject")
    if end == "cancel":
        desk.cancel(one)
    elif end == "reject":
        desk.reject(one)
    elif end == "expire":
        desk.report(one, ExecType.EXPIRED)
    else:
        desk.step(CancelOrders("anna", "not this one", (one,)))
        desk.cancel(one)
    assert cancelled(desk)[-1] == other
    assert desk.events(ev.RecoveryAssigned) == []


def test_what_one_order_of_a_pair_leaves_moves_to_no_other_account() -> None:
    desk = Desk(setup(account(A), account(B, reserve=True), can=ALL))
    one, _ = pair(desk, accepted=False)
    desk.reject(one)
    assert (desk.events(ev.RecoveryAssigned), desk.events(ev.RecoveryFailed)) == ([], [])


def test_the_second_is_not_sent_when_our_gate_denies_the_first() -> None:
    desk = Desk(setup(account(A, price_collar_pct=1), can=ALL))
    send(desk, limit_price="103.00", stop_loss="99.50", oco=BREAK_DOWN)
    assert only(desk.events(ev.OrderDenied)).intent.signal_id == FIRST
    assert only(desk.events(ev.AssignmentWithdrawn)).signal_id == SECOND
    assert desk.requests(NewOrder) == []


def test_the_first_is_called_back_when_our_gate_denies_the_second() -> None:
    desk = Desk(setup(account(A, price_collar_pct=1), can=ALL))
    send(desk, oco=Contingent(SELL, STOP, D("97.00"), stop_loss=D("100.50")))
    assert only(desk.events(ev.OrderDenied)).intent.signal_id == SECOND
    assert cancelled(desk) == [only(desk.requests(NewOrder)).cl_ord_id]


def test_the_first_is_called_back_when_the_second_was_held_back_at_the_last_moment() -> None:
    desk = desk_at(native=True)
    one, other = pair(desk, accepted=False)
    desk.step(EgressRefused(A, other, "NOT_AS_INTENDED"))
    assert cancelled(desk) == [one]


def test_a_cancel_by_the_signal_means_both() -> None:
    desk = desk_at(native=False)
    one, other = pair(desk)
    desk.step(CancelOrders("anna", "enough", signal_id=FIRST))
    assert sorted(cancelled(desk)) == sorted([one, other])


def test_a_pair_that_rests_is_neither_watched_nor_completed() -> None:
    desk = desk_at(native=False)
    one, other = pair(desk, order_type=LIMIT, limit_price="100.05", stop_loss="97.00", oco=SAME_SIDE)  # marketable
    desk.fill(one, 4, "100.02")
    desk.cancel(other)
    desk.wait(70 * S)
    assert one not in cancelled(desk)
    desk.cancel(one)
    assert desk.events(ev.CompletionScheduled) == []


# --- a pair and a restart ---------------------------------------------------------------------------------------------


@both_kinds
def test_after_a_restart_between_the_two_the_second_is_sent_when_the_books_agree(native: bool) -> None:
    desk = desk_at(native=native, max_messages_per_s=1)
    send(desk, oco=BREAK_DOWN)
    one = only(desk.requests(NewOrder)).cl_ord_id  # the second waits for room
    again = desk.restarted()
    again.look(one, OrdStatus.NEW)
    again.books()
    again.wait(3 * S)
    first, second = again.requests(NewOrder)
    assert (first.oco_group, second.side, second.stop_px) == (second.oco_group, SELL, D("99.00"))
    again.accept(second.cl_ord_id)
    again.fill(one, 10, "101.00")
    assert cancelled(again) == [second.cl_ord_id]


@both_kinds
def test_the_second_is_never_sent_when_the_first_filled_while_the_engine_was_down(native: bool) -> None:
    desk = desk_at(native=native, max_messages_per_s=1)
    send(desk, oco=BREAK_DOWN)
    one = only(desk.requests(NewOrder)).cl_ord_id
    again = desk.restarted()
    again.look(one, OrdStatus.FILLED, fills=(again.venue_fill(one, 10, "101.00"),), held=10)
    again.wait(3 * S)
    assert [request.side for request in again.requests(NewOrder) if request.stop_px != D("99.50")] == [BUY]
    assert only(again.events(ev.AssignmentWithdrawn)).signal_id == SECOND


def test_the_links_of_a_pair_are_facts_that_a_fold_brings_back() -> None:
    desk = desk_at(native=True)
    one, other = pair(desk)
    again = desk.folded()
    assert again.engine.digest() == desk.engine.digest()
    again.fill(one, 1, "101.00")
    assert cancelled(again) == [other]


def test_a_lost_order_of_a_pair_is_looked_for_and_not_sent_again_once_the_other_filled() -> None:
    desk = desk_at(native=False)
    one, other = pair(desk, accepted=False)
    desk.accept(one)
    desk.wait(6 * S)  # nobody answered for the other
    desk.fill(one, 10, "101.00")
    for _ in range(2):
        desk.look(other, held=10)
        desk.wait(15 * S)
    assert desk.events(ev.OrderResent) == []
    assert desk.order(other).ended_as is OrdStatus.CANCELED


def test_an_order_of_a_pair_that_is_changed_where_the_venue_changes_none_stays_in_its_pair() -> None:
    desk = Desk(setup(can=msgspec.structs.replace(ALL, native_replace=False)))
    one, other = pair(desk)
    desk.step(ChangeOrder("anna", "a little higher", one, stop_px=D("101.20")))
    desk.cancel(one)
    assert cancelled(desk) == [one]  # what was changed is no end of it
    renewed = desk.requests(NewOrder)[-1]
    assert (renewed.stop_px, renewed.oco_group) == (D("101.20"), desk.order(other).intent.oco_group)
    desk.accept(renewed.cl_ord_id)
    desk.fill(renewed.cl_ord_id, 10, "101.20")
    assert cancelled(desk) == [one, other]


# --- one follows the other --------------------------------------------------------------------------------------------


def following(desk: Desk, **fields: Any) -> ClOrdId:
    """Send an entry that another is to follow, at the market unless said otherwise; return the first one's id."""
    values: dict[str, Any] = {"id": "pair", "accounts": (A,), "stop_loss": "98.00", "quantity": 10, "then": ADD}
    desk.signal(**(values | fields))
    return only(desk.requests(NewOrder)).cl_ord_id


def entries_sent(desk: Desk) -> list[NewOrder]:
    return [request for request in desk.requests(NewOrder) if not request.reduce_only]


@both_kinds
def test_an_order_follows_when_the_first_is_filled(native: bool) -> None:
    desk = desk_at(native=native)
    one = following(desk)
    desk.accept(one)
    assert len(entries_sent(desk)) == 1
    desk.fill(one, 10)
    desk.wait(0)
    second = entries_sent(desk)[-1]
    assert (second.ord_type, second.stop_px, second.order_qty, second.oco_group) == (STOP, D("101.00"), D(10), None)
    desk.accept(second.cl_ord_id)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.fill(second.cl_ord_id, 10, "101.00")
    assert desk.position().qty == D(20)


def test_an_order_follows_for_what_the_first_one_filled() -> None:
    desk = desk_at(native=True)
    one = following(desk, order_type=LIMIT, limit_price="99.00")
    desk.accept(one)
    desk.fill(one, 4, "99.00")
    desk.wait(S)
    assert len(entries_sent(desk)) == 1  # the first may still fill more
    desk.report(one, ExecType.EXPIRED)
    desk.wait(0)
    assert entries_sent(desk)[-1].order_qty == D(4)


def test_an_order_follows_after_the_completions_of_the_first() -> None:
    desk = desk_at(native=True)
    one = following(desk)
    desk.accept(one)
    desk.fill(one, 4)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.wait(61 * S)
    desk.quote(SHARE, "100.00", "100.02")
    desk.books()
    desk.cancel(one)
    desk.wait(0)
    completion = entries_sent(desk)[-1]
    assert desk.order(completion.cl_ord_id).intent.role is Role.COMPLETION
    assert len(entries_sent(desk)) == 2
    desk.accept(completion.cl_ord_id)
    desk.fill(completion.cl_ord_id, 6)
    desk.wait(0)
    second = entries_sent(desk)[-1]
    assert (desk.order(second.cl_ord_id).intent.signal_id, second.order_qty) == (SECOND, D(10))


@pytest.mark.parametrize("end", ["cancel", "reject", "expire"])
def test_nothing_follows_an_order_that_ended_unfilled(end: str) -> None:
    desk = desk_at(native=True)
    one = following(desk, order_type=LIMIT, limit_price="99.00")
    if end == "reject":
        desk.reject(one)
    else:
        desk.accept(one)
        desk.report(one, ExecType.CANCELED if end == "cancel" else ExecType.EXPIRED)
    desk.wait(S)
    assert only(desk.events(ev.AssignmentWithdrawn)).signal_id == SECOND
    assert len(entries_sent(desk)) == 1
    assert desk.account().planned_risk == D(0)


def test_nothing_follows_an_order_that_our_gate_denied() -> None:
    desk = Desk(setup(account(A, price_collar_pct=1), can=ALL))
    desk.signal(id="pair", order_type=STOP, limit_price="103.00", stop_loss="98.00", quantity=10, then=ADD)
    assert only(desk.events(ev.AssignmentWithdrawn)).signal_id == SECOND
    assert desk.requests(NewOrder) == []


def test_nothing_follows_what_is_closed_again() -> None:
    desk = desk_at(native=True)
    one = following(desk, order_type=LIMIT, limit_price="99.00")
    desk.accept(one)
    desk.fill(one, 4, "99.00")
    stop = desk.stop_of().cl_ord_id
    desk.accept(stop)
    desk.fill(stop, 4, "98.00")
    desk.report(one, ExecType.EXPIRED)
    desk.wait(S)
    assert "closed again" in only(desk.events(ev.AssignmentWithdrawn)).reason
    assert len(entries_sent(desk)) == 1


def test_an_order_follows_long_after_its_signal_and_lives_from_then_on() -> None:
    desk = desk_at(native=True)
    one = following(desk, order_type=LIMIT, limit_price="99.00", time_in_force=TimeInForce.GTC, ttl_s=60)
    desk.accept(one)
    desk.wait(3_600 * S)
    desk.books()
    desk.quote(SHARE, "99.00", "99.02")
    desk.fill(one, 10, "99.00")
    desk.wait(0)
    second = entries_sent(desk)[-1]
    assert second.order_qty == D(10)
    assert desk.order(second.cl_ord_id).dies_ns == desk.now_ns + 60 * S


def test_an_order_that_follows_passes_the_gate_as_things_stand_then() -> None:
    desk = desk_at(native=True)
    one = following(desk)
    desk.accept(one)
    desk.quote(SHARE, "90.00", "90.02")  # the level is far from the market by now
    desk.fill(one, 10)
    desk.wait(0)
    assert only(desk.events(ev.OrderDenied)).intent.signal_id == SECOND
    assert len(entries_sent(desk)) == 1


def test_what_follows_is_sized_with_the_first_and_its_risk_is_held_from_the_plan_on() -> None:
    desk = desk_at(native=True)
    then = Contingent(BUY, STOP, D("101.00"), stop_loss=D("97.00"))
    desk.signal(id="pair", accounts=(A,), stop_loss="96.02", then=then)  # 4.00 a share at risk, then 4.00
    first = only(entries_sent(desk))
    assert first.order_qty == D(125)  # 1000 over both
    assert desk.account().planned_risk == D(500)
    desk.accept(first.cl_ord_id)
    desk.fill(first.cl_ord_id, 125)
    desk.wait(0)
    assert desk.account().planned_risk == D(0)
    assert entries_sent(desk)[-1].order_qty == D(125)


def test_an_order_that_follows_can_have_a_stop_that_follows_the_market() -> None:
    desk = desk_at(native=True)
    one = following(desk, then=Contingent(BUY, STOP, D("101.00"), trailing_stop=Trail(D("0.50"))))
    desk.accept(one)
    desk.fill(one, 10)
    desk.wait(0)
    assert desk.order(entries_sent(desk)[-1].cl_ord_id).intent.stop_loss == D("100.50")


def test_after_a_restart_the_order_follows_once() -> None:
    desk = desk_at(native=True)
    one = following(desk)
    desk.accept(one)
    desk.fill(one, 10)  # its turn has come, and the process ends before it has gone
    assert only(desk.events(ev.SecondOrderDue)).qty == D(10)
    again = desk.restarted()
    assert again.engine.state.plans[SECOND].shares[A].due_ns
    stop = again.stop_of().cl_ord_id
    again.wait(0)
    assert len(entries_sent(again)) == 1  # the books have not been compared
    again.look(stop, OrdStatus.NEW)
    again.books()
    again.wait(2 * S)
    assert len(entries_sent(again)) == 2
    again.fill(one, 10, exec_id="x2")  # told twice
    again.wait(2 * S)
    assert len(entries_sent(again)) == 2


def test_a_cancel_by_the_signal_withdraws_what_would_follow() -> None:
    desk = desk_at(native=True)
    one = following(desk, order_type=LIMIT, limit_price="99.00")
    desk.accept(one)
    desk.fill(one, 4, "99.00")
    desk.step(CancelOrders("anna", "enough", signal_id=FIRST))
    desk.cancel(one)
    desk.wait(S)
    assert only(desk.events(ev.AssignmentWithdrawn)).signal_id == SECOND
    assert len(entries_sent(desk)) == 1


def test_an_order_that_would_follow_at_the_market_is_judged_by_the_first_ones_price() -> None:
    desk = desk_at(native=True)
    one = following(
        desk,
        order_type=STOP,
        limit_price="101.00",
        stop_loss="99.00",
        then=Contingent(BUY, OrdType.MARKET, stop_loss=D("100.50")),
    )
    desk.accept(one)
    desk.quote(SHARE, "101.00", "101.02")
    desk.fill(one, 10, "101.02")
    desk.wait(MS)
    assert entries_sent(desk)[-1].order_qty == D(10)
    assert "SecondOrderDue" in [name for record in desk.records for name in kinds(record)]
