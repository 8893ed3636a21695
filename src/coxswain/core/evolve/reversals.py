"""Fills that were taken back or changed: order, bookings and holds follow."""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core.deadlines import Deadlines
from coxswain.core.exposure import attribute
from coxswain.core.order import InvariantViolation, Order, held_qty
from coxswain.core.position import Booking, KnownFill
from coxswain.core.state import Account, State, find_order, share_of
from coxswain.core.sums import count_unknown, position_of, settle
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import SIGN, ExecId


def _fill_busted(state: State, clock: Deadlines, event: ev.FillBusted) -> None:
    account, fill = _fill(state, event)
    fill.busted = True
    order = find_order(account, fill.cl_ord_id) if fill.on_order else None
    if event.belongs_to:
        _forget(account, order, event)
    _rebook(account, event, None)
    _refill(state, clock, account, fill, event, -event.last_qty, -event.last_qty * event.last_px, -event.commission)


def _forget(account: Account, order: Order | None, event: ev.FillBusted) -> None:
    """It is booked again next, under the same exec_id; the bust is ours, and has no name at the venue."""
    if order is not None:
        machine.disown(order, event.exec_ref_id)
    del account.fills[event.exec_ref_id], account.exec_ids[event.exec_ref_id]
    del account.fill_of[event.exec_id], account.exec_ids[event.exec_id]


def _fill_corrected(state: State, clock: Deadlines, event: ev.FillCorrected) -> None:
    account, fill = _fill(state, event)
    old = fill.booking
    fill.booking = Booking(old.transact_time_ns, old.exec_id, old.side, event.last_qty, event.last_px, event.fx_rate)
    fill.commission = event.commission
    _rebook(account, event, fill.booking)
    qty, notional = event.last_qty - old.qty, event.last_qty * event.last_px - old.qty * old.px
    _refill(state, clock, account, fill, event, qty, notional, event.commission - event.former_commission)


def _fill(state: State, event: ev.FillBusted | ev.FillCorrected) -> tuple[Account, KnownFill]:
    account = state.accounts[event.account]
    fill = account.fills.get(event.exec_ref_id)
    if fill is None or fill.busted:
        raise InvariantViolation(f"no fill {event.exec_ref_id} stands on {event.account}")
    fill.changed_ns, fill.changed_by = event.transact_time_ns, event.exec_id
    account.exec_ids[event.exec_id] = None
    account.fill_of[event.exec_id] = event.exec_ref_id
    account.reversed_ns = max(account.reversed_ns, event.transact_time_ns)
    _wait_no_more(account, event.exec_id)
    return account, fill


def _rebook(account: Account, event: ev.FillBusted | ev.FillCorrected, new: Booking | None) -> None:
    position = position_of(account, event.symbol)
    stands = [booking for booking in position.recent if booking.exec_id != event.exec_ref_id]
    if event.base_qty is not None and event.base_cost is not None:
        position.base_qty, position.base_cost = event.base_qty, event.base_cost
    elif new is None:
        position.recent = stands
    else:
        position.recent = [new if booking.exec_id == new.exec_id else booking for booking in position.recent]


def _refill(
    state: State,
    clock: Deadlines,
    account: Account,
    fill: KnownFill,
    event: ev.FillBusted | ev.FillCorrected,
    qty: Decimal,
    notional: Decimal,
    commission: Decimal,
) -> None:
    order = find_order(account, fill.cl_ord_id) if fill.on_order else None
    if order is None:
        return
    cum_qty, held, was_known = order.cum_qty, held_qty(order), order.outcome_known
    machine.refill(order, qty, notional, commission)
    machine.hear_of(order, state.now_ns)
    if order.cum_qty != event.cum_qty:
        raise InvariantViolation(f"cum_qty {order.cum_qty} of {order.cl_ord_id} does not agree with {event}")
    count_unknown(account, order, was_known)
    if order.intent.strategy:
        attribute(position_of(account, event.symbol), order.intent.strategy, SIGN[event.side] * qty)
    share = share_of(state, order.intent.signal_id, event.account) if order.enters else None
    if share is not None and qty < ZERO:
        share.over = True  # what was taken back is not bought again
    settle(state, clock, account, order, cum_qty, held)


def _reversal_noted(state: State, clock: Deadlines, event: ev.ReversalNoted) -> None:
    account, reversal = state.accounts[event.account], event.reversal
    if event.waits:
        account.awaited.setdefault(reversal.exec_ref_id, []).append(reversal)
        return
    account.exec_ids[reversal.exec_id] = account.exec_ids[reversal.exec_ref_id] = None
    _wait_no_more(account, reversal.exec_id)
    if reversal.exec_id in account.fills:  # booked under the id of its correction
        account.fill_of[reversal.exec_ref_id] = reversal.exec_id
    else:
        account.fill_of[reversal.exec_id] = account.fill_of.get(reversal.exec_ref_id, reversal.exec_ref_id)


def _wait_no_more(account: Account, exec_id: ExecId) -> None:
    for ref_id, waiting in tuple(account.awaited.items()):
        left = [reversal for reversal in waiting if reversal.exec_id != exec_id]
        if left:
            account.awaited[ref_id] = left
        else:
            del account.awaited[ref_id]


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.FillBusted: _fill_busted,
    ev.FillCorrected: _fill_corrected,
    ev.ReversalNoted: _reversal_noted,
}
