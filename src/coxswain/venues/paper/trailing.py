"""Stops that follow the market inside the paper venue. Whether one triggers is decided in exchange.py."""

from coxswain.model.market import Quote
from coxswain.model.trail import behind, is_active, is_better, reference
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.resting import Book


def let_follow(book: Book, quote: Quote) -> tuple[Order, ...]:
    """Move every trailing stop that this quote draws nearer; return those that moved."""
    return tuple(order for order in tuple(book.trailing.values()) if _follows(book, order, quote))


def _follows(book: Book, order: Order, quote: Quote) -> bool:
    assert order.trail is not None, "only stops that follow the market are kept there"
    assert order.stop_px is not None, "a trailing stop begins somewhere"
    px = reference(order.trail, order.side, quote)
    if px is None:
        return False
    was_active = order.active
    order.active = was_active or is_active(order.trail, order.side, px)
    if not order.active:
        return False
    stop_px = behind(order.trail, order.side, px, book.instrument.tick)
    if not is_better(order.side, stop_px, order.stop_px):
        return not was_active
    book.discard(order)
    order.stop_px = stop_px
    book.add(order)
    return True
