"""Where the lease of each venue's accounts lies, for the command line and for programs alike.

What a lease is, and how it is taken, `lease.py` says.
"""

import os
from collections.abc import Container
from pathlib import Path

from coxswain.core.state import State
from coxswain.core.tx import LEASE
from coxswain.journal.store import Journal
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import VenueId
from coxswain.runtime.lease import Place, Writer
from coxswain.runtime.venues import venue_file


def places_of(setup: Setup, separate: Container[VenueId], journal: Path, lease_dir: Path | None) -> list[Place]:
    """Return the place of every venue that has accounts; `separate` are the venues in processes of their own."""
    places = []
    for venue in setup.venues:
        accounts = tuple(spec.id for spec in setup.accounts if spec.venue == venue.id)
        if accounts:
            folder = _folder(setup, venue.id, journal, lease_dir, is_separate=venue.id in separate)
            places.append(Place(venue.id, folder, accounts))
    return places


def writer_of(journal: Journal, state: State) -> Writer:
    """Return who asks for a lease, by what its records know."""
    assert journal.path is not None
    is_lost = any(LEASE in account.causes for account in state.accounts.values())
    return Writer(journal.journal_id, journal.path, lambda: journal.head, journal.hash_at, state.lease_epoch, is_lost)


def _folder(setup: Setup, venue_id: VenueId, journal: Path, lease_dir: Path | None, *, is_separate: bool) -> Path:
    """Return the folder of a venue: the same for every engine that could trade its accounts."""
    if lease_dir is not None:
        return lease_dir / f"{venue_id}.lease"
    if any(spec.live for spec in setup.accounts if spec.venue == venue_id):
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "coxswain" / "leases" / f"{venue_id}.lease"
    # A paper venue's accounts are in its file, also where a name beside the journal only points to it.
    file = Path(os.path.realpath(venue_file(journal, venue_id, "sock" if is_separate else "db")))
    return file.with_suffix(".lease")
