"""Open one venue, in this process or on the socket of another. Which there are, and who asks, is no concern of this."""

import importlib
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from coxswain.model.market import Instrument
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import AccountId, VenueId
from coxswain.venues.base import Venue
from coxswain.venues.remote import RemoteVenue, VenueGone

Hook = Callable[[], None]


class VenueDiffers(Exception):
    """What listens for a venue is not what the configuration says."""


def venue_file(journal_path: Path, venue_id: VenueId, suffix: str) -> Path:
    return journal_path.with_name(f"{journal_path.name}.{venue_id}.{suffix}")


def own_venue(
    venue_id: VenueId,
    kind: str,
    params: Mapping[str, object],
    instruments: Iterable[Instrument],
    journal_path: Path | None,
    after_commit: Hook | None = None,
) -> Venue:
    """Open a venue in this process, on its file beside the journal; in memory without one."""
    module = importlib.import_module(f"coxswain.venues.{kind}")
    path = None if journal_path is None else venue_file(journal_path, venue_id, "db")
    venue: Venue = module.Venue(venue_id, msgspec.convert(params, module.Params), instruments, path, after_commit)
    return venue


def how_to_start(venue_id: VenueId, config_path: Path, journal_path: Path) -> str:
    words = ("coxswain", "venue", venue_id, "--config", str(config_path), "--journal", str(journal_path))
    return f"start it with: {shlex.join(words)}"


def connected_venue(
    venue_id: VenueId,
    declared: Capabilities,
    config_path: Path,
    journal_path: Path,
    accounts: Iterable[AccountId],
    on_change: Callable[[str], None],
) -> RemoteVenue:
    """Connect to a venue in a process of its own. Raises `VenueGone` and `VenueDiffers`, with how to start it."""
    path, start = venue_file(journal_path, venue_id, "sock"), how_to_start(venue_id, config_path, journal_path)
    try:
        venue = RemoteVenue(path, accounts, on_change)
    except VenueGone as gone:
        raise VenueGone(f"{gone}; {start}") from gone
    if venue.venue_id != venue_id:
        venue.close()
        raise VenueGone(f"{path}: venue {venue.venue_id} listens there; {start}")
    if venue.capabilities != declared:
        venue.close()
        raise VenueDiffers(f"what listens on {path} declares other capabilities; {start}")
    return venue
