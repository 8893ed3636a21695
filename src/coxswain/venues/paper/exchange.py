"""The exchange inside the paper venue: orders, matching and books, at one instant after the other.

It knows neither how long a message travels nor where its state is kept: it is called with a time, it leaves reports in
`reports` and what it touched in `changes`, and venue.py sends the one and stores the other.

An order lives like this. `place` refuses it or acknowledges it and shows it to the latest quote. What cannot trade now
rests: market orders in a queue, limits and stops in price order. A quote that reaches some of them matches, in this
order, what already waits at the market, stops, limits; within each by price, then by time. Orders trade at the touch,
never more of it than is displayed; a new quote displays anew. What is for the day ends with it.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.messages.inputs import CancelRejected, Input
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder
from coxswain.model.decimals import ZERO, floor_step, percent_of, plain, round_down, round_up, text
from coxswain.model.market import Instrument, Quote, touch
from coxswain.model.position import book as book_fill
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    ExecType,
    OrdStatus,
    Side,
    Symbol,
    TimeInForce,
    VenueId,
    VenueOrderId,
)
from coxswain.venues.paper.accounts import Account, Position, Rates
from coxswain.venues.paper.admission import NO_FRESH_QUOTE, refusal, unsupported
from coxswain.venues.paper.days import DayEnds
from coxswain.venues.paper.faults import Fault, FaultKind, quiet_at
from coxswain.venues.paper.lookups import look_up_account, look_up_order
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.params import AccountParams, Params, capabilities_of
from coxswain.venues.paper.reporting import fill_of, refusal_to_stranger, report_of, trade_of
from coxswain.venues.paper.resting import Book, Ladder, SymbolCounts
from coxswain.venues.paper.store import Changes, Counters, State, StateFileError
from coxswain.venues.paper.trailing import let_follow

NO_MORE = "no more to be had at the touch"
DAY_IS_OVER = "DAY: the day is over"
DATE_IS_PAST = "GTD: its time is past"
NOTHING_TO_REDUCE = "reduce-only: there is no position to reduce"


class Group:
    """The working members of one OCO group, by order number."""

    __slots__ = ("members", "traded_on", "trader")

    def __init__(self) -> None:
        self.members: dict[int, Order] = {}
        self.traded_on: Quote | None = None
        self.trader: Order | None = None
        """The one member that may trade on that quote."""


class Exchange:
    def __init__(self, venue_id: VenueId, params: Params, instruments: Iterable[Instrument]) -> None:
        self._venue_id = venue_id
        self._params = params
        self._can = capabilities_of(params)
        self._stale_ns = params.quote_stale_s * 1_000_000_000
        self._books = {instrument.symbol: Book(instrument) for instrument in instruments}
        self._rates = Rates(self._books.values(), self._stale_ns)
        self._accounts: dict[AccountId, Account] = {}
        for account_id, account in params.accounts.items():
            self.open_account(account_id, account)
        self._groups: dict[tuple[AccountId, str], Group] = {}
        self.days = DayEnds(params.day_ends, params.day_tz)
        self._counters = Counters()
        self.reports: list[Input] = []
        self.changes = Changes(self._counters)
        self.orders_touched = 0
        """How often a resting or arriving order was offered a quote."""

    def restore(self, state: State) -> None:
        """Take over the books of an earlier life. Raises `StateFileError` where they do not fit the configuration."""
        self._counters = self.changes.counters = state.counters
        for row in state.accounts:
            known = self._accounts.get(row.id)
            if known is not None and known.currency != row.currency:
                raise StateFileError(f"account {row.id}: its books are in {row.currency}, wanted {known.currency}")
            self._accounts[row.id] = Account(row.id, row.currency, row.balance, row.new_orders)
        for position in state.positions:
            account, book = self._accounts[position.account], self._restored_book(position.symbol)
            account.positions[position.symbol] = Position(position.account, book, position.qty, position.cost)
        by_number: dict[int, Order] = {}
        for order in state.orders:
            by_number[order.number] = order
            account = self._accounts[order.account]
            account.orders.update(dict.fromkeys(order.ids, order))
        for order_number, fill in state.fills:
            account = self._accounts[by_number[order_number].account]
            account.fills.append(fill)
            account.fills_of.setdefault(order_number, []).append(fill)
        for order in by_number.values():
            if order.ended_as is None:
                self._enlist(self._restored_book(order.symbol), order)
                if not order.is_quiet:
                    self._books[order.symbol].add(order)

    def _restored_book(self, symbol: Symbol) -> Book:
        book = self._books.get(symbol)
        if book is None:
            raise StateFileError(f"symbol {symbol}: the books hold it, wanted it among the instruments")
        return book

    def open_account(self, account_id: AccountId, params: AccountParams) -> None:
        if account_id not in self._accounts:
            self._accounts[account_id] = Account(account_id, params.currency, plain(params.initial_balance))

    def counts(self) -> dict[Symbol, SymbolCounts]:
        return {symbol: book.counts() for symbol, book in self._books.items()}

    # --- the market -------------------------------------------------------------------------------------------------

    def on_quote(self, quote: Quote) -> None:
        """Trade on a quote. One that is crossed or not positive is counted, and the one before it stays in force."""
        book = self._books.get(quote.symbol)
        if book is None:
            return
        bid, ask = quote.bid, quote.ask
        book.quotes += 1
        if not ZERO < bid <= ask:
            if bid <= ZERO or ask <= ZERO:
                book.not_positive += 1
            else:
                book.crossed += 1
            return
        book.quote, book.bid_left, book.ask_left = quote, quote.bid_size, quote.ask_size
        if book.trailing:
            self.changes.orders.update((order.number, order) for order in let_follow(book, quote))
        if (
            ask <= book.buy_limits.best
            or bid >= book.sell_limits.best
            or ask >= book.buy_stops.best
            or bid <= book.sell_stops.best
            or book.waiting
        ):
            self._match(book, quote)

    def _match(self, book: Book, quote: Quote) -> None:
        for place in sorted(book.waiting):
            order = book.waiting.get(place)  # one before it may have ended it
            if order is not None and not self._is_blocked(book, order):
                del book.waiting[place]
                self._trade(book, order, quote.ts_ns)
                self._rest(book, order, quote.ts_ns)
        # Stops come before limits: of two members of a group that one quote reaches, the adverse one trades.
        self._sweep(book, book.buy_stops, quote.ask, quote.ts_ns)
        self._sweep(book, book.sell_stops, quote.bid, quote.ts_ns)
        if book.shows(Side.BUY):
            self._sweep(book, book.buy_limits, quote.ask, quote.ts_ns)
        if book.shows(Side.SELL):
            self._sweep(book, book.sell_limits, quote.bid, quote.ts_ns)

    def _sweep(self, book: Book, ladder: Ladder, touch_px: Decimal, now_ns: int) -> None:
        """Trigger every stop, or fill limits while there is something displayed, that the touch has reached."""
        passed: list[Order] = []
        while ladder.reached(touch_px):
            order = ladder.pop()
            if self._is_blocked(book, order):
                passed.append(order)
            elif order.waits_for_trigger:
                self._trigger(order)
                if book.reached(order, touch_px):
                    self._trade(book, order, now_ns)
                self._rest(book, order, now_ns)
            else:
                self._trade(book, order, now_ns)
                passed.append(order)
                if not book.shows(order.side):
                    break
        for order in passed:
            if order.ended_as is None and not order.is_quiet:
                ladder.add(order)

    def _is_blocked(self, book: Book, order: Order) -> bool:
        """Another member of its group has traded on this very quote, so this one must wait for the next."""
        if order.oco_group is None:
            return False
        group = self._groups.get((order.account, order.oco_group))
        return group is not None and group.traded_on is book.quote and group.trader is not order

    # --- requests ---------------------------------------------------------------------------------------------------

    def count_order(self, account_id: AccountId) -> int:
        """Count a NewOrder that was sent to an account; return the count so far, 0 for an account that is not ours."""
        account = self._accounts.get(account_id)
        if account is None:
            return 0
        account.new_orders += 1
        self.changes.accounts[account_id] = account
        return account.new_orders

    def place(self, request: NewOrder, now_ns: int, fault: Fault | None) -> None:
        """Take a new order or refuse it. An id that is known is the same order: only its condition is restated."""
        account = self._accounts.get(request.account)
        if account is None:
            self.reports.append(refusal_to_stranger(request, self._next_exec_id(), now_ns))
            return
        known = account.orders.get(request.cl_ord_id)
        if known is not None:
            self._report(known, ExecType.REJECTED if known.ended_as is OrdStatus.REJECTED else ExecType.NEW, now_ns)
            return
        order = self._new_order(request, fault)
        account.orders[request.cl_ord_id] = order
        self.changes.orders[order.number] = order
        problem = unsupported(self._can, order, now_ns) or refusal(
            account, self._books.get(order.symbol), order, self._rates, now_ns
        )
        if fault is not None and fault.kind is FaultKind.REJECT:
            problem = fault.text
        if problem:
            order.ended_as, order.text = OrdStatus.REJECTED, problem
            self._report(order, ExecType.REJECTED, now_ns)
            return
        book = self._books[order.symbol]
        order.quiet_at = quiet_at(order.fault, order.order_qty, book.instrument.lot_step)
        if order.time_in_force is TimeInForce.DAY:
            order.expires_ns = self.days.end_of(book.instrument, now_ns)
        self._enlist(book, order)
        self._report(order, ExecType.NEW, now_ns)
        self._show(book, order, now_ns)

    def _new_order(self, request: NewOrder, fault: Fault | None) -> Order:
        self._counters.orders += 1
        number = self._counters.orders
        return Order(
            number=number,
            venue_order_id=VenueOrderId(f"{self._venue_id}-{number}"),
            account=request.account,
            ids=[request.cl_ord_id],
            symbol=request.symbol,
            side=request.side,
            ord_type=request.ord_type,
            time_in_force=request.time_in_force,
            order_qty=request.order_qty,
            place=self._next_place(),
            price=request.price,
            stop_px=request.stop_px,
            reduce_only=request.reduce_only,
            oco_group=request.oco_group,
            expires_ns=request.expire_time_ns,
            trail=request.trail,
            fault=fault.kind if fault is not None else None,
        )

    def cancel(self, request: CancelOrder, now_ns: int) -> Order | None:
        """Cancel a working order and return it; None if the cancel was refused."""
        order = self._find(request.account, request.cl_ord_id)
        if order is None or order.ended_as is not None:
            self._refuse_change(request.account, request.cl_ord_id, request.cl_ord_id, order)
            return None
        self._end(order, "", now_ns)
        return order

    def replace(self, request: ReplaceOrder, now_ns: int) -> None:
        """Change a working order. It keeps its fills and loses its place in time."""
        order = self._find(request.account, request.orig_cl_ord_id)
        if order is None or order.ended_as is not None:
            self._refuse_change(request.account, request.cl_ord_id, request.orig_cl_ord_id, order)
            return
        account, book = self._accounts[order.account], self._books[order.symbol]
        changed = msgspec.structs.replace(
            order,
            ids=[*order.ids, request.cl_ord_id],
            order_qty=request.order_qty,
            price=order.price if request.price is None else request.price,
            stop_px=order.stop_px if request.stop_px is None else request.stop_px,
            place=self._next_place(),
        )
        self._delist(book, order)
        problem = self._replace_problem(account, order, changed, now_ns)
        if problem:
            self._enlist(book, order)
            if not order.is_quiet:
                book.add(order)
            self.reports.append(CancelRejected(account.id, request.cl_ord_id, request.orig_cl_ord_id, problem))
            return
        self._enlist(book, changed)
        account.orders.update(dict.fromkeys(changed.ids, changed))
        self.changes.orders[changed.number] = changed
        self._report(changed, ExecType.REPLACED, now_ns, orig_cl_ord_id=request.orig_cl_ord_id)
        self._show(book, changed, now_ns)

    def _replace_problem(self, account: Account, order: Order, changed: Order, now_ns: int) -> str:
        if not self._can.native_replace:
            return "replace: this venue does not do that"
        if changed.cl_ord_id in account.orders:
            return f"cl_ord_id: {changed.cl_ord_id}, wanted one that was never used"
        if changed.order_qty <= order.cum_qty:
            return f"order_qty: {text(changed.order_qty)}, wanted more than the filled {text(order.cum_qty)}"
        if order.triggered and changed.stop_px != order.stop_px:
            return "stop_px: the stop is triggered already"
        return refusal(account, self._books[changed.symbol], changed, self._rates, now_ns)

    def _refuse_change(
        self, account_id: AccountId, cl_ord_id: ClOrdId, orig_cl_ord_id: ClOrdId, order: Order | None
    ) -> None:
        problem = "unknown order" if order is None else f"the order is {order.ended_as}"
        self.reports.append(CancelRejected(account_id, cl_ord_id, orig_cl_ord_id, problem))

    def look_up_order(self, request: QueryOrder, now_ns: int) -> None:
        self.reports.append(look_up_order(self._accounts.get(request.account), request, now_ns))

    def look_up_account(self, request: QueryAccount, now_ns: int) -> None:
        self.reports.append(look_up_account(self._accounts.get(request.account), request, now_ns))

    def _find(self, account_id: AccountId, cl_ord_id: ClOrdId) -> Order | None:
        account = self._accounts.get(account_id)
        return account.orders.get(cl_ord_id) if account is not None else None

    # --- the life of an order ---------------------------------------------------------------------------------------

    def _enlist(self, book: Book, order: Order) -> None:
        """Enter a working order wherever something may have to find it; where it rests is another question."""
        account = self._accounts[order.account]
        account.working[order.number] = order
        self.days.add(order)
        position = account.position(book)
        position.held += order.held_margin
        if order.reduce_only:
            position.reducing[order.number] = order
        if order.oco_group is not None:
            self._groups.setdefault((order.account, order.oco_group), Group()).members[order.number] = order

    def _delist(self, book: Book, order: Order) -> None:
        account = self._accounts[order.account]
        del account.working[order.number]
        self.days.discard(order)
        position = account.position(book)
        position.held -= order.held_margin
        position.reducing.pop(order.number, None)
        book.discard(order)
        if order.oco_group is not None:
            group = self._groups[order.account, order.oco_group]
            del group.members[order.number]
            if not group.members:
                del self._groups[order.account, order.oco_group]

    def _show(self, book: Book, order: Order, now_ns: int) -> None:
        """Show an order that came or changed to the latest quote, if that is still fresh; then let it rest."""
        if order.reduce_only and not self._accounts[order.account].position(book).reducible(order.side):
            self._end(order, NOTHING_TO_REDUCE, now_ns)
            return
        quote = book.quote
        if quote is not None and now_ns - quote.ts_ns > self._stale_ns:
            book.stale += 1
            quote = None
        if quote is not None and book.reached(order, touch(quote, order.side)) and not self._is_blocked(book, order):
            if order.waits_for_trigger:
                self._trigger(order)
            if book.reached(order, touch(quote, order.side)):
                self._trade(book, order, now_ns)
        self._rest(book, order, now_ns, NO_FRESH_QUOTE if quote is None else NO_MORE)

    def _rest(self, book: Book, order: Order, now_ns: int, why_not: str = NO_MORE) -> None:
        """Let what is left of an order wait, or end it if it may not."""
        if order.ended_as is not None or order.is_quiet:
            return
        at_once = order.time_in_force is TimeInForce.IOC or order.time_in_force is TimeInForce.FOK
        if at_once and not order.waits_for_trigger:
            self._end(order, f"{order.time_in_force}: {why_not}", now_ns)
        else:
            book.add(order)

    def _trigger(self, order: Order) -> None:
        order.triggered = True
        order.place = self._next_place()
        self.changes.orders[order.number] = order

    def _trade(self, book: Book, order: Order, now_ns: int) -> None:
        """Fill what the quote shows, the position allows and the script lets through."""
        self.orders_touched += 1
        wanted = order.leaves_qty
        if order.quiet_at is not None:
            wanted = min(wanted, order.quiet_at - order.cum_qty)
        if order.reduce_only:
            wanted = min(wanted, self._accounts[order.account].position(book).reducible(order.side))
        qty, left = wanted, book.left(order.side)
        if left is not None and left < wanted:
            qty = floor_step(left, book.instrument.lot_step)
        if qty <= 0 or (qty < wanted and order.time_in_force is TimeInForce.FOK):
            return
        self._fill(book, order, qty, now_ns)

    def fill_late(self, order: Order, now_ns: int) -> None:
        """Fill what was left of an order when it was cancelled, as if the cancel had come too late."""
        book = self._books[order.symbol]
        qty = order.order_qty - order.cum_qty
        if order.reduce_only:
            qty = min(qty, self._accounts[order.account].position(book).reducible(order.side))
        if qty and book.quote is not None:
            self._fill(book, order, qty, now_ns)

    def _fill(self, book: Book, order: Order, qty: Decimal, now_ns: int) -> None:
        """Book a fill at the touch and what follows from it. Nothing is filled that no fresh rate converts."""
        assert book.quote is not None, "nothing trades without a quote"
        px = touch(book.quote, order.side)
        instrument, account = book.instrument, self._accounts[order.account]
        position = account.position(book)
        after = book_fill(position.qty, position.cost, order.side, qty, px, instrument.contract_size)
        rate = self._rates.rate(instrument.currency, account.currency, now_ns, gain=after.realized > 0)
        if rate is None:
            return
        book.consume(order.side, qty)
        commission = self._commission(qty, qty * px * instrument.contract_size * rate)
        account.balance = plain(account.balance + round_down(after.realized * rate) - commission)
        position.qty, position.cost = after.qty, after.cost
        position.held -= order.held_margin
        order.cum_qty = plain(order.cum_qty + qty)
        position.held += order.held_margin
        self._report_fill(order, qty, px, commission, None if instrument.currency == account.currency else rate, now_ns)
        self.changes.accounts[account.id] = account
        self.changes.positions[account.id, order.symbol] = position
        if order.cum_qty >= order.order_qty:
            if order.ended_as is None:  # a late fill comes to an order that has ended already
                self._delist(book, order)
            order.ended_as = OrdStatus.FILLED
        if order.oco_group is not None:
            self._tell_group(book, order, qty, now_ns)
        if after.closed and position.reducing:
            for other in tuple(position.reducing.values()):
                if not position.reducible(other.side):
                    self._end(other, NOTHING_TO_REDUCE, now_ns)

    def _tell_group(self, book: Book, order: Order, qty: Decimal, now_ns: int) -> None:
        """One cancels the other: a full fill ends the siblings, a partial one takes as much off them."""
        group = self._groups.get((order.account, order.oco_group or ""))
        if group is None:
            return
        group.traded_on, group.trader = book.quote, order
        for sibling in tuple(group.members.values()):
            if sibling is order:
                continue
            if order.ended_as is not None or sibling.leaves_qty <= qty:
                self._end(sibling, f"OCO: {order.cl_ord_id} filled", now_ns)
            else:
                position = self._accounts[sibling.account].position(self._books[sibling.symbol])
                position.held -= sibling.held_margin
                sibling.order_qty = plain(sibling.order_qty - qty)
                position.held += sibling.held_margin
                self.changes.orders[sibling.number] = sibling
                self._report(sibling, ExecType.RESTATED, now_ns)

    def end_day(self) -> None:
        """End every order whose day or date is over next, whatever it waits for."""
        now_ns = self.days.next_ns
        for order in self.days.ending():
            why = DATE_IS_PAST if order.time_in_force is TimeInForce.GTD else DAY_IS_OVER
            self._end(order, why, now_ns, expired=True)

    def _end(self, order: Order, why: str, now_ns: int, *, expired: bool = False) -> None:
        self._delist(self._books[order.symbol], order)
        order.ended_as, order.text = OrdStatus.EXPIRED if expired else OrdStatus.CANCELED, why
        self.changes.orders[order.number] = order
        self._report(order, ExecType.EXPIRED if expired else ExecType.CANCELED, now_ns)

    def _commission(self, qty: Decimal, value: Decimal) -> Decimal:
        """Return what a fill costs; `value` is what was traded, in the account's currency."""
        params = self._params
        if not params.commission_per_lot and not params.commission_pct:
            return ZERO
        return round_up(params.commission_per_lot * qty + percent_of(params.commission_pct, value))

    # --- reports ----------------------------------------------------------------------------------------------------

    def _next_exec_id(self) -> ExecId:
        self._counters.reports += 1
        return ExecId(f"{self._venue_id}-R{self._counters.reports}")

    def _next_place(self) -> int:
        self._counters.places += 1
        return self._counters.places

    def _report(self, order: Order, exec_type: ExecType, now_ns: int, *, orig_cl_ord_id: ClOrdId | None = None) -> None:
        self.reports.append(report_of(order, exec_type, self._next_exec_id(), now_ns, orig_cl_ord_id))

    def _report_fill(
        self, order: Order, qty: Decimal, px: Decimal, commission: Decimal, rate: Decimal | None, now_ns: int
    ) -> None:
        """Enter a fill in the books and report it."""
        account = self._accounts[order.account]
        fill = fill_of(order, self._next_exec_id(), qty, px, commission, rate, now_ns)
        account.fills.append(fill)
        account.fills_of.setdefault(order.number, []).append(fill)
        self.changes.orders[order.number] = order
        self.changes.fills.append((self._counters.reports, order.number, fill))
        report = trade_of(order, fill)
        self.reports.append(report)
        if order.fault is FaultKind.DUPLICATE_FILL:
            self.reports.append(report)
