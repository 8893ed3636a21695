"""Protection that follows the position, and exits that make it give way.

A position has prices to be protected at; its stop and target are one OCO group at the venue, reduce-only. `follow` is
called after anything that concerns a position and brings the orders to what they should be: one leg for each price,
for what is open less what an exit takes. A leg that is still to be answered is left alone until its answer comes, which
calls again. When one leg fills, the venue takes as much off the other by itself, so that is not asked for; a comparison
of the books (`afresh`) puts right what is still different then.

An exit lets protection make room before its own order leaves, because together they could close more than there is. One
of everything waits for no entry that was called back for it: what fills late is closed by another order.
"""

from decimal import Decimal

from coxswain.core.emulation import at_once, holds_stop, holds_target, lasting
from coxswain.core.firm.notices import tell_refused_closing
from coxswain.core.gate_view import protective_qty
from coxswain.core.money import position_risk, rate_up
from coxswain.core.order import Order, Phase, Replacement, is_over, leaves_qty
from coxswain.core.params import seconds_ns
from coxswain.core.position import Exit, Position, closing_side
from coxswain.core.refusals import exit_waits, is_refused, note_missing, note_unchanged, postpone_exit
from coxswain.core.state import Account, reducible, strategy_of
from coxswain.core.submit import cancel, may_leave, next_id, refusal_of, replace, submit, waits_for_room
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain, text
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.signal import Signal
from coxswain.model.trail import behind, is_better, reference
from coxswain.model.vocabulary import (
    PROTECTION,
    AccountId,
    OrdType,
    Role,
    SignalId,
    StopMerge,
    Symbol,
    TimeInForce,
    TriggerSource,
)

NO_SIGNAL = SignalId("")
NOTHING_THERE = "the venue holds none of it"


# --- levels -----------------------------------------------------------------------------------------------------------


def set_levels(
    tx: Tx,
    account_id: AccountId,
    symbol: Symbol,
    stop_px: Decimal | None,
    target_px: Decimal | None,
    signal_id: SignalId,
    trail: Trail | None = None,
) -> None:
    """Protect a position at these prices from now on, with a stop that follows the market where `trail` says how."""
    account = tx.account(account_id)
    position, instrument = account.positions[symbol], tx.state.instruments[symbol]
    if (stop_px, target_px, trail) == (position.stop_px, position.target_px, position.trail):
        return
    rate = rate_up(tx.state, account, instrument)
    risk = position.risk
    if rate is not None:
        assumed = tx.state.desk.assumed_stop_pct
        risk = position_risk(instrument, position.qty, position.cost, stop_px, rate, assumed)
    tx.apply(ev.ProtectionLevelsSet(account_id, symbol, stop_px, target_px, risk, signal_id, trail))


def adjust(tx: Tx, account_id: AccountId, signal: Signal) -> None:
    """Move the protection of a position as a signal says. A stop that it names stands still from then on."""
    symbol = signal.symbol
    position = tx.account(account_id).positions[symbol]
    target_px = position.target_px if signal.take_profit is None else signal.take_profit
    stop_px, trail = position.stop_px, position.trail
    if signal.trailing_stop is not None or signal.stop_loss is not None:
        trail = signal.trailing_stop
    if signal.stop_loss is not None:
        stop_px = signal.stop_loss
    elif trail is not None and position.trail != trail:
        stop_px = _nearer(position, stop_px, _behind_market(tx, position, trail))
    set_levels(tx, account_id, symbol, stop_px, target_px, signal.id, trail)
    follow(tx, account_id, symbol)


def merged_stop(account: Account, position: Position, stop_px: Decimal | None) -> Decimal | None:
    """Return the one stop of a position that grows by an entry with another: the nearer, unless the account says so."""
    if stop_px is None or account.spec.stop_merge is StopMerge.LATEST:
        return position.stop_px if stop_px is None else stop_px
    return _nearer(position, position.stop_px, stop_px)


def _nearer(position: Position, stop_px: Decimal | None, other: Decimal | None) -> Decimal | None:
    if stop_px is None or other is None:
        return other if stop_px is None else stop_px
    return other if is_better(closing_side(position), other, stop_px) else stop_px


def _behind_market(tx: Tx, position: Position, trail: Trail) -> Decimal | None:
    quote = tx.state.quotes.get(position.symbol)
    px = None if quote is None else reference(trail, closing_side(position), quote)
    if trail.source is TriggerSource.LAST:
        px = tx.state.last_px.get(position.symbol)
    tick = tx.state.instruments[position.symbol].tick
    return None if px is None else behind(trail, closing_side(position), px, tick)


def follow(tx: Tx, account_id: AccountId, symbol: Symbol, moved: Order | None = None, *, afresh: bool = False) -> None:
    """Bring protection and exit to what the position asks for, after `moved` or something else has changed."""
    account = tx.account(account_id)
    position = account.positions[symbol]
    if position.exit is not None:
        _advance_exit(tx, account, position, position.exit)
    if _is_bare(position):
        return
    if position.qty:
        for role in PROTECTION:
            _bring(tx, account, position, role, moved, afresh)
    elif afresh:
        for role in PROTECTION:
            _, leg = _leg(account, position, role)
            if leg is not None:
                cancel(tx, leg, "there is no position to protect")


def bring_again(tx: Tx, account_id: AccountId, symbol: Symbol, role: Role) -> None:
    """Try one leg again that was refused."""
    account = tx.account(account_id)
    _bring(tx, account, account.positions[symbol], role, None, afresh=True)


def _is_bare(position: Position) -> bool:
    """Nothing protects it and nothing should."""
    wants_nothing = position.stop_px is None and position.target_px is None
    return wants_nothing and position.stop_id is None and position.target_id is None


def _bring(tx: Tx, account: Account, position: Position, role: Role, moved: Order | None, afresh: bool) -> None:
    """Place, change or call back one leg."""
    level, leg = _leg(account, position, role)
    if (holds_target if role is Role.TARGET else holds_stop)(account.capabilities):
        level = None
    if leg is not None and leg.intent.side is not closing_side(position):
        cancel(tx, leg, "the position has turned")
        leg = None
    if leg is not None:
        _change(tx, account, position, leg, level, moved, afresh)
    elif level is not None and (afresh or not failed_lately(tx, position, role)):
        _supply(tx, account, position, role, level)


def _supply(tx: Tx, account: Account, position: Position, role: Role, level: Decimal) -> None:
    """Place a leg that is missing, or say why it cannot be."""
    wanted = wanted_qty(account, position)
    if wanted > 0:
        _place(tx, account, position, role, level, wanted)
    elif position.exit is None and reducible(account, position):
        why = f"other orders that reduce take all that a {role} order could cover"
        tx.apply(ev.ProtectionFailed(account.spec.id, position.symbol, why, role))


def _change(
    tx: Tx,
    account: Account,
    position: Position,
    leg: Order,
    level: Decimal | None,
    moved: Order | None,
    afresh: bool,
) -> None:
    """Bring a leg that stands to its price and quantity, once its last change is answered, or call it back."""
    wanted = wanted_qty(account, position)
    if level is None or wanted <= 0:
        if leg.replace_pending is None:
            why = "protection makes room for an exit" if reducible(account, position) else NOTHING_THERE
            cancel(tx, leg, "no longer wanted" if level is None else why)
    elif _is_waiting(leg):
        return
    elif leg.intent.role is Role.STOP and leg.intent.trail != _native_trail(account, position):
        _place_anew(tx, leg, level, wanted, "another kind of stop takes its place")
    elif leg.refused is None or not _was_refused(leg, leg.refused, level, wanted):
        by_sibling = moved is not None and moved is not leg and moved.intent.role in PROTECTION
        _adjust(tx, leg, level, wanted, may_lower=not by_sibling)
    elif position.exit is not None and leaves_qty(leg) > wanted:
        cancel(tx, leg, "it may not be lowered, and an exit needs the room")
    elif afresh:
        _adjust(tx, leg, level, wanted, may_lower=True)


def failed_lately(tx: Tx, position: Position, role: Role) -> bool:
    """Say whether a leg was lost or denied so short a time ago that only a comparison of the books places it again."""
    failed_ns = position.leg_failed_ns.get(role)
    return failed_ns is not None and tx.state.now_ns - failed_ns < seconds_ns(tx.state.desk.position_sync_s)


def wanted_qty(account: Account, position: Position) -> Decimal:
    """Return what protection should cover: what is open, less what an exit or another reducing order takes."""
    free = reducible(account, position) - position.held_exit
    exit_ = position.exit
    if exit_ is not None:
        if exit_.qty is None:
            return ZERO
        if exit_.order_id is None:
            free -= exit_.qty
    return max(plain(free), ZERO)


def _leg(account: Account, position: Position, role: Role) -> tuple[Decimal | None, Order | None]:
    if role is Role.STOP:
        level, leg_id = position.stop_px, position.stop_id
    else:
        level, leg_id = position.target_px, position.target_id
    return level, None if leg_id is None else account.orders[leg_id]


def _is_waiting(order: Order) -> bool:
    return (
        order.phase is Phase.PENDING_NEW
        or order.cancel_wanted
        or order.replace_pending is not None
        or not order.outcome_known
    )


def _native_trail(account: Account, position: Position) -> Trail | None:
    """Return how the position's stop follows the market, where the venue moves it by itself."""
    return position.trail if account.capabilities.native_trailing else None


def _leg_intent(tx: Tx, account: Account, position: Position, role: Role, level: Decimal, qty: Decimal) -> OrderIntent:
    trail = _native_trail(account, position) if role is Role.STOP else None
    stop_type = OrdType.STOP if trail is None else OrdType.TRAILING_STOP
    return OrderIntent(
        account.spec.id,
        position.symbol,
        closing_side(position),
        stop_type if role is Role.STOP else OrdType.LIMIT,
        lasting(account.capabilities),
        qty,
        role,
        position.levels_from or NO_SIGNAL,
        price=level if role is Role.TARGET else None,
        stop_px=level if role is Role.STOP else None,
        reduce_only=True,
        oco_group=_group(tx, account, position) if account.capabilities.native_oco else None,
        trail=trail,
        strategy=strategy_of(tx.state, position.levels_from or NO_SIGNAL),
    )


def _place(tx: Tx, account: Account, position: Position, role: Role, level: Decimal, qty: Decimal) -> None:
    now_ns = tx.state.now_ns
    order = submit(tx, _leg_intent(tx, account, position, role, level, qty), now_ns, now_ns)
    if order is None and not waits_for_room(tx, account.spec.id, position.symbol):
        note_missing(tx, account.spec.id, position.symbol, role, f"our own gate denied the {role} order")


def _group(tx: Tx, account: Account, position: Position) -> str:
    """Join the leg that stands; else name a new group after the order about to be made."""
    for role in PROTECTION:
        _, leg = _leg(account, position, role)
        if leg is not None and leg.intent.oco_group is not None and leg.intent.side is closing_side(position):
            return leg.intent.oco_group
    return next_id(tx.state, account)


def _was_refused(leg: Order, refused: Replacement, level: Decimal, wanted: Decimal) -> bool:
    """Say whether the venue has refused this very change."""
    px = refused.stop_px if leg.intent.role is Role.STOP else refused.price
    return (refused.order_qty, px) == (leg.cum_qty + wanted, level)


def _adjust(tx: Tx, leg: Order, level: Decimal, wanted: Decimal, *, may_lower: bool) -> None:
    """Change a working leg to its price and quantity, if it differs."""
    is_stop = leg.intent.role is Role.STOP
    open_qty, at = leaves_qty(leg), leg.stop_px if is_stop else leg.price
    if leg.intent.trail is not None:
        at = level  # the venue moves it
    if at == level and (open_qty == wanted or (open_qty > wanted and not may_lower)):
        return
    if not tx.account(leg.intent.account).capabilities.native_replace:
        _place_anew(tx, leg, level, wanted, f"it is placed anew, for {text(wanted)} at {text(level)}")
        return
    price, stop_px = (None, level) if is_stop else (level, None)
    if leg.intent.trail is not None:
        stop_px = None
    if not replace(tx, leg, wanted, price, stop_px):
        why = f"our own gate denied moving the {leg.intent.role} order"
        note_unchanged(tx, leg.intent.account, leg.intent.symbol, leg.intent.role, why)


def _place_anew(tx: Tx, leg: Order, level: Decimal, wanted: Decimal, why: str) -> None:
    """Call a leg back so that another takes its place, if that one may leave now; else the one that stands stays."""
    account = tx.account(leg.intent.account)
    position = account.positions[leg.intent.symbol]
    if may_leave(tx, _leg_intent(tx, account, position, leg.intent.role, level, wanted)):
        cancel(tx, leg, why)
    elif not waits_for_room(tx, account.spec.id, position.symbol):
        why = f"our own gate denied moving the {leg.intent.role} order"
        note_unchanged(tx, account.spec.id, position.symbol, leg.intent.role, why)


def may_move(tx: Tx, account: Account, position: Position, level: Decimal) -> bool:
    """Say whether our gate would let the stop at the venue be moved; one that is held here always may."""
    if position.stop_id is None:
        return True
    wanted = wanted_qty(account, position) or abs(position.qty)
    return refusal_of(tx, _leg_intent(tx, account, position, Role.STOP, level, wanted)) is None


def call_back(tx: Tx, order: Order, why: str) -> None:
    """Cancel an order that reduces; a change of it that is under way is answered first."""
    if order.replace_pending is None:
        cancel(tx, order, why)


# --- exits ------------------------------------------------------------------------------------------------------------


def start_exit(
    tx: Tx,
    account_id: AccountId,
    symbol: Symbol,
    signal_id: SignalId,
    qty: Decimal | None,
    *,
    actor: str = "",
    limit_px: Decimal | None = None,
    why: str = "",
) -> None:
    """Begin to close a position, all of it with `qty` None; `why` says why the engine does so by itself."""
    tx.apply(ev.ExitStarted(account_id, symbol, signal_id, qty, actor, limit_px, why))
    follow(tx, account_id, symbol)


def _advance_exit(tx: Tx, account: Account, position: Position, exit_: Exit) -> None:
    """Take the next step of an exit, if its turn has come; end it when there is nothing left to close."""
    order = None if exit_.order_id is None else account.orders[exit_.order_id]
    if order is not None and not is_over(order):
        return
    if order is not None and postpone_exit(tx, account, position, exit_, order):
        return
    why = _why_over(account, position, exit_, order)
    if not why and exit_waits(tx, account, position):
        return
    failed = bool(position.qty) and order is not None and is_refused(position, exit_, order)
    if not why:
        why = _why_denied(tx, account, position, exit_)
        failed = bool(exit_.tries)
    if why:
        tx.apply(ev.ExitEnded(account.spec.id, position.symbol, exit_.signal_id, why, failed))
        return
    if exit_.qty is None:
        _call_back_reducers(tx, account, position)
    _close(tx, account, position, exit_)


def _why_over(account: Account, position: Position, exit_: Exit, order: Order | None) -> str:
    """Say why an exit is over, empty while it is not. One of everything goes on until the position is flat."""
    if order is not None and (exit_.qty is not None or order.ended_as is not None):
        return f"exit order {_ended(order)}"
    if exit_.qty is None:
        called_back = any(account.orders[cl_ord_id].cancel_wanted for cl_ord_id in position.entering)
        if position.qty and not reducible(account, position) and not called_back:
            return NOTHING_THERE
        return "" if position.qty or called_back else "nothing is left to close"
    if not position.qty or (position.qty > 0) is not exit_.was_long:
        return "nothing is left to close"
    left = reducible(account, position)
    return "" if position.held_exit < left else "other orders are closing it" if left else NOTHING_THERE


def _why_denied(tx: Tx, account: Account, position: Position, exit_: Exit) -> str:
    """Say why the gate would not let an exit out, before protection gives way for it; empty if it would."""
    if not position.qty:
        return ""
    refused = refusal_of(tx, _exit_intent(tx, account, position, exit_, abs(position.qty)))
    if refused is None:
        return ""
    tx.apply(ev.OrderDenied(refused.intent, refused.checks, refused.reasons))
    tell_refused_closing(tx, refused)
    return "our own gate denied the exit order"


def _call_back_reducers(tx: Tx, account: Account, position: Position) -> None:
    """Call back reducing orders that somebody sent directly: they stand in the way of an exit of everything."""
    if not position.held_exit:
        return
    for cl_ord_id in tuple(account.open_orders):
        order = account.orders[cl_ord_id]
        if order.intent.role is Role.DIRECT and not order.enters and order.intent.symbol == position.symbol:
            cancel(tx, order, "the position is being closed")


def _close(tx: Tx, account: Account, position: Position, exit_: Exit) -> None:
    """Send the exit order as soon as protection has made room for it."""
    free = reducible(account, position) - position.held_exit
    qty = plain(free if exit_.qty is None else min(exit_.qty, free))
    if qty <= 0 or protective_qty(account, position) + qty > free:
        return
    intent = _exit_intent(tx, account, position, exit_, qty)
    now_ns = tx.state.now_ns
    order = submit(tx, intent, now_ns, now_ns)
    if order is None and not waits_for_room(tx, account.spec.id, position.symbol):
        why = "our own gate denied the exit order"
        tx.apply(ev.ExitEnded(account.spec.id, position.symbol, exit_.signal_id, why, bool(exit_.tries)))


def _exit_intent(tx: Tx, account: Account, position: Position, exit_: Exit, qty: Decimal) -> OrderIntent:
    quote, can = tx.state.quotes.get(position.symbol), account.capabilities
    at_limit = exit_.limit_px is not None and OrdType.LIMIT in can.ord_types and TimeInForce.IOC in can.times_in_force
    tif = TimeInForce.DAY if TimeInForce.DAY in can.times_in_force else at_once(can)
    return OrderIntent(
        account.spec.id,
        position.symbol,
        closing_side(position),
        OrdType.LIMIT if at_limit else OrdType.MARKET,
        TimeInForce.IOC if at_limit else tif,
        qty,
        Role.EXIT,
        exit_.signal_id,
        price=exit_.limit_px if at_limit else None,
        reduce_only=True,
        decision_px=None if quote is None else quote.bid if position.qty > 0 else quote.ask,
        strategy=strategy_of(tx.state, exit_.signal_id),
        actor=exit_.actor,
    )


def _ended(order: Order) -> str:
    return "filled" if order.ended_as is None else f"{order.ended_as} with {order.cum_qty} of {order.order_qty} filled"
