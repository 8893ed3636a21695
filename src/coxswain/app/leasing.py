"""Taking the lease of every account of a configuration. What it is, `runtime/lease.py` says."""

from dataclasses import dataclass

from coxswain.app.config.load import Resolved
from coxswain.core.state import State
from coxswain.journal.store import Journal
from coxswain.runtime.lease import Adoption, Lease, take_lease
from coxswain.runtime.leasing import places_of, writer_of


@dataclass(frozen=True)
class Leasing:
    """How the lease is to be taken."""

    adoption: Adoption | None = None

    def take(self, resolved: Resolved, journal: Journal, state: State) -> Lease:
        """Take the lease of every account of a configuration. Raises `LeaseError`."""
        assert journal.path is not None
        separate = {venue_id for venue_id, choice in resolved.venues.items() if choice.params.get("separate")}
        places = places_of(resolved.setup, separate, journal.path, resolved.lease_dir)
        return take_lease(places, writer_of(journal, state), self.adoption)
