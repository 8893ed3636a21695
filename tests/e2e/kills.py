"""Kill an engine over and over, and prove that nothing was lost or doubled: `python -m tests.e2e.kills N [SEED]`.

Each kill is a SIGKILL to a process of its own, forked from this one so that nothing has to be imported anew: before a
commit of the journal, after it, after a commit of a venue, or at any moment. A storm is killed over and over until it
has ended by itself; then `books.prove` looks at chain, replay and books.
"""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from coxswain.app import cli
from tests.e2e import dies_at
from tests.e2e.books import prove
from tests.e2e.commands import durable_records, environment
from tests.e2e.storm import Storm, brew

SIGNALS = 25
COMMITS_MAX = 60
"""That a process makes before it is killed, at most."""
RECORDS_MAX = 400
POINTS = ("append", "journal", "venue", "any moment")
PROVED_AFTER = 20
"""Kills of one storm, after which it is let go on to its end."""


class Tally(NamedTuple):
    kills: dict[str, int]
    storms: int


def campaign(kills: int, seed: int) -> Tally:
    """Kill so many times, storm after storm. Raises `AssertionError` at the first that does not hold."""
    draw, done = random.Random(seed), dict.fromkeys(POINTS, 0)
    storms, began = 0, time.monotonic()
    while sum(done.values()) < kills:
        storms += 1
        with tempfile.TemporaryDirectory(prefix="coxswain-kills-") as folder:
            storm = brew(Path(folder), seed * 1_000_003 + storms, SIGNALS)
            _weather(storm, draw, done, kills)
        took_s = time.monotonic() - began
        told = f"{sum(done.values())} kills of {kills}, {took_s:.0f} s"
        print(f"seed {seed}, storm {storms}: {told}: all holds", flush=True)
    return Tally(done, storms)


def _weather(storm: Storm, draw: random.Random, done: dict[str, int], kills: int) -> None:
    """Kill a storm until it ends by itself, or was killed often enough; then see that everything holds."""
    for _ in range(PROVED_AFTER):
        point = draw.choice(POINTS)
        if sum(done.values()) >= kills or not _is_killed(storm, point, draw):
            break
        done[point] += 1
    assert os.waitstatus_to_exitcode(os.waitpid(_fork(storm, "", 0), 0)[1]) == 0, (storm.folder / "said").read_text()
    prove(storm.journal)


def _is_killed(storm: Storm, point: str, draw: random.Random) -> bool:
    """Start an engine and have it killed; False where it came to its end before that."""
    until = durable_records(storm.journal) + draw.randint(1, RECORDS_MAX)
    pid = _fork(storm, "" if point == POINTS[-1] else point, draw.randint(1, COMMITS_MAX))
    if point == POINTS[-1]:
        while durable_records(storm.journal) < until and not os.waitid(
            os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT
        ):
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so it is nobody else
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended in (-signal.SIGKILL, 0), (storm.folder / "said").read_text()
    return ended != 0


def _fork(storm: Storm, point: str, at: int) -> int:
    """Run `coxswain` in a process of its own, which dies at a point if one is named; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.environ.update(environment(storm.folder))
        os.chdir(storm.folder)
        said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for fd in (1, 2):
            os.dup2(said, fd)
        sys.argv = ["coxswain", *storm.words] if not point else ["dies_at", point, str(at), *storm.words]
        if point:
            dies_at.main()
        else:
            cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        os._exit(code)


def main() -> None:
    kills, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tally = campaign(kills, seed)
    for point, count in tally.kills.items():
        print(f"{count:6} {point}")
    total = sum(tally.kills.values())
    print(f"{total:6} kills in {tally.storms} storms: nothing lost, nothing doubled, every chain intact")


if __name__ == "__main__":
    main()
