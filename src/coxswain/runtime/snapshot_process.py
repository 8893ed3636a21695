"""Make a snapshot of a journal that is being written, in a process of its own: nobody waits for it.

    python -m coxswain.runtime.snapshot_process JOURNAL VERSION SEQ

It goes on from the snapshot before, folds what came after, up to SEQ, and prints the SHA-256 of what it wrote. The
engine that asked has the journal tell of it, and gives it its name.
"""

import os
import sys
from pathlib import Path

from coxswain.journal.chain import Head
from coxswain.journal.store import Reader
from coxswain.runtime.recovery import recover
from coxswain.runtime.snapshots import fresh_path, snapshot_of, write
from coxswain.views.returns import Returns

NICE = 10
"""The engine comes first."""


def main(path: Path, version: str, seq: int) -> None:
    os.nice(NICE)
    with Reader(path) as journal:
        returns = Returns()
        found = recover(journal, version, _nobody_is_told, returns, seq)
        stored = journal.hash_at(seq)
        assert stored is not None, "the journal does not reach so far"
        assert found.engine.state.seq == seq, "more was folded than was asked for"
        snapshot = snapshot_of(version, found.engine, found.guard, found.archive, returns.keep(), Head(seq, stored))
    sys.stdout.write(write(fresh_path(path), snapshot))


def _nobody_is_told(sentence: str) -> None:
    """The next start says it, if it is still so."""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
