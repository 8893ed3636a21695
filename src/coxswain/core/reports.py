"""What venues say, turned into facts: execution reports, refused cancels, look-ups, failures.

A fill is booked first and asked about afterwards. What cannot be is quarantined, and the account's books are compared.
Only an answer settles an open question; silence asks again.
"""

from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core.entries import complete_rest, recover
from coxswain.core.money import position_margin, position_risk, rate_down, rate_up
from coxswain.core.order import Order, Phase, is_done, leaves_qty
from coxswain.core.params import seconds_ns
from coxswain.core.protection import follow, set_levels
from coxswain.core.state import Account, State, day_is_lost, find_order
from coxswain.core.submit import ask_for_account, ask_for_order, cancel, lose_sight, send_new, view_of
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import CancelRejected, ExecutionReport, OrderLookedUp, VenueFailed
from coxswain.model.decimals import ONE, ZERO, plain, round_down
from coxswain.model.market import Instrument
from coxswain.model.orders import VenueFill, VenueOrder
from coxswain.model.position import book
from coxswain.model.signal import dies_ns
from coxswain.model.vocabulary import (
    SIGN,
    AccountId,
    ExecType,
    OrdStatus,
    ReachedVenue,
    Role,
    TradingState,
    VenueTier,
)
from coxswain.risk.gate import Refused, judge

LOOKS_THAT_PROVE = 2


# --- execution reports ------------------------------------------------------------------------------------------------


def on_report(tx: Tx, report: ExecutionReport) -> None:
    """Take one execution report: book its fill, move its order, then let everything that hangs on it follow."""
    account = tx.state.accounts.get(report.account)
    if account is None or report.symbol not in tx.state.instruments:
        return  # not ours to book: the record of the input is all there is to say
    if report.exec_type is ExecType.TRADE:
        _on_trade(tx, account, report)
        return
    order = find_order(account, report.cl_ord_id)
    if order is None and report.orig_cl_ord_id is not None:
        order = find_order(account, report.orig_cl_ord_id)
    if order is None:
        _quarantine(tx, report.account, report, "no such order")
        return
    if machine.next_phase(order, report.exec_type) is None:
        _quarantine(tx, report.account, report, f"{report.exec_type} on an order that is {order.phase}")
        return
    if is_done(order):
        _check_total(tx, order, report.cum_qty)
        return
    _MOVES[report.exec_type](tx, order, report)
    _check_total(tx, order, report.cum_qty)
    _after(tx, order)


def _on_trade(tx: Tx, account: Account, report: ExecutionReport) -> None:
    if report.last_qty is None or report.last_px is None or report.last_qty <= 0:
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
    book_fill(tx, account, fill)
    order = find_order(account, report.cl_ord_id)
    if order is not None and not is_done(order):
        _check_total(tx, order, report.cum_qty)


def _accept(tx: Tx, order: Order, report: ExecutionReport) -> None:
    if order.phase is Phase.PENDING_NEW:
        _resolve(tx, order, "acknowledged")
        tx.apply(ev.OrderAccepted(report.account, order.cl_ord_id, report.venue_order_id))


def _cancel(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "canceled")
    unsolicited = not order.cancel_pending
    tx.apply(ev.OrderCanceled(report.account, order.cl_ord_id, order.cum_qty, unsolicited, report.text))


def _replace(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "replaced")
    qty = order.order_qty if report.order_qty is None else report.order_qty
    tx.apply(ev.OrderReplaced(report.account, order.cl_ord_id, report.cl_ord_id, qty))


def _restate(tx: Tx, order: Order, report: ExecutionReport) -> None:
    if report.order_qty is not None:
        tx.apply(ev.OrderRestated(report.account, order.cl_ord_id, report.order_qty))


def _reject(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "rejected")
    tx.apply(ev.OrderRejected(report.account, order.cl_ord_id, report.text))


def _expire(tx: Tx, order: Order, report: ExecutionReport) -> None:
    _resolve(tx, order, "expired")
    tx.apply(ev.OrderExpired(report.account, order.cl_ord_id, order.cum_qty))


_MOVES = {
    ExecType.NEW: _accept,
    ExecType.CANCELED: _cancel,
    ExecType.REPLACED: _replace,
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


def _after(tx: Tx, order: Order) -> None:
    """Let everything that hangs on an order follow: its plan, the position's exit and protection."""
    if is_done(order) and order.outcome_known:
        if order.ended_as is OrdStatus.REJECTED:
            recover(tx, order)
        complete_rest(tx, order)
        if order.intent.role in (Role.STOP, Role.TARGET) and order.ended_as is not None:
            _protection_ended(tx, order)
            if order.ended_as is OrdStatus.REJECTED:
                return  # placing the same order again would be refused again
    follow(tx, order.intent.account, order.intent.symbol)


def _protection_ended(tx: Tx, order: Order) -> None:
    """Say so when a protective order is over while its position is not, and neither we nor its sibling ended it."""
    account = tx.account(order.intent.account)
    position = account.positions[order.intent.symbol]
    if position.qty and position.exit is None:
        reason = f"the {order.intent.role} order ended {order.ended_as}"
        tx.apply(ev.ProtectionFailed(order.intent.account, order.intent.symbol, reason))


def _quarantine(tx: Tx, account_id: AccountId, report: ExecutionReport | CancelRejected, why: str) -> None:
    tx.apply(ev.ReportQuarantined(account_id, report.cl_ord_id, why))
    distrust(tx, account_id, why)


def distrust(tx: Tx, account_id: AccountId, why: str) -> None:
    """Let an account only reduce until its books have been compared with the venue's."""
    account = tx.account(account_id)
    if "UNRECONCILED" not in account.causes:
        restrict(tx, account_id, "UNRECONCILED", why)
    ask_for_account(tx, account_id, why)


def restrict(tx: Tx, account_id: AccountId, cause: str, why: str, actor: str = "engine") -> None:
    """Add a cause that lets an account only reduce; nothing happens if it is there already."""
    account = tx.account(account_id)
    if cause not in account.causes:
        tx.apply(ev.AccountStateChanged(account_id, cause, True, TradingState.REDUCING, why, actor))


def release_cause(tx: Tx, account_id: AccountId, cause: str, why: str, actor: str = "engine") -> None:
    """Take a cause away; the others still count."""
    account = tx.account(account_id)
    if cause in account.causes:
        left = TradingState.ACTIVE if len(account.causes) == 1 else TradingState.REDUCING
        tx.apply(ev.AccountStateChanged(account_id, cause, False, left, why, actor))


# --- fills ------------------------------------------------------------------------------------------------------------


def book_fill(tx: Tx, account: Account, fill: VenueFill) -> bool:
    """Book a fill once, by its exec_id: on its order, on the position, on the balance. True if it was new.

    One that fits no order, comes after the end or beyond the quantity is booked all the same, and raises an incident.
    """
    if fill.exec_id in account.exec_ids:
        return False
    account_id, order = account.spec.id, find_order(account, fill.cl_ord_id)
    anomaly = _anomaly(order, fill)
    instrument = tx.state.instruments[fill.symbol]
    rate = _rate(tx.state, account, instrument, fill)
    if order is not None:
        _resolve(tx, order, "filled")
    tx.apply(_filled(order, fill, account_id, rate))
    _book_position(tx, account, instrument, fill, rate)
    if anomaly:
        tx.apply(ev.IncidentRaised(account_id, fill.cl_ord_id, *anomaly))
        distrust(tx, account_id, anomaly[1])
    if order is not None:
        if order.enters and account.positions[fill.symbol].qty:
            _take_levels(tx, order)
        _after(tx, order)
    else:
        follow(tx, account_id, fill.symbol)
    _watch_losses(tx, account_id)
    return True


def _anomaly(order: Order | None, fill: VenueFill) -> tuple[str, str] | None:
    if order is None:
        return "UNKNOWN_ORDER", f"a fill of {fill.last_qty} at {fill.last_px} fits no order of ours"
    if (fill.symbol, fill.side) != (order.intent.symbol, order.intent.side):
        return (
            "OTHER_ORDER",
            f"a fill of {fill.side} {fill.symbol} on an order of {order.intent.side} {order.intent.symbol}",
        )
    if is_done(order):
        return "LATE_FILL", f"a fill of {fill.last_qty} after the order ended"
    if order.cum_qty + fill.last_qty > order.order_qty:
        return "OVERFILL", f"a fill of {fill.last_qty} where {leaves_qty(order)} was open"
    return None


def _rate(state: State, account: Account, instrument: Instrument, fill: VenueFill) -> Decimal:
    """The venue's rate where it gives one, else the adverse side of ours; a fill is booked even without either."""
    if fill.settl_fx_rate is not None:
        return fill.settl_fx_rate
    return rate_down(state, account, instrument) or rate_up(state, account, instrument) or ONE


def _filled(order: Order | None, fill: VenueFill, account_id: AccountId, rate: Decimal) -> ev.OrderFilled:
    if order is None:
        cum_qty, notional, leaves, status = fill.last_qty, fill.last_qty * fill.last_px, ZERO, OrdStatus.FILLED
        decision_px = None
    else:
        cum_qty = plain(order.cum_qty + fill.last_qty)
        notional = order.notional + fill.last_qty * fill.last_px
        open_qty = ZERO if is_done(order) else max(order.order_qty - cum_qty, ZERO)
        leaves = plain(open_qty)
        status = _status_after(order, cum_qty)
        decision_px = order.intent.decision_px
    return ev.OrderFilled(
        account_id,
        fill.cl_ord_id if order is None else order.cl_ord_id,
        fill.exec_id,
        fill.symbol,
        fill.side,
        fill.last_qty,
        fill.last_px,
        fill.commission,
        rate,
        cum_qty,
        leaves,
        machine.average(notional, cum_qty),
        status,
        fill.transact_time_ns,
        None
        if decision_px is None
        else round_down((fill.last_px - decision_px) * SIGN[fill.side] * 10000 / decision_px),
    )


def _status_after(order: Order, cum_qty: Decimal) -> OrdStatus:
    if cum_qty >= order.order_qty:
        return OrdStatus.FILLED
    if order.ended_as is not None:
        return order.ended_as
    if order.cancel_pending:
        return OrdStatus.PENDING_CANCEL
    return OrdStatus.PARTIALLY_FILLED if order.replace_pending is None else OrdStatus.PENDING_REPLACE


def _book_position(tx: Tx, account: Account, instrument: Instrument, fill: VenueFill, rate: Decimal) -> None:
    position = account.positions.get(fill.symbol)
    qty, cost = (ZERO, ZERO) if position is None else (position.qty, position.cost)
    booked = book(qty, cost, fill.side, fill.last_qty, fill.last_px, instrument.contract_size)
    closed = bool(qty) and (not booked.qty or (booked.qty > 0) is not (qty > 0))
    stop_px = None if position is None or closed else position.stop_px
    realized = round_down(booked.realized * rate)
    avg_px = None
    if booked.qty:
        avg_px = machine.average(booked.cost, booked.qty * instrument.contract_size)
    tx.apply(
        ev.PositionChanged(
            account.spec.id,
            fill.symbol,
            booked.qty,
            booked.cost,
            avg_px,
            realized,
            plain((account.balance or ZERO) + realized - fill.commission),
            position_margin(instrument, booked.cost, rate),
            fill.commission,
            position_risk(instrument, booked.qty, booked.cost, stop_px, rate, tx.state.desk.assumed_stop_pct),
            closed,
        )
    )


def _take_levels(tx: Tx, order: Order) -> None:
    """A position that an entry opened or grew takes over the entry's stop and target."""
    intent = order.intent
    position = tx.account(intent.account).positions[intent.symbol]
    same_way = (position.qty > 0) is (SIGN[intent.side] > 0)
    if same_way and (intent.stop_loss is not None or intent.take_profit is not None):
        set_levels(tx, intent.account, intent.symbol, intent.stop_loss, intent.take_profit, intent.signal_id)


def _watch_losses(tx: Tx, account_id: AccountId) -> None:
    """Stop new risk on an account whose day's loss has reached its limit."""
    account = tx.account(account_id)
    if account.anchor > 0 and "DAILY_LOSS" not in account.causes and day_is_lost(account):
        restrict(tx, account_id, "DAILY_LOSS", "the day's loss has reached its limit")


# --- refused cancels and replaces -------------------------------------------------------------------------------------


def on_cancel_rejected(tx: Tx, answer: CancelRejected) -> None:
    """A cancel or replace was refused: the order stands as it was, or is over already. Ask which."""
    account = tx.state.accounts.get(answer.account)
    order = None if account is None else find_order(account, answer.orig_cl_ord_id)
    if order is None:
        if account is not None:
            _quarantine(tx, answer.account, answer, "a refusal of something that we did not ask")
        return
    if is_done(order):
        return
    _resolve(tx, order, "refused")
    pending = order.replace_pending
    if pending is not None and pending.cl_ord_id == answer.cl_ord_id:
        tx.apply(ev.ReplaceRefused(answer.account, order.cl_ord_id, answer.text))
    elif order.cancel_pending:
        tx.apply(ev.CancelRefused(answer.account, order.cl_ord_id, answer.text))
    else:
        return
    ask_for_order(tx, order)


# --- look-ups ---------------------------------------------------------------------------------------------------------


def on_order_looked_up(tx: Tx, answer: OrderLookedUp) -> None:
    """The venue's books on one order: book what is missing, then take over where it stands."""
    account = tx.state.accounts.get(answer.account)
    if account is None:
        return
    for fill in answer.fills:
        if fill.symbol in tx.state.instruments:
            book_fill(tx, account, fill)
    order = find_order(account, answer.cl_ord_id)
    if order is None:
        return
    if answer.order is None:
        _on_absence(tx, account, order, answer)
    elif not is_done(order):
        _on_presence(tx, order, answer.order)
    elif not order.outcome_known:
        _resolve(tx, order, "all its fills are booked")
        _after(tx, order)


def _on_presence(tx: Tx, order: Order, found: VenueOrder) -> None:
    """The venue knows the order: where it stands there is where it stands."""
    account_id = order.intent.account
    if found.cum_qty > order.cum_qty:
        distrust(
            tx, account_id, f"{order.cl_ord_id}: the venue filled {found.cum_qty}, its fills sum to {order.cum_qty}"
        )
    was_unknown = not order.outcome_known
    if order.phase is Phase.PENDING_NEW:
        tx.apply(ev.OrderAccepted(account_id, order.cl_ord_id, found.venue_order_id))
    pending = order.replace_pending
    if pending is not None and found.cl_ord_id == pending.cl_ord_id:
        tx.apply(ev.OrderReplaced(account_id, order.cl_ord_id, pending.cl_ord_id, found.order_qty))
    tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, True, f"the venue says {found.ord_status}"))
    if is_done(order):
        _after(tx, order)
        return
    if found.ord_status is OrdStatus.CANCELED:
        tx.apply(ev.OrderCanceled(account_id, order.cl_ord_id, order.cum_qty, not order.cancel_pending, found.text))
    elif found.ord_status is OrdStatus.REJECTED:
        tx.apply(ev.OrderRejected(account_id, order.cl_ord_id, found.text))
    elif found.ord_status is OrdStatus.EXPIRED:
        tx.apply(ev.OrderExpired(account_id, order.cl_ord_id, order.cum_qty))
    elif was_unknown:
        _ask_again(tx, order)
    _after(tx, order)


def _ask_again(tx: Tx, order: Order) -> None:
    """The order works at the venue, so an unanswered cancel or replace did not get there."""
    account_id = order.intent.account
    if order.replace_pending is not None:
        tx.apply(ev.ReplaceRefused(account_id, order.cl_ord_id, "it did not reach the venue"))
    if order.cancel_pending:
        tx.apply(ev.CancelRefused(account_id, order.cl_ord_id, "it did not reach the venue"))
        cancel(tx, order, "asked again")


def _on_absence(tx: Tx, account: Account, order: Order, answer: OrderLookedUp) -> None:
    """The venue does not know the order. That is proof only after looking twice and finding no trace of it."""
    account_id, state = order.intent.account, tx.state
    if is_done(order):
        if not order.outcome_known:
            _resolve(tx, order, "it is over here and unknown there")
        return
    if order.phase is not Phase.PENDING_NEW:
        _order_is_missing(tx, account, order)
        return
    settle_ns = seconds_ns(state.desk.settle_window_s)
    if answer.fills or answer.position_qty != account.positions[order.intent.symbol].qty:
        tx.apply(ev.AbsenceNoted(account_id, order.cl_ord_id, 0, state.now_ns + settle_ns))
        distrust(tx, account_id, "an order is not found, and the position does not agree")
        return
    looks = order.looks + 1
    tx.apply(ev.AbsenceNoted(account_id, order.cl_ord_id, looks, state.now_ns + settle_ns))
    if looks >= LOOKS_THAT_PROVE:
        _on_proof(tx, account, order, looks)


def _order_is_missing(tx: Tx, account: Account, order: Order) -> None:
    """An acknowledged order that the venue does not know is a break, for a person to settle."""
    account_id, break_id = order.intent.account, f"{order.intent.account}:order:{order.cl_ord_id}"
    tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, "a break says so from here on"))
    if break_id not in account.breaks:
        detail = "it was acknowledged, and the venue does not know it"
        open_qty = leaves_qty(order)
        kind = "ORDER_MISSING_AT_VENUE"
        tx.apply(ev.BreakFound(account_id, break_id, kind, order.intent.symbol, "high", open_qty, None, detail))
    restrict(tx, account_id, "BREAK", "an order is missing at the venue")


def _on_proof(tx: Tx, account: Account, order: Order, looks: int) -> None:
    """Proved absent: it may leave once more under the same id, if the venue's tier and the gate allow; else it ends."""
    account_id, state = order.intent.account, tx.state
    evidence = f"{looks} look-ups found neither the order nor a fill nor a change of the position"
    if account.tier is VenueTier.T1 and not order.resent:
        signal = state.signals.get(order.intent.signal_id)
        since_ns, until_ns = (
            (order.created_ns, state.now_ns) if signal is None else (signal.signal_time_ns, dies_ns(signal))
        )
        view = view_of(state, order.intent, since_ns, until_ns, leaving_out=order)
        verdict = judge(order.intent, view, tx.gates[account_id])
        if not isinstance(verdict, Refused):
            tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, evidence))
            submit_by_ns = state.now_ns + seconds_ns(state.desk.submit_timeout_s)
            tx.apply(ev.OrderResent(account_id, order.cl_ord_id, submit_by_ns))
            send_new(tx, order)
            return
        evidence = f"{evidence}; not sent again: {'; '.join(verdict.reasons)}"
    tx.apply(ev.OutcomeResolved(account_id, order.cl_ord_id, False, evidence))
    tx.apply(ev.OrderCanceled(account_id, order.cl_ord_id, order.cum_qty, True, evidence))
    _after(tx, order)


# --- failures of the wire ---------------------------------------------------------------------------------------------


def on_venue_failed(tx: Tx, failure: VenueFailed) -> None:
    """A request failed on the way. Only a definite no ends anything."""
    account = tx.state.accounts.get(failure.account)
    if account is None or failure.cl_ord_id is None:
        return
    order = find_order(account, failure.cl_ord_id)
    if order is None or is_done(order):
        return
    if failure.reached_venue is ReachedVenue.NO and order.phase is Phase.PENDING_NEW:
        tx.apply(ev.OrderCanceled(failure.account, order.cl_ord_id, order.cum_qty, True, f"not sent: {failure.text}"))
        _after(tx, order)
    elif order.outcome_known:
        lose_sight(tx, order, failure.text)
