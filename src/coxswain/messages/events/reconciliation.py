"""Our books against the venue's: compared, agreed, broken, mended."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import (
    AccountId,
    Symbol,
)


class ComparisonAsked(EventBase, frozen=True):
    """The venue is asked for an account's books."""

    account: AccountId
    reason: str
    answer_by_ns: int


class Reconciled(EventBase, frozen=True):
    """Our books and the venue's are equal."""

    account: AccountId
    positions: int
    orders: int
    fills_booked: int
    """Fills that only the comparison brought."""
    as_of_ns: int = 0
    """The next comparison asks for fills since then."""


class BreakFound(EventBase, frozen=True):
    account: AccountId
    break_id: str
    kind: str
    """MISSING_AT_VENUE, UNKNOWN_TO_US, QUANTITY_DIFFERS or BALANCE_DIFFERS; of an order, ORDER_MISSING_AT_VENUE,
    ORDER_UNKNOWN_TO_US or WORKS_AFTER_END."""
    symbol: Symbol | None
    severity: str
    ours: Decimal | None
    theirs: Decimal | None
    detail: str = ""


class BreakClosed(EventBase, frozen=True):
    account: AccountId
    break_id: str
    resolution: str


ReconciliationEvent = ComparisonAsked | Reconciled | BreakFound | BreakClosed
