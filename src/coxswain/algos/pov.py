"""POV: take part in the market's volume at a rate, until the order is filled or its time is over.

How much should be out is `rate_pct` of what others have traded since the start. A feed's volume counts our own fills
too, so they are taken off; a recorded market does not know them, and `own_in_volume` false leaves it as it is. What was
missed is caught up with, but no more than `catch_up_pct` of the order goes at once. A quiet market leaves a rest.
"""

from decimal import Decimal

import msgspec

from coxswain.model.algo import HORIZON_S_MAX, NS_PER_S, ParentView, Target, above_zero, within
from coxswain.model.decimals import ZERO, floor_step, percent_of
from coxswain.model.market import Quote

NEEDS_VOLUME = True
POSTS = False
WORKS_EXITS = True


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    horizon_s: int
    rate_pct: Decimal = Decimal(10)
    catch_up_pct: Decimal = Decimal(10)
    interval_s: int = 5
    own_in_volume: bool = True

    def __post_init__(self) -> None:
        within("horizon_s", self.horizon_s, 1, HORIZON_S_MAX)
        above_zero("rate_pct", self.rate_pct)
        within("rate_pct", self.rate_pct, 0, 50)
        above_zero("catch_up_pct", self.catch_up_pct)
        within("catch_up_pct", self.catch_up_pct, 0, 100)
        within("interval_s", self.interval_s, 1, HORIZON_S_MAX)


def horizon_ns(params: Params) -> int:
    return params.horizon_s * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    return ""


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    done, wake_ns = parent.cum_qty + parent.open_qty, now_ns + params.interval_s * NS_PER_S
    if market is None or market.volume is None or parent.arrival_volume is None:
        return Target(done, wake_ns)
    others = market.volume - parent.arrival_volume - (parent.cum_qty if params.own_in_volume else ZERO)
    share = percent_of(params.rate_pct, max(others, ZERO))
    at_once = max(percent_of(params.catch_up_pct, parent.order_qty), parent.min_qty)
    wanted = min(share, done + at_once, parent.order_qty)
    return Target(max(floor_step(wanted, parent.lot_step), done), wake_ns)
