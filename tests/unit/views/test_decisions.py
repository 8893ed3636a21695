"""What decided for an account, in a few words."""

from decimal import Decimal

import pytest

from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.plan import Factor
from coxswain.model.vocabulary import Verdict
from coxswain.views.decisions import decided_by, holds_position
from coxswain.views.plans import Outcome, PlanAccount, Result
from tests.unit.views.records import A, check

SURE, HALF = Factor("confidence", Decimal("0.8")), Factor("daily drawdown", Decimal("0.5"))
WRONG_SIDE = "STOP_ON_WRONG_SIDE: value=1.09, limit=1.0852"


def account(
    sizing: str = "risk per trade",
    size_pct: str = "0",
    cut_pct: str = "0",
    *,
    factors: tuple[Factor, ...] = (),
    result: Result | None = None,
    shared_out: str | None = None,
) -> PlanAccount:
    return PlanAccount(
        *(A, Verdict.SEND, Decimal(1), 0, 1, Decimal(size_pct), None, sizing, False, (), result),
        correlation_reduction_pct=Decimal(cut_pct),
        factors=factors,
        shared_out=None if shared_out is None else Decimal(shared_out),
    )


def came_to(outcome: Outcome, error: str | None) -> Result:
    return Result(False, outcome, None, error, None, None, None, ZERO)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (account(), "risk per trade"),
        (account(factors=(SURE,)), "risk per trade, confidence 0.8"),
        (
            account("risk budget left", "8.7649", factors=(SURE, HALF)),
            "risk budget left, confidence 0.8, scaled to 50 % by daily drawdown, -8.8 % variation",
        ),
        (account(factors=(HALF,)), "risk per trade, scaled to 50 % by daily drawdown"),
        (account("risk per trade", "5", "15"), "risk per trade, -5 % variation, -15 % correlation"),
        (account("max_order_value"), "max_order_value"),
        (
            account("risk per trade", "5", factors=(SURE,), shared_out="2.1"),
            "share of the signal's 2.1 lots, -5 % variation",
        ),
        (account(""), "all checks passed"),
        (account("takes over from q"), "takes over from q"),
        (account(result=came_to(Outcome.DENIED, WRONG_SIDE)), WRONG_SIDE),
        (account(result=came_to(Outcome.REJECTED, "no money")), "no money"),
        (account(result=came_to(Outcome.WORKING, None)), "risk per trade"),
    ],
)
def test_it_says_what_decided(row: PlanAccount, words: str) -> None:
    assert decided_by(row) == words


def test_a_failed_check_decides_before_everything_else() -> None:
    failed = Check("AVAILABLE_MARGIN", Decimal(900), Decimal(1000), False)
    row = PlanAccount(A, Verdict.SKIP, ZERO, 0, 0, ZERO, None, "risk per trade", False, (failed,), None)
    assert decided_by(row) == "AVAILABLE_MARGIN: value=900, limit=1000"


@pytest.mark.parametrize(("code", "holds"), [("POSITION_HELD", False), ("STOP_ON_WRONG_SIDE", True)])
def test_an_account_that_holds_a_position_is_told_from_one_that_does_not(code: str, holds: bool) -> None:
    row = PlanAccount(A, Verdict.SKIP, ZERO, 0, 0, ZERO, None, "", False, (check(code, passed=False),), None)
    assert holds_position(row) is holds
