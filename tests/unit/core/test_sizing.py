"""What one account takes by its own means, by numbers computed by hand: conversion, gaps, volatility, losses."""

from decimal import Decimal
from statistics import NormalDist
from typing import Any

import msgspec
import pytest

from coxswain.core.eligibility import every_loss_limit, headroom
from coxswain.messages import events as ev
from coxswain.messages.inputs import VolatilityObserved
from coxswain.model.plan import Assignment, Factor
from coxswain.model.vocabulary import Symbol, Verdict
from tests.instruments import USDJPY_SPOT
from tests.unit.core.desk import BUY, EURUSD, SELL, SHARE, SHARES, A, D, Desk, S, account, kinds, only, setup
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, under
from tests.unit.core.firm_desk import share as share_of_balance

DAY_S = 86_400


def share(desk: Desk, **fields: Any) -> Assignment:
    fields.setdefault("stop_loss", "95.00")
    desk.signal(**fields)
    return only(list(desk.events(ev.PlanProposed)[-1].plan.assignments))


def own_size(answer: Assignment) -> Decimal:
    (size,) = (check.value for check in answer.checks if check.code == "OWN_SIZE")
    assert isinstance(size, Decimal)
    return size


# --- conversion at the adverse side -----------------------------------------------------------------------------------


def test_a_direct_pair_converts_a_loss_at_its_ask() -> None:
    shares_in_euro = msgspec.structs.replace(SHARES, currency="EUR")
    desk = Desk(setup(account(A), instruments=(shares_in_euro, *setup().instruments[1:])))
    # 1,000 USD over 5.02 EUR at 1.08502 USD: 1,000 / 5.4468004 = 183.594
    assert own_size(share(desk)) == D("183.5940233829")


def test_an_inverse_pair_converts_a_loss_at_its_bid() -> None:
    # 1,000 EUR over 5.02 USD at 1 / 1.08500, rounded up: 0.9216589862
    assert own_size(share(Desk(setup(account(A, "EUR"))))) == D("216.1354581614")


def test_an_inverse_pair_with_large_prices_converts_at_its_bid() -> None:
    desk = Desk(setup(account(A, max_order_value=10**9), instruments=(*setup().instruments, USDJPY_SPOT)))
    desk.quote(USDJPY_SPOT.symbol, "150.000", "150.010")
    # 1,000 USD; a lot loses (150.010 - 149.510) * 100,000 = 50,000 JPY, which at 1 / 150.000 are 333.34 USD
    answer = share(desk, symbol=USDJPY_SPOT.symbol, stop_loss="149.510")
    assert own_size(answer) == D("2.999999985")  # the rate was rounded up, so the size is rounded down
    assert answer.qty == D("2.99")


def test_a_pair_that_is_stale_converts_nothing() -> None:
    desk = Desk(setup(account(A, "EUR")))
    desk.now_ns += 61 * S
    desk.quote(SHARE, "100.00", "100.02")
    answer = share(desk)
    assert (answer.verdict, answer.checks[-1].code) == (Verdict.SKIP, "NO_FX_RATE")


# --- the gap past the stop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_account", "of_instrument", "size"),
    [
        ("0", "0", "199.2031872509"),  # 1,000 / 5.02
        ("1", "0", "167.5041876046"),  # 1,000 / (5.02 + 0.95)
        ("0", "2", "144.5086705202"),  # 1,000 / (5.02 + 1.90)
        ("1", "2", "144.5086705202"),
    ],
)
def test_a_size_allows_for_the_larger_of_both_gaps(of_account: str, of_instrument: str, size: str) -> None:
    gapping = msgspec.structs.replace(SHARES, stop_gap_pct=D(of_instrument))
    desk = Desk(setup(account(A, stop_gap_pct=of_account), instruments=(gapping, *setup().instruments[1:])))
    answer = share(desk)
    assert own_size(answer) == D(size)
    assert answer.risk <= D(1000)


# --- volatility -------------------------------------------------------------------------------------------------------


def observe(desk: Desk, pct: str, symbol: Symbol = SHARE) -> list[str]:
    return kinds(desk.step(VolatilityObserved(symbol, D(pct), D("0.5"), desk.now_ns)))


@pytest.mark.parametrize(
    ("observed", "factors", "size"),
    [
        ("1.9", (), "199.2031872509"),
        ("2", (), "199.2031872509"),
        ("2.5", (Factor("volatility", D("0.8")),), "159.3625498007"),
        ("4", (Factor("volatility", D("0.5")),), "99.6015936254"),
    ],
)
def test_above_the_target_a_size_shrinks_with_volatility(observed: str, factors: tuple[Factor, ...], size: str) -> None:
    desk = Desk(setup(account(A, target_volatility_pct=2)))
    assert observe(desk, observed) == ["VolatilitySet"]
    answer = share(desk)
    assert (answer.factors, own_size(answer)) == (factors, D(size))


def test_without_a_target_volatility_scales_nothing() -> None:
    desk = Desk()
    observe(desk, "50")
    assert share(desk).factors == ()


def test_with_a_target_unknown_volatility_denies() -> None:
    answer = share(Desk(setup(account(A, target_volatility_pct=2))))
    assert [check.code for check in answer.checks if not check.passed] == ["VOLATILITY_KNOWN"]


@pytest.mark.parametrize(("age_s", "verdict"), [(5 * DAY_S, Verdict.SEND), (5 * DAY_S + 1, Verdict.SKIP)])
def test_an_old_observation_counts_for_nothing(age_s: int, verdict: Verdict) -> None:
    desk = Desk(setup(account(A, target_volatility_pct=2)))
    observe(desk, "1")
    desk.now_ns += age_s * S
    desk.quote(SHARE, "100.00", "100.02")
    desk.quote(EURUSD, "1.08500", "1.08502")
    assert share(desk).verdict is verdict


def test_an_instrument_that_is_not_configured_has_no_volatility() -> None:
    assert observe(Desk(), "1", Symbol("ELSE")) == []


# --- losses -----------------------------------------------------------------------------------------------------------


def test_the_loss_limit_that_is_used_most_scales() -> None:
    limits: dict[str, Any] = {"max_daily_drawdown_pct": "0.08", "max_daily_loss_pct": "0.075", "ladder_reduce_pct": 100}
    desk = Desk(setup(account(A, **limits)))
    desk.hold(10, stop_loss="99.99")
    desk.quote(SHARE, "94.02", "94.04")  # 60.00 of 100,000, of limits of 80 and 75
    answer = share(desk, stop_loss="90.04")
    assert answer.factors[0].name == "daily loss limit"
    assert answer.factors[0].value == D("0.4")


@pytest.mark.parametrize(("bid", "left"), [("96.03", None), ("96.02", None), ("96.01", "0.9975"), ("92.02", None)])
def test_up_to_half_of_a_limit_nothing_is_scaled(bid: str, left: str | None) -> None:
    desk = Desk(setup(account(A, max_daily_drawdown_pct="0.08", risk_budget_pct=50)))
    desk.hold(10)
    desk.quote(SHARE, bid, bid)  # a loss of 39.90, 40.00, 40.10, and 80.00, which is the limit
    answer = share(desk, side=SELL, stop_loss="99.00")
    if bid == "92.02":
        assert answer.verdict is Verdict.SKIP
        assert own_size(answer) == 0
    else:
        assert answer.factors == (() if left is None else (Factor("daily drawdown", D(left)),))


def test_confidence_and_losses_multiply() -> None:
    desk = Desk(setup(account(A, max_daily_drawdown_pct="0.08")))
    desk.hold(10)
    desk.quote(SHARE, "94.02", "94.04")
    answer = share(desk, side=BUY, stop_loss="90.04", confidence="0.8")
    assert answer.factors == (Factor("confidence", D("0.8")), Factor("daily drawdown", D("0.5")))
    assert own_size(answer) == D("99.94")  # 1 % of 99,940 over 4.00, times 0.4


def test_where_a_limit_that_is_not_scaled_binds_no_factor_is_named() -> None:
    answer = share(Desk(setup(account(A, max_order_qty=3))), confidence="0.8")
    assert (answer.sizing, answer.factors) == ("max_order_qty", ())


# --- the limits of a firm ---------------------------------------------------------------------------------------------


def of_a_firm() -> FirmDesk:
    """An account that may lose all of its day by its own limits, and 5 % of 100,000 by its firm's."""
    rule_set = rules(loss_limits=(share_of_balance("daily", "0.05"),))
    return FirmDesk(
        firm_setup(
            under(A, rule_set, circuit_breaker_max_loss_pct=100, risk_per_trade_pct=1),
            sets=(rule_set,),
            assumed_volatility_pct=10,
        )
    )


def test_a_firms_limit_is_what_a_plan_may_break() -> None:
    desk = of_a_firm()
    desk.signal(quantity=250, stop_loss="99.90")
    told = desk.events(ev.PlanProposed)[-1].plan.breaches
    assert told is not None
    # 250 lots move by 10 % of 100.02: 2,500.50 a day against a headroom of 5,000
    assert float(told.expected) == pytest.approx(NormalDist().cdf(-5000 / 2500.5), abs=2e-5)


def test_headroom_is_what_is_left_of_a_firms_limit() -> None:
    desk = of_a_firm()
    desk.hold(1000, stop_loss="99.99")
    assert headroom(desk.engine.state, desk.account()) == 4980  # bought at 100.02, worth 100.00
    desk.quote(SHARE, "97.02", "97.04")
    assert headroom(desk.engine.state, desk.account()) == 2000
    limit = every_loss_limit(desk.engine.state, desk.account())[-1]
    assert (limit.name, limit.used, limit.limit) == ("firm's daily", D(3000), D(5000))


# --- the drawdown limits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["max_drawdown_pct", "max_static_drawdown_pct"])
@pytest.mark.parametrize(("bid", "left"), [("96.02", None), ("96.01", "0.9975")])
def test_sizes_shrink_from_half_of_a_drawdown_limit_on(key: str, bid: str, left: str | None) -> None:
    name = {"max_drawdown_pct": "drawdown limit", "max_static_drawdown_pct": "static drawdown limit"}[key]
    limits: dict[str, Any] = {key: "0.08", "risk_budget_pct": 50}
    desk = Desk(setup(account(A, **limits)))
    desk.hold(10, stop_loss="99.90")
    desk.quote(SHARE, bid, bid)  # a loss of 40.00 and 40.10, of a limit of 80
    answer = share(desk, side=SELL, stop_loss="96.11")
    assert answer.factors == (() if left is None else (Factor(name, D(left)),))


def test_no_entry_risks_more_than_is_left_of_the_drawdown_limit() -> None:
    desk = Desk(setup(account(A, max_drawdown_pct="0.08", risk_budget_pct=50)))
    answer = share(desk, stop_loss="90.02")
    assert (answer.sizing, answer.qty) == ("headroom to the drawdown limit", D(8))  # 80.00 over 10.00


def test_headroom_to_the_first_limit_that_breaks_counts_drawdown_too() -> None:
    desk = Desk(setup(account(A, max_drawdown_pct="0.08")))
    assert headroom(desk.engine.state, desk.account()) == 80
