"""What venues say of their own accord, turned into facts: execution reports, refusals, failures of the wire.

A report moves its order along the table in `order.py`. What cannot be is quarantined, and the account's books are
compared. Only an answer settles an open question; silence asks again.
"""

from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core import reversals
from coxswain.core.consequences import after
from coxswain.core.fills import book_fill, confirm_change, unbookable
from coxswain.core.order import Order, Phase, is_done, is_over
from coxswain.core.refusals import note_unchanged
from coxswain.core.state import Account, find_order
from coxswain.core.submit import ask_for_account, ask_for_order, key_of_question, lose_sight
from coxswain.core.sums import key
from coxswain.core.trust import distrust, restrict
from coxswain.core.tx import EGRESS, Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import CancelRejected, EgressRefused, ExecutionReport, VenueFailed
from coxswain.model.decimals import ZERO
from coxswain.model.orders import VenueFill, VenueReversal
from coxswain.model.vocabulary import (
    PROTECTION,
    REPLACED,
    TRADE,
    AccountId,
    ExecType,
    ReachedVenue,
)

PENDING_NEW = Phase.PENDING_NEW
RESIZING = (REPLACED, ExecType.RESTATED)
REVERSING = (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)


# --- execution reports ------------------------------------------------------------------------------------------------


def on_report(tx: Tx, report: ExecutionReport) -> None:
    """Take one execution report: book its fill, move its order, then let everything that hangs on it follow."""
    account = tx.state.accounts.get(report.account)
    if account is None:
        return  # not ours to book: the record of the input is all there is to say
    why = _nonsense(tx, report)
    if why:
        _quarantine(tx, report.account, report, why)
    elif report.exec_type is TRADE:
        _on_trade(tx, account, report)
    elif report.exec_type in REVERSING:
        _on_reversal(tx, account, report)
    else:
        _on_change(tx, account, report)


def _nonsense(tx: Tx, report: ExecutionReport) -> str:
    """Name what no report can say; empty if it makes sense by itself."""
    if report.symbol not in tx.state.instruments:
        return f"{report.symbol} is no instrument of ours"
    if not _is_quantity(report.cum_qty):
        return f"cum_qty {report.cum_qty}, wanted a quantity"
    if not _is_quantity(report.order_qty):
        return f"order_qty {report.order_qty}, wanted a quantity"
    if report.exec_type in RESIZING and not report.order_qty:
        return f"{report.exec_type} to {report.order_qty}, wanted the quantity now in force"
    return ""


def _is_quantity(amount: Decimal | None) -> bool:
    return amount is None or (amount.is_finite() and amount >= ZERO)


def _on_trade(tx: Tx, account: Account, report: ExecutionReport) -> None:
    if report.last_qty is None or report.last_px is None:
        _quarantine(tx, report.account, report, "a trade without quantity and price")
        return
    fill = VenueFill(
        report.cl_ord_id,
        report.exec_id,
        report.symbol,
        report.side,
        report.last_qty,
        report.last_px,
        report.commission or ZERO,
        report.transact_time_ns,
        report.settl_fx_rate,
    )
    why = unbookable(fill)
    if why:
        _quarantine(tx, report.account, report, why)
        return
    book_fill(tx, account, fill)
    order, known = find_order(account, report.cl_ord_id), account.fills.get(report.exec_id)
    was_reversed = known is None or known.changed_ns
    if order is not None and not was_reversed:  # else the total is from before that
        _check_total(tx, order, report.cum_qty)


def _on_reversal(tx: Tx, account: Account, report: ExecutionReport) -> None:
    is_bust = report.exec_type is ExecType.TRADE_CANCEL
    amounts = (None, None) if is_bust else (report.last_qty, report.last_px)
    if report.exec_ref_id is None or (not is_bust and None in amounts):
        _quarantine(tx, report.account, report, f"a {report.exec_type} that does not say of which fill, or to what")
        return
    reversal = VenueReversal(
        report.cl_ord_id,
        report.exec_id,
        report.exec_ref_id,
        report.symbol,
        report.side,
        report.transact_time_ns,
        *amounts,
        None if is_bust else report.commission,
        None if is_bust else report.settl_fx_rate,
    )
    reversals.take(tx, account, reversal)


def _on_change(tx: Tx, account: Account, report: ExecutionReport) -> None:
    order = find_order(account, report.cl_ord_id)
    if order is None and report.orig_cl_ord_id is not None:
        order = find_order(account, report.orig_cl_ord_id)
    if order is None:
        _quarantine(tx, report.account, report, "no such order")
        return
    if machine.next_phase(order, report.exec_type) is None:
        _quarantine(tx, report.account, report, f"{report.exec_type} on an order that is {order.phase}")
        return
    was_over = is_over(order)
    if not is_done(order):
        if report.exec_type is not REPLACED:
            confirm_change(tx, order, report.cl_ord_id, None, report.transact_time_ns)
        _MOVES[report.exec_type](tx, order, report)
    _check_total(tx, order, report.cum_qty)
    if not was_over:
        after(tx, order, was_over)


def _accept(tx: Tx, order: Order, report: ExecutionReport) -> None:
    if order.phase is PENDING_NEW:
        if not order.cancel_pending and order.replace_pending is None:
            _resolve(tx, order, "acknowledged")
        tx.apply(ev.OrderAccepted(report.account, order.cl_ord_id, report.venue_order_id))


def _cancel(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "canceled")
    unsolicited = not order.cancel_wanted
    tx.apply(ev.OrderCanceled(report.account, order.cl_ord_id, order.cum_qty, unsolicited, report.text))


def _replace(tx: Tx, order: Order, report: ExecutionReport) -> None:
    confirm_change(tx, order, report.cl_ord_id, report.order_qty, report.transact_time_ns)


def _restate(tx: Tx, order: Order, report: ExecutionReport) -> None:
    if report.order_qty is not None and report.transact_time_ns >= order.changed_ns:
        qty, at_ns = report.order_qty, report.transact_time_ns
        tx.apply(ev.OrderRestated(report.account, order.cl_ord_id, qty, transact_time_ns=at_ns))


def _reject(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "rejected")
    tx.apply(ev.OrderRejected(report.account, order.cl_ord_id, report.text))


def _expire(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "expired")
    tx.apply(ev.OrderExpired(report.account, order.cl_ord_id, order.cum_qty))


_MOVES = {
    ExecType.NEW: _accept,
    ExecType.CANCELED: _cancel,
    REPLACED: _replace,
    ExecType.RESTATED: _restate,
    ExecType.REJECTED: _reject,
    ExecType.EXPIRED: _expire,
}


def _check_total(tx: Tx, order: Order, venue_cum_qty: Decimal | None) -> None:
    """A venue that has filled more than we booked has sent a fill that is still to come: ask for it."""
    if venue_cum_qty is not None and venue_cum_qty > order.cum_qty and order.outcome_known:
        lose_sight(tx, order, f"the venue filled {venue_cum_qty}, we booked {order.cum_qty}")


def _resolve(tx: Tx, order: Order, how: str) -> None:
    if not order.outcome_known:
        tx.apply(ev.OutcomeResolved(order.intent.account, order.cl_ord_id, True, how))


def _quarantine(tx: Tx, account_id: AccountId, report: ExecutionReport | CancelRejected, why: str) -> None:
    tx.apply(ev.ReportQuarantined(account_id, report.cl_ord_id, why))
    distrust(tx, account_id, why)


# --- refused cancels and replaces -------------------------------------------------------------------------------------


def on_cancel_rejected(tx: Tx, answer: CancelRejected) -> None:
    """A cancel or replace was refused: the order stands as it was, or is over already. Ask which."""
    account = tx.state.accounts.get(answer.account)
    if account is None:
        return
    order = find_order(account, answer.orig_cl_ord_id)
    if order is None:
        _quarantine(tx, answer.account, answer, "a refusal of something that we did not ask")
        return
    if is_done(order):
        return
    pending = order.replace_pending
    if pending is not None and pending.cl_ord_id == answer.cl_ord_id:
        tx.apply(ev.ReplaceRefused(answer.account, order.cl_ord_id, answer.text))
        if order.intent.role in PROTECTION:
            why = f"the venue refused to change the {order.intent.role} order: {answer.text}"
            note_unchanged(tx, answer.account, order.intent.symbol, order.intent.role, why)
    elif order.cancel_pending and answer.cl_ord_id == answer.orig_cl_ord_id:
        tx.apply(ev.CancelRefused(answer.account, order.cl_ord_id, answer.text))
    else:
        return  # repeated, or about a change that was given up
    ask_for_order(tx, order)


# --- failures of the wire ---------------------------------------------------------------------------------------------


def on_venue_failed(tx: Tx, failure: VenueFailed) -> None:
    """A request failed on the way. Only a definite no to the order itself ends anything."""
    account = tx.state.accounts.get(failure.account)
    if account is None:
        return
    if failure.cl_ord_id is None:  # the account's books could not be asked for: they are when the time for it is up
        restrict(tx, failure.account, "UNRECONCILED", failure.text)
        if key("sync", failure.account) not in tx.state.deadlines:  # nobody but a round had asked
            ask_for_account(tx, failure.account, failure.text)
        return
    order = find_order(account, failure.cl_ord_id)
    if order is None or is_done(order) or not order.outcome_known:
        return
    # The failure does not say of which request it is: it is of the order itself if nothing else was asked.
    asked_more = order.cancel_wanted or key_of_question(order) in tx.state.deadlines
    if failure.reached_venue is ReachedVenue.NO and order.phase is Phase.PENDING_NEW and not asked_more:
        why = f"not sent: {failure.text}"
        tx.apply(ev.OrderCanceled(failure.account, order.cl_ord_id, order.cum_qty, True, why, unsent=True))
        after(tx, order, was_over=False)
    else:
        lose_sight(tx, order, failure.text)


def on_egress_refused(tx: Tx, refusal: EgressRefused) -> None:
    """Halt an account of which something was held back at the last moment, until a person has looked.

    What was held back ends as not sent: the guard is the proof of it.
    """
    account = tx.state.accounts.get(refusal.account)
    if account is None:
        return
    why = f"not sent, the egress guard held it back: {refusal.reason}"
    restrict(tx, refusal.account, EGRESS, refusal.reason)
    order = find_order(account, refusal.cl_ord_id)
    if order is None or is_done(order):
        return
    if order.replace_pending is not None and order.replace_pending.cl_ord_id == refusal.cl_ord_id:
        tx.apply(ev.ReplaceRefused(refusal.account, order.cl_ord_id, why))
        if order.intent.role in PROTECTION:
            note_unchanged(tx, refusal.account, order.intent.symbol, order.intent.role, why)
    elif order.phase is Phase.PENDING_NEW:
        _resolve(tx, order, "not sent")
        tx.apply(ev.OrderCanceled(refusal.account, order.cl_ord_id, order.cum_qty, True, why, unsent=True))
        after(tx, order, was_over=False)
