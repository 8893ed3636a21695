"""Look-ups that must succeed, and the change that is none; for the other files of this folder."""

from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.archive import look_later
from coxswain.core.order import InvariantViolation, Order
from coxswain.core.position import Position
from coxswain.core.shares import Share
from coxswain.core.state import Account, State, find_order, share_of
from coxswain.core.sums import key, position_of
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    Role,
    SignalId,
)


def nothing(state: State, clock: Deadlines, event: ev.Event) -> None:
    """The fact is the event itself; nothing that decides reads it."""


def enter_order(
    state: State, event: ev.OrderCreated | ev.OrderAdopted, *, enters: bool, watched: bool, dies_ns: int = 0
) -> Order:
    """Make an order of ours out of what an event says of it. The sums that it is part of are settled by the caller."""
    intent = event.intent
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
        enters,
        watched,
        dies_ns=dies_ns,
    )
    account = state.accounts[intent.account]
    account.orders[order.cl_ord_id] = order
    _hang(state, event)
    account.open_orders[order.cl_ord_id] = None
    if enters:
        position_of(account, intent.symbol).entering[order.cl_ord_id] = None
    return order


def _hang(state: State, event: ev.OrderCreated | ev.OrderAdopted) -> None:
    """Note what an order goes with when it leaves this memory: its signal, or nothing but itself."""
    intent, name = event.intent, event.intent.signal_id
    is_direct = isinstance(event, ev.OrderCreated) and intent.role is Role.DIRECT
    if not is_direct and name not in state.plans and name not in state.direct_ids:
        name = SignalId(event.cl_ord_id)
        look_later(state, name)
    state.orders_of.setdefault(name, []).append((intent.account, event.cl_ord_id))


def order_of(state: State, account_id: AccountId, cl_ord_id: ClOrdId) -> tuple[Account, Order]:
    account = state.accounts[account_id]
    order = find_order(account, cl_ord_id)
    if order is None:
        raise InvariantViolation(f"no order {cl_ord_id} on {account_id}")
    return account, order


def share_for(state: State, signal_id: SignalId, account_id: AccountId) -> Share:
    share = share_of(state, signal_id, account_id)
    if share is None:
        raise InvariantViolation(f"{account_id} has no share in the plan of {signal_id}")
    return share


def leave_the_pace(state: State, clock: Deadlines, signal_id: SignalId, account_id: AccountId) -> None:
    """What waited for room among the messages waits no more."""
    account = state.accounts.get(account_id)  # a denied order may name an account that nobody has
    if account is not None and account.paced.pop(signal_id, None) is not None:
        clock.clear(key("pace", account_id, signal_id))


def stop_waiting(state: State, clock: Deadlines, signal_id: SignalId, account_id: AccountId) -> None:
    clock.clear(key("release", account_id, signal_id))
    clock.clear(key("completion", account_id, signal_id))
    leave_the_pace(state, clock, signal_id, account_id)
    state.accounts[account_id].kept_back.pop(signal_id, None)
    position_of_plan(state, signal_id, account_id).waiting.pop(signal_id, None)
    share = share_for(state, signal_id, account_id)
    state.accounts[account_id].planned_risk -= share.planned_risk
    state.accounts[account_id].planned_margin -= share.planned_margin
    share.planned_risk = share.planned_margin = ZERO


def look_at_kept_back(state: State, clock: Deadlines, account: Account) -> None:
    """Something may be opened again, perhaps: what waits for that is due now."""
    for signal_id in account.kept_back:
        clock.set(key("release", account.spec.id, signal_id), state.now_ns)


def position_of_plan(state: State, signal_id: SignalId, account_id: AccountId) -> Position:
    return position_of(state.accounts[account_id], state.plans[signal_id].plan.symbol)
