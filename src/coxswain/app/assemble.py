"""The composition root: journal, engine, venues and loop are made here and given to one another, and no more.

An existing journal is folded before anything runs; each of its records is shown to the views as if it had just come.
"""

import importlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from errno import ENOENT
from pathlib import Path

import msgspec

from coxswain import __version__
from coxswain.app.config.load import Resolved, VenueChoice
from coxswain.app.fits import check_fits
from coxswain.app.plugins import make_engine
from coxswain.core.engine import Engine
from coxswain.journal.store import Journal
from coxswain.messages.inputs import EngineStarted
from coxswain.messages.record import Record
from coxswain.model.market import Quote
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import JournalId, Mode, VenueId
from coxswain.runtime.loop import Loop
from coxswain.runtime.replay import decoded
from coxswain.runtime.signals import Signals
from coxswain.venues.base import Venue
from coxswain.venues.remote import RemoteVenue

OnRecord = Callable[[Record], None]
Hook = Callable[[], None]
"""Called after a commit and before anything leaves; a test may end the process there."""


class Desk(msgspec.Struct, frozen=True):
    """An engine with its past folded in, its journal and its venues."""

    engine: Engine
    journal: Journal
    venues: tuple[Venue, ...]
    resume_ns: int
    """The later of journal and venue files: where time goes on."""


def new_journal_id() -> JournalId:
    return JournalId(secrets.token_hex(8))


@contextmanager
def open_desk(
    resolved: Resolved,
    journal_path: Path | None,
    journal_id: JournalId,
    on_record: OnRecord,
    after_journal: Hook | None = None,
    after_venue: Hook | None = None,
) -> Iterator[Desk]:
    """Open or create the journal, fold it, and open each venue on a file beside it; in memory without a path."""
    with ExitStack() as opened:
        engine = make_engine()
        on_commit = None if after_journal is None else lambda seq: after_journal()
        if journal_path is not None and journal_path.exists():
            journal = Journal.open(journal_path, on_commit=on_commit)
            opened.callback(journal.close)
            for _, record in decoded(journal.read()):
                engine.fold(record)
                on_record(record)
            check_fits(engine, resolved, journal_path)
        else:
            if journal_path is not None and not journal_path.parent.is_dir():
                raise FileNotFoundError(ENOENT, "there is no such folder", str(journal_path.parent))
            journal = Journal.create(journal_path, journal_id, on_commit=on_commit)
            opened.callback(journal.close)
        venues: list[Venue] = []
        for venue_id, choice in resolved.venues.items():
            venues.append(_open_venue(venue_id, choice, resolved.setup, journal_path, after_venue))
            opened.callback(venues[-1].close)
        seen_ns = [venue.last_ns for venue in venues if venue.last_ns is not None]
        yield Desk(engine, journal, tuple(venues), max([engine.state.now_ns, *seen_ns]))


def _open_venue(
    venue_id: VenueId, choice: VenueChoice, setup: Setup, journal_path: Path | None, after_commit: Hook | None
) -> Venue:
    if choice.params.get("separate") and journal_path is not None:
        return RemoteVenue(venue_file(journal_path, venue_id, "sock"))
    return own_venue(venue_id, choice, setup, journal_path, after_commit)


def own_venue(
    venue_id: VenueId, choice: VenueChoice, setup: Setup, journal_path: Path | None, after_commit: Hook | None = None
) -> Venue:
    """Open a venue in this process, on its file beside the journal."""
    module = importlib.import_module(f"coxswain.venues.{choice.kind}")
    params = msgspec.convert(choice.params, module.Params)
    path = None if journal_path is None else venue_file(journal_path, venue_id, "db")
    venue: Venue = module.Venue(venue_id, params, setup.instruments, path, after_commit)
    return venue


def venue_file(journal_path: Path, venue_id: VenueId, suffix: str) -> Path:
    return journal_path.with_name(f"{journal_path.name}.{venue_id}.{suffix}")


def make_loop(desk: Desk, resolved: Resolved, feed: Iterator[Quote], signals: Signals, on_record: OnRecord) -> Loop:
    interval_ns = int(resolved.setup.settings["quote_interval_ms"]) * 1_000_000
    return Loop(desk.engine, desk.journal, desk.venues, feed, signals, interval_ns, on_record)


def started(desk: Desk, resolved: Resolved, mode: Mode, feed_name: str) -> EngineStarted:
    """Say what this start is told. A journal keeps the seed that it began with."""
    setup = msgspec.structs.replace(resolved.setup, mode=mode, feed=feed_name)
    seed = desk.engine.state.seed if desk.engine.state.seq else resolved.seed
    return EngineStarted(__version__, desk.journal.journal_id, seed, setup)
