"""How a figure is taken and told: the median of several rounds, the least and the most beside it, and the machine.

A table goes to standard error for people, one JSON line a figure to standard output.
"""

import gc
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

ROUNDS = 5
QUICK = "--quick" in sys.argv
SCALES = {"us": 1e6, "ms": 1e3, "s": 1.0, "bytes": 1.0, "MiB": 2.0**-20, "1/s": 1.0, "x": 1.0}


def machine() -> dict[str, object]:
    """Say what it is measured on, and how much that has to do beside it now."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def measure(name: str, unit: str, per: int, once: Callable[[], float], rounds: int = ROUNDS) -> None:
    """Take `once`, seconds for `per` pieces, several times, and print what one piece cost."""
    figures = []
    for _ in range(1 if QUICK else rounds):
        gc.collect()
        figures.append(once() / per)
    show(name, unit, figures, per=per)


def show(name: str, unit: str, figures: Sequence[float], **more: object) -> None:
    """Print the median of `figures`, which are seconds, bytes, pieces a second or ratios; `more` goes into the line."""
    scaled = [figure * SCALES[unit] for figure in figures]
    median, least, most = statistics.median(scaled), min(scaled), max(scaled)
    line = {"name": name, "value": round(median, 3), "unit": unit, "least": round(least, 3), "most": round(most, 3)}
    print(json.dumps({**line, "rounds": len(scaled), **more, **machine()}), flush=True)
    print(f"{name:<66} {median:>10.2f} {unit:<5}  {least:.2f} to {most:.2f}", file=sys.stderr, flush=True)


def headline() -> None:
    now = machine()
    print(f"Python {now['python']} on {now['cpus']} cpus, load {now['load_1min']}", file=sys.stderr)


def percentile(figures: Sequence[float], share: float) -> float:
    """Return the figure that `share` of all do not exceed; of few, the most."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
