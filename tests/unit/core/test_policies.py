"""Policies as the configuration chooses them: caps, credits and turns over several plans, through the engine."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.requests import NewOrder
from coxswain.model.plan import Plan
from coxswain.model.setup import AllocationSpec, CapSpec, Setup
from coxswain.model.vocabulary import Mode, Verdict
from tests.unit.core.desk import EURUSD, SHARE, A, B, C, D, Desk, account, setup

ALL = account(A), account(B), account(C)


def desk(
    policy: str = "equal", params: str = "{}", *, caps: tuple[CapSpec, ...] = (), config: Setup | None = None
) -> Desk:
    config = config or setup(*ALL)
    return Desk(msgspec.structs.replace(config, allocation=AllocationSpec(policy, params), caps=caps))


def plan(of: Desk, quantity: str | int = 10, **fields: Any) -> Plan:
    of.signal(quantity=quantity, stop_loss=fields.pop("stop_loss", "95.00"), **fields)
    return of.events(ev.PlanProposed)[-1].plan


def lots(made: Plan) -> list[Decimal]:
    return [answer.qty for answer in made.assignments]


def test_a_lot_that_does_not_divide_goes_round() -> None:
    trading = desk()
    plans = [lots(plan(trading)) for _ in range(6)]
    assert all(sum(given) == 10 for given in plans)
    assert [sum(given) for given in zip(*plans, strict=True)] == [20, 20, 20]


def test_what_is_owed_stands_in_the_plan_and_in_the_state_once_it_is_approved() -> None:
    trading = desk()
    made = plan(trading)
    owed = [answer.credit or D(0) for answer in made.assignments]
    assert sorted(owed) == [D("-0.6666666666"), D("0.3333333333"), D("0.3333333333")]
    assert [trading.account(name).credits[SHARE] for name in (A, B, C)] == owed
    assert trading.folded().engine.digest() == trading.engine.digest()


def test_a_plan_that_is_not_carried_out_changes_nothing_that_is_owed() -> None:
    trading = desk(config=setup(*ALL, mode=Mode.RESEARCH))
    assert sum(lots(plan(trading))) == 10
    assert not any(trading.account(name).credits for name in (A, B, C))


def test_each_instrument_has_credits_of_its_own() -> None:
    trading = desk()
    plan(trading)
    plan(trading, "0.10", symbol=EURUSD, stop_loss="1.08000")
    assert set(trading.account(A).credits) == {SHARE, EURUSD}


def test_own_sizes_are_rounded_each_for_itself_and_owe_nothing() -> None:
    trading = desk()
    trading.signal(stop_loss="95.00")
    assert [answer.credit for answer in trading.events(ev.PlanProposed)[-1].plan.assignments] == [None] * 3


def test_turns_are_taken_over_plans() -> None:
    trading = desk("rotation", '{"accounts_at_once": 1}')
    plans = [plan(trading, 3) for _ in range(6)]
    assert [sum(given) for given in zip(*map(lots, plans), strict=True)] == [6, 6, 6]
    for made in plans:
        out = [answer for answer in made.assignments if answer.verdict is Verdict.SKIP]
        assert [answer.checks[-1].code for answer in out] == ["ALLOCATED", "ALLOCATED"]
        assert [answer.checks[-1].found for answer in out] == ["it is not its turn"] * 2


def test_who_gets_nothing_is_not_waited_for() -> None:
    config = setup(*ALL, min_timing_variance_ms=1000, max_timing_variance_ms=2000)
    made = plan(desk("rotation", '{"accounts_at_once": 2}', config=config))
    assert sorted(answer.priority for answer in made.assignments) == [0, 1, 2]


@pytest.mark.parametrize(
    ("cap", "given"),
    [
        (CapSpec("firm", (A, B), lots=D(4)), [2, 2, 6]),
        (CapSpec("firm", (A, B), share_pct=D(20)), [1, 1, 8]),
        (CapSpec("firm", (A, B), share_pct=D(20), lots=D(4)), [1, 1, 8]),
        (CapSpec("firm", (A, B), (EURUSD,), lots=D(4)), None),
        (CapSpec("all", (A, B, C), lots=D(6)), [2, 2, 2]),
    ],
)
def test_a_cap_holds_in_lots_or_as_a_share_of_the_plan(cap: CapSpec, given: list[int] | None) -> None:
    assert sorted(lots(plan(desk(caps=(cap,))))) == sorted(given or [3, 3, 4])


def test_a_cap_holds_own_sizes_back_too() -> None:
    trading = desk("risk_budget", caps=(CapSpec("firm", (A, B), lots=D(5)),))
    trading.signal(stop_loss="95.00")
    given = lots(trading.events(ev.PlanProposed)[-1].plan)
    assert given == [2, 2, 199]  # 2.5 each, rounded down


def test_weights_in_different_money_are_compared_in_one() -> None:
    # 100,000 EUR at 1.08500 are 1.085 times 100,000 USD: of 20.85 lots 10.85 and 10 of a lot step of 0.01
    trading = desk("pro_rata", config=setup(account(A, "EUR"), account(B)))
    made = plan(trading, "0.0417", symbol=EURUSD, stop_loss="1.08000")
    shares = [answer.qty for answer in made.assignments]
    assert sum(shares) == D("0.04")
    assert trading.account(A).credits[EURUSD] == D("0.0008153477")  # 0.04 * 1.085 / 2.085 - 0.02


def test_every_fill_is_the_accounts_own() -> None:
    trading = desk(config=setup(*ALL))
    plan(trading, 9)
    orders = {
        trading.order(request.cl_ord_id).intent.account: request.cl_ord_id for request in trading.requests(NewOrder)
    }
    trading.accept(orders[A])
    trading.fill(orders[A], 2, account=A)
    held = {name: trading.account(name).positions[SHARE].qty for name in (A, B, C)}
    assert held == {A: D(2), B: D(0), C: D(0)}
