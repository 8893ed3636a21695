"""Where a running engine can be spoken to beside its signals and venues, and how the loop waits for all of them.

A door gives commands and is told what became of each. None may hold up the loop: whoever is slow is hung up on.
"""

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from coxswain.messages.inputs import Input
from coxswain.messages.record import Record

LOOK_EVERY_S = 0.01
"""The longest that a busy loop goes on without a look at its doors, and an idle one without a look at the flag file."""


class Asked(NamedTuple):
    """A command, and who wants to know what became of it once that is durable."""

    message: Input
    reply: Callable[[Record], None]


class Door(Protocol):
    def filenos(self) -> Iterable[int]:
        """Return what becomes readable when somebody is there."""

    def take(self, now_ns: int) -> Sequence[Asked]:
        """Return what was asked since the last look. Never blocks."""

    def on_record(self, record: Record) -> None:
        """See a record that is durable."""

    def close(self) -> None: ...


class Doors:
    """All doors of one engine."""

    def __init__(self, doors: Sequence[Door] = ()) -> None:
        self._doors = tuple(doors)
        self._next_look_s = 0.0
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)

    def wake(self) -> None:
        """End a wait, now or as soon as it begins. Safe to call from a signal handler."""
        with contextlib.suppress(OSError):  # full: it wakes anyway
            os.write(self._wake, b"!")

    def take(self, now_ns: int) -> list[Asked]:
        """Return what was asked, if it is time for a look."""
        if not self._doors or time.monotonic() < self._next_look_s:
            return []
        self._next_look_s = time.monotonic() + LOOK_EVERY_S
        return [asked for door in self._doors for asked in door.take(now_ns)]

    def look_again(self) -> None:
        """Have the next look taken at once, however short ago the last one was."""
        self._next_look_s = 0.0

    def on_record(self, record: Record) -> None:
        for door in self._doors:
            door.on_record(record)

    def wait(self, seconds: float | None, others: Iterable[int | None] = ()) -> set[int]:
        """Wait until somebody is there, `others` included, for so many seconds at most; return who of these is."""
        if self._doors:
            seconds = LOOK_EVERY_S if seconds is None else min(seconds, LOOK_EVERY_S)
        watched = [fd for fd in others if fd is not None]
        fds = [self._woken, *watched, *(fd for door in self._doors for fd in door.filenos())]
        ready = set(select.select(fds, (), (), seconds)[0])
        if self._woken in ready:
            os.read(self._woken, 64)
        if ready:
            self._next_look_s = 0.0
        return ready

    def close(self) -> None:
        for door in self._doors:
            door.close()
        os.close(self._woken)
        os.close(self._wake)
