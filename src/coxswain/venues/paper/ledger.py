"""The books of the paper venue: accounts, working orders and groups, what a fill changes in them, and what is reported.

Nothing here looks at the market to decide whether something trades; that is matching.py.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.messages.inputs import CashMoved, Input
from coxswain.model.cash import CashKind, CashMovement
from coxswain.model.decimals import ONE, ZERO, percent_of, plain, round_down, round_up
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import VenueFill
from coxswain.model.position import book as book_fill
from coxswain.model.vocabulary import SIGN, AccountId, CashId, ClOrdId, ExecId, ExecType, OrdStatus, Symbol, VenueId
from coxswain.venues.paper.accounts import Account, Position, Rates, Reversed
from coxswain.venues.paper.conditions import Cash
from coxswain.venues.paper.days import DayEnds
from coxswain.venues.paper.faults import REVERSED, FaultKind
from coxswain.venues.paper.nights import Nights
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.params import AccountParams, Params, QueuePlace
from coxswain.venues.paper.reporting import fill_of, report_of, report_of_reversal, reversal_of, trade_of
from coxswain.venues.paper.resting import Book
from coxswain.venues.paper.store import Changes, Counters, State, StateFileError

NOTHING_TO_REDUCE = "reduce-only: there is no position to reduce"


def _booked(fills: Iterable[VenueFill], instrument: Instrument) -> tuple[Decimal, Decimal, Decimal]:
    """Return quantity, cost and result, in the account's currency, of all fills in an instrument."""
    qty = cost = realized = ZERO
    for fill in fills:
        if fill.symbol == instrument.symbol:
            after = book_fill(qty, cost, fill.side, fill.last_qty, fill.last_px, instrument.contract_size)
            qty, cost = after.qty, after.cost
            realized += round_down(after.realized * (fill.settl_fx_rate or ONE))
    return qty, cost, realized


class Group:
    """The working members of one OCO group, by order number."""

    __slots__ = ("members", "traded_on", "trader")

    def __init__(self) -> None:
        self.members: dict[int, Order] = {}
        self.traded_on: Quote | None = None
        self.trader: Order | None = None
        """The one member that may trade on that quote."""


class Ledger:
    def __init__(self, venue_id: VenueId, params: Params, instruments: Iterable[Instrument]) -> None:
        self.venue_id = venue_id
        self._params = params
        waits = params.queue is QueuePlace.BACK
        self.books = {instrument.symbol: Book(instrument, waits=waits) for instrument in instruments}
        self.rates = Rates(self.books.values(), params.quote_stale_s * 1_000_000_000)
        self.accounts: dict[AccountId, Account] = {}
        for account_id, account in params.accounts.items():
            self.open_account(account_id, account)
        self._groups: dict[tuple[AccountId, str], Group] = {}
        self.days = DayEnds(params.day_ends, params.day_tz)
        self.counters = Counters()
        self.reports: list[Input] = []
        self.changes = Changes(self.counters)
        self.nights = Nights(params.swaps, params.day_ends, params.day_tz)
        self.doubtful: list[tuple[Order, VenueFill]] = []
        """Fills that the script of faults wants taken back or changed."""

    def restore(self, state: State, last_ns: int) -> tuple[Order, ...]:
        """Take over the books of an earlier life and return the orders that work; they rest nowhere yet.

        Raises `StateFileError` where they do not fit the configuration.
        """
        self.counters = self.changes.counters = state.counters
        for row in state.accounts:
            known = self.accounts.get(row.id)
            if known is not None and known.currency != row.currency:
                raise StateFileError(f"account {row.id}: its books are in {row.currency}, wanted {known.currency}")
            self.accounts[row.id] = Account(row.id, row.currency, row.balance, row.new_orders)
        for position in state.positions:
            account, book = self.accounts[position.account], self._restored_book(position.symbol)
            account.positions[position.symbol] = Position(account, book, position.qty, position.cost)
        by_number: dict[int, Order] = {}
        for order in state.orders:
            by_number[order.number] = order
            account = self.accounts[order.account]
            account.orders.update(dict.fromkeys(order.ids, order))
        for order_number, fill in state.fills:
            account = self.accounts[by_number[order_number].account]
            account.fills.append(fill)
            account.fills_of.setdefault(order_number, []).append(fill)
        for account_id, movement in state.movements:
            self.accounts[account_id].movements.append(movement)
        for account_id, reversed_ in state.reversals:
            self.accounts[account_id].reversed.append(reversed_)
        self._doubt_again(by_number.values())
        self.nights.expect(last_ns, is_held=self._is_anything_held())
        working = tuple(order for order in by_number.values() if order.ended_as is None)
        for order in working:
            self._restored_book(order.symbol)
            self.enlist(order)
        return working

    def _doubt_again(self, orders: Iterable[Order]) -> None:
        """Take up what the script of faults wanted reversed, and was not when the venue was closed."""
        done = {reversed_.fill.cl_ord_id for account in self.accounts.values() for reversed_ in account.reversed}
        for order in orders:
            fills = self.accounts[order.account].fills_of.get(order.number)
            if order.fault in REVERSED and fills and done.isdisjoint(order.ids):
                self.doubtful.append((order, fills[0]))

    def _is_anything_held(self) -> bool:
        return any(position.qty for account in self.accounts.values() for position in account.positions.values())

    def _restored_book(self, symbol: Symbol) -> Book:
        book = self.books.get(symbol)
        if book is None:
            raise StateFileError(f"symbol {symbol}: the books hold it, wanted it among the instruments")
        return book

    def open_account(self, account_id: AccountId, params: AccountParams) -> None:
        if account_id not in self.accounts:
            self.accounts[account_id] = Account(account_id, params.currency, plain(params.initial_balance))

    def position(self, order: Order) -> Position:
        return self.accounts[order.account].position(self.books[order.symbol])

    # --- working orders ---------------------------------------------------------------------------------------------

    def enlist(self, order: Order) -> None:
        """Enter a working order wherever something may have to find it; where it rests is another question."""
        self.accounts[order.account].working[order.number] = order
        self.days.add(order)
        position = self.position(order)
        position.hold(order.held_margin)
        if order.reduce_only:
            position.reducing[order.number] = order
        if order.oco_group is not None:
            self._groups.setdefault((order.account, order.oco_group), Group()).members[order.number] = order

    def delist(self, order: Order) -> None:
        """Take an order out of all that; where it rests it stays."""
        del self.accounts[order.account].working[order.number]
        self.days.discard(order)
        position = self.position(order)
        position.hold(-order.held_margin)
        position.reducing.pop(order.number, None)
        if order.oco_group is not None:
            group = self._groups[order.account, order.oco_group]
            del group.members[order.number]
            if not group.members:
                del self._groups[order.account, order.oco_group]

    def group_of(self, order: Order) -> Group | None:
        return None if order.oco_group is None else self._groups.get((order.account, order.oco_group))

    def end(self, order: Order, why: str, now_ns: int, *, expired: bool = False) -> None:
        self._leave(order)
        order.ended_as, order.text = OrdStatus.EXPIRED if expired else OrdStatus.CANCELED, why
        self.changes.orders[order.number] = order
        self.report(order, ExecType.EXPIRED if expired else ExecType.CANCELED, now_ns)

    def _leave(self, order: Order) -> None:
        self.delist(order)
        self.books[order.symbol].discard(order)

    # --- fills ------------------------------------------------------------------------------------------------------

    def fill(self, order: Order, qty: Decimal, px: Decimal, now_ns: int) -> bool:
        """Book a fill and what follows from it. Nothing is filled that no fresh rate converts: then return False."""
        book, account = self.books[order.symbol], self.accounts[order.account]
        instrument, position = book.instrument, account.position(book)
        after = book_fill(position.qty, position.cost, order.side, qty, px, instrument.contract_size)
        rate = self.rates.rate(instrument.currency, account.currency, now_ns, gain=after.realized > 0)
        if rate is None:
            return False
        commission = self._commission(qty, qty * px * instrument.contract_size * rate)
        account.balance = plain(account.balance + round_down(after.realized * rate) - commission)
        position.become(after.qty, after.cost)
        position.hold(-order.held_margin)
        order.cum_qty = plain(order.cum_qty + qty)
        position.hold(order.held_margin)
        self.nights.expect(now_ns)
        self._report_fill(order, qty, px, commission, None if instrument.currency == account.currency else rate, now_ns)
        self.changes.accounts[account.id] = account
        self.changes.positions[account.id, order.symbol] = position
        if order.cum_qty >= order.order_qty:
            if order.ended_as is None:  # a late fill comes to an order that has ended already
                self._leave(order)
            order.ended_as = OrdStatus.FILLED
        if order.oco_group is not None:
            self._tell_group(book, order, qty, now_ns)
        if after.closed and position.reducing:
            for other in tuple(position.reducing.values()):
                if not position.reducible(other.side):
                    self.end(other, NOTHING_TO_REDUCE, now_ns)
        return True

    def reverse(self, order: Order, fill: VenueFill, now_ns: int) -> None:
        """Take a fill back or make it one tick worse, and book the position again from all fills that stand."""
        account, book = self.accounts[order.account], self.books[order.symbol]
        order = account.orders[order.cl_ord_id]  # a replace makes another of it
        position, exec_id, new = account.position(book), self.next_exec_id(), None
        if order.fault is FaultKind.CORRECT:
            tick = book.instrument.tick * SIGN[fill.side]
            new = msgspec.structs.replace(fill, last_px=plain(fill.last_px + tick))
        before = _booked(account.fills, book.instrument)[2]
        number = int(fill.exec_id.rpartition("R")[2])
        for fills in (account.fills, account.fills_of[order.number]):
            at = fills.index(fill)
            fills[at : at + 1] = [] if new is None else [new]
        qty, cost, realized = _booked(account.fills, book.instrument)
        position.become(qty, cost)
        commission = fill.commission if new is None else ZERO
        account.balance = plain(account.balance + realized - before + commission)
        if new is None:
            position.hold(-order.held_margin)
            order.cum_qty = plain(order.cum_qty - fill.last_qty)
            if order.ended_as is OrdStatus.FILLED:
                order.ended_as = OrdStatus.CANCELED
            position.hold(order.held_margin)
            self.changes.busted.append(number)
        else:
            self.changes.fills.append((number, order.number, new))
        self.changes.orders[order.number] = order
        self.changes.accounts[account.id] = account
        self.changes.positions[account.id, order.symbol] = position
        self.nights.expect(now_ns)
        reversed_ = Reversed(fill, reversal_of(fill, new, exec_id, now_ns))
        account.reversed.append(reversed_)
        self.changes.reversals.append((self.counters.reports, account.id, reversed_))
        self.reports.append(report_of_reversal(order, reversed_.reversal))
        for other in tuple(position.reducing.values()):
            if not position.reducible(other.side):
                self.end(other, NOTHING_TO_REDUCE, now_ns)

    # --- cash -------------------------------------------------------------------------------------------------------

    def move_cash(self, cash: Cash, now_ns: int, symbol: Symbol | None = None) -> None:
        """Change a balance without a trade, and report it unless the report is lost."""
        account = self.accounts[cash.account]
        self.counters.reports += 1
        cash_id = CashId(f"{self.venue_id}-M{self.counters.reports}")
        movement = CashMovement(cash_id, cash.kind, plain(cash.amount), now_ns, symbol, cash.text)
        account.balance = plain(account.balance + cash.amount)
        account.movements.append(movement)
        self.changes.accounts[account.id] = account
        self.changes.movements.append((self.counters.reports, account.id, movement))
        if cash.told:
            self.reports.append(CashMoved(account.id, movement))

    def end_night(self) -> None:
        """Charge or credit every position for the night that is over next."""
        now_ns = self.nights.next_ns
        for account in self.accounts.values():
            for symbol, position in sorted(account.positions.items()):
                amount = round_down(self.nights.amount(symbol, position.qty))
                if amount:
                    self.move_cash(Cash(account=account.id, kind=CashKind.SWAP, amount=amount), now_ns, symbol)
        self.nights.expect(now_ns, is_held=self._is_anything_held())

    def _tell_group(self, book: Book, order: Order, qty: Decimal, now_ns: int) -> None:
        """One cancels the other: a full fill ends the siblings, a partial one takes as much off them."""
        group = self.group_of(order)
        if group is None:
            return
        group.traded_on, group.trader = book.quote, order
        for sibling in tuple(group.members.values()):
            if sibling is order:
                continue
            if order.ended_as is not None or sibling.leaves_qty <= qty:
                self.end(sibling, f"OCO: {order.cl_ord_id} filled", now_ns)
            else:
                position = self.position(sibling)
                position.hold(-sibling.held_margin)
                sibling.order_qty = plain(sibling.order_qty - qty)
                position.hold(sibling.held_margin)
                self.changes.orders[sibling.number] = sibling
                self.report(sibling, ExecType.RESTATED, now_ns)

    def _commission(self, qty: Decimal, value: Decimal) -> Decimal:
        """Return what a fill costs; `value` is what was traded, in the account's currency."""
        params = self._params
        if not params.commission_per_lot and not params.commission_pct:
            return ZERO
        return round_up(params.commission_per_lot * qty + percent_of(params.commission_pct, value))

    # --- reports ----------------------------------------------------------------------------------------------------

    def next_exec_id(self) -> ExecId:
        self.counters.reports += 1
        return ExecId(f"{self.venue_id}-R{self.counters.reports}")

    def next_place(self) -> int:
        self.counters.places += 1
        return self.counters.places

    def report(self, order: Order, exec_type: ExecType, now_ns: int, *, orig_cl_ord_id: ClOrdId | None = None) -> None:
        self.reports.append(report_of(order, exec_type, self.next_exec_id(), now_ns, orig_cl_ord_id))

    def _report_fill(
        self, order: Order, qty: Decimal, px: Decimal, commission: Decimal, rate: Decimal | None, now_ns: int
    ) -> None:
        """Enter a fill in the books and report it."""
        account = self.accounts[order.account]
        fill = fill_of(order, self.next_exec_id(), qty, px, commission, rate, now_ns)
        account.fills.append(fill)
        account.fills_of.setdefault(order.number, []).append(fill)
        self.changes.orders[order.number] = order
        self.changes.fills.append((self.counters.reports, order.number, fill))
        report = trade_of(order, fill)
        self.reports.append(report)
        if order.fault is FaultKind.DUPLICATE_FILL:
            self.reports.append(report)
        if order.fault in REVERSED and len(account.fills_of[order.number]) == 1:
            self.doubtful.append((order, fill))
