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
    """One account's net position in one instrument, long positive, and the orders that hang on it."""

    __slots__ = ("account", "book", "cost", "held", "qty", "reducing")

    def __init__(self, account: AccountId, book: Book, qty: Decimal = ZERO, cost: Decimal = ZERO) -> None:
        self.account = account
        self.book = book
        self.qty = qty
        self.cost = cost
        self.held = ZERO
        """Margin of the working orders that would open or add, in the instrument's currency."""
        self.reducing: dict[int, Order] = {}
        """Working reduce-only orders, by number."""

    def reducible(self, side: Side) -> Decimal:
        """Return how much an order of `side` can take off the position."""
        return max(-self.qty if side is Side.BUY else self.qty, ZERO)


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
        self.fills: list[VenueFill] = []
        self.fills_of: dict[int, list[VenueFill]] = {}
        """By number of the order. Both have the fills that stand, as they stand."""
        self.reversed: list[Reversed] = []
        self.movements: list[CashMovement] = []
        """Of cash, without a trade."""

    def position(self, book: Book) -> Position:
        position = self.positions.get(book.instrument.symbol)
        if position is None:
            position = self.positions[book.instrument.symbol] = Position(self.id, book)
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

    Or the name of a currency for which there is no rate. A position is marked where it could be closed; one whose
    instrument has shown no quote yet is marked at its cost.
    """
    free = account.balance
    for position in account.positions.values():
        if not position.qty and not position.held:
            continue
        instrument = position.book.instrument
        quote = position.book.quote
        profit = ZERO
        if quote is not None and position.qty:
            px = quote.bid if position.qty > 0 else quote.ask
            profit = unrealized(position.qty, position.cost, px, instrument.contract_size)
        profit_rate = rates.rate(instrument.currency, account.currency, now_ns, gain=profit > 0)
        margin_rate = rates.rate(instrument.currency, account.currency, now_ns, gain=False)
        if profit_rate is None or margin_rate is None:
            return instrument.currency
        free += profit * profit_rate - (abs(position.cost) * instrument.margin_rate + position.held) * margin_rate
    return free
