"""SIGTERM and SIGINT: an orderly end before the next input, a checkpoint, and a start that goes on from there.

What is asserted is the order of records. How long a stop takes is measured by `make bench`.
"""

import signal
import time
from pathlib import Path

import pytest

from coxswain.messages.events import EngineStopped
from coxswain.messages.inputs import StopEngine
from coxswain.runtime.loop import GROUP_MAX
from tests.e2e.commands import COXSWAIN, Done, coxswain, durable_records, running
from tests.e2e.journals import read_records
from tests.e2e.market import EURUSD, config_file, entry, leave, lines_of, move_stop, quotes_file, steady_quotes

AT_ONCE = 2 * GROUP_MAX
"""Records that may follow a signal: the group that was not yet durable, and what the input under way brings."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
FROM_PIPE: list[str | Path] = [COXSWAIN, "run", "--quotes", "EURUSD=q.csv", "--json"]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    steady_quotes(tmp_path / "q.csv", 300)
    return tmp_path


def checkpoint(folder: Path) -> EngineStopped:
    """Return the checkpoint that the journal ends with."""
    last = read_records(folder / "coxswain.journal")[-1]
    assert isinstance(last.input, StopEngine)
    (event,) = last.events
    assert isinstance(event, EngineStopped)
    return event


def stop_while_waiting(folder: Path, number: signal.Signals, lines: bytes) -> Done:
    """Start on a pipe, write lines, and send a signal when the engine waits for more."""
    with running(FROM_PIPE, folder) as run:
        run.write(lines)
        run.wait_until(lambda: durable_records(folder / "coxswain.journal") > 0)
        time.sleep(0.3)  # until it waits; a signal that comes earlier must do no harm either
        return run.stopped(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_waits_for_a_line_ends_it_although_more_may_come(desk: Path, number: signal.Signals) -> None:
    lines = lines_of(entry("in", 5), move_stop("up", "1.081", 20), move_stop("again", "1.082", 30))
    done = stop_while_waiting(desk, number, lines)
    assert (done.code, done.err) == (0, "")
    document = done.json()
    assert document["signals"]["received"] == 3
    assert {position["protection"] for position in document["positions"]} == {"venue"}
    assert document["audit"]["verified"] is True
    last = checkpoint(desk)
    assert last.reason == number.name
    assert len(last.open_orders) == 2, "the stops keep working at the venues"
    coxswain("audit", "verify", cwd=desk)
    coxswain("replay", cwd=desk)


def test_a_signal_before_the_first_line_ends_it_too(desk: Path) -> None:
    done = stop_while_waiting(desk, signal.SIGTERM, b"")
    assert done.code == 0
    assert done.json()["signals"]["received"] == 0
    assert checkpoint(desk).open_orders == ()


def test_after_a_stop_the_same_signals_go_on_where_they_were(desk: Path) -> None:
    taken = [entry("in", 5), move_stop("up", "1.081", 20)]
    stop_while_waiting(desk, signal.SIGTERM, lines_of(*taken))
    words = ("run", "--quotes", "EURUSD=q.csv", "--json")
    document = coxswain(*words, cwd=desk, stdin=lines_of(*taken, leave("out", 60))).json()
    assert document["signals"] == {"received": 5, "planned": 3, "denied": 0, "duplicate": 2}
    assert document["positions"] == []
    assert document["breaks"] == []
    coxswain("audit", "verify", cwd=desk)
    coxswain("replay", cwd=desk)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_it_runs_is_the_last_that_it_takes_and_it_can_go_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    quotes_file(tmp_path / "q.csv", EURUSD, 20_000, step_ms=1000)
    signals = [
        make
        for at_s in range(10, 19_000, 200)
        for make in (entry(f"in-{at_s}", at_s, stop_loss="1.05"), leave(f"out-{at_s}", at_s + 100))
    ]
    (tmp_path / "s.jsonl").write_bytes(lines_of(*signals))
    command: list[str | Path] = [*FROM_PIPE, "--signals", "s.jsonl"]
    with running(command, tmp_path) as run:
        run.wait_until(lambda: durable_records(tmp_path / "coxswain.journal") > 1000)
        done, durable = run.stopped_in_its_tracks(number, tmp_path / "coxswain.journal")
    assert durable_records(tmp_path / "coxswain.journal") <= durable + AT_ONCE
    assert done.code in (0, 7)  # 7 where an answer was still on its way
    first = done.json()
    assert 0 < first["signals"]["received"] < len(signals)
    assert checkpoint(tmp_path).reason == number.name
    again = coxswain(*command[1:], cwd=tmp_path).json()
    assert again["signals"]["duplicate"] == first["signals"]["planned"]
    assert again["signals"]["planned"] == len(signals)
    assert again["signals"]["denied"] == 0
    assert again["breaks"] == []
    assert again["positions"] == []
    coxswain("replay", cwd=tmp_path)


def test_an_order_that_is_unknown_when_it_stops_is_exit_code_7_and_is_found_later(tmp_path: Path) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"], faults=["ann 1 request_lost"])
    steady_quotes(tmp_path / "q.csv", 300)
    # The acknowledgement is missed 5 s after the order left; absence is proved 2 s later. In between time stands still.
    lines = lines_of(entry("in", 5), leave("later", 11, symbol="GBPUSD"))
    done = stop_while_waiting(tmp_path, signal.SIGTERM, lines)
    assert done.code == 7
    assert done.json()["orders"]["unknown_now"] == 1
    (unknown,) = coxswain("status", "--json", cwd=tmp_path, code=7).json()["unknown_orders"]
    assert "-ann-" in unknown
    again = coxswain("run", "--quotes", "EURUSD=q.csv", "--json", cwd=tmp_path, stdin=lines).json()
    assert again["unknown"] == {"seen": again["unknown"]["resolved"], "resolved": again["unknown"]["resolved"]}
    assert again["orders"]["unknown_now"] == 0
    assert again["breaks"] == []
    coxswain("status", cwd=tmp_path)


def test_the_screen_says_that_it_was_stopped_and_what_stays_open(desk: Path) -> None:
    with running(FROM_PIPE[:-1], desk) as run:
        run.write(lines_of(entry("in", 5), move_stop("up", "1.081", 20)))
        run.wait_until(lambda: durable_records(desk / "coxswain.journal") > 0)
        time.sleep(0.3)
        done = run.stopped(signal.SIGTERM)
    assert "Stopped by SIGTERM; the same command goes on from here" in done.out
    assert "2 orders stay open at the venues" in done.out


def test_a_stop_that_is_sent_twice_at_once_is_one_stop(desk: Path) -> None:
    """As by timeout(1), which signals the process and then its group."""
    with running([COXSWAIN, "run", "--realtime", "--simulated"], desk) as run:
        run.wait_until(lambda: durable_records(desk / "coxswain.journal") > 0)
        run.process.send_signal(signal.SIGINT)
        done = run.stopped(signal.SIGINT)
    assert done.code == 0
    assert "Stopped by SIGINT; the same command goes on from here" in done.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_venue_that_a_script_started_in_the_background_ends_on_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A shell starts `command &` with SIGINT ignored."""
    config_file(tmp_path / "coxswain.yaml", ["ann"], separate=True)
    ignoring: list[str | Path] = ["/bin/sh", "-c", f"trap '' INT; exec '{COXSWAIN}' venue one"]
    with running(ignoring, tmp_path) as venue:
        venue.wait_until((tmp_path / "coxswain.journal.one.sock").exists)
        done = venue.stopped(number)
    assert (done.code, done.err.splitlines()[-1]) == (0, "venue one ends")
