"""The second order of a signal: one that the first excludes, or one that follows it."""

from decimal import Decimal

import msgspec

from coxswain.model.orders import Trail
from coxswain.model.vocabulary import OrdType, Side


class Contingent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What differs from the first order. Instrument, time in force and everything about the signal are the same."""

    side: Side
    order_type: OrdType = OrdType.MARKET
    limit_price: Decimal | None = None
    """The limit of a LIMIT or STOP_LIMIT order, the trigger of a STOP order."""
    stop_price: Decimal | None = None
    """The trigger of a STOP_LIMIT order."""
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_stop: Trail | None = None
