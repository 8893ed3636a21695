"""Cash that moves without a trade: what it does to balance, day and limits, and that each movement is booked once."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from msgspec import structs

from coxswain.core.eligibility import risk_budget_left
from coxswain.core.firm.view import marks_of
from coxswain.core.state import equity
from coxswain.messages import events as ev
from coxswain.messages.inputs import CashMoved, CompareAccounts, EngineStarted, ResolveBreak
from coxswain.messages.record import Record
from coxswain.model.cash import CashKind, CashMovement
from coxswain.model.firm import Consistency, ConsistencyEffect, ConsistencyKind
from coxswain.model.orders import VenuePosition
from coxswain.model.vocabulary import AccountId, CashId, JournalId, Resolution, TradingState
from coxswain.risk.firm.floors import floors
from coxswain.views.sentences import sentence
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


# --- told after the balance was taken over ----------------------------------------------------------------------------

BALANCE = "A:balance"
TAKEN_OVER = (Resolution.ADOPT, Resolution.WRITE_OFF)


def compare(desk: Desk, balance: int, **books: Any) -> Record:
    desk.step(CompareAccounts("asked", (A,)))
    desk.wait(S)
    return desk.books(balance=D(balance), **books)


def choose(desk: Desk, resolution: Resolution) -> None:
    desk.step(ResolveBreak(A, BALANCE, resolution, "seen at the venue", "ann"))
    desk.wait(S)


def taken_over(resolution: Resolution, balance: int = 99_990) -> tuple[Desk, CashMovement]:
    """Charge ten at the venue, which lists it nowhere yet; have a person take the balance over; return the charge."""
    desk = Desk()
    desk.wait(S)
    told_late = movement(desk, FEE, "-10")
    compare(desk, balance)
    choose(desk, resolution)
    desk.books(balance=D(balance))
    assert (desk.account().balance, desk.account().breaks) == (D(balance), {})
    return desk, told_late


@pytest.mark.parametrize("resolution", TAKEN_OVER)
@pytest.mark.parametrize("way", ["report", "books"])
def test_a_movement_that_is_listed_after_its_balance_was_taken_over_is_told_and_not_booked_again(
    resolution: Resolution, way: str
) -> None:
    desk, told_late = taken_over(resolution)
    before = structs.replace(desk.account())
    for _ in range(2):  # listed twice it is told once
        desk.wait(S)
        if way == "report":
            desk.step(CashMoved(A, told_late))
        else:
            compare(desk, 99_990, movements=(told_late,))
    at, explained = desk.account(), only(desk.events(ev.CashExplained))
    assert explained.movement == told_late
    assert (at.balance, at.day_realized, at.anchor) == (before.balance, before.day_realized, before.anchor)
    assert not desk.events(ev.CashBooked)
    assert len(desk.events(ev.BreakFound)) == 1
    assert at.state is TradingState.ACTIVE
    assert "told late and is in the balance that was taken over" in sentence(explained)


@pytest.mark.parametrize(("later_ns", "is_booked"), [(-1, False), (0, False), (1, True)])
def test_the_time_of_the_balance_decides_what_is_in_it(later_ns: int, is_booked: bool) -> None:
    desk, told_late = taken_over(Resolution.ADOPT)
    as_of_ns = only(desk.events(ev.BalanceAdjusted)).as_of_ns
    desk.wait(S)
    desk.step(CashMoved(A, structs.replace(told_late, transact_time_ns=as_of_ns + later_ns)))
    assert bool(desk.events(ev.CashBooked)) is is_booked
    assert desk.account().balance == D(99_980 if is_booked else 99_990)


def test_a_movement_that_is_listed_between_the_choice_and_the_comparison_is_booked_and_nothing_is_taken_over() -> None:
    for way in ("report", "books"):
        desk = Desk()
        desk.wait(S)
        told_late = movement(desk, FEE, "-10")
        compare(desk, 99_990)
        choose(desk, Resolution.ADOPT)
        if way == "report":
            desk.step(CashMoved(A, told_late))
        desk.books(balance=D(99_990), movements=(told_late,))
        assert not desk.events(ev.BalanceAdjusted), way
        assert only(desk.events(ev.CashBooked)).movement == told_late
        assert (desk.account().balance, desk.account().breaks) == (D(99_990), {})
        assert desk.account().day_realized == D(-10), "what it is was told in time: a fee is a result of the day"


def test_a_choice_made_for_all_of_a_difference_is_not_done_for_what_a_movement_leaves_of_it() -> None:
    desk = Desk()
    desk.wait(S)
    told_late = movement(desk, FEE, "-3")
    compare(desk, 99_990)
    choose(desk, Resolution.ADOPT)
    desk.books(balance=D(99_990), movements=(told_late,))
    assert not desk.events(ev.BalanceAdjusted)
    left = desk.account().breaks[BALANCE]
    assert (left.ours, left.theirs) == (D(99_997), D(99_990))


def test_a_correction_that_comes_later_is_booked_and_one_of_the_time_before_is_in_the_balance() -> None:
    desk, told_late = taken_over(Resolution.ADOPT)
    desk.wait(S)
    corrected = movement(desk, FEE, "4", "m1-corrected")
    earlier = structs.replace(told_late, cash_id=CashId("m0"), amount=D(6))
    compare(desk, 99_994, movements=(told_late, earlier, corrected))
    assert [event.movement for event in desk.events(ev.CashExplained)] == [told_late, earlier]
    assert only(desk.events(ev.CashBooked)).movement == corrected
    assert (desk.account().balance, desk.account().breaks) == (D(99_994), {})


def test_what_a_venue_dates_back_and_pays_later_shows_as_a_break_and_never_in_silence() -> None:
    desk, told_late = taken_over(Resolution.ADOPT)
    desk.wait(S)
    dated_back = structs.replace(told_late, cash_id=CashId("m2"), amount=D(-7))
    compare(desk, 99_983, movements=(told_late, dated_back))
    found = desk.account().breaks[BALANCE]
    assert (found.ours, found.theirs) == (D(99_990), D(99_983))
    choose(desk, Resolution.ADOPT)
    desk.books(balance=D(99_983), movements=(told_late, dated_back))
    assert (desk.account().balance, desk.account().breaks) == (D(99_983), {})


def test_a_restart_knows_what_is_in_the_balance_that_was_taken_over() -> None:
    desk, told_late = taken_over(Resolution.ADOPT)
    again = desk.restarted()
    again.wait(S)
    compare(again, 99_990, movements=(told_late,))
    assert again.account().balance == D(99_990)
    assert only(again.events(ev.CashExplained)).movement == told_late
    once_more = again.restarted()
    compare(once_more, 99_990, movements=(told_late,))
    assert once_more.account().balance == D(99_990)
    assert len(once_more.events(ev.CashExplained)) == 1, "it was told before"


def test_books_from_before_the_balance_that_was_taken_over_settle_nothing() -> None:
    """While another break is open nothing was agreed, and only the balance itself says that an answer is old."""
    desk = Desk()
    held = (VenuePosition(SHARE, D(5)),)
    compare(desk, 99_990, positions=held)
    desk.step(ResolveBreak(A, BALANCE, Resolution.ADOPT, "seen at the venue", "ann"))
    asked_ns = desk.account().asked_ns
    desk.wait(S)
    desk.books(balance=D(99_990), positions=held)
    desk.books(balance=D(100_000), positions=held, as_of_ns=asked_ns + 1)  # after the question, and overtaken
    assert set(desk.account().breaks) == {"A:position:SHARE"}


def test_a_difference_that_is_lived_with_goes_when_the_movement_is_listed() -> None:
    desk = Desk()
    desk.wait(S)
    told_late = movement(desk, FEE, "-10")
    compare(desk, 99_990)
    choose(desk, Resolution.IGNORE)
    desk.books(balance=D(99_990))
    compare(desk, 99_990, movements=(told_late,))
    assert only(desk.events(ev.CashBooked)).movement == told_late
    assert only(desk.events(ev.DifferenceGone)).break_id == BALANCE
    assert (desk.account().balance, desk.account().ignored) == (D(99_990), {})


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
