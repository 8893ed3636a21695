"""Where a stop that follows the market stands: the arithmetic that the engine and the simulated venue share.

It moves only in favour of the position: up behind a long one, down behind a short one. Nothing here knows of orders.
"""

from decimal import Decimal

from coxswain.model.decimals import ZERO, floor_step, percent_of, plain
from coxswain.model.market import Quote, mid
from coxswain.model.orders import Trail
from coxswain.model.vocabulary import Side, TriggerSource


def reference(trail: Trail, side: Side, quote: Quote) -> Decimal | None:
    """Return the price that moves a stop of `side`; None where the quote does not tell it, as one without a trade."""
    match trail.source:
        case None:
            return quote.bid if side is Side.SELL else quote.ask
        case TriggerSource.BID:
            return quote.bid
        case TriggerSource.ASK:
            return quote.ask
        case TriggerSource.MID:
            return mid(quote)
        case TriggerSource.LAST:
            return quote.last


def is_active(trail: Trail, side: Side, px: Decimal) -> bool:
    """Say whether the market at `px` has reached the price from which a stop of `side` follows it."""
    if trail.activation_px is None:
        return True
    return px >= trail.activation_px if side is Side.SELL else px <= trail.activation_px


def behind(trail: Trail, side: Side, px: Decimal, tick: Decimal) -> Decimal:
    """Return where a stop of `side` belongs with the market at `px`, on a tick and no closer than asked for."""
    distance = trail.amount if trail.amount is not None else percent_of(trail.pct or ZERO, px)
    if side is Side.SELL:
        return floor_step(px - distance, tick)
    below = floor_step(px + distance, tick)
    return below if below >= px + distance else plain(below + tick)


def is_better(side: Side, stop_px: Decimal, than: Decimal) -> bool:
    """Say whether a stop of `side` at `stop_px` protects more than one at `than`."""
    return stop_px > than if side is Side.SELL else stop_px < than
