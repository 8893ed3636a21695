"""A simulated market: a seeded random walk in whole ticks, the same on every machine. It is not a model of any market.

Each instrument draws from a generator of its own, so that adding one changes no other.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256

import msgspec

from coxswain.model.decimals import plain
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol

# Knuth's MMIX generator. Its low bits are poor, so draws come from the high ones.
MULTIPLIER = 6364136223846793005
INCREMENT = 1442695040888963407
MASK = 2**64 - 1
HIGH = 33


class Walk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instrument's walk, in ticks."""

    symbol: Symbol
    tick: Decimal
    start_ticks: int
    """The first bid."""
    spread_ticks: int = 2
    """The ask is never nearer to the bid than 1 tick nor farther than this."""
    step_ticks: int = 3
    """The bid moves by at most this much at a time."""
    lot_step: Decimal | None = None
    """The unit of displayed sizes; None shows none."""
    size_steps: int = 100
    """The largest displayed size, in lot steps."""


def walk(walks: Sequence[Walk], seed: int, start_ns: int, step_ns: int, duration_ns: int) -> Iterator[Quote]:
    """Yield a quote of each instrument, in the order given, every `step_ns` from the start until the end."""
    times = range(start_ns, start_ns + duration_ns, step_ns)
    for quotes in zip(*(_one(each, seed, times) for each in walks), strict=True):
        yield from quotes


def _one(walk: Walk, seed: int, times: range) -> Iterator[Quote]:
    draws = _draws(seed, walk.symbol)
    prices: dict[int, Decimal] = {}
    sizes = [plain(n * walk.lot_step) for n in range(1, walk.size_steps + 1)] if walk.lot_step is not None else [None]
    bid = walk.start_ticks
    for ts_ns in times:
        # Never below one tick: a price that is not positive would be refused.
        bid = max(bid + next(draws) % (2 * walk.step_ticks + 1) - walk.step_ticks, 1)
        ask = bid + 1 + next(draws) % walk.spread_ticks
        for ticks in (bid, ask):
            if ticks not in prices:
                prices[ticks] = plain(ticks * walk.tick)
        bid_size, ask_size = sizes[next(draws) % len(sizes)], sizes[next(draws) % len(sizes)]
        yield Quote(walk.symbol, prices[bid], prices[ask], ts_ns, bid_size, ask_size)


def _draws(seed: int, symbol: Symbol) -> Iterator[int]:
    state = int.from_bytes(sha256(f"{seed}:{symbol}".encode()).digest()[:8], "big")
    while True:
        state = (state * MULTIPLIER + INCREMENT) & MASK
        yield state >> HIGH
