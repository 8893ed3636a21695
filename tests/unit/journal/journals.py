"""Journals to test with: written in a moment, or left behind by a process that was killed."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from coxswain.journal.store import Journal
from coxswain.model.vocabulary import JournalId

ID = JournalId("J1")


def written(path: Path, *groups: Sequence[bytes]) -> Path:
    with Journal.create(path, ID) as journal:
        for group in groups:
            journal.append(group)
    return path


def names_beside(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()}


def head_file(path: Path) -> Path:
    return path.with_name(path.name + ".head")


WRITER = """
import os, sys
from pathlib import Path
from coxswain.journal.store import Journal

path, appends = Path(sys.argv[1]), int(sys.argv[2])
journal = Journal.open(path) if path.exists() else Journal.create(path, "J1")
while appends:
    journal.append([b"%d" % (journal.head.seq + 1)])
    print(journal.head.seq, flush=True)
    appends -= 1
os._exit(9)
"""


def killed_writer(path: Path, appends: int) -> Path:
    """Append so often in another process, which then ends without closing anything."""
    done = subprocess.run([sys.executable, "-c", WRITER, str(path), str(appends)], stdout=subprocess.PIPE, check=False)
    assert done.returncode == 9
    return path
