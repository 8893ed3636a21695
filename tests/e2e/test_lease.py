"""Two engines and one account: real processes with journals of their own, and one folder that says who trades it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ObserveHost
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from tests.e2e.books import venues_beside
from tests.e2e.commands import COXSWAIN, LIMIT_S, Running, coxswain, environment, running
from tests.e2e.journals import copied, read_records
from tests.e2e.market import config_file, entry, lines_of, steady_quotes

ENTRY = lines_of(entry("in", quantity="0.1", order_type="LIMIT", limit_price="1.08", stop_loss="1.07"))


class Desk(NamedTuple):
    """One engine's folder."""

    folder: Path
    journal: Path

    def words(self, *more: str) -> list[str | Path]:
        return [COXSWAIN, "run", "--journal", "j", "--realtime", *more]

    def records(self) -> list[Record]:
        return read_records(self.journal) if self.journal.exists() else []

    def events(self) -> list[ev.Event]:
        return [event for record in self.records() for event in record.events]

    def is_ready(self) -> bool:
        return any(isinstance(event, ev.Reconciled) for event in self.events())

    def lost(self) -> list[ev.LeaseLost]:
        return [event for event in self.events() if isinstance(event, ev.LeaseLost)]

    def judged(self) -> list[ev.Event]:
        """What was decided of signals."""
        return [event for event in self.events() if isinstance(event, ev.SignalAccepted | ev.SignalDenied)]


def desk(folder: Path) -> Desk:
    """A desk of its own, whose account is also another's."""
    folder.mkdir()
    config = config_file(folder / "coxswain.yaml", ["ann"])
    config.write_text(f"lease_dir: ../leases\n{config.read_text()}")
    return Desk(folder, folder / "j")


def ready(run: Running, at: Desk) -> None:
    run.wait_until(at.is_ready)


def taken_over(by: Desk) -> None:
    """Run an engine without a signal to its end, over and over, until it is not refused any more."""
    words: list[str | Path] = [COXSWAIN, "run", "--journal", "j", "--quotes", "EURUSD=q.csv"]
    until = time.monotonic() + LIMIT_S
    while True:
        done = subprocess.run(words, cwd=by.folder, env=environment(by.folder), capture_output=True, check=False)
        if not done.returncode:
            return
        assert b"it runs out in" in done.stderr, done.stderr
        assert time.monotonic() < until, "it never ran out"
        time.sleep(0.5)


def epochs(records: list[Record]) -> set[int]:
    return {record.input.lease_epoch for record in records if isinstance(record.input, ObserveHost)}


def test_the_second_is_refused_and_told_who_trades_the_account(tmp_path: Path) -> None:
    first, second = desk(tmp_path / "first"), desk(tmp_path / "second")
    with running(first.words(), first.folder) as run:
        ready(run, first)
        refused = coxswain(*second.words()[1:], cwd=second.folder, code=1)
        assert f"ann at venue one: traded by process {run.process.pid} with journal {first.journal}" in refused.err
        assert second.records() == []
        run.process.kill()
    # A process that is gone frees what it held, however it went.
    with running(second.words(), second.folder) as run:
        ready(run, second)
        assert epochs(second.records()) == {2}
        assert run.stopped(signal.SIGTERM).code == 0


def test_one_that_stands_still_is_followed_and_sends_nothing_when_it_wakes(tmp_path: Path) -> None:
    """Signals are written to it while it stands still; they are the first thing it reads."""
    first, second = desk(tmp_path / "first"), desk(tmp_path / "second")
    for each in (first, second):
        steady_quotes(each.folder / "q.csv", 600)
    quotes = ("--quotes", "EURUSD=q.csv")
    with running(first.words(*quotes), first.folder) as sleeper:
        ready(sleeper, first)
        os.kill(sleeper.process.pid, signal.SIGSTOP)
        sleeper.write(ENTRY)
        assert "unless renewed, it runs out in" in coxswain(*second.words()[1:], cwd=second.folder, code=1).err
        taken_over(second)
        with running(second.words(*quotes), second.folder) as waker:
            ready(waker, second)
            os.kill(sleeper.process.pid, signal.SIGCONT)
            sleeper.wait_until(lambda: first.lost() != [])
            sleeper.write(lines_of(entry("again", quantity="0.1")))
            sleeper.wait_until(lambda: len(first.judged()) == 2)
            status = coxswain("status", "--journal", "j", cwd=first.folder).out
            (lost,) = first.lost()
            assert (lost.accounts, lost.epoch) == (("ann",), 2)
            assert f"with journal {second.journal} holds it now (epoch 2, ours was 1)" in lost.holder
            assert "ann is HALTED (LEASE)" in status
            done = sleeper.stopped(signal.SIGTERM)
            assert "CRITICAL" in done.err, done.err
            waker.write(ENTRY)
            waker.wait_until(lambda: any(isinstance(event, ev.OrderAccepted) for event in second.events()))
            assert second.lost() == []
            waker.stopped(signal.SIGTERM)
    assert [order for venue in venues_beside(first.journal) for order in venue.orders] == []
    halted = [event for event in first.events() if isinstance(event, ev.AccountStateChanged) and event.cause == "LEASE"]
    assert [(event.account, event.state) for event in halted] == [("ann", "HALTED")]
    # It is behind now, and goes on only with a person's word.
    said = coxswain(*first.words()[1:], cwd=first.folder, code=1).err
    assert "traded since by process" in said
    assert "--adopt-lease WHY" in said
    with running(first.words("--adopt-lease", "the other one is retired"), first.folder) as adopted:
        adopted.wait_until(lambda: any(isinstance(event, ev.LeaseAdopted) for event in first.events()))
        adopted.stopped(signal.SIGTERM)
    assert "HALTED" not in coxswain("status", "--journal", "j", cwd=first.folder).out


def test_an_old_copy_of_a_journal_is_refused_until_it_is_adopted(tmp_path: Path) -> None:
    """Beside a paper venue the lease lies beside its file; both are left as they are, and the journal is put back."""
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    steady_quotes(tmp_path / "q.csv", 60)
    words = ("run", "--journal", "j", "--quotes", "EURUSD=q.csv", "--json")
    coxswain(*words, cwd=tmp_path, stdin=lines_of(entry("in", 5)))
    backup = copied(tmp_path / "j", tmp_path / "backup")
    steady_quotes(tmp_path / "q.csv", 600)
    coxswain(*words, cwd=tmp_path, stdin=lines_of(entry("more", 100, quantity="0.1")))
    before = len(read_records(tmp_path / "j"))
    for name in ("j", "j.head"):
        (tmp_path / name).write_bytes((backup.parent / name).read_bytes())
    refused = coxswain(*words, cwd=tmp_path, code=1).err
    assert f"this journal had come to record {before}, and ends at" in refused
    assert "ann at venue one" in refused
    assert "bob at venue two" in refused
    coxswain("audit", "verify", "--journal", "j", cwd=tmp_path)
    coxswain(*words, "--adopt-lease", "the disk was lost", cwd=tmp_path)
    events = [event for record in read_records(tmp_path / "j") for event in record.events]
    found = {event.account for event in events if isinstance(event, ev.BreakFound)}
    assert found == {"ann", "bob"}, "what the venues have and the journal missed is found"
    adopted = [event for event in events if isinstance(event, ev.LeaseAdopted)]
    assert [(event.reason, bool(event.actor)) for event in adopted] == [("the disk was lost", True)]
    log = coxswain("audit", "log", "--journal", "j", cwd=tmp_path).out
    assert "LEASE_ADOPTED" in log
    coxswain("replay", "--journal", "j", cwd=tmp_path)


def test_what_is_sent_is_sent_under_one_epoch_that_only_rises(tmp_path: Path) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann"])
    for number in range(3):
        steady_quotes(tmp_path / "q.csv", 60 * (number + 1))
        signals = lines_of(entry(f"s{number}", 60 * number + 30, quantity="0.1"))
        coxswain("run", "--journal", "j", "--quotes", "EURUSD=q.csv", cwd=tmp_path, stdin=signals)
    found, sent = [], []
    for record in read_records(tmp_path / "j"):
        if isinstance(record.input, ObserveHost):
            found.append(record.input.lease_epoch)
        sent += [found[-1] for request in record.requests if isinstance(request, NewOrder)]
    assert found == [1, 2, 3]
    assert set(sent) == {1, 2, 3}


@pytest.mark.parametrize("to", ["one.db", "one.sock"])
def test_a_venues_file_that_only_points_to_it_has_one_lease(tmp_path: Path, to: str) -> None:
    """Two journals in two folders, whose venue is one file, or one process."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        config_file(folder / "coxswain.yaml", ["ann"], separate=to.endswith("sock"))
    (folders[1] / f"j.{to}").symlink_to(folders[0] / f"j.{to}")
    first, second = (Desk(folder, folder / "j") for folder in folders)
    with running([COXSWAIN, "venue", "one", "--journal", "j"], first.folder) as venue:
        if to.endswith("sock"):
            venue.wait_until((first.folder / "j.one.sock").exists)
        with running(first.words(), first.folder) as run:
            ready(run, first)
            assert "traded by process" in coxswain(*second.words()[1:], cwd=second.folder, code=1).err


PROGRAM = """
import asyncio, sys
from coxswain import EngineElsewhere, create_execution_engine, load_config

async def main():
    try:
        engine = await create_execution_engine(load_config(), journal="j", realtime=True)
    except EngineElsewhere as elsewhere:
        print(elsewhere)
        return
    sys.stdin.read()
    await engine.shutdown()

asyncio.run(main())
"""


def test_a_program_and_the_command_line_keep_each_other_from_an_account(tmp_path: Path) -> None:
    first, second = desk(tmp_path / "first"), desk(tmp_path / "second")
    program: list[str | Path] = [sys.executable, "-c", PROGRAM]
    with running(first.words(), first.folder) as run:
        ready(run, first)
        with running(program, second.folder) as refused:
            told = refused.ended().out
            assert f"ann at venue one: traded by process {run.process.pid} with journal {first.journal}" in told
        assert run.stopped(signal.SIGTERM).code == 0
    with running(program, second.folder) as holder:
        ready(holder, second)
        refused_too = coxswain(*first.words()[1:], cwd=first.folder, code=1).err
        assert f"ann at venue one: traded by process {holder.process.pid} with journal {second.journal}" in refused_too
        holder.process.kill()
        holder.process.wait()
    # What it held is free, however it went; but the first has missed what the second may have done.
    behind = coxswain(*first.words()[1:], cwd=first.folder, code=1).err
    assert "traded since by process" in behind
    with running(program, second.folder) as again:
        again.wait_until(lambda: len(epochs(second.records())) == 2)
        assert again.process.stdin is not None
        again.process.stdin.close()
        assert again.ended().code == 0
    coxswain("audit", "verify", "--journal", "j", cwd=second.folder)
    coxswain("replay", "--journal", "j", cwd=second.folder)
