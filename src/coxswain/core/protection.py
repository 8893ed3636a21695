"""Protection that follows the position, and exits that make it give way.

A position has prices to be protected at; its stop and target are one OCO group at the venue, reduce-only. `follow` is
called after anything that concerns a position and brings the orders to what they should be: one leg for each price,
for what is open less what an exit takes. A leg that is still to be answered is left alone until its answer comes, which
calls again. The quantity is only ever lowered to make room for an exit: reduce-only and OCO take care of the rest at
the venue, without a moment in between.
"""

from decimal import Decimal

from coxswain.core.entries import withdraw_entries
from coxswain.core.money import position_risk, rate_up
from coxswain.core.order import Order, Phase, is_done, leaves_qty
from coxswain.core.state import Account, Exit, Position
from coxswain.core.submit import cancel, closing_side, protective_qty, replace, submit
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    OrdType,
    Role,
    SignalId,
    Symbol,
    TimeInForce,
)

NO_SIGNAL = SignalId("")


# --- levels -----------------------------------------------------------------------------------------------------------


def set_levels(
    tx: Tx,
    account_id: AccountId,
    symbol: Symbol,
    stop_px: Decimal | None,
    target_px: Decimal | None,
    signal_id: SignalId,
) -> None:
    """Protect a position at these prices from now on."""
    account = tx.account(account_id)
    position, instrument = account.positions[symbol], tx.state.instruments[symbol]
    if (stop_px, target_px) == (position.stop_px, position.target_px):
        return
    rate = rate_up(tx.state, account, instrument)
    risk = position.risk
    if rate is not None:
        assumed = tx.state.desk.assumed_stop_pct
        risk = position_risk(instrument, position.qty, position.cost, stop_px, rate, assumed)
    tx.apply(ev.ProtectionLevelsSet(account_id, symbol, stop_px, target_px, risk, signal_id))


def follow(tx: Tx, account_id: AccountId, symbol: Symbol) -> None:
    """Bring protection and exit to what the position asks for."""
    account = tx.account(account_id)
    position = account.positions[symbol]
    if position.exit is not None:
        _advance_exit(tx, account, position, position.exit)
    if position.qty and not _is_bare(position):
        _protect(tx, account, position)


def _is_bare(position: Position) -> bool:
    """Nothing protects it and nothing should."""
    wants_nothing = position.stop_px is None and position.target_px is None
    return wants_nothing and position.stop_id is None and position.target_id is None


def _protect(tx: Tx, account: Account, position: Position) -> None:
    wanted = _wanted_qty(position)
    for role in (Role.STOP, Role.TARGET):
        level, leg = _leg(account, position, role)
        if leg is None:
            if level is not None and wanted > 0:
                _place(tx, account, position, role, level, wanted)
        elif not _is_waiting(leg):
            _adjust(tx, leg, level, wanted, making_room=position.exit is not None)


def _wanted_qty(position: Position) -> Decimal:
    """Return what protection should cover: what is open, less what an exit is taking."""
    exit_ = position.exit
    if exit_ is None:
        return abs(position.qty)
    return ZERO if exit_.qty is None else max(plain(abs(position.qty) - exit_.qty), ZERO)


def _leg(account: Account, position: Position, role: Role) -> tuple[Decimal | None, Order | None]:
    leg_id: ClOrdId | None
    if role is Role.STOP:
        level, leg_id = position.stop_px, position.stop_id
    else:
        level, leg_id = position.target_px, position.target_id
    return level, None if leg_id is None else account.orders[leg_id]


def _is_waiting(order: Order) -> bool:
    return (
        order.phase is Phase.PENDING_NEW
        or order.cancel_pending
        or order.replace_pending is not None
        or not order.outcome_known
    )


def _place(tx: Tx, account: Account, position: Position, role: Role, level: Decimal, qty: Decimal) -> None:
    intent = OrderIntent(
        account.spec.id,
        position.symbol,
        closing_side(position),
        OrdType.STOP if role is Role.STOP else OrdType.LIMIT,
        TimeInForce.GTC,
        qty,
        role,
        position.levels_from or NO_SIGNAL,
        price=level if role is Role.TARGET else None,
        stop_px=level if role is Role.STOP else None,
        reduce_only=True,
        oco_group=_group(account, position),
    )
    now_ns = tx.state.now_ns
    if submit(tx, intent, now_ns, now_ns) is None:
        tx.apply(ev.ProtectionFailed(account.spec.id, position.symbol, f"our own gate denied the {role} order"))


def _group(account: Account, position: Position) -> str:
    """Join the leg that stands; else name a new group after the order about to be made."""
    for leg_id in (position.stop_id, position.target_id):
        if leg_id is not None and account.orders[leg_id].intent.oco_group is not None:
            return account.orders[leg_id].intent.oco_group or ""
    return f"{position.symbol}-{account.order_count + 1}"


def _adjust(tx: Tx, leg: Order, level: Decimal | None, wanted: Decimal, making_room: bool) -> None:
    """Change a working leg to its price and quantity: grow it, move it, or lower it for an exit."""
    if level is None or wanted <= 0:
        cancel(tx, leg, "protection makes room for an exit" if making_room else "no longer wanted")
        return
    open_qty, at = leaves_qty(leg), leg.stop_px if leg.intent.role is Role.STOP else leg.price
    must_grow, must_give = open_qty < wanted, open_qty > wanted and making_room
    if at == level and not must_grow and not must_give:
        return
    price = level if leg.intent.role is Role.TARGET else None
    stop_px = level if leg.intent.role is Role.STOP else None
    if not replace(tx, leg, wanted, price, stop_px):
        tx.apply(ev.ProtectionFailed(leg.intent.account, leg.intent.symbol, "our own gate denied moving it"))


# --- exits ------------------------------------------------------------------------------------------------------------


def start_exit(tx: Tx, account_id: AccountId, symbol: Symbol, signal_id: SignalId, qty: Decimal | None) -> None:
    """Begin to close a position, all of it with `qty` None: entries are called back, protection makes room."""
    tx.apply(ev.ExitStarted(account_id, symbol, signal_id, qty))
    if qty is None:
        withdraw_entries(tx, account_id, symbol, "the position is being closed")
    follow(tx, account_id, symbol)


def _advance_exit(tx: Tx, account: Account, position: Position, exit_: Exit) -> None:
    """Take the next step of an exit, if its turn has come; end it when there is nothing left to close."""
    if exit_.order_id is not None:
        order = account.orders[exit_.order_id]
        if is_done(order) and order.outcome_known:
            tx.apply(ev.ExitEnded(account.spec.id, position.symbol, exit_.signal_id, f"exit order {_ended(order)}"))
        return
    if not position.qty and not position.entering:
        tx.apply(ev.ExitEnded(account.spec.id, position.symbol, exit_.signal_id, "nothing is left to close"))
        return
    qty = abs(position.qty) if exit_.qty is None else min(exit_.qty, abs(position.qty))
    entries_gone = exit_.qty is not None or not position.entering
    has_room = protective_qty(account, position) + position.held_exit + qty <= abs(position.qty)
    if position.qty and entries_gone and has_room:
        _send_exit(tx, account, position, exit_.signal_id, qty)


def _send_exit(tx: Tx, account: Account, position: Position, signal_id: SignalId, qty: Decimal) -> None:
    quote = tx.state.quotes.get(position.symbol)
    side = closing_side(position)
    intent = OrderIntent(
        account.spec.id,
        position.symbol,
        side,
        OrdType.MARKET,
        TimeInForce.DAY,
        qty,
        Role.EXIT,
        signal_id,
        reduce_only=True,
        decision_px=None if quote is None else quote.bid if position.qty > 0 else quote.ask,
    )
    now_ns = tx.state.now_ns
    if submit(tx, intent, now_ns, now_ns) is None:
        tx.apply(ev.ExitEnded(account.spec.id, position.symbol, signal_id, "our own gate denied the exit order"))


def _ended(order: Order) -> str:
    return "filled" if order.ended_as is None else f"{order.ended_as} with {order.cum_qty} of {order.order_qty} filled"
