"""What the system is asked for: a commit is forced before anything leaves, and a kill or error at a call is survived.

strace watches a real engine, kills it at exact calls, and has the disk answer with errors.
"""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from coxswain.model.vocabulary import OrdStatus
from tests.e2e.books import prove
from tests.e2e.commands import COXSWAIN, LIMIT_S, coxswain, environment, running
from tests.e2e.market import config_file, entry, leave, lines_of, steady_quotes
from tests.e2e.storm import Storm, brew

STRACE = shutil.which("strace")
pytestmark = pytest.mark.skipif(STRACE is None, reason="wants strace; on Debian: apt-get install strace")
CALLS = "fdatasync,fsync,pwrite64,sendto"


def traced(words: list[str], folder: Path, *options: str) -> tuple[int, str]:
    """Run `coxswain` under strace to its end, however that comes; return its code and what it said."""
    done = subprocess.run(
        [str(STRACE), "-f", "-y", "-qq", "-s", "64", *options, str(COXSWAIN), *words],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.returncode, done.stderr.decode()


def test_nothing_leaves_for_a_venue_while_a_byte_of_the_journal_is_not_forced(tmp_path: Path) -> None:
    """So a power cut that loses all that was not forced loses nothing that anybody was told."""
    config_file(tmp_path / "coxswain.yaml", ["ann"], separate=True)
    steady_quotes(tmp_path / "q.csv", 120)
    signals = [signal for n in range(5) for signal in (entry(f"in{n}", 10 + n * 20), leave(f"out{n}", 20 + n * 20))]
    (tmp_path / "s.jsonl").write_bytes(lines_of(*signals))
    with running([COXSWAIN, "venue", "one", "--journal", "j"], tmp_path) as venue:
        venue.wait_until((tmp_path / "j.one.sock").exists)
        words = ["run", "--journal", "j", "--signals", "s.jsonl", "--quotes", "EURUSD=q.csv"]
        code, said = traced(words, tmp_path, "-o", "trace", "-e", f"trace={CALLS}")
        assert code == 0, said
    unforced, forced, sent = 0, 0, 0
    for line in (tmp_path / "trace").read_text().splitlines():
        if "/j-wal>" in line and "pwrite64(" in line:
            unforced += 1
        elif "/j-wal>" in line and "sync(" in line:
            assert line.endswith("= 0"), line
            unforced, forced = 0, forced + 1
        elif "sendto(" in line and r"\"Send\"" in line:
            assert unforced == 0, f"{line}: {unforced} writes to the journal are not forced"
            sent += 1
    assert forced > 20
    assert sent > 15, "entries, their protection and exits have left"


@pytest.mark.parametrize(
    ("call", "at"),
    [("fdatasync", 3), ("fdatasync", 40), ("pwrite64", 301), ("fsync", 2), ("rename", 1)],
)
def test_killed_at_an_exact_call_it_loses_and_doubles_nothing(tmp_path: Path, call: str, at: int) -> None:
    """Also in the middle of a commit, of laying a journal, and of taking the lease."""
    storm = brew(tmp_path, at, signals=6)
    kill = f"inject={call}:signal=KILL:when={at}"
    code, said = traced(storm.words, storm.folder, "-o", "/dev/null", "-e", f"trace={call}", "-e", kill)
    assert code in (-signal.SIGKILL, 128 + signal.SIGKILL), said
    ends_well(storm)


def ends_well(storm: Storm) -> None:
    document = coxswain(*storm.words, cwd=storm.folder).json()
    assert document["breaks"] == []
    assert document["orders"]["unknown_now"] == 0
    prove(storm.journal)


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_disk_that_fails_to_force_ends_it_with_its_entries_called_back(tmp_path: Path, error: str) -> None:
    """A position with its stop, an entry that rests, and then every fdatasync fails."""
    config_file(tmp_path / "coxswain.yaml", ["ann"], separate=True)
    steady_quotes(tmp_path / "q.csv", 120)
    rests = entry("rests", 20, order_type="LIMIT", limit_price="1.07", stop_loss="1.06", quantity="0.3")
    late = (entry(f"late-{n}", 30 + n, quantity="0.1") for n in range(40))
    (tmp_path / "s.jsonl").write_bytes(lines_of(entry("in", 5), rests, *late))
    words = ["run", "--journal", "j", "--signals", "s.jsonl", "--quotes", "EURUSD=q.csv"]
    with running([COXSWAIN, "venue", "one", "--journal", "j"], tmp_path) as venue:
        venue.wait_until((tmp_path / "j.one.sock").exists)
        failing = f"inject=fdatasync:error={error}:when=30+"
        code, said = traced(words, tmp_path, "-o", "/dev/null", "-e", "trace=fdatasync", "-e", failing)
        assert code == 1, said
        assert "No order is taken any more" in said
        assert "entry orders called back: 0" not in said
        assert "0 not confirmed" in said
        assert (tmp_path / "j.stop").read_text().startswith("halt")
        document = coxswain(*words, "--json", cwd=tmp_path).json()
    assert document["breaks"] == []
    assert {position["protection"] for position in document["positions"]} <= {"venue"}
    rows = coxswain("orders", "--journal", "j", "--json", cwd=tmp_path).json()
    assert {row["ord_status"] for row in rows if row["signal_id"] == "rests"} <= {OrdStatus.CANCELED}
    coxswain("audit", "verify", "--journal", "j", cwd=tmp_path)
    coxswain("replay", "--journal", "j", cwd=tmp_path)
