"""The flag file: what its text means, what it becomes in the journal, and what takes it away again."""

import os
from pathlib import Path

import pytest

from coxswain.messages.events import CommandRefused, TradingResumed, TradingStopped
from coxswain.messages.inputs import StopTrading, TimePassed
from coxswain.messages.record import Record
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.runtime.flag_file import SETTLES_NS, FlagFile, flag_path

NOW_NS = 1_000


class Desk:
    """A flag file beside a journal that has these stops already."""

    def __init__(self, folder: Path, *stands: tuple[StopLevel, Scope]) -> None:
        self.journal = folder / "j"
        self.path = flag_path(self.journal)
        self.stands = stands
        self.raised = 0
        self.wall_ns = 2**62
        self.flag = self.start()

    def start(self) -> FlagFile:
        levels = [level for level, scope in self.stands if scope == EVERYTHING]
        return FlagFile(self.journal, levels, lambda *stop: stop in self.stands, self._raise, lambda: self.wall_ns)

    def _raise(self) -> None:
        self.raised += 1

    def asked(self) -> list[StopTrading]:
        return [asked.message for asked in self.flag.take(NOW_NS) if isinstance(asked.message, StopTrading)]


ACCOUNT = Scope(ScopeKind.ACCOUNT, "ann")


@pytest.mark.parametrize(
    ("text", "level", "scope"),
    [
        ("", StopLevel.HALT, EVERYTHING),
        ("# only a remark\n\n", StopLevel.HALT, EVERYTHING),
        ("freeze", StopLevel.FREEZE, EVERYTHING),
        ("Flatten Everything\n", StopLevel.FLATTEN, EVERYTHING),
        ("# why\nhalt account ann\nand more", StopLevel.HALT, ACCOUNT),
        ("pause instrument EURUSD", StopLevel.PAUSE, Scope(ScopeKind.INSTRUMENT, "EURUSD")),
        ("halt account", StopLevel.HALT, EVERYTHING),
        ("pause order x-1", StopLevel.HALT, EVERYTHING),
        ("stop please", StopLevel.HALT, EVERYTHING),
        ("\x00\ufffd", StopLevel.HALT, EVERYTHING),
    ],
)
def test_what_a_file_says_and_what_is_not_clear_halts_everything(
    tmp_path: Path, text: str, level: StopLevel, scope: Scope
) -> None:
    desk = Desk(tmp_path)
    desk.path.write_text(text)
    (stop,) = desk.asked()
    assert (stop.level, stop.scope) == (level, scope)
    assert stop.actor, "the file's owner"
    assert desk.asked() == [], "once"
    desk.path.write_text(f"{text}\nfreeze\n")
    os.utime(desk.path, ns=(1, 1))
    assert len(desk.asked()) == 1, "it was changed"


def test_something_else_than_a_file_is_a_halt_and_is_not_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    os.mkfifo(desk.path)
    (stop,) = desk.asked()
    assert (stop.level, stop.scope) == (StopLevel.HALT, EVERYTHING)


def test_an_empty_file_is_given_a_moment_in_which_somebody_may_write_into_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.path.touch()
    os.utime(desk.path, ns=(5_000, 5_000))
    desk.wall_ns = 5_000 + SETTLES_NS - 1
    assert desk.asked() == []
    desk.wall_ns += 1
    assert len(desk.asked()) == 1


def test_a_stop_that_the_journal_has_is_not_asked_for_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (StopLevel.HALT, EVERYTHING))
    assert desk.path.read_text().startswith("halt\n"), "it was deleted, and that releases nothing"
    assert desk.asked() == []


def test_a_stop_of_everything_is_written_and_the_stricter_one_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for level in (StopLevel.HALT, StopLevel.FREEZE, StopLevel.PAUSE):
        event = TradingStopped(level, EVERYTHING, "storm", "ann")
        desk.flag.on_record(Record(7, NOW_NS, TimePassed(), (event,)))
    assert desk.path.read_text().startswith("freeze\n# record 7, by ann: storm\n")
    assert desk.asked() == [], "our own writing is no wish of anybody"


@pytest.mark.parametrize(("scope", "stays"), [(ACCOUNT, False), (EVERYTHING, True)])
def test_a_release_of_what_the_file_says_takes_it_away(tmp_path: Path, scope: Scope, stays: bool) -> None:
    desk = Desk(tmp_path)
    desk.path.write_text("halt account ann")
    desk.asked()
    event = TradingResumed(scope, (StopLevel.HALT,), "over", "ann")
    desk.flag.on_record(Record(8, NOW_NS, TimePassed(), (event,)))
    assert desk.path.exists() is stays


def test_a_file_that_stops_nothing_becomes_a_halt_of_everything(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.path.write_text("halt account nobody")
    (asked,) = desk.flag.take(NOW_NS)
    refused = CommandRefused("halt", "account nobody", ("ACCOUNT_UNKNOWN",), "ann")
    asked.reply(Record(9, NOW_NS, asked.message, (refused,)))
    assert desk.asked() == [StopTrading(StopLevel.HALT, EVERYTHING, "flag file j.stop", desk_user(desk.path))]
    assert desk.raised == 0
    (again,) = Desk(tmp_path).flag.take(NOW_NS)
    again.reply(Record(10, NOW_NS, again.message, (TradingStopped(StopLevel.HALT, EVERYTHING, "x", "ann"),)))


def test_the_guard_hears_of_a_file_that_stops_everything(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.path.touch()
    (asked,) = desk.flag.take(NOW_NS)
    assert desk.raised == 0
    asked.reply(Record(9, NOW_NS, asked.message, (TradingStopped(StopLevel.HALT, EVERYTHING, "x", "ann"),)))
    assert desk.raised == 1


def desk_user(path: Path) -> str:
    return path.owner()
