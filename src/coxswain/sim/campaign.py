"""Many worlds, one after another or on all processors. What is printed of them is not decided here."""

import multiprocessing
from collections import Counter
from collections.abc import Collection, Iterator

import msgspec

from coxswain.sim.play import Played, play
from coxswain.sim.rows import COUNTED

ENOUGH = 500
"""A campaign of so many worlds has seen every row, or something is wrong with the harness."""
AT_ONCE = 4
"""Worlds handed to a processor together."""


class Wanted(msgspec.Struct, frozen=True):
    start: int
    seeds: int
    rows: tuple[str, ...] | None = None
    """Only these rows of the fault matrix; None means all."""
    without: tuple[str, ...] = ()
    acts: int | None = None
    """At most so many; None means as many as are drawn."""

    def seed_range(self) -> range:
        return range(self.start, self.start + self.seeds)


class Tally:
    """What a campaign has seen so far."""

    def __init__(self) -> None:
        self.worlds = self.records = self.acts = self.crashes = 0
        self.fired: Counter[str] = Counter()
        self.fired_in: Counter[str] = Counter()
        """In how many worlds."""
        self.failed: list[Played] = []

    def add(self, played: Played) -> None:
        self.worlds += 1
        self.records += played.records
        self.acts += played.acts
        self.crashes += played.crashes
        self.fired.update(played.fired)
        self.fired_in.update(row for row, count in played.fired.items() if count)
        if played.failed:
            self.failed.append(played)

    def never(self, rows: Collection[str] | None) -> list[str]:
        """Return the rows that a campaign of this size should have seen, and has not."""
        if self.worlds < ENOUGH:
            return []
        return [row for row in COUNTED if not self.fired[row] and (rows is None or row in rows)]


def run(wanted: Wanted, processes: int) -> Iterator[Played]:
    """Play every world, in no order."""
    jobs = [(seed, wanted.rows, wanted.without, wanted.acts) for seed in wanted.seed_range()]
    if processes <= 1 or len(jobs) == 1:
        yield from map(_play, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(min(processes, len(jobs))) as pool:
        yield from pool.imap_unordered(_play, jobs, AT_ONCE)


def _play(job: tuple[int, tuple[str, ...] | None, tuple[str, ...], int | None]) -> Played:
    return play(*job)
