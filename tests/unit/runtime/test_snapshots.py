"""A start with a snapshot knows what a start without one knows; one that cannot be trusted is not used."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coxswain.core.engine import Engine
from coxswain.journal.chain import Head
from coxswain.journal.store import Journal
from coxswain.messages.inputs import NoteSnapshot
from coxswain.messages.record import decode, encode
from coxswain.runtime import snapshots
from coxswain.runtime.archive import Archive
from coxswain.runtime.egress import Guard
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.recovery import Recovered, recover
from coxswain.runtime.snapshots import Snapshots, find, snapshot_path
from coxswain.sim.ground import JOURNAL
from coxswain.views.returns import Returns
from tests.sim.world import World

VERSION = "test"


class Desk:
    """A world whose records go into a journal on the disk, and an engine and a guard that fold them."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.path = folder / "j"
        self.journal = Journal.create(self.path, JOURNAL)
        self.world = World(seed)
        self.engine, self.guard, self.archive = make_engine(), Guard(), Archive(self.journal)
        self.told: list[str] = []
        self.go_on()

    def go_on(self) -> None:
        """Have something happen, and journal it."""
        self.world.run(200_000_000)
        for symbol in self.world.ticks:
            self.world.quote(symbol)
        self.journal.append(self.world.bodies[self.journal.head.seq :])
        for body in self.world.bodies[self.engine.state.seq :]:
            record = decode(body)
            self.engine.fold(record)
            self.guard.note(body)
            self.archive.note(record)

    def taker(self, returns: Returns | None = None, version: str = VERSION) -> Snapshots:
        return Snapshots(
            self.path, version, self.engine, self.guard, self.archive, returns, self.told.append, 0, waits=True
        )

    def note(self, taker: Snapshots) -> None:
        """Journal what is ready, as the loop does."""
        note = taker.ready()
        assert note is not None
        self.world.step(note)
        self.go_on()

    def take(self, returns: Returns | None = None, version: str = VERSION) -> None:
        taker = self.taker(returns, version)
        taker.begin(self.journal.head)
        self.note(taker)
        taker.adopt()
        self.go_on()

    def recover(self, returns: Returns | None = None) -> Recovered:
        return recover(self.journal, VERSION, self.told.append, returns)

    def is_all_there(self, found: Recovered) -> bool:
        return found.engine.digest() == self.engine.digest() and found.guard.keep() == self.guard.keep()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_start_knows_the_same_with_a_snapshot_and_without(desk: Desk) -> None:
    desk.take()
    with_it = desk.recover()
    snapshot_path(desk.path).unlink()
    without = desk.recover()
    assert with_it.snapshot_seq > 0 == without.snapshot_seq
    assert desk.is_all_there(with_it)
    assert desk.is_all_there(without)
    assert desk.told == []


def test_only_what_came_after_the_snapshot_is_folded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take()
    folded: list[int] = []
    monkeypatch.setattr(Engine, "fold_facts", lambda engine, seq, *rest: folded.append(seq))
    seq = desk.recover().snapshot_seq
    assert folded == list(range(seq + 1, desk.journal.head.seq + 1))


def test_the_latest_snapshot_is_the_one_that_counts(desk: Desk) -> None:
    desk.take()
    first = desk.recover().snapshot_seq
    desk.take()
    assert desk.recover().snapshot_seq > first


def test_daily_returns_come_back_with_it(desk: Desk) -> None:
    returns = Returns()
    for body in desk.world.bodies:
        returns.apply(decode(body))
    desk.take(returns)
    found = Returns()
    assert desk.recover(found).snapshot_seq > 0
    assert found.keep() == returns.keep()


def test_one_without_daily_returns_is_of_no_use_to_who_needs_them(desk: Desk) -> None:
    desk.take()
    found = Returns()
    recovered = desk.recover(found)
    assert recovered.snapshot_seq == 0
    assert found.accounts
    assert "without daily returns" in desk.told[0]


# --- what is not trusted ----------------------------------------------------------------------------------------------


def tampered(raw: bytes) -> bytes:
    return raw.replace(b"100000", b"900000", 1)


def cut_short(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def empty(raw: bytes) -> bytes:
    return b""


def of_another_format(raw: bytes) -> bytes:
    return raw.replace(snapshots.FORMAT.encode(), b"coxswain-snapshot-9")


@pytest.mark.parametrize("change", [tampered, cut_short, empty, of_another_format])
def test_one_that_is_not_as_it_was_written_is_not_used(desk: Desk, change: Callable[[bytes], bytes]) -> None:
    desk.take()
    path = snapshot_path(desk.path)
    raw = path.read_bytes()
    assert change(raw) != raw
    path.write_bytes(change(raw))
    found = desk.recover()
    assert found.snapshot_seq == 0
    assert desk.is_all_there(found)
    (sentence,) = desk.told
    assert sentence.startswith("the snapshot j.snapshot is not used, and the whole journal is folded: ")


def test_one_of_another_version_is_not_used(desk: Desk) -> None:
    desk.take(version="an older one")
    assert find(desk.journal, VERSION, desk.told.append) is None
    assert "version an older one wrote it" in desk.told[0]


def test_one_of_another_journal_is_not_used(desk: Desk, tmp_path: Path) -> None:
    desk.take()
    other = tmp_path / "other"
    with Journal.create(other, type(JOURNAL)("another")) as journal:
        journal.append(desk.world.bodies)
        snapshot_path(other).write_bytes(snapshot_path(desk.path).read_bytes())
        assert find(journal, VERSION, desk.told.append) is None
    assert f"it is of the journal {JOURNAL}" in desk.told[0]


def test_one_of_another_past_of_the_same_journal_is_not_used(desk: Desk, tmp_path: Path) -> None:
    """A backup that was restored and went on in its own way has the same name and other records."""
    desk.take()
    other = tmp_path / "other"
    with Journal.create(other, JOURNAL) as journal:
        journal.append([*desk.world.bodies[:-9], *(encode(decode(body)) + b" " for body in desk.world.bodies[-9:])])
        snapshot_path(other).write_bytes(snapshot_path(desk.path).read_bytes())
        taker = desk.taker()
        taker.begin(Head(journal.head.seq, journal.head.hash[::-1]))
        (tmp_path / "j.snapshot.new").rename(snapshot_path(other))
        assert find(journal, VERSION, desk.told.append) is None
    assert "is not the one that it was taken after" in desk.told[0]


# --- killed around it -------------------------------------------------------------------------------------------------


def test_a_kill_before_the_journal_tells_of_it_leaves_the_one_before(desk: Desk) -> None:
    desk.take()
    before = desk.recover().snapshot_seq
    taker = desk.taker()
    taker.begin(desk.journal.head)
    desk.go_on()
    found = desk.recover()
    assert found.snapshot_seq == before
    assert desk.is_all_there(found)


def test_a_kill_before_it_has_its_name_leaves_the_one_before(desk: Desk) -> None:
    desk.take()
    before = desk.recover().snapshot_seq
    taker = desk.taker()
    taker.begin(desk.journal.head)
    desk.note(taker)
    found = desk.recover()
    assert found.snapshot_seq == before
    assert desk.is_all_there(found)


def test_one_that_got_its_name_before_the_journal_told_of_it_would_not_be_used(desk: Desk) -> None:
    taker = desk.taker()
    taker.begin(desk.journal.head)
    taker.adopt()
    desk.go_on()
    found = desk.recover()
    assert found.snapshot_seq == 0
    assert desk.is_all_there(found)


def test_a_disk_that_takes_no_more_costs_a_snapshot_and_nothing_else(desk: Desk) -> None:
    desk.take()
    before = desk.recover().snapshot_seq
    blocked = desk.path.with_name("j.snapshot.new")
    blocked.mkdir()
    taker = desk.taker()
    taker.begin(desk.journal.head)
    assert taker.ready() is None
    assert "no snapshot could be written" in desk.told[0]
    assert desk.recover().snapshot_seq == before
    assert not taker.is_due(desk.journal.head.seq), "it is tried again only when the next one is due"


# --- where time passes by itself --------------------------------------------------------------------------------------


def elsewhere(desk: Desk) -> Snapshots:
    return Snapshots(desk.path, VERSION, desk.engine, desk.guard, desk.archive, None, desk.told.append, 0, waits=False)


def when_ready(taker: Snapshots) -> NoteSnapshot | None:
    work = taker._work
    assert isinstance(work, snapshots._Elsewhere)
    work._process.wait(60)
    return taker.ready()


def test_another_process_makes_it_of_what_is_durable_while_the_engine_goes_on(desk: Desk) -> None:
    taker = elsewhere(desk)
    taker.begin(desk.journal.head)
    seq = desk.journal.head.seq
    desk.go_on()
    note = when_ready(taker)
    assert note is not None
    desk.world.step(note)
    desk.go_on()
    taker.adopt()
    found = desk.recover()
    assert found.snapshot_seq == note.seq == seq
    assert desk.is_all_there(found)
    assert desk.told == []


def test_a_process_that_fails_costs_a_snapshot_and_nothing_else(desk: Desk) -> None:
    desk.path.with_name("j.snapshot.new").mkdir()
    taker = elsewhere(desk)
    taker.begin(desk.journal.head)
    assert when_ready(taker) is None
    assert "no snapshot could be written" in desk.told[0]
    assert desk.is_all_there(desk.recover())


def test_at_the_end_one_that_is_on_its_way_is_given_up_for_one_of_the_end(desk: Desk) -> None:
    taker = elsewhere(desk)
    taker.begin(desk.journal.head)
    assert not taker.is_due(desk.journal.head.seq + snapshots.EVERY)
    desk.go_on()
    assert taker.is_due(desk.journal.head.seq, at_end=True)
    taker.begin(desk.journal.head, at_end=True)
    desk.note(taker)
    taker.adopt()
    assert desk.recover().snapshot_seq > 0


def test_where_no_process_can_be_started_the_engine_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(desk.path))
    taker = elsewhere(desk)
    taker.begin(desk.journal.head)
    assert taker.ready() is None
    assert "no snapshot could be written" in desk.told[0]
