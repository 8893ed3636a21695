"""Spreads become facts: what of each leg is filled and closed, and the deadline at which they are looked at again."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.shared import share_for, stop_waiting
from coxswain.core.order import InvariantViolation, Order
from coxswain.core.params import seconds_ns
from coxswain.core.position import Position
from coxswain.core.shares import Leaving, Parent, Spread, SpreadLeg
from coxswain.core.spread_levels import has_levels, levels_of
from coxswain.core.state import Account, State
from coxswain.core.sums import key, plan_risk, position_of
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain, round_up
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, Role, SignalId


def _spread_started(state: State, clock: Deadlines, event: ev.SpreadStarted) -> None:
    account = state.accounts[event.account]
    legs = [SpreadLeg(leg.signal_id, leg.symbol, leg.side, leg.ratio, leg.qty) for leg in event.legs]
    account.spreads[event.signal_id] = Spread(event.units, legs, state.now_ns, event.ends_ns)
    for leg in event.legs:
        share = share_for(state, leg.signal_id, event.account)
        share.parent = Parent(leg.side, leg.qty, state.now_ns, event.ends_ns)
        share.sliced = share.released = True
        share.risk_per_lot = round_up(share.planned_risk / share.qty)
        share.margin_per_lot = round_up(share.planned_margin / share.qty)
        plan_risk(state, share, event.account)
        clock.clear(key("release", event.account, leg.signal_id))
        position_of(account, leg.symbol).legging[event.signal_id] = None
    clock.set(key("legging", event.account, event.signal_id), state.now_ns)
    _watch(state, clock, event.account, event.signal_id)


def _watch(state: State, clock: Deadlines, account_id: AccountId, signal_id: SignalId) -> None:
    if has_levels(levels_of(state.signals[signal_id], state.accounts[account_id].spreads[signal_id])):
        clock.set(key("spread_watch", account_id, signal_id), state.now_ns + seconds_ns(state.desk.quote_stale_s))


def _spread_watch_changed(state: State, clock: Deadlines, event: ev.SpreadWatchChanged) -> None:
    spread = _spread_of(state, event.account, event.signal_id)
    spread.unwatched = "" if event.watched else event.reason
    watch = key("spread_watch", event.account, event.signal_id)
    if event.next_ns is None:
        clock.clear(watch)
    else:
        clock.set(watch, event.next_ns)


def _spread_levels_moved(state: State, clock: Deadlines, event: ev.SpreadLevelsMoved) -> None:
    _spread_of(state, event.account, event.signal_id).moved = event.levels
    if key("spread_watch", event.account, event.signal_id) not in state.deadlines:
        _watch(state, clock, event.account, event.signal_id)


def _spread_level_seen(state: State, clock: Deadlines, event: ev.SpreadLevelSeen) -> None:
    clock.set(key("spread_stop", event.account, event.signal_id), state.now_ns)


def _spread_level_missed(state: State, clock: Deadlines, event: ev.SpreadLevelMissed) -> None:
    clock.clear(key("spread_stop", event.account, event.signal_id))


def _spread_level_reached(state: State, clock: Deadlines, event: ev.SpreadLevelReached) -> None:
    clock.clear(key("spread_stop", event.account, event.signal_id))
    _spread_of(state, event.account, event.signal_id).reached_ns = state.now_ns


def _spread_marked(state: State, clock: Deadlines, event: ev.SpreadMarked) -> None:
    spread = _spread_of(state, event.account, event.signal_id)
    spread.unhedged_value, spread.since_ns = event.unhedged_value, event.since_ns
    spread.wake_ns, spread.note = event.wake_ns, event.note
    clock.set(key("legging", event.account, event.signal_id), event.wake_ns)


def _legging_limit_reached(state: State, clock: Deadlines, event: ev.LeggingLimitReached) -> None:
    spread = _spread_of(state, event.account, event.signal_id)
    spread.decided, spread.decided_ns, spread.tries = event.decision, state.now_ns, 0


def _spread_stopped(state: State, clock: Deadlines, event: ev.SpreadStopped) -> None:
    spread = _spread_of(state, event.account, event.signal_id)
    spread.stopped, spread.leaving = event.reason, None
    _go_on(state, clock, spread, event.account, event.signal_id)


def _spread_leaving(state: State, clock: Deadlines, event: ev.SpreadLeaving) -> None:
    spread = _spread_of(state, event.account, event.signal_id)
    spread.leaving = Leaving(event.exit_id, event.keep, event.legs[0], event.reason, event.actor)
    _go_on(state, clock, spread, event.account, event.signal_id)


def _go_on(state: State, clock: Deadlines, spread: Spread, account_id: AccountId, signal_id: SignalId) -> None:
    """It is worked, perhaps again, and looked at at once."""
    spread.over, spread.tries, spread.wake_ns = False, 0, state.now_ns
    for leg in spread.legs:
        position_of(state.accounts[account_id], leg.symbol).legging[signal_id] = None
    clock.set(key("legging", account_id, signal_id), state.now_ns)


def _spread_ended(state: State, clock: Deadlines, event: ev.SpreadEnded) -> None:
    spread = _spread_of(state, event.account, event.signal_id)
    spread.over, spread.unhedged_value, spread.since_ns, spread.leaving = True, event.unhedged_value, None, None
    if spread.reached_ns:
        spread.reached_ns = state.now_ns  # what it began ends now, and begins again after a while at the soonest
    clock.clear(key("legging", event.account, event.signal_id))
    for leg in spread.legs:
        share = share_for(state, leg.signal_id, event.account)
        share.parent, share.over = None, True
        stop_waiting(state, clock, leg.signal_id, event.account)
        position_of(state.accounts[event.account], leg.symbol).legging.pop(event.signal_id, None)


def _spread_of(state: State, account_id: AccountId, signal_id: SignalId) -> Spread:
    spread = state.accounts[account_id].spreads.get(signal_id)
    if spread is None:
        raise InvariantViolation(f"{account_id} works no spread {signal_id}")
    return spread


# --- for the other files of this folder -------------------------------------------------------------------------------


def count_try(state: State, account: Account | None, intent: OrderIntent) -> None:
    """Count an order that completes or unwinds, sent or denied."""
    # A denied order may name an account that nobody has.
    spread = None if account is None else _concerned(state, account, intent)
    if spread is not None and (spread.decided is not None or spread.stopped or spread.leaving is not None):
        spread.tries += 1


def note_fill(state: State, account: Account, order: Order, event: ev.OrderFilled) -> None:
    """Add a fill to what its leg has opened, or closed again."""
    spread = _concerned(state, account, order.intent)
    if spread is None:
        return
    for leg in spread.legs:
        if leg.symbol == order.intent.symbol and order.intent.role is Role.ENTRY:
            leg.cum_qty = plain(leg.cum_qty + event.last_qty)
            leg.notional = plain(leg.notional + event.last_qty * event.last_px)
            position_of(account, leg.symbol).spreads[_id_of(state, order.intent)] = None
        elif leg.symbol == order.intent.symbol:
            leg.closed_qty = plain(min(leg.closed_qty + event.last_qty, leg.cum_qty))
            if spread.leaving is not None:
                spread.tries = 0  # it makes progress


def note_closed(account: Account, position: Position) -> None:
    """All that was held of an instrument is gone, and what spreads had of it."""
    for signal_id in position.spreads:
        for leg in account.spreads[signal_id].legs:
            if leg.symbol == position.symbol:
                leg.closed_qty = leg.cum_qty
    position.spreads.clear()


def keep_within(account: Account, position: Position) -> None:
    """Spreads have no more of an instrument than is held of it.

    What closes and names no spread takes other lots first, then those of the oldest spread.
    """
    legs = {
        signal_id: leg
        for signal_id in position.spreads
        for leg in account.spreads[signal_id].legs
        if leg.symbol == position.symbol
    }
    beyond = sum((leg.cum_qty - leg.closed_qty for leg in legs.values()), ZERO) - abs(position.qty)
    for signal_id, leg in legs.items():
        taken = min(beyond, leg.cum_qty - leg.closed_qty)
        if taken > 0:
            leg.closed_qty, beyond = plain(leg.closed_qty + taken), beyond - taken
        if leg.closed_qty == leg.cum_qty:
            del position.spreads[signal_id]


def _concerned(state: State, account: Account, intent: OrderIntent) -> Spread | None:
    """Return the spread that an order enters for as a leg, or closes a part of."""
    if not account.spreads or intent.role not in (Role.ENTRY, Role.EXIT):
        return None
    return account.spreads.get(_id_of(state, intent))


def _id_of(state: State, intent: OrderIntent) -> SignalId:
    """Return the spread of a leg's order, or of an exit that leaves one; an unwinding carries its id itself."""
    signal = state.signals.get(intent.signal_id)
    return intent.signal_id if signal is None or signal.spread is None else signal.spread


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.SpreadStarted: _spread_started,
    ev.SpreadMarked: _spread_marked,
    ev.LeggingLimitReached: _legging_limit_reached,
    ev.SpreadStopped: _spread_stopped,
    ev.SpreadLeaving: _spread_leaving,
    ev.SpreadWatchChanged: _spread_watch_changed,
    ev.SpreadLevelsMoved: _spread_levels_moved,
    ev.SpreadLevelSeen: _spread_level_seen,
    ev.SpreadLevelMissed: _spread_level_missed,
    ev.SpreadLevelReached: _spread_level_reached,
    ev.SpreadEnded: _spread_ended,
}
