"""What one plan may be worth, told while it is planned; and what a plan that waits in SEMI_AUTO is worth."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan
from coxswain.messages.requests import NewOrder
from coxswain.model.checks import Check
from coxswain.model.market import Instrument
from coxswain.model.plan import Assignment
from coxswain.model.setup import Setup
from coxswain.model.spread import Leg, LeggingLimit
from coxswain.model.vocabulary import LeggingRule, Mode, SignalId, Symbol, Verdict
from tests.unit.core.desk import BUY, EURUSD_SPOT, SELL, SHARE, SHARES, A, B, C, D, Desk, S, account, only, setup

EURO_SHARE = Symbol("EURO_SHARE")
EURO_SHARES = msgspec.structs.replace(SHARES, symbol=EURO_SHARE, currency="EUR")


def planned(desk: Desk) -> tuple[Assignment, ...]:
    return desk.events(ev.PlanProposed)[-1].plan.assignments


def too_large(assignment: Assignment) -> list[Check]:
    return [check for check in assignment.checks if check.code == "PLAN_VALUE"]


@pytest.mark.parametrize(("most", "goes"), [("2000.41", True), ("2000.4", True), ("2000.39", False)])
def test_a_plan_that_is_worth_too_much_is_refused_as_a_whole_and_says_so(most: str, goes: bool) -> None:
    desk = Desk(setup(account(A), account(B), max_plan_value=most))
    desk.signal(quantity=20, stop_loss="95.00")  # ten lots each, at 100.02
    assert [assignment.verdict for assignment in planned(desk)] == [Verdict.SEND if goes else Verdict.SKIP] * 2
    for assignment in planned(desk):
        assert too_large(assignment) == ([] if goes else [Check("PLAN_VALUE", D("2000.4"), D(most), False)])
    assert len(desk.requests(NewOrder)) == (2 if goes else 0)
    assert desk.events(ev.OrderDenied) == [], "it does not leave in part"


def test_a_plan_that_is_refused_says_so_in_its_rationale_and_owes_nobody_anything() -> None:
    desk = Desk(setup(account(A), account(B), max_plan_value=1000))
    desk.signal(quantity=21, stop_loss="95.00")
    assert desk.events(ev.PlanProposed)[-1].plan.rationale.startswith("0 of 2 accounts take part")
    assert [desk.account(name).credits for name in (A, B)] == [{}, {}]


def abroad(*instruments: Instrument, **settings: Any) -> Setup:
    accounts = account(A), account(B, "EUR")
    return setup(*accounts, instruments=(SHARES, EURUSD_SPOT, *instruments), **settings)


@pytest.mark.parametrize(("most", "goes"), [("2000.44", True), ("2000.43", False)])
def test_a_plan_counts_in_the_desks_currency_at_the_adverse_side(most: str, goes: bool) -> None:
    # 20 lots at 100.02 USD: / 1.08500 into EUR and * 1.08502 back, for the account that finds it dearest
    desk = Desk(abroad(max_plan_value=most))
    desk.signal(quantity=20, stop_loss="95.00")
    assert any(too_large(assignment) for assignment in planned(desk)) is not goes


def test_an_account_whose_money_cannot_be_counted_in_the_desks_currency_takes_no_part() -> None:
    desk = Desk(abroad(EURO_SHARES))
    desk.wait(61 * S)  # the pair's quote is stale by now
    desk.quote(EURO_SHARE, "100.00", "100.02")
    desk.signal(symbol=EURO_SHARE, quantity=10, stop_loss="95.00", accounts=(B,))
    failed = [check for check in planned(desk)[1].checks if not check.passed]
    assert [(check.code, check.wanted) for check in failed] == [
        ("NO_FX_RATE", "a rate from EUR into USD, the desk's currency")
    ]


def test_the_legs_of_a_spread_count_together() -> None:
    other = Symbol("OTHER")
    both = (SHARES, msgspec.structs.replace(SHARES, symbol=other))
    for most, goes in (("2000.2", True), ("2000.19", False)):
        desk = Desk(setup(account(A), instruments=both, max_plan_value=most))
        desk.quote(other, "100.00", "100.02")
        legs = (
            Leg(SHARE, BUY, D(1), stop_loss=D("95.00")),
            Leg(other, SELL, D(1), stop_loss=D("105.00")),
        )
        limit = LeggingLimit(D(100000), 30, LeggingRule.COMPLETE)
        desk.signal(legs=legs, legging=limit, quantity=10)  # ten at 100.02 and ten at 100.00
        plan = next(each.plan for each in desk.events(ev.PlanProposed) if each.plan.legs)
        assert (only(list(plan.assignments)).verdict is Verdict.SEND) is goes


def test_an_approval_finds_a_plan_that_has_become_too_large() -> None:
    desk = Desk(setup(account(A), mode=Mode.MANUAL, max_plan_value=1001))
    desk.signal(quantity=10, stop_loss="95.00")
    desk.quote(SHARE, "100.10", "100.11")
    desk.step(ApprovePlan((SignalId("s1"),), "ann", "looks right"))
    rejected = only(desk.events(ev.PlanRejected))
    assert too_large(only(list(rejected.assignments))) == [Check("PLAN_VALUE", D("1001.1"), D(1001), False)]
    assert desk.requests(NewOrder) == []


def test_an_approval_counts_what_of_the_plan_went_on_before() -> None:
    semi = msgspec.structs.replace(account(B), mode=Mode.MANUAL)
    desk = Desk(setup(account(A), semi, account(C), max_plan_value="3000.6"))
    desk.signal(quantity=30, stop_loss="95.00")  # ten lots each, two of which go on
    desk.quote(SHARE, "100.02", "100.03")
    desk.step(ApprovePlan((SignalId("s1"),), "ann", "looks right"))
    assert too_large(only(list(only(desk.events(ev.PlanRejected)).assignments)))[0].value == D("3000.9")


# --- SEMI_AUTO --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "waits"), [("1000.22", False), ("1000.21", True)])
def test_semi_auto_measures_a_plan_in_the_desks_currency(most: str, waits: bool) -> None:
    # 10 lots at 100.02 USD: 921.84 EUR would be below either limit
    desk = Desk(msgspec.structs.replace(abroad(semi_auto_max_value=most), mode=Mode.SEMI_AUTO))
    desk.signal(quantity=10, stop_loss="95.00", accounts=(B,))
    assert bool(desk.events(ev.ApprovalAwaited)) is waits
