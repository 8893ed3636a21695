"""Signals, plans and shares become facts, and their deadlines are set."""

from collections.abc import Callable

import msgspec

from coxswain.core.contingent import follows
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.archive import look_later
from coxswain.core.evolve.shared import leave_the_pace, nothing, position_of_plan, share_for, stop_waiting
from coxswain.core.params import NS_PER_MS
from coxswain.core.shares import PlanState, Share
from coxswain.core.state import State, root_of
from coxswain.core.sums import (
    key,
    position_of,
)
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain, round_up
from coxswain.model.vocabulary import (
    AccountId,
    SignalId,
    SignalKind,
    Verdict,
)


def _signal_accepted(state: State, clock: Deadlines, event: ev.SignalAccepted) -> None:
    state.signals[event.signal.id] = event.signal


def _plan_proposed(state: State, clock: Deadlines, event: ev.PlanProposed) -> None:
    signal_id = event.plan.signal_id
    root = root_of(state, signal_id)
    if root != signal_id:
        state.hanging.setdefault(root, []).append(signal_id)
    elif signal_id not in state.plans and signal_id not in state.direct_ids:
        look_later(state, signal_id)
    state.plans[signal_id] = PlanState(event.plan)


def _plan_approved(state: State, clock: Deadlines, event: ev.PlanApproved) -> None:
    plan = state.plans[event.signal_id]
    approved = plan.plan.assignments if event.assignments is None else event.assignments
    _asked_no_more(state, clock, event.signal_id, tuple(assignment.account for assignment in approved))
    if plan.plan.kind is not SignalKind.ENTRY or state.signals[event.signal_id].legs:
        return  # the legs of a spread have plans of their own
    for assignment in approved:
        account = state.accounts[assignment.account]
        if assignment.credit is not None:
            account.credits[plan.plan.symbol] = assignment.credit
        if assignment.turns is not None:
            account.turns[plan.plan.symbol] = assignment.turns
        if assignment.verdict is Verdict.SEND:
            plan.shares[assignment.account] = Share(
                assignment.qty, planned_risk=assignment.risk, planned_margin=assignment.margin
            )
            state.accounts[assignment.account].planned_margin += assignment.margin
            state.accounts[assignment.account].planned_risk += assignment.risk
            plan.total += assignment.qty
            due_ns = state.now_ns + assignment.delay_ms * NS_PER_MS
            if not follows(state, event.signal_id):
                clock.set(key("release", assignment.account, event.signal_id), due_ns)
            position_of(state.accounts[assignment.account], plan.plan.symbol).waiting[event.signal_id] = None


def _approval_awaited(state: State, clock: Deadlines, event: ev.ApprovalAwaited) -> None:
    state.plans[event.signal_id].asking.update(dict.fromkeys(event.accounts))
    state.awaiting[event.signal_id] = None
    clock.set(key("approval", "", event.signal_id), event.expires_ns)


def _plan_modified(state: State, clock: Deadlines, event: ev.PlanModified) -> None:
    plan = state.plans[event.signal_id]
    changed = {assignment.account: assignment for assignment in event.assignments}
    assignments = tuple(changed.get(assignment.account, assignment) for assignment in plan.plan.assignments)
    plan.plan = msgspec.structs.replace(plan.plan, assignments=assignments)


def _plan_rejected(state: State, clock: Deadlines, event: ev.PlanRejected | ev.PlanExpired) -> None:
    _asked_no_more(state, clock, event.signal_id, event.accounts)


def _asked_no_more(state: State, clock: Deadlines, signal_id: SignalId, accounts: tuple[AccountId, ...]) -> None:
    """Forget that these accounts' shares wait for a person, and the plan with the last of them."""
    asking = state.plans[signal_id].asking
    for account_id in accounts:
        asking.pop(account_id, None)
    if not asking and signal_id in state.awaiting:
        del state.awaiting[signal_id]
        clock.clear(key("approval", "", signal_id))


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
    leave_the_pace(state, clock, event.signal_id, event.account)
    clock.set(key("release", event.account, event.signal_id), event.due_ns)
    if event.reason:
        state.accounts[event.account].kept_back[event.signal_id] = None


def _second_order_due(state: State, clock: Deadlines, event: ev.SecondOrderDue) -> None:
    plan, share = state.plans[event.signal_id], share_for(state, event.signal_id, event.account)
    plan.total = plain(plan.total + event.qty - share.qty)
    risk = round_up(share.planned_risk * event.qty / share.qty)
    state.accounts[event.account].planned_risk += risk - share.planned_risk
    share.qty, share.planned_risk, share.due_ns = event.qty, risk, event.due_ns
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
    ev.ApprovalAwaited: _approval_awaited,
    ev.PlanModified: _plan_modified,
    ev.PlanRejected: _plan_rejected,
    ev.PlanExpired: _plan_rejected,
    ev.RecoveryAssigned: _recovery_assigned,
    ev.RecoveryFailed: _recovery_failed,
    ev.CompletionScheduled: _completion_scheduled,
    ev.CompletionEnded: _completion_ended,
    ev.ReleasePostponed: _release_postponed,
    ev.SecondOrderDue: _second_order_due,
    ev.AssignmentWithdrawn: _assignment_withdrawn,
}
