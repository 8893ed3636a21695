"""How both sides take turns: each sets its work up once, then measures a batch whenever it is told to.

Nothing but the standard library is imported here: what a side's process holds is that side's alone.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator


def resident_mib(pid: int | None = None) -> float:
    """Return what a process has in memory now, this one unless another is named."""
    said = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid or os.getpid())], check=True, capture_output=True, text=True
    )
    return int(said.stdout) / 1024


class Stopwatch:
    """Waits for its turn, measures one batch, and says what it took."""

    def __init__(self) -> None:
        self._cpu_s = 0.0
        self._wall_s = 0.0

    def start(self) -> None:
        """Say that everything is set up, and wait for the word."""
        gc.collect()
        print(json.dumps({"ready": True, "resident_mib": resident_mib()}), flush=True)
        if not sys.stdin.readline():
            sys.exit(0)
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def stop(self, count: int) -> None:
        cpu_s, wall_s = time.process_time() - self._cpu_s, time.perf_counter() - self._wall_s
        figures = {"cpu_us": cpu_s / count * 1e6, "wall_us": wall_s / count * 1e6, "resident_mib": resident_mib()}
        print(json.dumps(figures), flush=True)


def batches(once: Callable[[], None], count: int) -> None:
    """Measure `once`, which does `count` pieces, whenever it is our turn."""
    watch = Stopwatch()
    while True:
        watch.start()
        once()
        watch.stop(count)


def bids() -> Iterator[int]:
    """A market that goes up and down by a tick at a time, in hundred-thousandths, for ever."""
    while True:
        yield from range(108_500, 108_520)
        yield from range(108_520, 108_500, -1)
