"""Fairness over plans, by numbers computed by hand from what an engine recorded."""

from decimal import Decimal

import msgspec
import pytest

from coxswain.messages.requests import NewOrder
from coxswain.model.setup import AllocationSpec
from coxswain.model.vocabulary import AccountId
from coxswain.views.fairness import Fairness, FairnessReport
from tests.unit.core.desk import SELL, SHARE, A, B, C, Desk, account, setup


def desk() -> Desk:
    config = setup(account(A), account(B), account(C))
    return Desk(msgspec.structs.replace(config, allocation=AllocationSpec("equal")))


def trade(trading: Desk, quantity: int, prices: dict[AccountId, str], **fields: object) -> None:
    """Enter, and fill each account's order at its price, in the order given; the others stay open."""
    before = len(trading.records)
    trading.signal(quantity=quantity, stop_loss=fields.pop("stop_loss", "95.00"), **fields)  # type: ignore[arg-type]
    orders = {request.account: request for request in trading.requests(NewOrder, before)}
    for name, price in prices.items():
        trading.now_ns += 1_000_000
        trading.accept(orders[name].cl_ord_id)
        trading.fill(orders[name].cl_ord_id, str(orders[name].order_qty), px=price, account=name)


def report(trading: Desk) -> FairnessReport:
    view = Fairness()
    for record in trading.records:
        view.apply(record)
    return view.report()


def test_a_price_is_compared_with_that_of_the_whole_group() -> None:
    trading = desk()
    trade(trading, 9, {B: "100.00", A: "100.03", C: "100.06"})  # the group's price is 100.03
    found = {row.account: row for row in report(trading).accounts}
    assert found[A].mean_difference_bps == 0
    assert float(found[B].mean_difference_bps or 0) == pytest.approx(-0.03 / 100.03 * 10_000, rel=1e-8)
    assert float(found[C].mean_difference_bps or 0) == pytest.approx(0.03 / 100.03 * 10_000, rel=1e-8)


def test_on_a_sale_less_is_adverse_and_means_are_over_plans() -> None:
    trading = desk()
    trade(trading, 9, {A: "99.97", B: "100.00", C: "100.03"}, side=SELL, stop_loss="105.00")
    trade(trading, 9, {A: "100.03", B: "100.00", C: "99.97"}, side=SELL, stop_loss="105.00")
    assert [row.mean_difference_bps for row in report(trading).accounts] == [0, 0, 0]


def test_who_filled_before_the_others_went_first() -> None:
    trading = desk()
    trade(trading, 9, {B: "100", A: "100", C: "100"})
    trade(trading, 9, {B: "100", C: "100"})
    found = report(trading)
    assert found.compared == 2
    assert [(row.account, row.plans, row.went_first) for row in found.accounts] == [(A, 1, 0), (B, 2, 2), (C, 2, 0)]
    assert [row.fair_firsts for row in found.accounts] == [
        Decimal("0.3333333333"),
        Decimal("0.8333333333"),
        Decimal("0.8333333333"),
    ]


def test_a_plan_that_filled_on_one_account_compares_nothing() -> None:
    trading = desk()
    trade(trading, 9, {A: "100"})
    found = report(trading)
    assert found.compared == 0
    assert found.accounts[0].mean_difference_bps is None


def test_what_rounding_owes_stays_within_one_step() -> None:
    trading = desk()
    for _ in range(4):
        trading.signal(quantity=10, stop_loss="95.00")
    found = report(trading)
    assert {(row.account, row.symbol) for row in found.credits} == {(A, SHARE), (B, SHARE), (C, SHARE)}
    assert all(abs(row.owed) <= row.worst <= row.bound == 1 for row in found.credits)
    assert max(row.worst for row in found.credits) == Decimal("0.6666666666")
