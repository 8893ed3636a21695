"""A desk to measure on: accounts with generous limits at one venue; one order goes from command to booked fill."""

import hashlib
from collections.abc import Callable
from decimal import Decimal

from coxswain.core.engine import Engine
from coxswain.messages.inputs import (
    AccountLookedUp,
    EngineStarted,
    ExecutionReport,
    ObserveHost,
    SubmitOrder,
    TradingDay,
)
from coxswain.messages.record import Record, encode
from coxswain.messages.requests import NewOrder
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec, Capabilities, Setup, VenueSpec
from coxswain.model.vocabulary import (
    AccountId,
    ExecId,
    ExecType,
    JournalId,
    Mode,
    OrdType,
    Role,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
    VenueId,
    VenueOrderId,
    VenueTier,
)
from coxswain.runtime.plugins import make_engine

START_NS = 1_700_000_000_000_000_000
SYMBOL = Symbol("EURUSD")
BID, ASK = Decimal("1.085"), Decimal("1.08502")
QTY, COMMISSION = Decimal("0.1"), Decimal("0.35")
# Every control is on and answers; none of them stands in the way of thousands of orders within a second.
GENEROUS = {
    name: Decimal(10**15)
    for name in (
        "max_position_qty",
        "max_open_orders",
        "max_open_positions",
        "max_orders_per_day",
        "max_orders_per_minute",
        "max_messages_per_s",
        "max_gross_exposure",
        "max_net_exposure",
        "max_repeats",
        "cancels_free",
    )
} | {
    "duplicate_window_ms": Decimal("0.0001"),
    "price_collar_dynamic_pct": Decimal(100),
    "price_collar_static_pct": Decimal(100),
    "max_price_drift_pct": Decimal(100),
}
DESK = {
    name: Decimal(10**15)
    for name in (
        "max_plan_value",
        "max_venue_messages_per_s",
        "max_desk_position_qty",
        "max_desk_gross_exposure",
        "max_desk_net_exposure",
        "max_currency_exposure",
    )
}
VENUE = VenueSpec(VenueId("paper"), Capabilities(VenueTier.T1, True, True, True))


def instrument(symbol: Symbol = SYMBOL) -> Instrument:
    tick, step = Decimal("0.00001"), Decimal("0.01")
    return Instrument(
        symbol, "USD", tick, step, step, Decimal(100_000), Decimal("0.0333"), "EUR" if symbol == SYMBOL else None
    )


def account_id(number: int) -> AccountId:
    return AccountId(f"account-{number}")


QUOTED_EVERY_NS = 50 * 10**9


class Bench:
    """An engine whose records are encoded and chained as a journal would; a sink may make them durable."""

    def __init__(
        self, accounts: int = 1, sink: Callable[[bytes], None] | None = None, others: int = 0, venues: int = 1
    ) -> None:
        self.engine: Engine = make_engine()
        self.now_ns = START_NS
        self._sink = sink
        self._hash = bytes(32)
        self._orders = 0
        self._quoted_ns = START_NS
        ids = [account_id(number) for number in range(accounts)]
        places = [VENUE, *(VenueSpec(VenueId(f"paper-{number}"), VENUE.capabilities) for number in range(1, venues))]
        specs = tuple(AccountSpec(each, places[n % venues].id, "USD", GENEROUS) for n, each in enumerate(ids))
        self.others = tuple(Symbol(f"THING{number}") for number in range(others))
        instruments = tuple(instrument(symbol) for symbol in (SYMBOL, *self.others))
        setup = Setup(Mode.FULL_AUTO, specs, tuple(places), instruments, settings=DESK)
        self.step(EngineStarted("bench", JournalId("bench0123456789"), 1, setup))
        self.step(ObserveHost(journal_healthy=True, disk_headroom=True, clock_in_bound=True, lease_epoch=1))
        for each in ids:
            self.step(AccountLookedUp(each, Decimal(10**12), (), (), ()))
        self.step(TradingDay(tuple(ids), "2023-11-14"))
        for symbol in (SYMBOL, *self.others):
            self.step(Quote(symbol, BID, ASK, START_NS))

    def step(self, message: object) -> Record:
        """Step, encode, hash."""
        record = self.engine.step(message, self.now_ns)  # type: ignore[arg-type]  # any input will do
        body = encode(record)
        self._hash = hashlib.sha256(self._hash + body).digest()
        if self._sink is not None:
            self._sink(body)
        return record

    def pass_time(self, ns: int) -> None:
        """Let time go by, and show prices often enough to trade at."""
        self.now_ns += ns
        if self.now_ns - self._quoted_ns >= QUOTED_EVERY_NS:
            self._quoted_ns = self.now_ns
            for symbol in (SYMBOL, *self.others):
                self.step(Quote(symbol, BID, ASK, self.now_ns))

    def order(self, account: AccountId, symbol: Symbol = SYMBOL) -> None:
        """One market order: command, gate and all checks, acknowledgement, fill, position and profit.

        In the main instrument buys and sells take turns; positions in the others are only bought.
        """
        self._orders += 1
        number = self._orders
        self.now_ns += 1000
        side = Side.BUY if number % 2 or symbol != SYMBOL else Side.SELL
        signal_id = SignalId(f"s{number}")
        intent = OrderIntent(account, symbol, side, OrdType.MARKET, TimeInForce.DAY, QTY, Role.DIRECT, signal_id)
        request = self.step(SubmitOrder(intent)).requests[0]
        assert isinstance(request, NewOrder)
        order_id, venue_id = request.cl_ord_id, VenueOrderId(f"v{number}")
        self.step(
            ExecutionReport(account, order_id, ExecId(f"n{number}"), ExecType.NEW, symbol, side, self.now_ns, venue_id)
        )
        self.step(
            ExecutionReport(
                account,
                order_id,
                ExecId(f"t{number}"),
                ExecType.TRADE,
                symbol,
                side,
                self.now_ns,
                venue_id,
                last_qty=QTY,
                last_px=ASK if side is Side.BUY else BID,
                cum_qty=QTY,
                commission=COMMISSION,
            )
        )

    def hold(self, account: AccountId) -> None:
        """Open a position in each of the other instruments."""
        for symbol in self.others:
            self.order(account, symbol)

    def rest(self, account: AccountId, count: int) -> None:
        """Leave `count` orders resting far from the market."""
        for number in range(count):
            price = Decimal("0.9") + number % 1000 * Decimal("0.00001")
            signal_id = SignalId(f"r{account}{number}")
            qty, day = Decimal("0.01"), TimeInForce.GTC
            intent = OrderIntent(account, SYMBOL, Side.BUY, OrdType.LIMIT, day, qty, Role.DIRECT, signal_id, price)
            record = self.step(SubmitOrder(intent))
            assert record.requests, f"it was denied, and does not rest: {record.events}"
