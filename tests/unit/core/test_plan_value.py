"""What one plan may be worth, told while it is planned; and what a plan that waits in SEMI_AUTO is worth."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan, SetLimits
from coxswain.messages.requests import NewOrder
from coxswain.model.checks import Check
from coxswain.model.contingent import Contingent
from coxswain.model.market import Instrument
from coxswain.model.plan import Assignment
from coxswain.model.setup import Capabilities, Setup, VenueSpec
from coxswain.model.spread import Leg, LeggingLimit
from coxswain.model.vocabulary import LeggingRule, Mode, OrdType, SignalId, Symbol, VenueId, VenueTier, Verdict
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


BREAK_DOWN = Contingent(SELL, OrdType.STOP, D("99.00"), stop_loss=D("100.50"))
ADD = Contingent(BUY, OrdType.STOP, D("101.50"), stop_loss=D("98.00"))


def of_two(desk: Desk, **fields: Any) -> list[Assignment]:
    desk.signal(
        side=BUY, order_type=OrdType.STOP, limit_price="101.00", stop_loss="99.50", quantity=10, id="two", **fields
    )
    plans = [event.plan for event in desk.events(ev.PlanProposed)]
    return [share for plan in plans if plan.signal_id == "two" for share in plan.assignments]


@pytest.mark.parametrize(
    ("native", "fields", "worth"),
    [
        (True, {"oco": BREAK_DOWN}, "1010"),  # the dearer: ten at 101.00, and not ten at 99.00 beside them
        (False, {"oco": BREAK_DOWN}, "2000"),  # both may fill before a cancel gets there
        (True, {"oco": ADD}, "1015"),
        (False, {"oco": ADD}, "2025"),
        (True, {"then": ADD}, "2025"),  # one follows the other, wherever that is
    ],
)
def test_of_two_orders_all_that_may_fill_counts(native: bool, fields: dict[str, Any], worth: str) -> None:
    can = Capabilities(VenueTier.T1, True, native, True)
    for most, goes in ((D(worth), True), (D(worth) - D("0.01"), False)):
        desk = Desk(setup(account(A), can=can, max_plan_value=str(most)))
        (share,) = of_two(desk, **fields)
        assert (share.verdict is Verdict.SEND) is goes
        assert too_large(share) == ([] if goes else [Check("PLAN_VALUE", D(worth), most, False)])
        assert bool(desk.requests(NewOrder)) is goes


def test_a_pair_counts_on_each_account_as_its_venue_keeps_it() -> None:
    """Five lots where one of the two fills, five where both may: 5 * 101.00 and 5 * 200.00."""
    other = VenueId("other")
    plain = setup(account(A), msgspec.structs.replace(account(B), venue=other))
    venues = (*plain.venues, VenueSpec(other, Capabilities(VenueTier.T1, True, False, True)))
    for most, goes in (("1505", True), ("1504.99", False)):
        config = msgspec.structs.replace(plain, venues=venues, settings={**plain.settings, "max_plan_value": D(most)})
        desk = Desk(config)
        shares = of_two(desk, oco=BREAK_DOWN)
        assert [share.verdict for share in shares] == [Verdict.SEND if goes else Verdict.SKIP] * 2


def test_an_approval_counts_both_orders_of_what_went_on_before() -> None:
    """Five lots of an emulated pair went on for A, at 200.00 each; five more for B just fit beside them, or do not."""
    semi = msgspec.structs.replace(account(B), mode=Mode.MANUAL)
    can = Capabilities(VenueTier.T1, True, False, True)
    for most, goes in (("2000", True), ("1999.99", False)):
        desk = Desk(setup(account(A), semi, can=can, max_plan_value="2000"))
        of_two(desk, oco=BREAK_DOWN)
        desk.step(SetLimits({"max_plan_value": D(most)}, "less", "ann"))
        desk.step(ApprovePlan((SignalId("two"),), "ann", "looks right"))
        assert bool(desk.events(ev.PlanRejected)) is not goes


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
