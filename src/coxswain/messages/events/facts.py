"""Facts from outside that controls read: how the host stands, what is halted, what may be borrowed."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId, Symbol


class HostObserved(EventBase, frozen=True):
    """How the machine stands, as the process said it."""

    journal_healthy: bool
    disk_headroom: bool
    clock_in_bound: bool
    lease_epoch: int
    valid_until_ns: int | None = None


class TradingHaltSet(EventBase, frozen=True):
    symbol: Symbol
    halted: bool
    reason: str


class LocateSet(EventBase, frozen=True):
    account: AccountId
    symbol: Symbol
    qty: Decimal
    reason: str
    actor: str


FactEvent = HostObserved | TradingHaltSet | LocateSet
