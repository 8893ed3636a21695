"""The paper venue's port: how long messages travel, which of them are lost, and when state becomes durable.

Not one rule of trading is here, those are in exchange.py. And nothing here reads a clock: time comes with each call.

The market is not part of the state: after reopening the venue knows no quote until the feed brings the next one.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from pathlib import Path

import msgspec

from coxswain.messages.inputs import CompareAccounts, ExecutionReport, Input, TradingHalted
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder, Request
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import VenueFill
from coxswain.model.vocabulary import AccountId, ReachedVenue, Symbol, VenueId
from coxswain.venues.base import failure_of
from coxswain.venues.paper.conditions import Cash, Halt, HaltedOrders, Outage, OutageKind, Span
from coxswain.venues.paper.days import NEVER_NS
from coxswain.venues.paper.exchange import Exchange
from coxswain.venues.paper.faults import LATE_FILL_NS, REVERSAL_NS, FaultKind, by_order
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.params import AccountParams, Params, capabilities_of
from coxswain.venues.paper.resting import SymbolCounts
from coxswain.venues.paper.store import Store

UNREACHABLE = "the line to the venue is broken"


class LateFill(msgspec.Struct, frozen=True):
    """A cancelled order that will fill after all."""

    order: Order


class Reversal(msgspec.Struct, frozen=True):
    """A fill that will be taken back, or changed."""

    order: Order
    fill: VenueFill


class Ripe(msgspec.Struct, frozen=True):
    """An order whose simulated delay is over."""

    order: Order


class Turn(msgspec.Struct, frozen=True):
    """A scripted condition begins or ends."""

    condition: Halt | Outage
    begins: bool


Due = Request | LateFill | Reversal | Ripe | Turn | Cash


class Counts(msgspec.Struct, frozen=True):
    """Since the venue was opened."""

    symbols: dict[Symbol, SymbolCounts]
    orders_touched: int
    """How often any order was offered a quote; orders away from the market are not."""


class PaperVenue:
    """A simulated venue. State is committed before a report leaves `take`, and not before there is one to leave."""

    def __init__(
        self,
        venue_id: VenueId,
        params: Params,
        instruments: Iterable[Instrument],
        path: Path | None = None,
        on_commit: Callable[[], None] | None = None,
    ) -> None:
        """Open the venue on its state file, or in memory without one.

        `on_commit` is called after each commit, before the reports leave: the place for a test to crash.
        Raises `StateFileError` for a file that is not this venue's or does not fit the configuration.
        """
        self.venue_id = venue_id
        self.capabilities = capabilities_of(params)
        self._latency_ns = params.latency_ms * 1_000_000
        self._script = by_order(params.faults)
        self._exchange = Exchange(venue_id, params, instruments)
        self._days = self._exchange.days
        self._nights = self._exchange.ledger.nights
        self._on_commit = on_commit
        self._arrivals: list[tuple[int, int, Due]] = []
        """What the future brings: requests that travel, and what the venue itself has in store."""
        self._departures: list[tuple[int, int, Input]] = []
        self._sent = 0
        """Breaks ties of time: what was sent first is first."""
        self.last_ns: int | None = None
        """The time of the last quote or `take`; of a reopened venue, of the last commit."""
        self._conditions: tuple[Halt | Outage | Cash, ...] = (*params.halts, *params.outages, *params.cash)
        self._outages: list[tuple[Span, Outage]] = []
        self._halts: dict[Symbol, TradingHalted] = {}
        """What was said last of each instrument in which trading was ever halted."""
        self._waits_for_first = any(condition.is_relative for condition in self._conditions)
        self._store: Store | None = None
        if path is not None:
            self._store = Store(path, venue_id)
            self.last_ns = self._store.last_ns
            try:
                self._exchange.restore(self._store.load(), self.last_ns or 0)
            except BaseException:
                self._store.close()
                raise
            self._await_ripe()
            self._await_reversals(self.last_ns or 0)
        self._plan_conditions()
        self._show = self._begin if self._waits_for_first else self._exchange.on_quote

    def send(self, request: Request, now_ns: int) -> None:
        is_query = isinstance(request, QueryOrder | QueryAccount)
        outage = self._outage_at(now_ns)
        if outage is not None:
            if outage.kind is OutageKind.FAILS:
                self._depart(failure_of(request, ReachedVenue.MAYBE, UNREACHABLE), now_ns)
            if is_query or not outage.arrives:
                return
        self._schedule(request, now_ns if is_query else now_ns + self._latency_ns)

    def on_quote(self, quote: Quote) -> None:
        self._show(quote)
        self.last_ns = quote.ts_ns  # an engine that comes back after a kill must not show an earlier one
        if self._exchange.reports:
            self._let_leave(quote.ts_ns, quote.ts_ns + self._latency_ns)

    def next_ns(self) -> int | None:
        due_ns = min(self._days.next_ns, self._nights.next_ns)
        if self._arrivals and self._arrivals[0][0] < due_ns:
            due_ns = self._arrivals[0][0]
        if self._departures and self._departures[0][0] < due_ns:
            due_ns = self._departures[0][0]
        return None if due_ns == NEVER_NS else due_ns

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int) -> list[Input]:
        arrivals, departures = self._arrivals, self._departures
        while arrivals and arrivals[0][0] <= now_ns:
            self._end_days(arrivals[0][0])
            due_ns, _, what = heappop(arrivals)
            self._receive(what, due_ns)
        self._end_days(now_ns)
        self.last_ns = now_ns
        leaving: list[Input] = []
        while departures and departures[0][0] <= now_ns:
            leaving.append(heappop(departures)[2])
        if leaving:
            self._commit(now_ns)
        return leaving

    def open_account(self, account_id: AccountId, params: AccountParams) -> None:
        """Keep books for one more account; one that has some keeps them."""
        self._exchange.ledger.open_account(account_id, params)

    def counts(self) -> Counts:
        return Counts(self._exchange.counts(), self._exchange.orders_touched)

    def settle(self) -> None:
        """It is here, and has answered."""

    def close(self) -> None:
        """Commit what is left and let the file go. What still travels is lost."""
        if self._store is not None:
            if self.last_ns is not None:
                self._store.commit(self._exchange.changes, self.last_ns)
                self._exchange.changes.clear()
            self._store.close()

    def _end_days(self, until_ns: int) -> None:
        """End the days and nights that are over by then. At one instant that comes before what arrives."""
        while (end_ns := min(self._days.next_ns, self._nights.next_ns)) <= until_ns:
            if self._days.next_ns == end_ns:
                self._exchange.end_day()
            else:
                self._exchange.ledger.end_night()
            self._let_leave(end_ns, end_ns + self._latency_ns)

    def _receive(self, what: Due, now_ns: int) -> None:
        exchange, due_ns = self._exchange, now_ns + self._latency_ns
        match what:
            case Turn():
                self._turn(what, now_ns)
            case Cash():
                exchange.ledger.move_cash(what, now_ns)
            case LateFill():
                exchange.fill_late(what.order, now_ns)
            case Reversal():
                exchange.ledger.reverse(what.order, what.fill, now_ns)
            case Ripe():
                exchange.show_ripe(what.order, now_ns)
            case _ if self._loses(now_ns):
                return
            case NewOrder():
                self._receive_order(what, now_ns)
            case CancelOrder():
                order = exchange.cancel(what, now_ns)
                if order is not None and order.fault is FaultKind.LATE_FILL:
                    self._schedule(LateFill(order), now_ns + LATE_FILL_NS)
            case ReplaceOrder():
                exchange.replace(what, now_ns)
            case QueryOrder():
                exchange.look_up_order(what, now_ns)
                due_ns = now_ns
            case QueryAccount():
                exchange.look_up_account(what, now_ns)
                # Whoever asks for the books hears of halts, too: the word of one may have been lost with the line.
                exchange.reports.extend(self._halts.values())
                due_ns = now_ns
        self._let_leave(now_ns, due_ns)
        self._await_ripe()

    def _receive_order(self, request: NewOrder, now_ns: int) -> None:
        exchange = self._exchange
        fault = self._script.get((request.account, exchange.count_order(request.account)))
        if fault is not None and fault.kind is FaultKind.REQUEST_LOST:
            return
        exchange.place(request, now_ns, fault)
        if fault is not None and fault.kind is FaultKind.ACK_LOST:
            exchange.reports[:] = [report for report in exchange.reports if not _is_about(report, request)]

    def _await_ripe(self) -> None:
        for order in self._exchange.ripening:
            assert order.ripe_ns is not None, "what ripens says when"
            self._schedule(Ripe(order), order.ripe_ns)
        self._exchange.ripening.clear()

    def _schedule(self, what: Due, due_ns: int) -> None:
        self._sent += 1
        heappush(self._arrivals, (due_ns, self._sent, what))

    def _let_leave(self, now_ns: int, due_ns: int) -> None:
        """Send off what the exchange reports now; while the line is broken it is lost."""
        reports = self._exchange.reports
        self._await_reversals(now_ns)
        if self._outage_at(now_ns) is None and self._outage_at(due_ns) is None:
            for report in reports:
                self._depart(report, due_ns)
        reports.clear()

    def _await_reversals(self, now_ns: int) -> None:
        doubtful = self._exchange.ledger.doubtful
        for order, fill in doubtful:
            self._schedule(Reversal(order, fill), now_ns + REVERSAL_NS)
        doubtful.clear()

    def _depart(self, report: Input, due_ns: int) -> None:
        self._sent += 1
        heappush(self._departures, (due_ns, self._sent, report))

    # --- scripted conditions ------------------------------------------------------------------------------------------

    def _begin(self, quote: Quote) -> None:
        """Count what the script says in seconds from this quote, the first that the venue was ever shown."""
        if self._store is not None:
            self._store.begin(quote.ts_ns)
        self._plan((condition for condition in self._conditions if condition.is_relative), quote.ts_ns)
        self._show = self._exchange.on_quote
        self._show(quote)

    def _plan_conditions(self) -> None:
        """Put into the agenda what the script holds, and take up what was under way when the venue was closed."""
        self._plan((condition for condition in self._conditions if not condition.is_relative), 0)
        if self._waits_for_first and self._store is not None and self._store.first_ns is not None:
            self._waits_for_first = False
            self._plan((condition for condition in self._conditions if condition.is_relative), self._store.first_ns)

    def _plan(self, conditions: Iterable[Halt | Outage | Cash], first_ns: int) -> None:
        for condition in conditions:
            if isinstance(condition, Cash):
                at_ns = condition.at_ns(first_ns)
                if self.last_ns is None or at_ns > self.last_ns:
                    self._schedule(condition, at_ns)
                continue
            span = condition.span(first_ns)
            if isinstance(condition, Outage):
                self._outages.append((span, condition))
            for at_ns, begins in ((span.begins_ns, True), (span.ends_ns, False)):
                turn = Turn(condition, begins)
                if self.last_ns is None or at_ns > self.last_ns:
                    self._schedule(turn, at_ns)
                elif isinstance(condition, Halt):
                    self._halt(condition, at_ns, begins=begins)

    def _turn(self, turn: Turn, now_ns: int) -> None:
        condition = turn.condition
        if isinstance(condition, Halt):
            self._halt(condition, now_ns, begins=turn.begins)
            self._exchange.reports.append(self._halts[condition.symbol])
        elif not turn.begins and condition.kind is OutageKind.FAILS:
            self._exchange.reports.append(
                CompareAccounts(f"venue {self.venue_id} is back", tuple(self._exchange.ledger.accounts))
            )

    def _halt(self, halt: Halt, now_ns: int, *, begins: bool) -> None:
        refusing = halt.orders is HaltedOrders.REJECT
        self._exchange.set_halted(halt.symbol, now_ns, halted=begins, refusing=refusing)
        self._halts[halt.symbol] = TradingHalted(halt.symbol, begins, halt.reason)

    def _outage_at(self, at_ns: int) -> Outage | None:
        for span, outage in self._outages:
            if span.holds(at_ns):
                return outage
        return None

    def _loses(self, at_ns: int) -> bool:
        """Tell whether what arrives then is lost on the way."""
        outage = self._outage_at(at_ns)
        return outage is not None and not outage.arrives

    def _commit(self, now_ns: int) -> None:
        changes = self._exchange.changes
        is_new = self._store is not None and self._store.commit(changes, now_ns)
        changes.clear()
        if is_new and self._on_commit is not None:
            self._on_commit()


def _is_about(report: Input, request: NewOrder) -> bool:
    return isinstance(report, ExecutionReport) and report.cl_ord_id == request.cl_ord_id
