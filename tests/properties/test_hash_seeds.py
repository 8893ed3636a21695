"""The same world writes the same bytes under any PYTHONHASHSEED: nothing visible depends on the order of a set."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

SEEDS = (3, 4, 11)
"""Of worlds of which everything is drawn: with crashes, outages and bursts."""
ROOT = Path(__file__).resolve().parents[2]


def digest_of_a_world() -> str:
    """Play worlds in which everything happens, and hash every byte that their engines made durable."""
    from coxswain.sim.play import play as play_drawn
    from tests.properties.test_worlds import play
    from tests.sim.wire import Faults

    world = play(2024, 80, Faults(5, 5, 5, 30), 20, staggered=True, restarts=True)
    drawn = [play_drawn(seed).digest for seed in SEEDS]
    return hashlib.sha256(b"".join(world.bodies) + "".join(drawn).encode()).hexdigest()


def test_the_journal_is_the_same_under_three_hash_seeds() -> None:
    program = "from tests.properties.test_hash_seeds import digest_of_a_world; print(digest_of_a_world())"
    paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1", "4711")
    ]
    digests = [process.communicate()[0].strip() for process in running]
    assert all(process.returncode == 0 for process in running)
    assert len(digests[0]) == 64
    assert len(set(digests)) == 1
