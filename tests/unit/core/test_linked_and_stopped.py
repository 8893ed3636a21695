"""Two orders of one signal where a person stops, lowers or approves, where nobody runs, and where accounts stand in."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import (
    ApprovePlan,
    ModifyPlan,
    ResumeTrading,
    SetLimits,
    SetMode,
    StopTrading,
    SubmitSignal,
)
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Mode, SignalId, SignalKind, TimeInForce
from coxswain.views.alerts import Alerts, Kind
from coxswain.views.explain import Explainer
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


# --- what follows while nothing may be opened -------------------------------------------------------------------------

TREND = "trend"
SCOPES = [EVERYTHING, Scope(ScopeKind.ACCOUNT, A), Scope(ScopeKind.INSTRUMENT, SHARE), Scope(ScopeKind.STRATEGY, TREND)]
each_scope = pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.kind)


def waiting(scope: Scope = EVERYTHING, level: StopLevel = StopLevel.PAUSE, **fields: Any) -> Desk:
    """A desk whose first order filled while nothing may be opened, so that the second one waits."""
    desk = desk_at(native=True)
    send(desk, then=ADD, strategy=TREND, **fields)
    one = desk.sent()
    desk.accept(one)
    desk.step(StopTrading(level, scope, "lunch", "ann"))
    desk.fill(one, 10, "101.00")
    if desk.position().stop_id is not None:  # a freeze keeps it back
        desk.accept(desk.stop_of().cl_ord_id)
    desk.wait(0)
    assert (len(entries(desk)), denied(desk)) == (1, [])
    return desk


def denied(desk: Desk) -> list[str]:
    """Return why entries were denied."""
    return [why for each in desk.events(ev.OrderDenied) if not each.intent.reduce_only for why in each.reasons]


def resume(desk: Desk, scope: Scope = EVERYTHING) -> None:
    desk.quote(SHARE, "100.00", "100.02")
    desk.step(ResumeTrading(scope, "back", "ann"))
    desk.wait(0)


def story(desk: Desk) -> str:
    explainer = Explainer()
    for record in desk.records:
        explainer.apply(record)
    explanation = explainer.explain("pair")
    assert explanation is not None
    return "\n".join(line.text for line in explanation.timeline)


@each_scope
@pytest.mark.parametrize("level", [StopLevel.PAUSE, StopLevel.FREEZE])
def test_what_follows_waits_while_nothing_may_be_opened_and_leaves_at_the_resume(
    scope: Scope, level: StopLevel
) -> None:
    desk = waiting(scope, level)
    assert desk.account().planned_risk > 0
    desk.wait(60 * S)
    assert len(desk.events(ev.ReleasePostponed)) == 1
    resume(desk, scope)
    assert entries(desk) == [(A, BUY, 10), (A, BUY, 10)]
    assert (desk.account().planned_risk, desk.account().kept_back) == (D(0), {})
    assert desk.folded().engine.digest() == desk.engine.digest()


@pytest.mark.parametrize(("waited_s", "placed"), [(299, 2), (300, 1)])
def test_what_follows_waits_as_long_as_its_signal_lives_from_its_turn_on(waited_s: int, placed: int) -> None:
    desk = waiting()
    desk.wait(waited_s * S)
    resume(desk)
    assert len(entries(desk)) == placed
    assert any(why.startswith("TRADING_STATE") for why in denied(desk)) is (placed == 1)
    assert (desk.account().planned_risk, desk.account().kept_back) == (D(0), {})


def test_what_waited_in_vain_is_denied_with_the_reason_an_alert_and_a_story() -> None:
    desk = waiting()
    desk.wait(250 * S)
    desk.quote(SHARE, "100.00", "100.02")
    (record,) = (each for each in desk.wait(50 * S) if any(isinstance(event, ev.OrderDenied) for event in each.events))
    assert [(why.split(":")[0], "PAUSED:everything by ann: lunch" in why) for why in denied(desk)] == [
        ("TRADING_STATE", True)
    ]
    assert [alert.kind for alert in Alerts(0).apply(record)] == [Kind.RISK_LIMIT_BREACHED]
    told = story(desk)
    assert "pair/2 waits on A until something may be opened" in told
    assert "PAUSED:everything by ann: lunch" in told


def test_what_waits_waits_on_where_another_stop_still_stands() -> None:
    desk = waiting()
    desk.step(StopTrading(StopLevel.PAUSE, Scope(ScopeKind.INSTRUMENT, SHARE), "news", "ann"))
    resume(desk)
    assert len(entries(desk)) == 1
    resume(desk, Scope(ScopeKind.INSTRUMENT, SHARE))
    assert len(entries(desk)) == 2


def test_what_waits_is_withdrawn_by_a_halt() -> None:
    desk = waiting()
    stop(desk, StopLevel.HALT)
    resume(desk)
    assert len(entries(desk)) == 1
    assert desk.account().planned_risk == D(0)


def test_what_waits_is_withdrawn_when_what_the_first_order_opened_is_closed_meanwhile() -> None:
    desk = waiting()
    desk.fill(desk.stop_of().cl_ord_id, 10, "99.50")
    resume(desk)
    assert len(entries(desk)) == 1
    assert desk.events(ev.AssignmentWithdrawn)[-1].reason == "what the first order opened is closed again"
    assert (desk.account().planned_risk, desk.account().kept_back) == (D(0), {})


def test_what_waits_passes_the_gate_as_things_stand_at_the_resume() -> None:
    desk = waiting()
    desk.step(SetLimits({"max_order_qty": D(9)}, "less", "ann", A))
    resume(desk)
    assert [why.split(":")[0] for why in denied(desk)] == ["ORDER_QTY"]


def test_what_waits_goes_on_waiting_over_a_restart() -> None:
    desk = waiting().restarted()
    desk.books(A)
    desk.wait(S)
    assert len(entries(desk)) == 1
    resume(desk)
    assert len(entries(desk)) == 2


def test_what_follows_waits_while_the_mode_lets_nothing_in() -> None:
    desk = desk_at(native=True)
    send(desk, then=ADD)
    one = desk.sent()
    desk.accept(one)
    desk.step(SetMode(Mode.EMERGENCY, EVERYTHING, "looking", "ann"))
    desk.fill(one, 10, "101.00")
    desk.wait(S)
    assert len(entries(desk)) == 1
    desk.step(SetMode(Mode.FULL_AUTO, EVERYTHING, "looked", "ann"))
    desk.wait(0)
    assert len(entries(desk)) == 2


def test_what_follows_waits_for_an_account_that_holds_more_than_a_lowered_limit_allows() -> None:
    """It lets go of the order by itself, as soon as the account fits: nobody has to resume anything."""
    desk = desk_at(native=True)
    send(desk, then=ADD)
    one = desk.sent()
    desk.accept(one)
    desk.step(SetLimits({"max_position_qty": D(9)}, "less", "ann", A))
    desk.fill(one, 10, "101.00")
    desk.wait(S)
    assert len(entries(desk)) == 1
    desk.step(SetLimits({"max_position_qty": D(20)}, "more", "ann", A))
    desk.wait(0)
    assert len(entries(desk)) == 2


# --- at other sizes, and where nobody runs ----------------------------------------------------------------------------


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
