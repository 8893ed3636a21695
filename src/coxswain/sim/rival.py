"""Two engines on the same accounts, in virtual time: the lease is the real one, and so are its files.

The first holds the lease and stands still; the second, with a journal of its own, is refused while the lease holds, is
let in once it has run out, trades, and ends. What the first decides before it hears of that must not leave.
"""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from coxswain.core.engine import Engine
from coxswain.journal.store import Journal
from coxswain.messages.inputs import EngineStarted, Input, ObserveHost
from coxswain.messages.requests import NewOrder, ReplaceOrder, Request
from coxswain.model.market import Quote
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId, JournalId, VenueId
from coxswain.runtime.lease import Adoption, Lease, LeaseBehind, LeaseHeld, Place, Writer, take_lease
from coxswain.runtime.loop import Loop
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.signals import Latest
from coxswain.sim.checker.evidence import OneEpochSends
from coxswain.sim.disk import Disk
from coxswain.sim.ground import S
from coxswain.sim.port import Port
from coxswain.venues.base import Venue
from coxswain.venues.paper import PaperVenue

ASLEEP_NS = 15 * S
"""Longer than a lease holds, and than everybody else waits for it."""
WORD = Adoption("compared with the venue", "ann")


class Leases:
    """Where the leases of a world lie, and a clock for them: that of whoever has come the furthest."""

    def __init__(self, venue_of: Mapping[AccountId, VenueId]) -> None:
        self.sent = OneEpochSends()
        self.now_ns = 0
        self._folder = tempfile.TemporaryDirectory(prefix="coxswain-leases-")
        by_venue: dict[VenueId, list[AccountId]] = {}
        for account, venue in venue_of.items():
            by_venue.setdefault(venue, []).append(account)
        root = Path(self._folder.name)
        self._places = [Place(venue, root / venue, tuple(accounts)) for venue, accounts in by_venue.items()]

    def take(self, journal: Journal, epoch: int, adoption: Adoption | None = None, *, is_lost: bool = False) -> Lease:
        path = Path(journal.journal_id)
        writer = Writer(journal.journal_id, path, lambda: journal.head, journal.hash_at, epoch, is_lost)
        return take_lease(self._places, writer, adoption, lambda: self.now_ns)

    def take_back(self, journal: Journal, epoch: int, *, is_lost: bool) -> Lease:
        """Take it for the engine that a person trusts: without their word it is refused what another has traded.

        With `is_lost` the journal knows of that already.
        """
        try:
            return self.take(journal, epoch, WORD if is_lost else None, is_lost=is_lost)
        except LeaseBehind:
            return self.take(journal, epoch, WORD)

    def close(self) -> None:
        self._folder.cleanup()


class Rival:
    """The second engine, from its start to its end."""

    def __init__(self, leases: Leases, setup: Setup, venues: Mapping[VenueId, PaperVenue], number: int) -> None:
        self._leases = leases
        self._setup = setup
        self._journal_id = JournalId(f"{number:08}f0ef0ef0")
        self._disk = Disk(lambda point: None, self._journal_id)
        chance = random.Random(number)
        self._ports: list[Venue] = [
            Port(venue, chance, {}, Counter(), self._on_request, lambda point: None) for venue in venues.values()
        ]
        self._epoch = 0

    def is_refused(self) -> bool:
        """Ask for the accounts while another engine lives."""
        try:
            lease = self._leases.take(self._disk.open(), 0)
        except LeaseHeld:
            return True
        lease.close()
        return False

    def trade(self, now_ns: int, quotes: Sequence[Quote], orders: Sequence[Input]) -> int:
        """Take the accounts, trade, and end in good order; return what time it is then."""
        self._leases.now_ns = now_ns
        journal, engine = self._disk.open(), make_engine()
        lease = self._leases.take(journal, 0)
        self._epoch = lease.epoch
        loop = self._loop(engine, journal, lease)
        loop.begin(EngineStarted("test", self._journal_id, 7, self._setup), now_ns)
        for quote in quotes:
            loop.show(quote)
        for order in orders:
            loop.tell(order)
        self._run(loop, now_ns + 3 * S)
        loop.end("it has traded enough")
        lease.close()
        self._disk.close()
        return loop.now_ns

    def _run(self, loop: Loop, until_ns: int) -> None:
        while loop.now_ns <= until_ns and loop.advance(until_ns):
            self._leases.now_ns = max(self._leases.now_ns, loop.now_ns)
        loop.flush()

    def _loop(self, engine: Engine, journal: Journal, lease: Lease) -> Loop:
        def well(now_ns: int) -> ObserveHost:
            return ObserveHost(journal_healthy=True, disk_headroom=True, clock_in_bound=True, lease_epoch=lease.epoch)

        nothing: Iterator[Quote] = iter(())
        return Loop(
            engine, journal, self._ports, nothing, NoSignals(), 0, lambda record: None, observe=well, lease=lease
        )

    def _on_request(self, request: Request) -> None:
        if isinstance(request, NewOrder | ReplaceOrder):
            self._leases.sent.sends(request.account, self._epoch)


class NoSignals:
    """Nothing comes as a stream; everything is handed in."""

    def next_ns(self, now_ns: int) -> int | None:
        return None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        raise ValueError("there is no stream of signals")
