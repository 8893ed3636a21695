"""What a position is charged or credited for being held over the end of a day of the paper venue."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.hours import next_time
from coxswain.model.vocabulary import Symbol
from coxswain.venues.paper.days import NEVER_NS


class Swap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of each lot and each night, in the account's currency; negative is charged, positive is credited."""

    symbol: Symbol
    swap_long: Decimal = ZERO
    swap_short: Decimal = ZERO


class Nights:
    """When the next one begins. Before anything is held there is none, and it costs nothing to ask."""

    __slots__ = ("_clock", "_tz", "next_ns", "rates")

    def __init__(self, swaps: Iterable[Swap], clock: str, tz: str) -> None:
        self.rates = {swap.symbol: swap for swap in swaps}
        self._clock = clock
        self._tz = tz
        self.next_ns = NEVER_NS

    def expect(self, now_ns: int, *, is_held: bool = True) -> None:
        """Note that something is held since then, or that nothing is any more."""
        if not is_held or not self.rates:
            self.next_ns = NEVER_NS
        elif self.next_ns <= now_ns or self.next_ns == NEVER_NS:
            self.next_ns = next_time(self._clock, self._tz, now_ns)

    def amount(self, symbol: Symbol, qty: Decimal) -> Decimal:
        """Return what one night changes the balance by."""
        rate = self.rates.get(symbol)
        if rate is None:
            return ZERO
        return qty * rate.swap_long if qty > 0 else -qty * rate.swap_short
