"""`evolve`: the only writer of the state. One function for each event, in one table.

An event states results; the functions here store them and assert that they agree with what is stored. No rule and no
request belongs here: folding a journal must never decide again.
"""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core.order import InvariantViolation, Order, Replacement, held_qty
from coxswain.core.params import NS_PER_MS, AccountParams, DeskParams, seconds_ns
from coxswain.core.state import (
    Account,
    Deadlines,
    Exit,
    PlanState,
    Position,
    Share,
    State,
    find_order,
    share_of,
    strictest,
)
from coxswain.core.sums import (
    compare_later,
    count_unknown,
    forget,
    key,
    occupy,
    position_of,
    remark,
    remember,
    settle,
    watch,
)
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.market import Quote, is_sane
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    OrdStatus,
    Role,
    SignalId,
    SignalKind,
    TradingState,
    Verdict,
)

HALTING = ("NOT_CONFIGURED", "CORE_FAILURE")
"""Causes under which nothing may leave; under all others what reduces still may."""


def evolve(state: State, clock: Deadlines, event: ev.Event) -> None:
    """Make `event` a fact. Raises `InvariantViolation` when it contradicts what is stored."""
    TABLE[type(event)](state, clock, event)


def evolve_quote(state: State, quote: Quote) -> None:
    """Take over a stepped quote: it concerns the accounts that hold the instrument, and no other."""
    state.quotes[quote.symbol] = quote
    if not is_sane(quote):
        return  # it is kept for the checks to see, and nothing is worth what it says
    for account_id in state.holders.get(quote.symbol, ()):
        account = state.accounts[account_id]
        remark(state, account, account.positions[quote.symbol])


# --- the engine and its facts -----------------------------------------------------------------------------------------


def _engine_configured(state: State, clock: Deadlines, event: ev.EngineConfigured) -> None:
    setup = event.setup
    state.journal_id, state.seed, state.setup, state.stopped = event.journal_id, event.seed, setup, False
    state.desk = DeskParams(**{k: v for k, v in setup.settings.items() if k in DeskParams.__struct_fields__})
    state.instruments = {instrument.symbol: instrument for instrument in setup.instruments}
    state.pairs = {f"{i.base_currency}/{i.currency}": i.symbol for i in setup.instruments if i.base_currency}
    for instrument in setup.instruments:
        state.sessions.setdefault(instrument.symbol, not instrument.sessions)
    for pair in setup.correlations:
        _correlate(state, pair.account, pair.other, pair.rho)
    _configure_accounts(state, setup)


def _configure_accounts(state: State, setup: Setup) -> None:
    tiers = {venue.id: venue.capabilities.tier for venue in setup.venues}
    for spec in setup.accounts:
        resolved = {**setup.settings, **spec.limits}
        limits = {k: v for k, v in resolved.items() if k in AccountParams.__struct_fields__}
        account = state.accounts.get(spec.id)
        if account is None:
            state.accounts[spec.id] = Account(spec, AccountParams(**limits), tiers[spec.venue])
        else:
            account.spec, account.params, account.tier = spec, AccountParams(**limits), tiers[spec.venue]


def _engine_stopped(state: State, clock: Deadlines, event: ev.EngineStopped) -> None:
    state.stopped = True


def _session_set(state: State, clock: Deadlines, event: ev.SessionSet) -> None:
    for symbol in event.symbols:
        state.sessions[symbol] = event.is_open


def _correlation_set(state: State, clock: Deadlines, event: ev.CorrelationSet) -> None:
    _correlate(state, event.account, event.other, event.rho)


def _correlate(state: State, account: AccountId, other: AccountId, rho: Decimal) -> None:
    state.correlations.setdefault(account, {})[other] = rho
    state.correlations.setdefault(other, {})[account] = rho


# --- accounts ---------------------------------------------------------------------------------------------------------


def _account_state_changed(state: State, clock: Deadlines, event: ev.AccountStateChanged) -> None:
    account = state.accounts[event.account]
    if event.active:
        account.causes[event.cause] = state_under(event.cause)
    else:
        account.causes.pop(event.cause, None)
    account.state = strictest(account.causes.values())
    if event.cause == "UNRECONCILED":
        account.reconciled = not event.active
    if account.state is not event.state:
        raise InvariantViolation(f"state {account.state} of {event.account} does not agree with {event}")


def state_under(cause: str) -> TradingState:
    return TradingState.HALTED if cause in HALTING else TradingState.REDUCING


def _day_started(state: State, clock: Deadlines, event: ev.DayStarted) -> None:
    account = state.accounts[event.account]
    account.day, account.day_balance, account.anchor = event.day, event.balance, event.anchor
    account.day_realized = ZERO


def _balance_adopted(state: State, clock: Deadlines, event: ev.BalanceAdopted) -> None:
    account = state.accounts[event.account]
    account.balance, account.reconciled_ns = event.balance, event.as_of_ns


# --- signals and plans ------------------------------------------------------------------------------------------------


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
    share = _share(state, event.signal_id, event.account)
    share.waiting_qty, share.attempts = event.qty, event.attempt
    clock.set(key("completion", event.account, event.signal_id), event.due_ns)
    _position_of_plan(state, event.signal_id, event.account).waiting[event.signal_id] = None


def _completion_ended(state: State, clock: Deadlines, event: ev.CompletionEnded) -> None:
    share = _share(state, event.signal_id, event.account)
    share.waiting_qty, share.over = ZERO, True
    _stop_waiting(state, clock, event.signal_id, event.account)


def _release_postponed(state: State, clock: Deadlines, event: ev.ReleasePostponed) -> None:
    clock.set(key("release", event.account, event.signal_id), event.due_ns)


def _assignment_withdrawn(state: State, clock: Deadlines, event: ev.AssignmentWithdrawn) -> None:
    share = _share(state, event.signal_id, event.account)
    share.released = share.over = True
    _stop_waiting(state, clock, event.signal_id, event.account)


def _stop_waiting(state: State, clock: Deadlines, signal_id: SignalId, account_id: AccountId) -> None:
    clock.clear(key("release", account_id, signal_id))
    clock.clear(key("completion", account_id, signal_id))
    _position_of_plan(state, signal_id, account_id).waiting.pop(signal_id, None)
    share = _share(state, signal_id, account_id)
    state.accounts[account_id].planned_risk -= share.planned_risk
    share.planned_risk = ZERO


def _position_of_plan(state: State, signal_id: SignalId, account_id: AccountId) -> Position:
    return position_of(state.accounts[account_id], state.plans[signal_id].plan.symbol)


def _nothing(state: State, clock: Deadlines, event: ev.Event) -> None:
    """The fact is the event itself; nothing that decides reads it."""


# --- orders -----------------------------------------------------------------------------------------------------------


def _order_denied(state: State, clock: Deadlines, event: ev.OrderDenied) -> None:
    _leave_the_queue(state, clock, event.intent)


def _order_created(state: State, clock: Deadlines, event: ev.OrderCreated) -> None:
    intent = event.intent
    account = state.accounts[intent.account]
    order = Order(
        event.cl_ord_id,
        event.cl_ord_id,
        intent,
        intent.order_qty,
        intent.price,
        intent.stop_px,
        event.margin_per_lot,
        event.risk_per_lot,
        state.now_ns,
        event.enters,
        event.watched,
        dies_ns=event.dies_ns or 0,
    )
    account.orders[order.cl_ord_id] = order
    account.open_orders[order.cl_ord_id] = None
    account.order_count += 1
    position = position_of(account, intent.symbol)
    _leave_the_queue(state, clock, intent)
    if order.enters:
        position.entering[order.cl_ord_id] = None
    elif intent.role is Role.STOP:
        position.stop_id = order.cl_ord_id
    elif intent.role is Role.TARGET:
        position.target_id = order.cl_ord_id
    elif position.exit is not None and intent.role is Role.EXIT:
        position.exit.order_id = order.cl_ord_id
    settle(state, clock, account, order, ZERO, ZERO)
    clock.set(key("submit", intent.account, order.cl_ord_id), event.submit_by_ns)
    compare_later(state, clock, intent.account)
    if intent.role is Role.COMPLETION:
        watch(state, clock, order, state.desk.completion_timeout_s)
    elif intent.role is Role.EXIT:
        watch(state, clock, order, state.desk.monitor_timeout_s)


def _leave_the_queue(state: State, clock: Deadlines, intent: OrderIntent) -> None:
    """What was waiting for its release is not waiting any more, sent or denied."""
    if intent.role is Role.DIRECT:
        state.direct_ids[intent.signal_id] = None
        return
    share = share_of(state, intent.signal_id, intent.account)
    if share is None:
        return
    if intent.role in (Role.ENTRY, Role.RECOVERY):
        share.released = True
    elif intent.role is Role.COMPLETION:
        share.waiting_qty = ZERO
    else:
        return
    _stop_waiting(state, clock, intent.signal_id, intent.account)


def _order_accepted(state: State, clock: Deadlines, event: ev.OrderAccepted) -> None:
    _, order = _order(state, event.account, event.cl_ord_id)
    machine.accept(order, event.venue_order_id)
    clock.clear(key("submit", event.account, order.cl_ord_id))


def _order_filled(state: State, clock: Deadlines, event: ev.OrderFilled) -> None:
    account = state.accounts[event.account]
    account.exec_ids[event.exec_id] = None
    account.rates[state.instruments[event.symbol].currency] = event.fx_rate
    remember(state, position_of(account, event.symbol), event)
    order = None if event.suspense else find_order(account, event.cl_ord_id)
    if order is None:
        return
    cum_qty, held = order.cum_qty, held_qty(order)
    was_known = order.outcome_known
    machine.fill(order, event.last_qty, event.last_px, event.commission, state.now_ns)
    if order.cum_qty != event.cum_qty:
        raise InvariantViolation(f"cum_qty {order.cum_qty} of {order.cl_ord_id} does not agree with {event}")
    count_unknown(account, order, was_known)
    clock.clear(key("submit", event.account, order.cl_ord_id))
    settle(state, clock, account, order, cum_qty, held)
    # A stop that has begun to fill was triggered, and is meant to fill at once as well.
    at_once = order.watched or order.intent.role is Role.STOP
    if at_once and not machine.is_done(order) and not order.cancel_wanted:
        watch(state, clock, order, state.desk.monitor_timeout_s)


def _order_rejected(state: State, clock: Deadlines, event: ev.OrderRejected) -> None:
    _end(state, clock, event.account, event.cl_ord_id, OrdStatus.REJECTED)


def _order_canceled(state: State, clock: Deadlines, event: ev.OrderCanceled) -> None:
    _end(state, clock, event.account, event.cl_ord_id, OrdStatus.CANCELED)


def _order_expired(state: State, clock: Deadlines, event: ev.OrderExpired) -> None:
    _end(state, clock, event.account, event.cl_ord_id, OrdStatus.EXPIRED)


def _end(state: State, clock: Deadlines, account_id: AccountId, cl_ord_id: ClOrdId, ended_as: OrdStatus) -> None:
    account, order = _order(state, account_id, cl_ord_id)
    cum_qty, held = order.cum_qty, held_qty(order)
    was_known = order.outcome_known
    machine.end(order, ended_as)
    count_unknown(account, order, was_known)
    settle(state, clock, account, order, cum_qty, held)


def _order_restated(state: State, clock: Deadlines, event: ev.OrderRestated) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    cum_qty, held = order.cum_qty, held_qty(order)
    was_known = order.outcome_known
    machine.reprice(order, event.price, event.stop_px)
    machine.restate(order, event.order_qty, event.transact_time_ns)
    count_unknown(account, order, was_known)
    clock.clear(key("submit", event.account, order.cl_ord_id))
    settle(state, clock, account, order, cum_qty, held)


def _cancel_requested(state: State, clock: Deadlines, event: ev.CancelRequested) -> None:
    _, order = _order(state, event.account, event.cl_ord_id)
    machine.ask_cancel(order, state.now_ns)
    clock.clear(key("monitor", event.account, order.cl_ord_id))
    clock.set(key("cancel", event.account, order.cl_ord_id), event.answer_by_ns)


def _cancel_refused(state: State, clock: Deadlines, event: ev.CancelRefused) -> None:
    _, order = _order(state, event.account, event.cl_ord_id)
    machine.refuse_cancel(order)
    clock.clear(key("cancel", event.account, order.cl_ord_id))
    # It is still wanted: asked for again when the venue has had time to think better of it.
    clock.set(key("monitor", event.account, order.cl_ord_id), state.now_ns + seconds_ns(state.desk.cancel_timeout_s))


def _replace_requested(state: State, clock: Deadlines, event: ev.ReplaceRequested) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    held = held_qty(order)
    asked = Replacement(event.new_cl_ord_id, event.order_qty, event.price, event.stop_px)
    machine.ask_replace(order, asked, state.now_ns)
    account.former_ids[event.new_cl_ord_id] = order.cl_ord_id
    account.order_count += 1
    clock.set(key("replace", event.account, order.cl_ord_id), event.answer_by_ns)
    settle(state, clock, account, order, order.cum_qty, held)


def _order_replaced(state: State, clock: Deadlines, event: ev.OrderReplaced) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    held = held_qty(order)
    was_known = order.outcome_known
    machine.replaced(order, event.new_cl_ord_id, event.order_qty, event.transact_time_ns)
    count_unknown(account, order, was_known)
    clock.clear(key("submit", event.account, order.cl_ord_id))
    if order.replace_pending is None:
        clock.clear(key("replace", event.account, order.cl_ord_id))
    settle(state, clock, account, order, order.cum_qty, held)


def _replace_refused(state: State, clock: Deadlines, event: ev.ReplaceRefused) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    held = held_qty(order)
    machine.refuse_replace(order, by_venue=event.by_venue)
    clock.clear(key("replace", event.account, order.cl_ord_id))
    settle(state, clock, account, order, order.cum_qty, held)


# --- what we do not know ----------------------------------------------------------------------------------------------


def _outcome_unknown(state: State, clock: Deadlines, event: ev.OutcomeUnknown) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    was_known = order.outcome_known
    machine.lose_sight(order)
    count_unknown(account, order, was_known)
    for kind in ("submit", "cancel", "replace"):
        clock.clear(key(kind, event.account, order.cl_ord_id))


def _question_asked(state: State, clock: Deadlines, event: ev.QuestionAsked) -> None:
    clock.set(key("query", event.account, event.cl_ord_id), event.answer_by_ns)


def _absence_noted(state: State, clock: Deadlines, event: ev.AbsenceNoted) -> None:
    _, order = _order(state, event.account, event.cl_ord_id)
    machine.see_nothing(order, event.looks, event.looked_ns)
    clock.set(key("query", event.account, order.cl_ord_id), event.ask_again_ns)


def _outcome_resolved(state: State, clock: Deadlines, event: ev.OutcomeResolved) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    was_known = order.outcome_known
    machine.regain_sight(order)
    count_unknown(account, order, was_known)
    clock.clear(key("query", event.account, order.cl_ord_id))


def _order_resent(state: State, clock: Deadlines, event: ev.OrderResent) -> None:
    account, order = _order(state, event.account, event.cl_ord_id)
    was_known = order.outcome_known
    machine.resend(order)
    count_unknown(account, order, was_known)
    clock.clear(key("query", event.account, order.cl_ord_id))
    clock.set(key("submit", event.account, order.cl_ord_id), event.submit_by_ns)


# --- positions and protection -----------------------------------------------------------------------------------------


def _position_changed(state: State, clock: Deadlines, event: ev.PositionChanged) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    if account.balance is not None:
        account.balance = event.balance
    account.day_realized += event.realized - event.commission
    account.used_margin += event.margin - position.margin
    account.open_risk += event.risk - position.risk
    position.qty, position.cost = event.qty, event.cost
    position.margin, position.risk = event.margin, event.risk
    if event.closed:
        position.stop_px = position.target_px = position.levels_from = None
        position.leg_failed_ns.clear()
    holders = state.holders.setdefault(event.symbol, {})
    if position.qty:
        holders[event.account] = None
    else:
        holders.pop(event.account, None)
    remark(state, account, position)
    occupy(account, position)
    compare_later(state, clock, event.account)


def _protection_levels_set(state: State, clock: Deadlines, event: ev.ProtectionLevelsSet) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    position.stop_px, position.target_px = event.stop_px, event.target_px
    position.leg_failed_ns.clear()
    position.levels_from = event.signal_id
    account.open_risk += event.risk - position.risk
    position.risk = event.risk


def _protection_failed(state: State, clock: Deadlines, event: ev.ProtectionFailed) -> None:
    if event.leg is not None:
        position_of(state.accounts[event.account], event.symbol).leg_failed_ns[event.leg] = state.now_ns


def _exit_started(state: State, clock: Deadlines, event: ev.ExitStarted) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    position.exit = Exit(event.signal_id, event.qty, position.qty > 0)


def _exit_ended(state: State, clock: Deadlines, event: ev.ExitEnded) -> None:
    position_of(state.accounts[event.account], event.symbol).exit = None


# --- reconciliation ---------------------------------------------------------------------------------------------------


def _comparison_asked(state: State, clock: Deadlines, event: ev.ComparisonAsked) -> None:
    state.accounts[event.account].asked_ns = state.now_ns
    clock.set(key("sync", event.account), event.answer_by_ns)


def _reconciled(state: State, clock: Deadlines, event: ev.Reconciled) -> None:
    account = state.accounts[event.account]
    account.reconciled_ns = event.as_of_ns
    for position in account.positions.values():
        settled = sum(1 for fill in position.recent if fill.transact_time_ns < event.as_of_ns)
        if settled:
            forget(state, position, settled)
    clock.clear(key("sync", event.account))
    if account.open_orders or account.open_positions:
        compare_later(state, clock, event.account)


def _break_found(state: State, clock: Deadlines, event: ev.BreakFound) -> None:
    account = state.accounts[event.account]
    account.breaks[event.break_id] = event
    compare_later(state, clock, event.account)
    if event.symbol is not None:
        position_of(account, event.symbol).breaks += 1


def _break_closed(state: State, clock: Deadlines, event: ev.BreakClosed) -> None:
    account = state.accounts[event.account]
    found = account.breaks.pop(event.break_id)
    if found.symbol is not None:
        position_of(account, found.symbol).breaks -= 1


def _order(state: State, account_id: AccountId, cl_ord_id: ClOrdId) -> tuple[Account, Order]:
    account = state.accounts[account_id]
    order = find_order(account, cl_ord_id)
    if order is None:
        raise InvariantViolation(f"no order {cl_ord_id} on {account_id}")
    return account, order


def _share(state: State, signal_id: SignalId, account_id: AccountId) -> Share:
    share = share_of(state, signal_id, account_id)
    if share is None:
        raise InvariantViolation(f"{account_id} has no share in the plan of {signal_id}")
    return share


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.EngineConfigured: _engine_configured,
    ev.EngineStopped: _engine_stopped,
    ev.SessionSet: _session_set,
    ev.CorrelationSet: _correlation_set,
    ev.AccountStateChanged: _account_state_changed,
    ev.DayStarted: _day_started,
    ev.BalanceAdopted: _balance_adopted,
    ev.SignalAccepted: _signal_accepted,
    ev.SignalDuplicated: _nothing,
    ev.SignalDenied: _nothing,
    ev.PlanProposed: _plan_proposed,
    ev.PlanApproved: _plan_approved,
    ev.RecoveryAssigned: _recovery_assigned,
    ev.RecoveryFailed: _recovery_failed,
    ev.CompletionScheduled: _completion_scheduled,
    ev.CompletionEnded: _completion_ended,
    ev.ReleasePostponed: _release_postponed,
    ev.AssignmentWithdrawn: _assignment_withdrawn,
    ev.OrderDenied: _order_denied,
    ev.OrderCreated: _order_created,
    ev.OrderAccepted: _order_accepted,
    ev.OrderFilled: _order_filled,
    ev.OrderRejected: _order_rejected,
    ev.OrderCanceled: _order_canceled,
    ev.OrderExpired: _order_expired,
    ev.OrderRestated: _order_restated,
    ev.CancelRequested: _cancel_requested,
    ev.CancelRefused: _cancel_refused,
    ev.ReplaceRequested: _replace_requested,
    ev.OrderReplaced: _order_replaced,
    ev.ReplaceRefused: _replace_refused,
    ev.OutcomeUnknown: _outcome_unknown,
    ev.QuestionAsked: _question_asked,
    ev.AbsenceNoted: _absence_noted,
    ev.OutcomeResolved: _outcome_resolved,
    ev.OrderResent: _order_resent,
    ev.ReportQuarantined: _nothing,
    ev.IncidentRaised: _nothing,
    ev.PositionChanged: _position_changed,
    ev.ProtectionLevelsSet: _protection_levels_set,
    ev.ProtectionFailed: _protection_failed,
    ev.ExitStarted: _exit_started,
    ev.ExitEnded: _exit_ended,
    ev.ComparisonAsked: _comparison_asked,
    ev.Reconciled: _reconciled,
    ev.BreakFound: _break_found,
    ev.BreakClosed: _break_closed,
}
