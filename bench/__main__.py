"""Measure, print a table on standard error, and one JSON line a figure on standard output.

    python -m bench [--quick]

What happens in memory is measured in processor time, what waits for a disk or another process by the clock. Each figure
is the median of several rounds; the least and the most say how much the machine was doing beside it.
"""

import gc
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from bench.comparisons import comparisons
from bench.desk import DESK, GENEROUS, START_NS, SYMBOL, Bench, account_id, instrument
from bench.figures import QUICK, headline, measure
from coxswain.core.gate_view import view_of
from coxswain.journal.store import Journal
from coxswain.messages.events import PlanApproved
from coxswain.messages.inputs import SubmitSignal
from coxswain.messages.requests import NewOrder
from coxswain.model.market import Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    JournalId,
    OrdType,
    Role,
    Side,
    SignalId,
    SignalKind,
    TimeInForce,
    VenueId,
)
from coxswain.risk.gate import Approved, judge, rules_for
from coxswain.runtime.loop import GROUP_MAX
from coxswain.runtime.plugins import check_modules
from coxswain.venues.paper import AccountParams, PaperVenue, Params, QueuePlace


def orders_in_memory(
    accounts: int = 1, resting: int = 0, past: int = 0, positions: int = 0
) -> tuple[int, Callable[[], float]]:
    """Orders from command to booked fill, all checks, records encoded and hashed, nothing written."""
    count = 500 if QUICK else 3000
    bench = crowded(accounts, resting, positions)
    for number in range(past):
        bench.order(account_id(number % accounts))

    def once() -> float:
        begin = time.process_time()
        for number in range(count):
            bench.order(account_id(number % accounts))
        return time.process_time() - begin

    return count, once


def crowded(accounts: int, resting: int, positions: int) -> Bench:
    """A desk with this many accounts; the first of them has orders at rest and positions beside the one that trades."""
    bench = Bench(accounts, others=positions)
    bench.rest(account_id(0), resting)
    bench.hold(account_id(0))
    for number in range(max(200, 2 * accounts)):
        bench.order(account_id(number % accounts))
    return bench


def gate_alone(accounts: int = 1, resting: int = 0, positions: int = 0) -> tuple[int, Callable[[], float]]:
    """What the gate sees, and every check: nothing is created, nothing is sent."""
    count = 500 if QUICK else 3000
    bench = crowded(accounts, resting, positions)
    state, gate = bench.engine.state, rules_for(check_modules(), {**DESK, **GENEROUS})
    qty, signal_id = Decimal("0.1"), SignalId("gate")
    intent = OrderIntent(account_id(0), SYMBOL, Side.BUY, OrdType.MARKET, TimeInForce.DAY, qty, Role.DIRECT, signal_id)

    def once() -> float:
        begin, verdict = time.process_time(), None
        for _ in range(count):
            verdict = judge(intent, view_of(state, intent, bench.now_ns, bench.now_ns + 10**9), gate)
        took = time.process_time() - begin
        assert isinstance(verdict, Approved), verdict
        return took

    return count, once


def plans(accounts: int) -> tuple[int, Callable[[], float]]:
    """One signal planned over all accounts, its record encoded; nothing of it is released yet."""
    bench, planned = Bench(accounts), 0

    def once() -> float:
        nonlocal planned
        planned += 1
        side, stop_loss = Side.BUY, Decimal("1.08")
        signal_id, kind = SignalId(f"plan{planned}"), SignalKind.ENTRY
        signal = Signal(signal_id, kind, SYMBOL, bench.now_ns, 300, side, stop_loss=stop_loss)
        begin = time.process_time()
        record = bench.step(SubmitSignal(signal))
        took = time.process_time() - begin
        assert any(isinstance(event, PlanApproved) for event in record.events), record.events
        return took

    once()
    return 1, once


def memory() -> tuple[int, Callable[[], float]]:
    """What the engine keeps in memory of an order that is over."""
    count = 500 if QUICK else 5_000
    bench = crowded(1, 0, 0)

    def once() -> float:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(count):
            bench.order(account_id(0))
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        return grown

    return count, once


def durable_orders(group: int) -> tuple[int, Callable[[], float]]:
    """The same, committed to a journal on this machine's disk in groups of at most `group` records."""
    count = 200 if QUICK else (3000 if group > 1 else 300)

    def once() -> float:
        with tempfile.TemporaryDirectory(dir=".") as folder:
            journal = Journal.create(Path(folder) / "bench.journal", JournalId("bench0123456789"))
            waiting: list[bytes] = []

            def sink(body: bytes) -> None:
                waiting.append(body)
                if len(waiting) >= group:
                    journal.append(waiting)
                    waiting.clear()

            bench = Bench(sink=sink)
            begin = time.perf_counter()
            for _ in range(count):
                bench.order(account_id(0))
            journal.append(waiting)
            took = time.perf_counter() - begin
            journal.close()
        return took

    return count, once


def quotes_with_resting(
    resting: int, queue: QueuePlace = QueuePlace.BACK, *, at_the_touch: bool = False
) -> tuple[int, Callable[[], float]]:
    """Quotes at the paper venue with orders resting away from the market, or all of them at its bid."""
    count = 5_000 if QUICK else 100_000
    owner = AccountId("a")
    params = Params({owner: AccountParams("USD", Decimal(10**12))}, latency_ms=0, queue=queue)
    venue = PaperVenue(VenueId("paper"), params, [instrument()])
    step = Decimal("0.00001")
    venue.on_quote(Quote(SYMBOL, Decimal("1.085"), Decimal("1.08502"), START_NS))
    for number in range(resting):
        price = Decimal("1.085") if at_the_touch else Decimal("0.9") + number % 5000 * step
        qty, order_id = Decimal("0.01"), ClOrdId(f"o{number}")
        venue.send(NewOrder(owner, order_id, SYMBOL, Side.BUY, OrdType.LIMIT, TimeInForce.GTC, qty, price), START_NS)
    venue.take(START_NS)
    quotes = [
        Quote(SYMBOL, Decimal("1.085") + away, Decimal("1.08502") + away, START_NS + n, Decimal(9 + n % 7), Decimal(9))
        for n in range(count)
        for away in (0 if at_the_touch else n % 50 * step,)
    ]

    def once() -> float:
        begin = time.process_time()
        for quote in quotes:
            venue.on_quote(quote)
        return time.process_time() - begin

    return count, once


def stepped_quotes(accounts: int) -> tuple[int, Callable[[], float]]:
    """Quotes stepped by the core, encoded and hashed, with no account holding the instrument."""
    count = 1_000 if QUICK else 10_000
    bench = Bench(accounts)
    quotes = [Quote(SYMBOL, Decimal("1.085"), Decimal("1.08502"), START_NS + n) for n in range(count)]

    def once() -> float:
        begin = time.process_time()
        for quote in quotes:
            bench.step(quote)
        return time.process_time() - begin

    return count, once


def imports(module: str) -> tuple[int, Callable[[], float]]:
    def once() -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        return time.perf_counter() - begin

    return 1, once


def main() -> None:
    headline()
    measure("order, command to booked fill, in memory", "us", *orders_in_memory())
    measure("the gate alone, every control on", "us", *gate_alone())
    measure("the gate alone, 1,000 accounts", "us", *gate_alone(accounts=1_000))
    measure("the gate alone, 200 positions on the account", "us", *gate_alone(positions=200))
    measure("the gate alone, 10,000 resting orders on the account", "us", *gate_alone(resting=10_000))
    measure("the gate alone, all three at once", "us", *gate_alone(1_000, 10_000, 200))
    measure("order, with 1,000 accounts", "us", *orders_in_memory(accounts=1_000))
    measure("order, with 200 positions on the account", "us", *orders_in_memory(positions=200))
    measure("order, with 10,000 resting orders on the account", "us", *orders_in_memory(resting=10_000))
    measure("order, after 20,000 orders", "us", *orders_in_memory(past=20_000))
    measure("memory kept of an order that is over", "bytes", *memory(), rounds=1)
    measure("one signal planned over 1,000 accounts", "ms", *plans(1_000))
    measure(f"durable order, groups of {GROUP_MAX} records", "us", *durable_orders(GROUP_MAX))
    measure("durable order, each of its three records alone", "us", *durable_orders(1))
    for resting in (0, 100, 10_000):
        measure(f"quote at the paper venue, {resting:,} resting orders", "us", *quotes_with_resting(resting))
    measure("the same, 10,000, queue: none", "us", *quotes_with_resting(10_000, QueuePlace.NONE))
    measure("the same, 10,000 in line at the bid", "us", *quotes_with_resting(10_000, at_the_touch=True))
    measure("quote stepped by the core", "us", *stepped_quotes(1))
    measure("quote stepped by the core, 1,000 accounts", "us", *stepped_quotes(1_000))
    measure("books of 100 accounts, 100 positions each, compared", "ms", *comparisons())
    measure("python, importing nothing", "ms", *imports("sys"))
    measure("import coxswain.core.engine", "ms", *imports("coxswain.core.engine"))
    measure("import coxswain.app.cli", "ms", *imports("coxswain.app.cli"))


if __name__ == "__main__":
    main()
