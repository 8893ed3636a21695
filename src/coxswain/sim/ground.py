"""What worlds have in common: accounts, instruments, paper venues with their own books, and a market.

How an engine is driven on it is left to whoever makes a world of it. Nothing here fails, and nothing is checked.
"""

import itertools
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from coxswain.core.engine import Engine
from coxswain.messages.inputs import CompareAccounts, Input, ObserveHost
from coxswain.messages.record import decode, encode
from coxswain.model.cash import CashKind
from coxswain.model.decimals import plain
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import AccountSpec, Correlation, Setup, VenueSpec
from coxswain.model.vocabulary import (
    AccountId,
    JournalId,
    Mode,
    OrdType,
    ProtectionPolicy,
    Symbol,
    VenueId,
)
from coxswain.runtime.plugins import make_engine
from coxswain.sim.checker import evidence
from coxswain.venues.paper import CAPABILITIES, AccountParams, Cash, Fault, PaperVenue, Params, capabilities_of

MS = 1_000_000
S = 1_000 * MS
START_NS = 1_700_000_000 * S
JOURNAL = JournalId("5eed5eed5eed5eed")
EURUSD, SHARE = Symbol("EURUSD"), Symbol("SHARE")
A1, A2, B1, B2, SPARE, C1, C2 = (AccountId(name) for name in ("a1", "a2", "b1", "b2", "spare", "c1", "c2"))
PA, PB, PC = VenueId("pa"), VenueId("pb"), VenueId("pc")
VENUE_OF = {A1: PA, A2: PA, B1: PB, B2: PB, SPARE: PB}
CURRENCY = {A1: "USD", A2: "USD", B1: "USD", B2: "EUR", SPARE: "USD", C1: "USD", C2: "USD"}

INSTRUMENTS = (
    Instrument(
        EURUSD,
        "USD",
        tick=Decimal("0.00001"),
        lot_step=Decimal("0.01"),
        min_qty=Decimal("0.01"),
        contract_size=Decimal(100_000),
        margin_rate=Decimal("0.05"),
        base_currency="EUR",
    ),
    Instrument(
        SHARE,
        "USD",
        tick=Decimal("0.01"),
        lot_step=Decimal(1),
        min_qty=Decimal(1),
        margin_rate=Decimal("0.25"),
    ),
)
SYMBOLS = tuple(instrument.symbol for instrument in INSTRUMENTS)
AT = {EURUSD: Decimal("1.08"), SHARE: Decimal(100)}
"""Where their markets begin, unless a world says otherwise."""

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


def make_setup(
    lacks: Lacks = ALL_NATIVE, venue_of: Mapping[AccountId, VenueId] = VENUE_OF, /, **settings: str
) -> Setup:
    partial = capabilities_of(Params({}, **lacks.params()))
    return Setup(
        Mode.FULL_AUTO,
        tuple(
            AccountSpec(account, venue, CURRENCY[account], reserve=account == SPARE, protection_policy=policy)
            for (account, venue), policy in zip(venue_of.items(), itertools.cycle(POLICIES))
        ),
        tuple(VenueSpec(venue, CAPABILITIES if venue == PA else partial) for venue in dict.fromkeys(venue_of.values())),
        INSTRUMENTS,
        (Correlation(A1, A2, Decimal("0.85")),) if A1 in venue_of and A2 in venue_of else (),
        {name: Decimal(value) for name, value in settings.items()},
    )


class Ground(ABC):
    """Venues and a market, and an engine that somebody drives."""

    now_ns: int
    engine: Engine
    bodies: list[bytes]
    """What is durable, as it was written."""

    def __init__(
        self,
        seed: int,
        setup: Setup,
        lacks: Lacks,
        cash: tuple[Cash, ...],
        script: tuple[Fault, ...],
        begins_at: Mapping[Symbol, Decimal] = AT,
    ) -> None:
        self.random = random.Random(seed)
        self.setup = setup
        self.instruments = {instrument.symbol: instrument for instrument in setup.instruments}
        self.lacks = lacks
        self.cash = cash
        self.venue_of = {spec.id: spec.venue for spec in setup.accounts}
        self.venues = {
            spec.id: PaperVenue(
                spec.id,
                Params(
                    {
                        account: AccountParams(CURRENCY[account], Decimal(100_000))
                        for account, venue in self.venue_of.items()
                        if venue == spec.id
                    },
                    commission_per_lot=Decimal("0.5"),
                    cash=tuple(moved for moved in cash if self.venue_of.get(moved.account) == spec.id),
                    faults=tuple(fault for fault in script if self.venue_of.get(fault.account) == spec.id),
                    **(lacks.params() if spec.id != PA else {}),
                ),
                setup.instruments,
            )
            for spec in setup.venues
        }
        self.lease_epoch = 1
        self.fired: Counter[str] = Counter()
        """How often each row of the fault matrix came."""
        self.ticks = {symbol: int(price / self.instruments[symbol].tick) for symbol, price in begins_at.items()}
        self.quotes: dict[Symbol, Quote] = {}

    @abstractmethod
    def step(self, message: Input) -> object:
        """Have the engine take an input now."""

    @abstractmethod
    def run(self, ns: int) -> None:
        """Let time pass."""

    @abstractmethod
    def restart(self, meanwhile: Sequence[Input] = ()) -> None:
        """Drop the engine and what is on the wire, and begin anew from what is durable."""

    @abstractmethod
    def show(self, quote: Quote, *, seen: bool) -> None:
        """Show a quote of now to the venues, and where `seen` to the engine."""

    @abstractmethod
    def cut_off(self, ns: int) -> None:
        """Let no venue be reached for so long."""

    @abstractmethod
    def nothing_fails(self) -> None:
        """Let nothing fail from now on."""

    def let_another_in(self, orders: Sequence[Input], meanwhile: Callable[[], None]) -> None:
        """Let another engine trade, where there can be one; then do `meanwhile` before it is heard of."""
        raise NotImplementedError("this world has one engine")

    def well(self) -> ObserveHost:
        """Say that the machine is well, and holds the lease."""
        return ObserveHost(journal_healthy=True, disk_headroom=True, clock_in_bound=True, lease_epoch=self.lease_epoch)

    def folded(self) -> Engine:
        """Return a new engine that remembers what was recorded, read back from its bytes."""
        engine = make_engine()
        for body in self.bodies:
            engine.fold(decode(body))
        return engine

    def folds_and_steps_to_the_same(self) -> None:
        """Fold the records, and step their inputs again; whoever judges compares."""
        evidence.is_the_same("folded", self.folded().digest().encode(), self.engine.digest().encode())
        again, bodies = make_engine(), self.bodies
        records = [decode(body) for body in bodies]
        stepped = [encode(again.step(record.input, record.now_ns)) for record in records]
        evidence.steps_to_the_same(bodies, stepped)
        evidence.is_the_same("stepped again", again.digest().encode(), self.engine.digest().encode())

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
        tick = self.instruments[symbol].tick
        bid, ask = plain(self.ticks[symbol] * tick), plain((self.ticks[symbol] + spread) * tick)
        quote = Quote(symbol, bid, ask, self.now_ns, bid_size, ask_size)
        self.quotes[symbol] = quote
        self.show(quote, seen=seen)
        return quote

    def rest(self, minutes: int = 10, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Let nothing fail any more and time go by in a market that shows all the size there is."""
        self.nothing_fails()
        for _ in range(6 * minutes):
            for symbol in self.ticks:
                self.quote(symbol)
            meanwhile()
            self.run(10 * S)
        if self.cash:
            self.step(CompareAccounts("nothing is under way any more"))  # as the loop does, also of those that idle
        self.run(3 * S)  # what was asked for at the last moment is answered
