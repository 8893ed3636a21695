"""Numbers and times as programs write them, made exact at the door. Floats end here.

A float becomes the decimal that Python prints for it: 1.1 is 1.1, and 0.1 + 0.2 is 0.30000000000000004, which no tick
or lot step divides, so that it is refused where prices and quantities are checked. All results are `Decimal`.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from coxswain.api.python.errors import ValidationError
from coxswain.model.decimals import ONE, exact, is_short
from coxswain.model.market import Instrument, Quote
from coxswain.model.vocabulary import Symbol

Number = Decimal | int | float | str
Word = TypeVar("Word", bound=StrEnum)
QUOTE_NUMBERS = ("bid", "ask", "bid_size", "ask_size", "volume", "last", "last_size")


def number(value: Number, field: str) -> Decimal:
    """Return a number exactly as it is written. Raises `ValidationError` for what is none."""
    wanted = "a finite number of at most 20 digits before and 18 after the point"
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise ValidationError(field=field, value=value, wanted=wanted)
    found = exact(repr(value) if isinstance(value, float) else str(value))
    if found is None or not is_short(found):
        raise ValidationError(field=field, value=value, wanted=wanted)
    return found


def optional(value: Number | None, field: str) -> Decimal | None:
    return None if value is None else number(value, field)


def above_zero(value: Number, field: str) -> Decimal:
    found = number(value, field)
    if found <= 0:
        raise ValidationError(field=field, value=value, wanted="a number above 0")
    return found


def choice(value: object, kind: type[Word], field: str) -> Word:
    """Return the member that is meant, itself or its name in any case. Raises `ValidationError` for what is none."""
    for member in kind:
        if isinstance(value, str) and value.upper() == member.upper():
            return member
    raise ValidationError(field=field, value=value, wanted=f"one of {', '.join(kind)}")


def exact_quotes(feed: Iterable[Quote]) -> Iterator[Quote]:
    """Make every number of a program's quotes exact. Raises `ValidationError` for what is none."""
    for quote in feed:
        given = {name: getattr(quote, name) for name in QUOTE_NUMBERS}
        if all(value is None or type(value) is Decimal for value in given.values()):
            yield quote
        else:
            exactly = {name: None if value is None else number(value, f"feed.{name}") for name, value in given.items()}
            yield msgspec.structs.replace(quote, **exactly)


def moment(ns: int) -> datetime:
    """Return a time of the engine as a `datetime` in UTC, to the microsecond."""
    seconds, rest_ns = divmod(ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest_ns // 1000)


def nanoseconds(time: datetime, field: str) -> int:
    """Return a time with a zone in nanoseconds since 1970."""
    if time.tzinfo is None:
        raise ValidationError(field=field, value=time, wanted="a datetime with a time zone")
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def instrument(
    symbol: str,
    *,
    tick: Number,
    lot_step: Number = 1,
    min_qty: Number | None = None,
    contract_size: Number = 1,
    margin_rate: Number = 1,
    currency: str = "USD",
    base_currency: str | None = None,
) -> Instrument:
    """Describe something that can be traded. A quantity counts lots; `contract_size` is the units of one lot."""
    step = above_zero(lot_step, "lot_step")
    return Instrument(
        Symbol(symbol.upper()),
        currency,
        above_zero(tick, "tick"),
        step,
        step if min_qty is None else above_zero(min_qty, "min_qty"),
        ONE if contract_size == 1 else above_zero(contract_size, "contract_size"),
        ONE if margin_rate == 1 else above_zero(margin_rate, "margin_rate"),
        base_currency,
    )
