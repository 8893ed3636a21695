"""Measure both sides by turns, and print what each took and how they compare.

    python -m bench.peers [--quick]

Both run on the same interpreter. Each side sets its work up in a process of its own; then a batch of theirs and a batch
of ours take turns, at least five times. Figures are processor time, so that what else the machine does counts little;
a ratio is the median of those of single turns.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import NamedTuple, Self

import coxswain
from bench.figures import QUICK, ROUNDS, headline, show

PEER, TURNS = "nautilus_trader", 2 if QUICK else ROUNDS
CODE = """
import time
begin = time.process_time()
{imports}
took = time.process_time() - begin
from bench.peers.turns import resident_mib
print(took, resident_mib())
"""
BACKTEST = "from nautilus_trader.backtest import BacktestEngine; from nautilus_trader.trading import Strategy"
OUR_PROGRAM = "from coxswain import ExecutionManager, Quote, create_execution_engine"


WHAT_COUNTS = "Ours: every control of the gate, each record encoded and hashed. Theirs: its own checks, and no record."


class Row(NamedTuple):
    """The same work on both sides, and on ours also in other variants; a work is its kind, how many and the batch."""

    name: str
    theirs: str
    ours: str
    variants: tuple[tuple[str, str], ...] = ()


def rows() -> list[Row]:
    found = [
        Row(
            "quote, nothing to do",
            "quote 0 20000",
            "quote 0 20000",
            (("each stepped by the core", "stepped-quote 0 20000"),),
        ),
        Row(
            "market order, one position",
            "market 0 2000",
            "market 0 1000",
            (
                ("no control, no record", "bare-market 0 1000"),
                ("no exchange", "told-market 0 1000"),
                ("whole runtime", "loop-market 0 1000"),
            ),
        ),
        Row("limit placed and cancelled", "limit 0 2000", "limit 0 1000"),
    ]
    for number, batch in ((100, 500), (1_000, 200), (10_000, 40)):
        if QUICK and number > 1_000:
            continue
        at_rest = f"{number:,} limits at rest"
        found += [
            Row(f"quote, {at_rest}", f"quote {number} {batch * 10}", f"quote {number} 20000"),
            Row(f"market order, {at_rest}", f"market {number} {batch}", f"market {number} 500"),
            Row(f"limit placed and cancelled, {at_rest}", f"limit {number} {batch}", f"limit {number} 500"),
        ]
        alone = (("no exchange", f"told-positions {number} 500"),)
        ours = f"positions {number} {batch}"
        if number <= 1_000:  # to open more in as many instruments, theirs takes many minutes
            instruments = f"{number:,} positions, one an instrument"
            found.append(Row(f"market order, {instruments}", f"positions {number} {batch}", ours, alone))
        hedged = f"{number:,} positions, theirs all in one instrument"
        found.append(Row(f"market order, {hedged}", f"hedged {number} {batch}", ours, alone))
    return found


class Worker:
    """A process of one side."""

    def __init__(self, side: str, work: str) -> None:
        self._work = f"{side} {work}"
        command = [sys.executable, "-m", f"bench.peers.{side}", *work.split(), str(TURNS)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def turn(self) -> dict[str, float]:
        """Wait until it is ready, have it measure a batch, and return what that took."""
        assert self._process.stdin is not None
        self._answer()
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._work}: it ended before its turn")
        answer: dict[str, float] = json.loads(line)
        return answer


def compare(row: Row) -> None:
    """Set all sides up, then let them take turns."""
    ours = [("ours", row.ours), *((f"ours, {label}", work) for label, work in row.variants)]
    with ExitStack() as running:
        workers = [running.enter_context(Worker("theirs", row.theirs))]
        workers += [running.enter_context(Worker("ours", work)) for _, work in ours]
        turns = [[worker.turn() for worker in workers] for _ in range(TURNS)]
    for number, label in enumerate(["theirs", *(label for label, _ in ours)]):
        wall_us = statistics.median(turn[number]["wall_us"] for turn in turns)
        figures = [turn[number]["cpu_us"] * 1e-6 for turn in turns]
        show(f"{row.name}: {label}", "us", figures, wall_us=round(wall_us, 2))
        if number:
            ratios = [turn[number]["cpu_us"] / turn[0]["cpu_us"] for turn in turns]
            show(f"{row.name}: {label} / theirs", "x", ratios)


def compare_imports(name: str, theirs: str, ours: str) -> None:
    """Import in fresh interpreters, by turns. Both find their bytecode where the first of them left it."""
    found: dict[str, list[list[float]]] = {"theirs": [], "ours": []}
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(TURNS + 1):
            for side, imports in (("theirs", theirs), ("ours", ours)):
                command = [sys.executable, "-c", CODE.format(imports=imports)]
                said = subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout
                if number:
                    found[side].append([float(word) for word in said.split()])
    for side, figures in found.items():
        show(f"{name}: {side}", "ms", [seconds for seconds, _ in figures])
        show(f"{name}, memory after it: {side}", "MiB", [mib * 2**20 for _, mib in figures])


def installed_bytes(names: list[str]) -> int:
    """Return the size of the files of these distributions, compiled ones left out."""
    return sum(
        path.stat().st_size
        for name in names
        for file in metadata.distribution(name).files or ()
        if file.suffix != ".pyc" and (path := Path(os.fspath(file.locate()))).is_file()
    )


def with_what_they_need(name: str) -> list[str]:
    """Return a distribution's name and, of what it needs at once or in turn, what is installed."""
    found, ahead = [], [name]
    while ahead:
        each = ahead.pop()
        if each in found:
            continue
        try:
            needs = metadata.requires(each) or []
        except metadata.PackageNotFoundError:
            continue
        found.append(each)
        ahead += [re.split(r"[^\w.-]", need)[0] for need in needs if "extra ==" not in need]
    return found


def main() -> None:
    headline()
    print(f"theirs: {PEER} {metadata.version(PEER)}; ours: coxswain {coxswain.__version__}", file=sys.stderr)
    print(WHAT_COUNTS, file=sys.stderr)
    for row in rows():
        compare(row)
    compare_imports("import of the package", f"import {PEER}", "import coxswain")
    compare_imports("import of what a program needs", BACKTEST, OUR_PROGRAM)
    show("installed: theirs", "MiB", [installed_bytes(with_what_they_need(PEER))])
    own = sum(
        file.stat().st_size
        for file in Path(coxswain.__path__[0]).rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    )
    needed = [name for name in with_what_they_need("coxswain") if name != "coxswain"]
    show("installed: ours, with all that it needs", "MiB", [own + installed_bytes(needed)])


if __name__ == "__main__":
    main()
