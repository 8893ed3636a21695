"""An order as the paper venue's books hold it. How it comes to trade is decided in exchange.py."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.orders import Trail, VenueOrder
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    OrdStatus,
    OrdType,
    Side,
    Symbol,
    TimeInForce,
    VenueOrderId,
)
from coxswain.venues.paper.faults import FaultKind

STOPS = (OrdType.STOP, OrdType.STOP_LIMIT, OrdType.TRAILING_STOP)


class Order(msgspec.Struct, eq=False, omit_defaults=True):
    """Every field is written to the state file; what can be derived is not a field."""

    number: int
    venue_order_id: VenueOrderId
    account: AccountId
    ids: list[ClOrdId]
    """Every id it has had; the last one is in force."""
    symbol: Symbol
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Decimal
    place: int
    """Its place in time among orders at one price; a replace or a trigger gives a new one."""
    price: Decimal | None = None
    stop_px: Decimal | None = None
    reduce_only: bool = False
    oco_group: str | None = None
    cum_qty: Decimal = ZERO
    triggered: bool = False
    """A stop that has been reached: from now on a market order, or a limit order where it has a limit."""
    ended_as: OrdStatus | None = None
    text: str = ""
    margin_per_lot: Decimal = ZERO
    """Instrument's currency."""
    opening_qty: Decimal = ZERO
    """How much of it would have opened a position when it came; only that part ties up margin."""
    fault: FaultKind | None = None
    quiet_at: Decimal | None = None
    """Once this much is filled it trades no more, though it is working."""
    expires_ns: int | None = None
    """When its day or its date ends; None for an order that has neither."""
    trail: Trail | None = None
    active: bool = False
    """A trailing stop whose activation price has been reached."""
    ripe_ns: int | None = None
    """When a simulated delay is over and the order is shown to the market; None where there is no delay."""

    @property
    def cl_ord_id(self) -> ClOrdId:
        return self.ids[-1]

    @property
    def leaves_qty(self) -> Decimal:
        return ZERO if self.ended_as is not None else self.order_qty - self.cum_qty

    @property
    def at_market(self) -> bool:
        """It takes any price."""
        return self.ord_type is OrdType.MARKET or (self.triggered and self.ord_type is not OrdType.STOP_LIMIT)

    @property
    def waits_for_trigger(self) -> bool:
        return self.ord_type in STOPS and not self.triggered

    @property
    def is_quiet(self) -> bool:
        return self.quiet_at is not None and self.cum_qty >= self.quiet_at

    @property
    def held_margin(self) -> Decimal:
        return self.margin_per_lot * min(self.leaves_qty, self.opening_qty)


def level(order: Order) -> Decimal:
    """Return the price at which the touch reaches a resting order."""
    px = order.stop_px if order.waits_for_trigger else order.price
    assert px is not None, "only limit and stop orders rest at a price"
    return px


def ord_status(order: Order) -> OrdStatus:
    if order.ended_as is not None:
        return order.ended_as
    return OrdStatus.PARTIALLY_FILLED if order.cum_qty else OrdStatus.NEW


def as_venue_order(order: Order) -> VenueOrder:
    return VenueOrder(
        cl_ord_id=order.cl_ord_id,
        venue_order_id=order.venue_order_id,
        symbol=order.symbol,
        side=order.side,
        ord_status=ord_status(order),
        order_qty=order.order_qty,
        cum_qty=order.cum_qty,
        price=order.price,
        stop_px=order.stop_px,
        text=order.text,
    )
