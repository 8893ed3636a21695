"""A venue as the engine reaches it when things go wrong: what is lost, repeated, late, wrong, refused, never answered.

It stands between the loop and a paper venue, whose own books stay right. Nothing on the way is durable. What a venue is
proved not to have is never still under way: an order arrives at once, or within less than the settle window, or never.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import msgspec

from coxswain.messages.inputs import (
    AccountLookedUp,
    CancelRejected,
    CompareAccounts,
    ExecutionReport,
    Input,
    OrderLookedUp,
)
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder, Request
from coxswain.model.market import Quote
from coxswain.model.orders import VenueOrder, VenuePosition
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import (
    OPPOSITE,
    ClOrdId,
    ExecId,
    ExecType,
    OrdType,
    ReachedVenue,
    VenueId,
    VenueOrderId,
)
from coxswain.sim import books
from coxswain.sim.ground import MS, S
from coxswain.venues.base import failure_of
from coxswain.venues.paper import PaperVenue

LATE_NS = 1_500 * MS
"""Shorter than the settle window: what is proved absent is not still under way."""
WRONG_NS = 1_800 * MS
"""How long a look-up does not find what is there: shorter than the settle window, too."""
OVER = (ExecType.CANCELED, ExecType.EXPIRED)
SENT_WITHOUT_ANSWER = ("503 service unavailable", "504 gateway time-out", "connection reset", "the reply is no JSON")


class Port:
    """One venue and the way to it."""

    def __init__(
        self,
        venue: PaperVenue,
        chance: random.Random,
        rates: dict[str, int],
        fired: Counter[str],
        on_request: Callable[[Request], None],
        passed: Callable[[str], None],
    ) -> None:
        self.venue_id: VenueId = venue.venue_id
        self.rates = rates
        """How often each row comes, in a thousand."""
        self.capabilities: Capabilities = venue.capabilities
        self.last_ns: int | None = None
        self._venue = venue
        self._symbols = tuple(sorted(venue._exchange._books))
        self._chance = chance
        self._fired = fired
        self._on_request = on_request
        self._passed = passed
        self._requests: list[tuple[int, int, Request]] = []
        self._reports: list[tuple[int, int, Input]] = []
        self._count = 0
        self._away_until = self._hangs_until = self._silent_until = 0
        self._acknowledged: set[ClOrdId] = set()
        self._ours: set[ClOrdId] = set()
        self._over: set[ClOrdId] = set()
        self._rejected: set[ClOrdId] = set()
        self._cancelled: set[ClOrdId] = set()
        self._partly: set[ClOrdId] = set()
        self._forgotten: set[ClOrdId] = set()
        self._wrong_until: dict[ClOrdId, int] = {}
        self._numbers: dict[str, int] = {}
        """Under which numbers the venue shows its orders."""

    # --- what a venue is to the loop ----------------------------------------------------------------------------------

    def fileno(self) -> int | None:
        return None

    def settle(self) -> None:
        pass

    def close(self) -> None:
        pass

    def on_quote(self, quote: Quote) -> None:
        self._venue.on_quote(quote)

    def next_ns(self) -> int | None:
        due = [queue[0][0] for queue in (self._requests, self._reports) if queue]
        if (venue_ns := self._venue.next_ns()) is not None:
            due.append(venue_ns)
        return min(due, default=None)

    def send(self, request: Request, now_ns: int) -> None:
        self._passed("send")
        self._on_request(request)
        if isinstance(request, NewOrder | ReplaceOrder):
            self._ours.add(request.cl_ord_id)
        elif isinstance(request, CancelOrder):
            self._cancelled.add(request.cl_ord_id)
        self._begin_trouble(now_ns)
        if self._happens("F52-RAISES"):
            if self._chance.randrange(2):
                self._arrive(request, now_ns)
            raise self._chance.choice((KeyError("order_id"), ValueError("NaN"), AttributeError("no reply")))
        self._send(request, now_ns)
        if isinstance(request, NewOrder):
            self._passed("sent")

    def take(self, now_ns: int) -> list[Input]:
        while self._requests and self._requests[0][0] <= now_ns:
            self._venue.send(heapq.heappop(self._requests)[2], now_ns)
        due_ns = self._venue.next_ns()
        if due_ns is not None and due_ns <= now_ns:
            for report in self._venue.take(now_ns):
                self._carry(report, now_ns)
        arrived: list[Input] = []
        while self._reports and self._reports[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._reports)[2])
        if any(isinstance(message, ExecutionReport) and message.exec_type is ExecType.TRADE for message in arrived):
            self._passed("fill read")
        elif arrived:
            self._passed("read")
        for message in arrived:
            self._count_arrival(message)
        return arrived

    # --- the surroundings ---------------------------------------------------------------------------------------------

    def is_in_trouble(self, now_ns: int) -> bool:
        return now_ns < max(self._away_until, self._hangs_until, self._silent_until)

    def go_away(self, now_ns: int, ns: int) -> None:
        """Be out of reach for a while, and say when it is over."""
        self._away_until = now_ns + ns
        accounts = tuple(self._venue._exchange.ledger.accounts)
        self._put(CompareAccounts(f"venue {self.venue_id} is back", accounts), self._away_until)

    def cut(self) -> None:
        """Lose everything that is on the way, as when a process dies."""
        for _, _, report in self._reports:
            self._lose(report)
        self._requests.clear()
        self._reports.clear()

    def nothing_fails(self) -> None:
        self.rates = {}
        self._away_until = self._hangs_until = self._silent_until = 0

    # --- towards the venue --------------------------------------------------------------------------------------------

    def _send(self, request: Request, now_ns: int) -> None:
        if now_ns < self._away_until:
            self._fired["F33"] += 1
            reached = self._chance.choice((ReachedVenue.NO, ReachedVenue.MAYBE))
            self._put(failure_of(request, reached, "cannot be reached"), now_ns)
        elif now_ns < self._hangs_until:
            self._fired["F53"] += 1
            if self._chance.randrange(2):
                self._arrive(request, now_ns)
        elif self._happens("F29"):
            self._put(failure_of(request, ReachedVenue.NO, "429 too many requests, retry after 2 s"), now_ns)
        elif self._happens("F30"):
            if self._chance.randrange(2):
                self._arrive(request, now_ns)
            why = self._chance.choice(SENT_WITHOUT_ANSWER)
            self._put(failure_of(request, ReachedVenue.MAYBE, why), now_ns + self._chance.choice((0, 200 * MS, 3 * S)))
        elif isinstance(request, QueryAccount) and self._happens("F35"):
            if self._chance.randrange(2):
                self._put(failure_of(request, ReachedVenue.YES, "balances cannot be read now"), now_ns)
        elif self._happens("F16"):
            if isinstance(request, CancelOrder | ReplaceOrder):
                self._fired["F25"] += 1
        else:
            self._arrive(request, now_ns)

    def _arrive(self, request: Request, now_ns: int) -> None:
        self._count += 1
        late_ns = self._chance.randrange(LATE_NS) if self._happens("F19", counted=False) else 0
        if late_ns:
            heapq.heappush(self._requests, (now_ns + late_ns, self._count, request))
        else:
            self._venue.send(request, now_ns)

    def _begin_trouble(self, now_ns: int) -> None:
        if self.is_in_trouble(now_ns):
            return
        if self._happens("F33", counted=False):
            self.go_away(now_ns, self._chance.choice((5, 40, 200)) * S)
        elif self._happens("F53", counted=False):
            self._hangs_until = now_ns + self._chance.choice((5, 60, 180)) * S
        elif self._happens("F32", counted=False):
            self._silent_until = now_ns + self._chance.choice((2, 15, 70)) * S
        if self._happens("F28", counted=False):
            self._cancel_unasked(now_ns)
        if self._happens("F34", counted=False):
            self._forget(now_ns)
            self._number_anew()

    def _number_anew(self) -> None:
        """Count orders from one again: what it calls an order now it has called another one before."""
        self._fired["F34-IDS"] += bool(self._numbers)
        self._numbers.clear()

    def _renumbered(self, report: Input) -> Input:
        """Show an order under the venue's number of it."""
        match report:
            case ExecutionReport(venue_order_id=str(own)):
                return msgspec.structs.replace(report, venue_order_id=self._number_of(own))
            case OrderLookedUp(order=VenueOrder() as order):
                order = msgspec.structs.replace(order, venue_order_id=self._number_of(order.venue_order_id))
                return msgspec.structs.replace(report, order=order)
            case AccountLookedUp(orders=orders):
                shown = (msgspec.structs.replace(o, venue_order_id=self._number_of(o.venue_order_id)) for o in orders)
                return msgspec.structs.replace(report, orders=tuple(shown))
            case _:
                return report

    def _number_of(self, own: str) -> VenueOrderId:
        return VenueOrderId(str(self._numbers.setdefault(own, len(self._numbers) + 1)))

    def _cancel_unasked(self, now_ns: int) -> None:
        for account_id in self._venue._exchange.ledger.accounts:
            for order in books.working(self._venue, account_id):
                self._fired["F28"] += 1
                self._venue.send(CancelOrder(account_id, order.cl_ord_id, order.symbol), now_ns)
                return

    def _forget(self, now_ns: int) -> None:
        """Begin anew without the working orders that nothing has filled of."""
        for account_id in self._venue._exchange.ledger.accounts:
            for order in tuple(books.working(self._venue, account_id)):
                if order.cl_ord_id in self._ours and not order.cum_qty:
                    self._fired["F34"] += 1
                    self._forgotten.add(order.cl_ord_id)
                    self._venue.send(CancelOrder(account_id, order.cl_ord_id, order.symbol), now_ns)

    # --- towards the engine -------------------------------------------------------------------------------------------

    def _carry(self, report: Input, now_ns: int) -> None:
        report = self._renumbered(report)
        if isinstance(report, ExecutionReport):
            if report.cl_ord_id.startswith(books.BEHIND_OUR_BACK):
                return
            if report.cl_ord_id in self._forgotten and report.exec_type is ExecType.CANCELED:
                return
        elif isinstance(report, AccountLookedUp):
            fills = tuple(fill for fill in report.fills if not fill.cl_ord_id.startswith(books.BEHIND_OUR_BACK))
            report = msgspec.structs.replace(report, fills=fills)
        if now_ns < self._away_until:
            self._lose(report)
            self._fired["F33"] += 1
        elif now_ns < self._hangs_until:
            self._lose(report)
            self._fired["F53"] += 1
        elif isinstance(report, ExecutionReport):
            self._carry_report(report, now_ns)
        elif isinstance(report, OrderLookedUp):
            found = self._looked_up(report, now_ns)
            if self._happens("F35-WRONG"):
                found = msgspec.structs.replace(found, position_qty=found.position_qty + 1)
            self._put(found, now_ns + self._delay_ns())
        elif self._happens("F15"):
            self._lose(report)
        elif isinstance(report, AccountLookedUp) and self._happens("F35-WRONG"):
            self._put(self._wrongly_listed(report), now_ns + self._delay_ns())
        else:
            self._put(report, now_ns + self._delay_ns())

    def _wrongly_listed(self, books_: AccountLookedUp) -> AccountLookedUp:
        """List a balance that is wrong, or a position too many, too few or of another size."""
        step = Decimal(self._chance.choice((-20, 1, 3)))
        if self._chance.randrange(3) == 0:
            return msgspec.structs.replace(books_, balance=books_.balance + step)
        if self._chance.randrange(2) and books_.positions:
            return msgspec.structs.replace(books_, positions=books_.positions[1:])
        symbol = self._chance.choice(self._symbols)
        held = {position.symbol: position.qty for position in books_.positions}
        held[symbol] = held.get(symbol, Decimal(0)) + step
        positions = tuple(VenuePosition(name, qty) for name, qty in held.items() if qty)
        return msgspec.structs.replace(books_, positions=positions)

    def _carry_report(self, report: ExecutionReport, now_ns: int) -> None:
        is_fill = report.exec_type is ExecType.TRADE
        if report.exec_type is ExecType.NEW and self._is_at_market(report) and self._happens("F21", counted=False):
            report = msgspec.structs.replace(report, exec_type=ExecType.REJECTED, text="rejected, says the venue")
        elif self._happens("F52"):
            report = self._garbled(report)
        if self._happens("F15"):
            self._lose(report)
            return
        at_ns = now_ns + self._delay_ns()
        if now_ns < self._silent_until:
            self._fired["F32"] += 1
            if is_fill and report.cl_ord_id in self._partly:
                self._fired["F23"] += 1
            at_ns = self._silent_until
            if self._chance.randrange(2):
                self._put(report, at_ns)  # the stream is replayed
        if self._happens("F17"):
            self._put(report, now_ns + self._delay_ns())
        if is_fill and self._happens("F18"):
            again = ExecId(f"{report.exec_id}-again")
            self._put(msgspec.structs.replace(report, exec_id=again), now_ns + self._delay_ns())
        self._put(report, at_ns)

    def _is_at_market(self, report: ExecutionReport) -> bool:
        order = books.order_of(self._venue, report.account, report.cl_ord_id)
        return order is not None and order.ord_type is OrdType.MARKET

    def _garbled(self, report: ExecutionReport) -> ExecutionReport:
        match self._chance.randrange(3):
            case 0:
                symbol = "SHARE" if report.symbol == "EURUSD" else "EURUSD"
                return msgspec.structs.replace(report, symbol=symbol)
            case 1:
                return msgspec.structs.replace(report, side=OPPOSITE[report.side])
            case _:
                if report.last_qty is not None:
                    return msgspec.structs.replace(report, last_qty=-report.last_qty)
                return msgspec.structs.replace(report, order_qty=Decimal(-1))

    def _looked_up(self, answer: OrderLookedUp, now_ns: int) -> OrderLookedUp:
        own = answer.cl_ord_id
        if own in self._forgotten and answer.order is not None and not answer.fills:
            return msgspec.structs.replace(answer, order=None)
        if own not in self._wrong_until:  # also one that is still on its way: two looks must not both be wrong
            self._wrong_until[own] = now_ns + WRONG_NS if self._happens("F31", counted=False) else 0
        if answer.order is not None and now_ns < self._wrong_until.get(own, 0):
            self._fired["F31"] += 1
            return msgspec.structs.replace(answer, order=None, fills=())
        return answer

    def _lose(self, report: Input) -> None:
        if isinstance(report, ExecutionReport):
            if report.exec_type in (ExecType.CANCELED, ExecType.REPLACED):
                self._fired["F25"] += report.cl_ord_id in self._cancelled or report.exec_type is ExecType.REPLACED
            elif report.exec_type is ExecType.TRADE and report.cl_ord_id in self._partly:
                self._fired["F23"] += 1
        elif isinstance(report, CancelRejected):
            self._fired["F25"] += 1

    def _count_arrival(self, message: Input) -> None:
        """See what has come about by itself."""
        if not isinstance(message, ExecutionReport):
            return
        own = message.cl_ord_id
        match message.exec_type:
            case ExecType.NEW:
                self._acknowledged.add(own)
            case ExecType.REJECTED:
                self._rejected.add(own)
            case ExecType.CANCELED | ExecType.EXPIRED:
                self._over.add(own)
            case ExecType.TRADE_CANCEL:
                self._fired["F26"] += 1
            case ExecType.TRADE_CORRECT:
                self._fired["F27"] += 1
            case ExecType.TRADE:
                self._fired["F19"] += own in self._ours and own not in self._acknowledged
                self._fired["F20"] += own in self._over
                self._fired["F21"] += own in self._rejected
                self._fired["F22"] += own not in self._ours
                self._fired["F24"] += own in self._cancelled and own not in self._over
                self._partly.add(own)

    # --- chance -------------------------------------------------------------------------------------------------------

    def _put(self, message: Input, at_ns: int) -> None:
        self._count += 1
        heapq.heappush(self._reports, (at_ns, self._count, message))

    def _delay_ns(self) -> int:
        return self._chance.randrange(LATE_NS // MS) * MS if self._happens("F19", counted=False) else 0

    def _happens(self, row: str, *, counted: bool = True) -> bool:
        rate = self.rates.get(row, 0)
        if not rate or self._chance.randrange(1_000) >= rate:
            return False
        self._fired[row] += counted
        return True
