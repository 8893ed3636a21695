"""Exposure: what is held and on order, in money, in the worst case both ways."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO


class Exposure(msgspec.Struct):
    """Of an account, a currency, a group, a strategy, an instrument, or everything."""

    up: Decimal = ZERO
    """Net, long positive, if every open and unknown buy filled and no sell did."""
    down: Decimal = ZERO
    """Net, short positive, if every open and unknown sell filled and no buy did."""
    gross: Decimal = ZERO
    """The larger of the two of each position, summed."""


NO_EXPOSURE = Exposure()
"""For reading only."""
