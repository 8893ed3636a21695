"""All invariants together: shown every record, every request that leaves, and the venues' books."""

from collections import Counter

from coxswain.messages.record import Record, decode, encode
from coxswain.messages.requests import QueryAccount, Request
from coxswain.sim.checker.control import (
    NothingLeavesAStop,
    OnceOnly,
    OneEpoch,
    OnlyWhileItLives,
    PassedEveryControl,
    ShutUntilCompared,
    TwoPersons,
    WithinItsLimits,
)
from coxswain.sim.checker.fills import BookedOnce, NeverFlips, NothingDropped, SumsOfFills, WithinTheParent
from coxswain.sim.checker.invariant import Invariant, Venues
from coxswain.sim.checker.orders import DurableFirst, LegalSteps, OneLiveOrder, OverForAReason
from coxswain.sim.checker.ours import Ours
from coxswain.sim.checker.rest import CancelsProgress, ComesToRest, EqualAtRest, NobodyWaitsForAnother, OneOutcome

ALL: tuple[type[Invariant], ...] = (
    OneLiveOrder,
    OneOutcome,
    DurableFirst,
    OverForAReason,
    BookedOnce,
    SumsOfFills,
    WithinTheParent,
    PassedEveryControl,
    WithinItsLimits,
    NeverFlips,
    LegalSteps,
    NothingLeavesAStop,
    EqualAtRest,
    ShutUntilCompared,
    OnlyWhileItLives,
    NothingDropped,
    TwoPersons,
    OneEpoch,
    OnceOnly,
    NobodyWaitsForAnother,
    ComesToRest,
    CancelsProgress,
)
"""I12 and I14 are of the journal, and stand in `evidence`. I19 is of real time, and is shown with real processes."""


class Invariants:
    """Told everything by a world. After a crash it is made anew from the one before, and remembers what is durable."""

    def __init__(self, before: "Invariants | None" = None) -> None:
        """`before` watched the engine that crashed: what the venues did since stays done."""
        self.ours = Ours()
        self.events: Counter[str] = Counter() if before is None else before.events
        former = {} if before is None else {type(each): each for each in before.all if each.SURVIVES}
        self.all: list[Invariant] = [former.get(kind) or kind() for kind in ALL]

    def remember(self, record: Record) -> None:
        """Take a record that is durable, after a crash."""
        self._take(record)

    def on_record(self, venues: Venues, record: Record) -> None:
        """Check a record right after the step that made it; it need not be durable yet."""
        assert encode(decode(encode(record))) == encode(record)
        for event in record.events:
            self.events[type(event).__name__] += 1
            self.events[getattr(event, "kind", "")] += 1
        self._take(record)
        for each in self.all:
            each.on_made(self.ours, record, venues)

    def _take(self, record: Record) -> None:
        for each in self.all:
            each.on_input(self.ours, record)
        self.ours.hear(record)
        for event in record.events:
            for each in self.all:
                each.on_event(self.ours, record, event)
            self.ours.take(event)
        for each in self.all:
            each.on_record(self.ours, record)

    def on_start(self) -> None:
        """See a process begin: what was on its way is lost."""
        for each in self.all:
            each.on_start(self.ours)

    def on_request(self, request: Request, durable: Counter[Request], now_ns: int) -> None:
        """I3: nothing leaves that no durable record asks for; each as often as it is asked for."""
        if not isinstance(request, QueryAccount):  # a question changes nothing; rounds ask without a record
            assert durable[request] > 0, f"I3: this left without a durable intent: {request}"
            durable[request] -= 1
        for each in self.all:
            each.on_request(self.ours, request, now_ns)

    def at_rest(self, venues: Venues) -> None:
        """Look at a world in which nothing has failed for ten minutes."""
        for each in self.all:
            each.at_rest(self.ours, venues)
