"""Signals and plans: taken, proposed, approved, completed, recovered, withdrawn."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.checks import Check
from coxswain.model.plan import Assignment, Plan
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
    """Shares of a plan may be released: by its mode, or by a person who was asked."""

    signal_id: SignalId
    by: str
    """The mode that let it out, or the person."""
    assignments: tuple[Assignment, ...] | None = None
    """The shares approved, as they were found at that moment; None means all of the plan, as it was proposed."""
    reason: str = ""
    px: Decimal | None = None
    """The market's price at the approval by a person."""
    seen_px: Decimal | None = None
    """The price that the person was shown."""
    drift_pct: Decimal | None = None
    """How far the price has moved since the plan was made."""


class ApprovalAwaited(EventBase, frozen=True):
    """Shares of a plan wait for a person until the signal dies."""

    signal_id: SignalId
    accounts: tuple[AccountId, ...]
    why: str
    expires_ns: int


class PlanModified(EventBase, frozen=True):
    """A person lowered shares of a plan that waits."""

    signal_id: SignalId
    assignments: tuple[Assignment, ...]
    reason: str
    actor: str


class PlanRejected(EventBase, frozen=True):
    """A person, or the check at the approval, refused shares of a plan: they will not be released."""

    signal_id: SignalId
    accounts: tuple[AccountId, ...]
    reason: str
    actor: str
    assignments: tuple[Assignment, ...] = ()
    """What the check at the approval found."""


class PlanExpired(EventBase, frozen=True):
    """Nobody approved these shares while the signal lived."""

    signal_id: SignalId
    accounts: tuple[AccountId, ...]


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
    """A share was due while the account's books were being compared: it is looked at again.

    With a reason, nothing may be opened: it is looked at again as soon as that ends, and at `due_ns` for the last time.
    """

    signal_id: SignalId
    account: AccountId
    due_ns: int
    reason: str = ""


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
    | ApprovalAwaited
    | PlanModified
    | PlanRejected
    | PlanExpired
    | RecoveryAssigned
    | RecoveryFailed
    | CompletionScheduled
    | CompletionEnded
    | ReleasePostponed
    | AssignmentWithdrawn
)
