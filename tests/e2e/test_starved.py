"""What is around an engine fails it: readers that never read, addresses that never answer, no memory, files or time.

All with real processes in real time. A process that is starved may end as in a crash; it may never lose or double
anything, and an order never waits for somebody who reads.
"""

import fcntl
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from coxswain.messages import events as ev
from coxswain.messages.requests import NewOrder, Request
from coxswain.model.market import Quote
from tests.e2e.books import prove
from tests.e2e.commands import COXSWAIN, LIMIT_S, coxswain, environment
from tests.e2e.journals import read_records
from tests.e2e.market import config_file, entry, lines_of

PIPE_BYTES = 4096
"""The smallest that a pipe can be made."""
STALE_S, STOOD_S = 5, 8
"""How old a price may be, and how long a process stands still."""
JOURNAL = "coxswain.journal"


class Engine(NamedTuple):
    """A process at work in real time on the simulated market."""

    process: subprocess.Popen[bytes]
    folder: Path

    def signal(self, name: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(lines_of(entry(name, stop_loss="0.99", quantity="0.4", ttl_s=300)))
        self.process.stdin.flush()

    def wait_for(self, what: Callable[[ev.Event], bool]) -> None:
        self.wait_until(lambda: any(map(what, self.events())))

    def wait_until(self, what: Callable[[], bool]) -> None:
        until = time.monotonic() + LIMIT_S
        while not what():
            assert self.process.poll() is None, f"it ended with {self.process.poll()} before it came to that"
            assert time.monotonic() < until, "it never came to that"
            time.sleep(0.02)

    def events(self) -> list[ev.Event]:
        return events_in(self.folder)

    def planned(self, name: str) -> None:
        """Wait until a signal has become orders."""
        self.wait_for(lambda event: isinstance(event, ev.OrderCreated) and event.intent.signal_id == name)

    def judged(self, name: str) -> None:
        """Wait until a signal was taken or refused."""
        self.wait_for(lambda event: is_judgement(event, name))

    def stopped(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_S)


def events_in(folder: Path) -> list[ev.Event]:
    journal = folder / JOURNAL
    return [event for record in read_records(journal) for event in record.events] if journal.exists() else []


def comparisons(folder: Path) -> list[ev.Event]:
    return [event for event in events_in(folder) if isinstance(event, ev.Reconciled)]


def is_judgement(event: ev.Event, name: str) -> bool:
    match event:
        case ev.SignalAccepted():
            return event.signal.id == name
        case ev.SignalDenied():
            return event.signal_id == name
    return False


@contextmanager
def engine(
    folder: Path, *words: str, out: int | IO[bytes] = subprocess.DEVNULL, err: int | IO[bytes]
) -> Iterator[Engine]:
    """Run an engine until the block ends, and wait until its first comparison is done."""
    command: list[str | Path] = [COXSWAIN, "run", "--realtime", "--simulated", *words]
    before = len(comparisons(folder))
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder), stdin=subprocess.PIPE, stdout=out, stderr=err
    ) as process:
        try:
            run = Engine(process, folder)
            run.wait_until((folder / f"{JOURNAL}.sock").exists)
            run.wait_until(lambda: len(comparisons(folder)) > before)
            yield run
        finally:
            process.kill()


@contextmanager
def unread() -> Iterator[int]:
    """The end to write to of a small pipe that nobody reads."""
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    try:
        yield writes
    finally:
        os.close(reads)
        os.close(writes)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    return tmp_path


@pytest.fixture
def err(tmp_path: Path) -> Iterator[IO[bytes]]:
    with (tmp_path / "err").open("w+b") as file:
        yield file


def halted_and_ended(run: Engine, *codes: int) -> None:
    """Halt it as a person does; nothing new leaves after the answer; it ends when it is told to."""
    coxswain("halt", "--everything", "--yes", "--reason", "enough", cwd=run.folder)
    run.signal("after")
    run.judged("after")
    assert run.stopped() in codes
    records = read_records(run.folder / JOURNAL)
    stopped = max(r.seq for r in records if any(isinstance(event, ev.TradingStopped) for event in r.events))
    assert not [r.seq for r in records for request in r.requests if isinstance(request, NewOrder) and r.seq > stopped]
    assert isinstance(records[-1].events[-1], ev.EngineStopped), "it ended in order"
    prove(run.folder / JOURNAL)


@pytest.mark.parametrize("which", ["out", "err"])
def test_a_reader_that_never_reads_holds_up_neither_orders_nor_a_halt_nor_the_end(
    desk: Path, err: IO[bytes], which: str
) -> None:
    with unread() as pipe:
        out_to = subprocess.DEVNULL if which == "err" else pipe
        err_to = err if which == "out" else pipe
        with engine(desk, "--json-lines", "--log-level", "debug", out=out_to, err=err_to) as run:
            for number in range(30):
                run.signal(f"s{number}")
            run.judged("s29")
            halted_and_ended(run, 0, 1)  # 1 where the last words found no room


def test_an_address_that_takes_the_call_and_never_answers_holds_up_nothing(desk: Path, err: IO[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as deaf:
        path = desk / "coxswain.yaml"
        url = f"json://127.0.0.1:{deaf.getsockname()[1]}/?rto=600&cto=600"
        path.write_text(f"{path.read_text()}alerts:\n  urls: ['{url}']\n")
        with engine(desk, err=err) as run:
            (desk / f"{JOURNAL}.stop").write_text("freeze account bob\n")  # an alert, to the deaf address
            run.wait_for(lambda event: isinstance(event, ev.TradingStopped))
            run.signal("in")
            run.planned("in")
            halted_and_ended(run, 0)
        err.seek(0)
        assert b"urls[0] (json)" in err.read(), "it says that an alert was not delivered"


def test_without_descriptors_it_goes_on_or_ends_and_loses_nothing(desk: Path, err: IO[bytes]) -> None:
    with engine(desk, err=err) as run:
        run.signal("before")
        run.planned("before")
        used = max(int(name) for name in os.listdir(f"/proc/{run.process.pid}/fd")) + 1
        resource.prlimit(run.process.pid, resource.RLIMIT_NOFILE, (used, used))
        for _ in range(3):  # each wants a descriptor that there is not
            with socket.socket(socket.AF_UNIX) as asks:
                asks.connect(str(desk / f"{JOURNAL}.sock"))
                time.sleep(0.1)
        run.signal("during")
        run.planned("during")
        (desk / f"{JOURNAL}.stop").touch()
        run.wait_for(lambda event: isinstance(event, ev.TradingStopped))
        run.process.kill()
        run.process.wait(LIMIT_S)
    begins_again(desk)


def test_without_memory_it_ends_as_in_a_crash_and_loses_nothing(desk: Path, err: IO[bytes]) -> None:
    with engine(desk, err=err) as run:
        run.signal("before")
        run.planned("before")
        resource.prlimit(run.process.pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
        number = 0
        until = time.monotonic() + LIMIT_S / 6
        while run.process.poll() is None and time.monotonic() < until:
            try:
                run.signal(f"during-{number}")
            except BrokenPipeError:
                break
            number += 1
            time.sleep(0.005)
        run.process.kill()
        run.process.wait(LIMIT_S)
    begins_again(desk)


def test_a_file_that_may_not_grow_any_more_ends_it_with_the_reason_and_loses_nothing(
    desk: Path, err: IO[bytes]
) -> None:
    with engine(desk, err=err) as run:
        run.signal("before")
        run.planned("before")
        wal = (desk / f"{JOURNAL}-wal").stat().st_size
        resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (wal, wal))
        for number in range(50):
            try:
                run.signal(f"during-{number}")
            except BrokenPipeError:
                break
        assert run.process.wait(LIMIT_S) == 1
    err.seek(0)
    assert b"Traceback" not in err.read()
    begins_again(desk)


def test_a_process_that_stood_still_sends_nothing_that_was_judged_before(tmp_path: Path, err: IO[bytes]) -> None:
    """It is stopped with most of a staggered plan still to leave: whatever leaves later was judged after it woke."""
    accounts = [f"a{number}" for number in range(8)]
    settings = f"min_timing_variance_ms: 500\nmax_timing_variance_ms: 3000\nquote_stale_s: {STALE_S}"
    config_file(tmp_path / "coxswain.yaml", accounts, settings=settings)
    with engine(tmp_path, err=err) as run:
        run.signal("in")
        run.planned("in")
        run.process.send_signal(signal.SIGSTOP)
        time.sleep(STOOD_S)
        woke_ns = time.time_ns()
        run.process.send_signal(signal.SIGCONT)
        run.signal("later")
        run.judged("later")
        run.wait_until(lambda: protected(tmp_path) == len(positions(tmp_path)) >= 1)
        assert run.stopped() in (0, 7)
    begins_again(tmp_path)
    prices_ns = 0
    for record in read_records(tmp_path / JOURNAL):
        prices_ns = record.now_ns if isinstance(record.input, Quote) and record.input.symbol == "EURUSD" else prices_ns
        if record.now_ns > woke_ns and any(map(enters, record.requests)):
            assert record.now_ns - prices_ns <= STALE_S * 1_000_000_000, "it was judged by prices from before"


def enters(request: Request) -> bool:
    """A stop that protects what filled needs no price."""
    return isinstance(request, NewOrder) and not request.reduce_only


def protected(folder: Path) -> int:
    """Count the positions with a stop at their venue."""
    return sum(row["protection"] == "venue" for row in positions(folder))


def positions(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = coxswain("positions", "--json", cwd=folder).json()
    return found


def begins_again(folder: Path) -> None:
    """Start without any want, until every order is answered: the books of engine and venue hold the same."""
    flag = folder / f"{JOURNAL}.stop"
    flag.unlink(missing_ok=True)
    with (folder / "err2").open("w+b") as err, engine(folder, err=err) as run:
        run.wait_until(lambda: nothing_is_open(folder) and protected(folder) == len(positions(folder)) >= 1)
        assert run.stopped() == 0
    prove(folder / JOURNAL)


def nothing_is_open(folder: Path) -> bool:
    """Say whether the engine knows what became of every order; the exit code of `status` is 7 where it does not."""
    words: list[str | Path] = [COXSWAIN, "status", "--json"]
    return not subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, check=False).returncode
