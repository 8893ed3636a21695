"""A world to prove the engine in: an engine, paper venues with their own books, a wire that fails, and a market.

Everything comes from one seed, so a world that fails is seen again. `World` keeps what an engine would make durable,
the records, and can drop the engine at any moment and fold them into a new one.
"""

import itertools
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from coxswain.core.engine import Engine
from coxswain.messages.inputs import CompareAccounts, EngineStarted, Input, ObserveHost, TimePassed, TradingDay
from coxswain.messages.record import Record, decode, encode
from coxswain.model.cash import CashKind
from coxswain.model.decimals import plain
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import AccountSpec, Correlation, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, JournalId, Mode, OrdType, ProtectionPolicy, Symbol, VenueId
from coxswain.runtime.egress import Guard
from coxswain.runtime.plugins import make_engine
from coxswain.venues.paper import CAPABILITIES, AccountParams, Cash, Fault, PaperVenue, Params, capabilities_of
from tests.instruments import EURUSD_SPOT
from tests.sim.wire import Faults, Wire

MS = 1_000_000
S = 1_000 * MS
START_NS = 1_700_000_000 * S
JOURNAL = JournalId("5eed5eed5eed5eed")
EURUSD, SHARE = Symbol("EURUSD"), Symbol("SHARE")
A1, A2, B1, B2, SPARE = (AccountId(name) for name in ("a1", "a2", "b1", "b2", "spare"))
PA, PB = VenueId("pa"), VenueId("pb")
VENUE_OF = {A1: PA, A2: PA, B1: PB, B2: PB, SPARE: PB}
CURRENCY = {A1: "USD", A2: "USD", B1: "USD", B2: "EUR", SPARE: "USD"}

INSTRUMENTS = (
    EURUSD_SPOT,
    Instrument(
        SHARE,
        "USD",
        tick=Decimal("0.01"),
        lot_step=Decimal(1),
        min_qty=Decimal(1),
        margin_rate=Decimal("0.25"),
    ),
)
INSTRUMENT = {instrument.symbol: instrument for instrument in INSTRUMENTS}


CASH = (
    Cash(account=A1, kind=CashKind.SWAP, amount=Decimal("-3.21"), at_s=Decimal(20)),
    Cash(account=A2, kind=CashKind.FEE, amount=Decimal(-7), at_s=Decimal(40), told=False),
    Cash(account=B1, kind=CashKind.DEPOSIT, amount=Decimal(2500), at_s=Decimal(30)),
    Cash(account=B2, kind=CashKind.WITHDRAWAL, amount=Decimal(-1500), at_s=Decimal(30), told=False),
)
"""What moves at the venues without a trade; of some of it nothing is told."""


class Lacks(NamedTuple):
    """What a venue leaves to the engine; nothing by default."""

    reduce_only: bool = False
    oco: bool = False
    replace: bool = False
    gtd: bool = False
    stops: bool = False
    trailing: bool = True

    def params(self) -> dict[str, Any]:
        return {
            "native_reduce_only": not self.reduce_only,
            "native_oco": not self.oco,
            "native_replace": not self.replace,
            "native_gtd": not self.gtd,
            "native_trailing": not self.trailing,
            "takes_no": (OrdType.STOP, OrdType.STOP_LIMIT) if self.stops else (),
        }


ALL_NATIVE = Lacks()

POLICIES = (ProtectionPolicy.RETRY, ProtectionPolicy.FLATTEN, ProtectionPolicy.ALERT)
"""Of the accounts in turn."""


def make_setup(lacks: Lacks = ALL_NATIVE, /, **settings: str) -> Setup:
    return Setup(
        Mode.FULL_AUTO,
        tuple(
            AccountSpec(account, venue, CURRENCY[account], reserve=account == SPARE, protection_policy=policy)
            for (account, venue), policy in zip(VENUE_OF.items(), itertools.cycle(POLICIES))
        ),
        (VenueSpec(PA, CAPABILITIES), VenueSpec(PB, capabilities_of(Params({}, **lacks.params())))),
        INSTRUMENTS,
        (Correlation(A1, A2, Decimal("0.85")),),
        {name: Decimal(value) for name, value in settings.items()},
    )


class World:
    """One engine in its surroundings. `check` sees every record right after the step that made it."""

    def __init__(
        self,
        seed: int,
        faults: Faults = Faults(),  # noqa: B008  # it is frozen
        script: tuple[Fault, ...] = (),
        check: Callable[["World", Record], None] | None = None,
        setup: Setup | None = None,
        wire: type[Wire] = Wire,
        lacks: Lacks = ALL_NATIVE,
        cash: tuple[Cash, ...] = (),
    ) -> None:
        self.random = random.Random(seed)
        self.now_ns = START_NS
        self.setup = setup or make_setup(lacks)
        self.lacks = lacks
        self.cash = cash
        self.venues = {
            venue_id: PaperVenue(
                venue_id,
                Params(
                    {
                        account: AccountParams(CURRENCY[account], Decimal(100_000))
                        for account, venue in VENUE_OF.items()
                        if venue == venue_id
                    },
                    commission_per_lot=Decimal("0.5"),
                    cash=tuple(moved for moved in cash if VENUE_OF[moved.account] == venue_id),
                    faults=tuple(fault for fault in script if VENUE_OF[fault.account] == venue_id),
                    **(lacks.params() if venue_id == PB else {}),
                ),
                INSTRUMENTS,
            )
            for venue_id in (PA, PB)
        }
        self.wire = wire(dict(self.venues), seed, faults)
        self.engine = make_engine()
        self.guard = Guard()
        self.records: list[Record] = []
        self.bodies: list[bytes] = []
        self.check = check
        self.ticks = {EURUSD: 108_000, SHARE: 10_000}
        self.quotes: dict[Symbol, Quote] = {}
        self.start()

    # --- the process --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the engine as it stands, let it compare its books, and tell it the day."""
        self.step(EngineStarted("test", JOURNAL, 7, self.setup))
        self.step(ObserveHost(journal_healthy=True, disk_headroom=True, clock_in_bound=True, lease_epoch=1))
        for symbol in self.ticks:
            self.quote(symbol)
        self.run(50 * MS)
        self.step(TradingDay(tuple(VENUE_OF), "2023-11-14"))

    def restart(self) -> None:
        """Drop the engine and what is on the wire, and fold the records into a new one."""
        self.wire.cut()
        self.engine = self.folded()
        self.guard = Guard()
        for body in self.bodies:
            self.guard.note(body)
        self.start()

    def folded(self) -> Engine:
        """Return a new engine that remembers what was recorded, read back from its bytes."""
        engine = make_engine()
        for body in self.bodies:
            engine.fold(decode(body))
        return engine

    def step(self, message: Input) -> Record:
        record = self.engine.step(message, self.now_ns)
        self.records.append(record)
        self.bodies.append(encode(record))
        if self.check is not None:
            self.check(self, record)
        self.guard.note(self.bodies[-1])
        for request in record.requests:
            why = self.guard.refusal(request, self.now_ns)
            assert not why, f"the guard objects to what a healthy engine sends: {why}"
            self.wire.send(VENUE_OF[request.account], request, self.now_ns)
        return record

    # --- time and the market ------------------------------------------------------------------------------------------

    def run(self, ns: int) -> None:
        """Let time pass: what travels arrives, and what falls due is answered."""
        until_ns, moment_ns, steps = self.now_ns + ns, self.now_ns, 0
        while True:
            if self.now_ns != moment_ns:
                moment_ns, steps = self.now_ns, 0
            steps += 1
            assert steps < 1_000, "something goes round without end at one instant"
            due = [at_ns for at_ns in (self.wire.next_ns(), self.engine.next_deadline()) if at_ns is not None]
            if not due or min(due) > until_ns:
                break
            self.now_ns = max(self.now_ns, min(due))
            arrived = self.wire.take(self.now_ns)
            for message in arrived:
                self.step(message)
            deadline_ns = self.engine.next_deadline()
            if not arrived and deadline_ns is not None and deadline_ns <= self.now_ns:
                self.step(TimePassed())
        self.now_ns = until_ns

    def quote(
        self,
        symbol: Symbol,
        by_ticks: int = 0,
        *,
        spread: int = 2,
        bid_size: Decimal | None = None,
        ask_size: Decimal | None = None,
        seen: bool = True,
    ) -> Quote:
        """Move a market and show the venues its quote; the engine sees it only where `seen`."""
        self.ticks[symbol] = max(self.ticks[symbol] + by_ticks, 10)
        tick = INSTRUMENT[symbol].tick
        bid, ask = plain(self.ticks[symbol] * tick), plain((self.ticks[symbol] + spread) * tick)
        quote = Quote(symbol, bid, ask, self.now_ns, bid_size, ask_size)
        self.quotes[symbol] = quote
        for venue in self.venues.values():
            venue.on_quote(quote)
        if seen:
            self.step(quote)
        return quote

    def rest(self, minutes: int = 10, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Let nothing fail any more and time go by in a market that shows all the size there is."""
        self.wire.faults = Faults()
        for _ in range(6 * minutes):
            for symbol in self.ticks:
                self.quote(symbol)
            meanwhile()
            self.run(10 * S)
        if self.cash:
            self.step(CompareAccounts("nothing is under way any more"))  # as the loop does, also of those that idle
        self.run(3 * S)  # what was asked for at the last moment is answered
