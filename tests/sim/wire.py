"""A wire between an engine and its venues that loses, repeats, delays and so reorders what travels, from one seed."""

import heapq
import random
from typing import NamedTuple

import msgspec

from coxswain.messages.inputs import AccountLookedUp, ExecutionReport, Input
from coxswain.messages.requests import Request
from coxswain.model.vocabulary import VenueId
from coxswain.sim.books import BEHIND_OUR_BACK
from coxswain.venues.base import Venue

MS = 1_000_000


class Faults(NamedTuple):
    """How often things go wrong, each a share of a hundred; nothing does by default."""

    lose_request: int = 0
    lose_report: int = 0
    repeat_report: int = 0
    delay: int = 0
    delay_ms_max: int = 1_500
    """Shorter than the settle window: what is proved absent is not still under way."""


class Wire:
    """Stands between: `send` towards the venues, `take` towards the engine. Nothing on it is durable."""

    def __init__(self, venues: dict[VenueId, Venue], seed: int, faults: Faults) -> None:
        self.faults = faults
        self._venues = venues
        self._random = random.Random(seed)
        self._requests: list[tuple[int, int, VenueId, Request]] = []
        self._reports: list[tuple[int, int, Input]] = []
        self._count = 0
        self.lost: list[Request | Input] = []

    def send(self, venue_id: VenueId, request: Request, now_ns: int) -> None:
        if self._happens(self.faults.lose_request):
            self.lost.append(request)
            return
        self._count += 1
        heapq.heappush(self._requests, (now_ns + self._delay(), self._count, venue_id, request))

    def next_ns(self) -> int | None:
        due = [queue[0][0] for queue in (self._requests, self._reports) if queue]
        due += [at_ns for venue in self._venues.values() if (at_ns := venue.next_ns()) is not None]
        return min(due, default=None)

    def take(self, now_ns: int) -> list[Input]:
        """Let everything that is due arrive; return what reaches the engine."""
        while self._requests and self._requests[0][0] <= now_ns:
            _, _, venue_id, request = heapq.heappop(self._requests)
            self._venues[venue_id].send(request, now_ns)
        for venue in self._venues.values():
            due_ns = venue.next_ns()
            if due_ns is not None and due_ns <= now_ns:
                for report in venue.take(now_ns):
                    self._carry(report, now_ns)
        arrived = []
        while self._reports and self._reports[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._reports)[2])
        return arrived

    def cut(self) -> None:
        """Lose everything that is on the way, as when a process dies."""
        self.lost += [entry[3] for entry in self._requests]
        self.lost += [entry[2] for entry in self._reports]
        self._requests.clear()
        self._reports.clear()

    def _carry(self, report: Input, now_ns: int) -> None:
        if isinstance(report, ExecutionReport) and report.cl_ord_id.startswith(BEHIND_OUR_BACK):
            return
        if isinstance(report, AccountLookedUp):
            fills = tuple(fill for fill in report.fills if not fill.cl_ord_id.startswith(BEHIND_OUR_BACK))
            report = msgspec.structs.replace(report, fills=fills)
        if self._happens(self.faults.lose_report):
            self.lost.append(report)
            return
        for _ in range(2 if self._happens(self.faults.repeat_report) else 1):
            self._count += 1
            heapq.heappush(self._reports, (now_ns + self._delay(), self._count, report))

    def _happens(self, percent: int) -> bool:
        return bool(percent) and self._random.randrange(100) < percent

    def _delay(self) -> int:
        return self._random.randrange(self.faults.delay_ms_max) * MS if self._happens(self.faults.delay) else 0
