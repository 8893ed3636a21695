"""Drives a venue in tests: sends requests, shows quotes, keeps the promises of `Venue`, collects what comes back."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from coxswain.messages.inputs import AccountLookedUp, CancelRejected, ExecutionReport, Input, OrderLookedUp
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder, Request
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import Trail
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecType,
    OrdType,
    Side,
    Symbol,
    TimeInForce,
    VenueId,
)
from coxswain.venues.base import Venue
from coxswain.venues.paper import (
    AccountParams,
    Fault,
    PaperVenue,
    Params,
)
from tests.instruments import EURUSD_SPOT, USDJPY_SPOT

MS = 1_000_000
SECOND = 1_000 * MS
START_NS = 1_700_000_000 * SECOND
LATENCY_NS = 20 * MS

BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP = OrdType.MARKET, OrdType.LIMIT, OrdType.STOP
A, B = AccountId("A"), AccountId("B")
EURUSD, GBPUSD, SHARE, USDJPY = Symbol("EURUSD"), Symbol("GBPUSD"), Symbol("SHARE"), Symbol("USDJPY")

INSTRUMENTS = (
    EURUSD_SPOT,
    USDJPY_SPOT,
    Instrument(symbol=SHARE, currency="USD", tick=Decimal("0.01"), lot_step=Decimal(1), min_qty=Decimal(1)),
)


def D(text: str | int) -> Decimal:  # noqa: N802  # tests are full of decimals
    return Decimal(text)


class Desk:
    """One venue and the clock it is driven by."""

    def __init__(
        self,
        *faults: Fault,
        path: Path | None = None,
        on_commit: Callable[[], None] | None = None,
        currency: str = "USD",
        balance: str = "1000000",
        latency_ms: int = 20,
        commission_per_lot: str = "0",
        commission_pct: str = "0",
        now_ns: int = START_NS,
        day_ends: str = "00:00",
        day_tz: str = "UTC",
        instruments: tuple[Instrument, ...] = INSTRUMENTS,
        **params_: Any,
    ) -> None:
        account = AccountParams(currency, Decimal(balance))
        params = Params(
            accounts={A: account, B: account},
            latency_ms=latency_ms,
            commission_per_lot=Decimal(commission_per_lot),
            commission_pct=Decimal(commission_pct),
            day_ends=day_ends,
            day_tz=day_tz,
            faults=faults,
            **params_,
        )
        self.paper = PaperVenue(VenueId("paper"), params, instruments, path, on_commit)
        self.venue: Venue = self.paper
        self.now_ns = now_ns
        self.inputs: list[Input] = []
        self._sent = 0

    def run(self, ns: int) -> list[Input]:
        """Let time pass; return what came back meanwhile."""
        before = len(self.inputs)
        until = self.now_ns + ns
        while (due := self.venue.next_ns()) is not None and due <= until:
            self.now_ns = max(self.now_ns, due)
            self.inputs += self.venue.take(self.now_ns)
        self.now_ns = until
        return self.inputs[before:]

    def quote(
        self,
        bid: str,
        ask: str,
        *,
        symbol: Symbol = SHARE,
        bid_size: int | None = None,
        ask_size: int | None = None,
        after_ns: int = SECOND,
        last: str | None = None,
        last_size: int | None = None,
    ) -> list[Input]:
        """Let time pass, show a quote, and give its reports the time to come back."""
        self.run(after_ns)
        shown = [None if size is None else Decimal(size) for size in (bid_size, ask_size, last_size)]
        printed = None if last is None else Decimal(last)
        quote = Quote(
            symbol, Decimal(bid), Decimal(ask), self.now_ns, shown[0], shown[1], last=printed, last_size=shown[2]
        )
        self.venue.on_quote(quote)
        return self.run(LATENCY_NS)

    def send(self, request: Request) -> list[Input]:
        """Send a request and give its answer the time to come back."""
        self.venue.send(request, self.now_ns)
        return self.run(2 * LATENCY_NS)

    def order(
        self,
        side: Side,
        qty: str | int,
        ord_type: OrdType = MARKET,
        px: str | None = None,
        *,
        tif: TimeInForce = TimeInForce.DAY,
        symbol: Symbol = SHARE,
        account: AccountId = A,
        reduce_only: bool = False,
        oco: str | None = None,
        stop_px: str | None = None,
        expire_time_ns: int | None = None,
        trail: Trail | None = None,
    ) -> ClOrdId:
        """Send an order and return its id; the answer is in `inputs`."""
        self._sent += 1
        cl_ord_id = ClOrdId(f"c{self._sent}")
        price = Decimal(px) if px is not None else None
        self.send(
            NewOrder(
                account=account,
                cl_ord_id=cl_ord_id,
                symbol=symbol,
                side=side,
                ord_type=ord_type,
                time_in_force=tif,
                order_qty=Decimal(qty),
                price=price if ord_type in (LIMIT, OrdType.STOP_LIMIT) else None,
                stop_px=price if ord_type is STOP else Decimal(stop_px) if stop_px is not None else None,
                reduce_only=reduce_only,
                oco_group=oco,
                expire_time_ns=expire_time_ns,
                trail=trail,
            )
        )
        return cl_ord_id

    def cancel(self, cl_ord_id: ClOrdId, symbol: Symbol = SHARE) -> list[Input]:
        return self.send(CancelOrder(A, cl_ord_id, symbol))

    def replace(
        self, orig: ClOrdId, qty: str | int, *, new: str = "r1", px: str | None = None, stop_px: str | None = None
    ) -> list[Input]:
        return self.send(
            ReplaceOrder(
                A,
                ClOrdId(new),
                orig,
                SHARE,
                Decimal(qty),
                price=Decimal(px) if px is not None else None,
                stop_px=Decimal(stop_px) if stop_px is not None else None,
            )
        )

    def look(self, cl_ord_id: ClOrdId, symbol: Symbol = SHARE) -> OrderLookedUp:
        self.venue.send(QueryOrder(A, cl_ord_id, symbol), self.now_ns)
        (answer,) = self.run(0)
        assert isinstance(answer, OrderLookedUp)
        return answer

    def books(self, account: AccountId = A, fills_since_ns: int = 0) -> AccountLookedUp:
        self.venue.send(QueryAccount(account, fills_since_ns), self.now_ns)
        (answer,) = self.run(0)
        assert isinstance(answer, AccountLookedUp)
        return answer

    def said(self, cl_ord_id: str) -> list[str]:
        """Tell what was reported of one order, in order, as short text."""
        return [tell(report) for report in self.inputs if getattr(report, "cl_ord_id", None) == cl_ord_id]

    def refusal(self, cl_ord_id: ClOrdId) -> str:
        (report,) = (each for each in self.inputs if isinstance(each, ExecutionReport) and each.cl_ord_id == cl_ord_id)
        assert report.exec_type is ExecType.REJECTED
        return report.text


def tell(report: Input) -> str:
    match report:
        case ExecutionReport(exec_type=ExecType.TRADE):
            return f"TRADE {report.last_qty} @ {report.last_px}"
        case ExecutionReport(exec_type=ExecType.RESTATED | ExecType.REPLACED):
            return f"{report.exec_type} {report.order_qty}"
        case ExecutionReport():
            return str(report.exec_type)
        case CancelRejected():
            return f"REFUSED {report.text}"
    return type(report).__name__
