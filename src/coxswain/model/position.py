"""How one fill changes a net position: the arithmetic that the engine and the simulated venue share.

Cost is stored, averages are derived. Nothing is lost to rounding: over any run of fills the realised profit less the
cost of what is open equals the cash that flowed, to the last digit. No conversion, commission or margin belongs here.
"""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.vocabulary import BUY, Side


class Booked(msgspec.Struct, frozen=True):
    """A position after a fill. Long is positive; money is in the instrument's currency."""

    qty: Decimal
    cost: Decimal
    """Signed: what the open quantity cost; the average price is cost / (qty * contract_size)."""
    realized: Decimal
    """By this fill, before commission."""
    closed: Decimal
    """How much of the former quantity this fill closed, never negative."""


def book(
    qty: Decimal, cost: Decimal, side: Side, last_qty: Decimal, last_px: Decimal, contract_size: Decimal
) -> Booked:
    """Book a fill of `last_qty` lots at `last_px` on a position of `qty` lots that cost `cost`.

    A fill larger than an opposite position closes all of it and opens the rest at the same price.
    """
    signed = last_qty if side is BUY else -last_qty
    lot_value = last_px * contract_size
    if not qty or (qty > 0) is (signed > 0):
        return Booked(plain(qty + signed), plain(cost + signed * lot_value), ZERO, ZERO)
    after = qty + signed
    if not after or (after > 0) is not (qty > 0):
        # All of the old quantity goes, and its cost with it, unrounded.
        return Booked(plain(after), plain(after * lot_value), plain(qty * lot_value - cost), abs(qty))
    released = round_down(cost * -signed / qty)
    return Booked(plain(after), plain(cost - released), plain(-signed * lot_value - released), last_qty)


def unrealized(qty: Decimal, cost: Decimal, px: Decimal, contract_size: Decimal) -> Decimal:
    """Return the profit of closing everything at `px`, in the instrument's currency."""
    return plain(qty * px * contract_size - cost)
