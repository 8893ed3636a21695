"""Run `coxswain` with a journal that fails: `python fails_at.py full|hang N ARGUMENTS...`, from the N-th write on.

`full` lets no file of this process grow any further, as a full disk would; `hang` has the write take for ever.
"""

import os
import resource
import sys
import time
from collections.abc import Sequence
from itertools import count

from coxswain.app.cli import main
from coxswain.journal.store import Journal


def fail() -> None:
    how, at, *arguments = sys.argv[1:]
    calls, append = count(1), Journal.append

    def failing(self: Journal, bodies: Sequence[bytes]) -> None:
        if next(calls) >= int(at):
            if how == "hang":
                time.sleep(3600)
            assert self.path is not None
            wal = os.stat(self.path.with_name(f"{self.path.name}-wal")).st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (wal, wal))
        append(self, bodies)

    setattr(Journal, "append", failing)  # noqa: B010 - or mypy minds
    sys.argv = ["coxswain", *arguments]
    main()


if __name__ == "__main__":
    fail()
