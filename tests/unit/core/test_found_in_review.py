"""Bugs that a reading of the core found, each under the name of what went wrong."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coxswain.core.eligibility import risk_budget_left
from coxswain.core.engine import Engine
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import decode, encode
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount
from coxswain.model.market import Quote, Session
from coxswain.model.orders import OrderIntent, VenueOrder
from coxswain.model.vocabulary import (
    OrdStatus,
    ReachedVenue,
    Role,
    SignalId,
    TimeInForce,
    TradingState,
    VenueOrderId,
    Verdict,
)
from tests.asking import resume
from tests.unit.core.desk import (
    BUY,
    EURUSD,
    EURUSD_SPOT,
    MARKET,
    MS,
    SELL,
    SHARE,
    SHARES,
    START_NS,
    A,
    B,
    D,
    Desk,
    S,
    account,
    setup,
)


def market_hours() -> Desk:
    """A desk whose share trades in sessions, and holds ten of it with a stop."""
    session = Session("UTC", (0, 1, 2, 3, 4), "00:00", "23:00")
    desk = Desk(setup(instruments=(msgspec.structs.replace(SHARES, sessions=(session,)),)), begin=False)
    desk.start()
    desk.step(inp.SessionChanged((SHARE,), True))
    desk.quote(SHARE, "100.00", "100.02")
    desk.hold(10)
    return desk


def test_an_exit_that_our_own_gate_refuses_leaves_protection_where_it_is() -> None:
    """The stop was cancelled first, and then neither the exit nor a new stop passed the gate."""
    desk = market_hours()
    desk.step(inp.SessionChanged((SHARE,), False))
    desk.exit()
    assert not desk.requests(CancelOrder)
    assert desk.stop_of().order_qty == D(10)
    assert desk.events(ev.OrderDenied)[-1].reasons == ("SESSION_CLOSED: value=closed, limit=open",)
    assert desk.position().exit is None


def test_a_stop_that_was_lost_is_placed_at_once_when_somebody_moves_it() -> None:
    """For a minute after a stop was lost twice, nothing placed one: no new level, no new fill."""
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 10)
    desk.reject(desk.stop_of().cl_ord_id)
    desk.books()
    desk.reject(desk.stop_of().cl_ord_id)
    assert desk.position().stop_id is None
    desk.adjust(stop_loss="96.00")
    assert desk.stop_of().stop_px == D("96.00")


def test_a_lost_stop_comes_back_although_a_break_is_open() -> None:
    desk = Desk()
    desk.hold(10)
    desk.cancel(desk.stop_of().cl_ord_id)
    desk.books(balance=Decimal(1))
    assert "BREAK" in desk.account().causes
    assert desk.stop_of().order_qty == D(10)


def balance(desk: Desk) -> Decimal:
    found = desk.account().balance
    assert found is not None
    return found


def two_accounts() -> Desk:
    """A enters at once, B waits for its turn."""
    desk = Desk(setup(account(A), account(B), max_timing_variance_ms=20_000, min_timing_variance_ms=1_000))
    desk.signal(quantity=20, stop_loss="95.00")
    first = min(desk.engine.state.deadlines.values())
    desk.wait(first - desk.now_ns)
    return desk


def test_an_exit_of_everything_calls_back_what_still_waits_for_its_release() -> None:
    """The accounts that were filled were closed; the others entered afterwards."""
    desk = two_accounts()
    sent = desk.sent()
    desk.fill(sent, int(desk.order(sent).order_qty))
    waiting = B if desk.order(sent).intent.account == A else A
    desk.exit()
    assert [event.account for event in desk.events(ev.AssignmentWithdrawn)] == [waiting]
    count = len(desk.requests(NewOrder))
    desk.wait(60 * S)
    entries = [each for each in desk.events(ev.OrderCreated)[count:] if each.intent.role is Role.ENTRY]
    assert not entries


def test_a_rejected_entry_that_was_called_back_is_not_recovered_elsewhere() -> None:
    desk = Desk(setup(account(A), account(B, reserve=True)))
    held = desk.enter(10)
    desk.fill(held, 10)
    second = desk.enter(5)
    desk.exit(accounts=(A,))
    desk.reject(second)
    assert not desk.events(ev.RecoveryAssigned)


@pytest.mark.parametrize(("entry_price", "largest"), [(None, 199), ("99.00", 199), ("101.00", 166)])
def test_a_market_order_is_sized_at_the_worse_of_hope_and_market(entry_price: str | None, largest: int) -> None:
    """1 % of 100,000 over the way to the stop at 95: from 100.02, or from 101 if that is what is hoped for."""
    desk = Desk(setup(account(A, max_order_value=10**9)))
    fields: dict[str, Any] = {} if entry_price is None else {"entry_price": entry_price}
    desk.signal(stop_loss="95.00", **fields)
    assert desk.events(ev.PlanProposed)[-1].plan.assignments[0].qty == D(largest)


def test_a_share_that_waits_for_its_release_holds_its_risk() -> None:
    """Two plans inside one stagger spent the same risk budget twice."""
    desk = Desk(setup(account(A, risk_budget_pct="1.5"), max_timing_variance_ms=20_000, min_timing_variance_ms=10_000))
    desk.signal(stop_loss="95.00")
    first = desk.events(ev.PlanProposed)[-1].plan.assignments[0]
    assert risk_budget_left(desk.account()) == 1500 - first.risk
    desk.signal(stop_loss="95.00")
    second = desk.events(ev.PlanProposed)[-1].plan.assignments[0]
    assert first.risk + second.risk <= 1500
    desk.wait(60 * S)
    assert desk.account().planned_risk == 0
    assert desk.account().held_risk <= 1500


@pytest.mark.parametrize(
    ("px", "rate"),
    [("101.00", Decimal(1) / Decimal("1.08502")), ("99.00", Decimal(1) / Decimal("1.085"))],
    ids=["a gain at the worse side", "a loss at the worse side"],
)
def test_a_fill_without_a_rate_is_booked_at_the_side_that_is_worse_for_us(px: str, rate: Decimal) -> None:
    """A loss was converted at the favourable side."""
    desk = Desk(setup(account(A, "EUR")))
    entry = desk.enter(10)
    desk.fill(entry, 10, "100.00", settl_fx_rate="0.92")
    before = balance(desk)
    desk.fill(desk.stop_of().cl_ord_id, 10, px)
    change = balance(desk) - before
    assert abs(change - (Decimal(px) - 100) * 10 * rate) < Decimal("0.000001")


def test_a_fill_with_no_fresh_rate_is_booked_at_the_last_one_and_never_one_to_one() -> None:
    desk = Desk(setup(account(A, "EUR")))
    entry = desk.enter(10)
    desk.fill(entry, 10, "100.00", settl_fx_rate="0.92")
    before = balance(desk)
    desk.wait(120 * S)
    desk.fill(desk.stop_of().cl_ord_id, 10, "99.00")
    assert balance(desk) == before - Decimal("9.2")


def test_an_order_that_was_lost_does_not_leave_after_its_end_of_life() -> None:
    """A direct order that was proved absent was sent again however old it was."""
    desk = Desk()
    intent = OrderIntent(A, SHARE, BUY, MARKET, TimeInForce.DAY, D(1), Role.DIRECT, SignalId("d1"))
    desk.step(inp.SubmitOrder(intent, ttl_s=1))
    lost = desk.sent()
    for _ in range(2):
        desk.wait(6 * S)
        desk.quote(SHARE, "100.00", "100.02")
        desk.look(lost)
    assert not desk.events(ev.OrderResent)
    assert "SIGNAL_AGE" in desk.events(ev.OrderCanceled)[-1].reason


def test_an_order_that_works_after_its_end_is_a_break_until_it_is_gone() -> None:
    """It was cancelled once, and the account traded on as if nothing had happened."""
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.00")
    desk.accept(entry)
    desk.cancel(entry)
    desk.wait(S)
    still = VenueOrder(entry, VenueOrderId("v"), SHARE, BUY, OrdStatus.NEW, D(10), D(0), D("99.00"), None)
    for _ in range(2):
        desk.step(inp.CompareAccounts("a look"))
        desk.wait(MS)
        desk.books(orders=(still,))
        assert [each.kind for each in desk.account().breaks.values()] == ["WORKS_AFTER_END"]
        assert desk.account().state is TradingState.REDUCING
        assert desk.requests(CancelOrder)[-1].cl_ord_id == entry
    desk.step(inp.CompareAccounts("a look"))
    desk.books()
    assert not desk.account().breaks
    assert desk.account().state is TradingState.ACTIVE


def test_a_release_that_is_due_during_a_start_waits_for_the_comparison() -> None:
    """It was denied for not being reconciled, and lost."""
    desk = Desk(setup(max_timing_variance_ms=20_000, min_timing_variance_ms=10_000))
    desk.signal(quantity=10, stop_loss="95.00")
    again = desk.restarted()
    again.wait(30 * S)
    assert again.events(ev.ReleasePostponed)
    assert not again.events(ev.OrderDenied)
    again.quote(SHARE, "100.00", "100.02")
    again.books()
    again.wait(2 * S)
    assert again.order(again.sent()).intent.role is Role.ENTRY


def test_a_stop_is_not_moved_on_a_quote_that_is_old() -> None:
    desk = Desk()
    desk.hold(10)
    desk.wait(61 * S)
    desk.adjust(stop_loss="99.00")
    assignment = desk.events(ev.PlanProposed)[-1].plan.assignments[0]
    assert assignment.verdict is Verdict.SKIP
    assert "QUOTE_STALE" in {check.code for check in assignment.checks if not check.passed}


def test_a_share_is_not_released_on_an_account_that_is_not_fit_any_more() -> None:
    desk = Desk(
        setup(account(A, max_daily_drawdown_pct="1"), max_timing_variance_ms=20_000, min_timing_variance_ms=10_000)
    )
    desk.direct(BUY, 1_000)
    desk.fill(desk.sent(), 1_000)
    desk.signal(symbol=EURUSD, quantity=1, stop_loss="1.08000")
    desk.quote(SHARE, "98.00", "98.02")
    desk.wait(30 * S)
    assert "DAILY_DRAWDOWN_PCT" in desk.events(ev.OrderDenied)[-1].reasons[0]


def test_after_a_step_that_failed_every_account_is_halted_until_a_person_looks() -> None:
    desk = Desk()
    desk.hold(10)
    evidence = desk.engine.failure(Quote(SHARE, D(1), D(2), START_NS), desk.now_ns + 1, "InvariantViolation: a bug")
    assert evidence.failed
    fresh: Engine = desk.folded().engine
    fresh.fold(msgspec.structs.replace(decode(encode(evidence)), seq=fresh.state.seq + 1))
    assert fresh.state.accounts[A].state is TradingState.HALTED
    record = fresh.step(resume(A, "understood", "owner"), desk.now_ns + 2)
    assert [type(event) for event in record.events] == [ev.AccountStateChanged]
    assert fresh.state.accounts[A].state is TradingState.ACTIVE


def test_the_rest_of_a_short_is_bought_back_at_the_same_rule() -> None:
    """The other side of the market, so that no sign is taken for granted."""
    desk = Desk(setup(account(A, "EUR"), instruments=(SHARES, EURUSD_SPOT)))
    desk.direct(SELL, 10)
    desk.fill(desk.sent(), 10, "100.00", settl_fx_rate="0.92")
    before = balance(desk)
    desk.direct(BUY, 10, name="d2", reduce_only=True)
    desk.fill(desk.sent(), 10, "101.00")
    assert balance(desk) - before == pytest.approx(Decimal(-10) / Decimal("1.085"), abs=Decimal("0.000001"))


def test_an_account_whose_venue_cannot_be_reached_only_reduces_until_its_books_are_compared() -> None:
    """It stayed active, and was planned for."""
    desk = Desk()
    desk.step(inp.CompareAccounts("it is time"))
    desk.step(inp.VenueFailed(A, None, ReachedVenue.NO, "the venue is gone"))
    assert desk.account().state is TradingState.REDUCING
    desk.wait(11 * S)
    assert len(desk.requests(QueryAccount)) > 2
    desk.books()
    assert desk.account().state is TradingState.ACTIVE
