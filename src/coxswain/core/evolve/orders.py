"""An order's life becomes fact: holds move, deadlines are set and cleared."""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core.activity import note_cancel, note_failure, note_message, note_order, note_trade
from coxswain.core.contingent import beside, first_id
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.archive import look_later
from coxswain.core.evolve.breakers import count
from coxswain.core.evolve.shared import enter_order, leave_the_pace, order_of, stop_waiting
from coxswain.core.evolve.spreads import count_try, note_fill
from coxswain.core.exposure import attribute, value
from coxswain.core.order import InvariantViolation, Order, Replacement, held_qty
from coxswain.core.params import seconds_ns
from coxswain.core.position import KnownFill, Position
from coxswain.core.shares import Parent
from coxswain.core.state import Account, State, find_order, parent_of, share_of, strategy_of
from coxswain.core.sums import (
    booking_of,
    compare_later,
    count_unknown,
    is_trailed,
    key,
    position_of,
    remember,
    settle,
    watch,
)
from coxswain.messages import events as ev
from coxswain.model.breaker import BreakerKind
from coxswain.model.decimals import ONE, ZERO, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    COMPLETION,
    DIRECT,
    ENTRY,
    EXIT,
    GTD,
    PROTECTING_STOP,
    PROTECTING_TARGET,
    SIGN,
    AccountId,
    ClOrdId,
    OrdStatus,
    Role,
    TimeInForce,
)

OF_A_PARENT = (ENTRY, EXIT)
AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


def _order_denied(state: State, clock: Deadlines, event: ev.OrderDenied) -> None:
    parent = _parent_of_child(state, event.intent)
    count_try(state, state.accounts.get(event.intent.account), event.intent)
    if parent is None:
        _leave_the_queue(state, clock, event.intent)
    else:
        parent.refusals += 1


def _parent_of_child(state: State, intent: OrderIntent) -> Parent | None:
    """Return the parent that an order is a part of; protection of the same signal is none."""
    if intent.role not in OF_A_PARENT:
        return None
    return parent_of(state, intent.account, intent.signal_id)


def _order_created(state: State, clock: Deadlines, event: ev.OrderCreated) -> None:
    intent = event.intent
    account = state.accounts[intent.account]
    order = enter_order(state, event, enters=event.enters, watched=event.watched, dies_ns=event.dies_ns or 0)
    account.order_count += 1
    if account.spreads:
        count_try(state, account, intent)
    position = position_of(account, intent.symbol)
    parent = _parent_of_child(state, intent)
    note_order(state, account, position, event)
    if parent is None:
        _leave_the_queue(state, clock, intent)
    elif not parent.exits:
        parent.child, parent.has_sent = order.cl_ord_id, True
    if event.value_per_lot:
        value(state, account, position, event.value_per_lot)
    if order.enters and first_id(state, intent.signal_id) is not None:
        account.contingent.setdefault(intent.signal_id, []).append(order.cl_ord_id)
    if intent.role is PROTECTING_STOP:
        position.stop_id = order.cl_ord_id
    elif intent.role is PROTECTING_TARGET:
        position.target_id = order.cl_ord_id
    elif position.exit is not None and intent.role is EXIT:
        position.exit.order_id = order.cl_ord_id
    settle(state, clock, account, order, ZERO, ZERO)
    clock.set(key("submit", intent.account, order.cl_ord_id), event.submit_by_ns)
    compare_later(state, clock, intent.account)
    if intent.expire_time_ns is not None and intent.time_in_force is not GTD:
        clock.set(key("expire", intent.account, order.cl_ord_id), intent.expire_time_ns)
    if is_trailed(intent):
        state.trailing.setdefault(intent.symbol, {})[order.cl_ord_id] = intent.account
    if intent.role is COMPLETION:
        watch(state, clock, order, state.desk.completion_timeout_s)
    elif intent.role is EXIT:
        watch(state, clock, order, state.desk.monitor_timeout_s)


def _leave_the_queue(state: State, clock: Deadlines, intent: OrderIntent) -> None:
    """What was waiting for its release is not waiting any more, sent or denied."""
    if intent.role is DIRECT:
        if intent.signal_id not in state.plans and intent.signal_id not in state.direct_ids:
            look_later(state, intent.signal_id)
        state.direct_ids[intent.signal_id] = None
        leave_the_pace(state, clock, intent.signal_id, intent.account)
        return
    share = share_of(state, intent.signal_id, intent.account)
    if share is None:
        return
    if intent.role in (ENTRY, Role.RECOVERY):
        share.released = True
    elif intent.role is COMPLETION:
        share.waiting_qty = ZERO
    else:
        return
    stop_waiting(state, clock, intent.signal_id, intent.account)


def _order_accepted(state: State, clock: Deadlines, event: ev.OrderAccepted) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    machine.accept(order, event.venue_order_id)
    machine.hear_of(order, state.now_ns)
    account.venue_errors = 0
    clock.clear(key("submit", event.account, order.cl_ord_id))
    if _may_be_left(order) and not order.cancel_wanted:
        watch(state, clock, order, state.desk.monitor_timeout_s)


def _may_be_left(order: Order) -> bool:
    """It was asked for at market, so it is to trade at once; the limit that protects it may leave it resting."""
    return order.intent.protected and order.intent.time_in_force not in AT_ONCE


def _order_filled(state: State, clock: Deadlines, event: ev.OrderFilled) -> None:
    account = state.accounts[event.account]
    account.exec_ids[event.exec_id] = None
    account.rates[state.instruments[event.symbol].currency] = event.fx_rate
    position = position_of(account, event.symbol)
    booking = booking_of(event)
    remember(state, position, booking)
    if account.params.circuit_breaker_max_slippage_bps and event.slippage_bps is not None and event.slippage_bps > 0:
        count(state, account, BreakerKind.SLIPPAGE, event.slippage_bps)
    note_trade(state, account)
    value(state, account, position, event.last_px * state.instruments[event.symbol].contract_size * event.fx_rate)
    order = None if event.suspense else find_order(account, event.cl_ord_id)
    account.fills[event.exec_id] = KnownFill(
        booking, event.symbol, event.cl_ord_id, event.commission, order is not None
    )
    if order is None:
        return
    intent = order.intent
    share = share_of(state, intent.signal_id, event.account) if order.enters else None
    if share is not None and share.sliced:
        share.begun = True
    if account.spreads:
        note_fill(state, account, order, event)
    parent = _parent_of_fill(state, position, intent)
    if parent is not None:
        parent.cum_qty, parent.refusals = plain(parent.cum_qty + event.last_qty), 0
    cum_qty, held = order.cum_qty, held_qty(order)
    was_known = order.outcome_known
    machine.fill(order, event.last_qty, event.last_px, event.commission, state.now_ns, event.exec_id)
    machine.hear_of(order, state.now_ns)
    strategy = strategy_of(state, intent.signal_id) if order.enters else ""
    if strategy:
        position.strategies[strategy] = None
    if order.cum_qty != event.cum_qty:
        raise InvariantViolation(f"cum_qty {order.cum_qty} of {order.cl_ord_id} does not agree with {event}")
    count_unknown(account, order, was_known)
    if intent.strategy:
        attribute(position, intent.strategy, SIGN[event.side] * event.last_qty)
    settle(state, clock, account, order, cum_qty, held, filled=True)
    if machine.is_done(order):
        return
    clock.clear(key("submit", event.account, order.cl_ord_id))
    # A stop that has begun to fill was triggered, and is meant to fill at once as well.
    at_once = order.watched or _may_be_left(order) or intent.role is PROTECTING_STOP
    if at_once and not order.cancel_wanted:
        watch(state, clock, order, state.desk.monitor_timeout_s)


def _parent_of_fill(state: State, position: Position, intent: OrderIntent) -> Parent | None:
    """The target is a part of an exit while that stands in its place."""
    if intent.role is PROTECTING_TARGET:
        leaving = position.leaving
        return None if leaving is None or leaving.price is None else leaving
    return _parent_of_child(state, intent)


def _order_rejected(state: State, clock: Deadlines, event: ev.OrderRejected) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    parent = _parent_of_child(state, order.intent)
    if parent is not None:
        parent.refusals += 1
    note_failure(state, state.accounts[event.account])
    _end(state, clock, event.account, event.cl_ord_id, OrdStatus.REJECTED)
    account = state.accounts[event.account]
    account.venue_errors += 1
    if account.params.circuit_breaker_max_rejects:
        count(state, account, BreakerKind.REJECTS, ONE)


def _order_canceled(state: State, clock: Deadlines, event: ev.OrderCanceled) -> None:
    _end(state, clock, event.account, event.cl_ord_id, OrdStatus.CANCELED, unsent=event.unsent)


def _order_expired(state: State, clock: Deadlines, event: ev.OrderExpired) -> None:
    _end(state, clock, event.account, event.cl_ord_id, OrdStatus.EXPIRED)


def _end(
    state: State,
    clock: Deadlines,
    account_id: AccountId,
    cl_ord_id: ClOrdId,
    ended_as: OrdStatus,
    *,
    unsent: bool = False,
) -> None:
    account, order = order_of(state, account_id, cl_ord_id)
    cum_qty, held = order.cum_qty, held_qty(order)
    was_known = order.outcome_known
    machine.end(order, ended_as, unsent=unsent)
    machine.hear_of(order, state.now_ns)
    count_unknown(account, order, was_known)
    settle(state, clock, account, order, cum_qty, held)


def _order_restated(state: State, clock: Deadlines, event: ev.OrderRestated) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    cum_qty, held = order.cum_qty, held_qty(order)
    was_known = order.outcome_known
    machine.reprice(order, event.price, event.stop_px)
    machine.restate(order, event.order_qty, event.transact_time_ns)
    machine.hear_of(order, state.now_ns)
    count_unknown(account, order, was_known)
    clock.clear(key("submit", event.account, order.cl_ord_id))
    settle(state, clock, account, order, cum_qty, held)


def _cancel_requested(state: State, clock: Deadlines, event: ev.CancelRequested) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    machine.ask_cancel(order, state.now_ns)
    note_cancel(state, account)
    clock.clear(key("monitor", event.account, order.cl_ord_id))
    clock.clear(key("expire", event.account, order.cl_ord_id))
    clock.set(key("cancel", event.account, order.cl_ord_id), event.answer_by_ns)


def _cancel_refused(state: State, clock: Deadlines, event: ev.CancelRefused) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    machine.refuse_cancel(order)
    clock.clear(key("cancel", event.account, order.cl_ord_id))
    # It is still wanted: asked for again when the venue has had time to think better of it.
    clock.set(key("monitor", event.account, order.cl_ord_id), state.now_ns + seconds_ns(state.desk.cancel_timeout_s))


def _replace_requested(state: State, clock: Deadlines, event: ev.ReplaceRequested) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    held = held_qty(order)
    asked = Replacement(event.new_cl_ord_id, event.order_qty, event.price, event.stop_px)
    machine.ask_replace(order, asked, state.now_ns)
    note_message(state, account, order.intent.strategy)
    account.former_ids[event.new_cl_ord_id] = order.cl_ord_id
    if order.enters:
        _hold_more(state, account, order, held, event)
    account.order_count += 1
    clock.set(key("replace", event.account, order.cl_ord_id), event.answer_by_ns)
    settle(state, clock, account, order, order.cum_qty, held)


def _hold_more(state: State, account: Account, order: Order, held: Decimal, event: ev.ReplaceRequested) -> None:
    """A price that is being asked for may tie up or risk more for each lot: from now on that is held."""
    margin, risk = event.margin_per_lot or ZERO, event.risk_per_lot or ZERO
    other = beside(state, order.intent)
    if margin > order.margin_per_lot:
        least = ZERO if other is None else held_qty(other) * other.margin_per_lot
        account.held_margin += max(held * margin, least) - max(held * order.margin_per_lot, least)
        order.margin_per_lot = margin
    if risk > order.risk_per_lot:
        least = ZERO if other is None else held_qty(other) * other.risk_per_lot
        account.held_risk += max(held * risk, least) - max(held * order.risk_per_lot, least)
        order.risk_per_lot = risk


def _order_replaced(state: State, clock: Deadlines, event: ev.OrderReplaced) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    held = held_qty(order)
    was_known = order.outcome_known
    machine.replaced(order, event.new_cl_ord_id, event.order_qty, event.transact_time_ns)
    machine.hear_of(order, state.now_ns)
    count_unknown(account, order, was_known)
    clock.clear(key("submit", event.account, order.cl_ord_id))
    if order.replace_pending is None:
        clock.clear(key("replace", event.account, order.cl_ord_id))
    if order.intent.role in (PROTECTING_STOP, PROTECTING_TARGET):
        account.positions[order.intent.symbol].leg_tries.pop(order.intent.role, None)
    settle(state, clock, account, order, order.cum_qty, held)


def _replace_refused(state: State, clock: Deadlines, event: ev.ReplaceRefused) -> None:
    account, order = order_of(state, event.account, event.cl_ord_id)
    held = held_qty(order)
    machine.refuse_replace(order, by_venue=event.by_venue)
    clock.clear(key("replace", event.account, order.cl_ord_id))
    settle(state, clock, account, order, order.cum_qty, held)


def _renewal_asked(state: State, clock: Deadlines, event: ev.RenewalAsked) -> None:
    _, order = order_of(state, event.account, event.cl_ord_id)
    order.renewal = Replacement(order.cl_ord_id, event.order_qty, event.price, event.stop_px)


def _renewal_ended(state: State, clock: Deadlines, event: ev.RenewalEnded) -> None:
    order_of(state, event.account, event.cl_ord_id)[1].renewal = None


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
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
    ev.RenewalAsked: _renewal_asked,
    ev.RenewalEnded: _renewal_ended,
}
