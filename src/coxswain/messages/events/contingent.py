"""The second order of a signal: when it may be placed. What else happens to it has the events of every order."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId, SignalId


class SecondOrderDue(EventBase, frozen=True):
    """The first order is over and has filled something: the one that follows it is released for as much."""

    signal_id: SignalId
    """Of the second order's own share."""
    account: AccountId
    qty: Decimal
    """Lots that the first one filled."""
    due_ns: int


ContingentEvent = SecondOrderDue
