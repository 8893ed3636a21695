"""A signal of two orders: what its shares are called, which orders they have, and what both hold together.

The second order has a share and a plan of its own, under the id `<signal>/2`, which no signal that comes in can have:
so holds, the gate, protection and every look-up by share find two entries like any others. Of a pair (`oco`) one order
cancels the other; an order that follows (`then`) is placed when the first is over. How they are planned is in `second`,
what happens when, in `linked`. Nothing is decided here.
"""

from decimal import Decimal

from coxswain.core.order import Order, held_qty, is_done
from coxswain.core.params import NS_PER_S
from coxswain.core.state import Account, State
from coxswain.model.contingent import Contingent
from coxswain.model.decimals import ZERO
from coxswain.model.orders import OrderIntent
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, SignalId


def second_id(signal_id: SignalId) -> SignalId:
    return SignalId(f"{signal_id}/2")


def second_of(signal: Signal) -> Contingent | None:
    return signal.oco or signal.then


def first_id(state: State, signal_id: SignalId) -> SignalId | None:
    """Return the signal whose first or second order this is; None where there is no second."""
    signal = state.signals.get(signal_id)
    if signal is None or (signal.first is None and second_of(signal) is None):
        return None
    return signal.first or signal_id


def is_of_a_pair(state: State, signal_id: SignalId) -> bool:
    first = first_id(state, signal_id)
    return first is not None and state.signals[first].oco is not None


def follows(state: State, signal_id: SignalId) -> bool:
    """Say whether this is the share of an order that is placed only when another is over."""
    signal = state.signals[signal_id]
    return signal.first is not None and state.signals[signal.first].then is not None


def partner_of(state: State, signal_id: SignalId) -> SignalId | None:
    """Return the other share of a pair."""
    if not is_of_a_pair(state, signal_id):
        return None
    return state.signals[signal_id].first or second_id(signal_id)


def orders_of(account: Account, signal_id: SignalId) -> list[Order]:
    """Return every order that was sent for a share of a signal of two orders."""
    return [account.orders[cl_ord_id] for cl_ord_id in account.contingent.get(signal_id, ())]


def beside(state: State, intent: OrderIntent) -> Order | None:
    """Return the open order that excludes this one at the venue itself, so that one hold serves both."""
    if intent.oco_group is None or intent.reduce_only:
        return None
    partner = partner_of(state, intent.signal_id)
    if partner is None:
        return None
    found = orders_of(state.accounts[intent.account], partner)
    return next((order for order in found if not is_done(order) and order.intent.oco_group == intent.oco_group), None)


def shared_hold(
    state: State, intent: OrderIntent, lots: Decimal, margin: Decimal, risk: Decimal
) -> tuple[Decimal, Decimal, Decimal]:
    """Return what of an order's worst case is held already: its own, or that of the one it excludes, if that is more.

    Lots count on the same side only: on the other one they are apart by themselves.
    """
    other = beside(state, intent)
    if other is None:
        return lots, margin, risk
    held = held_qty(other)
    same = held if other.intent.side is intent.side else ZERO
    return max(lots, same), max(margin, held * other.margin_per_lot), max(risk, held * other.risk_per_lot)


def life_of(state: State, signal_id: SignalId, account_id: AccountId) -> tuple[int, int]:
    """Return since when and until when an order of a signal may leave; one that follows lives from its own turn on."""
    signal, share = state.signals[signal_id], state.plans[signal_id].shares.get(account_id)
    since_ns = signal.signal_time_ns if share is None or not share.due_ns else share.due_ns
    return since_ns, since_ns + signal.ttl_s * NS_PER_S
