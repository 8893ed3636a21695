"""The durable path: from an order that is accepted to one that is released for sending, through the whole runtime.

    python -m bench.durable [--quick]

The journal is on this machine's disk, in the working directory; the venue is a paper venue in memory that notes when it
is handed an order. What waits for a disk is measured by the clock.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from bench.desk import DESK, GENEROUS, START_NS, SYMBOL, VENUE, account_id, instrument
from bench.figures import QUICK, headline, percentile, show
from coxswain.journal import files
from coxswain.journal.store import Journal
from coxswain.messages.inputs import EngineStarted, Input, StopEngine, SubmitOrder
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import NewOrder, Request
from coxswain.model.market import Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import JournalId, Mode, OrdType, Role, Side, SignalId, TimeInForce
from coxswain.runtime.loop import Loop
from coxswain.runtime.pace import AtOnce, Pace, RealTime
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.signals import Latest
from coxswain.venues.paper import AccountParams, PaperVenue, Params

ACCOUNT = account_id(0)
JOURNAL = JournalId("durable01234567a")
BALANCE, SIZE, DEPTH = Decimal(10**12), Decimal("0.1"), Decimal(10**9)
NS = 1_000_000_000
FIRST_NS = START_NS + NS
"""When the first order comes."""
MARKET = Quote(SYMBOL, Decimal("1.085"), Decimal("1.08502"), START_NS, DEPTH, DEPTH)
# Many orders are alike within one instant here.
LIMITS = {**GENEROUS, "duplicate_window_ms": Decimal(0)}
SETUP = Setup(
    Mode.FULL_AUTO, (AccountSpec(ACCOUNT, VENUE.id, "USD", LIMITS),), (VENUE,), (instrument(),), settings=DESK
)


class Noting(PaperVenue):
    """A paper venue that notes when it is handed each new order."""

    def __init__(self) -> None:
        params = Params({ACCOUNT: AccountParams("USD", BALANCE)}, latency_ms=0)
        super().__init__(VENUE.id, params, (instrument(),))
        self.released_s: list[float] = []
        self.numbers: list[int] = []
        """Of the orders released, as they were given: one may be held back where the process stood still."""

    def send(self, request: Request, now_ns: int) -> None:
        if isinstance(request, NewOrder):
            self.released_s.append(time.perf_counter())
            self.numbers.append(int(request.cl_ord_id.rpartition("-")[2]))
        super().send(request, now_ns)


class Arrivals:
    """Orders that come as signals do, one every so often; it notes for when each was due and when the loop took it."""

    def __init__(self, count: int, gap_ns: int) -> None:
        self._left, self._gap_ns = count, gap_ns
        self._at_ns = FIRST_NS
        self.due_ns: list[int] = []
        self.taken_s: list[float] = []

    def next_ns(self, now_ns: int) -> int | None:
        return max(self._at_ns, now_ns) if self._left else None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        self.taken_s.append(time.perf_counter())
        self.due_ns.append(self._at_ns)
        self._at_ns += self._gap_ns
        self._left -= 1
        return order(len(self.due_ns))


class Clock(RealTime):
    """Real time that says which moment outside is which inside."""

    def begin(self, now_ns: int) -> None:
        super().begin(now_ns)
        self._began_ns, self._began_s = now_ns, time.perf_counter()

    def outside_s(self, at_ns: int) -> float:
        return self._began_s + (at_ns - self._began_ns) / NS


def order(number: int) -> SubmitOrder:
    side, signal_id = Side.BUY if number % 2 else Side.SELL, SignalId(f"s{number}")
    return SubmitOrder(
        OrderIntent(ACCOUNT, SYMBOL, side, OrdType.MARKET, TimeInForce.DAY, SIZE, Role.DIRECT, signal_id)
    )


class Desk:
    """A runtime on a journal of its own."""

    def __init__(
        self,
        folder: Path,
        count: int = 0,
        gap_ns: int = 0,
        pace: Pace | None = None,
        on_record: Callable[[Record], None] = lambda record: None,
    ) -> None:
        self.venue, self.arrivals = Noting(), Arrivals(count, gap_ns)
        self.journal = Journal.create(folder / "journal", JOURNAL)
        market = iter((MARKET,))
        self.loop = Loop(make_engine(), self.journal, (self.venue,), market, self.arrivals, NS, on_record, pace)

    def run(self) -> None:
        self.loop.run(EngineStarted("bench", JOURNAL, 1, SETUP), START_NS)
        self.journal.close()


def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=".", prefix=".bench-")


def beside_a_bare_commit() -> None:
    """One order at a time, and after each the bytes of its record in a commit of their own by SQLite alone."""
    count = 100 if QUICK else 1_000
    records: list[Record] = []
    ours: list[float] = []
    cpu: list[float] = []
    bare: list[float] = []
    with folder() as name:
        desk = Desk(Path(name), on_record=records.append)
        loop = desk.loop
        loop.begin(EngineStarted("bench", JOURNAL, 1, SETUP), START_NS)
        loop.advance(START_NS)
        for commit in bare_commits(Path(name) / "bare", count):
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            record = loop.tell(order(len(ours) + 1))
            ours.append(desk.venue.released_s[-1] - began_s)
            cpu.append(time.process_time() - began_cpu_s)
            while loop.advance(loop.now_ns):
                pass
            loop.flush()
            bare.append(commit(encode(record)))
        loop.end("measured")
        desk.journal.close()
    show("accepted to released, one order at a time: p50", "us", [statistics.median(ours)], per=count)
    show("the same: p99", "us", [percentile(ours, 0.99)], per=count)
    show("the same, processor time: p50", "us", [statistics.median(cpu)], per=count)
    show("a bare SQLite commit of the same bytes: p50", "us", [statistics.median(bare)], per=count)
    show("the same: p99", "us", [percentile(bare, 0.99)], per=count)
    show("accepted to released / bare commit: p50", "x", [statistics.median(ours) / statistics.median(bare)], per=count)


def bare_commits(path: Path, count: int) -> Iterator[Callable[[bytes], float]]:
    """Yield a function that commits bytes to a database laid out and tuned as a journal is, and times it."""
    Journal.create(path, JOURNAL).close()
    with closing(files.connect_writer(path)) as db:
        for seq in range(1, count + 1):

            def commit(body: bytes, seq: int = seq) -> float:
                began_s = time.perf_counter()
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO records VALUES (?, ?, ?)", (seq, body, bytes(32)))
                db.execute("COMMIT")
                return time.perf_counter() - began_s

            yield commit


def at_a_rate(per_second: int, seconds: float) -> None:
    """Orders come at their times whether the ones before are done or not; each counts from when it was due."""
    count = max(int(per_second * seconds), 10)
    with folder() as name:
        clock = Clock()
        desk = Desk(Path(name), count, NS // per_second, clock)
        cpu_s, began_s = time.process_time(), time.perf_counter()
        desk.run()
        busy = (time.process_time() - cpu_s) / (time.perf_counter() - began_s)
    due_s = [clock.outside_s(due_ns) for due_ns in desk.arrivals.due_ns]
    waited = [at_s - due_s[n - 1] for n, at_s in zip(desk.venue.numbers, desk.venue.released_s, strict=True)]
    shares = {"count": count, "held_back": count - len(waited), "processor_share": round(busy, 2)}
    show(f"due to released, {per_second:,} orders a second: p50", "ms", [statistics.median(waited)], **shares)
    show(f"due to released, {per_second:,} orders a second: p99", "ms", [percentile(waited, 0.99)], **shares)


def in_bursts(count: int) -> None:
    """All orders are due at once; they are committed in groups. Until every one is filled and that is durable too."""
    rates, cpu = [], []
    for _ in range(1 if QUICK else 5):
        stamps: list[tuple[float, float]] = []

        def note(record: Record, stamps: list[tuple[float, float]] = stamps) -> None:
            if not isinstance(record.input, StopEngine):
                stamps.append((time.perf_counter(), time.process_time()))

        with folder() as name:
            desk = Desk(Path(name), count, 0, AtOnce(), note)
            cpu_s = time.process_time()
            desk.run()
        assert len(desk.venue.released_s) == count
        rates.append(count / (stamps[-1][0] - desk.arrivals.taken_s[0]))
        cpu.append((stamps[-1][1] - cpu_s) / count)
    show(f"durable orders a second, a burst of {count:,}, until filled", "1/s", rates)
    show("the same, processor time of one", "us", cpu)


def main() -> None:
    headline()
    beside_a_bare_commit()
    for per_second, seconds in ((1, 20), (50, 10), (200, 10), (1_000, 5)):
        at_a_rate(per_second, 2 if QUICK else seconds)
    in_bursts(500 if QUICK else 5_000)


if __name__ == "__main__":
    main()
