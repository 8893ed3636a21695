"""Peg: stand at a distance from the bid, the middle or the ask, and follow it.

`offset_ticks` is away from the market: below the reference for a buyer, above it for a seller. It follows when the
price it should have is `min_move_ticks` or more from where it stands, looked at every `interval_s`. It never goes
beyond the signal's limit. What is left when the time is over is called back; nothing crosses.
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
    passive_tick,
    stay_or_move,
    within,
)
from coxswain.model.market import Quote, is_sane, mid

NEEDS_VOLUME = False
POSTS = True
WORKS_EXITS = True
OFFSET_TICKS_MAX = 10_000


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    horizon_s: int
    reference: Literal["bid", "mid", "ask"] = "mid"
    offset_ticks: int = 0
    min_move_ticks: int = 1
    interval_s: int = 2

    def __post_init__(self) -> None:
        within("horizon_s", self.horizon_s, 1, HORIZON_S_MAX)
        within("offset_ticks", self.offset_ticks, -OFFSET_TICKS_MAX, OFFSET_TICKS_MAX)
        within("min_move_ticks", self.min_move_ticks, 1, OFFSET_TICKS_MAX)
        within("interval_s", self.interval_s, 1, HORIZON_S_MAX)


def horizon_ns(params: Params) -> int:
    return params.horizon_s * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    return ""


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    wake_ns = now_ns + params.interval_s * NS_PER_S
    if market is None or not is_sane(market):
        return Target(parent.cum_qty + parent.open_qty, wake_ns, parent.open_px)
    reference = {"bid": market.bid, "mid": mid(market), "ask": market.ask}[params.reference]
    wanted = away(reference, parent.side, params.offset_ticks * parent.tick)
    price = passive_tick(bounded(wanted, parent.side, parent.limit_px), parent.side, parent.tick)
    least = Decimal(params.min_move_ticks) * parent.tick
    return Target(parent.order_qty, wake_ns, stay_or_move(parent, price, least))
