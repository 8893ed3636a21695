"""How the machine stands: said at the start, when it changes, and again before it expires."""

from pathlib import Path

import pytest

from coxswain.messages.inputs import ObserveHost
from coxswain.runtime import host as module
from coxswain.runtime.host import HEADROOM_BYTES, SAID_EVERY_NS, SKEW_NS, VALID_NS, Host

HERE = Path()


class Machine:
    """A disk and two clocks that are moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = HEADROOM_BYTES
        self.wall_ns = 0
        monkeypatch.setattr(module, "LOOKED_EVERY_S", 0.0)
        monkeypatch.setattr("coxswain.runtime.host.time.clock_gettime_ns", lambda clock: 0)
        self.host = Host(HERE, lambda folder: self.free, lambda: self.wall_ns)

    def said(self, now_ns: int) -> list[ObserveHost]:
        return [message for message, _ in self.host.take(now_ns) if isinstance(message, ObserveHost)]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_what_is_said_expires_and_is_said_again_before_that(machine: Machine) -> None:
    first = machine.host.observe(1000)
    assert first == ObserveHost(True, True, True, 1, 1000 + VALID_NS)
    assert machine.said(1000 + SAID_EVERY_NS - 1) == []
    (again,) = machine.said(1000 + SAID_EVERY_NS)
    assert again.valid_until_ns == 1000 + SAID_EVERY_NS + VALID_NS


@pytest.mark.parametrize(("free", "enough"), [(HEADROOM_BYTES, True), (HEADROOM_BYTES - 1, False)])
def test_a_disk_with_too_little_room_is_said_at_once(machine: Machine, free: int, enough: bool) -> None:
    machine.host.observe(1000)
    machine.free = free
    assert [each.disk_headroom for each in machine.said(1001)] == ([] if enough else [False])


@pytest.mark.parametrize(("moved_ns", "right"), [(SKEW_NS, True), (SKEW_NS + 1, False), (-SKEW_NS - 1, False)])
def test_a_wall_clock_that_jumps_is_said_at_once(machine: Machine, moved_ns: int, right: bool) -> None:
    machine.host.observe(1000)
    machine.wall_ns = moved_ns
    assert [each.clock_in_bound for each in machine.said(1001)] == ([] if right else [False])


def test_a_disk_that_cannot_be_asked_has_no_room(machine: Machine) -> None:
    def gone(folder: Path) -> int:
        raise OSError("gone")

    host = Host(HERE, gone)
    assert host.observe(1).disk_headroom is False
