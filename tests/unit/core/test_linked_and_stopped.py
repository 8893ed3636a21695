"""Two orders of one signal where a person stops, lowers or approves, where nobody runs, and where accounts stand in."""

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan, ModifyPlan, StopTrading, SubmitSignal
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Mode, SignalId, SignalKind, TimeInForce
from tests.unit.core.desk import BUY, SELL, SHARE, STOP, A, B, C, D, Desk, S, account, setup
from tests.unit.core.test_kept import Stopped
from tests.unit.core.test_linked import ADD, ALL, BREAK_DOWN, FIRST, both_kinds, desk_at, pair, send
from tests.unit.core.test_routing import FAR, NEAR, routed, shows

STOPPED = [StopLevel.HALT, StopLevel.FLATTEN]


def entries(desk: Desk) -> list[tuple[str, str, int]]:
    sent = [order for order in desk.requests(NewOrder) if not order.reduce_only]
    return [(order.account, order.side, int(order.order_qty)) for order in sent]


def stop(desk: Desk, level: StopLevel) -> None:
    desk.step(StopTrading(level, EVERYTHING, "enough", "ann"))


@both_kinds
def test_a_pause_keeps_both_orders_of_a_pair_and_the_fill_of_one_still_cancels_the_other(native: bool) -> None:
    desk = desk_at(native=native)
    one, other = pair(desk)
    stop(desk, StopLevel.PAUSE)
    assert desk.requests(CancelOrder) == []
    desk.fill(one, 10, "101.00")
    assert [cancel.cl_ord_id for cancel in desk.requests(CancelOrder)] == [other]
    assert desk.stop_of().order_qty == D(10)


@both_kinds
@pytest.mark.parametrize("level", STOPPED)
def test_a_stop_cancels_both_orders_of_a_pair_and_nothing_stays_held(native: bool, level: StopLevel) -> None:
    desk = desk_at(native=native)
    both = pair(desk)
    stop(desk, level)
    assert {cancel.cl_ord_id for cancel in desk.requests(CancelOrder)} == set(both)
    for cl_ord_id in both:
        desk.cancel(cl_ord_id)
    desk.wait(S)
    at = desk.account()
    assert (at.held_risk, at.held_margin, at.planned_risk) == (D(0), D(0), D(0))
    assert len(entries(desk)) == 2


@both_kinds
def test_a_fill_that_beats_a_flatten_to_a_pair_is_closed(native: bool) -> None:
    desk = desk_at(native=native)
    one, other = pair(desk)
    stop(desk, StopLevel.FLATTEN)
    desk.fill(other, 10, "99.00")
    desk.cancel(one)
    desk.wait(S)
    last = desk.requests(NewOrder)[-1]
    assert (last.side, last.order_qty, last.reduce_only) == (BUY, D(10), True)


@pytest.mark.parametrize("level", STOPPED)
def test_a_stop_withdraws_what_would_follow_and_the_risk_that_was_held_for_it(level: StopLevel) -> None:
    desk = desk_at(native=True)
    send(desk, then=ADD)
    one = desk.sent()
    desk.accept(one)
    stop(desk, level)
    desk.fill(one, 5, "101.00")
    desk.cancel(one)
    desk.wait(S)
    assert (len(entries(desk)), desk.account().planned_risk) == (1, D(0))


def test_what_follows_is_denied_while_nothing_new_may_enter() -> None:
    desk = desk_at(native=True)
    send(desk, then=ADD)
    one = desk.sent()
    desk.accept(one)
    stop(desk, StopLevel.PAUSE)
    desk.fill(one, 10, "101.00")
    desk.wait(S)
    assert [why.split(":")[0] for denied in desk.events(ev.OrderDenied) for why in denied.reasons] == ["TRADING_STATE"]
    assert (len(entries(desk)), desk.account().planned_risk) == (1, D(0))


@both_kinds
def test_a_pair_that_a_person_lowered_is_placed_at_that_size_on_both_sides(native: bool) -> None:
    desk = desk_at(native=native, mode=Mode.MANUAL)
    send(desk, oco=BREAK_DOWN)
    desk.step(ModifyPlan(FIRST, {A: D(4)}, "less", "ann"))
    desk.step(ApprovePlan((FIRST,), "ann", "so it is"))
    desk.wait(0)
    assert entries(desk) == [(A, BUY, 4), (A, SELL, 4)]


def test_what_follows_a_lowered_order_is_as_small() -> None:
    desk = desk_at(native=True, mode=Mode.MANUAL)
    send(desk, then=ADD)
    desk.step(ModifyPlan(FIRST, {A: D(4)}, "less", "ann"))
    desk.step(ApprovePlan((FIRST,), "ann", "so it is"))
    desk.wait(0)
    one = desk.sent()
    desk.accept(one)
    desk.fill(one, 4, "101.00")
    desk.wait(S)
    assert entries(desk) == [(A, BUY, 4), (A, BUY, 4)]


def test_a_pair_is_approved_account_by_account() -> None:
    desk = Desk(setup(account(A), account(B), mode=Mode.MANUAL, can=ALL))
    send(desk, oco=BREAK_DOWN, accounts=())
    for name in (A, B):
        desk.step(ApprovePlan((FIRST,), "ann", "so it is", (name,)))
        desk.wait(0)
    assert entries(desk) == [(A, BUY, 5), (A, SELL, 5), (B, BUY, 5), (B, SELL, 5)]
    assert desk.folded().engine.digest() == desk.engine.digest()


def test_of_accounts_that_stand_for_one_another_one_takes_both_orders_of_a_pair() -> None:
    desk = Desk(routed())
    shows(desk, NEAR, "100.00", "100.03")
    shows(desk, FAR, "99.99", "100.01")
    send(desk, oco=BREAK_DOWN, accounts=(), quantity=30)
    assert entries(desk) == [(B, BUY, 15), (B, SELL, 15), (C, BUY, 15), (C, SELL, 15)]


@pytest.mark.parametrize(("mode", "placed"), [(Mode.FULL_AUTO, 2), (Mode.MANUAL, 0), (Mode.EMERGENCY, 0)])
def test_a_pair_that_is_kept_for_a_start_follows_the_mode_of_then(mode: Mode, placed: int) -> None:
    desk = Stopped(setup(account(A), mode=mode, can=ALL))
    fields = {"side": BUY, "order_type": STOP, "limit_price": D("101.00"), "stop_loss": D("99.50"), "quantity": D(10)}
    wish = Signal(SignalId("kept"), SignalKind.ENTRY, SHARE, 0, 300, time_in_force=TimeInForce.GTC, time_given=False)
    wish = msgspec.structs.replace(wish, oco=BREAK_DOWN, **fields)
    desk.keep(SubmitSignal(wish))
    desk.starts()
    desk.goes_on()
    desk.wait(S)
    assert (len(entries(desk)), len(desk.engine.state.awaiting)) == (placed, int(mode is Mode.MANUAL))
