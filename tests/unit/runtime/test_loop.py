"""The loop: what is shown, when it is shown, and what becomes of it when something fails."""

from collections.abc import Sequence

import pytest

from coxswain.core.engine import Engine
from coxswain.journal.errors import JournalFailed
from coxswain.journal.store import Journal
from coxswain.messages.inputs import Input, StopEngine, SubmitSignal
from coxswain.messages.record import Record, decode
from coxswain.model.vocabulary import JournalId
from tests.unit.runtime.desk import Desk, entry


def in_memory() -> Journal:
    return Journal.create(None, JournalId("loop0000loop0000"))


def test_no_record_is_shown_before_it_is_durable() -> None:
    journal = in_memory()
    durable: list[bool] = []
    desk = Desk(
        entry("in", 5), journal=journal, on_record=lambda record: durable.append(record.seq <= journal.head.seq)
    )
    desk.run()
    assert durable
    assert all(durable)


def test_everything_that_is_durable_was_shown_once_and_in_order() -> None:
    desk = Desk(entry("in", 5), entry("again", 40))
    desk.run()
    assert desk.seen == [decode(body) for _, body in desk.journal.read()]
    assert isinstance(desk.seen[-1].input, StopEngine)


def test_what_could_not_be_made_durable_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    journal, append = in_memory(), Journal.append

    def full(self: Journal, bodies: Sequence[bytes]) -> None:
        if self.head.seq > 10:
            raise JournalFailed(None, "the disk is full")
        append(self, bodies)

    monkeypatch.setattr(Journal, "append", full)
    desk = Desk(entry("in", 5), journal=journal)
    with pytest.raises(JournalFailed):
        desk.run()
    assert [record.seq for record in desk.seen] == list(range(1, journal.head.seq + 1))


def test_a_step_that_fails_is_shown_with_all_before_it_once_they_are_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Engine.step

    def fails_on_a_signal(self: Engine, message: Input, now_ns: int) -> Record:
        record = step(self, message, now_ns)
        if isinstance(message, SubmitSignal):
            raise AssertionError("a bug of ours")
        return record

    monkeypatch.setattr(Engine, "step", fails_on_a_signal)
    desk = Desk(entry("in", 5))
    with pytest.raises(AssertionError, match="a bug of ours"):
        desk.run()
    assert desk.seen == [decode(body) for _, body in desk.journal.read()]
    assert desk.seen[-1].failed == "AssertionError: a bug of ours"
