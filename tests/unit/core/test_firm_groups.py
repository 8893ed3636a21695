"""Rules about several accounts: copying by lineage, hedging by group of products, in plans, recovery and by hand."""

from typing import Any

import pytest

from coxswain.messages import events as ev
from coxswain.messages.requests import NewOrder
from coxswain.model.firm import CopyRule, Duration, Equivalence, Hedging, Permission, Phase, Size
from coxswain.model.vocabulary import AccountId, Verdict
from tests.unit.core.desk import BUY, SELL, SHARE, A, B, C, D, Desk, S
from tests.unit.core.firm_desk import ES, MES, OWNER, FirmDesk, firm_setup, rules, under

ALLOW, FORBID, UNKNOWN = Permission.ALLOW, Permission.FORBID, Permission.UNKNOWN
FREE = CopyRule(own_accounts=ALLOW)
INDEX = {"ES": "us_index", "MES": "us_index"}


def copying(**fields: Any) -> FirmDesk:
    """Two funded accounts of one firm and owner, under these rules on copying."""
    fields.setdefault("own_accounts", ALLOW)
    rule_set = rules(copy=CopyRule(**fields))
    return FirmDesk(firm_setup(under(A, rule_set), under(B, rule_set), sets=(rule_set,)))


def takers(desk: FirmDesk) -> list[AccountId]:
    plan = desk.events(ev.PlanProposed)[-1].plan
    return [each.account for each in plan.assignments if each.verdict is Verdict.SEND]


def why_not(desk: FirmDesk, account: AccountId = B) -> str:
    plan = desk.events(ev.PlanProposed)[-1].plan
    checks = next(each.checks for each in plan.assignments if each.account == account)
    return next(f"{check.code} {check.found} {check.wanted}" for check in checks if not check.passed)


# --- copying ----------------------------------------------------------------------------------------------------------


def test_where_copying_is_allowed_a_plan_goes_to_both() -> None:
    desk = copying()
    desk.signal(stop_loss="95.00", quantity=10)
    assert takers(desk) == [A, B]
    assert desk.refusals() == []


@pytest.mark.parametrize("permission", [FORBID, UNKNOWN])
def test_where_it_is_forbidden_or_unknown_one_account_takes_a_signal(permission: Permission) -> None:
    desk = copying(own_accounts=permission)
    desk.signal(stop_loss="95.00", quantity=10)
    assert takers(desk) == [A]
    assert why_not(desk).startswith("FIRM_COPY 1 of example (funded) in signal s1: not together with these accounts")


def test_orders_of_one_strategy_are_one_group_whatever_their_size_and_time() -> None:
    desk = copying(own_accounts=FORBID)
    desk.signal(stop_loss="95.00", quantity=10, strategy="trend", accounts=(A,))
    desk.now_ns += 30 * 86_400 * S
    desk.quote(SHARE, "100.00", "100.02")
    desk.signal(stop_loss="94.00", quantity=3, strategy="trend", accounts=(B,))
    assert takers(desk) == []
    assert "in strategy trend" in why_not(desk)
    desk.signal(stop_loss="94.00", quantity=3, strategy="other", accounts=(B,))
    assert takers(desk) == [B]


def test_what_a_person_sends_by_hand_is_one_group_too() -> None:
    desk = copying(own_accounts=FORBID)
    desk.direct(BUY, 10, name="d1", account_id=A)
    desk.direct(BUY, 7, name="d2", account_id=B)
    (why,) = desk.refusals()
    assert why.startswith("FIRM_COPY: value=1 of example (funded) in by hand")


def test_a_rejected_order_does_not_move_to_an_account_that_may_not_copy() -> None:
    rule_set = rules(copy=CopyRule(own_accounts=FORBID))
    desk = FirmDesk(firm_setup(under(A, rule_set), under(B, rule_set), under(C, None), sets=(rule_set,)))
    desk.signal(stop_loss="95.00", quantity=10, accounts=(A, B, C))
    desk.reject(desk.sent())
    (failed,) = desk.events(ev.RecoveryFailed)
    assert any(reason.startswith("B: FIRM_COPY") for reason in failed.reasons)
    assert len(desk.requests(NewOrder)) == 1


@pytest.mark.parametrize(
    ("phase", "other", "allowed"),
    [
        (Phase.EVALUATION, Phase.EVALUATION, True),
        (Phase.EVALUATION, Phase.FUNDED, False),
        (Phase.FUNDED, Phase.FUNDED, False),
        (Phase.EVALUATION, Phase.VERIFICATION, False),  # nothing is said of it
    ],
)
def test_phases_decide_in_pairs_and_what_no_pair_names_is_unknown(phase: Phase, other: Phase, allowed: bool) -> None:
    copy = CopyRule(own_accounts=UNKNOWN, by_phase={"evaluation->evaluation": ALLOW, "funded->*": FORBID})
    rule_set = rules(copy=copy, phase=tuple(Phase))
    desk = FirmDesk(firm_setup(under(A, rule_set, phase), under(B, rule_set, other), sets=(rule_set,)))
    desk.signal(stop_loss="95.00", quantity=10)
    assert takers(desk) == ([A, B] if allowed else [A])


def test_another_owner_or_one_that_is_not_known_is_not_the_same() -> None:
    rule_set = rules(copy=FREE)
    for owner in ("Bob Example", ""):
        desk = FirmDesk(firm_setup(under(A, rule_set), under(B, None, owner=owner), sets=(rule_set,)))
        desk.signal(stop_loss="95.00", quantity=10)
        assert takers(desk) == [A]
        assert "FIRM_COPY" in why_not(desk)
    desk = FirmDesk(firm_setup(under(A, rule_set), under(B, None, owner=OWNER), sets=(rule_set,)))
    desk.signal(stop_loss="95.00", quantity=10)
    assert takers(desk) == [A, B]


@pytest.mark.parametrize(("most", "expected"), [(200_000, [A, B]), (199_999, [A])])
def test_the_capital_of_one_strategy_is_counted_together(most: int, expected: list[AccountId]) -> None:
    desk = copying(max_total_initial=D(most))
    desk.signal(stop_loss="95.00", quantity=10)
    assert takers(desk) == expected


@pytest.mark.parametrize(("most", "expected"), [(2, [A, B]), (1, [A])])
def test_accounts_of_one_strategy_are_counted(most: int, expected: list[AccountId]) -> None:
    desk = copying(max_accounts_same_strategy=most)
    desk.signal(stop_loss="95.00", quantity=10)
    assert takers(desk) == expected


@pytest.mark.parametrize(("later_s", "count"), [(1799, 1), (1800, 0)])
def test_identical_orders_keep_a_gap(later_s: int, count: int) -> None:
    desk = copying(min_gap_identical=Duration(1800 * S))
    desk.direct(BUY, 10, name="d1", account_id=A)
    desk.now_ns += later_s * S
    desk.quote(SHARE, "100.00", "100.02")
    desk.direct(BUY, 10, name="d2", account_id=B)
    assert len(desk.refusals()) == count
    desk.direct(BUY, 10, name="d3", account_id=A)
    assert len(desk.refusals()) == (count or 1)


def test_the_same_side_of_the_same_market_does_not_overlap() -> None:
    desk = copying(overlap_same_symbol=FORBID)
    desk.direct(BUY, 10, name="d1", account_id=A)
    desk.direct(BUY, 10, name="d2", account_id=B)
    assert ["overlap_same_symbol" in why for why in desk.refusals()] == [True]
    desk.cancel(desk.sent())
    desk.direct(BUY, 10, name="d3", account_id=B)
    assert len(desk.refusals()) == 1


def test_the_firms_account_is_the_master() -> None:
    rule_set = rules(copy=CopyRule(own_accounts=ALLOW, must_be_master=True))
    desk = FirmDesk(firm_setup(under(A, rule_set), under(B, None), sets=(rule_set,)))
    desk.signal(stop_loss="95.00", quantity=10, strategy="one", accounts=(B,))
    desk.signal(stop_loss="95.00", quantity=10, strategy="one", accounts=(A,))
    assert "must_be_master" in why_not(desk, A)
    desk.signal(stop_loss="95.00", quantity=10, strategy="two", accounts=(A,))
    desk.signal(stop_loss="95.00", quantity=10, strategy="two", accounts=(B,))
    assert takers(desk) == [B]


# --- hedging ----------------------------------------------------------------------------------------------------------


def hedging(second: str = "example", **fields: Any) -> FirmDesk:
    """An account of one firm, and one of the same or another."""
    ours = rules(hedging=Hedging(**fields), copy=FREE)
    theirs = ours if second == "example" else rules(f"{second}.plan@2026-07", copy=FREE)
    sets = (ours,) if theirs is ours else (ours, theirs)
    return FirmDesk(firm_setup(under(A, ours), under(B, theirs), sets=sets, groups=INDEX), balance=100_000)


@pytest.mark.parametrize(
    ("fields", "second", "count"),
    [
        ({"cross_account": FORBID}, "example", 1),
        ({"cross_account": UNKNOWN}, "example", 1),
        ({"cross_account": FORBID}, "another", 0),
        ({"cross_firm": FORBID}, "another", 1),
        ({"cross_firm": FORBID}, "example", 0),
    ],
)
def test_long_in_one_and_short_in_another_of_a_group(fields: dict[str, Any], second: str, count: int) -> None:
    desk = hedging(second, **fields)
    desk.direct(BUY, 1, name="d1", symbol=ES, account_id=A, stop_loss="4990.00")
    desk.direct(SELL, 1, name="d2", symbol=MES, account_id=B, stop_loss="5010.00")
    assert len(desk.refusals()) == count
    desk.direct(BUY, 1, name="d3", symbol=MES, account_id=B, stop_loss="4990.00")
    assert len(desk.refusals()) == count


def test_the_rules_of_the_other_account_count_as_well() -> None:
    """The second account's own firm says nothing; the first one's forbids to stand against it."""
    desk = hedging("another", cross_firm=FORBID)
    desk.direct(SELL, 1, name="d1", symbol=MES, account_id=B, stop_loss="5010.00")
    desk.direct(BUY, 1, name="d2", symbol=ES, account_id=A, stop_loss="4990.00")
    assert len(desk.refusals()) == 1


def accepted(desk: FirmDesk) -> Desk:
    desk.accept(desk.sent())
    return desk


def filled(desk: FirmDesk) -> Desk:
    desk.fill(desk.sent(), 1, "5000.25")
    return desk


def unknown(desk: FirmDesk) -> Desk:
    desk.wait(6 * S)
    return desk


def restarted(desk: FirmDesk) -> Desk:
    desk.fill(desk.sent(), 1, "5000.25")
    again = desk.restarted()
    again.books(A)
    again.books(B)
    return again


@pytest.mark.parametrize("then", [accepted, filled, unknown, restarted])
def test_what_works_is_held_or_unknown_stands_against_it(then: Any) -> None:
    first = hedging(cross_account=FORBID)
    first.direct(BUY, 1, name="d1", symbol=ES, account_id=A)
    desk = then(first)
    since = len(desk.records)
    desk.direct(SELL, 1, name="d2", symbol=MES, account_id=B)
    reasons = [why for denied in desk.events(ev.OrderDenied, since) for why in denied.reasons]
    assert any(why.startswith("FIRM_HEDGING") for why in reasons)


def test_when_the_first_is_over_the_other_side_is_free() -> None:
    desk = hedging(cross_account=FORBID)
    desk.direct(BUY, 1, name="d1", symbol=ES, account_id=A)
    desk.cancel(desk.sent())
    desk.direct(SELL, 1, name="d2", symbol=MES, account_id=B)
    assert desk.refusals() == []
    assert desk.engine.state.firms.facing["us_index|long"] == {}


def test_one_account_may_not_hedge_itself_with_another_instrument_of_the_group() -> None:
    desk = hedging(same_account=FORBID)
    desk.direct(BUY, 1, name="d1", symbol=ES, account_id=A)
    desk.direct(SELL, 1, name="d2", symbol=MES, account_id=A)
    assert ["same_account" in why for why in desk.refusals()] == [True]
    desk.direct(SELL, 1, name="d3", symbol=ES, account_id=A)  # the same instrument nets
    assert len(desk.refusals()) == 1


def test_a_closing_order_is_no_hedge() -> None:
    desk = hedging(cross_account=FORBID)
    for name in (A, B):
        desk.direct(BUY, 1, name=f"in-{name}", symbol=ES, account_id=name)
        desk.fill(desk.sent(), 1, "5000.25")
    desk.direct(SELL, 1, name="out", symbol=ES, account_id=A, reduce_only=True)
    assert desk.refusals() == []


# --- size in equivalents ----------------------------------------------------------------------------------------------


def sized(**fields: Any) -> FirmDesk:
    rule_set = rules(size=Size(**fields), copy=FREE)
    return FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,), groups=INDEX))


def test_ten_micros_are_one_contract() -> None:
    desk = sized(total_lots=D(1), equivalence={"MES": Equivalence(D("0.1"), "ES")})
    desk.direct(BUY, 10, name="d1", symbol=MES)
    assert desk.refusals() == []
    desk.direct(BUY, 1, name="d2", symbol=MES)
    desk.direct(BUY, 1, name="d3", symbol=ES)
    assert len(desk.refusals()) == 2
    assert "it would take total_lots to 1.1; allowed up to" not in desk.refusals()[0]
    assert "it would take total_lots to 1.1" in desk.refusals()[0]


def test_contracts_follow_the_balance_at_the_end_of_the_day() -> None:
    desk = sized(contracts_by_eod_balance=((D(0), D(2)), (D(1500), D(3))))
    desk.direct(BUY, 2, name="d1", symbol=ES)
    desk.direct(BUY, 1, name="d2", symbol=ES)
    assert len(desk.refusals()) == 1
    first = desk.requests(NewOrder)[0].cl_ord_id
    desk.fill(first, 2, "5000.00")
    desk.direct(SELL, 2, name="d3", symbol=ES, reduce_only=True)
    desk.fill(desk.sent(), 2, "5020.00")  # 2,000 won: not today
    desk.direct(BUY, 3, name="d4", symbol=ES)
    assert len(desk.refusals()) == 2
    desk.day("2023-11-15")
    desk.direct(BUY, 3, name="d5", symbol=ES)
    assert len(desk.refusals()) == 2


@pytest.mark.parametrize(
    ("fields", "fits", "over"),
    [
        ({"per_symbol": {"SHARE": D(10)}}, 10, 11),
        ({"max_risk_per_position": D("0.02")}, 400, 401),  # 5 each of 2,000
        ({"max_margin_use": D("0.70")}, 1400, 1401),  # 50 each of 70,000
    ],
)
def test_a_cap_holds_at_its_limit_and_refuses_just_over(fields: dict[str, Any], fits: int, over: int) -> None:
    desk = sized(**fields)
    desk.direct(BUY, over, name="d1", price="100.00", stop_loss="95.00")
    assert len(desk.refusals()) == 1
    desk.direct(BUY, fits, name="d2", price="100.00", stop_loss="95.00")
    assert len(desk.refusals()) == 1
    desk.direct(BUY, 1, name="d3", price="100.00", stop_loss="95.00")
    assert len(desk.refusals()) == 2


def test_open_positions_are_counted_with_what_is_on_order() -> None:
    desk = sized(max_open_positions=1)
    desk.direct(BUY, 1, name="d1", symbol=ES)
    desk.direct(BUY, 1, name="d2", symbol=MES)
    assert ["max_open_positions" in why for why in desk.refusals()] == [True]
    desk.direct(BUY, 1, name="d3", symbol=ES)
    assert len(desk.refusals()) == 1
