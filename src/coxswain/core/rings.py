"""Counts and prices within a window of time: equal buckets in a ring, so that neither memory nor cost grows with use.

A count is of the whole window and at most one bucket more: it never says less than was. `evolve` alone adds.
"""

from decimal import Decimal

import msgspec

PARTS = 20
SIZE = PARTS + 1
PRICE_PARTS = 6
"""Prices need not be known to a twentieth of their window, and each look at them costs a step a part."""
PRICE_SIZE = PRICE_PARTS + 1


class Ring(msgspec.Struct):
    """How often something happened, by bucket of time."""

    window_ns: int = 0
    newest: int = 0
    """The number of the newest bucket, counted from the beginning of time."""
    total: int = 0
    counts: list[int] = []


def note(ring: Ring, now_ns: int, window_ns: int) -> None:
    """Count one more. A window of another length begins anew."""
    at = now_ns // (window_ns // PARTS)
    if ring.window_ns != window_ns or at - ring.newest > PARTS:
        ring.window_ns, ring.newest, ring.total, ring.counts = window_ns, at, 0, [0] * SIZE
    while ring.newest < at:
        ring.newest += 1
        ring.total -= ring.counts[ring.newest % SIZE]
        ring.counts[ring.newest % SIZE] = 0
    ring.counts[at % SIZE] += 1
    ring.total += 1


def count(ring: Ring | None, now_ns: int) -> int:
    """Return how often it happened within the window before `now_ns`."""
    if ring is None or not ring.total:
        return 0
    gone = now_ns // (ring.window_ns // PARTS) - ring.newest
    if gone <= 0:
        return ring.total
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

    window_ns: int = 0
    newest: int = 0
    lows: list[Decimal | None] = []
    highs: list[Decimal | None] = []


def note_price(ring: PriceRing, now_ns: int, window_ns: int, price: Decimal) -> None:
    """Take a price into the bucket of its time."""
    at = now_ns // (window_ns // PRICE_PARTS)
    if ring.window_ns != window_ns or at - ring.newest > PRICE_PARTS:
        ring.window_ns, ring.newest = window_ns, at
        ring.lows, ring.highs = [None] * PRICE_SIZE, [None] * PRICE_SIZE
    while ring.newest < at:
        ring.newest += 1
        ring.lows[ring.newest % PRICE_SIZE] = ring.highs[ring.newest % PRICE_SIZE] = None
    low, high = ring.lows[at % PRICE_SIZE], ring.highs[at % PRICE_SIZE]
    ring.lows[at % PRICE_SIZE] = price if low is None else min(low, price)
    ring.highs[at % PRICE_SIZE] = price if high is None else max(high, price)


def extremes(ring: PriceRing, now_ns: int) -> tuple[Decimal, Decimal] | None:
    """Return the lowest and the highest price within the window; None where there was none."""
    if not ring.window_ns:
        return None
    gone = now_ns // (ring.window_ns // PRICE_PARTS) - ring.newest
    lows, highs = ring.lows, ring.highs
    if gone > 0:  # the oldest buckets have left the window, and nothing was noted since
        kept = [(ring.newest - step) % PRICE_SIZE for step in range(PRICE_SIZE - min(gone, PRICE_SIZE))]
        lows, highs = [lows[index] for index in kept], [highs[index] for index in kept]
    low = high = None
    for lowest, highest in zip(lows, highs, strict=True):
        if lowest is not None and highest is not None:
            low = lowest if low is None or lowest < low else low
            high = highest if high is None or highest > high else high
    return None if low is None or high is None else (low, high)
