"""How engine time passes: at once, or as fast as it does outside. The loop is the same for both.

The monotonic clock paces. The wall clock is read once, by whoever says when a run begins; what it does later moves
nothing, and only shows as skew.
"""

import time
from collections.abc import Callable
from typing import Protocol

NS_PER_S = 1_000_000_000
STOOD_STILL_NS = 1_000_000_000
"""A process that is this late was stopped, or starved: what it was about to do is looked at afresh."""
# A suspended machine stands still, and the world does not: where there is a clock that counts that time, it paces.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

Wait = Callable[[float | None], None]
"""Wait so many seconds, or without a limit, and less when something comes in."""


class Pace(Protocol):
    """The clock of a loop."""

    passes: bool
    """Time goes on while nothing happens. Where it does not, it never passes a line that is still to be read."""

    def begin(self, now_ns: int) -> None:
        """Have engine time begin here, now."""

    def caught_up(self, now_ns: int) -> int:
        """Return the time to go on at, where `now_ns` is the time reached: later only after standing still."""

    def go(self, now_ns: int, at_ns: int | None, wait: Wait) -> int:
        """Let time pass from `now_ns` to `at_ns`, or less when something comes in first; return the time reached."""

    def lag_ns(self, now_ns: int) -> int:
        """Return how far engine time at `now_ns` is behind the time outside."""


def utc_ns() -> int:
    """Read the wall clock: where a run begins that no quotes give a time."""
    return time.time_ns()  # noqa: TID251  # this is the runtime's clock


class AtOnce:
    """Virtual time: the next thing is always now."""

    passes = False

    def begin(self, now_ns: int) -> None:
        pass

    def caught_up(self, now_ns: int) -> int:
        return now_ns

    def go(self, now_ns: int, at_ns: int | None, wait: Wait) -> int:
        return now_ns if at_ns is None else at_ns

    def lag_ns(self, now_ns: int) -> int:
        return 0


class RealTime:
    """One second of engine time is one second."""

    passes = True

    def __init__(self) -> None:
        self._offset_ns = 0

    def begin(self, now_ns: int) -> None:
        self._offset_ns = now_ns - time.clock_gettime_ns(CLOCK)

    def caught_up(self, now_ns: int) -> int:
        """What is due is taken at the time it was due, a little late as it may be; a gap is not lived through."""
        outside_ns = self._outside_ns()
        return outside_ns if outside_ns - now_ns > STOOD_STILL_NS else now_ns

    def go(self, now_ns: int, at_ns: int | None, wait: Wait) -> int:
        outside_ns = self._outside_ns()
        if at_ns is not None and at_ns <= outside_ns:
            return at_ns
        wait(None if at_ns is None else (at_ns - outside_ns) / NS_PER_S)
        outside_ns = max(self._outside_ns(), now_ns)
        return outside_ns if at_ns is None else min(outside_ns, at_ns)

    def lag_ns(self, now_ns: int) -> int:
        return max(self._outside_ns() - now_ns, 0)

    def _outside_ns(self) -> int:
        return time.clock_gettime_ns(CLOCK) + self._offset_ns
