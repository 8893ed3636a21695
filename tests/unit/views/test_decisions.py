"""What decided for an account, in a few words."""

from decimal import Decimal

import pytest

from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import Verdict
from coxswain.views.decisions import decided_by, holds_position
from coxswain.views.plans import Outcome, PlanAccount, Result
from tests.unit.views.records import A, check

WRONG_SIDE = "STOP_ON_WRONG_SIDE: value=1.09, limit=1.0852"


def account(
    sizing: str = "risk per trade; scaled by 1",
    size_pct: str = "0",
    cut_pct: str = "0",
    *,
    confidence: str | None = None,
    result: Result | None = None,
    shared_out: str | None = None,
) -> PlanAccount:
    checks = () if confidence is None else (check("CONFIDENCE", confidence, "0.5"),)
    return PlanAccount(
        *(A, Verdict.SEND, Decimal(1), 0, 1, Decimal(size_pct), None, sizing, False, checks, result),
        correlation_reduction_pct=Decimal(cut_pct),
        shared_out=None if shared_out is None else Decimal(shared_out),
    )


def came_to(outcome: Outcome, error: str | None) -> Result:
    return Result(False, outcome, None, error, None, None, None, ZERO)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (account(), "risk per trade"),
        (account("risk per trade; scaled by 0.8", confidence="0.8"), "risk per trade, confidence 0.8"),
        (
            account("risk budget left; scaled by 0.4", "8.7649", confidence="0.8"),
            "risk budget left, confidence 0.8, scaled to 50 % in drawdown, -8.8 % variation",
        ),
        (account("risk per trade; scaled by 0.5"), "risk per trade, scaled to 50 % in drawdown"),
        (account("risk per trade; scaled by 1", "5", "15"), "risk per trade, -5 % variation, -15 % correlation"),
        (account("max_order_value; scaled by 0.8", confidence="0.8"), "max_order_value"),
        (
            account("risk per trade; scaled by 0.8", "5", shared_out="2.1"),
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
