"""The engine's start and end, and facts that are nobody's own."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    JournalId,
    Symbol,
)


class EngineConfigured(EventBase, frozen=True):
    version: str
    journal_id: JournalId
    seed: int
    setup: Setup


class LiveConfirmed(EventBase, frozen=True):
    """A person confirmed by name that real money is traded on these accounts, of this journal, from now on."""

    accounts: tuple[AccountId, ...]
    actor: str


class EngineStopped(EventBase, frozen=True):
    """A checkpoint at a clean end: what stays open."""

    reason: str
    open_orders: tuple[ClOrdId, ...]
    digest: str = ""
    """Of the engine as it stood before this event; empty in journals of earlier versions."""
    held: tuple[str, ...] = ()
    """What the engine did for a venue and does no longer, each in words."""


class SessionSet(EventBase, frozen=True):
    symbols: tuple[Symbol, ...]
    is_open: bool


class VolatilitySet(EventBase, frozen=True):
    symbol: Symbol
    ewma_pct: Decimal
    atr: Decimal
    as_of_ns: int


class CorrelationSet(EventBase, frozen=True):
    account: AccountId
    other: AccountId
    rho: Decimal
    crossed: bool = False
    """The pair is now above the threshold and was not before."""


EngineEvent = EngineConfigured | LiveConfirmed | EngineStopped | SessionSet | VolatilitySet | CorrelationSet
