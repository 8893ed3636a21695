"""What trades at the paper venue, on which quote or print, how much and at which price. The books are in ledger.py.

A quote that reaches resting orders matches, in this order, what already waits at the market, stops, limits; within each
by price, then by time. Orders trade at the touch, never more of it than is displayed. What was taken stays taken while
the price stands, and a limit waits behind what was shown at its price before it: see queue.py and the parameter
`queue`.
A print serves those ahead first, then resting limits at their own price, never more than was printed.
"""

from collections.abc import Callable
from decimal import Decimal

from coxswain.model.decimals import ZERO, floor_step
from coxswain.model.market import Quote, touch
from coxswain.model.vocabulary import Side, TimeInForce
from coxswain.venues.paper.admission import NO_FRESH_QUOTE
from coxswain.venues.paper.ledger import NOTHING_TO_REDUCE, Ledger
from coxswain.venues.paper.orders import Order
from coxswain.venues.paper.params import Params
from coxswain.venues.paper.resting import Book, Ladder
from coxswain.venues.paper.simulated import Draws
from coxswain.venues.paper.trailing import let_follow

NO_MORE = "no more to be had at the touch"


class Matching:
    def __init__(self, ledger: Ledger, params: Params) -> None:
        self._ledger = ledger
        self._books = ledger.books
        self._stale_ns = params.quote_stale_s * 1_000_000_000
        self._draws = None if params.simulated is None else Draws(params.simulated)
        self.touched = 0
        """How often a resting or arriving order was offered a quote."""

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
        if book.halted:
            book.quote = quote
            book.value_anew()
            return
        if quote.last is not None:
            self._on_print(book, quote)
        if book.has_taken:
            book.show_what_is_left(quote)
        else:
            book.quote, book.bid_left, book.ask_left = quote, quote.bid_size, quote.ask_size
        if book.marks:
            book.value_anew()
        if book.trailing:
            self._ledger.changes.orders.update((order.number, order) for order in let_follow(book, quote))
        # A limit stands in line once our side of the market comes to it, and trades once the other side does.
        if at_buys := bid <= book.buy_limits.best:
            book.buy_queue.show(bid, quote.bid_size)
        if at_sells := ask >= book.sell_limits.best:
            book.sell_queue.show(ask, quote.ask_size)
        if (
            (at_buys and ask <= book.buy_limits.best)
            or (at_sells and bid >= book.sell_limits.best)
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
        self._sweep_stops(book, book.buy_stops, quote.ask, quote.ts_ns)
        self._sweep_stops(book, book.sell_stops, quote.bid, quote.ts_ns)
        if book.shows(Side.BUY):
            self._sweep_limits(book, book.buy_limits, quote.ask, quote.ts_ns)
        if book.shows(Side.SELL):
            self._sweep_limits(book, book.sell_limits, quote.bid, quote.ts_ns)

    def _sweep_stops(self, book: Book, ladder: Ladder, touch_px: Decimal, now_ns: int) -> None:
        """Trigger every stop that the touch has reached."""
        passed: list[Order] = []
        while ladder.reached(touch_px):
            order = ladder.pop()
            if self._is_blocked(book, order):
                passed.append(order)
                continue
            self._trigger(order)
            if book.reached(order, touch_px):
                self._trade(book, order, now_ns)
            self._rest(book, order, now_ns)
        _put_back(ladder, passed)

    def _sweep_limits(self, book: Book, ladder: Ladder, touch_px: Decimal, now_ns: int) -> None:
        """Fill limits that the touch has reached while there is something displayed for them."""

        def offer(order: Order) -> bool:
            before = order.cum_qty
            self._trade(book, order, now_ns)
            # Whoever stands behind one that still waits in its line waits, too.
            return book.shows(order.side) and (order.cum_qty > before or not book.ahead(order))

        self._sweep(book, ladder, touch_px, offer)

    def _sweep(self, book: Book, ladder: Ladder, reached_px: Decimal, offer: Callable[[Order], bool]) -> None:
        """Offer something to each limit that a price reaches, until `offer` says that there is no more."""
        passed: list[Order] = []
        while ladder.reached(reached_px):
            order = ladder.pop()
            passed.append(order)
            if not self._is_blocked(book, order) and not offer(order):
                break
        _put_back(ladder, passed)

    def _on_print(self, book: Book, quote: Quote) -> None:
        """Let a trade of the market serve those who wait at its price or were passed by it.

        It comes before the quote it came with. Whoever sold hit the bid, whoever bought lifted the offer; between the
        two nobody knows, and what one side is given is not given to the other.
        """
        px, size, before = quote.last, quote.last_size, book.quote
        if px is None or size is None or before is None or not book.waits:
            return
        left = size
        if px < before.ask:
            left = self._serve(book, Side.BUY, px, left, quote.ts_ns)
        if px > before.bid:
            self._serve(book, Side.SELL, px, left, quote.ts_ns)

    def _serve(self, book: Book, side: Side, px: Decimal, size: Decimal, now_ns: int) -> Decimal:
        """Give what was printed to resting limits of one side; return what is left of it."""
        ladder, queue, left = book.limits(side), book.queue(side), size
        step = book.instrument.lot_step

        def offer(order: Order) -> bool:
            nonlocal left
            assert order.price is not None, "a limit has a price"
            ahead = ZERO if order.price != px else queue.ahead(order.number, px)
            if ahead is None or left - ahead < step:
                return False
            qty = floor_step(min(self._wanted(order), left - ahead), step)
            if qty > 0 and self._ledger.fill(order, qty, order.price, now_ns):
                left -= qty
            return left >= step

        self._sweep(book, ladder, px, offer)
        queue.serve(px, size)
        return left

    def _is_blocked(self, book: Book, order: Order) -> bool:
        """Another member of its group has traded on this very quote, so this one must wait for the next."""
        group = self._ledger.group_of(order)
        return group is not None and group.traded_on is book.quote and group.trader is not order

    # --- one order --------------------------------------------------------------------------------------------------

    def show(self, order: Order, now_ns: int) -> None:
        """Show an order that came or changed to the latest quote, if that is still fresh; then let it rest."""
        book = self._books[order.symbol]
        if order.reduce_only and not self._ledger.position(order).reducible(order.side):
            self._ledger.end(order, NOTHING_TO_REDUCE, now_ns)
            return
        quote = book.quote
        if book.halted:
            self._rest(book, order, now_ns, f"trading in {order.symbol} is halted")
            return
        if quote is not None and (now_ns - quote.ts_ns > self._stale_ns or quote.ts_ns < book.resumed_ns):
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
            self._ledger.end(order, f"{order.time_in_force}: {why_not}", now_ns)
        else:
            book.add(order)

    def _trigger(self, order: Order) -> None:
        order.triggered = True
        order.place = self._ledger.next_place()
        self._ledger.changes.orders[order.number] = order

    def _wanted(self, order: Order) -> Decimal:
        """Return what an order may still trade: what the position allows and the script of faults lets through."""
        wanted = order.leaves_qty
        if order.quiet_at is not None:
            wanted = min(wanted, order.quiet_at - order.cum_qty)
        if order.reduce_only:
            wanted = min(wanted, self._ledger.position(order).reducible(order.side))
        return wanted

    def _trade(self, book: Book, order: Order, now_ns: int) -> None:
        """Fill what the quote shows, less what is taken of it already and what is for those ahead."""
        self.touched += 1
        wanted = self._wanted(order)
        qty, left = wanted, book.left(order.side)
        if ahead := book.ahead(order):
            left = ZERO if left is None else left - ahead
        if left is not None and left < wanted:
            qty = floor_step(left, book.instrument.lot_step)
        if qty <= 0 or (qty < wanted and order.time_in_force is TimeInForce.FOK):
            return
        assert book.quote is not None, "nothing trades without a quote"
        px = touch(book.quote, order.side)
        if self._draws is not None:
            qty = self._draws.part_of(order, qty, book.instrument.lot_step)
            px = self._draws.slipped(order, px, book.instrument.tick)
        if self._ledger.fill(order, qty, px, now_ns):
            book.consume(order.side, qty)

    def fill_late(self, order: Order, now_ns: int) -> None:
        """Fill what was left of an order when it was cancelled, as if the cancel had come too late."""
        book = self._books[order.symbol]
        qty = order.order_qty - order.cum_qty
        if order.reduce_only:
            qty = min(qty, self._ledger.position(order).reducible(order.side))
        if qty and book.quote is not None and self._ledger.fill(order, qty, touch(book.quote, order.side), now_ns):
            book.consume(order.side, qty)


def _put_back(ladder: Ladder, passed: list[Order]) -> None:
    for order in passed:
        if order.ended_as is None and not order.is_quiet:
            ladder.add(order)
