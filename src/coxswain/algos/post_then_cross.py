"""Post, then cross: wait for the spread for a while, and pay it for what is left.

For `post_s` the order stands at the near touch or the middle, less aggressive by `offset_ticks`, and follows the
market, but never more than `chase_ticks` beyond where the market was at the start. Then it is called back, and what is
left crosses, for at most `cross_s`, which ends the order.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from coxswain.model.algo import (
    HORIZON_S_MAX,
    NS_PER_S,
    ParentView,
    Target,
    away,
    bounded,
    near,
    passive_tick,
    stay_or_move,
    within,
)
from coxswain.model.market import Quote, is_sane, mid

NEEDS_VOLUME = False
POSTS = True
WORKS_EXITS = True
TICKS_MAX = 10_000


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    post_s: int = 30
    cross_s: int = 10
    reference: Literal["near", "mid"] = "near"
    offset_ticks: int = 0
    chase_ticks: int = 100
    min_move_ticks: int = 1
    interval_s: int = 1

    def __post_init__(self) -> None:
        within("post_s", self.post_s, 1, HORIZON_S_MAX)
        within("cross_s", self.cross_s, 1, 3_600)
        within("offset_ticks", self.offset_ticks, 0, TICKS_MAX)
        within("chase_ticks", self.chase_ticks, 0, TICKS_MAX)
        within("min_move_ticks", self.min_move_ticks, 1, TICKS_MAX)
        within("interval_s", self.interval_s, 1, HORIZON_S_MAX)


def horizon_ns(params: Params) -> int:
    return (params.post_s + params.cross_s) * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    return ""


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    cross_ns = parent.started_ns + params.post_s * NS_PER_S
    if now_ns >= cross_ns:
        return Target(parent.order_qty, now_ns + NS_PER_S)
    wake_ns = min(now_ns + params.interval_s * NS_PER_S, cross_ns)
    if market is None or not is_sane(market):
        return Target(parent.cum_qty + parent.open_qty, wake_ns, parent.open_px)
    reference = near(market, parent.side) if params.reference == "near" else mid(market)
    wanted = away(reference, parent.side, params.offset_ticks * parent.tick)
    if parent.arrival_px is not None:
        furthest = away(parent.arrival_px, parent.side, -params.chase_ticks * parent.tick)
        wanted = bounded(wanted, parent.side, furthest)
    price = passive_tick(bounded(wanted, parent.side, parent.limit_px), parent.side, parent.tick)
    least = Decimal(params.min_move_ticks) * parent.tick
    return Target(parent.order_qty, wake_ns, stay_or_move(parent, price, least))
