"""A fill that was told of under another order, symbol or side than the venue's books list it under.

What a report says is booked at once, wherever it belongs by its own words: a fill is never discarded. The books are the
better witness, and name it by the same exec_id. So it is taken out where it stands and booked where they have it, as a
bust and a new fill would be. Only books do that, never a report, and no fill is moved from an order that it fits to a
place where it fits none. Amounts are not compared: those change by corrections, which a venue tells of.
"""

from coxswain.core import reversals
from coxswain.core.fills import book_fill, fits
from coxswain.core.state import Account, find_order
from coxswain.core.tx import Tx
from coxswain.model.orders import VenueFill


def book_listed(tx: Tx, account: Account, fill: VenueFill) -> bool:
    """Book a fill that the venue's books list, also where it was booked in a wrong place before. True if it is news."""
    if is_misplaced(account, fill):
        where = f"{fill.side} {fill.symbol} of {fill.cl_ord_id}, by the venue's books"
        reversals.take_out(tx, account, account.fills[fill.exec_id], where)
    return book_fill(tx, account, fill)


def is_misplaced(account: Account, fill: VenueFill) -> bool:
    """Say whether a fill that was booked stands elsewhere than the venue's books list it."""
    known = account.fills.get(fill.exec_id)
    if known is None or known.busted or known.changed_ns:
        return False  # not booked under this name, or the venue has spoken of it since
    order = find_order(account, fill.cl_ord_id)
    stands_right = (known.symbol, known.booking.side) == (fill.symbol, fill.side)
    if order is None or not fits(order, fill):
        return not known.on_order and not stands_right
    return not (stands_right and known.on_order and known.cl_ord_id == order.cl_ord_id)
