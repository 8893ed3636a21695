"""Run `coxswain` and be killed at a named point: `python dies_at.py POINT N ARGUMENTS...`.

`append` is before the N-th commit of the journal; `journal` is after it, before its head is written and before anything
leaves; `venue` is after the N-th commit of a venue, before a report leaves it. `writing` is before the N-th snapshot is
written, `naming` when the journal tells of it and before it has its name; there are many of them here. The kill is
SIGKILL: nothing is flushed, closed or told.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from itertools import count

from coxswain.app import commands
from coxswain.app.cli import app
from coxswain.app.running import run
from coxswain.journal.store import Journal
from coxswain.runtime import snapshots
from coxswain.runtime.snapshots import Snapshots

SNAPSHOTS_EVERY = 100


def main() -> None:
    point, at, *arguments = sys.argv[1:]
    calls = count(1)

    def die() -> None:
        if next(calls) == int(at):
            os.kill(os.getpid(), signal.SIGKILL)

    # The two hooks are parameters of `run`; no command hands them on, because no user has a use for them.
    snapshots.EVERY = snapshots.WORTH_IT = SNAPSHOTS_EVERY
    methods: dict[str, tuple[object, str]] = {
        "append": (Journal, "append"),
        "writing": (snapshots, "write"),
        "naming": (Snapshots, "adopt"),
    }
    if point in methods:
        dies_before(*methods[point], die)
    elif point == "journal":
        setattr(commands, "run", partial(run, after_journal=die))  # noqa: B010 - or mypy minds
    else:
        setattr(commands, "run", partial(run, after_venue=die))  # noqa: B010
    app(arguments)


def dies_before(owner: object, name: str, die: Callable[[], None]) -> None:
    """Have a method call `die` before it does anything."""
    method = getattr(owner, name)

    def wrapped(self: object, *arguments: object) -> object:
        die()
        return method(self, *arguments)

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    main()
