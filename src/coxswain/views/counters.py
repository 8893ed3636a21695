"""Counters and timings of each account, and of each venue as the sum of its accounts. Times are the engine's own.

A time is from the order's creation: to the venue's acknowledgement, and to the first fill. Each is told as a count, a
mean and the longest; a mean of nothing is None.
"""

from collections import Counter
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.decimals import round_down
from coxswain.model.vocabulary import AccountId, ClOrdId, VenueId

NS_PER_MS = 1_000_000

# What is counted: the event, and what its number is called.
COUNTED: dict[type, str] = {
    ev.OrderCreated: "submitted",
    ev.OrderDenied: "denied",
    ev.OrderAccepted: "accepted",
    ev.OrderFilled: "fills",
    ev.OrderRejected: "rejected",
    ev.OrderCanceled: "cancelled",
    ev.OrderExpired: "expired",
    ev.CancelRequested: "cancels_asked",
    ev.ReplaceRequested: "changes_asked",
    ev.OutcomeUnknown: "unknown",
    ev.ReportQuarantined: "quarantined",
    ev.IncidentRaised: "incidents",
    ev.BreakFound: "breaks",
    ev.Reconciled: "comparisons",
}
NAMES = tuple(COUNTED.values())


class Timing(msgspec.Struct):
    """How long something took, over all orders that got there."""

    count: int = 0
    total_ns: int = 0
    longest_ns: int = 0

    def add(self, took_ns: int) -> None:
        self.count += 1
        self.total_ns += took_ns
        self.longest_ns = max(self.longest_ns, took_ns)

    def merge(self, other: "Timing") -> None:
        self.count += other.count
        self.total_ns += other.total_ns
        self.longest_ns = max(self.longest_ns, other.longest_ns)

    @property
    def mean_ms(self) -> Decimal | None:
        return round_down(Decimal(self.total_ns) / NS_PER_MS / self.count) if self.count else None

    @property
    def longest_ms(self) -> Decimal | None:
        return round_down(Decimal(self.longest_ns) / NS_PER_MS) if self.count else None


class CountersRow(msgspec.Struct):
    """What one account, or one venue, was asked and said."""

    name: str
    counts: Counter[str]
    acknowledged: Timing
    filled: Timing


class Counters:
    """Folds events into counters by account."""

    def __init__(self) -> None:
        self._rows: dict[AccountId, CountersRow] = {}
        self._venue_of: dict[AccountId, VenueId] = {}
        self._created_ns: dict[ClOrdId, int] = {}
        """Of orders that have not been answered and filled."""
        self._unanswered: set[ClOrdId] = set()

    def apply(self, record: Record) -> None:
        for event in record.events:
            if isinstance(event, ev.EngineConfigured):
                self._venue_of |= {spec.id: spec.venue for spec in event.setup.accounts}
                for spec in event.setup.accounts:
                    self._rows.setdefault(spec.id, CountersRow(spec.id, Counter(), Timing(), Timing()))
                continue
            counted = COUNTED.get(type(event))
            if counted is None:
                continue
            source = event.intent if isinstance(event, ev.OrderCreated | ev.OrderDenied) else event
            row = self._rows.get(getattr(source, "account", AccountId("")))
            if row is not None:
                row.counts[counted] += 1
                self._time(row, event, record.now_ns)

    def accounts(self) -> list[CountersRow]:
        """Return a row for each account, in the order of the configuration."""
        return list(self._rows.values())

    def venues(self) -> list[CountersRow]:
        """Return a row for each venue, the sum of its accounts."""
        rows: dict[VenueId, CountersRow] = {}
        for account, row in self._rows.items():
            venue = self._venue_of[account]
            total = rows.setdefault(venue, CountersRow(venue, Counter(), Timing(), Timing()))
            total.counts.update(row.counts)
            total.acknowledged.merge(row.acknowledged)
            total.filled.merge(row.filled)
        return list(rows.values())

    def _time(self, row: CountersRow, event: ev.Event, now_ns: int) -> None:
        match event:
            case ev.OrderCreated(cl_ord_id):
                self._created_ns[cl_ord_id] = now_ns
                self._unanswered.add(cl_ord_id)
            case ev.OrderAccepted(cl_ord_id=cl_ord_id):
                self._answered(row, cl_ord_id, now_ns)
            case ev.OrderFilled(cl_ord_id=cl_ord_id):
                self._answered(row, cl_ord_id, now_ns)
                created_ns = self._created_ns.pop(cl_ord_id, None)
                if created_ns is not None:
                    row.filled.add(now_ns - created_ns)
            case ev.OrderRejected(cl_ord_id=cl_ord_id):
                self._answered(row, cl_ord_id, now_ns)
                self._created_ns.pop(cl_ord_id, None)
            case ev.OrderCanceled(cl_ord_id=cl_ord_id) | ev.OrderExpired(cl_ord_id=cl_ord_id):
                self._unanswered.discard(cl_ord_id)
                self._created_ns.pop(cl_ord_id, None)
            case _:
                pass

    def _answered(self, row: CountersRow, cl_ord_id: ClOrdId, now_ns: int) -> None:
        if cl_ord_id in self._unanswered:
            self._unanswered.remove(cl_ord_id)
            row.acknowledged.add(now_ns - self._created_ns[cl_ord_id])
