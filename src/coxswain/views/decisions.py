"""What decided for an account in a plan, in a few words: what kept it out, what set its size, what came of it.

Every number in them was journaled. What a check means is not known here, but for the names of those that are read.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from coxswain.model.checks import Check, reason
from coxswain.model.decimals import text
from coxswain.model.plan import Factor
from coxswain.views.plans import Outcome, PlanAccount

TENTH = Decimal("0.1")


def decided_by(row: PlanAccount) -> str:
    """Name the check that kept an account out, or what kept its orders from filling, or what set its size."""
    failed = failed_check(row)
    if failed is not None:
        return reason(failed)
    if row.result is not None and row.result.error and row.result.outcome is not Outcome.FILLED:
        return row.result.error
    return sized_by(row) or "all checks passed"


def failed_check(row: PlanAccount) -> Check | None:
    return next((check for check in row.checks if not check.passed), None)


def holds_position(row: PlanAccount) -> bool:
    """Tell whether an exit or a stop adjustment concerns an account at all."""
    return not any(check.code in ("POSITION_HELD", "SPREAD_HELD") and not check.passed for check in row.checks)


def unit_of(row: PlanAccount) -> str:
    """Name what a share counts."""
    return "units" if row.legs else "lots"


def sized_by(row: PlanAccount) -> str:
    """Say what set the size, and what was taken off it: `risk per trade, confidence 0.8, -8.8 % variation`."""
    parts = [row.sizing, *map(_scaled, row.factors)]
    if row.shared_out is not None:
        parts = [f"share of the signal's {text(row.shared_out)} {unit_of(row)}"]
    parts += [
        f"-{_tenths(pct)} % {what}"
        for pct, what in ((row.size_variance_pct, "variation"), (row.correlation_reduction_pct, "correlation"))
        if pct
    ]
    return ", ".join(filter(None, parts))


def _scaled(factor: Factor) -> str:
    if factor.name == "confidence":
        return f"confidence {text(factor.value)}"
    return f"scaled to {_tenths(factor.value * 100)} % by {factor.name}"


def _tenths(value: Decimal) -> str:
    return text(value.quantize(TENTH, ROUND_HALF_EVEN).normalize() + 0)
