"""Our side of the same work: the engine, every control, and the paper venue as the exchange.

    python -m bench.peers.ours WORK COUNT BATCH

Each quote goes to the venue and is stepped by the core before the order that is sent at it, and every record is encoded
and hashed as for a journal. Words before the work change that:

    bare-      no control is asked, and no record is kept
    told-      the venue answers at once and is no exchange: see `told.py`
    loop-      the whole runtime: the loop, the guard before the venue, and a journal, in memory
    stepped-   of quotes with nothing to do, the core steps every one

Without the last of these, quotes with nothing to do go through the whole runtime, which shows the core one a second.
"""

import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count, islice
from typing import Protocol

from bench.desk import DESK, GENEROUS, START_NS, SYMBOL, VENUE, account_id, instrument
from bench.peers.told import Told
from bench.peers.turns import Stopwatch, batches, bids
from coxswain.core.engine import Engine
from coxswain.journal.chain import link, start
from coxswain.journal.store import Journal
from coxswain.messages.inputs import AccountLookedUp, CancelOrders, EngineStarted, Input, SubmitOrder, TradingDay
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import NewOrder
from coxswain.model.market import Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import (
    ClOrdId,
    JournalId,
    Mode,
    OrdType,
    Role,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
)
from coxswain.runtime.host import always_well
from coxswain.runtime.loop import Loop
from coxswain.runtime.plugins import algo_modules, allocate, make_engine
from coxswain.runtime.signals import Latest
from coxswain.venues.paper import AccountParams, PaperVenue, Params

STEP_NS = 10_000_000
INTERVAL_NS = 1_000_000_000
"""How often the core sees an instrument that nothing happens in: the default."""
WARM = 500
ACCOUNT = account_id(0)
JOURNAL = JournalId("peer0123456789ab")
BALANCE = Decimal(10**12)
SIZE, SMALL, LARGE, DEPTH = Decimal("0.1"), Decimal("0.01"), Decimal(2), Decimal(1_000)
TICK, SPREAD = Decimal("0.00001"), Decimal("0.00002")
BID = Decimal("1.085")


class Desk(Protocol):
    def next_quote(self) -> None:
        """Take the next quote of the market, and all that is due by then."""

    def hand(self, message: Input) -> Record:
        """Step a message, send what it asks for, and step all that the venue answers."""

    def held(self) -> Decimal:
        """Return the position in the main instrument."""


class Plain:
    """The engine and a venue, handed messages one by one."""

    def __init__(self, setup: Setup, venue: PaperVenue | Told, market: Iterator[Quote], *, bare: bool) -> None:
        self._now_ns = START_NS
        self._engine = Engine((), allocate, algo_modules()) if bare else make_engine()
        self._venue = venue
        self._market = market
        self._hash = None if bare else start(JOURNAL).hash
        for message in (
            EngineStarted("bench", JOURNAL, 1, setup),
            always_well(START_NS),
            AccountLookedUp(ACCOUNT, BALANCE, (), (), ()),
            TradingDay((ACCOUNT,), "2023-11-14"),
        ):
            self._step(message)

    def next_quote(self) -> None:
        quote = next(self._market)
        self._now_ns = quote.ts_ns
        self._venue.on_quote(quote)
        self._step(quote)

    def hand(self, message: Input) -> Record:
        record = self._step(message)
        requests = [*record.requests]
        while requests:
            for request in requests:
                self._venue.send(request, self._now_ns)
            answers = [self._step(report) for report in self._venue.take(self._now_ns)]
            requests = [request for answer in answers for request in answer.requests]
        return record

    def held(self) -> Decimal:
        return self._engine.state.accounts[ACCOUNT].positions[SYMBOL].qty

    def _step(self, message: Input) -> Record:
        record = self._engine.step(message, self._now_ns)
        if self._hash is not None:
            self._hash = link(self._hash, encode(record))
        return record


class Listed:
    """What comes as signals do: all of it at once, after the first quote."""

    def __init__(self, messages: Sequence[Input] = ()) -> None:
        self._left = list(reversed(messages))

    def next_ns(self, now_ns: int) -> int | None:
        return max(now_ns, START_NS + STEP_NS) if self._left else None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        return self._left.pop()


def runtime(engine: Engine, venue: PaperVenue, market: Iterator[Quote], messages: Sequence[Input] = ()) -> Loop:
    """Return a loop in virtual time, with its journal in memory."""
    journal, signals = Journal.create(None, JOURNAL), Listed(messages)
    return Loop(engine, journal, (venue,), market, signals, INTERVAL_NS, lambda record: None)


class Whole:
    """The runtime, in virtual time, with a journal in memory."""

    def __init__(self, setup: Setup, venue: PaperVenue, market: Iterator[Quote]) -> None:
        self._now_ns = START_NS
        self._engine = make_engine()
        self._loop = runtime(self._engine, venue, market)
        self._loop.begin(EngineStarted("bench", JOURNAL, 1, setup), START_NS)

    def next_quote(self) -> None:
        self._now_ns += STEP_NS
        self._take_what_is_due()

    def hand(self, message: Input) -> Record:
        record = self._loop.tell(message)
        self._take_what_is_due()
        return record

    def held(self) -> Decimal:
        return self._engine.state.accounts[ACCOUNT].positions[SYMBOL].qty

    def _take_what_is_due(self) -> None:
        while self._loop.advance(self._now_ns):
            pass


def desk_of(others: Sequence[Symbol]) -> tuple[Setup, PaperVenue]:
    """One account at one venue whose reports take no time; every control is on, and none stands in the way."""
    instruments = tuple(instrument(symbol) for symbol in (SYMBOL, *others))
    setup = Setup(
        Mode.FULL_AUTO, (AccountSpec(ACCOUNT, VENUE.id, "USD", GENEROUS),), (VENUE,), instruments, settings=DESK
    )
    params = Params({ACCOUNT: AccountParams("USD", BALANCE)}, latency_ms=0)
    return setup, PaperVenue(VENUE.id, params, instruments)


def market(others: Sequence[Symbol] = ()) -> Iterator[Quote]:
    """One quote of each instrument, then of the main one alone."""
    times = count(START_NS + STEP_NS, STEP_NS)
    for symbol, ts_ns in zip((SYMBOL, *others), times, strict=False):
        yield quote_of(symbol, BID, ts_ns)
    for bid, ts_ns in zip(bids(), times, strict=False):
        yield quote_of(SYMBOL, bid * TICK, ts_ns)


def quote_of(symbol: Symbol, bid: Decimal, ts_ns: int) -> Quote:
    return Quote(symbol, bid, bid + SPREAD, ts_ns, DEPTH, DEPTH)


def order_of(number: int, symbol: Symbol, side: Side, qty: Decimal, price: Decimal | None = None) -> SubmitOrder:
    ord_type, lives = (OrdType.MARKET, TimeInForce.DAY) if price is None else (OrdType.LIMIT, TimeInForce.GTC)
    signal_id = SignalId(f"s{number}")
    return SubmitOrder(OrderIntent(ACCOUNT, symbol, side, ord_type, lives, qty, Role.DIRECT, signal_id, price))


def resting(number: int, prices: int = 5000) -> SubmitOrder:
    """A small order far below the market."""
    return order_of(number, SYMBOL, Side.BUY, SMALL, Decimal("0.9") - number % prices * TICK)


class Work:
    """One kind of work, done at each quote."""

    def __init__(self, work: str, number: int) -> None:
        variant, _, self._kind = work.rpartition("-")
        self._count = number
        others = number if self._kind == "positions" else 0
        self._others = tuple(Symbol(f"THING{number}") for number in range(others))
        setup, venue = desk_of(self._others)
        self._desk: Desk
        if variant == "loop":
            self._desk = Whole(setup, venue, market(self._others))
        else:
            exchange = Told() if variant == "told" else venue
            self._desk = Plain(setup, exchange, market(self._others), bare=variant == "bare")
        self._number = 0
        self._resting: ClOrdId | None = None
        self._prepare()
        self.quotes(WARM)
        assert self._kind not in ("market", "positions") or self._desk.held() == LARGE, "every order was filled"

    def quotes(self, count: int) -> None:
        """Take `count` quotes, and do at each what is to be done."""
        for _ in range(count):
            self._desk.next_quote()
            if self._kind in ("market", "positions"):
                self._trade(SYMBOL, Side.SELL if self._number % 2 else Side.BUY, SIZE)
            elif self._kind == "limit":
                self._renew()

    def _prepare(self) -> None:
        self._desk.next_quote()
        if self._kind in ("market", "positions"):
            self._trade(SYMBOL, Side.BUY, LARGE)  # so that the position never closes
        for symbol in self._others:
            self._desk.next_quote()
            self._trade(symbol, Side.BUY, LARGE)
        for _ in range(0 if self._others else self._count):
            self._send(resting(self._next()))

    def _trade(self, symbol: Symbol, side: Side, qty: Decimal) -> None:
        self._send(order_of(self._next(), symbol, side, qty))

    def _renew(self) -> None:
        """Cancel the order of the quote before, and rest another."""
        if self._resting is not None:
            self._desk.hand(CancelOrders("bench", "renewed", (self._resting,)))
        self._resting = self._send(resting(self._next(), 64))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _send(self, order: SubmitOrder) -> ClOrdId:
        record = self._desk.hand(order)
        assert record.requests, f"the order was denied: {record.events}"
        request = record.requests[0]
        assert isinstance(request, NewOrder)
        return request.cl_ord_id


def nothing_to_do(number: int, batch: int) -> None:
    """Quotes through the whole runtime, as a run in virtual time takes them; orders may rest far from the market."""
    setup, venue = desk_of(())

    def turns() -> Iterator[Quote]:
        quotes, watch = market(), Stopwatch()
        yield from islice(quotes, WARM)
        while True:
            watch.start()
            yield from islice(quotes, batch)
            watch.stop(batch)

    loop = runtime(make_engine(), venue, turns(), [resting(each) for each in range(number)])
    loop.run(EngineStarted("bench", JOURNAL, 1, setup), START_NS)


def main() -> None:
    work, (number, batch) = sys.argv[1], map(int, sys.argv[2:4])
    if work == "quote":
        nothing_to_do(number, batch)
    ready = Work(work.removeprefix("stepped-"), number)
    batches(lambda: ready.quotes(batch), batch)


if __name__ == "__main__":
    main()
