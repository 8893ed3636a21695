"""The audit log: what was decided, why, and what came of it. The journal holds all of it, for ever; memory a window.

An entry's id is made of the journal's id, the record's seq and the event's place in it, so reading the same journal
again gives the same ids. What only keeps the books (an acknowledgement, a question asked) is not an entry.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.checks import reason
from coxswain.model.vocabulary import JournalId, SignalId, Verdict
from coxswain.views.sentences import sentence
from coxswain.views.subjects import Subjects
from coxswain.views.times import utc

WINDOW = 10_000
DROPPED_AT_ONCE = 1_000
"""The oldest, when the window is full."""


class AuditEntry(msgspec.Struct, frozen=True):
    id: str
    seq: int
    time: str
    """UTC, ISO 8601."""
    signal_id: SignalId | None
    action: str
    rationale: str
    result: str
    metadata: dict[str, str]
    """Whom and what it concerns; of a plan, each account's verdict."""


class AuditLog:
    """Folds decisions and their results."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []
        self._journal_id = JournalId("")
        self._subjects = Subjects()

    def apply(self, record: Record) -> None:
        for index, event in enumerate(record.events):
            if isinstance(event, ev.EngineConfigured):
                self._journal_id = event.journal_id
            signal_id = self._subjects.of(event).signal_id
            decision = _DECISIONS.get(type(event))
            if decision is not None:
                action, why = decision
                entry_id, time = f"{self._journal_id}-{record.seq}-{index}", utc(record.now_ns)
                self._enter(
                    AuditEntry(
                        entry_id, record.seq, time, signal_id, action, why(event), sentence(event), _metadata(event)
                    )
                )

    def tail(self, n: int) -> list[AuditEntry]:
        """Return the newest `n` entries of the window, oldest first."""
        return self._entries[-n:] if n > 0 else []

    def _enter(self, entry: AuditEntry) -> None:
        self._entries.append(entry)
        if len(self._entries) > WINDOW:
            del self._entries[:DROPPED_AT_ONCE]


def _metadata(event: ev.Event) -> dict[str, str]:
    if isinstance(event, ev.PlanProposed):
        return {
            assignment.account: f"SEND {assignment.qty:f}"
            if assignment.verdict is Verdict.SEND
            else f"SKIP {'; '.join(reason(check) for check in assignment.checks if not check.passed)}"
            for assignment in event.plan.assignments
        }
    source = event.intent if isinstance(event, ev.OrderCreated | ev.OrderDenied | ev.OrderAdopted) else event
    found = {name: getattr(source, name, None) for name in ("account", "symbol", "side", "role", "order_qty")}
    found |= {name: getattr(event, name, None) for name in ("cl_ord_id", "new_cl_ord_id", "exec_id", "break_id")}
    return {
        name: f"{value:f}" if isinstance(value, Decimal) else str(value)
        for name, value in found.items()
        if value is not None
    }


def _reasons(event: ev.SignalDenied | ev.OrderDenied | ev.RecoveryFailed) -> str:
    return "; ".join(event.reasons)


def _checks(event: ev.OrderCreated | ev.RecoveryAssigned | ev.ReplaceRequested) -> str:
    return f"every check passed: {', '.join(check.code for check in event.checks)}"


def _busted(event: ev.FillBusted) -> str:
    return f"it is {event.belongs_to}" if event.belongs_to else "the venue took a fill back"


def _reason(event: Any) -> str:
    return str(event.reason)


# What makes an event an entry: the action's name, and where its rationale stands.
_DECISIONS: dict[type, tuple[str, Callable[[Any], str]]] = {
    ev.EngineConfigured: ("ENGINE_STARTED", lambda e: f"mode {e.setup.mode}"),
    ev.LiveConfirmed: ("LIVE_CONFIRMED", lambda e: f"real money is traded on {', '.join(e.accounts)}"),
    ev.LeaseLost: ("LEASE_LOST", lambda e: e.holder),
    ev.LeaseAdopted: ("LEASE_ADOPTED", _reason),
    ev.EngineStopped: ("ENGINE_STOPPED", _reason),
    ev.InputSkipped: ("INPUT_SKIPPED", _reason),
    ev.InputPassedOver: ("INPUT_PASSED_OVER", lambda e: f"skipped as record {e.seq}"),
    ev.AccountStateChanged: ("ACCOUNT_STATE", _reason),
    ev.SignalAccepted: ("SIGNAL_RECEIVED", lambda e: e.signal.reason),
    ev.SignalDuplicated: ("SIGNAL_DUPLICATED", lambda e: "the id is known, with the same body"),
    ev.SignalDenied: ("SIGNAL_DENIED", _reasons),
    ev.PlanProposed: ("PLAN_PROPOSED", lambda e: e.plan.rationale),
    ev.PlanApproved: ("PLAN_APPROVED", lambda e: f"by {e.by}"),
    ev.RecoveryAssigned: ("RECOVERY_ASSIGNED", _checks),
    ev.RecoveryFailed: ("RECOVERY_FAILED", _reasons),
    ev.CompletionScheduled: ("COMPLETION_SCHEDULED", lambda e: f"attempt {e.attempt} for the rest of {e.qty:f}"),
    ev.CompletionEnded: ("COMPLETION_ENDED", _reason),
    ev.AssignmentWithdrawn: ("ASSIGNMENT_WITHDRAWN", _reason),
    ev.OrderDenied: ("ORDER_DENIED", _reasons),
    ev.OrderCreated: ("ORDER_SUBMITTED", _checks),
    ev.OrderFilled: ("ORDER_FILLED", lambda e: "the venue reported a fill"),
    ev.FillBusted: ("FILL_BUSTED", _busted),
    ev.FillCorrected: ("FILL_CORRECTED", lambda e: "the venue changed a fill"),
    ev.OrderRejected: ("ORDER_REJECTED", _reason),
    ev.OrderCanceled: ("ORDER_CANCELLED", _reason),
    ev.OrderExpired: ("ORDER_EXPIRED", lambda e: "its time in force ended"),
    ev.CancelRequested: ("CANCEL_REQUESTED", _reason),
    ev.CancelRefused: ("CANCEL_REFUSED", _reason),
    ev.ReplaceRequested: ("REPLACE_REQUESTED", _checks),
    ev.OrderReplaced: ("ORDER_MODIFIED", lambda e: "the venue confirmed the change"),
    ev.ReplaceRefused: ("REPLACE_REFUSED", _reason),
    ev.RenewalAsked: ("RENEWAL_ASKED", lambda e: f"to {e.order_qty:f}, as a new order"),
    ev.RenewalEnded: ("RENEWAL_ENDED", _reason),
    ev.OutcomeUnknown: ("ORDER_UNKNOWN", _reason),
    ev.OutcomeResolved: ("UNKNOWN_RESOLVED", lambda e: e.how),
    ev.SettlementAsked: ("SETTLEMENT_ASKED", lambda e: f"{e.settled_as} by {e.actor}: {e.reason}"),
    ev.OrderSettled: ("ORDER_SETTLED", lambda e: f"{e.settled_as} by {e.actor}: {e.reason}"),
    ev.OrderFoundShort: ("ORDER_FOUND_SHORT", lambda e: f"{e.theirs:f} filled there, {e.ours:f} listed"),
    ev.OrderResent: ("ORDER_RESENT", lambda e: "the venue proved not to have it"),
    ev.ReportQuarantined: ("REPORT_QUARANTINED", _reason),
    ev.IncidentRaised: ("INCIDENT", lambda e: e.detail),
    ev.ProtectionLevelsSet: ("PROTECTION_SET", lambda e: f"signal {e.signal_id}"),
    ev.StopTrailed: ("STOP_TRAILED", lambda e: f"to {e.stop_px:f}, after the market"),
    ev.SurplusFound: ("SURPLUS_FOUND", lambda e: f"{e.qty:f} opened by an order that was to reduce"),
    ev.LessAtVenue: ("LESS_AT_VENUE", lambda e: f"{e.theirs:f} there, {e.ours:f} here"),
    ev.ProtectionFailed: ("PROTECTION_FAILED", _reason),
    ev.ExitStarted: ("EXIT_STARTED", lambda e: e.reason or f"signal {e.signal_id}"),
    ev.ExitRefused: ("EXIT_REFUSED", _reason),
    ev.ExitEnded: ("EXIT_ENDED", _reason),
    ev.BreakFound: ("BREAK_FOUND", lambda e: e.kind),
    ev.ResolutionChosen: ("RESOLUTION_CHOSEN", lambda e: f"{e.resolution} by {e.actor}: {e.reason}"),
    ev.ResolutionRefused: ("RESOLUTION_REFUSED", _reason),
    ev.PositionAdopted: ("POSITION_ADOPTED", lambda e: f"{e.qty:f} at a cost of {e.cost:f}"),
    ev.BalanceAdjusted: ("BALANCE_ADJUSTED", _reason),
    ev.CashExplained: ("CASH_EXPLAINED", lambda e: f"{e.movement.kind} of {e.movement.amount:+f} is in it already"),
    ev.CashBooked: ("CASH_BOOKED", lambda e: f"{e.movement.kind} of {e.movement.amount:+f}"),
    ev.OrderAdopted: ("ORDER_ADOPTED", lambda e: "the venue worked it, and we did not know it"),
    ev.BreakClosed: ("BREAK_CLOSED", lambda e: e.resolution),
}
