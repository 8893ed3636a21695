"""Run an engine to its end, for `demo` and `run`. A stop signal becomes an orderly end; one document tells the rest."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol

from coxswain.app import exits
from coxswain.app.assemble import Desk, Hook, make_loop, open_desk, started
from coxswain.app.config.load import Resolved
from coxswain.app.ending import PATIENCE_S, REPORT_S, ends_within
from coxswain.app.leasing import Leasing
from coxswain.app.live import ConfirmLive, nobody_confirms
from coxswain.app.tables import count, say
from coxswain.journal.checkpoints import default_key, trust_of
from coxswain.journal.store import Journal
from coxswain.journal.verify import Known, nothing, verify
from coxswain.messages.events import SignalDenied
from coxswain.messages.inputs import ObserveHost, SubmitSignal
from coxswain.messages.record import Record
from coxswain.model.market import Quote
from coxswain.model.vocabulary import JournalId, Mode, Symbol, VenueId
from coxswain.runtime.control_socket import ControlSocket
from coxswain.runtime.doors import Door, Doors
from coxswain.runtime.flag_file import open_flag
from coxswain.runtime.host import Host, always_well, well_under
from coxswain.runtime.kill import FlagAlarm
from coxswain.runtime.lease import Lease
from coxswain.runtime.live import still_to_confirm
from coxswain.runtime.loop import Loop
from coxswain.runtime.outlet import Outlet
from coxswain.runtime.pace import AtOnce, RealTime, utc_ns
from coxswain.runtime.records import decoded
from coxswain.runtime.signals import Signals, SignalStream
from coxswain.venues.paper import PaperVenue
from coxswain.venues.remote import RemoteVenue
from coxswain.views.answers import answer_of
from coxswain.views.summary import Audit, Mark, RunDocument, Summary

SAME_STOP_NS = 1_000_000_000
"""A signal that follows another within this is the same one, sent twice."""


class Observer(Protocol):
    """Somebody who wants to see what becomes durable; must not wait and must not raise."""

    def apply(self, record: Record) -> None: ...


@dataclass(frozen=True)
class Task:
    """What is to be run."""

    resolved: Resolved
    journal_path: Path | None
    """None keeps the journal in memory: nothing is left behind."""
    journal_id: JournalId
    """Of a new journal."""
    mode: Mode
    feed_name: str
    signals: Signals
    observers: tuple[Observer, ...] = ()
    """Shown each new record once it is durable."""
    realtime: bool = False
    """One second is one second; otherwise time is virtual."""
    by_wall_clock: bool = False
    """No quotes from outside say what time it is: time begins at UTC."""
    confirm_live: ConfirmLive = nobody_confirms
    signs: bool = False
    """With the key of the configuration, if there is one."""
    leasing: Leasing | None = field(default_factory=Leasing)
    """None for a rehearsal: it sends nothing, and keeps nobody from trading."""


@dataclass(frozen=True)
class Ran:
    document: RunDocument
    summary: Summary
    exit_code: int
    quotes: int
    quotes_skipped: int
    """Older than where the journal ended before."""
    quotes_refused: Mapping[Symbol, int]
    """Crossed or not positive."""
    orders_on_stale_quotes: int
    """Orders that reached a venue of this process when its latest quote was too old to trade on."""
    stopped_by: str
    """The signal that ended it before its time, if one did."""
    mark: Mark
    """What the journal held before."""
    lines: Mapping[int, int]
    """By seq: the line of a signal that could be read and was denied all the same."""
    gone: tuple[VenueId, ...]
    """Venues that were not there at the end: nobody knows how their accounts stand."""


def run(task: Task, feed: Iterator[Quote], after_journal: Hook | None = None, after_venue: Hook | None = None) -> Ran:
    """Run until signals and quotes have ended, or until asked to stop, and say what happened."""
    resolved = task.resolved
    leasing, waits = task.leasing, not task.realtime
    with ExitStack() as opened:
        tell = opened.enter_context(_words(task.realtime))
        refresh = None if resolved.refresh is None else resolved.refresh.make(tell, waits=waits)
        desk = opened.enter_context(
            open_desk(
                resolved,
                task.journal_path,
                task.journal_id,
                refresh,
                tell,
                task.signs,
                after_journal,
                after_venue,
                leasing=leasing,
                waits=waits,
            )
        )
        before, lines = desk.journal.head.seq, _Lines(task.signals)
        if isinstance(task.signals, SignalStream):
            task.signals.is_known = desk.engine.state.noted_commands.__contains__

        def on_record(record: Record) -> None:
            if refresh is not None:
                refresh.see(record)
            lines.apply(record)
            for observer in task.observers:
                observer.apply(record)

        pace = RealTime() if task.realtime else AtOnce()
        alarm = None if task.journal_path is None else FlagAlarm(task.journal_path, _report, _end)
        realtime = task.realtime and task.journal_path is not None
        host = Host(task.journal_path.parent, lease=desk.lease) if realtime and task.journal_path is not None else None
        doors, observe = _doors(task, desk, host), _well(desk.lease) if host is None else host.observe
        live = still_to_confirm(resolved.setup, desk.engine.state.live_confirmed)
        live_by = task.confirm_live(live) if live and task.mode is not Mode.RESEARCH else ""
        start = started(desk, resolved, task.mode, task.feed_name, live if live_by else (), live_by)
        resume_ns = max(desk.resume_ns, utc_ns() if task.by_wall_clock else 0)
        loop = make_loop(desk, resolved, feed, task.signals, on_record, pace, doors, alarm, observe, refresh)
        with _stoppable(loop), nullcontext() if alarm is None else alarm.ready():
            loop.run(start, resume_ns)
        if loop.stop_reason and task.realtime:
            ends_within(PATIENCE_S, exits.ERROR)
        if isinstance(task.signals, SignalStream) and (passed := task.signals.passed_over):
            say(f"{count(passed, 'command')} of the file: carried out before, and not again")
        gone = tuple(venue.venue_id for venue in desk.venues if isinstance(venue, RemoteVenue) and venue.is_gone)
        digest, head = desk.engine.digest(), desk.journal.head
        summary, mark = _told_by(desk.journal, before)
        stale = sum(
            counts.stale
            for venue in desk.venues
            if isinstance(venue, PaperVenue)
            for counts in venue.counts().symbols.values()
        )
    checked = None if task.journal_path is None else verify(task.journal_path, _known(task))
    audit = Audit(verified=checked is None or checked.ok, records=head.seq, head=head.hash.hex())
    document = summary.document(digest, audit)
    return Ran(
        document,
        summary,
        _exit_code(document, gone),
        loop.quotes_seen,
        loop.quotes_skipped,
        loop.quotes_refused,
        stale,
        loop.stop_reason,
        mark,
        lines.denied,
        gone,
    )


@contextmanager
def _words(realtime: bool) -> Iterator[Callable[[str], None]]:
    """How an engine speaks to people at its work: in real time it never waits for who reads."""
    if not realtime:
        yield say
        return
    outlet = Outlet("words", say)

    def tell(words: str) -> None:
        outlet.offer(words)

    try:
        yield tell
    finally:
        outlet.close(timeout_s=5.0)


def _known(task: Task) -> Known:
    return partial(trust_of, task.resolved.checkpoint_key or default_key()) if task.signs else nothing


def _told_by(journal: Journal, before: int) -> tuple[Summary, Mark]:
    """Read what happened from the journal; the mark is where it stood `before` this run.

    It is read once the run is over, so that neither a start nor an order has to wait for it.
    """
    summary = Summary()
    mark = summary.mark()
    for _, record in decoded(journal.read()):
        summary.apply(record)
        if record.seq == before:
            mark = summary.mark()
    return summary, mark


def _well(lease: Lease | None) -> Callable[[int], ObserveHost]:
    return always_well if lease is None else well_under(lease)


def _doors(task: Task, desk: Desk, host: Host | None) -> Doors:
    """Open what a running engine can be spoken to at: its flag file and its control socket."""
    journal = task.journal_path
    if journal is None:
        return Doors()

    flag = open_flag(journal, desk.engine.state, desk.guard.raise_flag)
    doors: list[Door] = [flag, ControlSocket(journal, answer_of)]
    return Doors([*doors, *(door for door in (host, desk.lease) if door is not None)])


def _report(sentence: str) -> None:
    """Say why it ends; who is told and hangs must not keep it from ending."""
    ends_within(REPORT_S, exits.ERROR)
    say(sentence)


def _end() -> NoReturn:
    os._exit(exits.ERROR)


class _Lines:
    """Finds the lines of denied signals. Records come after their inputs, and in the order of these."""

    def __init__(self, signals: Signals) -> None:
        self.denied: dict[int, int] = {}
        self._taken = signals.taken if isinstance(signals, SignalStream) else []
        self._submitted = 0

    def apply(self, record: Record) -> None:
        if not isinstance(record.input, SubmitSignal):
            return
        if self._submitted < len(self._taken) and any(isinstance(event, SignalDenied) for event in record.events):
            self.denied[record.seq] = self._taken[self._submitted]
        self._submitted += 1


def _exit_code(document: RunDocument, gone: tuple[VenueId, ...]) -> int:
    if not document.audit.verified:
        return exits.ERROR
    return exits.UNRECONCILED if document.breaks or document.orders.unknown_now or gone else exits.OK


@contextmanager
def _stoppable(loop: Loop) -> Iterator[None]:
    """End in good order on SIGINT and SIGTERM; a second one ends at once, as if killed.

    Who signals a process and then its group, as timeout(1) does, means one stop: what follows at once is the same one.
    """
    asked_ns: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if not asked_ns:
            asked_ns.append(utc_ns())
            loop.ask_to_stop(signal.Signals(number).name)
        elif utc_ns() - asked_ns[0] > SAME_STOP_NS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            signal.raise_signal(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
