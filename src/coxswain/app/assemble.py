"""The composition root: journal, engine, venues and loop are made here and given to one another, and no more.

An existing journal is brought back before anything runs. What people see is read from it when they ask.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from errno import ENOENT
from pathlib import Path

import msgspec

from coxswain import __version__
from coxswain.app.config.load import Resolved
from coxswain.app.fits import check_fits
from coxswain.app.leasing import Leasing
from coxswain.app.venues import Tell, open_venues
from coxswain.core.engine import Engine
from coxswain.journal.signing import Signer, key_for
from coxswain.journal.store import Journal
from coxswain.messages.inputs import EngineStarted, ObserveHost
from coxswain.messages.record import Record
from coxswain.model.market import Quote
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId, JournalId, Mode
from coxswain.runtime.archive import Archive
from coxswain.runtime.doors import Doors
from coxswain.runtime.egress import Guard
from coxswain.runtime.kill import Alarm
from coxswain.runtime.lease import Lease
from coxswain.runtime.loop import Loop
from coxswain.runtime.pace import Pace, utc_ns
from coxswain.runtime.recovery import begin, recover
from coxswain.runtime.refresh import Refresh
from coxswain.runtime.signals import Signals
from coxswain.runtime.snapshots import Snapshots
from coxswain.venues.base import Venue

OnRecord = Callable[[Record], None]
Hook = Callable[[], None]
"""Called after a commit and before anything leaves; a test may end the process there."""


class Desk(msgspec.Struct, frozen=True):
    """An engine with its past folded in, its journal and its venues."""

    engine: Engine
    journal: Journal
    venues: tuple[Venue, ...]
    guard: Guard
    snapshots: Snapshots | None
    """None where the journal is kept in memory."""
    resume_ns: int
    """The later of journal and venue files: where time goes on."""
    signer: Signer | None = None
    """Nobody signs where there is no key, or no file."""
    lease: Lease | None = None
    archive: Archive | None = None


def new_journal_id() -> JournalId:
    return JournalId(secrets.token_hex(8))


@contextmanager
def open_desk(
    resolved: Resolved,
    journal_path: Path | None,
    journal_id: JournalId,
    refresh: Refresh | None,
    tell: Tell,
    signs: bool = False,
    after_journal: Hook | None = None,
    after_venue: Hook | None = None,
    *,
    leasing: Leasing | None = None,
    waits: bool = True,
) -> Iterator[Desk]:
    """Open or create the journal, fold it, and open each venue on a file beside it; in memory without a path.

    `tell` is given the sentences for people about venues that go and come back, and about a snapshot of no use. With
    `waits` a snapshot is written while time stands still. Only who `signs` needs a key: a demo is made anew under the
    same id, and would be taken for an old copy of the one before.
    """
    with ExitStack() as opened:
        key = key_for(journal_path, resolved.checkpoint_key) if signs else None
        on_commit = None if after_journal is None else lambda seq: after_journal()
        if journal_path is not None and journal_path.exists():
            journal = Journal.open(journal_path, on_commit=on_commit)
            opened.callback(journal.close)
            past = recover(journal, __version__, tell, None if refresh is None else refresh.returns)
            check_fits(past.engine, resolved, journal_path)
        else:
            if journal_path is not None and not journal_path.parent.is_dir():
                raise FileNotFoundError(ENOENT, "there is no such folder", str(journal_path.parent))
            journal = Journal.create(journal_path, journal_id, on_commit=on_commit)
            opened.callback(journal.close)
            past = begin(journal)
        engine, guard, seq, archive = past
        signer = None if key is None else Signer(journal, key, tell)
        lease = None if leasing is None or journal_path is None else leasing.take(resolved, journal, engine.state)
        if lease is not None:
            opened.callback(lease.close)
            for sentence in lease.former:
                tell(sentence)
        venues = open_venues(resolved, journal_path, tell, opened, after_venue)
        seen_ns = [venue.last_ns for venue in venues if venue.last_ns is not None]
        snapshots = None
        if journal_path is not None:
            returns = None if refresh is None else refresh.returns
            snapshots = Snapshots(journal_path, __version__, engine, guard, archive, returns, tell, seq, waits=waits)
        resume_ns = max([engine.state.now_ns, *seen_ns])
        yield Desk(engine, journal, tuple(venues), guard, snapshots, resume_ns, signer, lease, archive)


def make_loop(
    desk: Desk,
    resolved: Resolved,
    feed: Iterator[Quote],
    signals: Signals,
    on_record: OnRecord,
    pace: Pace,
    doors: Doors,
    alarm: Alarm | None,
    observe: Callable[[int], ObserveHost],
    refresh: Refresh | None = None,
) -> Loop:
    interval_ns = int(resolved.setup.settings["quote_interval_ms"]) * 1_000_000
    engine, journal, venues, guard = desk.engine, desk.journal, desk.venues, desk.guard
    return Loop(
        engine,
        journal,
        venues,
        feed,
        signals,
        interval_ns,
        on_record,
        pace,
        doors,
        guard,
        alarm,
        observe,
        refresh,
        desk.signer,
        desk.snapshots,
        desk.lease,
        desk.archive,
    )


def started(
    desk: Desk, resolved: Resolved, mode: Mode, feed_name: str, live: tuple[AccountId, ...] = (), live_by: str = ""
) -> EngineStarted:
    """Say what this start is told. A journal keeps the seed that it began with."""
    setup = msgspec.structs.replace(resolved.setup, mode=mode, feed=_labelled(feed_name, resolved.setup))
    seed = desk.engine.state.seed if desk.engine.state.seq else resolved.seed
    wall_ns = utc_ns() if desk.engine.state.kept else None
    return EngineStarted(__version__, desk.journal.journal_id, seed, setup, live, live_by, wall_ns)


def _labelled(feed_name: str, setup: Setup) -> str:
    """Name the market, and every venue that invents something of its own: no figure from there is of that market."""
    told = [f"venue {venue.id} is SIMULATED: {venue.simulated}" for venue in setup.venues if venue.simulated]
    return "; ".join([feed_name, *told])
