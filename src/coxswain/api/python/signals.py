"""A program's signal as the line of JSON that it is: there is one reader of signals, and it reads this too.

What may be said is said there. Here only the writing is done, so that nothing is lost or invented on the way: a float
is written as Python prints it, what is not a number is written as that and refused by the reader, and what JSON cannot
say at all is refused here.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from coxswain.api.python.errors import ValidationError
from coxswain.api.python.types import TradeSignal
from coxswain.messages.signal_json import BadSignal, parse_signal
from coxswain.model.decimals import text
from coxswain.model.signal import Signal


def fields_of(signal: TradeSignal) -> dict[str, object]:
    """Return a signal's fields by their names in a line."""
    fields: dict[str, object] = {name: getattr(signal, name) for name in signal.__struct_fields__}
    fields["strategy"] = signal.strategy or signal.metadata.get("strategy", "")
    return fields


def read_signal(fields: Mapping[str, object], now_ns: int, ttl_s: int) -> Signal:
    """Read a signal by the rules of every door. Raises `ValidationError` with a sentence for every field in error."""
    given = {name: _plain(value, name) for name, value in fields.items() if value not in (None, "", (), [], {})}
    read = parse_signal(json.dumps(given), now_ns, ttl_s)
    if isinstance(read, BadSignal):
        raise ValidationError(*read.errors)
    return read


def _plain(value: object, name: str) -> object:
    """Write a value as JSON has it; numbers exactly."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return text(value) if value.is_finite() else str(value)
        case datetime():
            return value.isoformat()
        case msgspec.Struct():
            inner = ((field, getattr(value, field)) for field in value.__struct_fields__)
            return {field: _plain(item, name) for field, item in inner if item is not None}
        case Mapping():
            return {str(key): _plain(item, name) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item, name) for item in value]
        case _:
            wanted = "text, a number, a time, a list, a mapping, or one of the types of coxswain"
            raise ValidationError(field=name, value=value, wanted=wanted)
