"""What every venue is to the engine: a port that takes requests and gives inputs back.

Nothing here waits. A request is handed over and its answer is an input some time later, or never; that is why the same
port serves a simulated venue in virtual time and a real one on a socket. Nothing here raises either, once a venue is
open: one that cannot be reached gives back `VenueFailed`, and is looked for again while the others go on.
"""

from typing import Protocol

from coxswain.messages.inputs import Input, VenueFailed
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder, Request
from coxswain.model.market import Quote
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import ReachedVenue, VenueId


class Venue(Protocol):
    """One venue. Its caller keeps two promises.

    Time never goes back. And before `on_quote(q)`, if `next_ns()` is not after `q.ts_ns`, it has called
    `take(q.ts_ns)`: what is due at the time of a quote comes before the quote.
    """

    venue_id: VenueId
    capabilities: Capabilities
    last_ns: int | None
    """The last time it knows of, its own file included; None if it has none."""

    def send(self, request: Request, now_ns: int) -> None:
        """Hand over a request that is durable. Never waits, and never answers here."""

    def on_quote(self, quote: Quote) -> None:
        """Show the venue one quote of the feed. Simulated venues live on it; others do not look."""

    def next_ns(self) -> int | None:
        """Return when something is due, an arrival or a report, or None."""

    def fileno(self) -> int | None:
        """Return what becomes readable when something comes that `next_ns` could not know of; None if nothing does."""

    def take(self, now_ns: int) -> list[Input]:
        """Do what is due, make the venue's own state durable, and return what leaves it by `now_ns`, in order."""

    def settle(self) -> None:
        """Return once what was asked of it is answered, as far as it answers at all: only this may wait.

        Virtual time, and a start, stand still for a venue; real time passes by one that is silent.
        """

    def close(self) -> None: ...


def failure_of(request: Request, reached: ReachedVenue, why: str) -> VenueFailed:
    """Say which order a request that failed was about, by the id that the order goes by."""
    match request:
        case QueryAccount():
            return VenueFailed(request.account, None, reached, why)
        case ReplaceOrder():
            return VenueFailed(request.account, request.orig_cl_ord_id, reached, why)
        case NewOrder() | CancelOrder() | QueryOrder():
            return VenueFailed(request.account, request.cl_ord_id, reached, why)
