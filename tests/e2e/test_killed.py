"""Kill -9, at random moments and at named points, and start again: nothing is lost, nothing is doubled.

Each run is given the whole signal file again. It must take up where the journal ends: signals already taken are
duplicates, orders in flight are asked for before anything new is sent. What is proved at the end is `books.prove`: the
chain, the replay, and an engine and venues that hold the same orders, fills, positions and balances.
"""

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from coxswain.messages.inputs import EngineStarted
from coxswain.runtime.snapshots import snapshot_path
from tests.e2e.books import prove, venues_beside
from tests.e2e.commands import COXSWAIN, LIMIT_S, coxswain, durable_records, environment, running
from tests.e2e.dying import dies
from tests.e2e.journals import read_records
from tests.e2e.storm import SIGNALS, Storm, brew

SEED = int(os.environ.get("COXSWAIN_TEST_SEED", "1"))
KILLS = 10
RECORDS_BETWEEN = 900
"""On average; a whole run is some ten thousand, so that ten kills find it at work."""


def reached(journal: Path, records: int) -> bool:
    return durable_records(journal) >= records


def ends_well(storm: Storm) -> Any:
    """Let a run end by itself, and see that everything holds. Return its document."""
    document = coxswain(*storm.words, cwd=storm.folder).json()
    assert document["breaks"] == []
    assert document["orders"]["unknown_now"] == 0
    prove(storm.journal)
    return document


def test_killed_ten_times_at_random_moments_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    print(f"seed {SEED}: set COXSWAIN_TEST_SEED to see another")
    draw = random.Random(SEED)
    storm = brew(tmp_path, SEED)
    for _ in range(KILLS):
        until = durable_records(storm.journal) + draw.randint(1, 2 * RECORDS_BETWEEN)
        with running([COXSWAIN, *storm.words], storm.folder) as run:
            run.wait_until(partial(reached, storm.journal, until))
            time.sleep(draw.random() / 100)
            run.process.kill()
            assert run.ended().code == -signal.SIGKILL, "it must be killed at work"
    document = ends_well(storm)
    assert document["signals"]["planned"] + document["signals"]["denied"] == SIGNALS
    assert document["signals"]["duplicate"] > 0


def test_a_campaign_of_kills_counts_them_and_proves_each_storm(tmp_path: Path) -> None:
    """What `make kills` does, a few times."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.kills", "6", str(SEED)],
        env=environment(tmp_path),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "     6 kills in " in done.stdout
    assert "storms: nothing lost, nothing doubled, every chain intact" in done.stdout


@pytest.mark.parametrize(
    ("point", "at"),
    [(point, at) for point in ("append", "journal", "venue") for at in (1, 2, 10, 91)]
    + [(point, at) for point in ("writing", "naming") for at in (1, 3)],
)
def test_killed_at_a_named_point_it_loses_and_doubles_nothing(tmp_path: Path, point: str, at: int) -> None:
    storm = brew(tmp_path, SEED + at, signals=15)
    dies(storm, point, at)
    died_ns = max((venue.last_ns for venue in venues_beside(storm.journal)), default=0)
    document = ends_well(storm)
    assert document["signals"]["planned"] + document["signals"]["denied"] == 15
    starts = [record for record in read_records(storm.journal) if isinstance(record.input, EngineStarted)]
    assert starts[-1].now_ns >= died_ns, "time went on before the venue's last moment"


def test_killed_over_and_over_it_still_gets_there(tmp_path: Path) -> None:
    """Each start gets a few commits further, at one point and the other by turns, also in the middle of starting."""
    storm = brew(tmp_path, SEED, signals=15)
    for number in range(9):
        dies(storm, ("append", "journal", "venue")[number % 3], 1 + number)
    ends_well(storm)


def test_a_run_goes_on_from_its_snapshot_and_says_so_where_it_cannot(tmp_path: Path) -> None:
    storm = brew(tmp_path, SEED)
    ends_well(storm)
    snapshot = snapshot_path(storm.journal)
    again = coxswain(*storm.words, cwd=storm.folder)
    assert "snapshot" not in again.err
    assert again.json()["signals"]["duplicate"] == SIGNALS
    raw = bytearray(snapshot.read_bytes())
    raw[len(raw) // 2] ^= 1
    snapshot.write_bytes(raw)
    third = coxswain(*storm.words, cwd=storm.folder)
    assert "the snapshot j.snapshot is not used, and the whole journal is folded: " in third.err
    assert third.json()["positions"] == again.json()["positions"]
    prove(storm.journal)
