"""Cash, positions, conversion and margin of the paper venue's accounts.

The arithmetic of a fill is `model.position.book`, which the engine uses too: what differs afterwards is a real break.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.model.cash import CashMovement
from coxswain.model.decimals import ONE, ZERO, round_down, round_up
from coxswain.model.market import Quote
from coxswain.model.orders import VenueFill, VenueReversal
from coxswain.model.position import unrealized
from coxswain.model.vocabulary import AccountId, ClOrdId, Side, Symbol
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.resting import Book


class Position:
    """One account's net position in one instrument, long positive, and the orders that hang on it.

    Whatever it is worth and ties up is in its account's sums, and is looked at again after it has changed.
    """

    __slots__ = ("account", "book", "cost", "counted", "held", "qty", "reducing", "sums")

    def __init__(self, account: "Account", book: Book, qty: Decimal = ZERO, cost: Decimal = ZERO) -> None:
        self.account = account.id
        self.book = book
        self.held = ZERO
        """Margin of the working orders that would open or add, in the instrument's currency."""
        self.reducing: dict[int, Order] = {}
        """Working reduce-only orders, by number."""
        self.sums = account.sums
        self.counted: tuple[Decimal, Decimal] | None = None
        """Profit and margin as they are in the sums, in the instrument's currency."""
        self.become(qty, cost)

    def become(self, qty: Decimal, cost: Decimal) -> None:
        self.qty = qty
        self.cost = cost
        self.sums.changed[self] = None

    def hold(self, more: Decimal) -> None:
        """Tie up more margin for orders, or less."""
        self.held += more
        self.sums.changed[self] = None

    def was_quoted(self) -> None:
        """Hear that its instrument has another quote."""
        self.sums.changed[self] = None

    def reducible(self, side: Side) -> Decimal:
        """Return how much an order of `side` can take off the position."""
        return max(-self.qty if side is Side.BUY else self.qty, ZERO)


class Worth:
    """What all positions of one account in one currency are worth and tie up."""

    __slots__ = ("gain", "loss", "positions", "tied")

    def __init__(self) -> None:
        self.gain = self.loss = self.tied = ZERO
        self.positions = 0

    def add(self, counted: tuple[Decimal, Decimal], sign: int) -> None:
        profit, tied = counted
        if profit > 0:
            self.gain += sign * profit
        else:
            self.loss += sign * profit
        self.tied += sign * tied
        self.positions += sign


class Sums:
    """The worth of an account's positions by currency, by delta: only what has changed is looked at."""

    __slots__ = ("_by_currency", "changed")

    def __init__(self) -> None:
        self._by_currency: dict[str, Worth] = {}
        self.changed: dict[Position, None] = {}

    def by_currency(self) -> dict[str, Worth]:
        """Bring the sums up to date, and return them."""
        for position in self.changed:
            currency = position.book.instrument.currency
            worth = self._by_currency.get(currency)
            if worth is None:
                worth = self._by_currency[currency] = Worth()
            if position.counted is not None:
                worth.add(position.counted, -1)
            position.counted = _counted(position)
            if position.counted is not None:
                worth.add(position.counted, 1)
        self.changed.clear()
        return self._by_currency


def _counted(position: Position) -> tuple[Decimal, Decimal] | None:
    """Return what a position is worth where it could be closed, and the margin that it ties up; None if there is none.

    One whose instrument has shown no quote yet is marked at its cost.
    """
    if not position.qty and not position.held:
        return None
    instrument, quote, profit = position.book.instrument, position.book.quote, ZERO
    if position.qty:
        position.book.marks[position] = None
        if quote is not None:
            px = quote.bid if position.qty > 0 else quote.ask
            profit = unrealized(position.qty, position.cost, px, instrument.contract_size)
    return profit, abs(position.cost) * instrument.margin_rate + position.held


class Reversed(msgspec.Struct, frozen=True):
    """A fill as it was before it was taken back or changed, and how that was told."""

    fill: VenueFill
    reversal: VenueReversal


class Account:
    __slots__ = (
        "balance",
        "currency",
        "fills",
        "fills_of",
        "id",
        "movements",
        "new_orders",
        "orders",
        "positions",
        "reversed",
        "sums",
        "working",
    )

    def __init__(self, account_id: AccountId, currency: str, balance: Decimal, new_orders: int = 0) -> None:
        self.id = account_id
        self.currency = currency
        self.balance = balance
        self.new_orders = new_orders
        """How many NewOrder requests were ever sent to it: what the script of faults counts."""
        self.orders: dict[ClOrdId, Order] = {}
        """Every order there ever was, under every id it has had: an id is unique for ever."""
        self.working: dict[int, Order] = {}
        self.positions: dict[Symbol, Position] = {}
        self.sums = Sums()
        self.fills: list[VenueFill] = []
        self.fills_of: dict[int, list[VenueFill]] = {}
        """By number of the order. Both have the fills that stand, as they stand."""
        self.reversed: list[Reversed] = []
        self.movements: list[CashMovement] = []
        """Of cash, without a trade."""

    def position(self, book: Book) -> Position:
        position = self.positions.get(book.instrument.symbol)
        if position is None:
            position = self.positions[book.instrument.symbol] = Position(self, book)
        return position


class Rates:
    """Conversion with the venue's own fresh quotes, of the direct pair or else of the inverse one."""

    def __init__(self, books: Iterable[Book], stale_ns: int) -> None:
        self._stale_ns = stale_ns
        self._pairs: dict[tuple[str, str], Book] = {}
        for book in books:
            if book.instrument.base_currency is not None:
                self._pairs.setdefault((book.instrument.base_currency, book.instrument.currency), book)

    def rate(self, currency: str, into: str, now_ns: int, *, gain: bool) -> Decimal | None:
        """Return what one unit of `currency` is `into` the other, at the side that is worse for its owner.

        A gain is sold at the bid, a loss or a cost is bought at the ask. None without a fresh quote of either pair.
        """
        if currency == into:
            return ONE
        if (quote := self._fresh_quote(currency, into, now_ns)) is not None:
            return quote.bid if gain else quote.ask
        if (quote := self._fresh_quote(into, currency, now_ns)) is not None:
            return round_down(ONE / quote.ask) if gain else round_up(ONE / quote.bid)
        return None

    def _fresh_quote(self, base: str, currency: str, now_ns: int) -> Quote | None:
        book = self._pairs.get((base, currency))
        if book is None or book.quote is None or now_ns - book.quote.ts_ns > self._stale_ns:
            return None
        return book.quote


def free_margin(account: Account, rates: Rates, now_ns: int) -> Decimal | str:
    """Return balance and unrealised profit less what positions and working orders tie up.

    Or the name of a currency for which there is no rate.
    """
    free = account.balance
    for currency, worth in account.sums.by_currency().items():
        if not worth.positions:
            continue
        gain_rate = rates.rate(currency, account.currency, now_ns, gain=True)
        cost_rate = rates.rate(currency, account.currency, now_ns, gain=False)
        if gain_rate is None or cost_rate is None:
            return currency
        free += worth.gain * gain_rate + (worth.loss - worth.tied) * cost_rate
    return free
