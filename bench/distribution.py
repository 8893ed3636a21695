"""What distributing one signal does to the accounts, measured: correlation, total variance, breaches.

Plans come from the real planner; each account's profit is its lots times the move from its own release to a common
exit. No order is sent. Give EURUSD archives to measure on ticks; without one the moves are a seeded walk.
"""

import sys
from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from coxswain.feeds.files import open_feed
from coxswain.messages import events as ev
from coxswain.messages.inputs import AccountLookedUp, EngineStarted, SubmitSignal, TradingDay
from coxswain.model.market import Instrument, Quote, mid
from coxswain.model.plan import Plan
from coxswain.model.setup import AccountSpec, AllocationSpec, Capabilities, Setup, VenueSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    JournalId,
    Mode,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    VenueId,
    VenueTier,
    Verdict,
)
from coxswain.runtime.plugins import make_engine

S = 1_000_000_000
START_NS = 1_700_000_000 * S
EURUSD = Symbol("EURUSD")
NAMES = [AccountId(f"a{n}") for n in range(6)]
PAIR = Instrument(
    EURUSD, "USD", Decimal("0.00001"), Decimal("0.01"), Decimal("0.01"), Decimal(100_000), Decimal("0.02"), "EUR"
)
LOTS = Decimal(6)


class Prices:
    """Mids by time."""

    def __init__(self, quotes: Iterable[Quote]) -> None:
        rows = [(quote.ts_ns, float(mid(quote))) for quote in quotes]
        self.times, self.mids = [at for at, _ in rows], [price for _, price in rows]

    def at(self, ns: int) -> float:
        return self.mids[max(bisect_right(self.times, ns) - 1, 0)]


def walk(days: int = 2, seed: int = 7) -> Prices:
    """A price a second, as volatile as the pair is."""
    draw = np.random.default_rng(seed)
    logs = np.cumsum(draw.normal(scale=0.006 / 86_400**0.5, size=days * 86_400))
    prices = Prices(())
    prices.times = [START_NS + second * S for second in range(len(logs))]
    prices.mids = [1.085 * float(np.exp(step)) for step in logs]
    return prices


def plans(prices: Prices, spec: AllocationSpec, hold_s: int, staggered: bool) -> list[tuple[Plan, int]]:
    """Return one plan for each holding period, as often as the prices last."""
    settings = {} if staggered else dict.fromkeys(_VARIANCE, Decimal(0))
    limits = {"max_order_value": Decimal(10**9), "max_daily_loss_pct": Decimal(3), "risk_per_trade_pct": Decimal(3)}
    accounts = tuple(AccountSpec(name, VenueId("v"), "USD", limits) for name in NAMES)
    venue = VenueSpec(VenueId("v"), Capabilities(VenueTier.T1, True, True, True))
    setup = Setup(Mode.RESEARCH, accounts, (venue,), (PAIR,), settings=settings, allocation=spec)
    engine, now_ns = make_engine(), prices.times[0]
    engine.step(EngineStarted("bench", JournalId("bench000"), 7, setup), now_ns)
    for name in NAMES:
        engine.step(AccountLookedUp(name, Decimal(100_000), (), (), (), now_ns), now_ns)
    engine.step(TradingDay(tuple(NAMES), "day"), now_ns)
    made: list[tuple[Plan, int]] = []
    turns = dict.fromkeys(NAMES, Decimal(0))
    while now_ns + (hold_s + 60) * S < prices.times[-1]:
        price = Decimal(f"{prices.at(now_ns):.5f}")
        engine.step(Quote(EURUSD, price, price + PAIR.tick, now_ns), now_ns)
        signal = Signal(SignalId(f"s{len(made)}"), SignalKind.ENTRY, EURUSD, now_ns, 300, Side.BUY)
        signal = msgspec.structs.replace(signal, stop_loss=price - Decimal("0.00200"), quantity=LOTS)
        record = engine.step(SubmitSignal(signal), now_ns)
        plan = next(event.plan for event in record.events if isinstance(event, ev.PlanProposed))
        made.append((plan, now_ns))
        for answer in plan.assignments:  # nothing is approved here, so turns are handed on by hand
            turns[answer.account] = turns[answer.account] if answer.turns is None else answer.turns
            engine.state.accounts[answer.account].turns[EURUSD] = turns[answer.account]
        now_ns += hold_s * S
    return made


_VARIANCE = ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct")


def profits(prices: Prices, made: list[tuple[Plan, int]], hold_s: int) -> NDArray[np.float64]:
    """Return a row for each plan, a column for each account: its profit in money."""
    rows = []
    for plan, now_ns in made:
        leave = prices.at(now_ns + (hold_s + 30) * S)
        row = dict.fromkeys(NAMES, 0.0)
        for answer in plan.assignments:
            if answer.verdict is Verdict.SEND:
                enter = prices.at(now_ns + answer.delay_ms * 1_000_000)
                row[answer.account] = float(answer.qty) * 100_000 * (leave - enter)
        rows.append([row[name] for name in NAMES])
    return np.array(rows, dtype=np.float64)


def mean_correlation(rows: NDArray[np.float64]) -> float:
    matrix = np.asarray(np.corrcoef(rows.T), dtype=np.float64)
    return float(matrix[np.triu_indices(len(NAMES), 1)].mean())


WAYS = {
    "mirrored, together": (AllocationSpec("equal"), False),
    "mirrored, staggered and varied": (AllocationSpec("equal"), True),
    "2 of 6 in turn": (AllocationSpec("rotation", '{"accounts_at_once":2}'), True),
    "2 of 6 in turn, together": (AllocationSpec("rotation", '{"accounts_at_once":2}'), False),
}


def measure(prices: Prices, hold_s: int) -> dict[str, tuple[float, float, float, float]]:
    """Return, by way: mean correlation, standard deviation of the total, breaches, and moments with two or more."""
    limit = 40 * (hold_s / 60) ** 0.5
    found = {}
    for name, (spec, staggered) in WAYS.items():
        rows = profits(prices, plans(prices, spec, hold_s, staggered), hold_s)
        broken = (rows < -limit).sum(axis=1)
        found[name] = (
            mean_correlation(rows),
            float(rows.sum(axis=1).std()),
            float(broken.sum()),
            float((broken > 1).sum()),
        )
    return found


def main(files: list[str]) -> None:
    feeds = [open_feed(file) for file in files]
    prices = Prices(quote for feed in feeds for quote in feed) if feeds else walk()
    print(f"{len(prices.times)} prices over {(prices.times[-1] - prices.times[0]) / 3600 / S:.1f} hours")
    for minutes in (5, 30):
        print(f"held for {minutes} minutes")
        for name, (rho, spread, breaks, joint) in measure(prices, minutes * 60).items():
            print(f"  {name:32} correlation {rho:6.3f}  total sd {spread:9.2f}", end="")
            print(f"  breaches {breaks:.0f}, joint {joint:.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
