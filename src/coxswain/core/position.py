"""What one account holds, or is about to hold, in one instrument. Data only: `evolve` alone writes it."""

from decimal import Decimal
from typing import ClassVar

import msgspec

from coxswain.core.rings import PriceRing, Ring
from coxswain.core.shares import Parent
from coxswain.model.decimals import ONE, ZERO
from coxswain.model.orders import Trail
from coxswain.model.vocabulary import BUY, OPPOSITE, SELL, ClOrdId, ExecId, Role, Side, SignalId, Symbol


class Exit(msgspec.Struct):
    """A position on its way out. `qty` None closes all of it."""

    signal_id: SignalId
    qty: Decimal | None
    was_long: bool
    limit_px: Decimal | None = None
    """Not at a worse price than this: a target that the engine held."""
    order_id: ClOrdId | None = None
    actor: str = ""
    """The person who asked for it; empty where a signal did."""
    tries: int = 0
    """Orders in a row that were rejected or never left."""


class Booking(msgspec.Struct, frozen=True):
    """A fill as it was booked on a position."""

    transact_time_ns: int
    exec_id: ExecId
    side: Side
    qty: Decimal
    px: Decimal
    rate: Decimal


class KnownFill(msgspec.Struct, gc=False):
    """A fill that was booked, as the venue's last word about it has it."""

    booking: Booking
    symbol: Symbol
    cl_ord_id: ClOrdId
    commission: Decimal
    on_order: bool
    """It counts in the quantity of that order."""
    changed_ns: int = 0
    """The venue's time of the bust or correction in force; 0 where there is none."""
    changed_by: ExecId = ExecId("")
    busted: bool = False


class Levels(msgspec.Struct, frozen=True):
    """What a position was protected by when it closed."""

    was_long: bool
    stop_px: Decimal | None
    target_px: Decimal | None
    levels_from: SignalId | None
    trail: Trail | None


def venue_order(booking: Booking) -> tuple[int, int, str]:
    """Sort as the venue booked: by its time; at one instant by exec_id, since venues count up."""
    return booking.transact_time_ns, len(booking.exec_id), booking.exec_id


class Counted(msgspec.Struct, frozen=True):
    """What a position counted for when the sums of exposure were last brought up to date."""

    up: Decimal = ZERO
    down: Decimal = ZERO
    lot_value: Decimal = ZERO
    rate: Decimal = ONE


class Part(msgspec.Struct):
    """One strategy's part of a position."""

    qty: Decimal = ZERO
    held_buy: Decimal = ZERO
    held_sell: Decimal = ZERO
    counted: Counted = Counted()


class Entered(msgspec.Struct, frozen=True):
    """An order that entered a short while ago."""

    at_ns: int
    side: Side
    qty: Decimal
    price: Decimal | None
    strategy: str


class Repeat(msgspec.Struct):
    """Entries of one strategy that are all alike, one after another."""

    side: Side
    qty: Decimal
    times: Ring


class Position(msgspec.Struct):
    """What one account holds, or is about to hold, in one instrument."""

    INDEX: ClassVar[tuple[str, ...]] = ("to_stop",)

    symbol: Symbol
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    """Instrument's currency, signed; the average price is derived."""
    base_qty: Decimal = ZERO
    base_cost: Decimal = ZERO
    """Quantity and cost before the fills in `recent`."""
    recent: list[Booking] = []
    """In the venue's order, those that a fill which comes late may still have to be booked before."""
    archived_fills: int = 0
    """How many of those fills are remembered only by the journal."""
    margin: Decimal = ZERO
    risk: Decimal = ZERO
    unrealized: Decimal = ZERO
    """Account currency, like margin and risk."""
    to_stop: Decimal = ZERO
    """Lost from the last mark to the stop, where `risk` counts from the average price."""
    stop_px: Decimal | None = None
    target_px: Decimal | None = None
    levels_from: SignalId | None = None
    trail: Trail | None = None
    """How its stop follows the market."""
    trail_active: bool = False
    """The price from which it follows has been reached."""
    former: Levels | None = None
    """Of the position that closed last here: a busted exit opens it again."""
    stop_id: ClOrdId | None = None
    target_id: ClOrdId | None = None
    leg_failed_ns: dict[Role, int] = {}
    """When a stop or target was last lost or denied; it is not placed again at once, over and over."""
    leg_tries: dict[Role, int] = {}
    """Refusals in a row of a stop or target, or of its change."""
    exit: Exit | None = None
    exited_ns: int = 0
    """When an exit of everything last ended."""
    leaving: Parent | None = None
    """An exit that an algorithm works in parts; each part is an `exit`."""
    leaving_for: SignalId | None = None
    triggers: int = 0
    """Exits that the market triggered here since the position last changed."""
    triggered_ns: int = 0
    surplus: Decimal = ZERO
    """What reducing orders opened, to be closed once the venue's books confirm it."""
    held_buy: Decimal = ZERO
    """Open quantity of entering orders, worst case."""
    held_sell: Decimal = ZERO
    held_exit: Decimal = ZERO
    """Open quantity of reducing orders that are not protection."""
    entering: dict[ClOrdId, None] = {}
    """Open orders that enter."""
    waiting: dict[SignalId, None] = {}
    """Signals with a share, or a completion, that waits for its time."""
    strategies: dict[str, None] = {}
    """Whose entries are in it."""
    legging: dict[SignalId, None] = {}
    """Spreads under way that have a leg here."""
    spreads: dict[SignalId, None] = {}
    """Spreads that have lots of it, oldest first; also those that are not worked any more."""
    less_there: bool = False
    """The venue ended what was to reduce it while its books held less: it would end the next one too."""
    gave_way: bool = False
    """Protection was taken down for an exit, and may be put back even where all is frozen."""
    unknown: int = 0
    breaks: int = 0
    occupied: bool = False
    """Held or on order: counts as an open position."""
    lot_value: Decimal = ZERO
    """Of one lot, at the last price that was seen, in the account's currency."""
    counted: Counted = Counted()
    parts: dict[str, Part] = {}
    """By strategy; orders of none are in no part."""
    entered: list[Entered] = []
    """The last few orders that entered."""
    repeats: dict[str, Repeat] = {}
    """By strategy."""
    prices: PriceRing = msgspec.field(default_factory=PriceRing)
    """Of our own entries."""


NOTHING_HELD = Position(Symbol(""))
"""For reading only, where an account has no place for an instrument."""
NO_PART = Part()
"""Likewise, where a strategy has nothing of a position."""


def is_closing(position: Position) -> bool:
    """Say whether all of a position is on its way out."""
    return position.exit is not None and position.exit.qty is None


def closing_side(position: Position) -> Side:
    return OPPOSITE[BUY if position.qty > 0 else SELL]
