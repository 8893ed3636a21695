"""Two orders of one signal that hang together: one cancels the other, or one follows the other.

A pair is one choice, and the first fill makes it: the other order is called back whole, however little was filled, and
what was begun goes on alone. It is not made smaller fill by fill: each change of it would race with the next fill, and
on the other side it would take back what was just opened. Half a pair is another trade than the one that was meant, so
when one of the two is denied, rejected, cancelled or expired, the other is called back as well. Where both fill before
the cancel gets there, both are booked, what is open is protected, and an incident says so.

An order that follows is placed once, when the first is over, for what that one has filled, through the gate as things
stand then; if that is nothing, or is closed again, it is withdrawn.

Nothing is remembered here: after every step the two are brought to where they belong by what stands in the state. So a
restart between the two, or a report that comes twice, changes nothing.
"""

from coxswain.core.contingent import first_id, follows, is_of_a_pair, orders_of, partner_of, second_id
from coxswain.core.entries import call_back, withdraw_share
from coxswain.core.order import is_done, is_over
from coxswain.core.position import Position, is_closing
from coxswain.core.state import Account, State, find_order, share_of
from coxswain.core.submit import ask_for_account
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain, text
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import BUY, AccountId, SignalId

OF_AN_ORDER = (
    ev.OrderFilled,
    ev.OrderCanceled,
    ev.OrderRejected,
    ev.OrderExpired,
    ev.OrderRestated,
    ev.OrderReplaced,
    ev.OutcomeResolved,
)
CLOSED_AGAIN = "what the first order opened is closed again"
FILLED, OVER = "the other order of its pair was filled", "the other order of its pair is over"
OF_A_SHARE = (ev.AssignmentWithdrawn, ev.CompletionEnded)
CONCERNED = frozenset((*OF_AN_ORDER, *OF_A_SHARE, ev.OrderDenied))
"""The events that `after` looks at."""


def after(tx: Tx) -> None:
    """At the end of a step: bring what hangs on each share that it was about to where it belongs."""
    read = 0
    while read < len(tx.events):  # what follows from one may concern another
        event = tx.events[read]
        read += 1
        concerned = _share_of(tx.state, event)
        if concerned is None:
            continue
        account_id, signal_id = concerned
        first = first_id(tx.state, signal_id)
        if first is None:
            continue
        if is_of_a_pair(tx.state, signal_id):
            if isinstance(event, ev.OrderFilled):
                _tell_if_both_filled(tx, account_id, signal_id, event)
            _choose(tx, account_id, first)
        else:
            _follow(tx, account_id, first)


def why_not_released(state: State, account_id: AccountId, signal_id: SignalId) -> str:
    """Say why a share that is due has no place any more; empty if it has, or is not one of two orders."""
    account, first = state.accounts[account_id], state.signals[signal_id].first
    if first is not None and follows(state, signal_id):
        signal = state.signals[first]
        return CLOSED_AGAIN if _is_closed_again(account.positions[signal.symbol], signal) else ""
    partner = partner_of(state, signal_id)
    if partner is None:
        return ""
    return FILLED if _is_filled(account, partner) else OVER if _is_over(state, account, partner) else ""


def _share_of(state: State, event: ev.Event) -> tuple[AccountId, SignalId] | None:
    """Return the share of an entry that an event changed."""
    if type(event) not in CONCERNED:
        return None
    if isinstance(event, OF_AN_ORDER):
        order = find_order(state.accounts[event.account], event.cl_ord_id)
        return None if order is None or not order.enters else (event.account, order.intent.signal_id)
    if isinstance(event, OF_A_SHARE):
        return event.account, event.signal_id
    if isinstance(event, ev.OrderDenied) and event.intent.account in state.accounts:
        return None if event.intent.reduce_only else (event.intent.account, event.intent.signal_id)
    return None


# --- one cancels the other --------------------------------------------------------------------------------------------


def _choose(tx: Tx, account_id: AccountId, first: SignalId) -> None:
    """What has filled is chosen, and its end means nothing to the other; else none of the two stands alone."""
    account, both = tx.account(account_id), (first, second_id(first))
    filled = [name for name in both if _is_filled(account, name)]
    for name in filled or [name for name in both if _is_over(tx.state, account, name)]:
        _call_back(tx, account, both[name == first], FILLED if filled else OVER)


def _is_filled(account: Account, signal_id: SignalId) -> bool:
    return any(order.cum_qty for order in orders_of(account, signal_id))


def _is_over(state: State, account: Account, signal_id: SignalId) -> bool:
    """Say whether nothing of a share is open any more, nor still to come."""
    share = share_of(state, signal_id, account.spec.id)
    if share is None or not share.released or signal_id in account.paced:
        return False
    return all(is_done(order) for order in orders_of(account, signal_id))


def _call_back(tx: Tx, account: Account, signal_id: SignalId, why: str) -> None:
    for order in orders_of(account, signal_id):
        if not is_done(order):
            call_back(tx, order, why)
    if signal_id in account.positions[tx.state.signals[signal_id].symbol].waiting:
        withdraw_share(tx, account.spec.id, signal_id, why)


def _tell_if_both_filled(tx: Tx, account_id: AccountId, signal_id: SignalId, event: ev.OrderFilled) -> None:
    """Say once that the cancel came too late. Both fills are booked and protected like any others."""
    account, partner = tx.account(account_id), partner_of(tx.state, signal_id)
    own = sum((order.cum_qty for order in orders_of(account, signal_id)), ZERO)
    other = ZERO if partner is None else sum((order.cum_qty for order in orders_of(account, partner)), ZERO)
    if not other or own != event.last_qty:
        return
    held = text(account.positions[event.symbol].qty)
    detail = f"both orders of a pair filled, {text(other)} and {text(own)}: {held} {event.symbol} are open"
    tx.apply(ev.IncidentRaised(account_id, event.cl_ord_id, "BOTH_FILLED", detail))
    ask_for_account(tx, account_id, detail)


# --- one follows the other --------------------------------------------------------------------------------------------


def _follow(tx: Tx, account_id: AccountId, first: SignalId) -> None:
    """Let the second order have its turn, or withdraw it, once the first is over and all about it is known."""
    state, account, second = tx.state, tx.account(account_id), second_id(first)
    share, waiting = share_of(state, first, account_id), share_of(state, second, account_id)
    if share is None or waiting is None or waiting.released or waiting.due_ns:
        return
    orders = orders_of(account, first)
    if not share.released or share.waiting_qty or first in account.paced or not all(is_over(o) for o in orders):
        return
    signal = state.signals[first]
    position, least = account.positions[signal.symbol], state.instruments[signal.symbol].min_qty
    qty = plain(min(sum((order.cum_qty for order in orders), ZERO), waiting.qty))
    if qty < least:
        withdraw_share(tx, account_id, second, f"the first order ended with {text(qty)} filled")
    elif _is_closed_again(position, signal):
        withdraw_share(tx, account_id, second, CLOSED_AGAIN)
    else:
        tx.apply(ev.SecondOrderDue(second, account_id, qty, state.now_ns))


def _is_closed_again(position: Position, first: Signal) -> bool:
    return not position.qty or (position.qty > 0) is not (first.side is BUY) or is_closing(position)
