"""Facts that controls read: how the host stands, what is halted or may be borrowed, what waits for room."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, ClOrdId, Symbol


class HostObserved(EventBase, frozen=True):
    """How the machine stands, as the process said it."""

    journal_healthy: bool
    disk_headroom: bool
    clock_in_bound: bool
    lease_epoch: int
    valid_until_ns: int | None = None


class LeaseLost(EventBase, frozen=True):
    """Another engine holds the lease on these accounts: this one sends nothing new for them."""

    accounts: tuple[AccountId, ...]
    epoch: int
    holder: str


class LeaseAdopted(EventBase, frozen=True):
    """A person let this journal go on although it missed something that happened on its accounts."""

    missed: str
    reason: str
    actor: str


class CommandNoted(EventBase, frozen=True):
    """A command of a file was carried out, named by its words and by how often they stood there before."""

    line_id: str


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


class ReferencePriceSet(EventBase, frozen=True):
    """The price that this day's prices are measured by: the close of the day before, or the first that was seen."""

    symbol: Symbol
    price: Decimal
    source: str
    """PREVIOUS_CLOSE or FIRST_QUOTE."""
    day: int
    """Days since 1970, UTC."""


class OrderPaced(EventBase, frozen=True):
    """Approved, but for the number of messages: it waits until there is room, and is judged again then."""

    intent: OrderIntent
    signal_time_ns: int
    dies_ns: int
    due_ns: int
    reasons: tuple[str, ...]
    renews: ClOrdId | None = None
    """The order that it takes the place of, which is over."""


class ReductionPaced(EventBase, frozen=True):
    """Protection or an exit waits for room among the messages, and is looked at afresh then."""

    account: AccountId
    symbol: Symbol
    due_ns: int


class ReductionResumed(EventBase, frozen=True):
    account: AccountId
    symbol: Symbol


FactEvent = (
    HostObserved
    | LeaseLost
    | LeaseAdopted
    | CommandNoted
    | TradingHaltSet
    | LocateSet
    | ReferencePriceSet
    | OrderPaced
    | ReductionPaced
    | ReductionResumed
)
