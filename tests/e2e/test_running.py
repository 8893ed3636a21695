"""An engine at work in real time: told to stop by commands and by a file, by several at once, and in spite of garbage.

What is asserted is the order of records. How long a stop takes is measured by `make bench`.
"""

import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coxswain.messages.events import AccountStateChanged, EngineStopped, OrderCreated, PlanApproved, TradingStopped
from coxswain.messages.inputs import StopTrading
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from tests.e2e.commands import COXSWAIN, Done, Running, coxswain, running
from tests.e2e.journals import read_records
from tests.e2e.market import config_file, entry, lines_of, steady_quotes

JOURNAL = "coxswain.journal"
STAGGERED = "min_timing_variance_ms: 1500\nmax_timing_variance_ms: 3000"
SIMULATED: list[str | Path] = [COXSWAIN, "run", "--realtime", "--simulated"]


@contextmanager
def engine(folder: Path, *words: str) -> Iterator[Running]:
    """Run an engine in real time on the simulated market, and wait until it listens and has seen the market."""
    with running([*SIMULATED, *words], folder) as run:
        run.wait_until(
            lambda: (folder / f"{JOURNAL}.sock").exists() and seen(folder, lambda r: "Quote" in str(r.input))
        )
        yield run


def records(folder: Path) -> list[Record]:
    return read_records(folder / JOURNAL)


def seen(folder: Path, what: Callable[[Record], bool]) -> bool:
    return (folder / JOURNAL).exists() and any(map(what, records(folder)))


def is_stopped(record: Record) -> bool:
    return any(isinstance(event, TradingStopped) for event in record.events)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    return tmp_path


def buy(name: str, ttl_s: int = 300) -> bytes:
    """An entry on the simulated market, which begins at a bid of 1.00000."""
    return lines_of(entry(name, stop_loss="0.99", quantity="0.4", ttl_s=ttl_s))


def test_a_running_engine_is_paused_by_command_and_answers_with_the_record_and_how_to_undo_it(desk: Path) -> None:
    with engine(desk) as run:
        answer = coxswain("pause", "ann", "--reason", "a look", "--json", cwd=desk).json()
        (record,) = (record for record in records(desk) if record.seq == answer["seq"])
        assert isinstance(record.input, StopTrading)
        assert answer["undo"].startswith("coxswain resume ann --reason")
        run.write(buy("in"))
        run.wait_until(lambda: seen(desk, lambda r: any(isinstance(e, PlanApproved) for e in r.events)))
        time.sleep(0.2)
        run.stopped(signal.SIGTERM)
    created = [event for record in records(desk) for event in record.events if isinstance(event, OrderCreated)]
    assert {event.intent.account for event in created if event.enters} == {"bob"}
    coxswain("replay", cwd=desk)


def test_a_touched_file_halts_everything_and_its_deletion_releases_nothing(desk: Path) -> None:
    flag = desk / f"{JOURNAL}.stop"
    with engine(desk) as run:
        flag.touch()
        run.wait_until(lambda: seen(desk, is_stopped))
        flag.unlink()
        run.write(buy("in"))
        time.sleep(0.3)
        done = run.stopped(signal.SIGTERM)
    assert done.code == 0
    assert not any(isinstance(request, NewOrder) for record in records(desk) for request in record.requests)
    with engine(desk) as run:
        assert flag.read_text().startswith("halt\n"), "it says what the journal says"
        assert coxswain("resume", "--everything", "--reason", "over", cwd=desk).code == 0
        assert not flag.exists()
        run.stopped(signal.SIGTERM)
    assert sum(map(is_stopped, records(desk))) == 1


def test_a_flag_file_that_is_there_at_the_start_counts_before_anything_else(desk: Path) -> None:
    (desk / f"{JOURNAL}.stop").write_text("freeze account bob\n")
    with running([*SIMULATED], desk) as run:
        run.write(buy("in"))
        run.wait_until(lambda: seen(desk, lambda r: any(isinstance(e, PlanApproved) for e in r.events)))
        time.sleep(0.2)
        run.stopped(signal.SIGTERM)
    (stop,) = (record for record in records(desk) if is_stopped(record))
    orders = [record.seq for record in records(desk) for request in record.requests if isinstance(request, NewOrder)]
    assert orders
    assert stop.seq < min(orders)
    accounts = {r.account for record in records(desk) for r in record.requests if isinstance(r, NewOrder)}
    assert accounts == {"ann"}


def test_a_halt_during_a_staggered_plan_lets_nothing_more_of_it_out(tmp_path: Path) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob", "cat"], settings=STAGGERED)
    with engine(tmp_path) as run:
        run.write(buy("in"))
        run.wait_until(lambda: seen(tmp_path, lambda r: any(isinstance(e, PlanApproved) for e in r.events)))
        coxswain("halt", "--everything", "--yes", "--reason", "no", cwd=tmp_path)
        time.sleep(3.2)  # past the last release
        run.stopped(signal.SIGTERM)
    found = records(tmp_path)
    stop = next(record.seq for record in found if is_stopped(record))
    entering = [record.seq for record in found for e in record.events if isinstance(e, OrderCreated) and e.enters]
    assert all(seq < stop for seq in entering)
    coxswain("replay", cwd=tmp_path)


def test_two_commands_at_once_each_get_their_own_answer(desk: Path) -> None:
    answers: list[Done] = []

    def pause(account: str) -> None:
        answers.append(coxswain("pause", account, "--reason", "a look", "--json", cwd=desk))

    with engine(desk) as run:
        both = [threading.Thread(target=pause, args=(name,)) for name in ("ann", "bob")]
        for each in both:
            each.start()
        for each in both:
            each.join()
        run.stopped(signal.SIGTERM)
    by_seq = {record.seq: record for record in records(desk)}
    for answer in (done.json() for done in answers):
        assert answer["did"][0] in [f"PAUSE of account {name}: a look (by {user()})" for name in ("ann", "bob")]
        assert is_stopped(by_seq[answer["seq"]])
    assert len({done.json()["seq"] for done in answers}) == 2


def user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, check=True, text=True).stdout.strip()


def test_garbage_on_the_socket_is_answered_and_holds_nobody_up(desk: Path) -> None:
    path = desk / f"{JOURNAL}.sock"
    with engine(desk) as run:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with talking(path) as half, talking(path) as other:
            half.sendall(b'{"command": "pau')
            for line in (b"\xff\xfe", b"[" * 5000, b'{"command": "nonsense"}', b'{"command": "pause", "actor": "eve"}'):
                other.sendall(line + b"\n")
                assert json.loads(other.makefile("rb").readline())["ok"] is False
            other.sendall(b"x" * 200_000)
            assert b"longer than" in other.makefile("rb").readline()
            assert coxswain("pause", "ann", "--reason", "a look", cwd=desk).code == 0
            half.sendall(b'se", "account": "bob", "reason": "the rest"}\n')
            assert json.loads(half.makefile("rb").readline())["done"] is True
        run.stopped(signal.SIGTERM)
    assert not path.exists()
    assert sum(map(is_stopped, records(desk))) == 2


@contextmanager
def talking(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(os.fspath(path))
        yield connection


def test_without_an_engine_a_stop_goes_to_the_journal_and_what_takes_a_market_waits_there(desk: Path) -> None:
    with engine(desk) as run:
        run.stopped(signal.SIGTERM)
    done = coxswain("flatten", "ann", "--yes", "--reason", "out", cwd=desk)
    assert "waits for the next start of the engine" in done.out
    assert "no engine runs" in done.err
    coxswain("flatten", "ann", "--reason", "out", cwd=desk, code=2)
    coxswain("halt", "--everything", "--reason", "no", cwd=desk, code=2)
    coxswain("halt", "--everything", "--yes", "--reason", "no", cwd=desk)
    assert is_stopped(records(desk)[-1])


def test_an_engine_that_does_not_answer_is_exit_code_5(desk: Path) -> None:
    with engine(desk) as run:
        run.process.send_signal(signal.SIGSTOP)
        try:
            done = coxswain("pause", "ann", "--reason", "a look", cwd=desk, code=5)
        finally:
            run.process.send_signal(signal.SIGCONT)
        assert "did not answer" in done.err
        run.stopped(signal.SIGTERM)


def test_a_killed_engine_leaves_its_socket_and_the_next_one_takes_its_place(desk: Path) -> None:
    with engine(desk) as run:
        run.process.kill()
        run.process.wait()
    assert (desk / f"{JOURNAL}.sock").exists()
    coxswain("pause", "ann", "--reason", "nobody runs", cwd=desk)
    with engine(desk) as run:
        coxswain("resume", "ann", "--reason", "somebody runs", cwd=desk)
        run.stopped(signal.SIGTERM)
    states = [e for record in records(desk) for e in record.events if isinstance(e, AccountStateChanged)]
    assert [(e.active, e.reason) for e in states if e.cause == "PAUSED"] == [
        (True, "nobody runs"),
        (False, "somebody runs"),
    ]


def test_a_journal_with_a_very_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    config_file(folder / "coxswain.yaml", ["ann"])
    with engine(folder) as run:
        place = Path((folder / f"{JOURNAL}.sock").read_text().strip())
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        coxswain("pause", "ann", "--reason", "a look", cwd=folder)
        run.stopped(signal.SIGTERM)
    assert not place.parent.exists()
    assert seen(folder, is_stopped)


def test_an_engine_in_virtual_time_takes_commands_while_it_waits_for_a_line(desk: Path) -> None:
    steady_quotes(desk / "q.csv", 60)
    command: list[str | Path] = [COXSWAIN, "run", "--quotes", "EURUSD=q.csv", "--json"]
    with running(command, desk) as run:
        run.write(lines_of(entry("in", 5)))
        run.wait_until((desk / f"{JOURNAL}.sock").exists)
        assert coxswain("halt", "ann", "--reason", "no", "--json", cwd=desk).json()["done"] is True
        assert run.process.stdin is not None
        run.process.stdin.close()
        done = run.ended()
    assert done.code == 0
    assert {p["account"] for p in done.json()["positions"]} <= {"ann", "bob"}
    coxswain("replay", cwd=desk)


def test_a_process_that_was_stopped_lets_no_order_out_on_waking_that_was_not_checked_again(tmp_path: Path) -> None:
    """Four seconds stand for a minute: the signal lives for two."""
    config_file(
        tmp_path / "coxswain.yaml", ["ann"], settings="min_timing_variance_ms: 1000\nmax_timing_variance_ms: 1500"
    )
    with engine(tmp_path) as run:
        run.write(buy("in", ttl_s=3))
        run.wait_until(lambda: seen(tmp_path, lambda r: any(isinstance(e, PlanApproved) for e in r.events)))
        run.process.send_signal(signal.SIGSTOP)
        time.sleep(4)
        run.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        run.stopped(signal.SIGTERM)
    found = records(tmp_path)
    assert not any(isinstance(request, NewOrder) for record in found for request in record.requests)
    assert any("SIGNAL_EXPIRED" in str(event) or "SIGNAL_AGE" in str(event) for r in found for event in r.events)
    assert any(isinstance(event, EngineStopped) for event in found[-1].events)


def test_commands_on_the_stream_are_carried_out_in_the_order_of_its_lines_and_answered(desk: Path) -> None:
    steady_quotes(desk / "q.csv", 60)
    lines = [
        json.dumps(entry("in", 5)),
        '{"reason": "a look", "command": "pause", "account": "ann"}',
        '{"command": "pause", "acount": "ann", "reason": "a slip"}',
        json.dumps(entry("more", 20)),
        '{"command": "resume", "account": "ann", "reason": "looked"}',
    ]
    done = coxswain(
        *("run", "--quotes", "EURUSD=q.csv", "--json-lines"), cwd=desk, stdin="".join(f"{x}\n" for x in lines).encode()
    )
    said = [json.loads(line) for line in done.out.splitlines()]
    told = [each.get("event") or "ANSWER" for each in said if "run" not in each]
    kept = [name for name in told if name in ("SIGNAL_RECEIVED", "SIGNAL_DENIED", "ANSWER", "ORDER_SUBMITTED")]
    assert kept == [
        *("SIGNAL_RECEIVED", "ORDER_SUBMITTED", "ORDER_SUBMITTED", "ANSWER", "SIGNAL_DENIED"),
        *("ORDER_SUBMITTED", "ORDER_SUBMITTED", "SIGNAL_RECEIVED", "ORDER_SUBMITTED", "ANSWER"),
    ]
    answers = [each["answer"] for each in said if "answer" in each]
    assert [(each["command"], each["done"]) for each in answers] == [("pause", True), ("resume", True)]
    (denied,) = (each for each in said if each.get("event") == "SIGNAL_DENIED")
    assert "did you mean account?" in denied["text"]
    assert [each["account"] for each in said if each.get("event") == "ORDER_SUBMITTED"][-1] == "bob"
    assert said[-1]["run"]["breaks"] == []
    coxswain("replay", cwd=desk)
