"""Circuit breakers: opened by what they measure, half-open after a time to cool down, closed by an entry that fills."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.breaker import BreakerKind, BreakerState
from coxswain.model.vocabulary import AccountId, ClOrdId


class BreakerChanged(EventBase, frozen=True):
    account: AccountId
    breaker: BreakerKind
    state: BreakerState
    reason: str
    value: Decimal | None = None
    """What was measured, and the limit on it, where it opened by itself."""
    limit: Decimal | None = None
    until_ns: int | None = None
    """The end of the time to cool down; None while a person has to start it."""
    actor: str = "engine"


class BreakerTried(EventBase, frozen=True):
    """This entry shows whether a half-open breaker may close."""

    account: AccountId
    breaker: BreakerKind
    cl_ord_id: ClOrdId


BreakerEvent = BreakerChanged | BreakerTried
