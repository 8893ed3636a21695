"""Positions after fills, their protection, and exits."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.decimals import ZERO
from coxswain.model.orders import Trail
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    Role,
    SignalId,
    Symbol,
)


class PositionChanged(EventBase, frozen=True):
    """A position after a fill. Cost and P&L are in the instrument's currency, `realized` also in the account's."""

    account: AccountId
    symbol: Symbol
    qty: Decimal
    cost: Decimal
    """Signed: what the open quantity cost; the average price is cost / (qty * contract_size)."""
    avg_px: Decimal | None
    realized: Decimal
    """By this fill, in the account's currency, before commission."""
    balance: Decimal
    margin: Decimal
    """Account currency, tied up by the position."""
    commission: Decimal
    risk: Decimal = ZERO
    """Account currency, lost from the average price to the stop."""
    closed: bool = False
    """The quantity reached or passed zero by this fill."""


class ProtectionLevelsSet(EventBase, frozen=True):
    """The prices that protect a position from now on; its orders follow."""

    account: AccountId
    symbol: Symbol
    stop_px: Decimal | None
    target_px: Decimal | None
    risk: Decimal
    signal_id: SignalId
    trail: Trail | None = None
    """How the stop follows the market from here."""


class StopTrailed(EventBase, frozen=True):
    """The market drew a position's stop nearer, or reached the price from which it follows."""

    account: AccountId
    symbol: Symbol
    stop_px: Decimal
    risk: Decimal
    market_px: Decimal | None
    """None where the venue moved it."""


class OrderTrailed(EventBase, frozen=True):
    """The market reached the price from which an order's stop follows it."""

    account: AccountId
    cl_ord_id: ClOrdId
    market_px: Decimal


class SurplusFound(EventBase, frozen=True):
    """An order that was to reduce has opened this much: to be closed as soon as the venue's books confirm it."""

    account: AccountId
    symbol: Symbol
    cl_ord_id: ClOrdId
    qty: Decimal
    signal_id: SignalId


class ProtectionFailed(EventBase, frozen=True):
    """A position has less protection than it should: an alert, unless it is tried again first."""

    account: AccountId
    symbol: Symbol
    reason: str
    leg: Role | None = None
    """The order that is missing: STOP or TARGET."""
    changes: Role | None = None
    """The order that stands, but not as it should: its change was refused."""
    tries: int = 0
    """Refusals of this order in a row."""
    again_ns: int | None = None
    """When it is tried again, or the position closed; None: when the books are compared."""
    closes: bool = False
    """The account's policy is to close the position."""


class LessAtVenue(EventBase, frozen=True):
    """The venue ended an order that was to reduce, and its books hold less than ours.

    Nothing reaches beyond what they hold until the break of this position is over or another, or a fill comes.
    """

    account: AccountId
    symbol: Symbol
    cl_ord_id: ClOrdId
    ours: Decimal
    theirs: Decimal


class ProtectionTriedAgain(EventBase, frozen=True):
    """The time has come for a stop or target that was refused."""

    account: AccountId
    symbol: Symbol
    leg: Role


class ExitStarted(EventBase, frozen=True):
    """A position is being closed: protection makes room first. `qty` None closes all of it."""

    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    qty: Decimal | None
    actor: str = ""
    """The person who asked for it; empty where a signal did."""
    limit_px: Decimal | None = None
    """The price that the market reached, where the engine held a target for the venue."""
    reason: str = ""
    """Why the engine began it; empty where a signal asked for it."""


class ExitRefused(EventBase, frozen=True):
    """The order of an exit was rejected, or never left. The exit stands, and another order follows."""

    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    cl_ord_id: ClOrdId
    reason: str
    tries: int
    """Refusals in a row."""
    again_ns: int


class ExitTriedAgain(EventBase, frozen=True):
    """The time has come for another order of an exit."""

    account: AccountId
    symbol: Symbol
    signal_id: SignalId


class ExitEnded(EventBase, frozen=True):
    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    reason: str
    failed: bool = False
    """Its orders were refused, and it has closed less than it should: an alert."""


PositionEvent = (
    PositionChanged
    | ProtectionLevelsSet
    | StopTrailed
    | OrderTrailed
    | SurplusFound
    | ProtectionFailed
    | LessAtVenue
    | ProtectionTriedAgain
    | ExitStarted
    | ExitRefused
    | ExitTriedAgain
    | ExitEnded
)
