"""The other engine's side: NautilusTrader's back-test engine, its simulated exchange, its checks before a trade.

    python -m bench.peers.theirs WORK COUNT BATCH ROUNDS

A strategy is called with each quote and does its work then; a batch is measured from one quote to another. Nothing of
ours may be imported here.
"""

import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import LoggerConfig, LogLevel
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import (
    AccountType,
    Currency,
    CurrencyPair,
    InstrumentId,
    Money,
    OmsType,
    OrderSide,
    Price,
    Quantity,
    QuoteTick,
    Symbol,
    Venue,
)
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import Strategy, StrategyConfig

from bench.peers.turns import Stopwatch, bids

START_NS = 1_700_000_000_000_000_000
STEP_NS = 10_000_000
WARM = 500
"""Quotes, each with its order, before anything is measured."""
NO_LIMIT = "1000000/00:00:01"
USD = Currency.from_str("USD")
BUY, SELL = OrderSide.BUY, OrderSide.SELL
DEPTH = Quantity.from_str("100000000")
SIZE, SMALL, LARGE = (Quantity.from_str(text) for text in ("10000", "1000", "200000"))


def engine_of(oms: OmsType) -> BacktestEngine:
    """Every check before a trade stays on; what it writes to a screen and analyses afterwards is off."""
    config = BacktestEngineConfig(
        bypass_logging=True,
        logging=LoggerConfig(stdout_level=LogLevel.OFF, bypass_logging=True),
        run_analysis=False,
        risk_engine=RiskEngineConfig(max_order_submit_rate=NO_LIMIT, max_order_modify_rate=NO_LIMIT),
    )
    engine = BacktestEngine(config=config)
    engine.add_venue(
        venue=Venue("SIM"),
        oms_type=oms,
        account_type=AccountType.MARGIN,
        base_currency=USD,
        starting_balances=[Money(50_000_000_000.0, USD)],
        fee_model=MakerTakerFeeModel(Decimal(0), Decimal(0)),
    )
    return engine


def pair(name: str) -> CurrencyPair:
    return CurrencyPair(
        instrument_id=InstrumentId.from_str(f"{name}/USD.SIM"),
        raw_symbol=Symbol(f"{name}/USD"),
        base_currency=Currency.from_str("EUR"),
        quote_currency=USD,
        price_precision=5,
        size_precision=0,
        price_increment=Price.from_str("0.00001"),
        size_increment=Quantity.from_str("1"),
        lot_size=Quantity.from_str("1000"),
        max_quantity=Quantity.from_str("10000000"),
        min_quantity=Quantity.from_str("1"),
        margin_init=Decimal("0.0333"),
        margin_maint=Decimal("0.0333"),
        ts_event=0,
        ts_init=0,
    )


class Worker(Strategy):  # type: ignore[misc]  # the package has no types where this is checked
    """Does one kind of work at each quote. The engine's own class takes no more arguments, so the work comes after."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(log_events=False, log_commands=False))

    def take(self, work: str, count: int, before: int, batch: int, instruments: list[CurrencyPair]) -> None:
        self.work, self.count, self.before, self.batch = work, count, before, batch
        self.instruments = instruments
        self.main = instruments[0].id
        self.far = [Price.from_str(f"0.{90_000 - number % 5000:05d}") for number in range(max(count, 64))]
        self.watch = Stopwatch()
        self.seen = 0
        self.resting: object = None
        self.opened: object = None

    def on_start(self) -> None:
        for instrument in self.instruments:
            self.subscribe_quotes(instrument.id)

    def on_quote(self, quote: QuoteTick) -> None:
        seen, self.seen = self.seen, self.seen + 1
        if seen < self.before:
            self.prepare(seen, quote)
            return
        measured = seen - self.before - WARM
        if measured >= 0 and measured % self.batch == 0:
            if measured:
                self.watch.stop(self.batch)
            self.watch.start()
        if self.work in ("market", "positions"):
            self.trade(SELL if seen % 2 else BUY)
        elif self.work == "limit":
            self.renew(seen)
        elif self.work == "hedged":
            self.open_or_close()

    def prepare(self, seen: int, quote: QuoteTick) -> None:
        if self.work == "hedged":
            self.submit_order(self.order_factory.market(self.main, BUY, SMALL))
        elif self.work == "positions":
            self.submit_order(self.order_factory.market(quote.instrument_id, BUY, LARGE))
        elif seen == 0:
            for number in range(self.count):
                self.submit_order(self.order_factory.limit(self.main, BUY, SMALL, self.far[number]))
            if self.work == "market":  # so that the position never closes
                self.submit_order(self.order_factory.market(self.main, BUY, LARGE))

    def trade(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(self.main, side, SIZE))

    def renew(self, seen: int) -> None:
        """Cancel the order of the quote before, and rest another."""
        if self.resting is not None:
            self.cancel_order(self.resting)
        order = self.order_factory.limit(self.main, BUY, SMALL, self.far[seen % 64])
        self.submit_order(order)
        self.resting = order.client_order_id

    def open_or_close(self) -> None:
        """Open one more position, and close it at the next quote."""
        if self.opened is None:
            self.submit_order(self.order_factory.market(self.main, BUY, SMALL))
        else:
            self.submit_order(self.order_factory.market(self.main, SELL, SMALL), position_id=self.opened)
            self.opened = None

    def on_position_opened(self, event: object) -> None:
        if self.seen > self.before:
            self.opened = event.position_id  # type: ignore[attr-defined]  # as above


def quotes(instruments: list[CurrencyPair], first: int, main: int, step_ns: int) -> Iterator[QuoteTick]:
    """One quote of each instrument, then of the main one alone."""
    ts_ns = START_NS
    for number in range(first):
        ts_ns += step_ns
        yield quote_of(instruments[number % len(instruments)], 108_500, ts_ns)
    for bid in islice(bids(), main):
        ts_ns += step_ns
        yield quote_of(instruments[0], bid, ts_ns)


def quote_of(instrument: CurrencyPair, bid: int, ts_ns: int) -> QuoteTick:
    return QuoteTick(instrument.id, Price(bid / 1e5, 5), Price((bid + 2) / 1e5, 5), DEPTH, DEPTH, ts_ns, ts_ns)


def main() -> None:
    work, (count, batch, rounds) = sys.argv[1], map(int, sys.argv[2:5])
    engine = engine_of(OmsType.HEDGING if work == "hedged" else OmsType.NETTING)
    instruments = [pair("EUR"), *(pair(f"T{number}") for number in range(count if work == "positions" else 0))]
    for instrument in instruments:
        engine.add_instrument(instrument)
    before = count if work == "hedged" else len(instruments)
    engine.add_data(list(quotes(instruments, before, WARM + batch * rounds + 1, STEP_NS)))
    worker = Worker()
    worker.take(work, count, before, batch, instruments)
    engine.add_strategy(worker)
    engine.run()
    orders = engine.cache.orders()
    resting = count + 1 if work == "limit" else count if work in ("quote", "market") else 0
    rejected = [order for order in orders if order.status.name in ("DENIED", "REJECTED")]
    assert len(engine.cache.orders_open()) == resting, "the others were filled or cancelled"
    assert not rejected, rejected[0]
    os._exit(0)  # the measurement is over; taking everything down is not part of it


if __name__ == "__main__":
    main()
