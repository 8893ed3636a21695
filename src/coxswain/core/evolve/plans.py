"""Signals, plans and shares become facts, and their deadlines are set."""

from collections.abc import Callable

from coxswain.core.evolve.shared import nothing, position_of_plan, share_for, stop_waiting
from coxswain.core.params import NS_PER_MS
from coxswain.core.state import (
    Deadlines,
    PlanState,
    Share,
    State,
)
from coxswain.core.sums import (
    key,
    position_of,
)
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    SignalKind,
    Verdict,
)


def _signal_accepted(state: State, clock: Deadlines, event: ev.SignalAccepted) -> None:
    state.signals[event.signal.id] = event.signal


def _plan_proposed(state: State, clock: Deadlines, event: ev.PlanProposed) -> None:
    state.plans[event.plan.signal_id] = PlanState(event.plan)


def _plan_approved(state: State, clock: Deadlines, event: ev.PlanApproved) -> None:
    plan = state.plans[event.signal_id]
    if plan.plan.kind is not SignalKind.ENTRY:
        return
    for assignment in plan.plan.assignments:
        if assignment.verdict is Verdict.SEND:
            plan.shares[assignment.account] = Share(assignment.qty, planned_risk=assignment.risk)
            state.accounts[assignment.account].planned_risk += assignment.risk
            plan.total += assignment.qty
            due_ns = state.now_ns + assignment.delay_ms * NS_PER_MS
            clock.set(key("release", assignment.account, event.signal_id), due_ns)
            position_of(state.accounts[assignment.account], plan.plan.symbol).waiting[event.signal_id] = None


def _recovery_assigned(state: State, clock: Deadlines, event: ev.RecoveryAssigned) -> None:
    plan = state.plans[event.signal_id]
    plan.shares[event.account] = Share(event.qty, recovery=True)
    plan.recovered[event.failed] = None


def _recovery_failed(state: State, clock: Deadlines, event: ev.RecoveryFailed) -> None:
    state.plans[event.signal_id].recovered[event.failed] = None


def _completion_scheduled(state: State, clock: Deadlines, event: ev.CompletionScheduled) -> None:
    share = share_for(state, event.signal_id, event.account)
    share.waiting_qty, share.attempts = event.qty, event.attempt
    clock.set(key("completion", event.account, event.signal_id), event.due_ns)
    position_of_plan(state, event.signal_id, event.account).waiting[event.signal_id] = None


def _completion_ended(state: State, clock: Deadlines, event: ev.CompletionEnded) -> None:
    share = share_for(state, event.signal_id, event.account)
    share.waiting_qty, share.over = ZERO, True
    stop_waiting(state, clock, event.signal_id, event.account)


def _release_postponed(state: State, clock: Deadlines, event: ev.ReleasePostponed) -> None:
    clock.set(key("release", event.account, event.signal_id), event.due_ns)


def _assignment_withdrawn(state: State, clock: Deadlines, event: ev.AssignmentWithdrawn) -> None:
    share = share_for(state, event.signal_id, event.account)
    share.released = share.over = True
    stop_waiting(state, clock, event.signal_id, event.account)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.SignalAccepted: _signal_accepted,
    ev.SignalDuplicated: nothing,
    ev.SignalDenied: nothing,
    ev.PlanProposed: _plan_proposed,
    ev.PlanApproved: _plan_approved,
    ev.RecoveryAssigned: _recovery_assigned,
    ev.RecoveryFailed: _recovery_failed,
    ev.CompletionScheduled: _completion_scheduled,
    ev.CompletionEnded: _completion_ended,
    ev.ReleasePostponed: _release_postponed,
    ev.AssignmentWithdrawn: _assignment_withdrawn,
}
