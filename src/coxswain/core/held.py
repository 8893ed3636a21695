"""What the engine does for a venue that cannot: stops that follow the market, and prices that it watches itself.

A stop that follows the market works at the venue all the time; here it is only moved, and only nearer. Where a venue
has no OCO groups a target is held here, so that it can never fill beside the stop: when the market reaches it, the stop
makes room as for any exit, and what is open leaves at the target's price or not at all; then the stop comes back. Where
a venue takes no stops at all, those are held here too, and leave at the market.

An exit that came to nothing is begun again by a later quote, after a gap that grows. All of it needs quotes and a
running engine, and that is why a stop works at the venue wherever that is possible.
"""

from decimal import Decimal

from coxswain.core.changing import change
from coxswain.core.emulation import holds_stop, holds_target
from coxswain.core.money import position_risk, rate_up
from coxswain.core.order import Order, Phase, is_done, leaves_qty
from coxswain.core.params import NS_PER_S
from coxswain.core.position import Position, closing_side
from coxswain.core.protection import NO_SIGNAL, follow, may_move, start_exit
from coxswain.core.spread_levels import has_levels, levels_of
from coxswain.core.state import Account, State, find_order, reducible
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ONE, text
from coxswain.model.market import Quote, is_sane, touch
from coxswain.model.orders import Trail, VenueOrder
from coxswain.model.trail import behind, is_active, is_better, reference
from coxswain.model.vocabulary import SIGN, AccountId, OrdType, Side, Symbol

GAP_DOUBLED_MAX = 6


def on_quote(tx: Tx, account_id: AccountId, quote: Quote) -> None:
    """Let one holder's stop follow the market, and leave where the market has reached a price that is held here."""
    account = tx.account(account_id)
    position = account.positions[quote.symbol]
    if position.trail is not None and not account.capabilities.native_trailing and is_sane(quote):
        _trail(tx, account, position, position.trail, quote)
    if holds_target(account.capabilities) and position.exit is None and is_sane(quote):
        _watch(tx, account, position, quote)


def let_orders_follow(tx: Tx, quote: Quote) -> None:
    """Let the stops of open orders that are no protection follow the market."""
    for cl_ord_id, account_id in tuple(tx.state.trailing.get(quote.symbol, {}).items()):
        order = tx.account(account_id).orders[cl_ord_id]
        if not is_done(order) and is_sane(quote):
            _trail_order(tx, order, quote)


def close_surplus(tx: Tx, account_id: AccountId, symbol: Symbol) -> None:
    """Close what a reducing order opened, now that the venue's books say so too."""
    position = tx.account(account_id).positions[symbol]
    if not position.surplus or not position.qty or position.exit is not None:
        return
    qty = min(position.surplus, abs(position.qty))
    start_exit(tx, account_id, symbol, NO_SIGNAL, qty, why="an order that was to reduce opened it")


def learn_stop(tx: Tx, account: Account, found: VenueOrder, as_of_ns: int) -> None:
    """Learn from the venue's books where a stop stands that the venue itself lets follow the market."""
    order = find_order(account, found.cl_ord_id)
    if order is None or order.intent.ord_type is not OrdType.TRAILING_STOP or found.stop_px is None:
        return
    waits = order.phase is not Phase.WORKING or order.cancel_wanted or order.replace_pending is not None
    if waits or not order.outcome_known or found.cl_ord_id != order.current_id or as_of_ns < order.changed_ns:
        return
    account_id, symbol = account.spec.id, order.intent.symbol
    if found.stop_px != order.stop_px:
        qty, stop_px = order.order_qty, found.stop_px
        tx.apply(ev.OrderRestated(account_id, order.cl_ord_id, qty, stop_px=stop_px, transact_time_ns=as_of_ns))
    position = account.positions[symbol]
    if position.stop_id == order.cl_ord_id and position.stop_px != found.stop_px:
        tx.apply(ev.StopTrailed(account_id, symbol, found.stop_px, _risk(tx, account, position, found.stop_px), None))


def what_ends(state: State) -> tuple[str, ...]:
    """Say what nobody does any more while this engine does not run; what works at a venue goes on."""
    told = []
    for account_id, account in state.accounts.items():
        can = account.capabilities
        for position in account.positions.values():
            if not position.qty:
                continue
            name = f"{account_id} {position.symbol}"
            told += [
                f"{name}: the stop or target of spread {spread_id} as a whole, which works at no venue"
                for spread_id in position.spreads
                if has_levels(levels_of(state.signals[spread_id], account.spreads[spread_id]))
            ]
            if holds_stop(can) and position.stop_px is not None:
                told.append(f"{name}: its stop at {text(position.stop_px)}, which works at no venue")
            elif position.trail is not None and not can.native_trailing and position.stop_px is not None:
                told.append(f"{name}: its stop stays at {text(position.stop_px)} and follows the market no longer")
            if holds_target(can) and position.target_px is not None:
                told.append(f"{name}: its target at {text(position.target_px)}, which works at no venue")
        for cl_ord_id in account.open_orders:
            if key("expire", account_id, cl_ord_id) in state.deadlines:
                told.append(f"{cl_ord_id} ends at no date")
            elif cl_ord_id in state.trailing.get(account.orders[cl_ord_id].intent.symbol, {}):
                told.append(f"{cl_ord_id} follows the market no longer")
    return tuple(told)


# --- following the market ---------------------------------------------------------------------------------------------


def _trail(tx: Tx, account: Account, position: Position, trail: Trail, quote: Quote) -> None:
    side = closing_side(position)
    px = reference(trail, side, quote)
    if px is None or not (position.trail_active or is_active(trail, side, px)):
        return
    stop_px = _moved(tx, position.symbol, trail, side, px, position.stop_px)
    if stop_px is None and (position.trail_active or trail.activation_px is None):
        return
    level = position.stop_px if stop_px is None else stop_px
    if level is None or not may_move(tx, account, position, level):
        return
    tx.apply(ev.StopTrailed(account.spec.id, position.symbol, level, _risk(tx, account, position, level), px))
    follow(tx, account.spec.id, position.symbol)


def _risk(tx: Tx, account: Account, position: Position, stop_px: Decimal) -> Decimal:
    """Return what the position risks with its stop there; as before where no rate can tell."""
    instrument = tx.state.instruments[position.symbol]
    rate, assumed = rate_up(tx.state, account, instrument), tx.state.desk.assumed_stop_pct
    if rate is None:
        return position.risk
    return position_risk(instrument, position.qty, position.cost, stop_px, rate, assumed)


def _moved(tx: Tx, symbol: Symbol, trail: Trail, side: Side, px: Decimal, stop_px: Decimal | None) -> Decimal | None:
    """Return where a stop belongs now, if that is nearer to the market by enough to be worth a message."""
    tick = tx.state.instruments[symbol].tick
    level = behind(trail, side, px, tick)
    if level <= 0:
        return None
    if stop_px is None:
        return level
    enough = abs(level - stop_px) >= max(tx.state.desk.trail_step_ticks, ONE) * tick
    return level if enough and is_better(side, level, stop_px) else None


def _trail_order(tx: Tx, order: Order, quote: Quote) -> None:
    intent, trail = order.intent, order.intent.trail
    px = None if trail is None else reference(trail, intent.side, quote)
    if trail is None or px is None:
        return
    if not order.trail_active and trail.activation_px is not None:
        if not is_active(trail, intent.side, px):
            return
        tx.apply(ev.OrderTrailed(intent.account, order.cl_ord_id, px))
    waits = order.phase is Phase.PENDING_NEW or order.cancel_wanted or order.replace_pending is not None
    if waits or not order.outcome_known or order.cum_qty:
        return  # its last change is still to be answered, or it has been triggered
    stop_px = _moved(tx, intent.symbol, trail, intent.side, px, order.stop_px)
    if stop_px is not None:
        change(tx, order, leaves_qty(order), None, stop_px)


# --- prices that are held here ----------------------------------------------------------------------------------------


def _watch(tx: Tx, account: Account, position: Position, quote: Quote) -> None:
    """Leave if the market has reached the target, or a stop that the venue does not take."""
    side = closing_side(position)
    market, sign = touch(quote, side), SIGN[side]
    qty = reducible(account, position)
    if not qty or _too_soon(tx, position):
        return
    stop_px, target_px = position.stop_px, position.target_px
    account_id, symbol = account.spec.id, position.symbol
    if holds_stop(account.capabilities) and stop_px is not None and (market - stop_px) * sign >= 0:
        why = f"the market is at {text(market)}, its stop at {text(stop_px)}"
        start_exit(tx, account_id, symbol, NO_SIGNAL, qty, why=why)
    elif target_px is not None and (market - target_px) * sign <= 0:
        why = f"the market is at {text(market)}, its target at {text(target_px)}"
        start_exit(tx, account_id, symbol, NO_SIGNAL, qty, why=why, limit_px=target_px)


def _too_soon(tx: Tx, position: Position) -> bool:
    """Say whether the exit that the market triggered last came to nothing only just now."""
    if not position.triggers:
        return False
    gap_ns = NS_PER_S << min(position.triggers - 1, GAP_DOUBLED_MAX)
    return tx.state.now_ns < position.triggered_ns + gap_ns
