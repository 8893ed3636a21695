"""Counts and prices within a window of time: equal buckets in a ring, so that neither memory nor cost grows with use.

A count is of the whole window and at most one bucket more: it never says less than was. `evolve` alone adds.
"""

from decimal import Decimal
from typing import ClassVar

import msgspec

PARTS = 20
SIZE = PARTS + 1
PRICE_PARTS = 6
"""Prices need not be known to a twentieth of their window, and each look at them costs a step a part."""
PRICE_SIZE = PRICE_PARTS + 1


class Ring(msgspec.Struct):
    """How often something happened, by bucket of time."""

    INDEX: ClassVar[tuple[str, ...]] = ("until_ns",)
    window_ns: int = 0
    newest: int = 0
    """The number of the newest bucket, counted from the beginning of time."""
    until_ns: int = 0
    """When the newest bucket ends."""
    total: int = 0
    counts: list[int] = []


def note(ring: Ring, now_ns: int, window_ns: int) -> None:
    """Count one more. A window of another length begins anew."""
    if now_ns >= ring.until_ns or window_ns != ring.window_ns:
        _turn(ring, now_ns, window_ns)
    ring.counts[ring.newest % SIZE] += 1
    ring.total += 1


def _turn(ring: Ring, now_ns: int, window_ns: int) -> None:
    """Begin the bucket that `now_ns` is in."""
    width_ns = window_ns // PARTS
    at = now_ns // width_ns
    if ring.window_ns != window_ns or at - ring.newest > PARTS:
        ring.window_ns, ring.newest, ring.total, ring.counts = window_ns, at, 0, [0] * SIZE
    while ring.newest < at:
        ring.newest += 1
        ring.total -= ring.counts[ring.newest % SIZE]
        ring.counts[ring.newest % SIZE] = 0
    ring.until_ns = (ring.newest + 1) * width_ns


def count(ring: Ring | None, now_ns: int) -> int:
    """Return how often it happened within the window before `now_ns`."""
    if ring is None:
        return 0
    if now_ns < ring.until_ns or not ring.total:
        return ring.total
    gone = now_ns // (ring.window_ns // PARTS) - ring.newest
    if gone > PARTS:
        return 0
    return ring.total - sum(ring.counts[(ring.newest + step) % SIZE] for step in range(1, gone + 1))


def room_ns(ring: Ring | None, now_ns: int, limit: int, ahead: int) -> int:
    """Return when there is room within `limit` for one more, after `ahead` others; `now_ns` if there is already."""
    if ring is None or not ring.window_ns:
        return now_ns
    rounds, before = divmod(ahead, max(limit, 1))
    width_ns = ring.window_ns // PARTS
    round_ns = ring.window_ns + width_ns  # what has left is counted for this long
    over = count(ring, now_ns) + before + 1 - limit
    if over <= 0:
        return now_ns + rounds * round_ns
    bucket = max(now_ns // width_ns, ring.newest) - PARTS
    while over > 0 and bucket <= ring.newest:
        over -= ring.counts[bucket % SIZE]
        bucket += 1
    return (bucket + PARTS) * width_ns + rounds * round_ns


class PriceRing(msgspec.Struct):
    """The lowest and the highest price by bucket of time."""

    INDEX: ClassVar[tuple[str, ...]] = ("until_ns", "low", "high")
    window_ns: int = 0
    newest: int = 0
    until_ns: int = 0
    """When the newest bucket ends."""
    lows: list[Decimal | None] = []
    highs: list[Decimal | None] = []
    low: Decimal | None = None
    high: Decimal | None = None
    """Of all buckets, while the newest lasts."""


def note_price(ring: PriceRing, now_ns: int, window_ns: int, price: Decimal) -> None:
    """Take a price into the bucket of its time."""
    if now_ns >= ring.until_ns or window_ns != ring.window_ns:
        _turn_prices(ring, now_ns, window_ns)
    at = ring.newest % PRICE_SIZE
    low, high = ring.lows[at], ring.highs[at]
    if low is None or price < low:
        ring.lows[at] = price
        ring.low = price if ring.low is None or price < ring.low else ring.low
    if high is None or price > high:
        ring.highs[at] = price
        ring.high = price if ring.high is None or price > ring.high else ring.high


def _turn_prices(ring: PriceRing, now_ns: int, window_ns: int) -> None:
    """Begin the bucket that `now_ns` is in."""
    width_ns = window_ns // PRICE_PARTS
    at = now_ns // width_ns
    if ring.window_ns != window_ns or at - ring.newest > PRICE_PARTS:
        ring.window_ns, ring.newest = window_ns, at
        ring.lows, ring.highs = [None] * PRICE_SIZE, [None] * PRICE_SIZE
    while ring.newest < at:
        ring.newest += 1
        ring.lows[ring.newest % PRICE_SIZE] = ring.highs[ring.newest % PRICE_SIZE] = None
    ring.until_ns = (ring.newest + 1) * width_ns
    ring.low = min((low for low in ring.lows if low is not None), default=None)
    ring.high = max((high for high in ring.highs if high is not None), default=None)


def extremes(ring: PriceRing, now_ns: int) -> tuple[Decimal | None, Decimal | None]:
    """Return the lowest and the highest price within the window; None where there was none."""
    if now_ns < ring.until_ns or not ring.window_ns:
        return ring.low, ring.high
    gone = now_ns // (ring.window_ns // PRICE_PARTS) - ring.newest
    # The oldest buckets have left the window, and nothing was noted since.
    kept = [(ring.newest - step) % PRICE_SIZE for step in range(PRICE_SIZE - min(gone, PRICE_SIZE))]
    lows = [low for index in kept if (low := ring.lows[index]) is not None]
    highs = [high for index in kept if (high := ring.highs[index]) is not None]
    return min(lows, default=None), max(highs, default=None)
