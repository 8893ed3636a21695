"""See that a process ends although somebody outside does not: a reader that never reads, an address that never answers.

Only for what comes after the engine: nothing is decided or sent any more, and all that is left is to tell people.
"""

import os
import threading
import time

PATIENCE_S = 20.0
"""How long a run that was stopped may take to tell what it did: deliveries, the log and the screen."""
THREADS_S = 2.0
"""How long threads may take that still talk to somebody outside, when all is told."""
REPORT_S = 5.0
"""How long an engine whose journal failed may take to say so."""


def ends_within(patience_s: float, code: int) -> None:
    """End this process with `code` after `patience_s`, if it is still there then. What it holds open is let go."""

    def wait() -> None:
        time.sleep(patience_s)
        os._exit(code)

    threading.Thread(target=wait, name="ending", daemon=True).start()
