"""A disk that is full and a disk that hangs: no order is taken any more, entries are called back, protection stays."""

import sys
import time
from pathlib import Path

import pytest

from coxswain.model.vocabulary import OrdStatus
from tests.e2e.commands import COXSWAIN, coxswain, running
from tests.e2e.market import config_file, entry, lines_of, steady_quotes

DRIVER = Path(__file__).with_name("fails_at.py")
JOURNAL = "coxswain.journal"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    config_file(tmp_path / "coxswain.yaml", ["ann"], separate=True)
    steady_quotes(tmp_path / "q.csv", 300)
    return tmp_path


def lines() -> bytes:
    """A position with its stop, then an entry that rests, then one that comes when the disk has failed."""
    rests = entry("rests", 20, order_type="LIMIT", limit_price="1.07", stop_loss="1.06", quantity="0.3")
    return lines_of(entry("in", 5), rests, *(entry(f"late-{n}", 30 + n, quantity="0.1") for n in range(40)))


@pytest.mark.parametrize("how", ["full", "hang"])
def test_entries_are_called_back_at_the_venue_protection_stays_and_the_flag_is_up(desk: Path, how: str) -> None:
    venue: list[str | Path] = [COXSWAIN, "venue", "one"]
    failing: list[str | Path] = [sys.executable, DRIVER, how, "45", "run", "--quotes", "EURUSD=q.csv", "--signals", "-"]
    with running(venue, desk) as there:
        there.wait_until((desk / f"{JOURNAL}.one.sock").exists)
        with running(failing, desk) as run:
            run.write(lines())
            assert run.process.stdin is not None
            run.process.stdin.close()
            done = run.ended()
        assert done.code == 1
        assert "entry orders called back: 1 (" in done.err, done.err
        assert "0 not confirmed" in done.err
        time.sleep(0.2)
        assert (desk / f"{JOURNAL}.stop").read_text().startswith("halt")
        again = coxswain("run", "--quotes", "EURUSD=q.csv", "--json", cwd=desk, code=0)
    document = again.json()
    assert document["breaks"] == []
    assert [position["protection"] for position in document["positions"]] == ["venue"]
    orders = coxswain("orders", "--json", cwd=desk).json()
    rows = orders if isinstance(orders, list) else orders["orders"]
    (resting,) = [row for row in rows if row["signal_id"] == "rests"]
    assert resting["ord_status"] == OrdStatus.CANCELED
    coxswain("audit", "verify", cwd=desk)
    coxswain("replay", cwd=desk)
