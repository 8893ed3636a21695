"""Busts and corrections: a venue takes a fill back, or says that it was another. Each is taken in once, in any order.

The fill stays in the journal; the bust or the correction is a fact of its own, and position and balance become what
they would be had the fill always been so. A bust is final. Of two corrections the later one by the venue's time counts,
unless the one names the other. One whose fill is not known waits for it, and the books are compared.

A fill that the venue's books list elsewhere than it was told of is taken out in this way, before it is booked there.

Nothing is sent in the place of what was taken back: the order is as over as it was, and its plan completes nothing
more. Protection follows the position, and a position that a busted exit opens again gets back its stop and target.
"""

from decimal import Decimal
from hashlib import sha256

import msgspec

from coxswain.core import order as machine
from coxswain.core import watching
from coxswain.core.bookings import Rebooked, position_changed, rebook
from coxswain.core.causes import restrict
from coxswain.core.consequences import after
from coxswain.core.order import Order, is_over
from coxswain.core.position import Booking, KnownFill
from coxswain.core.protection import follow, set_levels
from coxswain.core.state import Account, find_order
from coxswain.core.trust import distrust
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain, text
from coxswain.model.orders import VenueReversal
from coxswain.model.vocabulary import ExecId, OrdStatus, Symbol

AWAITED_MAX = 256
"""Fills that an account waits for, because busts or corrections name them. More are quarantined."""


def take(tx: Tx, account: Account, reversal: VenueReversal) -> None:
    """Take in a bust or a correction, unless it was already."""
    if reversal.exec_id in account.exec_ids or reversal in account.awaited.get(reversal.exec_ref_id, ()):
        return
    why = _nonsense(tx, reversal)
    fill = _fill_of(account, reversal.exec_ref_id)
    if why:
        quarantine(tx, account, reversal, why)
    elif fill is None:
        _wait(tx, account, reversal)
    else:
        _decide(tx, account, fill, reversal)


def take_out(tx: Tx, account: Account, fill: KnownFill, belongs_to: str) -> None:
    """Take a fill out of where it stands, to be booked again where it belongs."""
    exec_id, at_ns = fill.booking.exec_id, fill.booking.transact_time_ns
    name = sha256(f"{account.spec.id}|{exec_id}|{tx.state.seq}".encode()).hexdigest()[:16]
    side, symbol = fill.booking.side, fill.symbol
    undone = VenueReversal(fill.cl_ord_id, ExecId(f"moved-{name}"), exec_id, symbol, side, at_ns)
    _apply(tx, account, fill, undone, belongs_to)


def fall_due(tx: Tx, account: Account, exec_id: ExecId) -> None:
    """Apply what has waited for a fill, or for the correction of one, that was taken in just now."""
    for waiting in tuple(account.awaited.values()):
        for reversal in waiting:
            if reversal.exec_id == exec_id:  # the venue's books list the fill under the id of its correction
                tx.apply(ev.ReversalNoted(account.spec.id, reversal.cl_ord_id, reversal, waits=False))
                fall_due(tx, account, reversal.exec_ref_id)
                break
    for reversal in tuple(account.awaited.get(exec_id, ())):
        fill = _fill_of(account, exec_id)
        if fill is not None:
            _decide(tx, account, fill, reversal)


def quarantine(tx: Tx, account: Account, reversal: VenueReversal, why: str) -> None:
    """Set aside what cannot be. The books are compared when it is time: at once could be for ever."""
    tx.apply(ev.ReportQuarantined(account.spec.id, reversal.cl_ord_id, why))
    restrict(tx, account.spec.id, "UNRECONCILED", why)


def _nonsense(tx: Tx, reversal: VenueReversal) -> str:
    if reversal.symbol not in tx.state.instruments:
        return f"{reversal.symbol} is no instrument of ours"
    if (reversal.last_qty is None) is not (reversal.last_px is None):
        return "a correction without quantity and price"
    amounts = {"last_qty": reversal.last_qty, "last_px": reversal.last_px, "settl_fx_rate": reversal.settl_fx_rate}
    for name, amount in amounts.items():
        if amount is not None and not (amount.is_finite() and amount > 0):
            return f"{name} {amount}, wanted a positive number"
    if reversal.commission is not None and not reversal.commission.is_finite():
        return f"commission {reversal.commission}, wanted a number"
    return ""


def _fill_of(account: Account, exec_id: ExecId) -> KnownFill | None:
    return account.fills.get(account.fill_of.get(exec_id, exec_id))


def _wait(tx: Tx, account: Account, reversal: VenueReversal) -> None:
    named = f"{_kind(reversal)} of the fill {reversal.exec_ref_id}, which is not known"
    if len(account.awaited) >= AWAITED_MAX and reversal.exec_ref_id not in account.awaited:
        quarantine(tx, account, reversal, named)
        return
    tx.apply(ev.ReversalNoted(account.spec.id, reversal.cl_ord_id, reversal, waits=True))
    tx.apply(ev.IncidentRaised(account.spec.id, reversal.cl_ord_id, "UNKNOWN_FILL", named))
    distrust(tx, account.spec.id, named)


def _kind(reversal: VenueReversal) -> str:
    return "a bust" if reversal.last_qty is None else "a correction"


def _decide(tx: Tx, account: Account, fill: KnownFill, reversal: VenueReversal) -> None:
    """Apply it, unless it says nothing new or cannot be."""
    booking, is_bust = fill.booking, reversal.last_qty is None
    is_older = _place(reversal.transact_time_ns, reversal.exec_id) <= _place(fill.changed_ns, fill.changed_by)
    names_last = reversal.exec_ref_id == (fill.changed_by or booking.exec_id)
    if (reversal.symbol, reversal.side) != (fill.symbol, booking.side):
        ours = f"{booking.side} {fill.symbol}"
        tx.apply(ev.ReversalNoted(account.spec.id, reversal.cl_ord_id, reversal, waits=False))
        quarantine(tx, account, reversal, f"{_kind(reversal)} of {reversal.side} {reversal.symbol} on a fill of {ours}")
    elif fill.busted and not is_bust and not is_older:
        tx.apply(ev.ReversalNoted(account.spec.id, reversal.cl_ord_id, reversal, waits=False))
        quarantine(tx, account, reversal, f"a correction of the fill {booking.exec_id} after it was busted")
    elif fill.busted or (not is_bust and is_older and not names_last):
        tx.apply(ev.ReversalNoted(account.spec.id, reversal.cl_ord_id, reversal, waits=False))
    else:
        _apply(tx, account, fill, reversal)
    fall_due(tx, account, reversal.exec_id)


def _place(at_ns: int, exec_id: ExecId) -> tuple[int, int, str]:
    """At one instant the longer, then the higher id is the later, since venues count up."""
    return at_ns, len(exec_id), exec_id


# --- what it changes --------------------------------------------------------------------------------------------------


def _apply(tx: Tx, account: Account, fill: KnownFill, reversal: VenueReversal, belongs_to: str = "") -> None:
    account_id, symbol, old = account.spec.id, fill.symbol, fill.booking
    instrument, position = tx.state.instruments[symbol], account.positions[symbol]
    order = find_order(account, fill.cl_ord_id) if fill.on_order else None
    was_over, qty_before = order is not None and is_over(order), position.qty
    new = _booking_after(old, reversal)
    rebooked = rebook(account, position, fill, new, instrument.contract_size)
    event = _event(account, order, fill, reversal, new, rebooked, belongs_to)
    commission = (
        event.commission - event.former_commission if isinstance(event, ev.FillCorrected) else -event.commission
    )
    tx.apply(event)
    rate = old.rate if new is None else new.rate
    tx.apply(position_changed(tx, account, instrument, rebooked.after, rebooked.realized, plain(commission), rate))
    _tell(tx, account, order, fill, event)
    _take_levels_back(tx, account, symbol, qty_before)
    if order is not None:
        after(tx, order, was_over)
    follow(tx, account_id, symbol, afresh=True)
    watching.watch(tx, account_id)


def _booking_after(old: Booking, reversal: VenueReversal) -> Booking | None:
    """A corrected fill keeps its place among the others."""
    if reversal.last_qty is None or reversal.last_px is None:
        return None
    rate = reversal.settl_fx_rate or old.rate
    return msgspec.structs.replace(old, qty=reversal.last_qty, px=reversal.last_px, rate=rate)


def _event(
    account: Account,
    order: Order | None,
    fill: KnownFill,
    reversal: VenueReversal,
    new: Booking | None,
    rebooked: Rebooked,
    belongs_to: str,
) -> ev.FillBusted | ev.FillCorrected:
    old, base = fill.booking, rebooked.base
    qty, px = (ZERO, ZERO) if new is None else (new.qty, new.px)
    commission = ZERO if new is None else fill.commission if reversal.commission is None else reversal.commission
    if order is None:
        cum_qty, leaves, avg_px = qty, ZERO, px or None
        status = OrdStatus.FILLED if qty else OrdStatus.CANCELED
    else:
        then = msgspec.structs.replace(order)
        machine.refill(then, qty - old.qty, qty * px - old.qty * old.px, commission - fill.commission)
        cum_qty, leaves, avg_px = then.cum_qty, plain(machine.leaves_qty(then)), machine.avg_px(then)
        status = machine.ord_status(then)
    base_qty, base_cost = (None, None) if base is None else (base.qty, base.cost)
    account_id, at_ns, suspense = account.spec.id, reversal.transact_time_ns, order is None
    if new is None:
        return ev.FillBusted(
            account_id,
            fill.cl_ord_id,
            reversal.exec_id,
            old.exec_id,
            fill.symbol,
            old.side,
            old.qty,
            old.px,
            fill.commission,
            old.rate,
            cum_qty,
            leaves,
            avg_px,
            status,
            at_ns,
            suspense,
            base_qty,
            base_cost,
            belongs_to,
        )
    return ev.FillCorrected(
        account_id,
        fill.cl_ord_id,
        reversal.exec_id,
        old.exec_id,
        fill.symbol,
        old.side,
        old.qty,
        old.px,
        fill.commission,
        old.rate,
        qty,
        px,
        commission,
        new.rate,
        cum_qty,
        leaves,
        avg_px,
        status,
        at_ns,
        suspense,
        base_qty,
        base_cost,
    )


def _tell(
    tx: Tx, account: Account, order: Order | None, fill: KnownFill, event: ev.FillBusted | ev.FillCorrected
) -> None:
    """A person looks at it, and the books are compared; a correction may also have filled too much."""
    account_id, now = account.spec.id, f"{text(event.last_qty)} at {text(event.last_px)}"
    kind, detail = "FILL_BUSTED", f"the fill of {now} was taken back"
    if isinstance(event, ev.FillCorrected):
        was = f"{text(event.former_qty)} at {text(event.former_px)}"
        kind, detail = "FILL_CORRECTED", f"the fill of {was} is one of {now}"
    elif event.belongs_to:
        kind = "FILL_MOVED"
        detail = f"the fill of {now} was booked as {event.side} {event.symbol}; it is {event.belongs_to}"
    tx.apply(ev.IncidentRaised(account_id, fill.cl_ord_id, kind, detail))
    if order is not None and order.cum_qty > order.order_qty:
        beyond = f"a correction makes it {text(order.cum_qty)} filled of {text(order.order_qty)}"
        tx.apply(ev.IncidentRaised(account_id, fill.cl_ord_id, "OVERFILL", beyond))
    distrust(tx, account_id, detail)


def _take_levels_back(tx: Tx, account: Account, symbol: Symbol, qty_before: Decimal) -> None:
    """A position that was closed and is open again is protected as it was."""
    position = account.positions[symbol]
    former, is_bare = position.former, position.stop_px is None and position.target_px is None
    if qty_before or not position.qty or not is_bare:
        return
    if former is None or former.was_long is not (position.qty > 0):
        why = "a bust or correction opened it, and nothing says what is to protect it"
        tx.apply(ev.ProtectionFailed(account.spec.id, symbol, why))
        return
    signal_id = former.levels_from
    if signal_id is not None:
        set_levels(tx, account.spec.id, symbol, former.stop_px, former.target_px, signal_id, former.trail)
