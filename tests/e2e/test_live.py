"""Real money: `mode: live`, `--live`, and once the names of the accounts, typed by a person at a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from coxswain.messages.events import LiveConfirmed, OrderCreated, OrderDenied
from tests.e2e.commands import LIMIT_S, coxswain, environment
from tests.e2e.journals import read_records
from tests.e2e.market import config_file, entry, lines_of, steady_quotes

RUN = ("run", "--signals", "signals.jsonl", "--journal", "j", "--quotes", "EURUSD=quotes.csv")
LIVE_VENUE = Path(__file__).with_name("live_venue.py")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Two accounts at a venue that pretends to move real money, one at a paper venue."""
    config = config_file(tmp_path / "coxswain.yaml", ("ann", "bob", "cat"))
    text = config.read_text().replace("  one:\n    kind: paper", "  one:\n    kind: pretended")
    config.write_text(text.replace("venue: one,", "venue: one, mode: live,"))
    steady_quotes(tmp_path / "quotes.csv", 60)
    (tmp_path / "signals.jsonl").write_bytes(lines_of(entry("s1", 10)))
    return tmp_path


def run_live(folder: Path, *more: str, typed: str | None = None) -> tuple[int, str]:
    """Run with the pretended venue, at a terminal where something is `typed`; return its code and what it said."""
    ours, theirs = pty.openpty() if typed is not None else (None, subprocess.DEVNULL)
    if ours is not None:
        os.write(ours, f"{typed}\n".encode())
    try:
        done = subprocess.run(
            [sys.executable, LIVE_VENUE, *RUN, *more],
            cwd=folder,
            env=environment(folder),
            stdin=theirs,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
    finally:
        for fd in (ours, theirs):
            if fd is not None and fd >= 0:
                os.close(fd)
    return done.returncode, done.stderr.decode()


def orders_of(folder: Path) -> set[str]:
    events = [event for record in read_records(folder / "j") for event in record.events]
    assert not [event for event in events if isinstance(event, OrderDenied)]
    return {event.intent.account for event in events if isinstance(event, OrderCreated)}


def test_a_live_account_wants_the_flag(desk: Path) -> None:
    code, said = run_live(desk)
    assert code == 2
    assert "real money is traded on ann, cat; wanted --live" in said
    assert not (desk / "j").exists()


def test_the_flag_wants_a_live_account(desk: Path) -> None:
    config_file(desk / "coxswain.yaml", ("ann",))
    done = coxswain(*RUN, "--live", cwd=desk, code=2)
    assert "no account in coxswain.yaml has `mode: live`" in done.err


def test_a_paper_account_never_has_a_live_venue_and_the_other_way_round(desk: Path) -> None:
    config = desk / "coxswain.yaml"
    config.write_text(config.read_text().replace(", mode: live", ""))
    code, said = run_live(desk, "--live")
    assert code == 4
    assert "wanted live" in said


def test_without_a_terminal_nobody_can_confirm(desk: Path) -> None:
    code, said = run_live(desk, "--live")
    assert code == 2
    assert "nobody has confirmed yet that real money is traded on ann, cat" in said


@pytest.mark.parametrize("typed", ["", "y", "ann", "cat ann"])
def test_what_is_not_their_names_starts_nothing(desk: Path, typed: str) -> None:
    code, said = run_live(desk, "--live", typed=typed)
    assert code == 2
    assert f"typed {typed!r}, wanted 'ann cat'; nothing was started" in said
    assert list(read_records(desk / "j")) == []


def test_their_names_are_typed_once_and_a_new_account_is_asked_for(desk: Path) -> None:
    code, said = run_live(desk, "--live", typed="ann cat")
    assert code == 0, said
    assert "ann: REAL MONEY, in USD, at venue one" in said
    assert orders_of(desk) == {"ann", "bob", "cat"}
    code, said = run_live(desk, "--live")
    assert code == 0, said
    assert "REAL MONEY" not in said
    confirmed = [e for r in read_records(desk / "j") for e in r.events if isinstance(e, LiveConfirmed)]
    assert [event.accounts for event in confirmed] == [("ann", "cat")]
    assert confirmed[0].actor
    config = desk / "coxswain.yaml"
    grown = config.read_text().replace("  - {id: bob", "  - {id: eve, venue: one, mode: live, currency: USD, "
        "initial_balance: 100000, firm: none}\n  - {id: bob")  # fmt: skip
    config.write_text(grown)
    code, said = run_live(desk, "--live", typed="eve")
    assert code == 0, said


def test_a_dry_run_sends_nothing_and_asks_nobody(desk: Path) -> None:
    code, said = run_live(desk, "--dry-run")
    assert code == 0, said
