"""What happens to an account as a whole: its state, its day, its balance."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import (
    AccountId,
    CashId,
    TradingState,
)


class AccountStateChanged(EventBase, frozen=True):
    """A cause that restricts trading began or ended; `state` is the strictest that is left."""

    account: AccountId
    cause: str
    """A stop by its level and scope (`PAUSED`, `HALT:venue`), or DAILY_LOSS, DRAWDOWN, UNRECONCILED, BREAK, EMERGENCY,
    CORE_FAILURE, EGRESS, LEASE, NOT_CONFIGURED or NOT_CONFIRMED."""
    active: bool
    state: TradingState
    reason: str
    actor: str = "engine"


class DayStarted(EventBase, frozen=True):
    """A trading day: `anchor` is the higher of balance and equity at the reset."""

    account: AccountId
    day: str
    balance: Decimal
    equity: Decimal
    anchor: Decimal


class BalanceAdopted(EventBase, frozen=True):
    """The venue's balance became ours: at the first look. Fills before it are not ours to book."""

    account: AccountId
    balance: Decimal
    as_of_ns: int = 0
    cash_ids: tuple[CashId, ...] = ()
    """Movements of cash that are in it."""


AccountEvent = AccountStateChanged | DayStarted | BalanceAdopted
