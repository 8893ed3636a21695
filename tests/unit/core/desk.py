"""Drives an engine by hand: inputs in, records out, and a venue played by the test, which says what it likes."""

from decimal import Decimal
from typing import Any, Self, TypeVar

import msgspec

from coxswain.core.order import Order
from coxswain.core.position import Position
from coxswain.core.state import Account
from coxswain.messages.events import Event
from coxswain.messages.inputs import (
    AccountLookedUp,
    CancelRejected,
    EngineStarted,
    ExecutionReport,
    Input,
    ObserveHost,
    OrderLookedUp,
    SubmitOrder,
    SubmitSignal,
    TimePassed,
    TradingDay,
)
from coxswain.messages.record import Record, decode, encode
from coxswain.messages.requests import NewOrder, Request
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent, VenueFill, VenueOrder, VenuePosition
from coxswain.model.setup import AccountSpec, Capabilities, Correlation, Setup, VenueSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    ExecType,
    JournalId,
    Mode,
    OrdStatus,
    OrdType,
    Role,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    TimeInForce,
    VenueId,
    VenueOrderId,
    VenueTier,
)
from coxswain.runtime.plugins import make_engine
from tests import instruments

MS = 1_000_000
S = 1_000 * MS
START_NS = 1_700_000_000 * S
A, B, C = AccountId("A"), AccountId("B"), AccountId("C")
SHARE, EURUSD = Symbol("SHARE"), Symbol("EURUSD")
BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP = OrdType.MARKET, OrdType.LIMIT, OrdType.STOP
VENUE = VenueId("venue")
WELL = ObserveHost(journal_healthy=True, disk_headroom=True, clock_in_bound=True, lease_epoch=1)

SHARES, EURUSD_SPOT = instruments.SHARES, instruments.EURUSD_SPOT
# Nothing is staggered or varied unless a test is about that.
PLAIN = {
    name: Decimal(0)
    for name in ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct")
}

# Tests send the same order twice within an instant, which people do not.
PLAIN["duplicate_window_ms"] = Decimal(0)

T = TypeVar("T")
E = TypeVar("E", bound=Event)
R = TypeVar("R", bound=Request)


def D(value: str | int) -> Decimal:  # noqa: N802  # it stands for the type it makes
    return Decimal(value)


def account(name: AccountId, currency: str = "USD", *, reserve: bool = False, **limits: str | int) -> AccountSpec:
    return AccountSpec(name, VENUE, currency, {key: Decimal(value) for key, value in limits.items()}, reserve)


def setup(
    *accounts: AccountSpec,
    tier: VenueTier = VenueTier.T1,
    mode: Mode = Mode.FULL_AUTO,
    correlations: tuple[Correlation, ...] = (),
    instruments: tuple[Instrument, ...] = (SHARES, EURUSD_SPOT),
    can: Capabilities | None = None,
    **settings: str | int,
) -> Setup:
    return Setup(
        mode,
        accounts or (account(A),),
        (VenueSpec(VENUE, can or Capabilities(tier, True, True, True)),),
        instruments,
        correlations,
        {**PLAIN, **{key: Decimal(value) for key, value in settings.items()}},
    )


class Desk:
    """An engine that has started, compared its books and begun its day, in a market of 100.00 to 100.02."""

    def __init__(self, config: Setup | None = None, *, balance: int = 100_000, begin: bool = True) -> None:
        self.setup = config or setup()
        self.engine = make_engine()
        self.now_ns = START_NS
        self.records: list[Record] = []
        self.balance = Decimal(balance)
        self._reports = 0
        self._signals = 0
        if begin:
            self.start()
            self.quote(SHARE, "100.00", "100.02")
            self.quote(EURUSD, "1.08500", "1.08502")

    # --- inputs -------------------------------------------------------------------------------------------------------

    def step(self, message: Input) -> Record:
        record = self.engine.step(message, self.now_ns)
        self.records.append(record)
        return record

    def start(self) -> None:
        self.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, self.setup))
        self.step(WELL)
        for spec in self.setup.accounts:
            self.books(spec.id, self.balance)
        self.step(TradingDay(tuple(spec.id for spec in self.setup.accounts), "2023-11-14"))

    def restarted(self) -> Self:
        """Return another desk whose engine was folded from the records of this one, and started."""
        other = self.folded()
        other.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, self.setup))
        other.step(WELL)
        return other

    def folded(self) -> Self:
        other = type(self)(self.setup, begin=False)
        other.now_ns, other.balance, other._reports = self.now_ns, self.balance, self._reports
        for record in self.records:
            other.engine.fold(decode(encode(record)))
        other.records = list(self.records)
        return other

    def wait(self, ns: int) -> list[Record]:
        """Let time pass and answer every deadline on the way."""
        until_ns, before = self.now_ns + ns, len(self.records)
        while (due_ns := self.engine.next_deadline()) is not None and due_ns <= until_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self.step(TimePassed())
        self.now_ns = until_ns
        return self.records[before:]

    def quote(self, symbol: Symbol, bid: str, ask: str) -> Record:
        return self.step(Quote(symbol, Decimal(bid), Decimal(ask), self.now_ns))

    def signal(self, kind: SignalKind = SignalKind.ENTRY, symbol: Symbol = SHARE, **fields: Any) -> Record:
        """Submit a signal; numbers are given as text. What is due at once is answered."""
        numbers = ("entry_price", "stop_loss", "take_profit", "confidence", "quantity", "limit_price")
        values = {key: Decimal(str(value)) if key in numbers else value for key, value in fields.items()}
        self._signals += 1
        name = SignalId(str(values.pop("id", f"s{self._signals}")))
        ttl_s = values.pop("ttl_s", 300)
        if kind is SignalKind.ENTRY:
            values.setdefault("side", BUY)
        signal = msgspec.convert(
            {"id": name, "kind": kind, "symbol": symbol, "signal_time_ns": self.now_ns, "ttl_s": ttl_s, **values},
            Signal,
        )
        record = self.step(SubmitSignal(signal))
        self.wait(0)
        return record

    def enter(self, qty: str | int = 10, **fields: Any) -> ClOrdId:
        """Submit an entry for account A alone, a market order unless said otherwise, and return its order's id."""
        fields.setdefault("stop_loss", "95.00")
        fields.setdefault("accounts", (A,))
        self.signal(quantity=qty, **fields)
        return self.sent()

    def exit(self, symbol: Symbol = SHARE, **fields: Any) -> Record:
        return self.signal(SignalKind.EXIT, symbol, **fields)

    def adjust(self, symbol: Symbol = SHARE, **fields: Any) -> Record:
        return self.signal(SignalKind.STOP_ADJUSTMENT, symbol, **fields)

    def direct(
        self,
        side: Side = BUY,
        qty: str | int = 10,
        *,
        name: str = "d1",
        symbol: Symbol = SHARE,
        account_id: AccountId = A,
        price: str | None = None,
        stop_px: str | None = None,
        stop_loss: str | None = None,
        take_profit: str | None = None,
        reduce_only: bool = False,
        tif: TimeInForce = TimeInForce.DAY,
    ) -> Record:
        prices = [None if px is None else Decimal(px) for px in (price, stop_px, stop_loss, take_profit)]
        ord_type = LIMIT if price is not None else STOP if stop_px is not None else MARKET
        intent = OrderIntent(
            account_id,
            symbol,
            side,
            ord_type,
            tif,
            Decimal(qty),
            Role.DIRECT,
            SignalId(name),
            price=prices[0],
            stop_px=prices[1],
            stop_loss=prices[2],
            take_profit=prices[3],
            reduce_only=reduce_only,
        )
        return self.step(SubmitOrder(intent))

    # --- what the venue says ------------------------------------------------------------------------------------------

    def report(self, cl_ord_id: ClOrdId, exec_type: ExecType, **fields: Any) -> Record:
        """Say what happened to an order; numbers are given as text."""
        numbers = ("order_qty", "last_qty", "last_px", "cum_qty", "commission", "settl_fx_rate")
        values = {key: Decimal(str(value)) if key in numbers else value for key, value in fields.items()}
        order = self.order(cl_ord_id) if self.knows(cl_ord_id) else None
        self._reports += 1
        values.setdefault("account", A if order is None else order.intent.account)
        values.setdefault("symbol", SHARE if order is None else order.intent.symbol)
        values.setdefault("side", BUY if order is None else order.intent.side)
        values.setdefault("exec_id", ExecId(f"x{self._reports}"))
        values.setdefault("transact_time_ns", self.now_ns)
        values.setdefault("venue_order_id", VenueOrderId("v"))
        return self.step(msgspec.convert({"cl_ord_id": cl_ord_id, "exec_type": exec_type, **values}, ExecutionReport))

    def accept(self, cl_ord_id: ClOrdId) -> Record:
        return self.report(cl_ord_id, ExecType.NEW)

    def fill(self, cl_ord_id: ClOrdId, qty: str | int, px: str = "100.02", **fields: Any) -> Record:
        return self.report(cl_ord_id, ExecType.TRADE, last_qty=qty, last_px=px, **fields)

    def cancel(self, cl_ord_id: ClOrdId, **fields: Any) -> Record:
        return self.report(cl_ord_id, ExecType.CANCELED, **fields)

    def reject(self, cl_ord_id: ClOrdId) -> Record:
        return self.report(cl_ord_id, ExecType.REJECTED, text="no")

    def replace(self, new_id: ClOrdId, order_qty: str | int, **fields: Any) -> Record:
        return self.report(new_id, ExecType.REPLACED, order_qty=order_qty, **fields)

    def refuse(self, cl_ord_id: ClOrdId, orig: ClOrdId | None = None, text: str = "no") -> Record:
        return self.step(CancelRejected(A, cl_ord_id, orig or cl_ord_id, text))

    def look(
        self,
        cl_ord_id: ClOrdId,
        status: OrdStatus | None = None,
        *,
        fills: tuple[VenueFill, ...] = (),
        held: str | int | None = None,
        as_of_ns: int | None = None,
        under: ClOrdId | None = None,
        **fields: Any,
    ) -> Record:
        """Answer the question about an order; without a status the venue does not know it."""
        order = self.order(cl_ord_id)
        found = None
        if status is not None:
            cum_qty = order.cum_qty + sum((fill.last_qty for fill in fills), Decimal(0))
            found = VenueOrder(
                under or order.current_id,
                VenueOrderId("v"),
                order.intent.symbol,
                order.intent.side,
                status,
                Decimal(str(fields.get("order_qty", order.order_qty))),
                Decimal(str(fields.get("cum_qty", cum_qty))),
                order.price,
                order.stop_px,
            )
        qty = self.position(order.intent.symbol, order.intent.account).qty if held is None else Decimal(held)
        at_ns = self.now_ns if as_of_ns is None else as_of_ns
        return self.step(OrderLookedUp(order.intent.account, cl_ord_id, found, fills, qty, at_ns))

    def venue_fill(self, cl_ord_id: ClOrdId, qty: str | int, px: str = "100.02", exec_id: str = "") -> VenueFill:
        self._reports += 1
        order = self.order(cl_ord_id)
        symbol, side = order.intent.symbol, order.intent.side
        name = ExecId(exec_id or f"x{self._reports}")
        return VenueFill(cl_ord_id, name, symbol, side, Decimal(qty), Decimal(px), Decimal(0), self.now_ns)

    def books(self, account_id: AccountId = A, balance: Decimal | None = None, **fields: Any) -> Record:
        """Show an account's books as the engine has them, or with what `fields` says instead."""
        ours = self.engine.state.accounts[account_id]
        open_orders = [ours.orders[cl_ord_id] for cl_ord_id in ours.open_orders]
        values: dict[str, Any] = {
            "positions": tuple(VenuePosition(p.symbol, p.qty) for p in ours.positions.values() if p.qty),
            "orders": tuple(as_venue_order(order) for order in open_orders),
            "fills": (),
            "as_of_ns": self.now_ns,
        }
        values.update(fields)
        shown = balance if balance is not None else ours.balance if ours.balance is not None else self.balance
        return self.step(AccountLookedUp(account_id, shown, **values))

    # --- what came of it ----------------------------------------------------------------------------------------------

    def account(self, account_id: AccountId = A) -> Account:
        return self.engine.state.accounts[account_id]

    def position(self, symbol: Symbol = SHARE, account_id: AccountId = A) -> Position:
        return self.account(account_id).positions[symbol]

    def order(self, cl_ord_id: ClOrdId) -> Order:
        for account_ in self.engine.state.accounts.values():
            own = account_.former_ids.get(cl_ord_id, cl_ord_id)
            if own in account_.orders:
                return account_.orders[own]
        raise KeyError(cl_ord_id)

    def knows(self, cl_ord_id: ClOrdId) -> bool:
        accounts = self.engine.state.accounts.values()
        return any(cl_ord_id in each.orders or cl_ord_id in each.former_ids for each in accounts)

    def events(self, kind: type[E], since: int = 0) -> list[E]:
        """Return every event of a kind, of the records from index `since` on."""
        return [event for record in self.records[since:] for event in record.events if isinstance(event, kind)]

    def requests(self, kind: type[R], since: int = 0) -> list[R]:
        return [request for record in self.records[since:] for request in record.requests if isinstance(request, kind)]

    def sent(self) -> ClOrdId:
        """Return the id of the last order that was sent."""
        return self.requests(NewOrder)[-1].cl_ord_id

    def stop_of(self, symbol: Symbol = SHARE, account_id: AccountId = A) -> Order:
        stop_id = self.position(symbol, account_id).stop_id
        assert stop_id is not None, "no stop stands"
        return self.order(stop_id)

    def target_of(self, symbol: Symbol = SHARE, account_id: AccountId = A) -> Order:
        target_id = self.position(symbol, account_id).target_id
        assert target_id is not None, "no target stands"
        return self.order(target_id)

    def hold(self, qty: str | int = 10, **fields: Any) -> ClOrdId:
        """Hold a position whose protection works at the venue; return the entry's id."""
        entry = self.enter(qty, **fields)
        self.accept(entry)
        self.fill(entry, qty)
        position = self.position()
        for leg in (position.stop_id, position.target_id):
            if leg is not None:
                self.accept(leg)
        return entry


def as_venue_order(order: Order) -> VenueOrder:
    return VenueOrder(
        order.current_id,
        VenueOrderId("v"),
        order.intent.symbol,
        order.intent.side,
        OrdStatus.NEW,
        order.order_qty,
        order.cum_qty,
        order.price,
        order.stop_px,
    )


def kinds(record: Record) -> list[str]:
    return [type(event).__name__ for event in record.events]


def only(things: list[T]) -> T:
    (thing,) = things
    return thing
