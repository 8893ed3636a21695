"""Read JSON exactly, and the fields of one object: a value, or a sentence for every field that is wrong.

Numbers stay the text that they were written in until somebody reads them as Decimal; a float must never appear here.
What a field means does not belong here.
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TypeGuard, TypeVar

from coxswain.model.decimals import (
    CONTEXT,
    FRACTION_DIGITS_MAX,
    ONE,
    WHOLE_DIGITS_MAX,
    ZERO,
    exact,
    is_number,
    is_short,
    text,
)

LINE_BYTES_MAX = 131_072
METADATA_DEPTH_MAX = 16
ERRORS_MAX = 32

ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
ID_WANTED = "1 to 64 letters, digits or any of . _ : -"
SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
SYMBOL_WANTED = "1 to 64 letters, digits or any of . _ : / -"

Choice = TypeVar("Choice", bound=StrEnum)


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Object(dict[str, object]):
    """A JSON object that knows which keys were written twice."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.repeated: list[str] = []
        if len(self) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    self.repeated.append(key)
                seen.add(key)


def parse_object(line: str | bytes) -> Object | str:
    """Return the object on a line, or what is wrong with the line as a whole."""
    if len(line) > LINE_BYTES_MAX:
        return f"the line is longer than {LINE_BYTES_MAX} bytes"
    try:
        source = line.decode() if isinstance(line, bytes) else line
        body: object = json.loads(
            source.removeprefix("\ufeff"),  # some editors begin a file with this mark
            parse_float=Number,
            parse_int=Number,
            parse_constant=Number,
            object_pairs_hook=Object,
        )
    except UnicodeDecodeError as error:
        return f"the line is not UTF-8 text (byte {error.start + 1})"
    except json.JSONDecodeError as error:
        return f"the line is not JSON: {error.msg} (character {error.pos + 1})"
    except RecursionError:
        return "the line is nested too deeply to be read"
    if not isinstance(body, Object):
        return f"the line is {shown(body)}; wanted one JSON object"
    return body


def canonical(value: object, depth: int = 0) -> str:
    """Write JSON so that equal content has equal text. Raises ValueError with a reason where it cannot."""
    if depth > METADATA_DEPTH_MAX:
        raise ValueError(f"nested more than {METADATA_DEPTH_MAX} deep")
    if isinstance(value, Object):
        if value.repeated:
            raise ValueError(f"the key {shown(value.repeated[0])} stands in it twice")
        return "{" + ",".join(f"{_quoted(key)}:{canonical(value[key], depth + 1)}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, Number):
        number = exact(value)
        if number is None:
            raise ValueError(f"{shown(value)} is not a finite number of at most {CONTEXT.prec} digits")
        return str(number)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- fields ---------------------------------------------------------------------------------------------------------

_WANTED_TIME = (
    'wanted a time with its zone such as "2025-03-14T09:30:00Z", or seconds, milliseconds or nanoseconds since 1970'
)


class Fields:
    """The fields of one object. Each reader returns a value, or None and leaves a sentence in `errors`."""

    def __init__(self, body: Object, names: tuple[str, ...]) -> None:
        self._names = names
        self._body: Mapping[str, object] = {key: value for key, value in body.items() if value is not None}
        self._unsound: set[str] = set()
        self.errors: list[str] = []
        for key in body.repeated:
            self.wrong(key, "written twice; wanted once")

    def value(self, name: str) -> object:
        """Return a field as it was written; None where it was left out."""
        return self._body.get(name)

    def given(self, name: str) -> bool:
        return name in self._body

    def is_sound(self, name: str) -> bool:
        return name not in self._unsound

    def wrong(self, name: str, sentence: str) -> None:
        self._unsound.add(name)
        self.errors.append(f"{name if name in self._names else shown(name)}: {sentence}")

    def refuse_unknown(self) -> None:
        for key in self._body:
            if key not in self._names:
                # Looking for a near name is slow, and no more than these errors are told.
                told = len(self.errors) < ERRORS_MAX
                near = difflib.get_close_matches(key[:64].lower(), self._names, 1) if told else []
                self.wrong(key, f"unknown field; did you mean {near[0]}?" if near else "unknown field")

    def id(self, name: str) -> str | None:
        return self._name(name, ID, ID_WANTED)

    def symbol(self, name: str) -> str | None:
        return self._name(name, SYMBOL, SYMBOL_WANTED)

    def _name(self, name: str, pattern: re.Pattern[str], wanted: str) -> str | None:
        value = self._body.get(name)
        if value is None:
            self.wrong(name, f"missing; wanted {wanted}")
            return None
        if not is_text(value) or not pattern.fullmatch(value):
            self.wrong(name, f"{shown(value)} is not a valid name; wanted {wanted}")
            return None
        return value

    def choice(self, name: str, choices: Iterable[Choice], required: bool = False) -> Choice | None:
        value = self._body.get(name)
        wanted = f"wanted {', '.join(choices)}"
        if value is None:
            if required:
                self.wrong(name, f"missing; {wanted}")
            return None
        for member in choices:
            if is_text(value) and value.upper() == member.upper():
                return member
        self.wrong(name, f"{shown(value)} is not known; {wanted}")
        return None

    def words(self, name: str, chars_max: int) -> str:
        value = self._body.get(name, "")
        if not is_text(value) or len(value) > chars_max or not value.isprintable():
            self.wrong(name, f"{shown(value)} is refused; wanted printable text of at most {chars_max} characters")
            return ""
        return value

    def number(self, name: str) -> Decimal | None:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not is_number(value):
            self.wrong(name, f'{shown(value)} is not a number; wanted a decimal number such as "1.0850"')
            return None
        number = exact(value)
        if number is None or not is_short(number):
            digits = f"at most {WHOLE_DIGITS_MAX} digits before and {FRACTION_DIGITS_MAX} after the point"
            self.wrong(name, f"{shown(value)} has too many digits; wanted {digits}")
            return None
        return number

    def above_zero(self, name: str) -> Decimal | None:
        number = self.number(name)
        if number is None or number > ZERO:
            return number
        self.wrong(name, f"{text(number)} is not above zero")
        return None

    def share(self, name: str) -> Decimal | None:
        number = self.number(name)
        if number is None or ZERO <= number <= ONE:
            return number
        self.wrong(name, f"{text(number)} is out of range; wanted 0 to 1")
        return None

    def whole(self, name: str, least: int, most: int) -> int | None:
        number = self.number(name)
        if number is None:
            return None
        if number % ONE or not least <= number <= most:
            self.wrong(name, f"{text(number)} is out of range; wanted a whole number from {least} to {most}")
            return None
        return int(number)

    def time_ns(self, name: str) -> int | None:
        value = self._body.get(name)
        if value is None:
            return None
        time_ns = _time_ns(value) if isinstance(value, str) else None
        if time_ns is None:
            self.wrong(name, f"{shown(value)} is not a time; {_WANTED_TIME}")
        return time_ns


def is_text(value: object) -> TypeGuard[str]:
    """Tell text from a number, which is kept as the text it was written in."""
    return isinstance(value, str) and not isinstance(value, Number)


# --- time -----------------------------------------------------------------------------------------------------------

_ISO_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<time>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)"
    r"([.,](?P<fraction>[0-9]{1,9}))? ?(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS = 1_000_000_000
# 1973 to 2262. Within it seconds, milliseconds and nanoseconds cannot be taken for one another.
_TIME_NS_MIN = 100_000_000 * _SECOND_NS
_TIME_NS_MAX = 2**63 - 1


def _time_ns(written: str) -> int | None:
    number = exact(written)
    time_ns = _iso_ns(written) if number is None else _epoch_ns(number)
    return time_ns if time_ns is not None and _TIME_NS_MIN <= time_ns <= _TIME_NS_MAX else None


def _iso_ns(written: str) -> int | None:
    match = _ISO_TIME.fullmatch(written)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['time']}{match['zone'].upper()}")
    except ValueError:  # no such day or hour
        return None
    # A datetime holds microseconds; the fraction goes round it.
    return (moment - _EPOCH) // timedelta(seconds=1) * _SECOND_NS + int((match["fraction"] or "").ljust(9, "0"))


def _epoch_ns(number: Decimal) -> int | None:
    """Read seconds, milliseconds or nanoseconds by their size; what is finer than a nanosecond is refused."""
    if not is_short(number):
        return None
    if number.adjusted() < 11:
        unit_ns = _SECOND_NS
    elif number.adjusted() < 14:
        unit_ns = 1_000_000
    else:
        unit_ns = 1
    with localcontext(CONTEXT):
        time_ns = number * unit_ns
        return None if time_ns % ONE else int(time_ns)


# --- words for people -----------------------------------------------------------------------------------------------

_SHOWN_CHARS_MAX = 40


def shown(value: object) -> str:
    """Write a value that was found, short and in plain ASCII: it goes to terminals and into the journal."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if not isinstance(value, str):
        return json.dumps(value)
    short = value if len(value) <= _SHOWN_CHARS_MAX else value[:_SHOWN_CHARS_MAX] + "..."
    return short if isinstance(value, Number) else json.dumps(short)


def capped(errors: list[str]) -> tuple[str, ...]:
    more = len(errors) - ERRORS_MAX
    return (*errors[:ERRORS_MAX], f"and {more} more") if more > 0 else tuple(errors)
