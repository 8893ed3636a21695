"""Implementation shortfall: trade sooner where waiting is dearer than impact, after Almgren and Chriss.

R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3 (2000), section 2: of X lots to
be traded in n steps of tau seconds, with linear temporary impact, what is still to be traded after step j is

    x_j = X * sinh(kappa * (n - j) * tau) / sinh(kappa * n * tau)
    (2 / tau^2) * (cosh(kappa * tau) - 1) = lambda * sigma^2 / eta'        eta' = eta - gamma * tau / 2

    lambda  risk aversion, 1 / currency
    sigma   volatility, currency a lot and square root of a second
    eta     temporary impact, currency a lot for each lot a second
    gamma   permanent impact, currency a lot for each lot

With r = exp(kappa * tau) = c + sqrt(c^2 - 1) and c = cosh(kappa * tau), sinh(kappa * m * tau) is (r^m - r^-m) / 2.
Without risk aversion or volatility it is TWAP. The figures come with the signal; nothing is estimated here.
"""

from decimal import Decimal
from itertools import pairwise

import msgspec

from coxswain.model.algo import (
    HORIZON_S_MAX,
    NS_PER_S,
    SLICES_MAX,
    ParentView,
    Target,
    above_zero,
    not_negative,
    on_schedule,
    slice_times,
    within,
)
from coxswain.model.decimals import ONE, ZERO, round_down
from coxswain.model.market import Quote

NEEDS_VOLUME = False
POSTS = False
WORKS_EXITS = True
URGENCY_MAX = Decimal(10_000)
"""c beyond this sends all but a ten-thousandth in the first slice: there is no schedule left to speak of."""


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    horizon_s: int
    risk_aversion: Decimal
    """lambda"""
    volatility: Decimal
    """sigma"""
    temporary_impact: Decimal
    """eta"""
    permanent_impact: Decimal = ZERO
    """gamma"""
    slices: int = 20
    time_variance_pct: Decimal = ZERO

    def __post_init__(self) -> None:
        within("horizon_s", self.horizon_s, 1, HORIZON_S_MAX)
        within("slices", self.slices, 1, SLICES_MAX)
        not_negative("risk_aversion", self.risk_aversion)
        not_negative("volatility", self.volatility)
        above_zero("temporary_impact", self.temporary_impact)
        not_negative("permanent_impact", self.permanent_impact)
        within("time_variance_pct", self.time_variance_pct, 0, 100)
        if _net_impact(self) <= 0:
            raise ValueError(
                f"permanent_impact: {self.permanent_impact} is refused; wanted less than 2 * temporary_impact / "
                f"seconds in a slice"
            )


def horizon_ns(params: Params) -> int:
    return params.horizon_s * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    return ""


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    times = slice_times(parent, horizon_ns(params), params.slices, params.time_variance_pct)
    return on_schedule(parent, times, trajectory(params), now_ns)


def trajectory(params: Params) -> tuple[Decimal, ...]:
    """Return the share of the parent that each slice takes; together they are 1."""
    left = [*_left_after(params), ZERO]
    return tuple(before - after for before, after in pairwise(left))


def _left_after(params: Params) -> list[Decimal]:
    """Return x_j / X for j = 0 to n - 1."""
    n = params.slices
    c = ONE + params.risk_aversion * params.volatility**2 / _net_impact(params) * _tau(params) ** 2 / 2
    r = round_down(min(c, URGENCY_MAX) + (min(c, URGENCY_MAX) ** 2 - ONE).sqrt())
    if r == ONE:
        return [Decimal(n - j) / n for j in range(n)]
    whole = _two_sinh(r, n)
    return [_two_sinh(r, n - j) / whole for j in range(n)]


def _two_sinh(r: Decimal, m: int) -> Decimal:
    return r**m - ONE / r**m


def _tau(params: Params) -> Decimal:
    return Decimal(params.horizon_s) / params.slices


def _net_impact(params: Params) -> Decimal:
    return params.temporary_impact - params.permanent_impact * _tau(params) / 2
