"""A campaign as a user runs it: every invariant holds, its rows are counted, and what it shows can be shown again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coxswain.messages.record import Record
from coxswain.sim import play as playing
from coxswain.sim.campaign import ENOUGH, Tally
from coxswain.sim.checker.invariant import Venues
from coxswain.sim.checker.judge import Invariants
from coxswain.sim.play import Played, play
from coxswain.sim.rows import COUNTED, REAL_PROCESSES
from coxswain.sim.shrink import shrink

COXSWAIN = Path(sys.executable).with_name("coxswain")
WORLDS = 60


def sim(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COXSWAIN, "sim", *words], capture_output=True, text=True, timeout=300, check=False)


def test_every_world_of_a_small_campaign_keeps_its_invariants() -> None:
    ran = sim("--seeds", str(WORLDS), "--json")
    report: dict[str, Any] = json.loads(ran.stdout)
    assert (report["failed"], ran.returncode) == ([], 0)
    assert report["worlds"] == WORLDS
    seldom = [row for row, count in report["fired"].items() if not count]
    assert len(seldom) < len(COUNTED) / 3, f"{WORLDS} worlds saw too little: nothing of {seldom}"
    assert report["crashes"] > WORLDS / 4


def test_a_row_that_is_asked_for_is_the_only_one_at_the_venues() -> None:
    report = json.loads(sim("--seeds", "6", "--fault", "F16", "--json").stdout)
    assert report["fired"]["F16"] > 0
    assert report["crashes"] == 0
    assert all(report["fired"][row] == 0 for row in ("F15", "F17", "F29", "F30", "F52", "F53"))


@pytest.mark.parametrize("row", ["F99", next(iter(REAL_PROCESSES))])
def test_a_row_that_no_world_shows_is_refused(row: str) -> None:
    ran = sim("--fault", row)
    assert ran.returncode == 2
    assert row in ran.stderr


def test_a_campaign_that_is_large_enough_names_the_rows_that_never_came() -> None:
    tally = Tally()
    for seed in range(ENOUGH - 1):
        tally.add(Played(seed, {"F15": 1}, {}, 1, 1, 0, ""))
    assert tally.never(None) == []
    tally.add(Played(ENOUGH, {"F15": 0}, {}, 1, 1, 0, ""))
    assert tally.never(None) == [row for row in COUNTED if row != "F15"]
    assert tally.never(("F15",)) == []


class Blames(Invariants):
    """Finds fault with the third order of a world, whatever it is."""

    def on_record(self, venues: Venues, record: Record) -> None:
        super().on_record(venues, record)
        assert self.events["OrderCreated"] < 3, "there is a third order"


def test_a_failing_world_is_made_shorter_and_fails_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "Invariants", Blames)
    failing = next(played for played in map(play, range(20)) if played.failed and played.acts > 4)
    assert "there is a third order" in failing.failed
    acts, without = shrink(failing, None, lambda: False)
    assert acts <= failing.acts
    assert without
    again = play(failing.seed, None, without, acts)
    assert again.failed == failing.failed
    assert not play(failing.seed, None, without, acts - 1).failed


def test_the_same_seed_plays_the_same_world() -> None:
    assert msgspec.json.encode(play(7)) == msgspec.json.encode(play(7))
