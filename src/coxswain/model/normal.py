"""The normal distribution in whole numbers: a table made once, the same on every machine.

Probabilities are counted in parts of `WHOLE`, arguments in parts of `UNIT`. Between the points of the table it
interpolates linearly, which errs by less than 0.00001.
"""

from decimal import Decimal, localcontext
from functools import cache

from coxswain.model.decimals import CONTEXT, ONE

WHOLE = 10**12
UNIT = 65_536
PER_UNIT = 64
"""Points of the table between two whole arguments."""
FARTHEST = 8
"""Beyond this a tail holds less than one part in `WHOLE`."""


def cdf(z: int) -> int:
    """Return the probability, in parts of `WHOLE`, of less than `z / UNIT` standard deviations."""
    table = _table()
    place = z + FARTHEST * UNIT
    if place <= 0:
        return 0
    index, rest = divmod(place, UNIT // PER_UNIT)
    if index >= len(table) - 1:
        return WHOLE
    low = table[index]
    return low + (table[index + 1] - low) * rest // (UNIT // PER_UNIT)


@cache
def _table() -> tuple[int, ...]:
    upper = [_exact(Decimal(point) / PER_UNIT) for point in range(FARTHEST * PER_UNIT + 1)]
    return (*(WHOLE - p for p in reversed(upper[1:])), *upper)


def _exact(z: Decimal) -> int:
    """Phi(z) = 1/2 + phi(z) * (z + z^3/3 + z^5/(3*5) + ...) for z of 0 or more (Marsaglia 2004)."""
    with localcontext(CONTEXT):
        term, total, odd = z, z, 1
        while term > Decimal("1E-30"):
            odd += 2
            term = term * z * z / odd
            total += term
        return int((ONE / 2 + total * density(z)) * WHOLE)


def density(z: Decimal) -> Decimal:
    """Return phi(z) = exp(-z^2 / 2) / sqrt(2 pi)."""
    return (-z * z / 2).exp() * Decimal("0.3989422804014326779399460599343819")


@cache
def weights(per_unit: int, farthest: int) -> tuple[int, ...]:
    """Return the density at the points from -`farthest` on, `per_unit` to a whole, scaled to come to `WHOLE`."""
    with localcontext(CONTEXT):
        raw = [density(Decimal(point) / per_unit) for point in range(-farthest * per_unit, farthest * per_unit + 1)]
        total = sum(raw)
        return tuple(int(weight / total * WHOLE) for weight in raw)
