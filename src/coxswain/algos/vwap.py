"""VWAP: spread a parent order over a horizon as the market's volume is expected to spread, in slices that cross.

What is expected is a curve: `weights` of equal parts of the horizon, or else the instrument's own volume curve, which
is weights of equal parts of a day from midnight UTC. Within a part the volume is taken to be even. No volume is
observed: that is for `pov`.
"""

from decimal import Decimal
from itertools import pairwise

import msgspec

from coxswain.model.algo import (
    HORIZON_S_MAX,
    NS_PER_S,
    SLICES_MAX,
    WEIGHTS_MAX,
    ParentView,
    Target,
    on_schedule,
    slice_times,
    within,
)
from coxswain.model.decimals import ONE, ZERO
from coxswain.model.market import Quote

NEEDS_VOLUME = False
POSTS = False
WORKS_EXITS = True
DAY_NS = 86_400 * NS_PER_S


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    horizon_s: int
    slices: int = 20
    weights: tuple[Decimal, ...] = ()
    time_variance_pct: Decimal = ZERO

    def __post_init__(self) -> None:
        within("horizon_s", self.horizon_s, 1, HORIZON_S_MAX)
        within("slices", self.slices, 1, SLICES_MAX)
        within("time_variance_pct", self.time_variance_pct, 0, 100)
        within("weights", len(self.weights), 0, WEIGHTS_MAX)
        wrong = next((weight for weight in self.weights if not (weight.is_finite() and weight >= 0)), None)
        if wrong is not None:
            raise ValueError(f"weights: {wrong} is refused; wanted numbers of 0 or more")
        if self.weights and not any(self.weights):
            raise ValueError("weights: all are 0; wanted at least one above 0")


def horizon_ns(params: Params) -> int:
    return params.horizon_s * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    """Say what is missing to work this order, empty if nothing is."""
    if params.weights or sum(_weights(parent, params), ZERO) > 0:
        return ""
    return "a volume curve: weights in the signal, or volume_curve of the instrument with volume in this time of day"


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    times = slice_times(parent, horizon_ns(params), params.slices, params.time_variance_pct)
    return on_schedule(parent, times, _weights(parent, params), now_ns)


def _weights(parent: ParentView, params: Params) -> tuple[Decimal, ...]:
    """Return the volume expected in each slice's part of the horizon."""
    if params.weights:
        curve, begin, length = params.weights, ZERO, ONE
    else:
        curve = parent.volume_curve
        begin = Decimal(parent.started_ns % DAY_NS) / DAY_NS
        length = Decimal(horizon_ns(params)) / DAY_NS
    edges = [_volume_until(curve, begin + length * index / params.slices) for index in range(params.slices + 1)]
    return tuple(max(later - earlier, ZERO) for earlier, later in pairwise(edges))


def _volume_until(curve: tuple[Decimal, ...], at: Decimal) -> Decimal:
    """Integrate a curve from 0 to `at`, where 1 is its end and it repeats after that."""
    if not curve:
        return ZERO
    whole, part = divmod(at, ONE)
    full, rest = divmod(part * len(curve), ONE)
    done = sum(curve[: int(full)], ZERO)
    begun = curve[int(full)] * rest if int(full) < len(curve) else ZERO
    return whole * sum(curve, ZERO) + done + begun
