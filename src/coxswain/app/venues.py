"""Open the venues of a configuration, in this process or on the sockets of others, and say what is wrong with them.

What they are asked and how they answer is no concern of this file.
"""

import importlib
import shlex
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from coxswain.app.config.load import Resolved, VenueChoice
from coxswain.app.config.problems import ConfigError, Problem
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import VenueId
from coxswain.venues.base import Venue
from coxswain.venues.remote import RemoteVenue, VenueGone

Hook = Callable[[], None]
Tell = Callable[[str], None]


def open_venues(
    resolved: Resolved, journal_path: Path | None, tell: Tell, opened: ExitStack, after_commit: Hook | None = None
) -> list[Venue]:
    """Open every venue, until `opened` closes. Raises `VenueGone` that names all that are not there, and the others."""
    venues: list[Venue] = []
    missing: list[str] = []
    for venue_id, choice in resolved.venues.items():
        try:
            if choice.params.get("separate") and journal_path is not None:
                venue: Venue = _connect(venue_id, resolved, journal_path, tell)
            else:
                venue = own_venue(venue_id, choice, resolved.setup, journal_path, after_commit)
        except VenueGone as gone:
            missing.append(f"venue {venue_id} is not there: {gone}")
        else:
            venues.append(venue)
            opened.callback(venue.close)
    if missing:
        there = ", ".join(venue.venue_id for venue in venues) or "none"
        raise VenueGone("\n".join([*missing, f"the others are there: {there}"]))
    return venues


def _connect(venue_id: VenueId, resolved: Resolved, journal_path: Path, tell: Tell) -> RemoteVenue:
    """Connect to a venue in a process of its own. Raises `VenueGone` and `ConfigError`."""
    path = venue_file(journal_path, venue_id, "sock")
    accounts = tuple(spec.id for spec in resolved.setup.accounts if spec.venue == venue_id)
    words = ("coxswain", "venue", venue_id, "--config", str(resolved.path), "--journal", str(journal_path))
    start = f"start it with: {shlex.join(words)}"

    def on_change(why: str) -> None:
        if why:
            tell(f"venue {venue_id} is gone: {why}; its accounts wait, the others go on; {start}")
        else:
            tell(f"venue {venue_id} is back; its accounts are compared with its books")

    try:
        venue = RemoteVenue(path, accounts, on_change)
    except VenueGone as gone:
        raise VenueGone(f"{gone}; {start}") from gone
    if venue.venue_id != venue_id:
        venue.close()
        raise VenueGone(f"{path}: venue {venue.venue_id} listens there; {start}")
    expected = next(spec.capabilities for spec in resolved.setup.venues if spec.id == venue_id)
    if venue.capabilities != expected:
        venue.close()
        why = f"what listens on {path} declares other capabilities; {start}"
        raise ConfigError([Problem(0, f"venues.{venue_id}", why, resolved.path.name)])
    return venue


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
