"""The exchange inside the paper venue: what becomes of each request, at one instant after the other.

It knows neither how long a message travels nor where its state is kept: it is called with a time, it leaves reports in
`reports` and what it touched in `changes`, and venue.py sends the one and stores the other.

An order lives like this. `place` refuses it or acknowledges it and shows it to the latest quote. What cannot trade now
rests: market orders in a queue, limits and stops in price order. What trades is decided in matching.py, and booked in
ledger.py. What is for the day ends with it.
"""

from collections.abc import Iterable

import msgspec

from coxswain.messages.inputs import CancelRejected, Input
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder
from coxswain.model.decimals import text
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecType,
    OrdStatus,
    Symbol,
    TimeInForce,
    VenueId,
    VenueOrderId,
)
from coxswain.venues.paper.accounts import Account
from coxswain.venues.paper.admission import refusal, unsupported
from coxswain.venues.paper.faults import Fault, FaultKind, quiet_at
from coxswain.venues.paper.ledger import Ledger
from coxswain.venues.paper.lookups import look_up_account, look_up_order
from coxswain.venues.paper.matching import Matching
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.params import Params, capabilities_of
from coxswain.venues.paper.reporting import refusal_to_stranger
from coxswain.venues.paper.resting import SymbolCounts
from coxswain.venues.paper.simulated import Draws
from coxswain.venues.paper.store import Changes, State

DAY_IS_OVER = "DAY: the day is over"
DATE_IS_PAST = "GTD: its time is past"
REFUSED_BY_LOT = "refused by lot: SIMULATED"
MS_TO_NS = 1_000_000


class Exchange:
    def __init__(self, venue_id: VenueId, params: Params, instruments: Iterable[Instrument]) -> None:
        self._venue_id = venue_id
        self._can = capabilities_of(params)
        self.ledger = Ledger(venue_id, params, instruments)
        self._matching = Matching(self.ledger, params)
        self._draws = None if params.simulated is None else Draws(params.simulated)
        self._delay_ns = 0 if params.simulated is None else params.simulated.fill_delay_ms * MS_TO_NS
        self._books = self.ledger.books
        self.days = self.ledger.days
        self.reports: list[Input] = self.ledger.reports
        self.on_quote = self._matching.on_quote
        self.fill_late = self._matching.fill_late
        self.ripening: list[Order] = []
        """Orders that came since this was last emptied, and are shown to the market only at their `ripe_ns`."""

    @property
    def changes(self) -> Changes:
        return self.ledger.changes

    @property
    def orders_touched(self) -> int:
        return self._matching.touched

    def restore(self, state: State, last_ns: int) -> None:
        """Take over the books of an earlier life. Raises `StateFileError` where they do not fit the configuration."""
        for order in self.ledger.restore(state, last_ns):
            if order.ripe_ns is not None and order.ripe_ns > last_ns:
                self.ripening.append(order)
            elif not order.is_quiet:
                self._books[order.symbol].add(order)

    def counts(self) -> dict[Symbol, SymbolCounts]:
        return {symbol: book.counts() for symbol, book in self._books.items()}

    def set_halted(self, symbol: Symbol, now_ns: int, *, halted: bool, refusing: bool) -> None:
        """Stop trading in an instrument, or go on with the next quote. Orders are refused meanwhile or they wait."""
        book = self._books[symbol]
        book.halted, book.refuses = halted, halted and refusing
        if not halted:
            book.resumed_ns = now_ns

    # --- requests ---------------------------------------------------------------------------------------------------

    def count_order(self, account_id: AccountId) -> int:
        """Count a NewOrder that was sent to an account; return the count so far, 0 for an account that is not ours."""
        account = self.ledger.accounts.get(account_id)
        if account is None:
            return 0
        account.new_orders += 1
        self.changes.accounts[account_id] = account
        return account.new_orders

    def place(self, request: NewOrder, now_ns: int, fault: Fault | None) -> None:
        """Take a new order or refuse it. An id that is known is the same order: only its condition is restated."""
        account = self.ledger.accounts.get(request.account)
        if account is None:
            self.reports.append(refusal_to_stranger(request, self.ledger.next_exec_id(), now_ns))
            return
        known = account.orders.get(request.cl_ord_id)
        if known is not None:
            was_refused = known.ended_as is OrdStatus.REJECTED
            self.ledger.report(known, ExecType.REJECTED if was_refused else ExecType.NEW, now_ns)
            return
        order = self._new_order(request, fault)
        account.orders[request.cl_ord_id] = order
        self.changes.orders[order.number] = order
        problem = unsupported(self._can, order, now_ns) or refusal(
            account, self._books.get(order.symbol), order, self.ledger.rates, now_ns
        )
        if fault is not None and fault.kind is FaultKind.REJECT:
            problem = fault.text
        problem = problem or self._refusal_of_the_day(order)
        if problem:
            order.ended_as, order.text = OrdStatus.REJECTED, problem
            self.ledger.report(order, ExecType.REJECTED, now_ns)
            return
        book = self._books[order.symbol]
        order.quiet_at = quiet_at(order.fault, order.order_qty, book.instrument.lot_step)
        if order.time_in_force is TimeInForce.DAY:
            order.expires_ns = self.days.end_of(book.instrument, now_ns)
        self.ledger.enlist(order)
        self.ledger.report(order, ExecType.NEW, now_ns)
        self._bring(order, now_ns)

    def _bring(self, order: Order, now_ns: int) -> None:
        """Show an order to the market, or have it wait for that as long as the simulation says."""
        if not self._delay_ns:
            self._matching.show(order, now_ns)
            return
        order.ripe_ns = now_ns + self._delay_ns
        self.ripening.append(order)

    def show_ripe(self, order: Order, now_ns: int) -> None:
        """Show an order to the market for which it had to wait, unless it has ended or changed meanwhile."""
        if order.ended_as is None and order.ripe_ns == now_ns and self._find(order.account, order.cl_ord_id) is order:
            self._matching.show(order, now_ns)

    def _refusal_of_the_day(self, order: Order) -> str:
        """Say why an order that is right is refused all the same: trading is halted, or the simulation drew it."""
        if self._books[order.symbol].refuses:
            return f"trading in {order.symbol} is halted"
        return REFUSED_BY_LOT if self._draws is not None and self._draws.refuses(order) else ""

    def _new_order(self, request: NewOrder, fault: Fault | None) -> Order:
        self.ledger.counters.orders += 1
        number = self.ledger.counters.orders
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
            place=self.ledger.next_place(),
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
        self.ledger.end(order, "", now_ns)
        return order

    def replace(self, request: ReplaceOrder, now_ns: int) -> None:
        """Change a working order. It keeps its fills and loses its place in time."""
        order = self._find(request.account, request.orig_cl_ord_id)
        if order is None or order.ended_as is not None:
            self._refuse_change(request.account, request.cl_ord_id, request.orig_cl_ord_id, order)
            return
        account, book = self.ledger.accounts[order.account], self._books[order.symbol]
        changed = msgspec.structs.replace(
            order,
            ids=[*order.ids, request.cl_ord_id],
            order_qty=request.order_qty,
            price=order.price if request.price is None else request.price,
            stop_px=order.stop_px if request.stop_px is None else request.stop_px,
            place=self.ledger.next_place(),
        )
        self.ledger.delist(order)
        problem = self._replace_problem(account, order, changed, now_ns)
        if problem:
            self.ledger.enlist(order)
            self.reports.append(CancelRejected(account.id, request.cl_ord_id, request.orig_cl_ord_id, problem))
            return
        book.discard(order)
        self.ledger.enlist(changed)
        account.orders.update(dict.fromkeys(changed.ids, changed))
        self.changes.orders[changed.number] = changed
        self.ledger.report(changed, ExecType.REPLACED, now_ns, orig_cl_ord_id=request.orig_cl_ord_id)
        self._bring(changed, now_ns)

    def _replace_problem(self, account: Account, order: Order, changed: Order, now_ns: int) -> str:
        if not self._can.native_replace:
            return "replace: this venue does not do that"
        if changed.cl_ord_id in account.orders:
            return f"cl_ord_id: {changed.cl_ord_id}, wanted one that was never used"
        if changed.order_qty <= order.cum_qty:
            return f"order_qty: {text(changed.order_qty)}, wanted more than the filled {text(order.cum_qty)}"
        if order.triggered and changed.stop_px != order.stop_px:
            return "stop_px: the stop is triggered already"
        return refusal(account, self._books[changed.symbol], changed, self.ledger.rates, now_ns)

    def _refuse_change(
        self, account_id: AccountId, cl_ord_id: ClOrdId, orig_cl_ord_id: ClOrdId, order: Order | None
    ) -> None:
        problem = "unknown order" if order is None else f"the order is {order.ended_as}"
        self.reports.append(CancelRejected(account_id, cl_ord_id, orig_cl_ord_id, problem))

    def look_up_order(self, request: QueryOrder, now_ns: int) -> None:
        self.reports.append(look_up_order(self.ledger.accounts.get(request.account), request, now_ns))

    def look_up_account(self, request: QueryAccount, now_ns: int) -> None:
        self.reports.append(look_up_account(self.ledger.accounts.get(request.account), request, now_ns))

    def _find(self, account_id: AccountId, cl_ord_id: ClOrdId) -> Order | None:
        account = self.ledger.accounts.get(account_id)
        return account.orders.get(cl_ord_id) if account is not None else None

    def end_day(self) -> None:
        """End every order whose day or date is over next, whatever it waits for."""
        now_ns = self.days.next_ns
        for order in self.days.ending():
            why = DATE_IS_PAST if order.time_in_force is TimeInForce.GTD else DAY_IS_OVER
            self.ledger.end(order, why, now_ns, expired=True)
