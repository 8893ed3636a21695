"""Booking a fill: once, by its exec_id, whenever it comes.

A fill is a fact. One that fits no order, comes after the end or beyond the quantity is booked all the same: the venue
holds that position. It raises an incident, and the account's books are compared.
"""

from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core import reversals, watching
from coxswain.core.bookings import base_of, book_again, position_changed
from coxswain.core.consequences import after
from coxswain.core.money import rate_down, rate_up
from coxswain.core.order import Order, Phase, is_done, is_over, leaves_qty
from coxswain.core.protection import follow, merged_stop, set_levels
from coxswain.core.retries import close_unprotected
from coxswain.core.state import Account, find_order, share_of
from coxswain.core.trust import distrust
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ONE, ZERO, plain, round_down
from coxswain.model.market import Instrument
from coxswain.model.orders import VenueFill
from coxswain.model.position import book, unrealized
from coxswain.model.vocabulary import (
    FILLED,
    SIGN,
    AccountId,
    ClOrdId,
    OrdStatus,
    ProtectionPolicy,
    Role,
)

AFTER_EXIT = "FILL_AFTER_EXIT"


def book_fill(tx: Tx, account: Account, fill: VenueFill) -> bool:
    """Book a fill on its order, on the position and on the balance. True if it was new."""
    if fill.exec_id in account.exec_ids:
        return False
    account_id, named = account.spec.id, find_order(account, fill.cl_ord_id)
    order = named if named is not None and fits(named, fill) else None
    if order is not None and (order.replace_pending is not None or order.given_up):
        confirm_change(tx, order, fill.cl_ord_id, None, fill.transact_time_ns)
    held = account.positions.get(fill.symbol)
    anomaly = _anomaly(named, order, fill, 0 if held is None else held.exited_ns)
    was_over = order is not None and is_over(order)
    first = order is not None and _is_first(tx, order)
    instrument = tx.state.instruments[fill.symbol]
    rate = _rate(tx, account, instrument, fill)
    if order is not None and not order.outcome_known:
        _answer(tx, order, fill)
    tx.apply(_filled(named, order, fill, account_id, rate))
    _book_position(tx, account, instrument, fill, rate)
    _note_surplus(tx, account, order, fill)
    if anomaly:
        tx.apply(ev.IncidentRaised(account_id, fill.cl_ord_id, *anomaly))
        distrust(tx, account_id, anomaly[1])
    if order is not None:
        if order.enters:
            _take_levels(tx, order, first)
        after(tx, order, was_over)
        if anomaly and anomaly[0] == AFTER_EXIT:
            _close_again(tx, account, order)
    else:
        follow(tx, account_id, fill.symbol)
    watching.watch(tx, account_id)
    if account.awaited:
        reversals.fall_due(tx, account, fill.exec_id)
    return True


def fits(order: Order, fill: VenueFill) -> bool:
    """Say whether a fill can be one of an order that it names."""
    return (fill.symbol, fill.side) == (order.intent.symbol, order.intent.side)


def _is_first(tx: Tx, order: Order) -> bool:
    """Say whether nothing of an order was filled before, nor of the parent that it is a part of."""
    share = share_of(tx.state, order.intent.signal_id, order.intent.account) if order.enters else None
    if share is not None and share.sliced:
        return not share.begun
    return not order.cum_qty


def confirm_change(tx: Tx, order: Order, new_id: ClOrdId, order_qty: Decimal | None, at_ns: int) -> None:
    """Take over a change that we asked for, once the venue speaks of the order under its id.

    One that is in force already, or that a newer one has overtaken, is stale.
    """
    asked = machine.asked_change(order, new_id)
    if asked is None or is_done(order) or at_ns < order.changed_ns:
        return
    account_id, cl_ord_id = order.intent.account, order.cl_ord_id
    if asked is order.replace_pending and not order.cancel_pending and not order.outcome_known:
        tx.apply(ev.OutcomeResolved(account_id, cl_ord_id, True, "replaced"))
    tx.apply(ev.OrderReplaced(account_id, cl_ord_id, new_id, order_qty or asked.order_qty, at_ns))


def unbookable(fill: VenueFill) -> str:
    """Name what no fill can have, an amount that is none or not positive; empty if it can be booked."""
    rate = fill.settl_fx_rate
    if not _is_positive(fill.last_qty):
        return f"last_qty {fill.last_qty}, wanted a positive number"
    if not _is_positive(fill.last_px):
        return f"last_px {fill.last_px}, wanted a positive number"
    if rate is not None and not _is_positive(rate):
        return f"settl_fx_rate {rate}, wanted a positive number"
    return "" if fill.commission.is_finite() else f"commission {fill.commission}, wanted a number"


def _is_positive(amount: Decimal) -> bool:
    return amount.is_finite() and amount > ZERO


def _anomaly(named: Order | None, order: Order | None, fill: VenueFill, exited_ns: int) -> tuple[str, str] | None:
    if named is None:
        return "UNKNOWN_ORDER", f"a fill of {fill.last_qty} at {fill.last_px} fits no order of ours"
    if order is None:
        ours = f"{named.intent.side} {named.intent.symbol}"
        return "OTHER_ORDER", f"a fill of {fill.side} {fill.symbol} on an order of {ours}"
    if is_over(order) and order.created_ns < exited_ns:
        return AFTER_EXIT, f"a fill of {fill.last_qty} after the order ended, and after the position was closed"
    if order.cum_qty + fill.last_qty > order.order_qty:
        return "OVERFILL", f"a fill of {fill.last_qty} where {order.order_qty - order.cum_qty} was to come at most"
    if is_over(order):
        return "LATE_FILL", f"a fill of {fill.last_qty} after the order ended"
    return None


def _answer(tx: Tx, order: Order, fill: VenueFill) -> None:
    """A fill shows that the order reached the venue. What became of a cancel or a replace it does not show."""
    if is_done(order):
        return
    nothing_else = not order.cancel_pending and order.replace_pending is None
    if fill.last_qty >= leaves_qty(order) or (order.phase is Phase.PENDING_NEW and nothing_else):
        tx.apply(ev.OutcomeResolved(order.intent.account, order.cl_ord_id, True, "filled"))


def _rate(tx: Tx, account: Account, instrument: Instrument, fill: VenueFill) -> Decimal:
    """The venue's rate where it gives one, else ours at the side that is worse for us, else the last one used.

    A fill is booked even where no rate was ever known; that raises an incident, and the books are compared.
    """
    if fill.settl_fx_rate is not None:
        return fill.settl_fx_rate
    position = account.positions.get(fill.symbol)
    gains = position is not None and unrealized(position.qty, position.cost, fill.last_px, instrument.contract_size) > 0
    rate = (rate_down if gains else rate_up)(tx.state, account, instrument)
    rate = rate or account.rates.get(instrument.currency)
    if rate is None:
        detail = f"a fill in {instrument.currency}, and no rate into {account.spec.currency} was ever known"
        tx.apply(ev.IncidentRaised(account.spec.id, fill.cl_ord_id, "NO_FX_RATE", detail))
        distrust(tx, account.spec.id, detail)
        return ONE
    return rate


def _filled(
    named: Order | None, order: Order | None, fill: VenueFill, account_id: AccountId, rate: Decimal
) -> ev.Event:
    if order is None:
        cum_qty, notional, leaves, status = fill.last_qty, fill.last_qty * fill.last_px, ZERO, FILLED
        decision_px = None
    else:
        cum_qty = plain(order.cum_qty + fill.last_qty)
        notional = order.notional + fill.last_qty * fill.last_px
        leaves = ZERO if is_done(order) or cum_qty >= order.order_qty else plain(order.order_qty - cum_qty)
        status = _status_after(order, cum_qty)
        decision_px = order.intent.decision_px
    return ev.OrderFilled(
        account_id,
        fill.cl_ord_id if named is None else named.cl_ord_id,
        fill.exec_id,
        fill.symbol,
        fill.side,
        fill.last_qty,
        fill.last_px,
        fill.commission,
        rate,
        cum_qty,
        leaves,
        machine.average(notional, cum_qty) if cum_qty != fill.last_qty else round_down(fill.last_px),
        status,
        fill.transact_time_ns,
        None if decision_px is None else _slippage_bps(fill, decision_px),
        named is not None and order is None,
    )


def _close_again(tx: Tx, account: Account, order: Order) -> None:
    """Close what an entry has opened after all, if the account says so; a surplus waits for the venue's books."""
    if account.spec.protection_policy is ProtectionPolicy.FLATTEN and order.enters:
        close_unprotected(tx, account.spec.id, order.intent.symbol, "it was filled after the position was closed")


def _slippage_bps(fill: VenueFill, decision_px: Decimal) -> Decimal:
    return round_down((fill.last_px - decision_px) * SIGN[fill.side] * 10000 / decision_px)


def _status_after(order: Order, cum_qty: Decimal) -> OrdStatus:
    if cum_qty >= order.order_qty:
        return FILLED
    if order.ended_as is not None:
        return order.ended_as
    if order.cancel_pending:
        return OrdStatus.PENDING_CANCEL
    return OrdStatus.PARTIALLY_FILLED if order.replace_pending is None else OrdStatus.PENDING_REPLACE


def _book_position(tx: Tx, account: Account, instrument: Instrument, fill: VenueFill, rate: Decimal) -> None:
    """Book a fill that is in `recent` already. One that comes late is booked in its place, as the venue did it."""
    position, size = account.positions[fill.symbol], instrument.contract_size
    if position.recent[-1].exec_id == fill.exec_id:
        booked = book(position.qty, position.cost, fill.side, fill.last_qty, fill.last_px, size)
        realized = round_down(booked.realized * rate)
    else:
        base = base_of(position)
        others = [booking for booking in position.recent if booking.exec_id != fill.exec_id]
        booked, realized = book_again(base, position.recent, size)
        realized = plain(realized - book_again(base, others, size)[1])
    tx.apply(position_changed(tx, account, instrument, booked, realized, fill.commission, rate))


def _note_surplus(tx: Tx, account: Account, order: Order | None, fill: VenueFill) -> None:
    """Note what an order that was to reduce has opened: a venue without reduce-only orders fills beyond the position.

    Reports may have changed places, so it is closed only when the venue's books confirm it; they are asked for at once.
    """
    position = account.positions[fill.symbol]
    if order is None or order.enters or account.capabilities.native_reduce_only:
        return
    if not position.qty or (position.qty > 0) is not (SIGN[fill.side] > 0):
        return
    qty, account_id = min(fill.last_qty, abs(position.qty)), account.spec.id
    detail = f"an order that was to reduce opened {qty} of {fill.symbol}"
    tx.apply(ev.IncidentRaised(account_id, fill.cl_ord_id, "SURPLUS", detail))
    tx.apply(ev.SurplusFound(account_id, fill.symbol, order.cl_ord_id, qty, order.intent.signal_id))
    distrust(tx, account_id, detail)


def _take_levels(tx: Tx, order: Order, first: bool) -> None:
    """A position takes over the stop and target of an entry when that begins to fill; a level it does not name stays.

    Later fills of the same entry leave them alone, since they may have been moved meanwhile.
    """
    intent = order.intent
    position = tx.account(intent.account).positions[intent.symbol]
    grows = bool(position.qty) and (position.qty > 0) is (SIGN[intent.side] > 0)
    if not grows or (intent.stop_loss is None and intent.take_profit is None and intent.trailing_stop is None):
        return
    bare = position.stop_px is None and position.target_px is None
    if bare or (first and intent.role is not Role.COMPLETION):
        stop_px = merged_stop(tx.account(intent.account), position, intent.stop_loss)
        target_px = position.target_px if intent.take_profit is None else intent.take_profit
        trail = position.trail if intent.trailing_stop is None else intent.trailing_stop
        set_levels(tx, intent.account, intent.symbol, stop_px, target_px, intent.signal_id, trail)
