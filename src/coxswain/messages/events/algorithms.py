"""Parent orders that an algorithm works: started, asked, ended. Their children are orders like any other."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId, Side, SignalId, Symbol


class AlgoStarted(EventBase, frozen=True):
    """An account's share goes out in parts from now on, until `ends_ns`."""

    signal_id: SignalId
    account: AccountId
    symbol: Symbol
    name: str
    params: str
    side: Side
    """Of the children."""
    order_qty: Decimal
    ends_ns: int
    """Nothing is sent after this."""
    exits: bool = False
    """It closes a position."""
    arrival_px: Decimal | None = None
    """The middle of the market."""
    arrival_volume: Decimal | None = None
    actor: str = ""
    """The person who asked for it; empty where a signal did."""


class AlgoAsked(EventBase, frozen=True):
    """The algorithm said how much should be out by now, and when to ask again."""

    signal_id: SignalId
    account: AccountId
    symbol: Symbol
    target_qty: Decimal
    cum_qty: Decimal
    """Filled."""
    open_qty: Decimal
    """Working or unknown, before anything that follows from this."""
    wake_ns: int
    price: Decimal | None = None
    """Where it should stand; None: it crosses."""
    note: str = ""
    """Why nothing is sent, where something should be."""


class AlgoEnded(EventBase, frozen=True):
    signal_id: SignalId
    account: AccountId
    symbol: Symbol
    cum_qty: Decimal
    left_qty: Decimal
    """Not filled; what is still open of it is called back."""
    reason: str


AlgoEvent = AlgoStarted | AlgoAsked | AlgoEnded
