"""An order that nobody can ask about ends by a person's word: it was lost, or these fills are its own.

A venue that keeps no ids of ours proves no order absent, so a request that was lost would hold what it holds for ever.
A person can look there. The word is taken while nobody knows what became of the order, once its venue was asked and has
nothing to say against it: it did not find the order, or has not answered time after time. No fill is made up. What
filled there is booked already, as a fill that fits no order, and is moved; or it is a difference, and a break.

What is settled is over like any other order that is: a fill that comes is booked, and one that works is called back.
"""

from coxswain.core import entries, reversals
from coxswain.core.changing import find_anywhere
from coxswain.core.consequences import after
from coxswain.core.fills import book_fill
from coxswain.core.order import Order, Settling, is_done, is_over
from coxswain.core.params import seconds_ns
from coxswain.core.position import KnownFill
from coxswain.core.state import Account, State
from coxswain.core.submit import ASKED_AT_PACE
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import SettleOrder
from coxswain.model.decimals import ZERO, plain, text
from coxswain.model.orders import VenueFill
from coxswain.model.vocabulary import ExecId, SettledAs

SILENT_FOR = 2
"""Of routine comparisons: for so long a venue was not heard to know an order before its silence counts."""


def on_settle(tx: Tx, message: SettleOrder) -> None:
    """End an unknown order by a person's word, or by that of two where the settings ask for it."""
    order = find_anywhere(tx.state, message.cl_ord_id)
    why = "no order of ours has this id" if order is None else why_not(tx.state, order, message)
    if order is None or why:
        tx.refuse("settle-order", message.cl_ord_id, message.actor, why)
        return
    account_id, own, first = order.intent.account, order.cl_ord_id, order.settling
    said = Settling(message.settled_as, message.exec_ids, message.actor)
    second = ""
    if tx.state.desk.settle_needs_two:
        if first is None or first.actor == said.actor or (first.settled_as, first.exec_ids) != said[:2]:
            tx.apply(ev.SettlementAsked(account_id, own, *said[:2], message.reason, message.actor))
            return
        said, second = first, message.actor
    tx.apply(ev.OrderSettled(account_id, own, *said[:2], message.reason, said.actor, second))
    _settle(tx, order, message, " and ".join(filter(None, (said.actor, second))))


def why_not(state: State, order: Order, message: SettleOrder) -> str:
    """Say why a person's word about an order cannot be taken now; empty if it can."""
    if not message.reason.strip():
        return "reason is empty, wanted what you have seen"
    if is_over(order):
        return "it is over"
    if order.outcome_known:
        return "OUTCOME_KNOWN: the venue has answered for it; wanted cancel, or wait until it is unknown"
    if not has_answered(order) and not _is_silent(state, order):
        return "STILL_ASKED: its venue is asked for it and has not answered that it does not know it"
    return _why_not_these(state.accounts[order.intent.account], order, message)


def has_answered(order: Order) -> bool:
    """Say whether its venue has looked for it since it was last heard of, and found nothing."""
    return order.looks > 0


def _is_silent(state: State, order: Order) -> bool:
    """Say whether its venue was asked time after time in vain, and was not heard to know it for long."""
    since_ns = state.now_ns - max(order.heard_ns, order.created_ns)
    return order.asked_before >= ASKED_AT_PACE and since_ns >= SILENT_FOR * seconds_ns(state.desk.position_sync_s)


def _why_not_these(account: Account, order: Order, message: SettleOrder) -> str:
    if message.settled_as is SettledAs.LOST:
        return "fills: wanted none with lost" if message.exec_ids else ""
    fitting = _fitting(account, order)
    wanted = ", ".join(f"{name} ({_words(fill)})" for name, fill in fitting.items())
    if not message.exec_ids:
        return f"fills: none, wanted {wanted or 'a fill that fits no order; there is none that could be of this one'}"
    for exec_id in message.exec_ids:
        if exec_id not in fitting:
            return f"fills: {exec_id}, wanted {wanted or 'a fill that fits no order, of its instrument and side'}"
    if len(set(message.exec_ids)) < len(message.exec_ids):
        return "fills: one is named twice"
    qty = sum((fitting[exec_id].booking.qty for exec_id in message.exec_ids), ZERO)
    left = plain(order.order_qty - order.cum_qty)
    return f"fills: {text(qty)} in all, wanted {text(left)} at most" if qty > left else ""


def _words(fill: KnownFill) -> str:
    return f"{text(fill.booking.qty)} at {text(fill.booking.px)}"


def _fitting(account: Account, order: Order) -> dict[ExecId, KnownFill]:
    """Return the fills that fit no order, and that could be this one's. A person asked: all may be looked through."""
    intent, since_ns = order.intent, order.created_ns
    return {
        exec_id: fill
        for exec_id, fill in account.fills.items()
        if not (fill.on_order or fill.busted)
        and (fill.symbol, fill.booking.side) == (intent.symbol, intent.side)
        and fill.booking.transact_time_ns >= since_ns
    }


def _settle(tx: Tx, order: Order, message: SettleOrder, who: str) -> None:
    account_id, words = order.intent.account, f"{message.settled_as} by {who}: {message.reason}"
    for exec_id in message.exec_ids:
        _take_fill(tx, tx.account(account_id), order, exec_id, who)
    if is_done(order):
        if not order.outcome_known:
            tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, words))
            after(tx, order, was_over=False)
        return
    if order.renewal is not None:
        tx.apply(ev.RenewalEnded(account_id, order.cl_ord_id, words))
    if order.enters:
        entries.complete_no_more(tx, order, words)
    tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, words))
    tx.apply(ev.OrderCanceled(account_id, order.cl_ord_id, order.cum_qty, True, words))
    after(tx, order, was_over=False)


def _take_fill(tx: Tx, account: Account, order: Order, exec_id: ExecId, who: str) -> None:
    """Move a fill that fits no order to this one: position and money stay as they are."""
    known = account.fills[exec_id]
    booking, commission = known.booking, known.commission
    side, symbol, name = booking.side, known.symbol, order.current_id
    reversals.take_out(tx, account, known, f"{side} {symbol} of {order.cl_ord_id}, by {who}")
    at_ns, qty, px, rate = booking.transact_time_ns, booking.qty, booking.px, booking.rate
    book_fill(tx, account, VenueFill(name, exec_id, symbol, side, qty, px, commission, at_ns, rate))
