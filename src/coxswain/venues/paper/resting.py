"""What waits for the market in one instrument, kept so that a quote away from every price costs a few comparisons."""

from bisect import bisect_left, insort
from decimal import Decimal

import msgspec

from coxswain.model.market import Instrument, Quote
from coxswain.model.vocabulary import Side
from coxswain.venues.paper.orders import Order, level

NEVER_FALLS_TO = Decimal("-Infinity")
NEVER_RISES_TO = Decimal("Infinity")


class Ladder:
    """Resting orders in price order, then in order of their coming.

    A falling ladder is reached when the touch falls to a price (buy limits, sell stops), a rising one when it rises to
    it (sell limits, buy stops). The next to be reached stands last, where taking it costs nothing.
    """

    __slots__ = ("_entries", "_falling", "best")

    def __init__(self, *, falling: bool) -> None:
        self._falling = falling
        self._entries: list[tuple[Decimal, int, Order]] = []
        self.best = NEVER_FALLS_TO if falling else NEVER_RISES_TO
        """The price that is reached next; infinitely far while nothing rests here."""

    def reached(self, touch: Decimal) -> bool:
        return touch <= self.best if self._falling else touch >= self.best

    def add(self, order: Order) -> None:
        insort(self._entries, (*self._key(order), order))
        self._look()

    def discard(self, order: Order) -> None:
        at = bisect_left(self._entries, self._key(order))  # a key sorts just before its entry
        if at < len(self._entries) and self._entries[at][2] is order:
            del self._entries[at]
            self._look()

    def pop(self) -> Order:
        """Take out the order that is reached next."""
        order = self._entries.pop()[2]
        self._look()
        return order

    def _key(self, order: Order) -> tuple[Decimal, int]:
        px = level(order)
        return (px if self._falling else -px, -order.place)

    def _look(self) -> None:
        if self._entries:
            self.best = level(self._entries[-1][2])
        else:
            self.best = NEVER_FALLS_TO if self._falling else NEVER_RISES_TO


class SymbolCounts(msgspec.Struct, frozen=True):
    """What became of one instrument's quotes since the venue was opened."""

    quotes: int
    crossed: int
    """Refused: the bid above the ask."""
    not_positive: int
    """Refused: a price of zero or less."""
    stale: int
    """Orders that came when the latest quote was too old to trade on."""


class Book:
    """One instrument: its latest usable quote, what of it is still to be had, and the orders that wait for another."""

    __slots__ = (
        "ask_left",
        "bid_left",
        "buy_limits",
        "buy_stops",
        "crossed",
        "instrument",
        "not_positive",
        "quote",
        "quotes",
        "sell_limits",
        "sell_stops",
        "stale",
        "trailing",
        "waiting",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.quote: Quote | None = None
        self.bid_left: Decimal | None = None
        """Displayed and not yet taken; None where the quote shows no size."""
        self.ask_left: Decimal | None = None
        self.buy_limits = Ladder(falling=True)
        self.sell_limits = Ladder(falling=False)
        self.buy_stops = Ladder(falling=False)
        self.sell_stops = Ladder(falling=True)
        self.waiting: dict[int, Order] = {}
        """Market orders with something left, by their place."""
        self.trailing: dict[int, Order] = {}
        """Stops that follow the market and rest, by their number."""
        self.quotes = self.crossed = self.not_positive = self.stale = 0

    def counts(self) -> SymbolCounts:
        return SymbolCounts(self.quotes, self.crossed, self.not_positive, self.stale)

    def left(self, side: Side) -> Decimal | None:
        """Return what an order of `side` can still take of the quote; None for any quantity."""
        return self.ask_left if side is Side.BUY else self.bid_left

    def shows(self, side: Side) -> bool:
        """Tell whether there is anything left that an order of `side` could take."""
        left = self.left(side)
        return left is None or left >= self.instrument.lot_step

    def consume(self, side: Side, qty: Decimal) -> None:
        if side is Side.BUY:
            if self.ask_left is not None:
                self.ask_left -= qty
        elif self.bid_left is not None:
            self.bid_left -= qty

    def add(self, order: Order) -> None:
        if order.at_market:
            self.waiting[order.place] = order
        else:
            self._ladder(order).add(order)
            if order.trail is not None:
                self.trailing[order.number] = order

    def discard(self, order: Order) -> None:
        if order.at_market:
            self.waiting.pop(order.place, None)
        else:
            self._ladder(order).discard(order)
            self.trailing.pop(order.number, None)

    def reached(self, order: Order, touch: Decimal) -> bool:
        """Tell whether an order would trade at `touch`."""
        if order.at_market:
            return True
        falling = order.waits_for_trigger is (order.side is Side.SELL)
        return touch <= level(order) if falling else touch >= level(order)

    def _ladder(self, order: Order) -> Ladder:
        if order.waits_for_trigger:
            return self.buy_stops if order.side is Side.BUY else self.sell_stops
        return self.buy_limits if order.side is Side.BUY else self.sell_limits
