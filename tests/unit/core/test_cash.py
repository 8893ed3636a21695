"""Cash that moves without a trade: what it does to balance, day and limits, and that each movement is booked once."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from coxswain.core.eligibility import risk_budget_left
from coxswain.core.firm.view import marks_of
from coxswain.core.state import equity
from coxswain.messages import events as ev
from coxswain.messages.inputs import CashMoved, EngineStarted
from coxswain.messages.record import Record
from coxswain.model.cash import CashKind, CashMovement
from coxswain.model.firm import Consistency, ConsistencyEffect, ConsistencyKind
from coxswain.model.vocabulary import AccountId, CashId, JournalId, TradingState
from coxswain.risk.firm.floors import floors
from tests.unit.core.desk import SHARE, A, B, D, Desk, S, account, only, setup
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, share, under

SWAP, FEE, INTEREST, DEPOSIT, WITHDRAWAL = CashKind
RESULTS, TRANSFERS = (SWAP, FEE, INTEREST), ((DEPOSIT, "500"), (WITHDRAWAL, "-500"))


def movement(desk: Desk, kind: CashKind, amount: str, name: str = "m1") -> CashMovement:
    return CashMovement(CashId(name), kind, Decimal(amount), desk.now_ns, SHARE if kind is SWAP else None)


def move(desk: Desk, kind: CashKind, amount: str, name: str = "m1") -> Record:
    return desk.step(CashMoved(A, movement(desk, kind, amount, name)))


def causes(desk: Desk) -> dict[str, TradingState]:
    return desk.account().causes


@pytest.mark.parametrize("kind", RESULTS)
def test_swap_fees_and_interest_are_a_result_of_the_day(kind: CashKind) -> None:
    desk = Desk()
    move(desk, kind, "-12.34")
    at = desk.account()
    assert (at.balance, at.day_realized, equity(at)) == (D("99987.66"), D("-12.34"), D("99987.66"))
    assert (at.day_balance, at.anchor, at.initial_balance, at.peak) == (D(100_000),) * 4


def test_interest_that_comes_in_is_a_gain_of_the_day() -> None:
    desk = Desk()
    move(desk, INTEREST, "7.5")
    at = desk.account()
    assert (at.balance, at.day_realized, at.peak) == (D("100007.5"), D("7.5"), D("100007.5"))


@pytest.mark.parametrize(("kind", "amount"), TRANSFERS)
def test_what_is_paid_in_or_out_is_no_result_and_moves_all_that_losses_are_measured_from(
    kind: CashKind, amount: str
) -> None:
    desk = Desk()
    move(desk, kind, amount)
    at, now = desk.account(), D(100_000) + D(amount)
    assert at.day_realized == D(0)
    assert (at.balance, at.day_balance, at.anchor, at.initial_balance, at.peak) == (now,) * 5


@pytest.mark.parametrize(("amount", "is_lost"), [("-4999.99", False), ("-5000", True)])
def test_swap_counts_in_the_limit_on_the_days_loss(amount: str, is_lost: bool) -> None:
    desk = Desk()
    move(desk, SWAP, amount)
    assert ("DAILY_LOSS" in causes(desk)) is is_lost


def test_a_withdrawal_above_the_days_limit_stops_nothing() -> None:
    desk = Desk()
    move(desk, WITHDRAWAL, "-60000")
    assert causes(desk) == {}
    move(desk, FEE, "-2000", "m2")  # of the 40,000 that are left
    assert "DAILY_LOSS" in causes(desk)


def test_a_withdrawal_is_no_loss_within_a_window_and_a_fee_is() -> None:
    desk = Desk(setup(account(A, circuit_breaker_max_loss_pct=2, max_daily_loss_pct=100, max_daily_drawdown_pct=100)))
    desk.hold(10)
    desk.quote(SHARE, "100.02", "100.02")  # from here on the window knows what the account was worth
    move(desk, WITHDRAWAL, "-3000")
    assert "BREAKER_LOSS" not in causes(desk)
    move(desk, FEE, "-1940", "m2")  # 2 % of the 97,000 that are left
    assert "BREAKER_LOSS" in causes(desk)


def test_swap_takes_from_the_days_risk_budget_and_a_deposit_widens_it() -> None:
    desk = Desk()
    full = risk_budget_left(desk.account())
    move(desk, SWAP, "-100")
    assert risk_budget_left(desk.account()) == full - D(100)
    move(desk, DEPOSIT, "100000", "m2")
    assert risk_budget_left(desk.account()) == 2 * full - D(100)


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_movement_is_booked_once_however_often_and_by_whichever_way_it_is_told() -> None:
    for order in permutations(("report", "report", "books")):
        desk = Desk()
        told = movement(desk, FEE, "-3")
        for way in order:
            if way == "report":
                desk.step(CashMoved(A, told))
            else:
                desk.books(balance=D(99_997), movements=(told,))
        assert len(desk.events(ev.CashBooked)) == 1, order
        assert desk.account().balance == D(99_997)
        assert not desk.events(ev.BreakFound)


def test_a_report_that_was_missed_is_caught_up_by_the_comparison_and_is_no_break() -> None:
    desk = Desk()
    told = (movement(desk, SWAP, "-3"), movement(desk, DEPOSIT, "1000", "m2"))
    desk.wait(S)
    desk.books(balance=D(100_997), movements=told)
    assert not desk.events(ev.BreakFound)
    assert desk.account().day_realized == D(-3)
    assert desk.records[-1].events[-1] == ev.Reconciled(A, 0, 0, 0, desk.now_ns)


def test_a_difference_that_no_movement_explains_is_still_a_break() -> None:
    desk = Desk()
    desk.wait(S)
    desk.books(balance=D(99_990), movements=(movement(desk, FEE, "-3"),))
    found = only(desk.events(ev.BreakFound))
    assert (found.kind, found.ours, found.theirs) == ("BALANCE_DIFFERS", D(99_997), D(99_990))


def test_books_from_before_a_movement_that_we_know_settle_nothing() -> None:
    desk = Desk()
    asked_ns = desk.now_ns
    desk.wait(S)
    move(desk, FEE, "-3")
    desk.books(balance=D(100_000), as_of_ns=asked_ns + 1)
    assert not desk.events(ev.BreakFound)


def test_the_first_balance_has_in_it_what_the_venue_lists_with_it() -> None:
    desk = Desk(begin=False)
    desk.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, desk.setup))
    earlier = movement(desk, DEPOSIT, "5000")
    desk.step(CashMoved(A, earlier))  # its report overtakes the books
    assert not desk.records[-1].events
    desk.books(balance=D(105_000), movements=(earlier,))
    desk.step(CashMoved(A, earlier))
    assert (desk.account().balance, desk.account().initial_balance) == (D(105_000), D(105_000))
    assert not desk.events(ev.CashBooked)


@pytest.mark.parametrize(
    ("kind", "amount"), [(DEPOSIT, "-1"), (WITHDRAWAL, "1"), (FEE, "0"), (SWAP, "NaN"), (INTEREST, "Infinity")]
)
def test_what_no_movement_can_be_changes_nothing_and_the_account_only_reduces(kind: CashKind, amount: str) -> None:
    desk = Desk()
    move(desk, kind, amount)
    assert desk.account().balance == D(100_000)
    assert desk.account().state is TradingState.REDUCING
    assert only(desk.events(ev.ReportQuarantined)).reason.startswith(f"cash movement m1: {kind} of")
    desk.books(balance=D(100_000), movements=(movement(desk, kind, amount),))
    assert desk.account().state is TradingState.REDUCING, "its books are not believed either"


def test_a_movement_on_an_account_that_is_not_ours_changes_nothing() -> None:
    desk = Desk()
    record = desk.step(CashMoved(AccountId("stranger"), movement(desk, FEE, "-3")))
    assert record.events == ()


def test_what_was_booked_is_brought_back_by_a_fold() -> None:
    desk = Desk(setup(account(A), account(B)))
    for number, kind in enumerate(CashKind):
        move(desk, kind, "-5" if kind is not DEPOSIT else "5", f"m{number}")
    assert desk.folded().engine.digest() == desk.engine.digest()


# --- firms' rules -----------------------------------------------------------------------------------------------------


def firm_desk(**fields: Any) -> FirmDesk:
    rule_set = rules(loss_limits=(share("daily", "0.05"), share("max", "0.1")), **fields)
    return FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,)), balance=100_000)


def test_swap_counts_against_a_firms_floors_and_a_withdrawal_leaves_them_where_they_are() -> None:
    desk = firm_desk()
    limits = desk.engine.state.firms.rule_sets[next(iter(desk.engine.state.firms.rule_sets))].loss_limits
    move(desk, SWAP, "-1000")
    marks = marks_of(desk.account(), desk.engine.state.firms.books[A])
    assert next((floor.now, floor.measured) for floor in floors(limits, marks)) == (D(95_000), D(99_000))
    move(desk, WITHDRAWAL, "-2000", "m2")
    marks = marks_of(desk.account(), desk.engine.state.firms.books[A])
    assert next((floor.now, floor.measured) for floor in floors(limits, marks)) == (D(95_000), D(97_000))


def test_a_deposit_is_no_profit_of_the_day_for_a_firms_consistency() -> None:
    rule = Consistency(ConsistencyKind.BEST_DAY_SHARE, D("0.5"), ConsistencyEffect.FAILS)
    desk = firm_desk(consistency=(rule,))
    move(desk, DEPOSIT, "3000")
    move(desk, INTEREST, "40", "m2")
    marks = marks_of(desk.account(), desk.engine.state.firms.books[A])
    assert marks.won_today == D(40)
