"""Sums and indexes that follow the facts: what is held, occupied, worth, waiting. `evolve` alone calls these.

Each moves by delta, so that no order, fill or quote costs more because there are many of them. No rule is here.
"""

from bisect import insort
from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core.contingent import shared_hold
from coxswain.core.deadlines import Deadlines
from coxswain.core.exposure import count, hold
from coxswain.core.money import conversion_pair, loss_to_stop, mark
from coxswain.core.order import Order, held_qty
from coxswain.core.params import seconds_ns
from coxswain.core.position import Booking, Position, venue_order
from coxswain.core.resting import keep_in_order
from coxswain.core.shares import Share
from coxswain.core.state import Account, State, parent_of, share_of
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.position import book
from coxswain.model.vocabulary import BUY, AccountId, OrdType, Role, Symbol

RECENT_MAX = 256
"""Fills that a position keeps in the venue's order while its books have not been compared."""
LEAVING = (Role.EXIT, Role.DIRECT)
DEADLINES_OF_AN_ORDER = ("submit", "cancel", "replace", "query", "monitor", "expire")


def key(kind: str, account: str, name: str = "") -> str:
    """Name a deadline: what falls due, for which account, about what."""
    return f"{kind}|{account}|{name}"


def position_of(account: Account, symbol: Symbol) -> Position:
    """Return the account's place for an instrument, making an empty one if there is none."""
    position = account.positions.get(symbol)
    if position is None:
        position = account.positions[symbol] = Position(symbol)
    return position


def booking_of(event: ev.OrderFilled) -> Booking:
    at_ns, qty, px = event.transact_time_ns, event.last_qty, event.last_px
    return Booking(at_ns, event.exec_id, event.side, qty, px, event.fx_rate)


def remember(state: State, position: Position, booking: Booking) -> None:
    """Keep a fill in the venue's order, in case one that came before it is still to be heard of."""
    if not position.recent or position.recent[-1].transact_time_ns < booking.transact_time_ns:
        position.recent.append(booking)
    else:
        insort(position.recent, booking, key=venue_order)
    if len(position.recent) > RECENT_MAX:
        forget(state, position, 1)


def forget(state: State, position: Position, count: int) -> None:
    """Fold the oldest fills into what stood before the others: none is still to come that belongs before them."""
    contract_size = state.instruments[position.symbol].contract_size
    for fill in position.recent[:count]:
        booked = book(position.base_qty, position.base_cost, fill.side, fill.qty, fill.px, contract_size)
        position.base_qty, position.base_cost = booked.qty, booked.cost
    del position.recent[:count]


def watch(state: State, clock: Deadlines, order: Order, patience_s: Decimal) -> None:
    """Look after the order when the time is up, unless it is watched already."""
    monitor = key("monitor", order.intent.account, order.cl_ord_id)
    if monitor not in state.deadlines:
        clock.set(monitor, state.now_ns + seconds_ns(patience_s))


def compare_later(state: State, clock: Deadlines, account_id: AccountId) -> None:
    """An account with something open is compared again after a while; an idle one is not."""
    sync = key("sync", account_id)
    if sync not in state.deadlines:
        clock.set(sync, state.now_ns + seconds_ns(state.desk.position_sync_s))


def settle(
    state: State,
    clock: Deadlines,
    account: Account,
    order: Order,
    cum_before: Decimal,
    held_before: Decimal,
    *,
    filled: bool = False,
) -> None:
    """Move every sum that an order's open quantity is part of, and clear up after an order that is done.

    What a fill changes is counted with the change of the position, which follows it in the same record.
    """
    held, intent = held_qty(order), order.intent
    delta = held - held_before
    position = account.positions[intent.symbol]
    if order.enters:
        if delta:
            lots, margin, risk = _held_by(state, order, held_before, held)
            if intent.strategy:
                hold(position, intent.strategy, lots, intent.side is BUY)
            account.held_margin += margin
            account.held_risk += risk
            if intent.side is BUY:
                position.held_buy += lots
            else:
                position.held_sell += lots
        if intent.signal_id in state.plans:
            use_share(state, order, delta + order.cum_qty - cum_before)
        if not filled:
            count(state, account, position)
    elif intent.role in LEAVING:
        position.held_exit += delta
    keep_in_order(state, order)
    if machine.is_done(order) and order.cl_ord_id in account.open_orders:
        put_away(state, clock, account, position, order)
    occupy(account, position)


def _held_by(state: State, order: Order, before: Decimal, after: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Return by how much lots, margin and risk change that are held, for an order that holds `after`.

    Two orders of which their venue lets only one fill hold what the worse of them needs.
    """
    margin, risk = order.margin_per_lot, order.risk_per_lot
    if order.intent.oco_group is None:
        return after - before, (after - before) * margin, (after - before) * risk
    now = shared_hold(state, order.intent, after, after * margin, after * risk)
    then = shared_hold(state, order.intent, before, before * margin, before * risk)
    return now[0] - then[0], now[1] - then[1], now[2] - then[2]


def use_share(state: State, order: Order, delta: Decimal) -> None:
    share = share_of(state, order.intent.signal_id, order.intent.account) if delta else None
    if share is not None:
        share.used += delta
        plan = state.plans[order.intent.signal_id]
        plan.used += delta
        if share.parent is not None:
            plan_risk(state, share, order.intent.account)


def plan_risk(state: State, share: Share, account_id: AccountId) -> None:
    """Hold what a share risks that an algorithm, or the legging of a spread, has not sent yet; of a leg, its margin."""
    account, unsent = state.accounts[account_id], max(share.qty - share.used, ZERO)
    planned, margin = plain(share.risk_per_lot * unsent), plain(share.margin_per_lot * unsent)
    account.planned_risk += planned - share.planned_risk
    account.planned_margin += margin - share.planned_margin
    share.planned_risk, share.planned_margin = planned, margin


def is_trailed(intent: OrderIntent) -> bool:
    """Say whether the engine lets this order's stop follow the market; that of a position is the position's own."""
    return intent.trail is not None and intent.ord_type is OrdType.STOP and intent.role is not Role.STOP


def put_away(state: State, clock: Deadlines, account: Account, position: Position, order: Order) -> None:
    """Forget what only an open order needs."""
    order.done_ns, order.done_seq = state.now_ns, state.seq
    del account.open_orders[order.cl_ord_id]
    position.entering.pop(order.cl_ord_id, None)
    parent = parent_of(state, account.spec.id, order.intent.signal_id)
    if parent is not None and parent.child == order.cl_ord_id:
        parent.child = None
    if position.stop_id == order.cl_ord_id:
        position.stop_id = None
    if position.target_id == order.cl_ord_id:
        position.target_id = None
    trailing = state.trailing.get(order.intent.symbol)
    if trailing is not None:
        trailing.pop(order.cl_ord_id, None)
    about = key("", order.intent.account, order.cl_ord_id)
    clock.clear_all(DEADLINES_OF_AN_ORDER, about)


def occupy(account: Account, position: Position) -> None:
    occupied = bool(position.qty or position.entering)
    if occupied is not position.occupied:
        position.occupied = occupied
        account.open_positions += 1 if occupied else -1


def remark(state: State, account: Account, position: Position) -> None:
    profit = mark(state, account, position)
    if profit != position.unrealized:
        account.unrealized += profit - position.unrealized
        position.unrealized = profit
    measure_to_stop(state, account, position)


def measure_to_stop(state: State, account: Account, position: Position) -> None:
    """Follow what a position would lose from its mark to its stop, after either has moved."""
    to_stop = loss_to_stop(state, account, position, position.stop_px, position.risk)
    if to_stop != position.to_stop:
        account.to_stops += to_stop - position.to_stop
        position.to_stop = to_stop


def note_conversion(state: State, account: Account, position: Position) -> None:
    """Keep the index of whom a currency pair concerns: open positions whose profit is converted by it."""
    pair = conversion_pair(state, account, state.instruments[position.symbol])
    if pair is None:
        return
    concerned = state.converted.setdefault(pair, {})
    if position.qty:
        concerned.setdefault(account.spec.id, {})[position.symbol] = None
        return
    converted = concerned.get(account.spec.id, {})
    converted.pop(position.symbol, None)
    if not converted:
        concerned.pop(account.spec.id, None)


def count_unknown(account: Account, order: Order, was_known: bool) -> None:
    if order.outcome_known is not was_known:
        account.positions[order.intent.symbol].unknown += 1 if was_known else -1
