"""`coxswain sim`: a campaign of worlds, what it saw, and the command that shows a failing one again."""

import os
import sys
import time
from collections.abc import Iterator

import msgspec

from coxswain.app import exits
from coxswain.app.options import fail
from coxswain.app.output import print_json
from coxswain.sim.campaign import ENOUGH, Tally, Wanted, run
from coxswain.sim.play import Played
from coxswain.sim.rows import COUNTED, REAL_PROCESSES
from coxswain.sim.shrink import shrink

SHRINK_S = 60
"""How long a failing world is made shorter."""
BAR = 40
SHOWN = 5
"""Failing worlds that are told of in full, and made shorter."""


class Failed(msgspec.Struct, frozen=True):
    seed: int
    failed: str
    again: str
    """The command that shows it again."""
    shorter: str = ""
    """A command that shows the same in a shorter world."""


class Report(msgspec.Struct, frozen=True):
    start: int
    worlds: int
    records: int
    acts: int
    crashes: int
    seconds: float
    fired: dict[str, int]
    worlds_with: dict[str, int]
    never: list[str]
    real_processes: list[str]
    failed: list[Failed]


def rows_in(words: str | None, option: str) -> tuple[str, ...] | None:
    """Read a list of rows, as F15,F33."""
    if words is None:
        return None
    rows = tuple(word.strip().upper() for word in words.split(",") if word.strip())
    for row in rows:
        if row in REAL_PROCESSES:
            fail(exits.USAGE, f"{option}: {row} ({REAL_PROCESSES[row]}) is shown with real processes, in no world")
        if row not in COUNTED:
            fail(exits.USAGE, f"{option}: found {row!r}; wanted rows such as F15,F33")
    return rows


def simulate(wanted: Wanted, *, shrinks: bool, processes: int | None, as_json: bool) -> int:
    """Play the worlds and say what came of it. 1 where one failed, or a row never came in a campaign large enough."""
    began_s, tally = time.monotonic(), Tally()
    for played in _with_bar(run(wanted, processes or os.cpu_count() or 1), wanted.seeds):
        tally.add(played)
    seconds = time.monotonic() - began_s
    tally.failed.sort(key=lambda played: played.seed)
    failed = [_told(played, wanted, shrinks=shrinks and number < SHOWN) for number, played in enumerate(tally.failed)]
    report = Report(
        wanted.start,
        tally.worlds,
        tally.records,
        tally.acts,
        tally.crashes,
        round(seconds, 1),
        {row: tally.fired[row] for row in COUNTED},
        {row: tally.fired_in[row] for row in COUNTED},
        tally.never(wanted.rows),
        list(REAL_PROCESSES),
        failed,
    )
    if as_json:
        print_json(report)
    else:
        _print(report, wanted, tally)
    return exits.ERROR if failed or report.never else exits.OK


def _with_bar(worlds: Iterator[Played], count: int) -> Iterator[Played]:
    """Show on a terminal how far it is."""
    shown = sys.stderr.isatty()
    for number, played in enumerate(worlds, 1):
        if shown:
            done = BAR * number // count
            print(f"\r[{'#' * done}{'.' * (BAR - done)}] {number}/{count}", end="", file=sys.stderr, flush=True)
        yield played
    if shown:
        print(file=sys.stderr)


def _told(played: Played, wanted: Wanted, *, shrinks: bool) -> Failed:
    shorter = ""
    if shrinks:
        until_s = time.monotonic() + SHRINK_S
        acts, without = shrink(played, wanted.rows, lambda: time.monotonic() > until_s)
        shorter = _command(played.seed, wanted.rows, tuple(sorted(without)), acts)
    return Failed(played.seed, played.failed, _command(played.seed, wanted.rows, wanted.without, wanted.acts), shorter)


def _command(seed: int, rows: tuple[str, ...] | None, without: tuple[str, ...], acts: int | None) -> str:
    words = ["coxswain", "sim", "--seeds", "1", "--start", str(seed)]
    words += ["--fault", ",".join(rows)] if rows else []
    words += ["--without", ",".join(without)] if without else []
    words += ["--acts", str(acts)] if acts is not None else []
    return " ".join(words)


def _print(report: Report, wanted: Wanted, tally: Tally) -> None:
    for row, what in COUNTED.items():
        if wanted.rows is None or row in wanted.rows:
            print(f"{row}  {report.fired[row]:>8,}  in {report.worlds_with[row]:>6,} worlds  {what}")
    print(f"Shown with real processes, in no world: {', '.join(REAL_PROCESSES)}.")
    last = report.start + report.worlds - 1
    print(
        f"Seeds {report.start} to {last}: {report.worlds:,} worlds, {report.acts:,} acts, {report.records:,} records, "
        f"{report.crashes:,} crashes, in {report.seconds:,.1f} s."
    )
    for each in report.failed:
        print(f"FAILED  seed {each.seed}: {each.failed}\n        {each.again}")
        if each.shorter:
            print(f"        shorter: {each.shorter}")
    if wanted.seeds == 1 and tally.failed:
        print(tally.failed[0].where.rstrip())
    if report.never:
        print(f"NEVER CAME in {report.worlds:,} worlds: {', '.join(report.never)}.")
    elif report.worlds < ENOUGH:
        print(f"Too few worlds to want every row of them: {ENOUGH} would be enough.")
    print(
        "Every invariant held." if not report.failed else f"{len(report.failed):,} of {report.worlds:,} worlds failed."
    )
