"""Open the venues of a configuration, in this process or on the sockets of others, and say what is wrong with them.

What they are asked and how they answer is no concern of this file.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from coxswain.app.config.load import Resolved
from coxswain.app.config.problems import ConfigError, Problem
from coxswain.model.vocabulary import VenueId
from coxswain.runtime.venues import Hook, VenueDiffers, connected_venue, how_to_start, own_venue
from coxswain.venues.base import Venue
from coxswain.venues.remote import VenueGone

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
                venue = own_venue(
                    venue_id, choice.kind, choice.params, resolved.setup.instruments, journal_path, after_commit
                )
        except VenueGone as gone:
            missing.append(f"venue {venue_id} is not there: {gone}")
        else:
            venues.append(venue)
            opened.callback(venue.close)
    if missing:
        there = ", ".join(venue.venue_id for venue in venues) or "none"
        raise VenueGone("\n".join([*missing, f"the others are there: {there}"]))
    return venues


def _connect(venue_id: VenueId, resolved: Resolved, journal_path: Path, tell: Tell) -> Venue:
    """Connect to a venue in a process of its own. Raises `VenueGone` and `ConfigError`."""
    accounts = [spec.id for spec in resolved.setup.accounts if spec.venue == venue_id]
    start = how_to_start(venue_id, resolved.path, journal_path)

    def on_change(why: str) -> None:
        if why:
            tell(f"venue {venue_id} is gone: {why}; its accounts wait, the others go on; {start}")
        else:
            tell(f"venue {venue_id} is back; its accounts are compared with its books")

    declared = next(spec.capabilities for spec in resolved.setup.venues if spec.id == venue_id)
    try:
        return connected_venue(venue_id, declared, resolved.path, journal_path, accounts, on_change)
    except VenueDiffers as differs:
        raise ConfigError([Problem(0, f"venues.{venue_id}", str(differs), resolved.path.name)]) from None
