"""Circuit breakers: what opens each, who lets it cool down, what one entry at a time proves, and what many do."""

from typing import Any

import pytest

from coxswain.core.state import Breaker
from coxswain.messages import events as ev
from coxswain.messages.inputs import CloseBreaker, ResumeTrading, VolatilityObserved
from coxswain.messages.requests import NewOrder
from coxswain.model.breaker import BreakerKind, BreakerState
from coxswain.model.control import Scope, ScopeKind
from coxswain.model.vocabulary import TradingState
from tests.unit.core.desk import BUY, SHARE, A, B, D, Desk, S, account, only, setup

OPEN, HALF_OPEN = BreakerState.OPEN, BreakerState.HALF_OPEN
LOSS, VENUE_ERRORS = BreakerKind.LOSS, BreakerKind.VENUE_ERRORS
COOLDOWN = 300 * S


def breaking(**limits: Any) -> Desk:
    """Return a desk whose account A has these breakers, and none else."""
    limits.setdefault("circuit_breaker_max_loss_pct", 0)
    limits |= {"max_daily_loss_pct": 100, "max_daily_drawdown_pct": 100, "max_price_drift_pct": 100}
    return Desk(setup(account(A, **limits)))


def losing(**limits: Any) -> Desk:
    """Return a desk that bought ten shares at 100.02, and may lose 50.00 of 100,000 within five minutes."""
    desk = breaking(circuit_breaker_max_loss_pct="0.05", **limits)
    desk.hold(10, stop_loss="50.00")
    price(desk, "100.02")
    return desk


def price(desk: Desk, bid: str) -> None:
    desk.quote(SHARE, bid, bid)


def state_of(desk: Desk, kind: BreakerKind) -> BreakerState:
    breaker: Breaker | None = desk.account().breakers.get(kind)
    return BreakerState.CLOSED if breaker is None else breaker.state


def close(desk: Desk, kind: BreakerKind = LOSS) -> None:
    desk.step(CloseBreaker(A, kind, "looked at", "ann"))


def refused(desk: Desk) -> list[str]:
    return [error.split(":")[0] for event in desk.events(ev.CommandRefused) for error in event.reasons]


def denied(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def is_the_same_folded(desk: Desk) -> None:
    assert desk.folded().engine.digest() == desk.engine.digest()


# --- loss in a window -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bid", "opens"), [("95.03", False), ("95.02", True), ("95.01", True)])
def test_a_loss_within_the_window_opens_the_breaker_at_its_limit(bid: str, opens: bool) -> None:
    desk = losing()
    price(desk, "100.02")
    price(desk, bid)
    assert (state_of(desk, LOSS) is OPEN) is opens
    assert (desk.account().state is TradingState.REDUCING) is opens
    is_the_same_folded(desk)


def test_a_loss_that_takes_longer_than_the_window_opens_nothing() -> None:
    desk = losing(circuit_breaker_window_s=100)
    price(desk, "100.02")
    for bid in ("97.52", "95.03", "92.53", "90.04"):  # 24.90 in each minute and a half
        desk.wait(120 * S)
        price(desk, bid)
    assert state_of(desk, LOSS) is BreakerState.CLOSED


def test_the_window_is_kept_in_bounded_memory_and_over_a_fold() -> None:
    desk = losing()
    for second in range(0, 3_000, 10):
        desk.now_ns += 10 * S
        price(desk, f"{100 + second % 3 / 100:.2f}")
    assert len(desk.account().windows[LOSS].parts) <= 11
    is_the_same_folded(desk)


def test_an_open_breaker_lets_what_reduces_through_and_nothing_else() -> None:
    desk = losing()
    price(desk, "95.02")
    desk.direct(BUY, 1)
    assert denied(desk) == ["TRADING_STATE"]
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.order(desk.sent()).intent.reduce_only


# --- cooling down, and trying again -----------------------------------------------------------------------------------


def test_where_money_was_lost_only_a_person_starts_the_time_to_cool_down() -> None:
    desk = losing()
    price(desk, "95.02")
    desk.wait(10 * COOLDOWN)
    assert state_of(desk, LOSS) is OPEN
    close(desk)
    desk.wait(COOLDOWN - 1)
    assert state_of(desk, LOSS) is OPEN
    desk.wait(1)
    assert (state_of(desk, LOSS), desk.account().causes) == (HALF_OPEN, {})
    is_the_same_folded(desk)


def half_open(**limits: Any) -> Desk:
    desk = losing(**limits)
    price(desk, "95.02")
    close(desk)
    desk.wait(COOLDOWN)
    price(desk, "95.02")
    return desk


def test_it_cools_down_over_a_restart() -> None:
    desk = losing()
    price(desk, "95.02")
    close(desk)
    again = desk.folded()
    again.start()
    again.wait(COOLDOWN)
    assert state_of(again, LOSS) is HALF_OPEN


def test_half_open_takes_one_entry_at_a_time() -> None:
    desk = half_open()
    desk.direct(BUY, 1, name="one", price="95.00")
    desk.direct(BUY, 1, name="two", price="95.00")
    assert denied(desk) == ["BREAKER_HALF_OPEN"]


def test_half_open_takes_small_entries() -> None:
    desk = half_open()
    desk.signal(stop_loss="94.00", quantity=1_000, id="next")
    proposed = only([event.plan for event in desk.events(ev.PlanProposed) if event.plan.signal_id == "next"])
    factors = {factor.name: factor.value for factor in proposed.assignments[0].factors}
    assert factors["half-open breaker"] == D("0.25")


def test_an_entry_that_fills_closes_it() -> None:
    desk = half_open()
    desk.direct(BUY, 1, name="one")
    desk.accept(desk.sent())
    desk.fill(desk.sent(), 1, "95.02")
    assert state_of(desk, LOSS) is BreakerState.CLOSED
    is_the_same_folded(desk)


def test_an_entry_that_is_rejected_opens_it_again() -> None:
    desk = half_open()
    desk.direct(BUY, 1, name="one")
    desk.reject(desk.sent())
    assert state_of(desk, LOSS) is OPEN
    desk.wait(10 * COOLDOWN)
    assert state_of(desk, LOSS) is OPEN
    is_the_same_folded(desk)


def test_an_entry_that_is_lost_from_sight_opens_it_again() -> None:
    desk = half_open()
    desk.direct(BUY, 1, name="one")
    desk.wait(5 * S)
    assert state_of(desk, LOSS) is OPEN


def test_an_entry_that_ends_without_a_fill_proves_nothing_and_the_next_is_tried() -> None:
    desk = half_open()
    desk.direct(BUY, 1, name="one", price="95.00")
    desk.accept(desk.sent())
    desk.cancel(desk.sent())
    assert state_of(desk, LOSS) is HALF_OPEN
    desk.direct(BUY, 1, name="two")
    desk.accept(desk.sent())
    desk.fill(desk.sent(), 1, "95.02")
    assert state_of(desk, LOSS) is BreakerState.CLOSED


def test_what_it_measures_opens_it_again_too_counted_from_when_it_was_half_open() -> None:
    desk = half_open()
    price(desk, "90.03")
    assert state_of(desk, LOSS) is HALF_OPEN
    price(desk, "90.02")
    assert state_of(desk, LOSS) is OPEN


def test_what_cannot_be_closed_is_refused_by_name() -> None:
    desk = losing()
    close(desk)
    price(desk, "95.02")
    close(desk)
    close(desk)
    desk.wait(COOLDOWN)
    close(desk)
    desk.step(CloseBreaker(B, LOSS, "why", "ann"))
    assert refused(desk) == [
        "BREAKER_CLOSED",
        "BREAKER_COOLING_DOWN",
        "BREAKER_HALF_OPEN",
        "ACCOUNT_UNKNOWN",
    ]


def test_resuming_an_account_closes_no_breaker() -> None:

    desk = losing()
    price(desk, "95.02")
    desk.step(ResumeTrading(Scope(ScopeKind.ACCOUNT, A), "why", "ann"))
    assert state_of(desk, LOSS) is OPEN
    assert desk.account().state is TradingState.REDUCING


# --- the others -------------------------------------------------------------------------------------------------------


def test_a_fall_from_the_days_highest_equity_opens() -> None:
    desk = breaking(circuit_breaker_max_drawdown_pct="0.05")
    desk.hold(10, stop_loss="50.00")
    price(desk, "110.02")
    desk.wait(3_000 * S)
    price(desk, "105.02")
    assert state_of(desk, BreakerKind.DRAWDOWN) is BreakerState.CLOSED
    price(desk, "105.00")  # 50.20 of 100,100
    assert state_of(desk, BreakerKind.DRAWDOWN) is OPEN
    is_the_same_folded(desk)


@pytest.mark.parametrize(("limit", "opens"), [(3, False), (2, True)])
def test_rejects_within_the_window_open_and_it_cools_down_by_itself(limit: int, opens: bool) -> None:
    desk = breaking(circuit_breaker_max_rejects=limit)
    for name in ("one", "two"):
        desk.direct(BUY, 1, name=name)
        desk.reject(desk.sent())
    assert (state_of(desk, BreakerKind.REJECTS) is OPEN) is opens
    desk.wait(COOLDOWN)
    assert (state_of(desk, BreakerKind.REJECTS) is HALF_OPEN) is opens
    is_the_same_folded(desk)


def test_rejects_that_are_long_ago_do_not_count() -> None:
    desk = breaking(circuit_breaker_max_rejects=2)
    desk.direct(BUY, 1, name="one")
    desk.reject(desk.sent())
    desk.wait(400 * S)
    price(desk, "100.02")
    desk.direct(BUY, 1, name="two")
    desk.reject(desk.sent())
    assert state_of(desk, BreakerKind.REJECTS) is BreakerState.CLOSED


def test_adverse_slippage_is_summed_and_better_prices_take_nothing_off() -> None:
    desk = breaking(circuit_breaker_max_slippage_bps=10)
    for name, px in (("one", "100.08"), ("two", "99.50"), ("three", "100.07")):  # 5.99, better, 4.99 bps
        desk.signal(quantity=1, stop_loss="95.00", id=name)
        desk.accept(desk.sent())
        entry = desk.sent()
        desk.fill(entry, 1, px)
    assert state_of(desk, BreakerKind.SLIPPAGE) is OPEN
    desk.wait(10 * COOLDOWN)
    assert state_of(desk, BreakerKind.SLIPPAGE) is OPEN  # money was lost


def test_outcomes_lost_from_sight_open() -> None:
    desk = breaking(circuit_breaker_max_venue_errors=1)
    desk.direct(BUY, 1)
    desk.wait(5 * S)
    assert state_of(desk, VENUE_ERRORS) is OPEN


def test_a_held_instrument_without_a_fresh_quote_opens_at_the_next_comparison() -> None:
    desk = breaking(circuit_breaker_stale_quotes=1)
    desk.hold(1, stop_loss="50.00")
    desk.wait(50 * S)
    assert state_of(desk, BreakerKind.STALE_QUOTES) is BreakerState.CLOSED
    desk.wait(80 * S)
    assert state_of(desk, BreakerKind.STALE_QUOTES) is OPEN


@pytest.mark.parametrize(("ewma", "opens"), [("2.9", False), ("3", True)])
def test_an_unusually_volatile_instrument_that_is_held_opens(ewma: str, opens: bool) -> None:
    desk = breaking(circuit_breaker_max_volatility_pct=3)
    desk.hold(1, stop_loss="50.00")
    desk.step(VolatilityObserved(SHARE, D(ewma), D(1), desk.now_ns))
    assert (state_of(desk, BreakerKind.VOLATILITY) is OPEN) is opens


def test_a_breaker_that_is_off_opens_at_nothing() -> None:
    desk = breaking()
    desk.hold(10, stop_loss="50.00")
    price(desk, "10.00")
    assert (desk.account().breakers, desk.account().windows) == ({}, {})


# --- many -------------------------------------------------------------------------------------------------------------


def test_when_many_breakers_are_open_every_account_only_reduces() -> None:
    accounts = (account(A, circuit_breaker_max_rejects=1), account(B))
    desk = Desk(setup(*accounts, circuit_breaker_engine_count=1))
    desk.direct(BUY, 1)
    desk.reject(desk.sent())
    assert list(desk.account(B).causes) == ["BREAKERS_OF_MANY"]
    sent = len(desk.requests(NewOrder))
    desk.direct(BUY, 1, name="other", account_id=B)
    assert len(desk.requests(NewOrder)) == sent
    desk.wait(COOLDOWN)
    assert (desk.account(A).causes, desk.account(B).causes) == ({}, {})
    is_the_same_folded(desk)
