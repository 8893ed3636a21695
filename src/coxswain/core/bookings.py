"""How bookings become a position: those that came late in their place, those that were taken back left out.

Only sums are made here; what is said about them stands in `fills` and `reversals`.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.core import order as machine
from coxswain.core.money import position_margin, position_risk, rate_up
from coxswain.core.position import Booking, KnownFill, Position, venue_order
from coxswain.core.state import Account
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.market import Instrument
from coxswain.model.position import Booked, book
from coxswain.model.vocabulary import OPPOSITE

EMPTY = Booked(ZERO, ZERO, ZERO, ZERO)


class Rebooked(msgspec.Struct, frozen=True):
    """A position after one of its fills was taken back or changed."""

    after: Booked
    realized: Decimal
    """How much more is realised than before, in the account's currency."""
    base: Booked | None = None
    """What stands before the recent fills from now on, where the fill was older than those."""


def base_of(position: Position) -> Booked:
    return Booked(position.base_qty, position.base_cost, ZERO, ZERO)


def book_again(base: Booked, bookings: Iterable[Booking], contract_size: Decimal) -> tuple[Booked, Decimal]:
    """Book fills in order on what stood before them; also return what they realised, in the account's currency."""
    booked, realized = base, ZERO
    for fill in bookings:
        booked = book(booked.qty, booked.cost, fill.side, fill.qty, fill.px, contract_size)
        realized += round_down(booked.realized * fill.rate)
    return booked, plain(realized)


def rebook(
    account: Account, position: Position, fill: KnownFill, new: Booking | None, contract_size: Decimal
) -> Rebooked:
    """Book a position as if a fill had always been what it is now, or had never been.

    This looks through all fills of the account where the fill is an old one, which no order waits for.
    """
    base, recent = base_of(position), position.recent
    _, realized_before = book_again(base, recent, contract_size)
    changed = _with(recent, fill.booking, new)
    if changed is not None:
        after, realized = book_again(base, changed, contract_size)
        return Rebooked(after, plain(realized - realized_before))
    new_base, of_base = _rebase(account, position, fill, new, contract_size)
    after, realized = book_again(new_base, recent, contract_size)
    return Rebooked(after, plain(of_base + realized - realized_before), new_base)


def _with(bookings: Iterable[Booking], old: Booking, new: Booking | None) -> list[Booking] | None:
    """Return bookings with one in the place of another, or without it; None if it is not among them."""
    found, changed = False, []
    for booking in bookings:
        if booking.exec_id != old.exec_id:
            changed.append(booking)
            continue
        found = True
        if new is not None:
            changed.append(new)
    return changed if found else None


def _rebase(
    account: Account, position: Position, fill: KnownFill, new: Booking | None, contract_size: Decimal
) -> tuple[Booked, Decimal]:
    """Change what stands before the recent fills; also return how much more that realised.

    Where the fills that we know do not explain it, as after a position was adopted, or when too many have left this
    memory, an opposite entry at the same price undoes the fill: quantity and cash are right then, though not what of it
    counts as realised.
    """
    base, recent = base_of(position), {booking.exec_id for booking in position.recent}
    known = (each.booking for each in account.fills.values() if each.symbol == position.symbol and not each.busted)
    older = sorted((booking for booking in known if booking.exec_id not in recent), key=venue_order)
    explained, realized = book_again(EMPTY, older, contract_size)
    changed = _with(older, fill.booking, new)
    if changed is not None and not position.archived_fills and (explained.qty, explained.cost) == (base.qty, base.cost):
        new_base, realized_now = book_again(EMPTY, changed, contract_size)
        return new_base, plain(realized_now - realized)
    undone = msgspec.structs.replace(fill.booking, side=OPPOSITE[fill.booking.side])
    return book_again(base, [undone] if new is None else [undone, new], contract_size)


def position_changed(
    tx: Tx,
    account: Account,
    instrument: Instrument,
    booked: Booked,
    realized: Decimal,
    commission: Decimal,
    rate: Decimal,
) -> ev.PositionChanged:
    """Say what became of a position, with all that follows from its quantity and cost."""
    position = account.positions[instrument.symbol]
    closed = bool(position.qty) and (not booked.qty or (booked.qty > 0) is not (position.qty > 0))
    stop_px = None if closed else position.stop_px
    owed = max(rate, rate_up(tx.state, account, instrument) or rate)
    avg_px = None
    if booked.qty:
        avg_px = machine.average(booked.cost, booked.qty * instrument.contract_size)
    return ev.PositionChanged(
        account.spec.id,
        instrument.symbol,
        booked.qty,
        booked.cost,
        avg_px,
        realized,
        plain((account.balance or ZERO) + realized - commission),
        position_margin(instrument, booked.cost, owed),
        commission,
        position_risk(instrument, booked.qty, booked.cost, stop_px, owed, tx.state.desk.assumed_stop_pct),
        closed,
    )
