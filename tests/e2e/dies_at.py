"""Run `coxswain` and be killed at a named point: `python dies_at.py journal|venue N ARGUMENTS...`.

`journal` is after the N-th commit of the journal, before its head is written and before anything leaves; `venue` is
after the N-th commit of a venue, before a report leaves it. The kill is SIGKILL: nothing is flushed, closed or told.
"""

import os
import signal
import sys
from functools import partial
from itertools import count

from coxswain.app import commands
from coxswain.app.cli import app
from coxswain.app.running import run


def main() -> None:
    point, at, *arguments = sys.argv[1:]
    calls = count(1)

    def die() -> None:
        if next(calls) == int(at):
            os.kill(os.getpid(), signal.SIGKILL)

    # The two hooks are parameters of `run`; no command hands them on, because no user has a use for them.
    hooked = partial(run, after_journal=die) if point == "journal" else partial(run, after_venue=die)
    setattr(commands, "run", hooked)  # noqa: B010 - mypy keeps modules from being changed
    app(arguments)


if __name__ == "__main__":
    main()
