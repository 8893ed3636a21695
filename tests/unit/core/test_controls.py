"""Controls of the gate in their place: collars, protection at market, self-match, plan value, what stops an account."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import OrdType, SelfMatch, TradingState
from tests.asking import resume as resume_account
from tests.unit.core.desk import BUY, LIMIT, MARKET, SELL, SHARE, A, B, D, Desk, S, account, only, setup

DAY_S = 86_400


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def resume(desk: Desk) -> None:
    desk.step(resume_account(A))


# --- 6 ----------------------------------------------------------------------------------------------------------------


def test_a_day_is_measured_by_its_first_quote_and_the_next_by_the_last_of_it() -> None:
    desk = Desk()
    first = desk.events(ev.ReferencePriceSet)[0]
    assert (first.price, first.source) == (D("100.01"), "FIRST_QUOTE")
    desk.quote(SHARE, "104.00", "104.02")
    desk.wait(DAY_S * S)
    desk.quote(SHARE, "109.00", "109.02")
    last = desk.events(ev.ReferencePriceSet)[-1]
    assert (last.price, last.source) == (D("104.01"), "PREVIOUS_CLOSE")
    assert desk.folded().engine.digest() == desk.engine.digest()


def test_a_market_that_moved_too_far_in_a_day_lets_nothing_in_and_everything_out() -> None:
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.quote(SHARE, "112.00", "112.02")
    desk.direct(BUY, 1, name="more")
    assert "STATIC_COLLAR" in codes(desk)
    desk.direct(SELL, 5, name="gives too much away", price="100.79", reduce_only=True)
    assert codes(desk)[-1] == "GIVES_AWAY"
    sent = len(desk.requests(NewOrder))
    desk.direct(SELL, 5, name="a limit", price="100.80", reduce_only=True)
    desk.direct(SELL, 5, name="at market", reduce_only=True)
    assert len(desk.requests(NewOrder)) == sent + 2


# --- 8, 18, 19, 20: what stops an account ----------------------------------------------------------------------------


def chased() -> Desk:
    desk = Desk(setup(account(A, max_price_drift_pct=1)))
    desk.direct(BUY, 1, name="first", price="99.50")
    desk.accept(desk.sent())
    desk.direct(BUY, 1, name="second", price="100.60")
    return desk


def repeated() -> Desk:
    desk = Desk(setup(account(A, max_repeats=2)))
    for name in ("first", "second"):
        desk.direct(BUY, 1, name=name, price="99.50")
        desk.accept(desk.sent())
    desk.direct(BUY, 1, name="third", price="99.50")
    return desk


def rejected() -> Desk:
    desk = Desk(setup(account(A, rejects_free=2, max_reject_pct=10)))
    for name in ("first", "second", "third"):
        desk.direct(BUY, 1, name=name, price="99.50")
        desk.reject(desk.sent())
    desk.direct(BUY, 1, name="fourth", price="99.50")
    return desk


def cancelled() -> Desk:
    desk = Desk(setup(account(A, cancels_free=1, max_cancels_per_trade=1)))
    for name in ("first", "second"):
        desk.direct(BUY, 1, name=name, price="99.50")
        desk.accept(desk.sent())
        desk.exit()
        desk.cancel(desk.sent())
    desk.direct(BUY, 1, name="third", price="99.50")
    return desk


STOPPING = [
    (chased, "PRICE_DRIFT"),
    (repeated, "REPEATED"),
    (rejected, "REJECT_RATE"),
    (cancelled, "CANCEL_TO_TRADE"),
]


@pytest.mark.parametrize(("play", "code"), STOPPING)
def test_what_stops_an_account_does_so_in_the_step_that_it_fails_in(play: Any, code: str) -> None:
    desk = play()
    assert codes(desk) == [code]
    change = only([event for event in desk.records[-1].events if isinstance(event, ev.AccountStateChanged)])
    assert (change.cause, change.active, change.state) == (code, True, TradingState.REDUCING)
    failed = [check for check in desk.events(ev.OrderDenied)[0].checks if not check.passed]
    assert [check.kind for check in failed] == ["auto"]


@pytest.mark.parametrize(("play", "code"), STOPPING)
def test_only_a_person_lets_it_go_on_and_it_counts_anew_from_there(play: Any, code: str) -> None:
    desk = play()
    desk.wait(3600 * S)
    assert code in desk.account().causes
    again = desk.folded()
    assert code in again.account().causes
    again.quote(SHARE, "100.00", "100.02")
    resume(again)
    again.direct(BUY, 1, name="after", price="99.50")
    assert code not in again.account().causes
    assert codes(again) == [code]


# --- 9 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "price"), [(BUY, "101.02"), (SELL, "99.01")])
def test_a_market_order_that_enters_leaves_as_a_limit_that_protects_it(side: Any, price: str) -> None:
    desk = Desk()
    desk.quote(SHARE, "100.01", "100.02")
    desk.direct(side, 10)
    request = desk.requests(NewOrder)[-1]
    assert (request.ord_type, request.price) == (
        LIMIT,
        D(price),
    )  # 101.0202 and 99.0099: the last tick within one per cent
    created = desk.events(ev.OrderCreated)[-1]
    assert (created.intent.price, created.intent.protected) == (D(price), True)


def test_an_exit_leaves_at_market() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.requests(NewOrder)[-1].ord_type is MARKET


def test_one_that_finds_the_market_gone_does_not_rest_for_long() -> None:
    desk = Desk()
    desk.direct(BUY, 10)
    desk.accept(desk.sent())
    desk.wait(59 * S)
    assert desk.requests(CancelOrder) == []
    desk.wait(S)
    assert only(desk.requests(CancelOrder)).cl_ord_id == desk.sent()


# --- 14 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ask", "denied"), [("100.05", 0), ("100.06", 1)])
def test_a_plan_is_worth_no_more_than_it_may_when_its_last_order_leaves(ask: str, denied: int) -> None:
    desk = Desk(setup(account(A), account(B), max_plan_value=2001, min_timing_variance_ms=1, max_timing_variance_ms=9))
    desk.signal(quantity=20, stop_loss="95.00")  # ten lots each, at 100.02
    desk.quote(SHARE, "100.00", ask)
    desk.wait(S)
    assert codes(desk) == ["PLAN_VALUE"] * denied


# --- 28 ---------------------------------------------------------------------------------------------------------------


def test_a_drawdown_from_the_peak_lets_an_account_only_reduce() -> None:
    desk = Desk(setup(account(A, max_drawdown_pct=1, max_daily_loss_pct=90)))
    desk.direct(BUY, 1000, price="100.02")
    desk.fill(desk.sent(), 1000, "100.02")
    desk.quote(SHARE, "101.00", "101.02")
    assert desk.account().peak == D("100980")
    desk.quote(SHARE, "100.00", "100.02")
    assert "DRAWDOWN" not in desk.account().causes  # 1000 below the peak of 100,980
    desk.quote(SHARE, "99.99", "100.01")
    assert "DRAWDOWN" in desk.account().causes
    assert desk.folded().account().peak == D("100980")
    resume(desk)
    assert "DRAWDOWN" not in desk.account().causes
    assert desk.account().peak == D("99970")


# --- 31 ---------------------------------------------------------------------------------------------------------------


def crossing(mode: SelfMatch) -> Desk:
    config: Setup = msgspec.structs.replace(setup(account(A), account(B)), self_match=mode)
    desk = Desk(config)
    desk.direct(SELL, 5, name="resting", price="100.02", account_id=B)
    desk.accept(desk.sent())
    return desk


@pytest.mark.parametrize(
    ("mode", "leaves", "called_back"),
    [(SelfMatch.CANCEL_NEW, 0, 0), (SelfMatch.CANCEL_RESTING, 1, 1), (SelfMatch.CANCEL_BOTH, 0, 1)],
)
def test_what_gives_way_when_two_of_ours_would_meet_is_configured(
    mode: SelfMatch, leaves: int, called_back: int
) -> None:
    desk = crossing(mode).folded()
    since = len(desk.records)
    desk.direct(BUY, 5, name="new")
    assert len(desk.requests(NewOrder, since)) == leaves
    assert len(desk.requests(CancelOrder, since)) == called_back
    assert ("SELF_MATCH" in codes(desk)) is (not leaves)


@pytest.mark.parametrize(("price", "meets"), [("100.01", False), ("100.02", True), ("100.03", True)])
def test_orders_meet_at_the_price_of_the_one_that_rests(price: str, meets: bool) -> None:
    desk = crossing(SelfMatch.CANCEL_NEW)
    desk.direct(BUY, 5, name="new", price=price)
    assert ("SELF_MATCH" in codes(desk)) is meets


def test_what_is_over_or_reduces_stands_in_nobodys_way() -> None:
    desk = crossing(SelfMatch.CANCEL_NEW)
    resting = desk.sent()
    desk.cancel(resting)
    desk.direct(BUY, 5, name="new")
    assert codes(desk) == []


def test_an_exit_is_let_out_and_calls_back_the_entry_that_it_would_meet() -> None:
    desk = Desk(setup(account(A), account(B)))
    desk.hold(10)
    desk.direct(BUY, 5, name="resting", price="100.00", account_id=B)
    resting = desk.sent()
    desk.accept(resting)
    desk.exit(accounts=(A,))
    desk.cancel(desk.stop_of().cl_ord_id)
    assert desk.requests(NewOrder)[-1].ord_type is OrdType.MARKET
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)][-1] == resting
