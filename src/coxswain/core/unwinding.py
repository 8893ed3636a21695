"""Closing parts of a spread: what is beyond whole units, and whole units that are on their way out.

Everything is an exit of exactly that quantity, through the ordinary exit of a position. When it is time for it, and
whether it is over, is for `legging`.
"""

from decimal import Decimal

from coxswain.core.order import Order
from coxswain.core.protection import start_exit
from coxswain.core.scopes import narrower_state, why_restricted
from coxswain.core.shares import Spread, SpreadLeg
from coxswain.core.spreads import limit_of, unhedged_of_a_unit, unit_of
from coxswain.core.state import Account, State, position_break, reducible, share_of, strictest
from coxswain.core.submit import cancel
from coxswain.core.tx import Tx
from coxswain.core.units import beyond_units, lot_value, whole_units
from coxswain.model.decimals import ONE, ZERO, floor_step, plain
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, SignalId, TradingState

UNWINDS_MAX = 10
"""Then what is left is for a person, and an event says so."""


def child_of(tx: Tx, account_id: AccountId, leg: SpreadLeg) -> Order | None:
    """Return the order of a leg that is open."""
    share = share_of(tx.state, leg.signal_id, account_id)
    if share is None or share.parent is None or share.parent.child is None:
        return None
    return tx.account(account_id).orders[share.parent.child]


def is_lived_without(account: Account, leg: SpreadLeg) -> bool:
    """Say whether the venue holds nothing of a leg, and a person lives with that: no order could close it."""
    lived_with = position_break(account.spec.id, leg.symbol) in account.ignored
    return lived_with and not reducible(account, account.positions[leg.symbol])


def unwind(tx: Tx, account_id: AccountId, spread: Spread, spread_id: SignalId) -> str:
    """Call back what is open, then close what is beyond whole units, each leg by an exit of exactly that quantity."""
    state, account = tx.state, tx.account(account_id)
    for leg in spread.legs:
        child = child_of(tx, account_id, leg)
        if child is not None:
            cancel(tx, child, spread.stopped or "the spread is unwound")
    if any(child_of(tx, account_id, leg) is not None for leg in spread.legs):
        return "orders that were called back are not over"
    beyond = beyond_units(account, spread) or _next_to_leave(tx, account, spread, spread_id)
    legs = [leg for leg in spread.legs if leg.signal_id in beyond]
    for leg in spread.legs:
        if account.positions[leg.symbol].unknown:
            return f"an order in {leg.symbol} is not known"
    waits, leaving = "", spread.leaving
    exit_id, actor = (spread_id, "") if leaving is None else (leaving.exit_id, leaving.actor)
    why = f"unwinds the spread: {spread.stopped or 'its legging limit was reached'}"
    if leaving is not None:
        why = f"leaves the spread: {leaving.reason}" if exit_id == spread_id else ""
    for leg in legs:
        note = _why_not_closed(state, account, leg, state.signals[spread_id], spread)
        waits = waits or note
        if not note and account.positions[leg.symbol].exit is None and spread.tries < UNWINDS_MAX:
            start_exit(tx, account_id, leg.symbol, exit_id, beyond[leg.signal_id], actor=actor, why=why)
    return waits


def _next_to_leave(tx: Tx, account: Account, spread: Spread, spread_id: SignalId) -> dict[SignalId, Decimal]:
    """Return the next slice of the leg that is closed first, once nothing stands without the others.

    As many units as may stand unhedged, and at least the smallest order: what leaves is not kept by its own limit.
    """
    leaving = spread.leaving
    if leaving is None:
        return {}
    left = whole_units(account, spread) - leaving.keep
    lead = next(leg for leg in spread.legs if leg.signal_id == leaving.lead)
    value = unhedged_of_a_unit(tuple(leg.ratio * lot_value(tx.state, account, leg) for leg in spread.legs))
    least = unit_of(tx.state, tx.state.signals[spread_id]).min_qty
    room = left if not value else floor_step(limit_of(tx.state, spread_id).max_unhedged_value / value, ONE)
    units = min(left, max(room, least))
    if ZERO < left - units < least:
        units = left
    return {lead.signal_id: plain(units * lead.ratio)} if units > 0 else {}


def _why_not_closed(state: State, account: Account, leg: SpreadLeg, signal: Signal, spread: Spread) -> str:
    position, leaving = account.positions[leg.symbol], spread.leaving
    if position.exit is None and not reducible(account, position):
        return f"the venue holds none of {leg.symbol}"
    if not state.sessions.get(leg.symbol, False):
        return f"the session of {leg.symbol} is closed"
    halted = strictest((account.state, narrower_state(state, leg.symbol, signal.strategy))) is TradingState.HALTED
    if halted and (leaving is None or not leaving.actor):
        return f"nothing may leave: {why_restricted(state, account, leg.symbol, signal.strategy)}"
    own = (signal.id, signal.id if leaving is None else leaving.exit_id)
    if position.leaving_for is not None or (position.exit is not None and position.exit.signal_id not in own):
        return f"another exit of {leg.symbol} is under way"
    return ""
