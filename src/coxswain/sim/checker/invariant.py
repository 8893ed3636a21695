"""What an invariant is: one sentence of the table of invariants, and when it is looked at."""

from collections.abc import Mapping
from typing import ClassVar, NoReturn, Protocol

from coxswain.messages.events import Event
from coxswain.messages.record import Record
from coxswain.messages.requests import Request
from coxswain.model.vocabulary import AccountId, VenueId
from coxswain.sim.checker.ours import Ours
from coxswain.venues.paper import PaperVenue


class Venues(Protocol):
    """The truth: the venues, whose own books are looked into directly, whatever was said about them on the wire."""

    @property
    def venues(self) -> Mapping[VenueId, PaperVenue]: ...

    @property
    def venue_of(self) -> Mapping[AccountId, VenueId]: ...


class Invariant:
    """A class of one invariant has its sentence where this one stands. It may remember what it needs."""

    ID: ClassVar[str]
    SURVIVES: ClassVar[bool] = False
    """What it remembers happened outside of the process, so that it outlives a crash."""

    def on_input(self, ours: Ours, record: Record) -> None:
        """See what came in, before anything of it became fact."""

    def on_event(self, ours: Ours, record: Record, event: Event) -> None:
        """See an event before it is in our books."""

    def on_record(self, ours: Ours, record: Record) -> None:
        """See a whole record, once it is in our books."""

    def on_made(self, ours: Ours, record: Record, venues: Venues) -> None:
        """See a record that was only just made, not one that is remembered, and look into the venues' books."""

    def on_request(self, ours: Ours, request: Request, now_ns: int) -> None:
        """See a request that leaves."""

    def on_start(self, ours: Ours) -> None:
        """A process began: what is on its way is lost, and nobody remembers it."""

    def at_rest(self, ours: Ours, venues: Venues) -> None:
        """Look at a world in which nothing has failed for ten minutes."""

    def wrong(self, why: str) -> NoReturn:
        raise AssertionError(f"{self.ID}: {why}")

    def want(self, holds: object, why: object) -> None:
        if not holds:
            self.wrong(str(why))
