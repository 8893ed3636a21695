"""What a position is charged or credited for being held over the end of a day of the paper venue.

A week has seven nights. Where an instrument has a day of three nights, as brokers charge what settles two days later,
that day stands for the weekend as well, whose own two nights are free then.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.hours import local, next_time
from coxswain.model.vocabulary import Symbol
from coxswain.venues.paper.days import NEVER_NS


class TripleDay(StrEnum):
    """The day whose end counts for three nights; with `none` every night of the week counts for one."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    NONE = "none"


WEEK = tuple(day for day in TripleDay if day is not TripleDay.NONE)
"""From Monday on; the days after it are the weekend."""


class Swap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of each lot and each night, in the account's currency; negative is charged, positive is credited."""

    symbol: Symbol
    swap_long: Decimal = ZERO
    swap_short: Decimal = ZERO
    triple_day: TripleDay = TripleDay.WED


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
        """Return what the night that begins next changes the balance by."""
        rate = self.rates.get(symbol)
        if rate is None:
            return ZERO
        per_night = qty * rate.swap_long if qty > 0 else -qty * rate.swap_short
        return per_night * self._nights_of(rate.triple_day)

    def _nights_of(self, triple_day: TripleDay) -> int:
        if triple_day is TripleDay.NONE:
            return 1
        # One that ends at midnight is still the day before.
        weekday = local(self.next_ns - 1, self._tz).weekday()
        if weekday >= len(WEEK):
            return 0
        return 3 if WEEK[weekday] is triple_day else 1
