"""Iceberg: show only a tip of a limit order; when the tip is filled, show the next one.

The price is the signal's limit. The size of each tip may vary by a draw. What is left when the time is over is called
back; nothing crosses.
"""

from decimal import Decimal

import msgspec

from coxswain.model.algo import HORIZON_S_MAX, NS_PER_S, ParentView, Target, above_zero, within
from coxswain.model.decimals import HUNDRED, ZERO, floor_step, text
from coxswain.model.market import Quote

NEEDS_VOLUME = False
POSTS = True
WORKS_EXITS = False


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    horizon_s: int
    display_qty: Decimal
    """Lots, in each account."""
    display_variance_pct: Decimal = ZERO
    """How much smaller a tip may be."""

    def __post_init__(self) -> None:
        within("horizon_s", self.horizon_s, 1, HORIZON_S_MAX)
        above_zero("display_qty", self.display_qty)
        within("display_variance_pct", self.display_variance_pct, 0, 90)


def horizon_ns(params: Params) -> int:
    return params.horizon_s * NS_PER_S


def lacks(parent: ParentView, params: Params) -> str:
    """Say what is missing to work this order, empty if nothing is."""
    if parent.limit_px is None:
        return "order_type LIMIT and a limit_price, where its tips stand"
    return ""


def target(parent: ParentView, market: Quote | None, now_ns: int, params: Params) -> Target:
    shown = parent.open_qty or _tip(parent, params)
    return Target(min(parent.cum_qty + shown, parent.order_qty), None, parent.limit_px)


def _tip(parent: ParentView, params: Params) -> Decimal:
    """Return the next tip. What was filled before it tells it from the others."""
    least = HUNDRED - params.display_variance_pct
    share = parent.draw(f"tip after {text(parent.cum_qty)}", int(least * 100), 10_000)
    tip = floor_step(params.display_qty * share / 10_000, parent.lot_step)
    return max(tip, parent.min_qty)
