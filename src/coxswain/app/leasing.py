"""Where the lease of each venue's accounts lies, and taking it for a journal. What it is, `runtime/lease.py` says."""

import os
from dataclasses import dataclass
from pathlib import Path

from coxswain.app.config.load import Resolved
from coxswain.core.state import State
from coxswain.journal.store import Journal
from coxswain.model.vocabulary import VenueId
from coxswain.runtime.lease import Adoption, Lease, Place, Writer, take_lease
from coxswain.runtime.venues import venue_file


@dataclass(frozen=True)
class Leasing:
    """How the lease is to be taken."""

    adoption: Adoption | None = None

    def take(self, resolved: Resolved, journal: Journal, state: State) -> Lease:
        """Take the lease of every account of a configuration. Raises `LeaseError`."""
        assert journal.path is not None
        places = [
            Place(
                venue_id,
                _folder(resolved, journal.path, venue_id),
                tuple(spec.id for spec in resolved.setup.accounts if spec.venue == venue_id),
            )
            for venue_id in resolved.venues
        ]
        writer = Writer(
            journal.journal_id, journal.path, lambda: journal.head, journal.hash_at, epoch=state.lease_epoch
        )
        return take_lease([place for place in places if place.accounts], writer, self.adoption)


def _folder(resolved: Resolved, journal: Path, venue_id: VenueId) -> Path:
    """Return the folder of a venue: the same for every engine that could trade its accounts."""
    if resolved.lease_dir is not None:
        return resolved.lease_dir / f"{venue_id}.lease"
    if any(spec.live for spec in resolved.setup.accounts if spec.venue == venue_id):
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "coxswain" / "leases" / f"{venue_id}.lease"
    # A paper venue's accounts are in its file, also where a name beside the journal only points to it.
    is_separate = resolved.venues[venue_id].params.get("separate")
    file = Path(os.path.realpath(venue_file(journal, venue_id, "sock" if is_separate else "db")))
    return file.with_suffix(".lease")
