"""The order machine.

An order stores facts; its status is derived from them and never stored. The facts are few: the phase it is in, the
quantity asked for, what was filled and for how much, whether a cancel or a replace is under way, how it ended, and
whether its outcome is known. From these follow what is still open (`leaves_qty`), the average price, and the status
that FIX would show (`ord_status`, by FIX precedence when several hold).

A venue's report moves the phase along one literal table, below. The table says what may happen, and it is generous
where the wire is: reports come late, twice and out of order, so an acknowledgement after a fill is stale, not wrong.
A pair that is missing is something no honest sequence can produce; the core quarantines it and compares books.

Some things hold whatever the venue says:

- A fill is a fact. It is booked once by its exec_id, before the acknowledgement, after the cancel, or beyond the
  quantity. Only a bust or a correction by the venue, which is a fact of its own, makes `cum_qty` fall.
- Silence is a question. An order whose outcome is unknown keeps its phase, its hold and its place in the books. That
  it is heard of again does not answer what became of a cancel or a replace: only `regain_sight` and the end do.
- A cancel that was asked for is wanted until the order is over, whatever became of the request.
- An order that is done holds nothing, and never works again, also when its fill is taken back: then it shows as
  canceled for what is missing. A late fill on it is booked all the same.

Everything that can change the condition of an order is in this file. Nothing here knows of accounts or plans.
"""

from decimal import Decimal
from typing import ClassVar, NamedTuple

import msgspec

from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import ClOrdId, ExecId, ExecType, OrdStatus, SettledAs, VenueOrderId, Word


class Phase(Word):
    PENDING_NEW = "PENDING_NEW"
    WORKING = "WORKING"
    DONE = "DONE"


class InvariantViolation(Exception):
    """We broke one of our own rules: a bug. The engine halts, restarts and folds its journal."""


GIVEN_UP_MAX = 8
"""Changes without a confirmation that an order remembers."""

_PENDING, _WORKING, _DONE = Phase.PENDING_NEW, Phase.WORKING, Phase.DONE

TRANSITIONS: dict[tuple[Phase, ExecType], Phase] = {
    (_PENDING, ExecType.NEW): _WORKING,
    (_PENDING, ExecType.TRADE): _WORKING,  # the fill overtook the acknowledgement
    (_PENDING, ExecType.TRADE_CORRECT): _PENDING,  # it overtook its fill, and waits for it
    (_PENDING, ExecType.TRADE_CANCEL): _PENDING,
    (_PENDING, ExecType.CANCELED): _DONE,
    (_PENDING, ExecType.REPLACED): _WORKING,  # likewise overtaken
    (_PENDING, ExecType.RESTATED): _WORKING,
    (_PENDING, ExecType.REJECTED): _DONE,
    (_PENDING, ExecType.EXPIRED): _DONE,
    (_WORKING, ExecType.NEW): _WORKING,  # repeated, or overtaken by a fill
    (_WORKING, ExecType.TRADE): _WORKING,  # a full fill ends the order, see `is_complete`
    (_WORKING, ExecType.TRADE_CORRECT): _WORKING,  # to the full quantity, it ends the order as a fill does
    (_WORKING, ExecType.TRADE_CANCEL): _WORKING,  # what was taken back is open again, worst case
    (_WORKING, ExecType.CANCELED): _DONE,
    (_WORKING, ExecType.REPLACED): _WORKING,
    (_WORKING, ExecType.RESTATED): _WORKING,
    (_WORKING, ExecType.EXPIRED): _DONE,
    # (WORKING, REJECTED) is missing: what was acknowledged or filled cannot have been refused.
    (_DONE, ExecType.NEW): _DONE,  # stale
    (_DONE, ExecType.TRADE): _DONE,  # late, and still a fill
    (_DONE, ExecType.TRADE_CORRECT): _DONE,
    (_DONE, ExecType.TRADE_CANCEL): _DONE,  # the quantity falls, and nothing works again
    (_DONE, ExecType.CANCELED): _DONE,  # repeated; also the loser of a race with the last fill
    (_DONE, ExecType.REPLACED): _DONE,
    (_DONE, ExecType.RESTATED): _DONE,
    (_DONE, ExecType.REJECTED): _DONE,  # repeated; the order is over either way
    (_DONE, ExecType.EXPIRED): _DONE,
}


class Replacement(msgspec.Struct):
    """A change that was asked for and not answered."""

    cl_ord_id: ClOrdId
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None


class Settling(NamedTuple):
    """What one person said about an order that nobody knows of, where it takes two."""

    settled_as: SettledAs
    exec_ids: tuple[ExecId, ...]
    actor: str


class Order(msgspec.Struct, gc=False, omit_defaults=True):
    """One order's facts. Only the functions below write them, and only `evolve` calls those."""

    INDEX: ClassVar[tuple[str, ...]] = ("questioned_ns", "heard_ns", "done_seq", "names", "exec_ids")

    cl_ord_id: ClOrdId
    """The first id; it names the order for good."""
    current_id: ClOrdId
    """The id in force at the venue; a replace changes it."""
    intent: OrderIntent
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None
    margin_per_lot: Decimal
    risk_per_lot: Decimal
    created_ns: int
    enters: bool
    """It can open or grow a position; the others only reduce."""
    watched: bool
    """A rest that stays after a partial fill is cancelled and completed."""
    phase: Phase = Phase.PENDING_NEW
    cum_qty: Decimal = ZERO
    notional: Decimal = ZERO
    """Sum of last_qty * last_px; the average is derived from it."""
    commission: Decimal = ZERO
    cancel_pending: bool = False
    cancel_wanted: bool = False
    """A cancel was asked for; it is asked for again until the order is over."""
    asked_ns: int = 0
    """When a cancel or a change was last asked for."""
    replace_pending: Replacement | None = None
    renewal: Replacement | None = None
    """What a new order is to ask for once this one, called back for it, is over."""
    given_up: dict[ClOrdId, Replacement] = {}
    """Changes refused or taken for lost: one that the venue confirms after all is still ours."""
    refused: Replacement | None = None
    """The last change that the venue refused; it is not asked for in the same words at once."""
    changed_ns: int = 0
    """The venue's time of the last change of quantity or price; what is older is stale."""
    ended_as: OrdStatus | None = None
    unsent: bool = False
    """It is proved that the venue never had it."""
    outcome_known: bool = True
    looks: int = 0
    """Look-ups in a row, a settle window apart, that found nothing."""
    looked_ns: int = 0
    """When the last of them was made."""
    questioned_ns: int = 0
    """When the venue was last asked for it."""
    asked_before: int = 0
    """Times in a row that it had been asked for by then, without an end to the question."""
    heard_ns: int = 0
    """When the venue was last heard to know it, or it was sent again; a look that is no newer proves nothing."""
    settling: Settling | None = None
    """What a first person said of it, while nobody knew."""
    resent: bool = False
    trail_active: bool = False
    """The price from which its stop follows the market has been reached."""
    dies_ns: int = 0
    """It must not leave after this."""
    rests_at: Decimal | None = None
    """The price that it stands at among our own orders; None if it rests at none."""
    venue_order_id: VenueOrderId | None = None
    first_fill_ns: int | None = None
    done_ns: int | None = None
    done_seq: int = 0
    """The record in which it ended: of two things at one instant the later record is the later one."""
    names: tuple[ClOrdId, ...] = ()
    """Ids that changes gave it, asked for or in force."""
    exec_ids: tuple[ExecId, ...] = ()
    """Of its fills."""


# --- derived --------------------------------------------------------------------------------------------------------


def leaves_qty(order: Order) -> Decimal:
    """Return what is still open; nothing is, once the order is done."""
    return ZERO if order.phase is _DONE else max(order.order_qty - order.cum_qty, ZERO)


def held_qty(order: Order) -> Decimal:
    """Return the worst case still open: the larger of the quantity in force and the one being asked for."""
    if order.phase is _DONE:
        return ZERO
    pending = order.replace_pending
    asked = order.order_qty if pending is None else max(order.order_qty, pending.order_qty)
    return max(asked - order.cum_qty, ZERO)


def avg_px(order: Order) -> Decimal | None:
    return average(order.notional, order.cum_qty) if order.cum_qty else None


def average(notional: Decimal, qty: Decimal) -> Decimal:
    """Divide, rounding down at the quantum where it does not come out even."""
    return round_down(notional / qty)


def ord_status(order: Order) -> OrdStatus:
    """Return the FIX status. When several hold, FIX precedence decides: the first line below that is true."""
    if order.phase is not _DONE:
        if order.cancel_pending:
            return OrdStatus.PENDING_CANCEL  # 12
        if order.replace_pending is not None:
            return OrdStatus.PENDING_REPLACE  # 11
    if is_complete(order):
        return OrdStatus.FILLED  # 8
    if order.ended_as is not None:
        return order.ended_as  # 5 and below
    if order.phase is _DONE:
        return OrdStatus.CANCELED  # 5: it had filled, and a part of that was taken back
    if order.cum_qty:
        return OrdStatus.PARTIALLY_FILLED  # 4
    return OrdStatus.NEW if order.phase is _WORKING else OrdStatus.PENDING_NEW  # 2


def is_complete(order: Order) -> bool:
    return bool(order.cum_qty) and order.cum_qty >= order.order_qty


def is_done(order: Order) -> bool:
    return order.phase is _DONE


def is_over(order: Order) -> bool:
    """Done, and nothing about it is left to be known: what hangs on its end may follow."""
    return order.phase is _DONE and order.outcome_known


def next_phase(order: Order, exec_type: ExecType) -> Phase | None:
    """Return where a report leads, or None if no honest sequence of reports can contain it here."""
    return TRANSITIONS.get((order.phase, exec_type))


# --- changes, called by `evolve` alone --------------------------------------------------------------------------------


def accept(order: Order, venue_order_id: VenueOrderId | None) -> None:
    """It reached the venue. What became of a cancel or a replace stays an open question of its own."""
    if order.phase is _PENDING:
        order.phase = _WORKING
    order.looks = 0
    order.venue_order_id = venue_order_id or order.venue_order_id


def fill(order: Order, last_qty: Decimal, last_px: Decimal, commission: Decimal, now_ns: int, exec_id: ExecId) -> None:
    order.exec_ids += (exec_id,)
    order.cum_qty = plain(order.cum_qty + last_qty)
    order.notional = plain(order.notional + last_qty * last_px)
    order.commission = plain(order.commission + commission)
    order.looks = 0
    if order.first_fill_ns is None:
        order.first_fill_ns = now_ns
    if order.phase is _PENDING:
        order.phase = _WORKING
    if order.phase is _WORKING and is_complete(order):
        end(order, None)


def disown(order: Order, exec_id: ExecId) -> None:
    """Forget the name of a fill that is booked elsewhere."""
    order.exec_ids = tuple(name for name in order.exec_ids if name != exec_id)


def refill(order: Order, qty: Decimal, notional: Decimal, commission: Decimal) -> None:
    """Change what was filled by as much as a bust or a correction says; the amounts are negative where it is less."""
    order.cum_qty = plain(order.cum_qty + qty)
    order.notional = plain(order.notional + notional)
    order.commission = plain(order.commission + commission)
    if order.cum_qty < 0:
        raise InvariantViolation(f"order {order.cl_ord_id} has {order.cum_qty} filled")
    if order.phase is _WORKING and is_complete(order):
        end(order, None)


def end(order: Order, ended_as: OrdStatus | None, *, unsent: bool = False) -> None:
    """Finish the order and settle every question about it; `ended_as` None means that its quantity is filled."""
    if order.phase is _DONE:
        raise InvariantViolation(f"order {order.cl_ord_id} ended twice")
    order.phase = _DONE
    order.ended_as, order.unsent = ended_as, unsent
    order.cancel_pending = False
    order.replace_pending = None
    _answered(order)


def restate(order: Order, order_qty: Decimal, transact_time_ns: int) -> None:
    order.order_qty = order_qty
    order.changed_ns = max(order.changed_ns, transact_time_ns)
    accept(order, None)
    if is_complete(order):
        end(order, None)


def reprice(order: Order, price: Decimal | None, stop_px: Decimal | None) -> None:
    """Take over the prices that the venue's books show; None leaves one as it is."""
    order.price = order.price if price is None else price
    order.stop_px = order.stop_px if stop_px is None else stop_px


def ask_cancel(order: Order, now_ns: int) -> None:
    _must_be_open(order)
    order.cancel_pending = order.cancel_wanted = True
    order.asked_ns = now_ns


def ask_replace(order: Order, replacement: Replacement, now_ns: int) -> None:
    _must_be_open(order)
    if order.replace_pending is not None:
        raise InvariantViolation(f"order {order.cl_ord_id} is being replaced already")
    order.replace_pending, order.asked_ns = replacement, now_ns
    order.refused = None
    order.names += (replacement.cl_ord_id,)


def asked_change(order: Order, new_id: ClOrdId) -> Replacement | None:
    """Return the change that was asked for under this id and is not in force yet, taken for lost or not."""
    pending = order.replace_pending
    return pending if pending is not None and pending.cl_ord_id == new_id else order.given_up.get(new_id)


def replaced(order: Order, new_id: ClOrdId, order_qty: Decimal, transact_time_ns: int) -> None:
    """Take over the quantity that the venue confirms, and the prices that we asked for."""
    asked = asked_change(order, new_id)
    order.current_id = new_id
    if asked is not None:
        reprice(order, asked.price, asked.stop_px)
    if asked is order.replace_pending:
        order.replace_pending = None
    order.given_up.pop(new_id, None)
    restate(order, order_qty, transact_time_ns)


def refuse_cancel(order: Order) -> None:
    order.cancel_pending = False


def refuse_replace(order: Order, *, by_venue: bool) -> None:
    """Drop the change under way, but remember it: one that only seems lost may still arrive."""
    pending, order.replace_pending = order.replace_pending, None
    if pending is not None:
        order.refused = pending if by_venue else None
        order.given_up[pending.cl_ord_id] = pending
        if len(order.given_up) > GIVEN_UP_MAX:
            del order.given_up[next(iter(order.given_up))]


def ask_about(order: Order, now_ns: int, times: int) -> None:
    order.questioned_ns, order.asked_before = now_ns, times


def hear_of(order: Order, now_ns: int) -> None:
    """The venue knew it, and said so just now, or it is sent to the venue again."""
    order.heard_ns = now_ns


def lose_sight(order: Order) -> None:
    """Nobody says what became of it. Hold and phase stay."""
    order.outcome_known = False


def see_nothing(order: Order, looks: int, looked_ns: int) -> None:
    order.looks, order.looked_ns = looks, looked_ns


def ask_to_settle(order: Order, settling: Settling) -> None:
    order.settling = settling


def resend(order: Order) -> None:
    if order.phase is not _PENDING:
        raise InvariantViolation(f"order {order.cl_ord_id} is {order.phase}, only a pending one may be sent again")
    order.resent = True
    _answered(order)


def regain_sight(order: Order) -> None:
    _answered(order)


def _answered(order: Order) -> None:
    order.outcome_known = True
    order.looks = 0
    order.settling = None


def _must_be_open(order: Order) -> None:
    if order.phase is _DONE:
        raise InvariantViolation(f"order {order.cl_ord_id} is done and cannot be changed")
