"""What waits for the market in one instrument, kept so that a quote away from every price costs a few comparisons."""

from bisect import bisect_left, insort
from decimal import Decimal
from typing import Protocol

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.market import Instrument, Quote, touch
from coxswain.model.vocabulary import Side
from coxswain.venues.paper.orders import Order, level
from coxswain.venues.paper.queue import Queue

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


class Marked(Protocol):
    def was_quoted(self) -> None: ...


class Book:
    """One instrument: its latest usable quote, what of it is still to be had, and the orders that wait for another."""

    __slots__ = (
        "ask_left",
        "bid_left",
        "buy_limits",
        "buy_queue",
        "buy_stops",
        "crossed",
        "halted",
        "has_taken",
        "instrument",
        "marks",
        "not_positive",
        "quote",
        "quotes",
        "refuses",
        "resumed_ns",
        "sell_limits",
        "sell_queue",
        "sell_stops",
        "stale",
        "trailing",
        "waiting",
        "waits",
    )

    def __init__(self, instrument: Instrument, *, waits: bool = True) -> None:
        self.instrument = instrument
        self.waits = waits
        """Limits wait in line at their price, and what was taken stays taken while the price stands."""
        self.quote: Quote | None = None
        self.marks: dict[Marked, None] = {}
        """What is valued by the latest quote, and wants to hear of the next."""
        self.bid_left: Decimal | None = None
        """Displayed and not yet taken; None where the quote shows no size."""
        self.ask_left: Decimal | None = None
        self.buy_limits = Ladder(falling=True)
        self.sell_limits = Ladder(falling=False)
        self.buy_stops = Ladder(falling=False)
        self.sell_stops = Ladder(falling=True)
        self.buy_queue = Queue(falling=True, waits=waits)
        self.sell_queue = Queue(falling=False, waits=waits)
        self.waiting: dict[int, Order] = {}
        """Market orders with something left, by their place."""
        self.trailing: dict[int, Order] = {}
        """Stops that follow the market and rest, by their number."""
        self.has_taken = False
        """Something of what the latest quote displays was taken by orders of ours."""
        self.halted = False
        self.refuses = False
        """It is halted, and takes no new orders meanwhile."""
        self.resumed_ns = 0
        """When the last halt ended. Nothing trades on a quote from before."""
        self.quotes = self.crossed = self.not_positive = self.stale = 0

    def value_anew(self) -> None:
        """Tell all that is valued by the latest quote that there is another."""
        for marked in self.marks:
            marked.was_quoted()
        self.marks.clear()

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
        self.has_taken = self.waits
        if side is Side.BUY:
            if self.ask_left is not None:
                self.ask_left -= qty
        elif self.bid_left is not None:
            self.bid_left -= qty

    def show_what_is_left(self, quote: Quote) -> None:
        """Take over a quote after something of the one before it was taken; what was taken stays taken."""
        before = self.quote
        bid_left, ask_left = quote.bid_size, quote.ask_size
        if before is not None and before.bid == quote.bid:
            bid_left = _left_of(quote.bid_size, before.bid_size, self.bid_left)
        if before is not None and before.ask == quote.ask:
            ask_left = _left_of(quote.ask_size, before.ask_size, self.ask_left)
        self.has_taken = bid_left != quote.bid_size or ask_left != quote.ask_size
        self.quote, self.bid_left, self.ask_left = quote, bid_left, ask_left

    def limits(self, side: Side) -> Ladder:
        return self.buy_limits if side is Side.BUY else self.sell_limits

    def queue(self, side: Side) -> Queue:
        return self.buy_queue if side is Side.BUY else self.sell_queue

    def ahead(self, order: Order) -> Decimal | None:
        """Return what stands before an order whose own price the other side of the market has come to."""
        px, quote = order.price, self.quote
        if px is None or quote is None or touch(quote, order.side) != px:
            return ZERO
        return self.queue(order.side).ahead(order.number, px)

    def add(self, order: Order) -> None:
        if order.at_market:
            self.waiting[order.place] = order
            return
        self._ladder(order).add(order)
        if order.trail is not None:
            self.trailing[order.number] = order
        if order.price is not None and not order.waits_for_trigger:
            self._join(order, order.price)

    def _join(self, order: Order, px: Decimal) -> None:
        queue, quote = self.queue(order.side), self.quote
        if quote is None:
            queue.join(order.number, px, None, None)
        elif order.side is Side.BUY:
            queue.join(order.number, px, quote.bid, quote.bid_size)
        else:
            queue.join(order.number, px, quote.ask, quote.ask_size)

    def discard(self, order: Order) -> None:
        if order.at_market:
            self.waiting.pop(order.place, None)
            return
        self._ladder(order).discard(order)
        self.trailing.pop(order.number, None)
        if order.price is not None:
            self.queue(order.side).leave(order.number, order.price)

    def reached(self, order: Order, touch: Decimal) -> bool:
        """Tell whether an order would trade at `touch`."""
        if order.at_market:
            return True
        falling = order.waits_for_trigger is (order.side is Side.SELL)
        return touch <= level(order) if falling else touch >= level(order)

    def _ladder(self, order: Order) -> Ladder:
        if order.waits_for_trigger:
            return self.buy_stops if order.side is Side.BUY else self.sell_stops
        return self.limits(order.side)


def _left_of(shown: Decimal | None, shown_before: Decimal | None, left_before: Decimal | None) -> Decimal | None:
    """Return what is left of a size whose price still stands: never more is taken of it than it shows now."""
    if shown is None or shown_before is None or left_before is None:
        return shown
    return shown - min(shown_before - left_before, shown)
