"""Positions after fills, their protection, and exits."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    AccountId,
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


class ProtectionFailed(EventBase, frozen=True):
    """A position has less protection than it should: an alert."""

    account: AccountId
    symbol: Symbol
    reason: str
    leg: Role | None = None
    """The order that is missing: STOP or TARGET."""


class ExitStarted(EventBase, frozen=True):
    """A position is being closed: protection makes room first. `qty` None closes all of it."""

    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    qty: Decimal | None
    actor: str = ""
    """The person who asked for it; empty where a signal did."""


class ExitEnded(EventBase, frozen=True):
    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    reason: str


PositionEvent = PositionChanged | ProtectionLevelsSet | ProtectionFailed | ExitStarted | ExitEnded
