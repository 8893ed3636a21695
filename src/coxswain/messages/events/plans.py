"""Signals and plans: taken, proposed, approved, completed, recovered, withdrawn."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.checks import Check
from coxswain.model.plan import Plan
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    SignalId,
)


class SignalAccepted(EventBase, frozen=True):
    signal: Signal


class SignalDuplicated(EventBase, frozen=True):
    """The same id with the same body again: nothing is done."""

    signal_id: SignalId


class SignalDenied(EventBase, frozen=True):
    signal_id: str | None
    where: str
    reasons: tuple[str, ...]


class PlanProposed(EventBase, frozen=True):
    plan: Plan


class PlanApproved(EventBase, frozen=True):
    signal_id: SignalId
    by: str


class RecoveryAssigned(EventBase, frozen=True):
    """A rejected child's rest goes to another account."""

    signal_id: SignalId
    failed: ClOrdId
    account: AccountId
    qty: Decimal
    checks: tuple[Check, ...]


class RecoveryFailed(EventBase, frozen=True):
    """No other account can take a rejected child's rest; each one's failed check is listed."""

    signal_id: SignalId
    failed: ClOrdId
    reasons: tuple[str, ...]


class CompletionScheduled(EventBase, frozen=True):
    """The rest of a partly filled entry waits for its next completion order, number `attempt`."""

    signal_id: SignalId
    account: AccountId
    qty: Decimal
    attempt: int
    due_ns: int


class CompletionEnded(EventBase, frozen=True):
    """The rest stays open: no attempt is left, the signal died, or it was withdrawn."""

    signal_id: SignalId
    account: AccountId
    qty: Decimal
    reason: str


class ReleasePostponed(EventBase, frozen=True):
    """A share was due while the account's books were being compared: it is looked at again."""

    signal_id: SignalId
    account: AccountId
    due_ns: int


class AssignmentWithdrawn(EventBase, frozen=True):
    """A share that was planned will not be released any more."""

    signal_id: SignalId
    account: AccountId
    reason: str


PlanEvent = (
    SignalAccepted
    | SignalDuplicated
    | SignalDenied
    | PlanProposed
    | PlanApproved
    | RecoveryAssigned
    | RecoveryFailed
    | CompletionScheduled
    | CompletionEnded
    | ReleasePostponed
    | AssignmentWithdrawn
)
