"""TWAP: spread a parent order evenly over a horizon, in slices that cross the market.

Slice k of n goes in the k-th n-th of the horizon. Times and sizes may vary by a draw, to spread impact; the total is
exact all the same, and the last slice goes before the horizon ends.
"""

from decimal import Decimal

import msgspec

from coxswain.model.algo import (
    HORIZON_S_MAX,
    NS_PER_S,
    SLICES_MAX,
    ParentView,
    Target,
    drawn_weights,
    on_schedule,
    slice_times,
    within,
)
from coxswain.model.decimals import ZERO
from coxswain.model.market import Quote

NEEDS_VOLUME = False
POSTS = False
WORKS_EXITS = True


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    horizon_s: int
    slices: int = 10
    time_variance_pct: Decimal = ZERO
    """Of a slice's part of the horizon: how late in it the slice may go."""
    size_variance_pct: Decimal = ZERO
    """Of an even slice: how much larger or smaller a slice may be."""

    def __post_init__(self) -> None:
        within("horizon_s", self.horizon_s, 1, HORIZON_S_MAX)
        within("slices", self.slices, 1, SLICES_MAX)
        within("time_variance_pct", self.time_variance_pct, 0, 100)
        within("size_variance_pct", self.size_variance_pct, 0, 90)


def horizon_ns(params: Params) -> int:
    return params.horizon_s * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    return ""


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    times = slice_times(parent, horizon_ns(params), params.slices, params.time_variance_pct)
    return on_schedule(parent, times, drawn_weights(parent, params.slices, params.size_variance_pct), now_ns)
