"""Break the engine on purpose, and see that a test notices: `python -m tools.mutants`, or `make mutants`.

Each `mutants/<name>.patch` breaks one thing. Its head says what, which fault or invariant that offends, and the tests
that must fall for it, each of them. For each one the sources are copied, the patch is applied to the copy, and those
tests are run on it. A mutant that one of them does not notice is a test that is missing; one that no longer applies has
to be made anew. Words select mutants by name. Nothing of the working tree is touched.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "mutants"
HEAD = re.compile(r"Mutant: (?P<what>[^\n]+)\nOffends: (?P<offends>[^\n]+)\nKilled by: (?P<tests>[^\n]+)\n\n---")
FELL = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)
BROKEN = re.compile(r"^E +((?:Name|UnboundLocal|Import|ModuleNotFound|Syntax|Indentation)Error.*)$", re.MULTILINE)
"""A mutant that falls over its own feet has not been noticed by anybody."""
TESTS_FAILED = 1
"""The exit code of pytest when tests ran and fell: only that kills. Anything else says that the mutant does not run."""
TAKES_S = 300


class Mutant(NamedTuple):
    name: str
    what: str
    offends: str
    tests: tuple[str, ...]
    path: Path


class Outcome(NamedTuple):
    mutant: Mutant
    killed: bool
    how: str
    """The tests that fell, or why the mutant lives."""
    took_s: float


def mutants() -> Iterator[Mutant]:
    """Yield every mutant by its name. Raises `ValueError` for a patch whose head does not say what it is."""
    for path in sorted(FOLDER.glob("*.patch")):
        head = HEAD.match(path.read_text(encoding="utf-8"))
        if head is None:
            raise ValueError(f"{path.name}: wanted a head of Mutant:, Offends: and Killed by:")
        yield Mutant(path.stem, head["what"], head["offends"], tuple(head["tests"].split()), path)


def why_not_applied(path: Path, to: Path, *, check: bool = False) -> str:
    """Apply a patch to a tree; say why it cannot be, empty if it can. The tree need not be a repository."""
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(to.parent)}
    command = ["git", "apply", "--unsafe-paths", "--directory", str(to), *(["--check"] if check else []), str(path)]
    done = subprocess.run(command, cwd=to.anchor, env=environment, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def _pytest(sources: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests on these sources."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = {**os.environ, "PYTHONPATH": str(sources)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TAKES_S, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"no answer within {TAKES_S} s"
    return done.returncode, done.stdout + done.stderr


def try_one(mutant: Mutant) -> Outcome:
    """Break a copy of the sources, and run the tests that must notice."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="coxswain-mutant-") as name:
        tree = Path(name).resolve()
        shutil.copytree(ROOT / "src", tree / "src")
        why = why_not_applied(mutant.path, tree)
        if why:
            return Outcome(mutant, False, f"does not apply: {why.splitlines()[0]}", time.monotonic() - began)
        code, said = _pytest(tree / "src", mutant.tests)
    fell = FELL.findall(said)
    unmoved = [test for test in mutant.tests if not any(each.startswith(test) for each in fell)]
    took_s = time.monotonic() - began
    if code == TESTS_FAILED and not BROKEN.search(said):
        how = f"not noticed by {', '.join(unmoved)}" if unmoved else ", ".join(fell)
        return Outcome(mutant, not unmoved, how, took_s)
    last = said.strip().splitlines()[-1] if said.strip() else ""
    return Outcome(mutant, False, "survives" if code == 0 else f"does not run: {last}", took_s)


def main(words: Sequence[str]) -> int:
    chosen = [mutant for mutant in mutants() if not words or any(word in mutant.name for word in words)]
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    began = time.monotonic()
    code, said = _pytest(ROOT / "src", tests)
    if code:
        print(said)
        print("The tests fall without any mutant: nothing can be told.")
        return 1
    print(f"{len(chosen)} mutants; the tests that must notice pass without them.", flush=True)
    outcomes = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for count, outcome in enumerate(pool.map(try_one, chosen), 1):
            word = "killed" if outcome.killed else "LIVES "
            print(f"{count:3}/{len(chosen)} {word} {outcome.mutant.name}: {outcome.how}", flush=True)
            outcomes.append(outcome)
    alive = [outcome for outcome in outcomes if not outcome.killed]
    took_s = time.monotonic() - began
    print(f"{len(outcomes) - len(alive)} of {len(outcomes)} killed in {took_s:.0f} s.")
    for outcome in alive:
        print(f"lives: {outcome.mutant.name}: {outcome.how}")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
