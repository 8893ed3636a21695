"""A loop with everything it needs, in memory: two accounts at two paper venues, a market that stands still."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from coxswain.core.engine import Engine
from coxswain.journal.store import Journal
from coxswain.messages.inputs import EngineStarted, Input, SubmitSignal
from coxswain.messages.record import Record
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import AccountSpec, Setup, VenueSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, JournalId, Mode, Side, SignalId, SignalKind, Symbol, VenueId
from coxswain.runtime.doors import Doors
from coxswain.runtime.egress import Guard
from coxswain.runtime.loop import Loop
from coxswain.runtime.pace import Pace
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.refresh import Refresh
from coxswain.runtime.signals import Latest, Signals
from coxswain.venues.base import Venue
from coxswain.venues.paper import CAPABILITIES, AccountParams, PaperVenue, Params

S = 1_000_000_000
START_NS = 1_700_000_000 * S
A, B = AccountId("a"), AccountId("b")
VENUE_OF = {A: VenueId("va"), B: VenueId("vb")}
SHARE = Symbol("SHARE")
SHARES = Instrument(SHARE, "USD", Decimal("0.01"), Decimal(1), Decimal(1), margin_rate=Decimal("0.5"))
STILL = ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct")


def setup(*accounts: AccountId) -> Setup:
    """Return a setup of these accounts, or of all."""
    return Setup(
        Mode.FULL_AUTO,
        tuple(AccountSpec(account, VENUE_OF[account], "USD") for account in accounts or tuple(VENUE_OF)),
        tuple(VenueSpec(venue, CAPABILITIES) for venue in VENUE_OF.values()),
        (SHARES,),
        settings=dict.fromkeys(STILL, Decimal(0)),
    )


def paper(venue_id: VenueId) -> PaperVenue:
    accounts = {name: AccountParams("USD", Decimal(100_000)) for name, venue in VENUE_OF.items() if venue == venue_id}
    return PaperVenue(venue_id, Params(accounts), (SHARES,))


def quotes(seconds: int) -> Iterator[Quote]:
    for second in range(seconds):
        yield Quote(SHARE, Decimal("100.00"), Decimal("100.02"), START_NS + second * S)


def entry(name: str, at_s: int) -> Signal:
    at_ns = START_NS + at_s * S
    return Signal(
        SignalId(name), SignalKind.ENTRY, SHARE, at_ns, 300, side=Side.BUY, stop_loss=Decimal(95), quantity=Decimal(20)
    )


class Listed:
    """Signals in a list."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._left = list(signals)

    def next_ns(self, now_ns: int) -> int | None:
        return max(now_ns, self._left[0].signal_time_ns) if self._left else None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        return SubmitSignal(self._left.pop(0))


class Desk:
    """One run. `seen` is what the views were shown."""

    def __init__(
        self,
        *listed: Signal,
        seconds: int = 120,
        journal: Journal | None = None,
        engine: Engine | None = None,
        venues: Sequence[Venue] | None = None,
        on_record: Callable[[Record], None] | None = None,
        setup: Setup = setup(),  # noqa: B008  # it is frozen
        now_ns: int = START_NS,
        feed: Iterator[Quote] | None = None,
        signals: Signals | None = None,
        pace: Pace | None = None,
        doors: Doors | None = None,
        guard: Guard | None = None,
        refresh: Refresh | None = None,
    ) -> None:
        self.seen: list[Record] = []
        self.engine = engine or make_engine()
        self.journal = journal or Journal.create(None, JournalId("loop0000loop0000"))
        self.venues = venues or [paper(venue) for venue in VENUE_OF.values()]
        self._on_record = on_record
        self.setup = setup
        self.now_ns = now_ns
        self._until: Callable[[Record], bool] = lambda record: False
        self.loop = Loop(
            self.engine,
            self.journal,
            self.venues,
            quotes(seconds) if feed is None else feed,
            signals or Listed(listed),
            S,
            self._see,
            pace,
            doors,
            guard,
            refresh=refresh,
        )

    def run(self) -> None:
        self.loop.run(EngineStarted("test", self.journal.journal_id, 7, self.setup), self.now_ns)

    def run_until(self, until: Callable[[Record], bool]) -> None:
        """Run, and stop after the first record of which `until` says so."""
        self._until = until
        self.run()
        assert any(map(until, self.seen)), "it never came to that"

    def _see(self, record: Record) -> None:
        self.seen.append(record)
        if self._until(record):
            self.loop.ask_to_stop("the test has seen enough")
        if self._on_record is not None:
            self._on_record(record)
