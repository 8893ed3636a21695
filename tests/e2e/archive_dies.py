"""Archive a journal and be killed at a named point: `python archive_dies.py POINT N ARGUMENTS...`.

`adding` is before the N-th part goes into a segment, `syncing` before the N-th fsync, `naming` before the N-th segment
gets its name. The kill is SIGKILL.
"""

import os
import signal
import sys
import tarfile
from itertools import count
from pathlib import Path
from typing import Any

from coxswain.app.cli import main

POINTS: dict[str, tuple[Any, str]] = {
    "adding": (tarfile.TarFile, "addfile"),
    "syncing": (os, "fsync"),
    "naming": (Path, "rename"),
}


def plant(point: str, at: int) -> None:
    """Have a call end the process before it does anything."""
    owner, name = POINTS[point]
    call, calls = getattr(owner, name), count(1)

    def dies(*arguments: Any, **more: Any) -> Any:
        if next(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **more)

    setattr(owner, name, dies)


if __name__ == "__main__":
    _, point, at, *words = sys.argv
    plant(point, int(at))
    sys.argv = ["coxswain", *words]
    main()
