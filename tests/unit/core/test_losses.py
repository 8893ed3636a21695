"""Losses, live: the ladder before a limit, the day's limit, its release, and profit that a currency pair converts."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import SetLimits, TradingDay
from coxswain.messages.requests import NewOrder
from coxswain.model.setup import AccountSpec
from coxswain.model.vocabulary import DayLossRelease, LadderStep, Role, TradingState
from tests.asking import resume
from tests.unit.core.desk import BUY, EURUSD, SHARE, A, D, Desk, account, only, setup

WARN, REDUCE, NO_NEW_RISK, FLATTEN = LadderStep


def holding(**limits: Any) -> Desk:
    """Return a desk that bought ten shares at 100.02 and may lose 100.00 a day."""
    desk = Desk(setup(account(A, max_daily_loss_pct="0.1", max_daily_drawdown_pct=4, **limits)))
    desk.hold(10, stop_loss="99.90")
    return desk


def lose(desk: Desk, cents: int) -> None:
    """Let the ten shares stand this much below what they cost, each."""
    bid = D("100.02") - D(cents) / 100
    desk.quote(SHARE, f"{bid:.2f}", f"{bid + D('0.02'):.2f}")


def steps(desk: Desk) -> list[LadderStep]:
    return [event.step for event in desk.events(ev.LadderStepReached)]


def is_the_same_folded(desk: Desk) -> None:
    assert desk.folded().engine.digest() == desk.engine.digest()


# --- the ladder -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "reached"),
    [
        (599, []),
        (600, [WARN]),
        (749, [WARN]),
        (750, [WARN, REDUCE]),
        (849, [WARN, REDUCE]),
        (850, [WARN, REDUCE, NO_NEW_RISK]),
        (950, [WARN, REDUCE, NO_NEW_RISK, FLATTEN]),
    ],
)
def test_each_step_is_said_when_open_losses_reach_it(cents: int, reached: list[LadderStep]) -> None:
    desk = holding()
    lose(desk, cents)
    assert steps(desk) == reached
    is_the_same_folded(desk)


def test_a_step_says_what_is_lost_and_of_how_much() -> None:
    desk = holding()
    lose(desk, 600)
    step = only(desk.events(ev.LadderStepReached))
    assert (step.limit, step.value, step.limit_value, step.used_pct) == ("daily loss limit", D(60), D(100), D(60))


def test_a_step_is_said_once_until_losses_have_gone_back_well_below_it() -> None:
    desk = holding()
    for cents in (600, 595, 600, 551, 600):
        lose(desk, cents)
    assert steps(desk) == [WARN]
    lose(desk, 550)
    assert only(desk.events(ev.LadderStepLeft)).step is None
    lose(desk, 600)
    assert steps(desk) == [WARN, WARN]


def test_commission_counts_towards_the_days_loss() -> None:
    desk = Desk(setup(account(A, max_daily_loss_pct="0.1")))
    entry = desk.enter(10, stop_loss="99.90")
    desk.accept(entry)
    desk.fill(entry, 10, "100.02", commission="59.80")  # and 0.20 of spread
    assert steps(desk) == [WARN]


def test_entries_are_half_the_size_from_the_second_step_on() -> None:
    sizes = []
    for reduced in (50, 100):
        desk = holding(ladder_reduced_size_pct=reduced)
        lose(desk, 750)
        desk.signal(stop_loss="92.00", quantity=10_000, id="next")
        assignment = only([e.plan for e in desk.events(ev.PlanProposed) if e.plan.signal_id == "next"]).assignments[0]
        sizes.append((assignment.qty, [factor.name for factor in assignment.factors]))
    assert "loss ladder" in sizes[0][1]
    assert sizes[0][0] * 2 <= sizes[1][0] + 1


def test_no_new_risk_lets_the_account_only_reduce_until_losses_are_less() -> None:
    desk = holding()
    lose(desk, 850)
    assert (desk.account().state, list(desk.account().causes)) == (TradingState.REDUCING, ["LOSS_LADDER"])
    lose(desk, 801)
    assert desk.account().state is TradingState.REDUCING
    lose(desk, 800)
    assert desk.account().state is TradingState.ACTIVE
    is_the_same_folded(desk)


def test_the_last_step_closes_nothing_by_itself() -> None:
    desk = holding()
    sent = len(desk.requests(NewOrder))
    lose(desk, 960)
    assert len(desk.requests(NewOrder)) == sent
    assert desk.events(ev.ExitStarted) == []


def test_the_last_step_closes_everything_where_the_configuration_says_so() -> None:
    desk = holding(ladder_flatten=1)
    lose(desk, 960)
    stop = desk.stop_of()
    assert only(desk.events(ev.ExitStarted)).qty is None
    desk.cancel(stop.cl_ord_id)
    assert desk.order(desk.sent()).intent.role is Role.EXIT
    desk.fill(desk.sent(), 10, "90.42")
    assert not desk.position().qty
    is_the_same_folded(desk)


def test_a_lowered_limit_is_climbed_at_once() -> None:
    desk = holding()
    lose(desk, 300)
    desk.step(SetLimits({"max_daily_loss_pct": D("0.05")}, "less", "ann", A))
    assert steps(desk) == [WARN]


def test_the_ladder_starts_anew_with_the_day() -> None:
    desk = holding()
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    desk.fill(desk.sent(), 10, "91.52")  # 85.00 are lost, and stay lost today
    desk.quote(SHARE, "100.02", "100.04")
    assert list(desk.account().causes) == ["LOSS_LADDER"]
    desk.step(TradingDay((A,), "2023-11-15"))
    assert (desk.account().ladder, desk.account().causes) == ({}, {})


def test_an_open_loss_is_the_new_days_too() -> None:
    desk = holding()
    lose(desk, 850)
    desk.step(TradingDay((A,), "2023-11-15"))  # its anchor is the balance, which is higher
    assert list(desk.account().causes) == ["LOSS_LADDER"]


# --- the day's limit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cents", "lost"), [(999, False), (1000, True), (1001, True)])
def test_the_day_is_lost_at_its_limit(cents: int, lost: bool) -> None:
    desk = holding()
    lose(desk, cents)
    assert ("DAILY_LOSS" in desk.account().causes) is lost


def resetting(release: DayLossRelease) -> Desk:
    spec: AccountSpec = account(A, max_daily_loss_pct="0.1", max_daily_drawdown_pct=4)
    desk = Desk(setup(msgspec.structs.replace(spec, day_loss_release=release)))
    desk.hold(10, stop_loss="99.90")
    lose(desk, 1000)
    return desk


def test_a_lost_day_waits_for_a_person_where_nothing_else_is_said() -> None:
    desk = resetting(DayLossRelease.PERSON)
    lose(desk, 0)
    desk.step(TradingDay((A,), "2023-11-15"))
    assert list(desk.account().causes) == ["DAILY_LOSS"]
    desk.step(resume(A, "looked at", "ann"))
    assert desk.account().causes == {}


def test_a_lost_day_may_end_with_the_reset() -> None:
    desk = resetting(DayLossRelease.RESET)
    desk.step(TradingDay((A,), "2023-11-14"))  # the same day told again
    lose(desk, 0)
    assert list(desk.account().causes) == ["DAILY_LOSS"]
    desk.step(TradingDay((A,), "2023-11-15"))
    assert desk.account().causes == {}
    desk.direct(BUY, 1, name="next")
    assert desk.order(desk.sent()).intent.signal_id == "next"
    is_the_same_folded(desk)


def test_a_restart_over_midnight_begins_the_new_day_with_what_is_open() -> None:
    desk = resetting(DayLossRelease.RESET)
    again = desk.restarted()
    again.books()
    again.step(TradingDay((A,), "2023-11-15"))
    started = again.events(ev.DayStarted)[-1]
    assert (started.balance, started.equity, started.anchor) == (D(100_000), D(99_900), D(100_000))
    assert "DAILY_LOSS" in again.account().causes  # the anchor is the balance, so the open loss is the new day's too
    again.quote(SHARE, "100.02", "100.04")
    again.step(TradingDay((A,), "2023-11-16"))
    assert again.account().causes == {}


# --- conversion -------------------------------------------------------------------------------------------------------


def euro_desk(**limits: Any) -> Desk:
    desk = Desk(setup(account(A, "EUR", **limits)))
    desk.hold(100, stop_loss="80.00")
    return desk


def test_a_currency_pair_that_moves_moves_what_it_converts() -> None:
    desk = euro_desk()
    desk.quote(SHARE, "90.02", "90.04")
    before = desk.account().unrealized
    desk.quote(EURUSD, "0.99998", "1.00000")
    assert (before, desk.account().unrealized) == (D("-921.6589862"), D("-1000.0200005"))
    is_the_same_folded(desk)


def test_the_pair_alone_can_lose_the_day() -> None:
    desk = euro_desk(max_daily_loss_pct="0.95")
    desk.quote(SHARE, "90.02", "90.04")
    assert "DAILY_LOSS" not in desk.account().causes
    desk.quote(EURUSD, "0.99998", "1.00000")
    assert "DAILY_LOSS" in desk.account().causes


def test_a_pair_concerns_only_who_holds_something_that_it_converts() -> None:
    desk = euro_desk()
    assert desk.engine.state.converted == {EURUSD: {A: {SHARE: None}}}
    assert desk.restarted().engine.state.converted == {EURUSD: {A: {SHARE: None}}}
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    desk.fill(desk.sent(), 100, "100.00")
    assert desk.engine.state.converted == {EURUSD: {}}


def test_where_nothing_is_converted_no_pair_is_followed() -> None:
    assert holding().engine.state.converted == {}


# --- the drawdown limits ----------------------------------------------------------------------------------------------


def below_the_peak(**limits: Any) -> Desk:
    """Return a desk that bought ten shares at 100.02 and may fall 100.00 below its peak; its day may lose far more."""
    desk = Desk(setup(account(A, max_drawdown_pct="0.1", **limits)))
    desk.hold(10, stop_loss="99.90")
    return desk


@pytest.mark.parametrize(
    ("cents", "reached"), [(599, []), (600, [WARN]), (750, [WARN, REDUCE]), (850, [WARN, REDUCE, NO_NEW_RISK])]
)
def test_the_ladder_climbs_the_drawdown_limit_as_well(cents: int, reached: list[LadderStep]) -> None:
    desk = below_the_peak()
    lose(desk, cents)
    assert [(event.limit, event.step) for event in desk.events(ev.LadderStepReached)] == [
        ("drawdown limit", step) for step in reached
    ]
    is_the_same_folded(desk)


def test_the_ladder_climbs_what_is_lost_of_the_first_balance_as_well() -> None:
    desk = Desk(setup(account(A, max_static_drawdown_pct="0.1")))
    desk.hold(10, stop_loss="99.90")
    lose(desk, 600)
    assert only(desk.events(ev.LadderStepReached)).limit == "static drawdown limit"


def test_a_drawdown_from_a_peak_above_the_days_anchor_is_climbed_too() -> None:
    desk = below_the_peak()
    lose(desk, -2000)  # 200.00 in profit, of which 60.20 are lost again
    lose(desk, -1398)
    assert steps(desk) == [WARN]


def test_a_person_who_resumes_the_account_begins_a_new_peak_before_the_limit_is_reached() -> None:
    desk = below_the_peak()
    lose(desk, 850)
    assert list(desk.account().causes) == ["LOSS_LADDER"]
    desk.step(resume(A))
    assert (desk.account().causes, desk.account().ladder) == ({}, {})
    lose(desk, 1449)  # 59.90 below the new peak
    assert steps(desk) == [WARN, REDUCE, NO_NEW_RISK]
    lose(desk, 1450)
    assert steps(desk)[3:] == [WARN]
    is_the_same_folded(desk)


def test_a_person_who_resumes_the_account_lifts_no_other_limit_that_is_nearly_used_up() -> None:
    desk = below_the_peak(max_daily_loss_pct="0.1")
    lose(desk, 850)
    desk.step(resume(A))
    assert list(desk.account().causes) == ["LOSS_LADDER"]
    assert desk.account().peak == 100_000


def test_the_resume_after_a_drawdown_leaves_no_step_behind() -> None:
    desk = below_the_peak()
    lose(desk, 1000)
    assert list(desk.account().causes) == ["LOSS_LADDER", "DRAWDOWN"]
    desk.step(resume(A))
    assert (desk.account().causes, desk.account().ladder) == ({}, {})
    is_the_same_folded(desk)
