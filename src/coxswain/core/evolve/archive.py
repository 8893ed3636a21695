"""What is long over leaves the state, and is put back. Only counts stay behind: nothing else is a sum over it."""

from collections.abc import Callable

import msgspec

from coxswain.core.deadlines import Deadlines
from coxswain.core.order import InvariantViolation
from coxswain.core.params import seconds_ns
from coxswain.core.past import Past, accounts_of, family_of
from coxswain.core.state import Account, State
from coxswain.messages import events as ev
from coxswain.model.vocabulary import ClOrdId, SignalId

TIMES = 60
"""Of looking, in the time after which what is over leaves: what is due together is looked at together."""

_decode = msgspec.json.Decoder(Past).decode


def look_later(state: State, signal_id: SignalId) -> None:
    """Have a signal, or an order without one, looked at when it may be over long enough."""
    after_ns = seconds_ns(state.desk.archive_after_s)
    width = max(after_ns // TIMES, 1)
    due_ns = ((state.now_ns + after_ns) // width + 1) * width
    state.aging.setdefault(due_ns, []).append(signal_id)


def _orders_archived(state: State, clock: Deadlines, event: ev.OrdersArchived) -> None:
    due_ns = next(iter(state.aging))
    waiting = state.aging[due_ns]
    seen = {*event.kept, *(each.signal_id for each in event.archived)}
    last = waiting[-len(seen) :]
    if set(last) != seen:
        raise InvariantViolation(f"{sorted(seen)} were looked at, and {last} were to be")
    del waiting[-len(seen) :]
    if not waiting:
        del state.aging[due_ns]
    for each in event.archived:
        _forget(state, each.signal_id)
    for signal_id in event.kept:
        look_later(state, signal_id)


def _forget(state: State, root: SignalId) -> None:
    names = family_of(state, root)
    for account_id in accounts_of(state, names):
        account = state.accounts[account_id]
        for name in names:
            account.contingent.pop(name, None)
        account.spreads.pop(root, None)
    for name in names:
        state.signals.pop(name, None)
        state.plans.pop(name, None)
        state.direct_ids.pop(name, None)
        for account_id, cl_ord_id in state.orders_of.pop(name, ()):
            _forget_order(state.accounts[account_id], cl_ord_id)
    state.hanging.pop(root, None)


def _forget_order(account: Account, cl_ord_id: ClOrdId) -> None:
    order = account.orders.pop(cl_ord_id)
    for name in order.names:
        del account.former_ids[name]
    for exec_id in order.exec_ids:
        del account.fills[exec_id]
        del account.exec_ids[exec_id]
    account.archived_orders += 1
    account.archived_fills += len(order.exec_ids)
    if order.exec_ids:
        account.positions[order.intent.symbol].archived_fills += len(order.exec_ids)


def _orders_recalled(state: State, clock: Deadlines, event: ev.OrdersRecalled) -> None:
    past, root = _decode(event.archived.facts), event.archived.signal_id
    state.signals.update((signal.id, signal) for signal in past.signals)
    state.plans.update(past.plans)
    state.direct_ids.update(dict.fromkeys(past.direct_ids))
    state.orders_of.update(past.orders_of)
    if past.hanging:
        state.hanging[root] = past.hanging
    for account_id, part in past.accounts.items():
        account = state.accounts[account_id]
        account.contingent.update(part.contingent)
        account.spreads.update(part.spreads)
        account.fills.update((fill.booking.exec_id, fill) for fill in part.fills)
        account.exec_ids.update((fill.booking.exec_id, None) for fill in part.fills)
        for order in part.orders:
            account.orders[order.cl_ord_id] = order
            account.former_ids.update(dict.fromkeys(order.names, order.cl_ord_id))
            account.archived_orders -= 1
            account.archived_fills -= len(order.exec_ids)
            if order.exec_ids:
                account.positions[order.intent.symbol].archived_fills -= len(order.exec_ids)
    look_later(state, root)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.OrdersArchived: _orders_archived,
    ev.OrdersRecalled: _orders_recalled,
}
