"""Spreads: orders of several instruments as one. Their legs' shares and orders have the events of all others."""

from decimal import Decimal

import msgspec

from coxswain.messages.events.base import EventBase
from coxswain.model.spread import SpreadLevel, SpreadLevels
from coxswain.model.vocabulary import AccountId, LeggingRule, Role, Side, SignalId, Symbol


class LegStarted(msgspec.Struct, frozen=True):
    signal_id: SignalId
    """Of the leg's own share."""
    symbol: Symbol
    side: Side
    ratio: Decimal
    qty: Decimal
    """Lots."""


class SpreadStarted(EventBase, frozen=True):
    """An account's share of a spread is worked from now on: the first leg leads, the others follow what it fills."""

    signal_id: SignalId
    account: AccountId
    units: Decimal
    legs: tuple[LegStarted, ...]
    """In the order in which they are worked."""
    ends_ns: int
    """The first leg enters nothing after this."""
    why: str
    """Why this leg leads."""


class SpreadMarked(EventBase, frozen=True):
    """What is filled of some legs beyond what all have together was valued."""

    signal_id: SignalId
    account: AccountId
    unhedged_value: Decimal
    """In the account's currency."""
    since_ns: int | None
    """Since when something is unhedged; None while nothing is."""
    wake_ns: int
    """When it is looked at again, unless something happens before."""
    note: str = ""
    """What is being waited for."""


class LeggingLimitReached(EventBase, frozen=True):
    """Too much, or for too long, or a leg was refused: the first leg enters nothing more, and the rule is followed."""

    signal_id: SignalId
    account: AccountId
    unhedged_value: Decimal
    unhedged_s: Decimal
    decision: LeggingRule
    reason: str


class SpreadStopped(EventBase, frozen=True):
    """It was called back: nothing more is entered, and what is filled beyond whole units is closed."""

    signal_id: SignalId
    account: AccountId
    reason: str


class SpreadLeaving(EventBase, frozen=True):
    """Units of a spread are on their way out: the first leg is closed in slices, the others follow what it closed."""

    signal_id: SignalId
    account: AccountId
    exit_id: SignalId
    """The signal that leaves; the spread's own where the engine does so by itself."""
    units: Decimal
    """To be closed."""
    keep: Decimal
    """Whole units that stay."""
    legs: tuple[SignalId, ...]
    """Their shares, in the order in which they are closed."""
    order: str
    """Why this leg is the first."""
    reason: str
    actor: str = ""
    """The person who asked for it; empty where a signal did."""


class SpreadLevelsMoved(EventBase, frozen=True):
    """A signal moved the stop and target of an account's spread as a whole: where they stand from now on."""

    signal_id: SignalId
    account: AccountId
    moved_by: SignalId
    levels: SpreadLevels
    former: SpreadLevels


class SpreadLevelSeen(EventBase, frozen=True):
    """A level of a spread as a whole seems to be reached: it is looked at once more, with the latest quotes."""

    signal_id: SignalId
    account: AccountId
    role: Role
    """STOP or TARGET."""
    level: SpreadLevel
    at: Decimal
    """The net price at which a unit could be closed, or what that would win; as the level is given."""


class SpreadLevelMissed(EventBase, frozen=True):
    """It is not: nothing is done."""

    signal_id: SignalId
    account: AccountId
    reason: str


class SpreadLevelReached(EventBase, frozen=True):
    """It is, and all of the spread is left."""

    signal_id: SignalId
    account: AccountId
    role: Role
    level: SpreadLevel
    at: Decimal
    units: Decimal
    """Whole units held."""


class SpreadWatchChanged(EventBase, frozen=True):
    """Whether the stop and target of a spread as a whole can be watched now."""

    signal_id: SignalId
    account: AccountId
    watched: bool
    reason: str = ""
    next_ns: int | None = None
    """When that is looked at again by itself."""
    urgent: bool = False
    """Somebody should know."""


class SpreadEnded(EventBase, frozen=True):
    signal_id: SignalId
    account: AccountId
    units: Decimal
    """Held of all legs."""
    unhedged_value: Decimal
    """Left to a person; zero unless every attempt failed."""
    reason: str


SpreadEvent = (
    SpreadStarted
    | SpreadMarked
    | LeggingLimitReached
    | SpreadStopped
    | SpreadLeaving
    | SpreadLevelsMoved
    | SpreadLevelSeen
    | SpreadLevelMissed
    | SpreadLevelReached
    | SpreadWatchChanged
    | SpreadEnded
)
