"""An order's life: denied or created, and what the venue says of it."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    OrdStatus,
    Side,
    Symbol,
    VenueOrderId,
)


class OrderDenied(EventBase, frozen=True):
    """Our own gate refused: nothing was sent."""

    intent: OrderIntent
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]


class OrderCreated(EventBase, frozen=True):
    """The gate approved and the hold is in place; the order may leave now."""

    cl_ord_id: ClOrdId
    intent: OrderIntent
    checks: tuple[Check, ...]
    margin_per_lot: Decimal
    """Account currency, held for each lot not done."""
    risk_per_lot: Decimal
    """Account currency lost for each lot from the entry to its stop."""
    submit_by_ns: int
    """Without an answer by then the outcome is unknown."""
    enters: bool = True
    """It can open or grow a position; the others only reduce."""
    watched: bool = False
    """What stays open after a partial fill is cancelled and completed."""
    dies_ns: int | None = None
    """It must not leave after this."""
    value_per_lot: Decimal = ZERO
    """Account currency, of an order that enters, at the price that it is expected to trade at."""
    limit_version: int = 1
    """Of the limits that it was judged by."""
    renews: ClOrdId | None = None
    """The order that it takes the place of, where the venue changes none."""


class OrderAccepted(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    venue_order_id: VenueOrderId | None


class OrderFilled(EventBase, frozen=True):
    """A fill was booked, once. Quantities are the order's after it."""

    account: AccountId
    cl_ord_id: ClOrdId
    exec_id: ExecId
    symbol: Symbol
    side: Side
    last_qty: Decimal
    last_px: Decimal
    commission: Decimal
    fx_rate: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal
    ord_status: OrdStatus
    transact_time_ns: int
    slippage_bps: Decimal | None = None
    """Against the decision price, adverse positive."""
    suspense: bool = False
    """It names an order that it does not fit: booked on the position, and on no order."""


class OrderRejected(EventBase, frozen=True):
    """The venue refused, definitively."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class OrderCanceled(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    cum_qty: Decimal
    unsolicited: bool
    reason: str = ""
    unsent: bool = False
    """It is proved that the venue never had it."""


class OrderExpired(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    cum_qty: Decimal


class OrderRestated(EventBase, frozen=True):
    """The venue changed an order by itself, as the sibling of a partly filled one, or its books show a change."""

    account: AccountId
    cl_ord_id: ClOrdId
    order_qty: Decimal
    price: Decimal | None = None
    """None leaves it as it was, as for `stop_px`."""
    stop_px: Decimal | None = None
    transact_time_ns: int = 0


class CancelRequested(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    reason: str
    answer_by_ns: int


class CancelRefused(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class ReplaceRequested(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    new_cl_ord_id: ClOrdId
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None
    answer_by_ns: int
    checks: tuple[Check, ...] = ()
    margin_per_lot: Decimal | None = None
    """Held for each lot from now on, where a changed price makes it more; risk likewise."""
    risk_per_lot: Decimal | None = None


class OrderReplaced(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    new_cl_ord_id: ClOrdId
    order_qty: Decimal
    transact_time_ns: int = 0


class ReplaceRefused(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    reason: str
    by_venue: bool = True
    """False: it seems to have been lost, and may be asked for again at once; else it waits for a comparison."""


class RenewalAsked(EventBase, frozen=True):
    """An order is to be changed at a venue that changes none: it is called back, and a new one is to follow."""

    account: AccountId
    cl_ord_id: ClOrdId
    order_qty: Decimal
    """The new total, filled part included."""
    price: Decimal | None = None
    stop_px: Decimal | None = None


class RenewalEnded(EventBase, frozen=True):
    """No new order follows the one that was called back."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


OrderEvent = (
    OrderDenied
    | OrderCreated
    | OrderAccepted
    | OrderFilled
    | OrderRejected
    | OrderCanceled
    | OrderExpired
    | OrderRestated
    | CancelRequested
    | CancelRefused
    | ReplaceRequested
    | OrderReplaced
    | ReplaceRefused
    | RenewalAsked
    | RenewalEnded
)
