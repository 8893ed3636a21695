"""The answer to a question about one order: what the venue's books hold under its id.

Its fills are booked first, then the order stands where the venue says. "Not found" is no proof by itself: only looking
twice, a settle window apart, with no fill and no unexplained position, declares an order absent.
"""

from coxswain.core.consequences import after
from coxswain.core.fills import confirm_change, unbookable
from coxswain.core.gate_view import view_of
from coxswain.core.order import Order, Phase, is_done, is_over, leaves_qty
from coxswain.core.params import seconds_ns
from coxswain.core.relisted import book_listed
from coxswain.core.state import Account, find_order, qty_at_venue
from coxswain.core.submit import ask_cancel, patience_ns, send_new
from coxswain.core.trust import distrust, restrict
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import OrderLookedUp
from coxswain.model.orders import VenueFill, VenueOrder
from coxswain.model.vocabulary import AccountId, OrdStatus, VenueTier
from coxswain.risk.gate import Refused, judge

LOOKS_THAT_PROVE = 2


def on_order_looked_up(tx: Tx, answer: OrderLookedUp) -> None:
    """Book what is missing, then take over where the order stands at the venue."""
    account = tx.state.accounts.get(answer.account)
    if account is None:
        return
    order = find_order(account, answer.cl_ord_id)
    was_over = order is not None and is_over(order)
    if not book_fills(tx, account, answer.fills) or order is None:
        return
    if answer.order is None:
        _on_absence(tx, account, order, answer)
    else:
        _on_presence(tx, order, answer.order, answer.as_of_ns)
    after(tx, order, was_over)


def book_fills(tx: Tx, account: Account, fills: tuple[VenueFill, ...]) -> bool:
    """Book every fill that can be. False if one cannot: then nothing else in the answer is to be believed."""
    believed = True
    for fill in fills:
        why = unbookable(fill) if fill.symbol in tx.state.instruments else f"{fill.symbol} is no instrument of ours"
        if not why:
            book_listed(tx, account, fill)
        elif fill.exec_id not in account.exec_ids:
            quarantine_fill(tx, account.spec.id, fill, why)
            believed = False
    return believed


def quarantine_fill(tx: Tx, account_id: AccountId, fill: VenueFill, why: str) -> None:
    """Set a fill aside that cannot be booked. The books are compared when it is time: at once would be for ever."""
    tx.apply(ev.ReportQuarantined(account_id, fill.cl_ord_id, why))
    restrict(tx, account_id, "UNRECONCILED", why)


# --- the venue knows it -----------------------------------------------------------------------------------------------


def _on_presence(tx: Tx, order: Order, found: VenueOrder, as_of_ns: int) -> None:
    """Where it stands at the venue is where it stands; an answer that is older than what we heard says nothing."""
    account_id = order.intent.account
    if found.cum_qty > order.cum_qty:
        why = f"{order.cl_ord_id}: the venue filled {found.cum_qty}, its fills sum to {order.cum_qty}"
        tx.apply(ev.OrderFoundShort(account_id, order.cl_ord_id, found.cum_qty, order.cum_qty))
        distrust(tx, account_id, why)
        return  # the question stays open and is asked again when its time is up
    was_unknown = not order.outcome_known
    if not is_done(order):
        if order.phase is Phase.PENDING_NEW and found.ord_status is not OrdStatus.REJECTED:
            tx.apply(ev.OrderAccepted(account_id, order.cl_ord_id, found.venue_order_id))
        _take_over(tx, order, found, as_of_ns)
    tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, True, f"the venue says {found.ord_status}"))
    if is_done(order):
        return
    if found.ord_status is OrdStatus.CANCELED:
        tx.apply(ev.OrderCanceled(account_id, order.cl_ord_id, order.cum_qty, not order.cancel_wanted, found.text))
    elif found.ord_status is OrdStatus.REJECTED:
        tx.apply(ev.OrderRejected(account_id, order.cl_ord_id, found.text))
    elif found.ord_status is OrdStatus.EXPIRED:
        tx.apply(ev.OrderExpired(account_id, order.cl_ord_id, order.cum_qty))
    elif was_unknown:
        _pursue(tx, order)


def _take_over(tx: Tx, order: Order, found: VenueOrder, as_of_ns: int) -> None:
    """Take over id, quantity and prices in force, as far as they are news."""
    if found.cl_ord_id != order.current_id:
        confirm_change(tx, order, found.cl_ord_id, found.order_qty, as_of_ns)
        return
    ours = (order.order_qty, order.price, order.stop_px)
    if ours != (found.order_qty, found.price, found.stop_px) and as_of_ns >= order.changed_ns:
        qty, price, stop_px = found.order_qty, found.price, found.stop_px
        tx.apply(ev.OrderRestated(order.intent.account, order.cl_ord_id, qty, price, stop_px, as_of_ns))


def _pursue(tx: Tx, order: Order) -> None:
    """The order works at the venue, so an unanswered cancel or replace did not get there.

    It is asked for again at once, but not as fast as a venue can fail: what was asked only just now waits its time.
    """
    account_id, desk = order.intent.account, tx.state.desk
    age_ns, why = tx.state.now_ns - order.asked_ns, "it did not reach the venue"
    if order.replace_pending is not None:
        too_soon = age_ns < seconds_ns(desk.submit_timeout_s)
        tx.apply(ev.ReplaceRefused(account_id, order.cl_ord_id, why, by_venue=too_soon))
    if order.cancel_pending:
        tx.apply(ev.CancelRefused(account_id, order.cl_ord_id, why))
        if age_ns >= seconds_ns(desk.cancel_timeout_s):
            ask_cancel(tx, order, "asked again")


# --- the venue does not know it ---------------------------------------------------------------------------------------


def _on_absence(tx: Tx, account: Account, order: Order, answer: OrderLookedUp) -> None:
    """Count a look that found nothing, if it is one more than those before; two are proof.

    One that may have been made before the venue was last heard to know the order is none.
    """
    account_id, state = order.intent.account, tx.state
    looked_ns, settle_ns = answer.as_of_ns or order.questioned_ns, seconds_ns(state.desk.settle_window_s)
    if looked_ns <= order.heard_ns:
        return  # the venue was heard to know it after that, or at that instant: this says nothing about since
    if is_done(order):
        if not order.outcome_known:
            tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, True, "it is over here and unknown there"))
        return
    agrees = not answer.fills and answer.position_qty == qty_at_venue(account, order.intent.symbol)
    if not agrees and order.phase is not Phase.PENDING_NEW:
        _raise_break(tx, order)
        tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, "a break says so from here on"))
        return
    if not agrees:
        ask_again_ns = state.now_ns + patience_ns(state, state.desk.query_timeout_s, order.asked_before)
        tx.apply(ev.AbsenceNoted(account_id, order.cl_ord_id, 0, ask_again_ns))
        distrust(tx, account_id, "an order is not found, and the position does not agree")
        return
    if order.looks and looked_ns < order.looked_ns + settle_ns:
        return  # the same look again, or too soon after it: the question stays open
    looks = order.looks + 1
    ask_again_ns = state.now_ns + patience_ns(state, state.desk.settle_window_s, order.asked_before)
    tx.apply(ev.AbsenceNoted(account_id, order.cl_ord_id, looks, ask_again_ns, looked_ns))
    if looks >= LOOKS_THAT_PROVE and account.tier is not VenueTier.T3:  # which keeps no ids of ours to look up
        _on_proof(tx, account, order, looks)


def _on_proof(tx: Tx, account: Account, order: Order, looks: int) -> None:
    """Proved absent: an order that was never heard of may leave once more under its id; any other is over."""
    account_id = order.intent.account
    evidence = f"{looks} look-ups found neither the order nor a fill nor a change of the position"
    if order.phase is not Phase.PENDING_NEW:
        _raise_break(tx, order)
    elif account.tier is VenueTier.T1 and not order.resent and not order.cancel_wanted:
        refused = _why_not_again(tx, order)
        if not refused:
            tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, evidence))
            submit_by_ns = tx.state.now_ns + seconds_ns(tx.state.desk.submit_timeout_s)
            tx.apply(ev.OrderResent(account_id, order.cl_ord_id, submit_by_ns))
            send_new(tx, order)
            return
        evidence = f"{evidence}; not sent again: {'; '.join(refused)}"
    tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, evidence))
    unsent, unasked = order.phase is Phase.PENDING_NEW, not order.cancel_wanted
    tx.apply(ev.OrderCanceled(account_id, order.cl_ord_id, order.cum_qty, unasked, evidence, unsent=unsent))


def _why_not_again(tx: Tx, order: Order) -> tuple[str, ...]:
    """Put an order that was lost to the gate as it stands now, without its own hold."""
    state, intent = tx.state, order.intent
    signal = state.signals.get(intent.signal_id)
    since_ns = order.created_ns if signal is None else signal.signal_time_ns
    view = view_of(state, intent, since_ns, order.dies_ns, leaving_out=order)
    verdict = judge(intent, view, tx.gates[intent.account])
    return verdict.reasons if isinstance(verdict, Refused) else ()


def _raise_break(tx: Tx, order: Order) -> None:
    """An acknowledged order that the venue lost is a break until it is found or over, and the books are equal."""
    account_id: AccountId = order.intent.account
    break_id, symbol = f"{account_id}:order:{order.cl_ord_id}", order.intent.symbol
    if break_id in tx.account(account_id).breaks:
        return
    why, open_qty = "it was acknowledged, and the venue does not know it", leaves_qty(order)
    tx.apply(ev.BreakFound(account_id, break_id, "ORDER_MISSING_AT_VENUE", symbol, "high", open_qty, None, why))
    restrict(tx, account_id, "BREAK", why)
    distrust(tx, account_id, why)
