"""What only a running engine shows: stops by its socket, one signal to six accounts' orders, a burst of signals.

    python -m bench.live [--quick]
    python -m bench.live run ...     the command line with the venue of `bench/venues`: what the others start

The engine is a process of its own with its journal on this machine's disk, run as a user runs it, in real time. All
times are of the one monotonic clock of the machine.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import coxswain.venues
from bench.figures import QUICK, headline, percentile, show
from bench.peers.turns import resident_mib
from coxswain.app.cli import main as command_line
from coxswain.journal.store import Reader
from coxswain.messages.events import OrderDenied, SignalAccepted, SignalDenied
from coxswain.messages.inputs import SubmitSignal, VenueFailed
from coxswain.messages.record import decode
from coxswain.runtime.control_socket import ask

VENUES = Path(__file__).with_name("venues")
MARKET_S = 1_767_607_200
"""2026-01-05 at 10:00 UTC, a Monday: where the market's time begins."""
WITHIN_S = 120.0
PATIENCE_S = 10.0
GENEROUS = (
    "max_gross_exposure",
    "max_net_exposure",
    "max_orders_per_day",
    "max_orders_per_minute",
    "max_messages_per_s",
    "max_open_orders",
    "max_repeats",
    "cancels_free",
    "rejects_free",
)
STILL = (
    "min_timing_variance_ms",
    "max_timing_variance_ms",
    "min_size_variance_pct",
    "max_size_variance_pct",
)


class Stamp(NamedTuple):
    """An order that was handed to its venue."""

    at_s: float
    enters: bool


class Engine:
    """A running engine, its standard input, and what it handed to its venues."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.journal = folder / "coxswain.journal"
        self.process = process
        self._stamps = folder / "stamps"
        self._said = folder / "said"
        self._before = 0

    def begin(self, orders: int) -> None:
        """Give signals until one has become all of its orders; what was sent by then is left out of `stamps`."""
        for number in range(10):
            self.say(entry(f"first{number}", orders))
            if len(found := self.await_orders(orders)) == orders:
                break
            self._before += len(found)
        else:
            raise SystemExit(f"no order left: {self._said.read_text()}")
        self._before += orders

    def say(self, *signals: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in signals))
        self.process.stdin.flush()

    def command(self, **fields: object) -> float:
        """Say a command on the socket; return how long the answer took."""
        began_s = time.monotonic()
        answer = json.loads(ask(self.journal, json.dumps(fields).encode(), WITHIN_S))
        took_s = time.monotonic() - began_s
        assert answer["did"], answer
        return took_s

    def stamps(self) -> list[Stamp]:
        lines = self._stamps.read_text(encoding="ascii").splitlines(keepends=True)
        words = [line.split() for line in lines if line.endswith("\n")]
        return [Stamp(int(at_ns) / 1e9, told == "enters") for at_ns, _, told in words[self._before :]]

    def await_orders(self, count: int) -> list[Stamp]:
        """Wait until it has handed over so many orders, or nothing more for ten seconds: some may be held back."""
        found, until_s = self.stamps(), time.monotonic() + PATIENCE_S
        while len(found) < count and time.monotonic() < until_s:
            if self.process.poll() is not None:
                raise SystemExit(f"the engine ended: {self._said.read_text()}")
            time.sleep(0.002 if count < 5_000 else 0.2)
            before, found = len(found), self.stamps()
            if len(found) > before:
                until_s = time.monotonic() + PATIENCE_S
        return found

    def kill(self) -> None:
        """End it at once: an orderly end would tell of every plan."""
        self.process.kill()
        self.process.wait()


@contextmanager
def engine(accounts: Sequence[str]) -> Iterator[Engine]:
    """Start an engine, and wait until it trades; whatever happens, it does not outlive the block."""
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
        folder = Path(name).resolve()
        write_desk(folder, accounts)
        env = {**os.environ, "COXSWAIN_BENCH_STAMPS": str(folder / "stamps")}
        command = [sys.executable, "-m", "bench.live", "run", "--realtime", "--quotes", "EURUSD=q.csv"]
        env["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), env.get("PYTHONPATH", "")])
        with (
            open(folder / "said", "wb") as said,
            subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=said, stderr=said) as process,
        ):
            found = Engine(folder, process)
            try:
                found.begin(len(accounts))
                yield found
            finally:
                found.kill()


def write_desk(folder: Path, accounts: Sequence[str]) -> None:
    """Write a configuration and a market that does not move, with a quote a second for an hour."""
    lines = ["mode: FULL_AUTO", "seed: 1", "settings:", *(f"  {name}: 0" for name in STILL)]
    lines += ["  max_venue_messages_per_s: 1000000", "  max_strategy_messages_per_s: 1000000"]
    lines += ["limits:", "  duplicate_window_ms: 0", *(f"  {name}: 1000000000" for name in GENEROUS)]
    lines += ["venues:"]
    for venue in ("one", "two")[: len(accounts)]:
        lines += [f"  {venue}:", "    kind: stamped", "    latency_ms: 0"]
    lines += ["accounts:"]
    for number, account in enumerate(accounts):
        venue = ("one", "two")[number % 2]
        lines += [f"  - {{id: {account}, venue: {venue}, currency: USD, initial_balance: 1000000000, firm: none}}"]
    lines += ["instruments:"]
    lines += ["  - {symbol: EURUSD, currency: USD, base_currency: EUR, tick: 0.00001, lot_step: 0.01, min_qty: 0.01,"]
    lines += ["     contract_size: 100000, margin_rate: 0.0333}"]
    (folder / "coxswain.yaml").write_text("\n".join(lines) + "\n", encoding="ascii")
    quotes = "".join(f"{(MARKET_S + second) * 1000},1.08500,1.08502\n" for second in range(3600))
    (folder / "q.csv").write_text("timestamp,bid,ask\n" + quotes, encoding="ascii")
    (folder / "stamps").touch()


def entry(name: str, accounts: int = 1) -> dict[str, object]:
    """A signal for a hundredth of a lot an account: its quantity is the total of all of them."""
    lots = f"{accounts / 100:.2f}"
    return {"id": name, "kind": "entry", "symbol": "EURUSD", "side": "BUY", "quantity": lots, "confidence": 1}


def to_six_accounts() -> None:
    """From the moment a signal is written to the engine's input until the last of six orders is with its venue."""
    count = 20 if QUICK else 200
    accounts, first, last = ("ann", "bob", "cat", "dan", "eve", "flo"), [], []
    with engine(accounts) as running:
        for number in range(count):
            began_s = time.monotonic()
            running.say(entry(f"six{number}", len(accounts)))
            stamps = running.await_orders((number + 1) * len(accounts))[-len(accounts) :]
            first.append(stamps[0].at_s - began_s)
            last.append(stamps[-1].at_s - began_s)
            time.sleep(0.02)
        running.kill()
    show(
        "one signal to the first of six accounts' orders at its venue: p50", "ms", [statistics.median(first)], per=count
    )
    show("one signal to the last of six accounts' orders at its venue: p50", "ms", [statistics.median(last)], per=count)
    show("the same: p99", "ms", [percentile(last, 0.99)], per=count)


def in_a_burst() -> None:
    """All signals are written at once; the pipe is the queue, and the engine reads a line when its turn has come."""
    count = 500 if QUICK else 10_000
    with engine(("ann",)) as running:
        before_mib, began_s = resident_mib(running.process.pid), time.monotonic()
        running.say(*(entry(f"burst{number}") for number in range(count)))
        stamps = running.await_orders(count)
        grown_mib = resident_mib(running.process.pid) - before_mib
        running.kill()
        with Reader(running.journal) as reader:
            records = [decode(body) for _, body in reader.read()]
    names = [record.input.signal.id for record in records if isinstance(record.input, SubmitSignal)]
    heard = {name for name in names if name.startswith("burst")}
    kinds = [type(event) for record in records for event in record.events]
    held_back = sum(isinstance(record.input, VenueFailed) for record in records)
    lost = count - len(heard)
    answered = kinds.count(SignalAccepted) + kinds.count(SignalDenied)
    assert len(names) == answered, "every signal that was heard has one answer"
    denied = kinds.count(SignalDenied) + kinds.count(OrderDenied)
    more = {"per": count, "lost": lost, "denied": denied, "held_back": held_back}
    show(
        f"signals a second, a burst of {count:,}, each to one order sent",
        "1/s",
        [count / (stamps[-1].at_s - began_s)],
        **more,
    )
    show("memory that it grew by meanwhile", "MiB", [grown_mib * 2**20], per=count)
    print(
        f"{lost} of {count:,} signals lost, {denied} denied; {len(stamps):,} orders sent, {held_back} held back "
        "because the process had stood still",
        file=sys.stderr,
    )


def stops() -> None:
    """Halt everything by the socket while orders flow, again and again; resume between."""
    count, draw = 50 if QUICK else 1_000, random.Random(1)
    took: list[float] = []
    quiet: list[tuple[float, float]] = []
    with engine(("ann",)) as running:
        with sending(running):
            for _ in range(count):
                time.sleep(draw.uniform(0.005, 0.03))
                took.append(running.command(command="halt", everything=True, reason="measured"))
                acknowledged_s = time.monotonic()
                time.sleep(0.01)
                quiet.append((acknowledged_s, time.monotonic()))
                running.command(command="resume", everything=True, reason="measured")
        stamps = running.stamps()
        running.kill()
    enters = [stamp.at_s for stamp in stamps if stamp.enters]
    late = sum(any(since_s < at_s < until_s for at_s in enters) for since_s, until_s in quiet)
    flowing = sum(any(before_s < at_s < since_s for at_s in enters) for (_, before_s), (since_s, _) in pairwise(quiet))
    within = sum(each <= 0.05 for each in took)
    more = {"per": count, "within_50_ms": within, "orders_after": late, "orders_sent": len(enters), "flowing": flowing}
    show("a halt by the socket while orders flow, asked to acknowledged: p50", "ms", [statistics.median(took)], **more)
    show("the same: p99", "ms", [percentile(took, 0.99)], per=count)
    show("the same: the longest", "ms", [max(took)], per=count)
    print(
        f"{within:,} of {count:,} within 50 ms; orders had left just before {flowing:,} of them; "
        f"an order left after {late} of them, of {len(enters):,} orders",
        file=sys.stderr,
    )


@contextmanager
def sending(running: Engine) -> Iterator[None]:
    """Write a signal every hundredth of a second, as long as the block lasts."""
    over = threading.Event()

    def keep_on() -> None:
        number = 0
        while not over.wait(0.01):
            running.say(entry(f"flow{number}"))
            number += 1

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def main() -> None:
    if sys.argv[1:2] == ["run"]:
        coxswain.venues.__path__.append(str(VENUES))
        command_line()
    else:
        headline()
        to_six_accounts()
        stops()
        in_a_burst()


if __name__ == "__main__":
    main()
