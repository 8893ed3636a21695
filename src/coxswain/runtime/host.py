"""How the machine stands, as facts for the controls that read them: room on the disk, and a clock that is right.

An observation expires, so that a process that slept lets nothing out before it has looked again. In virtual time
nothing can be late, and one observation holds to the end.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import structs

from coxswain.messages.inputs import ObserveHost
from coxswain.messages.record import Record
from coxswain.runtime.doors import Asked
from coxswain.runtime.lease import Lease, boot_clock_ns
from coxswain.runtime.pace import CLOCK, NS_PER_S, utc_ns

HEADROOM_BYTES = 64 * 1024 * 1024
SKEW_NS = NS_PER_S
"""How far the wall clock may have moved against the one that paces."""
VALID_NS = 60 * NS_PER_S
SAID_EVERY_NS = 20 * NS_PER_S
LOOKED_EVERY_S = 1.0

WELL = ObserveHost(journal_healthy=True, disk_headroom=True, clock_in_bound=True, lease_epoch=1)
"""What holds in virtual time."""


def always_well(now_ns: int) -> ObserveHost:
    return WELL


def well_under(lease: Lease) -> Callable[[int], ObserveHost]:
    """Say that all is well, under the lease that a run in virtual time has on its accounts."""
    return lambda now_ns: structs.replace(WELL, lease_epoch=lease.epoch)


class Host:
    """The machine of a run in real time, and a door (`doors.py`): says what changed, and all of it before it expires.

    The journal is healthy as long as there is a process: one that cannot write ends it, see `kill.py`.
    """

    def __init__(
        self,
        folder: Path,
        free_bytes: Callable[[Path], int] | None = None,
        wall_ns: Callable[[], int] = utc_ns,
        lease: Lease | None = None,
    ) -> None:
        self._folder = folder
        self._free_bytes = free_bytes or _free_bytes
        self._wall_ns = wall_ns
        self._lease = lease
        self._offset_ns = wall_ns() - time.clock_gettime_ns(CLOCK)
        self._said: tuple[bool, bool] | None = None
        self._said_ns = 0
        self._next_look_s = 0.0

    def observe(self, now_ns: int) -> ObserveHost:
        """Look, and return what holds for a while from now on."""
        disk, clock = self._look()
        self._said, self._said_ns = (disk, clock), now_ns
        until_ns = now_ns + VALID_NS
        if self._lease is None:
            return ObserveHost(True, disk, clock, WELL.lease_epoch, until_ns)
        lease = self._lease
        return ObserveHost(True, disk, clock, lease.epoch, until_ns, boot_clock_ns(), lease.until_ns)

    def filenos(self) -> Iterable[int]:
        return ()

    def take(self, now_ns: int) -> list[Asked]:
        if now_ns - self._said_ns < SAID_EVERY_NS:
            if time.monotonic() < self._next_look_s:
                return []
            self._next_look_s = time.monotonic() + LOOKED_EVERY_S
            if self._look() == self._said:
                return []
        return [Asked(self.observe(now_ns), _nobody_asked)]

    def on_record(self, record: Record) -> None:
        pass

    def close(self) -> None:
        pass

    def _look(self) -> tuple[bool, bool]:
        try:
            disk = self._free_bytes(self._folder) >= HEADROOM_BYTES
        except OSError:
            disk = False
        skew_ns = self._wall_ns() - time.clock_gettime_ns(CLOCK) - self._offset_ns
        return disk, abs(skew_ns) <= SKEW_NS


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _nobody_asked(record: Record) -> None:
    pass
