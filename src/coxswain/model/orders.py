"""Order facts as they travel: what we intend, and what a venue says it holds."""

from decimal import Decimal

import msgspec

from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    OrdStatus,
    OrdType,
    Role,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
    TriggerSource,
    VenueOrderId,
)


class Trail(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How a stop follows the market: by an amount in the instrument's currency, or by per cent of the market."""

    amount: Decimal | None = None
    pct: Decimal | None = None
    activation_px: Decimal | None = None
    """It stands still until the market has reached this price."""
    source: TriggerSource | None = None
    """None: the side that the stop would trade at."""


class OrderIntent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An order before the gate: everything that will be sent, and why."""

    account: AccountId
    symbol: Symbol
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Decimal
    role: Role
    signal_id: SignalId
    price: Decimal | None = None
    stop_px: Decimal | None = None
    stop_loss: Decimal | None = None
    """Of the position that an entry opens."""
    take_profit: Decimal | None = None
    reduce_only: bool = False
    oco_group: str | None = None
    decision_px: Decimal | None = None
    """The price at the signal; slippage is measured from it."""
    protected: bool = False
    """Asked for at market: it leaves as a limit, and trades at no worse a price."""
    strategy: str = ""
    actor: str = ""
    """Who asked for it, proven by the door it came through; empty where the engine acts for a signal."""
    expire_time_ns: int | None = None
    """When an order that is good till a date ends."""
    trail: Trail | None = None
    """Of a stop that follows the market; `stop_px` is where it begins."""
    trailing_stop: Trail | None = None
    """Of the position that an entry opens, whose stop begins at `stop_loss`."""


class VenueFill(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fill as the venue's books have it. `commission` is in the account's currency."""

    cl_ord_id: ClOrdId
    exec_id: ExecId
    symbol: Symbol
    side: Side
    last_qty: Decimal
    last_px: Decimal
    commission: Decimal
    transact_time_ns: int
    settl_fx_rate: Decimal | None = None
    """Account currency for one unit of the instrument's, where they differ (FIX 155)."""


class VenueReversal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fill taken back or changed. Without a quantity it is a bust, with one the correction to it."""

    cl_ord_id: ClOrdId
    exec_id: ExecId
    """Of this report."""
    exec_ref_id: ExecId
    """The fill, or the correction of it, that this is about."""
    symbol: Symbol
    side: Side
    transact_time_ns: int
    """Of the bust or the correction."""
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    commission: Decimal | None = None
    """Of the fill from now on; None leaves it as it was, as for the rate."""
    settl_fx_rate: Decimal | None = None


class VenueOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """An order as the venue's books have it."""

    cl_ord_id: ClOrdId
    venue_order_id: VenueOrderId
    symbol: Symbol
    side: Side
    ord_status: OrdStatus
    order_qty: Decimal
    cum_qty: Decimal
    price: Decimal | None = None
    stop_px: Decimal | None = None
    text: str = ""


class VenuePosition(msgspec.Struct, frozen=True):
    """A net position as the venue's books have it, long positive."""

    symbol: Symbol
    qty: Decimal
