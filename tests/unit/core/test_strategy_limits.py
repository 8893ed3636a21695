"""Limits of single strategies: their own value where they have one, the general one else, changed while it runs."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.core.in_force import value_at
from coxswain.core.used import used_of
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.command_json import parse_command
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from coxswain.model.contingent import Contingent
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId, Role, SignalId, TimeInForce, Verdict
from coxswain.views.alerts import Alerts, Kind, Severity
from coxswain.views.limits import LimitsView
from tests.unit.core.desk import (
    BUY,
    EURUSD_SPOT,
    LIMIT,
    MARKET,
    SELL,
    SHARE,
    SHARES,
    STOP,
    A,
    B,
    D,
    Desk,
    S,
    account,
    only,
    setup,
)
from tests.unit.core.test_legging import OTHER, OTHERS, ROOMY, spread

LOTS, MONEY = "max_strategy_position_qty", "max_strategy_exposure"


def of_account(name: AccountId = A, **limits: str) -> AccountSpec:
    """Return an account with limits; two underscores stand for the colon."""
    spec = account(name)
    return msgspec.structs.replace(spec, limits={key.replace("__", ":"): D(value) for key, value in limits.items()})


def with_settings(config: Setup, **settings: str) -> Setup:
    more = {key.replace("__", ":"): D(value) for key, value in settings.items()}
    return msgspec.structs.replace(config, settings={**config.settings, **more})


def change(desk: Desk, key: str, value: str, account_id: AccountId | None = A, **fields: Any) -> Record:
    return desk.step(inp.SetLimits({key: D(value)}, "because", "ann", account_id, **fields))


def sent(desk: Desk, strategy: str, qty: int) -> bool:
    """Send an order of a strategy straight to the gate, and say whether it left."""
    before = len(desk.requests(NewOrder))
    intent = OrderIntent(A, SHARE, BUY, MARKET, TimeInForce.DAY, D(qty), Role.DIRECT, SignalId(f"d{len(desk.records)}"))
    desk.step(inp.SubmitOrder(msgspec.structs.replace(intent, strategy=strategy, stop_loss=D("95.00"))))
    return len(desk.requests(NewOrder)) > before


def planned(desk: Desk, strategy: str = "trend", **fields: Any) -> list[tuple[AccountId, Decimal, str]]:
    """Submit a signal and return what each account takes of it, and why no more."""
    values: dict[str, Any] = {"quantity": 12, "stop_loss": "95.00", "strategy": strategy} | fields
    desk.signal(**values)
    assert not desk.events(ev.OrderDenied)
    plan = desk.events(ev.PlanProposed)[-1].plan
    return [(each.account, each.qty, each.sizing) for each in plan.assignments if each.verdict is Verdict.SEND]


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def is_the_same_folded(desk: Desk) -> None:
    assert desk.folded().engine.digest() == desk.engine.digest()


# --- what the gate does with them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strategy", "qty", "goes"), [("trend", 5, True), ("trend", 6, False), ("carry", 6, True)])
def test_a_strategy_has_its_own_position_limit(strategy: str, qty: int, goes: bool) -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty__trend="5")))
    assert sent(desk, strategy, qty) is goes
    assert codes(desk) == ([] if goes else ["STRATEGY_POSITION_QTY"])


@pytest.mark.parametrize(("limit", "goes"), [("1000.21", True), ("1000.2", True), ("1000.19", False)])
def test_a_strategy_has_its_own_exposure_limit(limit: str, goes: bool) -> None:
    desk = Desk(with_settings(setup(), max_strategy_exposure__trend=limit))
    assert sent(desk, "trend", 10) is goes
    assert codes(desk) == ([] if goes else ["STRATEGY_EXPOSURE"])
    assert sent(desk, "carry", 10)


def test_a_strategy_may_have_more_than_all_others() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5", max_strategy_position_qty__trend="10")))
    assert sent(desk, "trend", 10)
    assert not sent(desk, "carry", 6)


# --- what a plan does with them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"max_strategy_position_qty__trend": "5"}, (D(5), f"{LOTS}:trend")),
        ({"max_strategy_position_qty": "7"}, (D(7), LOTS)),
        ({"max_strategy_position_qty": "7", "max_strategy_position_qty__trend": "9"}, (D(9), f"{LOTS}:trend")),
        ({"max_strategy_position_qty__carry": "5"}, (D(12), "risk per trade")),
    ],
    ids=["its own", "the general one", "its own instead of the general one", "another's"],
)
def test_a_share_is_no_larger_than_the_strategy_may_hold(limits: Any, expected: tuple[Decimal, str]) -> None:
    desk = Desk(setup(of_account(**limits)))
    assert planned(desk) == [(A, *expected)]


@pytest.mark.parametrize(("side", "left"), [(BUY, 2), (SELL, 9)])
def test_what_the_strategy_holds_and_has_on_order_is_taken_off(side: Any, left: int) -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty__trend="7")))
    assert sent(desk, "trend", 2)
    desk.fill(desk.sent(), 2)
    assert sent(desk, "trend", 3)
    stop = "95.00" if side is BUY else "105.00"
    assert planned(desk, side=side, stop_loss=stop, limit_price="100.00", order_type=LIMIT) == [
        (A, D(left), f"{LOTS}:trend")
    ]


@pytest.mark.parametrize(("limit", "lots"), [("1000.20", 10), ("1000.19", 9)])
def test_a_share_is_worth_no_more_than_the_strategy_may_hold(limit: str, lots: int) -> None:
    desk = Desk(with_settings(setup(), max_strategy_exposure__trend=limit))
    assert planned(desk) == [(A, D(lots), f"{MONEY}:trend")]


def test_a_limit_order_is_measured_at_its_own_price() -> None:
    """A sale that waits at 101.00 is worth more than one at the bid."""
    desk = Desk(with_settings(setup(), max_strategy_exposure__trend="1000.00"))
    fields = {"side": SELL, "order_type": LIMIT, "limit_price": "101.00", "stop_loss": "105.00"}
    assert planned(desk, **fields) == [(A, D(9), f"{MONEY}:trend")]


def test_what_a_signal_hopes_for_does_not_make_a_share_larger() -> None:
    """A market order is measured where it would trade, and not at the price that its signal names."""
    desk = Desk(setup(of_account(max_gross_exposure="1000.20")))
    assert planned(desk, entry_price="99.00") == [(A, D(10), "max_gross_exposure")]


def test_accounts_share_what_the_strategy_may_hold_together() -> None:
    desk = Desk(with_settings(setup(account(A), account(B)), max_strategy_exposure__trend="1000.20"))
    assert [(name, qty) for name, qty, _ in planned(desk)] == [(A, D(5)), (B, D(5))]
    assert f"; together at most 10 lots, by {MONEY}:trend" in desk.events(ev.PlanProposed)[0].plan.rationale


def test_a_strategy_that_has_no_room_left_has_no_plan() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty__trend="5")))
    assert sent(desk, "trend", 5)
    assert planned(desk) == []
    checks = desk.events(ev.PlanProposed)[0].plan.assignments[0].checks
    assert [check.code for check in checks if not check.passed] == ["OWN_SIZE"]
    assert planned(desk, "carry") != []


def test_two_orders_that_may_both_fill_fit_the_limit_of_their_strategy_together() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty__trend="8")))
    follower = Contingent(BUY, STOP, D("101.00"), stop_loss=D("98.00"))
    ((_, qty, why),) = planned(desk, then=follower)
    assert (qty, why) == (D(4), f"{LOTS}:trend, for two orders")


@pytest.mark.parametrize(("limit", "units"), [("2000.20", 10), ("2000.19", 9)])
def test_the_legs_of_a_spread_fit_the_limit_of_their_strategy_together(limit: str, units: int) -> None:
    """A unit is a share at 100.02 and two others at 50.00."""
    roomy = account(A, max_order_value=ROOMY["max_order_value"], max_open_positions=ROOMY["max_open_positions"])
    config = setup(roomy, instruments=(SHARES, EURUSD_SPOT, OTHERS))
    made = Desk(with_settings(config, max_strategy_exposure__trend=limit))
    made.quote(OTHER, "50.00", "50.02")
    spread(made, 12, strategy="trend")
    plan = made.events(ev.PlanProposed)[0].plan
    assert (plan.assignments[0].qty, plan.assignments[0].sizing) == (D(units), f"{MONEY}:trend of all legs")


def test_accounts_share_whole_units_of_a_spread_within_the_limit_of_their_strategy() -> None:
    roomy = [account(name, max_order_value=10_000_000, max_open_positions=9) for name in (A, B)]
    config = setup(*roomy, instruments=(SHARES, EURUSD_SPOT, OTHERS))
    made = Desk(with_settings(config, max_strategy_exposure__trend="2000.20"))
    made.quote(OTHER, "50.00", "50.02")
    spread(made, 20, strategy="trend")
    plan = made.events(ev.PlanProposed)[0].plan
    assert [each.qty for each in plan.assignments] == [D(5), D(5)]
    assert plan.rationale.split("; a unit")[0].endswith(f"together at most 10 units, by {MONEY}:trend")


wishes = st.tuples(st.sampled_from([BUY, SELL]), st.integers(4, 12), st.booleans())


@given(lots=st.sampled_from([2, 5, 99]), money=st.sampled_from([450, 650, 9999]), asked=st.lists(wishes, min_size=1))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_is_planned_for_a_strategy_is_never_refused_for_its_limits(lots: int, money: int, asked: Any) -> None:
    """Whatever is held and on order, and whichever side is asked for."""
    limited = of_account(max_strategy_position_qty__trend=str(lots))
    desk = Desk(with_settings(setup(limited, account(B)), max_strategy_exposure__trend=str(money)))
    for side, qty, fills in asked:
        stop = "95.00" if side is BUY else "105.00"
        desk.signal(quantity=qty, side=side, strategy="trend", stop_loss=stop, time_in_force=TimeInForce.GTC)
        for order in desk.requests(NewOrder) if fills else []:
            if not order.reduce_only and desk.order(order.cl_ord_id).cum_qty == 0:
                desk.fill(order.cl_ord_id, str(order.order_qty), "100.02")
    assert [code for code in codes(desk) if code.startswith("STRATEGY_")] == []


# --- changed while it runs --------------------------------------------------------------------------------------------


def test_a_command_sets_the_limit_of_one_strategy() -> None:
    desk = Desk(setup(account(A), account(B)))
    change(desk, f"{LOTS}:trend", "5")
    changed = only(list(only(desk.events(ev.LimitsChanged)).changes))
    assert changed == ev.LimitChange(A, f"{LOTS}:trend", D(50000), D(5))
    assert not sent(desk, "trend", 6)
    assert codes(desk) == ["STRATEGY_POSITION_QTY"]
    is_the_same_folded(desk)


def test_set_for_the_desk_it_is_set_for_each_account() -> None:
    desk = Desk(setup(account(A), account(B)))
    change(desk, f"{LOTS}:trend", "5", None)
    assert [each.account for each in only(desk.events(ev.LimitsChanged)).changes] == [A, B]


def test_a_limit_of_the_desk_is_set_for_one_strategy() -> None:
    desk = Desk()
    desk.step(
        parse_command(
            {"command": "set-limits", "values": {f"{MONEY}:trend": "1000"}, "reason": "less"}, "ann", desk.now_ns
        )
    )
    assert not sent(desk, "trend", 10)
    assert sent(desk, "carry", 10)
    is_the_same_folded(desk)


@pytest.mark.parametrize("key", ["max_order_qty:trend", f"{LOTS}:", "nothing:trend"])
def test_no_other_limit_has_a_value_for_a_strategy(key: str) -> None:
    desk = Desk()
    change(desk, key, "5")
    assert only(desk.events(ev.CommandRefused)).reasons[0].startswith(f"KEY_UNKNOWN: key={key}")


def test_where_raising_needs_two_a_raise_for_one_strategy_waits() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5"), limit_raise_needs_two=1))
    change(desk, f"{LOTS}:trend", "10")
    assert not sent(desk, "trend", 6)
    desk.step(inp.ApproveLimits(1, "bob"))
    assert sent(desk, "trend", 6)
    is_the_same_folded(desk)


def test_a_proposal_for_one_strategy_leaves_it_with_the_general_value() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5"), limit_raise_needs_two=1))
    change(desk, f"{LOTS}:trend", "10")
    change(desk, LOTS, "3")
    assert value_at(desk.engine.state, (A, f"{LOTS}:trend")) == 3


def test_after_its_time_it_moves_with_the_general_value_again() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="9")))
    change(desk, f"{LOTS}:trend", "5", until_ns=desk.now_ns + 60 * S)
    desk.wait(60 * S)
    assert value_at(desk.engine.state, (A, f"{LOTS}:trend")) == 9
    change(desk, LOTS, "3")
    assert value_at(desk.engine.state, (A, f"{LOTS}:trend")) == 3
    is_the_same_folded(desk)


# --- lowered below what a strategy holds ------------------------------------------------------------------------------


def holding(qty: int = 10, **settings: Any) -> Desk:
    """A desk whose account holds so much for a strategy."""
    desk = Desk(settings.pop("config", setup()))
    assert sent(desk, "trend", qty)
    desk.fill(desk.sent(), qty)
    desk.accept(desk.stop_of().cl_ord_id)
    return desk


@pytest.mark.parametrize(("limit", "reducing"), [("11", False), ("10", False), ("9", True)])
@pytest.mark.parametrize("key", [LOTS, f"{LOTS}:trend"])
def test_a_strategy_that_holds_more_than_its_lowered_limit_lets_its_account_only_reduce(
    key: str, limit: str, reducing: bool
) -> None:
    desk = holding()
    change(desk, key, limit)
    assert list(desk.account().causes) == (["LIMIT_LOWERED"] if reducing else [])
    is_the_same_folded(desk)


def test_it_is_said_in_the_event_in_the_alert_and_on_the_screen_of_limits() -> None:
    desk = holding()
    record = change(desk, f"{LOTS}:trend", "9")
    event = only([each for each in record.events if isinstance(each, ev.AccountStateChanged)])
    assert event.reason == "more is held than version 2 allows: STRATEGY_POSITION_QTY of trend"
    alert = only(list(Alerts(0).apply(record)))
    assert (alert.kind, alert.severity) == (Kind.RISK_LIMIT_BREACHED, Severity.ERROR)
    assert alert.text.startswith("A is REDUCING: LIMIT_LOWERED began: more is held than version 2 allows")
    screen = LimitsView()
    for each in desk.records:
        screen.apply(each)
    (row,) = [each for each in screen.rows(used_of(desk.engine.state)) if each.key == f"{LOTS}:trend"]
    assert (row.value, row.used, row.headroom) == (D(9), D(10), D(-1))


def test_every_limit_that_is_exceeded_is_named() -> None:
    desk = holding()
    desk.step(inp.SetLimits({LOTS: D(9), "max_position_qty": D(8)}, "less", "ann", A))
    said = desk.events(ev.AccountStateChanged)[-1].reason
    assert said.endswith("POSITION_QTY, STRATEGY_POSITION_QTY of trend")


def test_what_another_strategy_holds_does_not_count() -> None:
    desk = holding()
    change(desk, f"{LOTS}:carry", "1")
    assert desk.account().causes == {}


@pytest.mark.parametrize("strategy", ["trend", ""], ids=["its own exit", "an exit that names none"])
def test_the_account_trades_again_when_the_strategy_fits_its_limit(strategy: str) -> None:
    desk = holding()
    change(desk, f"{LOTS}:trend", "9")
    desk.exit(quantity=1, strategy=strategy)
    desk.accept(desk.sent())
    assert list(desk.account().causes) == ["LIMIT_LOWERED"]
    desk.fill(desk.sent(), 1, "100.00")
    assert desk.account().causes == {}
    assert "fits the limits again" in desk.events(ev.AccountStateChanged)[-1].reason
    is_the_same_folded(desk)


def test_it_trades_again_when_the_position_is_gone_whoever_closed_it() -> None:
    desk = holding()
    change(desk, f"{LOTS}:trend", "9")
    desk.exit()
    desk.fill(desk.sent(), 10, "100.00")
    assert desk.account().causes == {}


def test_what_closes_for_nobody_takes_nobodys_lots_first_and_then_those_of_who_entered_first() -> None:
    desk = holding(4)
    for name, qty in (("carry", 3), ("", 2)):
        assert sent(desk, name, qty)
        desk.fill(desk.sent(), qty)
    desk.accept(desk.sent())
    for sold, trend, carry in ((1, 4, 3), (2, 3, 3), (4, 0, 2)):
        desk.direct(SELL, sold, name=f"out{sold}")
        desk.fill(desk.sent(), sold)
        parts = desk.position().parts
        assert [parts[name].qty for name in ("trend", "carry")] == [trend, carry]
    is_the_same_folded(desk)


@pytest.mark.parametrize(("limit", "reducing"), [("1000.10", False), ("1000.09", True)])
def test_a_lowered_exposure_of_a_strategy_concerns_the_accounts_that_hold_something_for_it(
    limit: str, reducing: bool
) -> None:
    """Ten lots at a middle of 100.01; the other account holds as much for nobody."""
    desk = holding(config=setup(account(A), account(B)))
    desk.direct(BUY, 10, name="other", account_id=B)
    desk.fill(desk.sent(), 10)
    desk.quote(SHARE, "100.00", "100.02")
    change(desk, f"{MONEY}:trend", limit, None)
    assert [name for name in (A, B) if desk.account(name).causes] == ([A] if reducing else [])


def test_what_a_strategy_has_on_order_counts_like_what_it_holds() -> None:
    desk = Desk()
    assert sent(desk, "trend", 10)
    change(desk, f"{LOTS}:trend", "9")
    assert list(desk.account().causes) == ["LIMIT_LOWERED"]
    desk.cancel(desk.sent())
    assert desk.account().causes == {}


# --- the configuration of a start -------------------------------------------------------------------------------------


def start_with(desk: Desk, config: Setup) -> Desk:
    again = desk.folded()
    again.setup = config
    again.start()
    return again


@pytest.mark.parametrize(("value", "waits"), [("10", True), ("3", False)])
def test_a_strategy_that_a_configuration_names_anew_is_a_change_like_any_other(value: str, waits: bool) -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="5"), limit_raise_needs_two=1))
    new = of_account(max_strategy_position_qty="5", max_strategy_position_qty__trend=value)
    again = start_with(desk, setup(new, limit_raise_needs_two=1))
    proposed, changed = again.events(ev.LimitsProposed), again.events(ev.LimitsChanged)
    made = [
        *(each for event in proposed for each in event.changes),
        *(each for event in changed for each in event.changes),
    ]
    assert only(made) == ev.LimitChange(A, f"{LOTS}:trend", D(5), D(value))
    assert bool(again.events(ev.LimitsProposed)) is waits
    assert value_at(again.engine.state, (A, f"{LOTS}:trend")) == (5 if waits else Decimal(value))
    is_the_same_folded(again)


def test_a_strategy_that_a_configuration_names_no_more_has_the_general_value_again() -> None:
    desk = Desk(setup(of_account(max_strategy_position_qty="9", max_strategy_position_qty__trend="5")))
    again = start_with(desk, setup(of_account(max_strategy_position_qty="9")))
    assert sent(again, "trend", 9)
    change(again, LOTS, "3")
    assert value_at(again.engine.state, (A, f"{LOTS}:trend")) == 3
    is_the_same_folded(again)


def test_what_a_command_set_for_a_strategy_stays_over_a_restart() -> None:
    desk = Desk()
    change(desk, f"{LOTS}:trend", "5")
    assert value_at(desk.restarted().engine.state, (A, f"{LOTS}:trend")) == 5
