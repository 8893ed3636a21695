"""What one signal makes is one copy group: both orders of a pair, an order that follows, and the legs of a spread.

A firm's rules on copying count it as one, on every account; and no order is refused for its own sibling on its account.
"""

from typing import Any

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan
from coxswain.messages.requests import NewOrder
from coxswain.model.contingent import Contingent
from coxswain.model.firm import CopyRule, Duration, Hedging, Permission
from coxswain.model.spread import Leg, LeggingLimit
from coxswain.model.vocabulary import AccountId, ClOrdId, LeggingRule, Mode, SignalId, Verdict
from tests.unit.core.desk import BUY, SELL, SHARE, STOP, A, B, D, S
from tests.unit.core.firm_desk import ES, MES, FirmDesk, firm_setup, rules, under
from tests.unit.core.test_linked import BREAK_DOWN, SAME_SIDE, send

ALLOW, FORBID = Permission.ALLOW, Permission.FORBID
INDEX = {"ES": "us_index", "MES": "us_index"}
HALF_AN_HOUR = Duration(1800 * S)
STRICTEST = {
    "own_accounts": FORBID,
    "min_gap_identical": HALF_AN_HOUR,
    "overlap_same_symbol": FORBID,
    "max_accounts_same_strategy": 1,
    "max_total_initial": D(100_000),
}
"""Of two accounts one may trade a group, and nothing about it is forbidden to one account alone."""
AGAIN = Contingent(BUY, STOP, D("101.00"), stop_loss=D("98.00"))


def desk_under(copy: dict[str, Any], hedging: Hedging | None = None, **settings: Any) -> FirmDesk:
    """Two funded accounts of one firm and owner."""
    rule_set = rules(copy=CopyRule(**({"own_accounts": ALLOW} | copy)), hedging=hedging or Hedging())
    both = under(A, rule_set), under(B, rule_set)
    return FirmDesk(firm_setup(*both, sets=(rule_set,), groups=INDEX, **settings))


def sent(desk: FirmDesk, account_id: AccountId = A) -> list[NewOrder]:
    return [order for order in desk.requests(NewOrder) if order.account == account_id and not order.reduce_only]


def takers(desk: FirmDesk) -> list[AccountId]:
    (plan,) = [each.plan for each in desk.events(ev.PlanProposed) if each.plan.signal_id == "pair"]
    return [each.account for each in plan.assignments if each.verdict is Verdict.SEND]


def approve(desk: FirmDesk, account_id: AccountId, signal_id: str = "pair") -> None:
    desk.step(ApprovePlan((SignalId(signal_id),), "ann", "looks right", accounts=(account_id,)))
    desk.wait(0)


def later(desk: FirmDesk, seconds: int) -> None:
    desk.wait(seconds * S)
    desk.quote(SHARE, "100.00", "100.02")


def spread(desk: FirmDesk, *sides: Any, **fields: Any) -> None:
    legs = tuple(Leg(symbol, side, D(1)) for symbol, side in zip((ES, MES), sides, strict=True))
    limit = LeggingLimit(D(10**9), 5, LeggingRule.UNWIND)
    values: dict[str, Any] = {"id": "pair", "accounts": (A,), "ttl_s": 86_400, "quantity": 1} | fields
    desk.signal(symbol=ES, side=legs[0].side, legs=legs, legging=limit, **values)


def fill_all(desk: FirmDesk, cl_ord_id: ClOrdId, px: str) -> None:
    desk.accept(cl_ord_id)
    desk.fill(cl_ord_id, str(desk.order(cl_ord_id).order_qty), px)
    desk.wait(0)


# --- what is not refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oco", [SAME_SIDE, BREAK_DOWN], ids=["one side", "both sides"])
def test_both_orders_of_a_pair_are_placed_on_one_account_under_the_strictest_rules(oco: Contingent) -> None:
    desk = desk_under(STRICTEST, Hedging(same_account=FORBID, cross_account=FORBID))
    send(desk, oco=oco)
    assert len(sent(desk)) == 2
    assert desk.refusals() == []


@pytest.mark.parametrize("side", [BUY, SELL])
def test_an_order_that_follows_is_placed_on_the_same_account_under_the_strictest_rules(side: Any) -> None:
    desk = desk_under(STRICTEST, Hedging(same_account=FORBID, cross_account=FORBID))
    follower = AGAIN if side is BUY else Contingent(SELL, STOP, D("98.50"), stop_loss=D("101.50"))
    send(desk, then=follower)
    fill_all(desk, sent(desk)[0].cl_ord_id, "101.00")
    assert [order.side for order in sent(desk)] == [BUY, side]
    assert desk.refusals() == []


def test_the_legs_of_a_spread_are_placed_on_one_account_under_the_strictest_rules() -> None:
    desk = desk_under(STRICTEST, Hedging(cross_account=FORBID))
    spread(desk, BUY, SELL)
    fill_all(desk, sent(desk)[0].cl_ord_id, "5000.25")
    assert sorted(order.symbol for order in sent(desk)) == [ES, MES]
    assert desk.refusals() == []


@pytest.mark.parametrize("name", ["pair", "spread"])
def test_two_accounts_share_one_signal_where_copying_is_allowed_and_two_are_within_the_limits(name: str) -> None:
    desk = desk_under({"max_accounts_same_strategy": 2, "max_total_initial": D(200_000)})
    if name == "pair":
        send(desk, oco=BREAK_DOWN, accounts=(A, B))
        assert [len(sent(desk, account_id)) for account_id in (A, B)] == [2, 2]
    else:
        spread(desk, BUY, SELL, accounts=(A, B), quantity=2)
        for account_id in (A, B):
            fill_all(desk, sent(desk, account_id)[0].cl_ord_id, "5000.25")
        assert [len(sent(desk, account_id)) for account_id in (A, B)] == [2, 2]
    assert desk.refusals() == []


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copy",
    [{"own_accounts": FORBID}, {"max_accounts_same_strategy": 1}, {"max_total_initial": D(199_999)}],
    ids=["copies", "accounts", "capital"],
)
@pytest.mark.parametrize("kind", ["oco", "then"])
def test_a_second_account_gets_neither_order_where_the_group_may_not_have_it(copy: dict[str, Any], kind: str) -> None:
    desk = desk_under(copy)
    send(desk, **{kind: SAME_SIDE}, accounts=(A, B))
    assert takers(desk) == [A]
    assert sent(desk, B) == []


@pytest.mark.parametrize(("later_s", "refused"), [(1799, True), (1800, False)])
@pytest.mark.parametrize("strategy", ["", "trend"], ids=["by signal", "by strategy"])
def test_the_gap_counts_from_the_second_order_too(later_s: int, refused: bool, strategy: str) -> None:
    """The other account's first order is the same as the order that followed on this one, whatever its own number."""
    desk = desk_under({"min_gap_identical": HALF_AN_HOUR}, mode=Mode.MANUAL, approval_ttl_s=86_400)
    send(desk, then=AGAIN, accounts=(A, B), strategy=strategy, ttl_s=86_400)
    approve(desk, A)
    later(desk, 1200)
    fill_all(desk, sent(desk)[0].cl_ord_id, "101.00")
    assert len(sent(desk)) == 2
    later(desk, later_s)
    approve(desk, B)
    assert (sent(desk, B) == []) is refused
    assert [("min_gap_identical" in why, "1799 s ago" in why) for why in desk.refusals()] == [(True, True)] * refused


def test_the_gap_counts_from_the_first_order_to_the_second_of_another_account() -> None:
    desk = desk_under({"min_gap_identical": HALF_AN_HOUR}, mode=Mode.MANUAL, approval_ttl_s=86_400)
    turned = Contingent(SELL, STOP, D("98.50"), stop_loss=D("101.50"))
    send(desk, then=turned, accounts=(A, B), ttl_s=86_400)
    approve(desk, A)
    fill_all(desk, sent(desk)[0].cl_ord_id, "101.00")
    later(desk, 1801)
    approve(desk, B)
    fill_all(desk, sent(desk, B)[0].cl_ord_id, "101.00")
    assert [order.side for order in sent(desk, B)] == [BUY, SELL]  # this account's own entries are no copies
    assert desk.refusals() == []


@pytest.mark.parametrize(("second", "refused"), [(BUY, True), (SELL, False)])
def test_a_pair_on_another_account_does_not_overlap_with_what_is_held_on_one_side(second: Any, refused: bool) -> None:
    desk = desk_under({"overlap_same_symbol": FORBID})
    desk.direct(BUY, 10, name="d1", account_id=B)
    other = SAME_SIDE if second is BUY else BREAK_DOWN
    first = {"side": BUY} if second is BUY else {"side": SELL, "limit_price": "98.00", "stop_loss": "101.00"}
    send(desk, oco=other, **first)
    assert (sent(desk) == []) is refused


def test_a_pair_of_both_sides_is_not_planned_where_another_account_is_on_one_of_them() -> None:
    desk = desk_under({}, Hedging(cross_account=FORBID))
    desk.direct(BUY, 10, name="d1", account_id=B)
    send(desk, oco=BREAK_DOWN)
    assert takers(desk) == []
    send(desk, id="alone", oco=SAME_SIDE)
    assert len(sent(desk)) == 2


def test_a_pair_of_both_sides_never_stands_against_itself_on_another_account() -> None:
    desk = desk_under({}, Hedging(cross_account=FORBID))
    send(desk, oco=BREAK_DOWN, accounts=(A, B), quantity=20)
    assert sorted(len(sent(desk, account_id)) for account_id in (A, B)) == [0, 2]
    assert "cross_account" in desk.refusals()[0]


@pytest.mark.parametrize(("sides", "planned"), [((BUY, SELL), False), ((BUY, BUY), True)])
def test_a_spread_whose_legs_hedge_one_another_is_refused_before_any_leg_leaves(sides: Any, planned: bool) -> None:
    desk = desk_under({}, Hedging(same_account=FORBID))
    spread(desk, *sides)
    assert takers(desk) == ([A] if planned else [])
    if not planned:
        plan = desk.events(ev.PlanProposed)[0].plan
        failed = [check for check in plan.assignments[0].checks if not check.passed]
        assert [(check.code, "same_account" in check.wanted) for check in failed] == [("FIRM_HEDGING", True)] * 2


def test_a_spread_is_in_the_group_of_its_own_signal_on_every_account() -> None:
    desk = desk_under({"own_accounts": FORBID}, mode=Mode.MANUAL)
    spread(desk, BUY, SELL, accounts=(A, B), quantity=2)
    assert takers(desk) == [A]
    assert list(desk.engine.state.firms.lineages) == []
    approve(desk, A)
    fill_all(desk, sent(desk)[0].cl_ord_id, "5000.25")
    assert list(desk.engine.state.firms.lineages) == ["signal pair"]
    assert list(desk.restarted().engine.state.firms.lineages) == ["signal pair"]


@pytest.mark.parametrize(("strategy", "expected"), [("trend", []), ("other", [B])])
def test_a_spread_is_planned_as_what_its_strategy_has_traded_elsewhere(
    strategy: str, expected: list[AccountId]
) -> None:
    desk = desk_under({"own_accounts": FORBID})
    desk.signal(stop_loss="95.00", quantity=10, strategy="trend", accounts=(A,))
    spread(desk, BUY, SELL, accounts=(B,), strategy=strategy)
    assert takers(desk) == expected
