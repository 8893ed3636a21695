"""Plans: who may take a signal, how much by hand-computed numbers, when, and why not."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from coxswain.core import draws
from coxswain.messages import events as ev
from coxswain.messages.inputs import TradingDay
from coxswain.messages.requests import NewOrder
from coxswain.model.plan import Assignment, Factor, Plan
from coxswain.model.setup import AccountSpec, Correlation
from coxswain.model.vocabulary import AccountId, Side, SignalId, Verdict
from tests.asking import pause
from tests.unit.core.desk import BUY, EURUSD, SELL, SHARE, A, B, C, D, Desk, S, account, only, setup


def planned(desk: Desk, **fields: Any) -> Plan:
    fields.setdefault("stop_loss", "95.00")
    desk.signal(**fields)
    return desk.events(ev.PlanProposed)[-1].plan


def share(desk: Desk, account_id: AccountId = A, **fields: Any) -> Assignment:
    return only([answer for answer in planned(desk, **fields).assignments if answer.account == account_id])


def failed(answer: Assignment) -> list[str]:
    return [check.code for check in answer.checks if not check.passed]


# --- eligibility: each rule at its limit, under and over --------------------------------------------------------------


@pytest.mark.parametrize(("minimum", "codes"), [("99999.99", []), ("100000", []), ("100000.01", ["AVAILABLE_MARGIN"])])
def test_enough_margin_must_be_free(minimum: str, codes: list[str]) -> None:
    answer = share(Desk(setup(account(A, min_available_margin=minimum))))
    assert failed(answer) == codes


def test_margin_in_use_and_held_is_not_free() -> None:
    desk = Desk(setup(account(A, min_available_margin="99000.21")))
    desk.hold(10)  # 10 * 100.02 * 0.5 = 500.10 in use
    resting = desk.enter(10, order_type="LIMIT", limit_price="99.90")  # 499.50 held
    desk.accept(resting)
    answer = share(desk)
    margin = only([check for check in answer.checks if check.code == "AVAILABLE_MARGIN"])
    assert margin.value == Decimal(100_000) - D("500.10") - D("499.50") - D("0.20")  # the spread is lost already
    assert not margin.passed


def test_the_risk_budget_must_not_be_used_up() -> None:
    desk = Desk(setup(account(A, risk_budget_pct="0.0502")))  # 50.20 a day
    desk.hold(10)  # at risk: 10 * (100.02 - 95.00) = 50.20
    answer = share(desk)
    assert "RISK_BUDGET_REMAINING" in failed(answer)
    other = Desk(setup(account(A, risk_budget_pct="0.0503")))
    other.hold(10)
    assert "RISK_BUDGET_REMAINING" not in failed(share(other))


def test_a_realised_loss_uses_the_risk_budget_and_a_win_does_not_add_to_it() -> None:
    desk = Desk(setup(account(A, risk_budget_pct="0.1")))
    desk.hold(10)
    stop = desk.stop_of().cl_ord_id
    desk.fill(stop, 10, "110.02")  # won 100
    budget = only([check for check in share(desk).checks if check.code == "RISK_BUDGET_REMAINING"])
    assert budget.value == D(100)
    desk = Desk(setup(account(A, risk_budget_pct="0.1")))
    desk.hold(10)
    desk.fill(desk.stop_of().cl_ord_id, 10, "95.02")  # lost 50
    budget = only([check for check in share(desk).checks if check.code == "RISK_BUDGET_REMAINING"])
    assert budget.value == D(50)


@pytest.mark.parametrize(("limit", "codes"), [("0.0502", []), ("0.0501", ["DAILY_DRAWDOWN_PCT"])])
def test_the_days_drawdown_may_reach_its_limit(limit: str, codes: list[str]) -> None:
    desk = Desk(setup(account(A, max_daily_drawdown_pct=limit)))
    desk.hold(10)
    desk.quote(SHARE, "95.00", "95.02")  # 50.20 of 100,000
    assert [code for code in failed(share(desk, stop_loss="90.00")) if code != "OWN_SIZE"] == codes


@pytest.mark.parametrize(("limit", "codes"), [(2, []), (1, ["OPEN_POSITIONS"])])
def test_fewer_positions_than_the_limit_must_be_open(limit: int, codes: list[str]) -> None:
    desk = Desk(setup(account(A, max_open_positions=limit)))
    desk.hold(10)
    assert failed(share(desk)) == codes


@pytest.mark.parametrize(("confidence", "codes"), [("0.5", []), ("0.49", ["CONFIDENCE"])])
def test_confidence_may_be_at_its_limit(confidence: str, codes: list[str]) -> None:
    assert failed(share(Desk(), confidence=confidence)) == codes


def test_a_signal_without_confidence_is_not_asked_for_it() -> None:
    assert "CONFIDENCE" not in [check.code for check in share(Desk()).checks]


def test_only_an_active_account_is_eligible() -> None:
    desk = Desk()
    desk.step(pause(A, "a look", "somebody"))
    answer = share(desk)
    assert failed(answer) == ["ACCOUNT_ACTIVE"]
    assert answer.checks[0].found == "REDUCING (PAUSED)"


def test_a_reserve_takes_no_first_assignment() -> None:
    desk = Desk(setup(account(A), account(B, reserve=True)))
    assert failed(share(desk, B)) == ["RESERVE"]


def test_only_listed_accounts_take_part() -> None:
    desk = Desk(setup(account(A), account(B)))
    plan = planned(desk, accounts=(B,))
    assert [(answer.account, answer.verdict) for answer in plan.assignments] == [(A, Verdict.SKIP), (B, Verdict.SEND)]
    assert failed(plan.assignments[0]) == ["ACCOUNT_LISTED"]


def test_every_account_stands_in_the_plan_with_every_check() -> None:
    desk = Desk(setup(account(A), account(B, min_available_margin=10**9, max_daily_drawdown_pct=0)))
    plan = planned(desk)
    assert [answer.account for answer in plan.assignments] == [A, B]
    assert {check.code for check in plan.assignments[1].checks} == {
        "ACCOUNT_ACTIVE",
        "ACCOUNT_LISTED",
        "RECONCILED",
        "AVAILABLE_MARGIN",
        "RISK_BUDGET_REMAINING",
        "DAILY_DRAWDOWN_PCT",
        "OPEN_POSITIONS",
        "OWN_SIZE",
    }


def test_without_a_quote_nobody_takes_part() -> None:
    desk = Desk(begin=False)
    desk.start()
    assert "NO_MARKET_SNAPSHOT" in failed(share(desk))


def test_without_a_fresh_rate_a_foreign_account_does_not_take_part() -> None:
    desk = Desk(setup(account(A), account(B, "EUR")))
    assert share(desk, B).verdict is Verdict.SEND
    desk.wait(61 * S)
    desk.quote(SHARE, "100.00", "100.02")
    assert failed(share(desk, B)) == ["NO_FX_RATE"]


# --- sizing, by hand --------------------------------------------------------------------------------------------------


def test_risk_money_over_the_loss_of_one_lot_is_the_size() -> None:
    # 1 % of 100,000 over (100.02 - 95.00) = 199.2; rounded down to whole lots
    assert share(Desk(), stop_loss="95.00").qty == D(199)


def test_a_size_limited_by_risk_is_never_rounded_up() -> None:
    # 1,000 / 0.51 = 1960.78
    assert share(Desk(setup(account(A, max_order_value=10**9))), stop_loss="99.51").qty == D(1960)


def test_a_lot_of_currency_is_a_hundred_thousand() -> None:
    # 1,000 / ((1.08502 - 1.08202) * 100,000) = 3.333, and three lots are worth more than one order may be
    desk = Desk(setup(account(A, max_order_value=10**9)))
    assert share(desk, symbol=EURUSD, stop_loss="1.08202").qty == D("3.33")
    # 250,000 / (1.08502 * 100,000) = 2.304
    assert share(Desk(), symbol=EURUSD, stop_loss="1.08202").qty == D("2.30")


def test_a_foreign_account_sizes_at_the_adverse_rate() -> None:
    # 1 % of 100,000 EUR over 5.02 USD at 1 / 1.08500: 1,000 / 4.6267281106 = 216.1
    assert share(Desk(setup(account(A, "EUR"))), stop_loss="95.00").qty == D(216)


@pytest.mark.parametrize(
    ("limits", "qty"),
    [
        ({"risk_per_trade_pct": "0.5"}, 99),  # 500 / 5.02
        ({"risk_budget_pct": "0.4"}, 79),  # 400 / 5.02
        ({"max_daily_loss_pct": "0.3"}, 59),  # 300 / 5.02
        ({"max_order_qty": "17"}, 17),
        ({"max_order_value": "2500.50"}, 25),  # 25 * 100.02
        ({"max_position_qty": "12"}, 12),
    ],
)
def test_the_tightest_limit_binds(limits: dict[str, Any], qty: int) -> None:
    assert share(Desk(setup(account(A, **limits)))).qty == D(qty)


def test_available_margin_binds() -> None:
    desk = Desk(setup(account(A, min_available_margin=0, risk_per_trade_pct=50)), balance=1000)
    assert share(desk, stop_loss="99.00").qty == D(19)  # 1,000 / (100.02 * 0.5) = 19.99


def test_what_is_held_and_on_order_counts_towards_the_position_limit() -> None:
    desk = Desk(setup(account(A, max_position_qty=25)))
    desk.hold(10)
    desk.accept(desk.enter(5, order_type="LIMIT", limit_price="99.90"))
    assert share(desk).qty == D(10)


def test_confidence_scales_the_size() -> None:
    assert share(Desk(), confidence="0.8").qty == D(159)  # 199.2 * 0.8


def test_drawdown_scales_the_size_to_zero_between_half_of_the_limit_and_the_limit() -> None:
    desk = Desk(setup(account(A, max_daily_drawdown_pct="0.08", risk_per_trade_pct=1)))
    desk.hold(10)
    desk.quote(SHARE, "94.02", "94.04")  # 60.00 of 100,000 = 0.06 %: half way from 0.04 to 0.08
    answer = share(desk, stop_loss="90.04")
    assert answer.qty == D(124)  # 1 % of 99,940 over 4.00, halved: 124.925
    assert answer.sizing == "risk per trade"
    assert answer.factors == (Factor("daily drawdown", D("0.5")),)


def test_the_signals_quantity_is_a_cap() -> None:
    assert share(Desk(), quantity=7).qty == D(7)


def test_without_a_stop_the_signals_quantity_is_the_size_within_the_caps() -> None:
    assert share(Desk(), stop_loss="95.00", quantity=30).qty == D(30)
    desk = Desk(setup(account(A, max_order_qty=20)))
    desk.signal(quantity=30)
    assert only(desk.events(ev.PlanProposed)).plan.assignments[0].qty == D(20)


def test_a_size_below_the_smallest_lot_is_none() -> None:
    answer = share(Desk(setup(account(A, risk_per_trade_pct="0.005"))))  # 5 / 5.02
    assert (answer.verdict, failed(answer)) == (Verdict.SKIP, ["OWN_SIZE"])


def test_a_market_order_is_sized_by_the_loss_that_is_really_there() -> None:
    """Found by reading: an entry price near the stop and away from the market made the size many times too large."""
    # The sender meant 95.50, the market asks 100.02: a lot loses 5.02 to the stop at 95.00, not 0.50.
    assert share(Desk(), entry_price="95.50", stop_loss="95.00").qty == D(199)
    # The sender meant more than the market asks: what he meant counts.
    assert share(Desk(), entry_price="105.00", stop_loss="95.00").qty == D(100)


# --- allocation -------------------------------------------------------------------------------------------------------


def three(**settings: Any) -> Desk:
    return Desk(setup(account(A), account(B), account(C), **settings))


def test_a_quantity_is_shared_out_to_the_last_lot_largest_remainder_first() -> None:
    """Found by a test: the quanta lost in dividing cost a whole lot, and a quantity of one lot went to nobody."""
    plan = planned(three(), quantity=100)
    assert [answer.qty for answer in plan.assignments] == [D(34), D(33), D(33)]


@pytest.mark.parametrize("quantity", [1, 2, 7, 100, 597])
def test_shares_add_up_to_the_quantity_where_nothing_varies(quantity: int) -> None:
    plan = planned(three(), quantity=quantity)
    assert sum(answer.qty for answer in plan.assignments) == quantity
    assert all((answer.verdict is Verdict.SEND) is bool(answer.qty) for answer in plan.assignments)


def test_a_quantity_larger_than_all_can_take_is_missed() -> None:
    plan = planned(three(), quantity=10_000)
    assert [answer.qty for answer in plan.assignments] == [D(199), D(199), D(199)]


def test_what_variation_takes_off_is_handed_to_nobody() -> None:
    plan = planned(three(min_size_variance_pct=5, max_size_variance_pct=15), quantity=300)
    assert sum(answer.qty for answer in plan.assignments) <= Decimal(300) * D("0.95")
    for answer in plan.assignments:
        assert D(85) - 1 <= answer.qty <= D(95)
        assert D(5) <= answer.size_variance_pct <= D(15)


# --- timing -----------------------------------------------------------------------------------------------------------


def many(count: int, **settings: Any) -> Desk:
    names = [AccountId(f"acc{number}") for number in range(count)]
    return Desk(setup(*(AccountSpec(name, account(A).venue, "USD") for name in names), **settings))


def test_delays_are_drawn_within_their_bounds_and_unique() -> None:
    plan = planned(many(50, min_timing_variance_ms=1000, max_timing_variance_ms=1020))
    delays = [answer.delay_ms for answer in plan.assignments]
    assert len(set(delays)) == 50
    assert min(delays) >= 1000
    for answer in plan.assignments:
        assert 1000 <= answer.timing_variance_ms <= 1020


def test_priority_follows_the_delay() -> None:
    plan = planned(many(20, min_timing_variance_ms=1000, max_timing_variance_ms=30_000))
    in_order = sorted(plan.assignments, key=lambda answer: answer.delay_ms)
    assert [answer.priority for answer in in_order] == list(range(1, 21))


def test_zero_to_zero_turns_staggering_off() -> None:
    desk = many(5)
    plan = planned(desk)
    assert {answer.delay_ms for answer in plan.assignments} == {0}
    assert len(desk.requests(NewOrder)) == 5


def test_draws_are_the_same_in_every_run_and_differ_by_what_they_are_for() -> None:
    names = itertools.product((1, 2), ("s1", "s2"), ("a", "b"), ("timing", "size"))
    drawn = [draws.draw(seed, SignalId(s), AccountId(a), purpose, 0, 10**9) for seed, s, a, purpose in names]
    assert len(set(drawn)) == 16
    assert drawn[0] == draws.draw(1, SignalId("s1"), AccountId("a"), "timing", 0, 10**9) == 977_348_831


def test_a_draw_reaches_both_ends() -> None:
    drawn = {draws.draw(number, SignalId("s"), A, "x", 1, 3) for number in range(100)}
    assert drawn == {1, 2, 3}


@pytest.mark.parametrize(("ttl_s", "verdict"), [(5, Verdict.SEND), (4, Verdict.SKIP)])
def test_an_account_released_after_the_signals_death_is_excluded(ttl_s: int, verdict: Verdict) -> None:
    desk = Desk(setup(min_timing_variance_ms=5000, max_timing_variance_ms=5000))
    answer = share(desk, ttl_s=ttl_s)
    assert answer.verdict is verdict
    if verdict is Verdict.SKIP:
        assert failed(answer) == ["RELEASED_BEFORE_SIGNAL_DIES_S"]


def test_the_seed_of_a_plan_is_the_journals() -> None:
    one, two = (planned(many(9, min_timing_variance_ms=1, max_timing_variance_ms=10**6)) for _ in range(2))
    assert one == two


# --- correlation ------------------------------------------------------------------------------------------------------


def pair(rho: str, **settings: Any) -> Plan:
    correlations = (Correlation(A, B, D(rho)),)
    config = setup(
        account(A),
        account(B),
        correlations=correlations,
        min_timing_variance_ms=1000,
        max_timing_variance_ms=10_000,
        **settings,
    )
    return planned(Desk(config), quantity=100)


def later(plan: Plan) -> Assignment:
    return max(plan.assignments, key=lambda answer: answer.priority)


@pytest.mark.parametrize("rho", ["0.7", "0.5", "-0.9"])
def test_a_correlation_up_to_the_threshold_has_no_effect(rho: str) -> None:
    plan = pair(rho)
    assert plan.warnings == ()
    answer = later(plan)
    assert (answer.correlation, answer.correlation_delay_ms, answer.correlation_reduction_pct) == (D(rho), 0, D(0))


@pytest.mark.parametrize(("rho", "delay_ms", "reduction"), [("0.85", 5000, 15), ("1", 10_000, 30), ("0.76", 2000, 6)])
def test_above_the_threshold_delay_and_reduction_grow_in_proportion(rho: str, delay_ms: int, reduction: int) -> None:
    answer = later(pair(rho))
    assert (answer.correlation_delay_ms, answer.correlation_reduction_pct) == (delay_ms, D(reduction))
    assert answer.qty == D(50) * (100 - reduction) // 100
    assert answer.delay_ms == answer.timing_variance_ms + delay_ms


def test_the_effect_is_a_warning_in_the_plan() -> None:
    (warning,) = pair("0.85").warnings
    assert "correlation 0.85" in warning
    assert "5000 ms later, 15 % smaller" in warning


def test_the_first_to_be_released_has_no_effect_on_itself() -> None:
    first = min(pair("0.85").assignments, key=lambda answer: answer.priority)
    assert (first.correlation, first.correlation_delay_ms) == (None, 0)


def test_the_largest_reduction_is_configurable() -> None:
    assert later(pair("1", max_correlation_reduction_pct=50)).qty == D(25)


# --- a day's anchor ---------------------------------------------------------------------------------------------------


def test_drawdown_is_measured_from_the_higher_of_balance_and_equity() -> None:
    desk = Desk()
    desk.hold(10)
    desk.quote(SHARE, "110.02", "110.04")  # 100 up
    desk.step(TradingDay((A,), "2023-11-15"))
    desk.quote(SHARE, "105.02", "105.04")  # 50 down from there
    drawdown = only([c for c in share(desk).checks if c.code == "DAILY_DRAWDOWN_PCT"])
    assert drawdown.value == D("0.0499500499")  # 50 / 100,100


def test_a_sell_is_sized_and_capped_on_its_own_side() -> None:
    desk = Desk(setup(account(A, max_position_qty=25)))
    desk.hold(10)
    answer = share(desk, side=SELL, stop_loss="105.00")
    assert answer.qty == D(35)  # ten to close, twenty-five to open


@pytest.mark.parametrize(
    ("side", "stop_loss", "take_profit", "code"),
    [
        (BUY, "100.03", None, "STOP_ON_WRONG_SIDE"),
        (BUY, "95", "100.01", "TARGET_ON_WRONG_SIDE"),
        (SELL, "99.99", None, "STOP_ON_WRONG_SIDE"),
        (SELL, "105", "100.01", "TARGET_ON_WRONG_SIDE"),
    ],
)
def test_a_level_on_the_wrong_side_is_left_out_while_planning(
    side: Side, stop_loss: str, take_profit: str | None, code: str
) -> None:
    """Found by trying it out: it was shown as SEND, and denied when its time had come, on each account."""
    levels: dict[str, Any] = {"stop_loss": stop_loss} | ({} if take_profit is None else {"take_profit": take_profit})
    record = Desk().signal(side=side, **levels)
    plan = only([event.plan for event in record.events if isinstance(event, ev.PlanProposed)])
    assert code in {check.code for check in plan.assignments[0].checks if not check.passed}
