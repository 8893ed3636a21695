"""Whether the paper venue takes an order: its numbers, its conversion, its margin."""

from decimal import Decimal

from coxswain.model.decimals import ZERO, is_multiple, round_down, round_up, text
from coxswain.model.market import Instrument, touch
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import OrdType, TimeInForce
from coxswain.venues.paper.accounts import Account, Rates, free_margin
from coxswain.venues.paper.orders import STOPS, Order
from coxswain.venues.paper.resting import Book

NO_FRESH_QUOTE = "no fresh quote"
LIMITED = (OrdType.LIMIT, OrdType.STOP_LIMIT)


def unsupported(can: Capabilities, order: Order, now_ns: int) -> str:
    """Say what of an order this venue does not do, or no venue could; empty if it does all of it."""
    if order.ord_type not in can.ord_types:
        return f"ord_type: {order.ord_type}, wanted one of {', '.join(can.ord_types)}"
    if order.time_in_force not in can.times_in_force:
        return f"time_in_force: {order.time_in_force}, wanted one of {', '.join(can.times_in_force)}"
    if order.reduce_only and not can.native_reduce_only:
        return "reduce_only: true, wanted none: this venue does not do that"
    if order.oco_group is not None and not can.native_oco:
        return f"oco_group: {order.oco_group}, wanted none: this venue does not do that"
    if (order.trail is not None) is not (order.ord_type is OrdType.TRAILING_STOP):
        return "trail: wanted on a trailing stop, and on no other"
    if order.time_in_force is not TimeInForce.GTD:
        return ""
    ahead = order.expires_ns is not None and order.expires_ns > now_ns
    return "" if ahead else "expire_time: wanted a time that is still to come"


def refusal(account: Account, book: Book | None, order: Order, rates: Rates, now_ns: int) -> str:
    """Say why an order is refused: field, value and what is wanted. Empty if it is not.

    Sets what part of the order ties up margin: what it would open, beyond the position it would close first. Nothing
    else that works on the account may hold margin for it meanwhile.
    """
    if book is None:
        return f"symbol: {order.symbol}, wanted one that is traded here"
    instrument = book.instrument
    problem = _misshapen(instrument, order)
    if problem:
        return problem
    rate = rates.rate(instrument.currency, account.currency, now_ns, gain=False)
    if rate is None:
        return f"no FX rate: {instrument.currency} to {account.currency}"
    if order.reduce_only:
        return ""
    px = order.stop_px if order.price is None else order.price
    if px is None:
        if book.quote is None:
            return NO_FRESH_QUOTE  # there has never been one, so that not even the margin can be told
        px = touch(book.quote, order.side)
    order.margin_per_lot = px * instrument.contract_size * instrument.margin_rate
    order.opening_qty = max(order.leaves_qty - account.position(book).reducible(order.side), ZERO)
    return _short_of_margin(account, order, rate, rates, now_ns) if order.opening_qty else ""


def _misshapen(instrument: Instrument, order: Order) -> str:
    qty = order.order_qty
    if qty < instrument.min_qty and not order.reduce_only:  # what is held can always be let go
        return f"order_qty: {text(qty)}, wanted at least {text(instrument.min_qty)}"
    if not is_multiple(qty, instrument.lot_step):
        return f"order_qty: {text(qty)}, wanted a multiple of the lot step {text(instrument.lot_step)}"
    return _misplaced(instrument, order, "price", order.price, LIMITED) or _misplaced(
        instrument, order, "stop_px", order.stop_px, STOPS
    )


def _misplaced(
    instrument: Instrument, order: Order, field: str, px: Decimal | None, needed_by: tuple[OrdType, ...]
) -> str:
    if order.ord_type not in needed_by:
        return f"{field}: {text(px)}, wanted none on a {order.ord_type} order" if px is not None else ""
    if px is None:
        return f"{field}: none, wanted one on a {order.ord_type} order"
    if px <= 0 or not is_multiple(px, instrument.tick):
        return f"{field}: {text(px)}, wanted a positive multiple of the tick {text(instrument.tick)}"
    return ""


def _short_of_margin(account: Account, order: Order, rate: Decimal, rates: Rates, now_ns: int) -> str:
    needed = order.held_margin * rate
    free = free_margin(account, rates, now_ns)
    if isinstance(free, str):
        return f"no FX rate: {free} to {account.currency}"
    if needed > free:
        return f"insufficient margin: needs {text(round_up(needed))}, free {text(round_down(free))}"
    return ""
