"""When a day of the paper venue ends, and which working orders end with it."""

from coxswain.model.hours import next_close, next_time
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import Symbol
from coxswain.venues.paper.orders import Order

NEVER_NS = 1 << 63


class DayEnds:
    """Working DAY orders by their end. What comes next is one integer, so that asking for it costs nothing."""

    __slots__ = ("_clock", "_ends", "_orders", "_tz", "next_ns")

    def __init__(self, clock: str, tz: str) -> None:
        self._clock = clock
        self._tz = tz
        self._ends: dict[Symbol, int] = {}
        """The end that was worked out last, of each instrument. Time never goes back, so it holds until it is past."""
        self._orders: dict[int, dict[int, Order]] = {}
        """By end, then by number."""
        self.next_ns = NEVER_NS

    def end_of(self, instrument: Instrument, now_ns: int) -> int:
        """Return when the day of an order that comes now is over: with its session, or daily where there is none."""
        end_ns = self._ends.get(instrument.symbol, 0)
        if end_ns <= now_ns:
            close_ns = next_close(instrument, now_ns) if instrument.sessions else None
            end_ns = next_time(self._clock, self._tz, now_ns) if close_ns is None else close_ns
            self._ends[instrument.symbol] = end_ns
        return end_ns

    def add(self, order: Order) -> None:
        if order.expires_ns is not None:
            self._orders.setdefault(order.expires_ns, {})[order.number] = order
            self.next_ns = min(self.next_ns, order.expires_ns)

    def discard(self, order: Order) -> None:
        if order.expires_ns is None:
            return
        ending = self._orders[order.expires_ns]
        del ending[order.number]
        if not ending:
            del self._orders[order.expires_ns]
            self.next_ns = min(self._orders, default=NEVER_NS)

    def ending(self) -> tuple[Order, ...]:
        """Return the orders that end at `next_ns`, in the order of their coming."""
        return tuple(order for _, order in sorted(self._orders[self.next_ns].items()))
