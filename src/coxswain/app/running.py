"""Run an engine to its end, for `demo` and `run`: stop signals become an orderly end, and one document says what happened."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from coxswain.app import exits
from coxswain.app.assemble import Desk, Hook, make_loop, open_desk, started
from coxswain.app.config.load import Resolved
from coxswain.journal.verify import verify
from coxswain.messages.record import Record
from coxswain.model.market import Quote
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import JournalId, Mode, Symbol
from coxswain.runtime.loop import Loop
from coxswain.runtime.signals import Signals, SignalStream, StopWaiting
from coxswain.views.summary import Audit, RunDocument, Summary

Latest = Callable[[Symbol], Quote | None]
MakeSignals = Callable[[Latest], Signals]


class Task(msgspec.Struct, frozen=True):
    """What is to be run."""

    resolved: Resolved
    journal_path: Path | None
    """None keeps the journal in memory: nothing is left behind."""
    journal_id: JournalId
    """Of a new journal."""
    mode: Mode
    feed_name: str
    make_signals: MakeSignals


class Ran(msgspec.Struct, frozen=True):
    document: RunDocument
    exit_code: int
    quotes: int


def run(task: Task, feed: Iterator[Quote]) -> Ran:
    """Run until signals and quotes have ended, or until asked to stop, and say what happened."""
    summary = Summary()
    resolved = task.resolved
    hooks = _crash_hooks()
    with open_desk(resolved, task.journal_path, task.journal_id, summary.apply, *hooks) as desk:
        loop, signals = _loop(task, desk, feed, summary.apply)
        with _stoppable(loop, signals):
            loop.run(started(desk, resolved, task.mode, task.feed_name), desk.resume_ns)
        digest, head, quotes = desk.engine.digest(), desk.journal.head, loop.quotes_seen
    checked = None if task.journal_path is None else verify(task.journal_path)
    audit = Audit(verified=checked is None or checked.ok, records=head.seq, head=head.hash.hex())
    document = summary.document(digest, audit)
    return Ran(document, _exit_code(document), quotes)


def _loop(task: Task, desk: Desk, feed: Iterator[Quote], on_record: Callable[[Record], None]) -> tuple[Loop, Signals]:
    latest: dict[str, Latest] = {}
    signals = task.make_signals(lambda symbol: latest["of"](symbol))
    loop = make_loop(desk, task.resolved, feed, signals, on_record)
    latest["of"] = loop.latest
    return loop, signals


def _exit_code(document: RunDocument) -> int:
    if not document.audit.verified:
        return exits.ERROR
    return exits.UNRECONCILED if document.breaks or document.orders.unknown_now else exits.OK


@contextmanager
def _stoppable(loop: Loop, signals: Signals) -> Iterator[None]:
    """End in good order on SIGINT and SIGTERM; a second one ends at once, as if killed."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        loop.ask_to_stop(signal.Signals(number).name)
        if isinstance(signals, SignalStream) and signals.waiting:
            raise StopWaiting

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
