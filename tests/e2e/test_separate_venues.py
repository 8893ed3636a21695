"""Venues in processes of their own live on when the engine is killed: what it sent last may have got there or not."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.e2e.books import prove
from tests.e2e.commands import COXSWAIN, Running, coxswain, durable_records, running
from tests.e2e.dying import dies
from tests.e2e.storm import Storm, brew


@contextmanager
def venues(storm: Storm) -> Iterator[list[Running]]:
    """Start both venues and wait until they listen."""
    with ExitStack() as started:
        found = []
        for name in ("one", "two"):
            command: list[str | Path] = [COXSWAIN, "venue", name, "--journal", storm.journal]
            found.append(started.enter_context(running(command, storm.folder)))
            found[-1].wait_until(storm.journal.with_name(f"{storm.journal.name}.{name}.sock").exists)
        yield found


def end(found: list[Running]) -> None:
    for venue in found:
        done, _ = venue.stopped(signal.SIGTERM)
        assert done.code == 0, done.err


def reached(journal: Path, records: int) -> bool:
    return durable_records(journal) >= records


def test_an_engine_killed_at_work_finds_its_venues_where_they_are_now(tmp_path: Path) -> None:
    draw = random.Random(3)
    storm = brew(tmp_path, 3, signals=40, separate=True)
    with venues(storm) as found:
        for _ in range(5):
            until = durable_records(storm.journal) + draw.randint(1, 400)
            with running([COXSWAIN, *storm.words], storm.folder) as run:
                run.wait_until(partial(reached, storm.journal, until))
                time.sleep(draw.random() / 100)
                run.process.kill()
                assert run.ended().code == -signal.SIGKILL
        for at in (2, 5, 9):
            dies(storm, "append", at)
            dies(storm, "journal", at)
        document = coxswain(*storm.words, cwd=tmp_path).json()
        assert document["breaks"] == []
        assert document["orders"]["unknown_now"] == 0
        end(found)
    prove(storm.journal)


def test_apart_or_inside_the_same_orders_fill_at_the_same_prices(tmp_path: Path) -> None:
    (tmp_path / "apart").mkdir()
    (tmp_path / "inside").mkdir()
    apart, inside = (brew(tmp_path / name, 5, signals=12, separate=name == "apart") for name in ("apart", "inside"))
    with venues(apart) as found:
        one = coxswain(*apart.words, cwd=apart.folder).json()
        end(found)
    other = coxswain(*inside.words, cwd=inside.folder).json()
    assert [(p["account"], p["symbol"], p["qty"], p["avg_px"]) for p in one["positions"]] == [
        (p["account"], p["symbol"], p["qty"], p["avg_px"]) for p in other["positions"]
    ]
    assert (one["fills"], one["orders"]) == (other["fills"], other["orders"])


def test_without_its_venue_a_run_says_how_to_start_it(tmp_path: Path) -> None:
    storm = brew(tmp_path, 1, signals=2, separate=True)
    done = coxswain(*storm.words, cwd=tmp_path, code=3)
    assert "no venue listens there" in done.err
    assert "coxswain venue" in done.err


def test_a_venue_that_dies_ends_the_run_with_a_sentence_and_the_next_one_goes_on(tmp_path: Path) -> None:
    storm = brew(tmp_path, 4, signals=40, separate=True)
    with venues(storm) as found:
        with running([COXSWAIN, *storm.words], storm.folder) as run:
            run.wait_until(partial(reached, storm.journal, 300))
            found[0].process.kill()
            done = run.ended()
        assert done.code == 3
        assert "the venue's process ended" in done.err
        assert "Traceback" not in done.err
        end(found[1:])
    with venues(storm) as found:
        document = coxswain(*storm.words, cwd=tmp_path).json()
        assert document["breaks"] == []
        end(found)
    prove(storm.journal)


def test_only_a_venue_that_is_configured_to_be_separate_is_started(tmp_path: Path) -> None:
    brew(tmp_path, 1, signals=2)
    assert "separate: true" in coxswain("venue", "one", cwd=tmp_path, code=2).err
    assert "separate: true" in coxswain("venue", "nine", cwd=tmp_path, code=2).err
