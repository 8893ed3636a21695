"""The fields of a command: what one may hold, how it is read, and what is said where it is wrong.

Each reader returns a value or raises ValueError with what is wanted. What commands there are does not belong here.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.messages.json_fields import ID, ID_WANTED, SYMBOL, SYMBOL_WANTED
from coxswain.messages.signal_json import REASON_CHARS_MAX
from coxswain.model.breaker import BreakerKind
from coxswain.model.decimals import DIGITS_WANTED, ONE, ZERO, exact, is_short, is_too_long
from coxswain.model.signal import TTL_S_MAX
from coxswain.model.vocabulary import AccountId, Mode, Resolution, SettledAs

NAMES_MAX = 1_000
SHOWN_CHARS_MAX = 40


class Field(msgspec.Struct, frozen=True):
    """One field of a command. `read` returns its value or raises ValueError with what is wanted."""

    read: Callable[[object], object]
    help: str
    required: bool = False


class Values(msgspec.Struct, frozen=True):
    """The fields of one command that were read, who asks, and when."""

    found: Mapping[str, object]
    actor: str
    now_ns: int

    def text(self, name: str) -> str:
        """Return a text; empty where it was left out."""
        return str(self.found.get(name, ""))

    def name(self, name: str) -> str | None:
        """Return a name; None where it was left out."""
        found = self.found.get(name)
        return None if found is None else str(found)

    def number(self, name: str) -> Decimal | None:
        found = self.found.get(name)
        return found if isinstance(found, Decimal) else None

    def whole(self, name: str) -> int:
        """Return a whole number; 0 where it was left out."""
        found = self.found.get(name)
        return found if isinstance(found, int) else 0

    def names(self, name: str) -> tuple[str, ...]:
        found = self.found.get(name, ())
        return found if isinstance(found, tuple) else ()

    def switch(self, name: str) -> bool:
        return self.found.get(name) is True


def read_reason(found: object) -> str:
    if not isinstance(found, str) or not found.strip() or len(found) > REASON_CHARS_MAX or not found.isprintable():
        raise ValueError(f"printable text of 1 to {REASON_CHARS_MAX} characters")
    return found


def read_id(found: object) -> str:
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise ValueError(ID_WANTED)
    return found


def read_symbol(found: object) -> str:
    if not isinstance(found, str) or not SYMBOL.fullmatch(found):
        raise ValueError(SYMBOL_WANTED)
    return found.upper()


def read_ids(found: object) -> tuple[str, ...]:
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list | tuple) or not 0 < len(names) <= NAMES_MAX:
        raise ValueError(f"one name or a list of 1 to {NAMES_MAX}, each {ID_WANTED}")
    for name in names:
        if not isinstance(name, str) or not ID.fullmatch(name):
            raise ValueError(f"a list of names, each {ID_WANTED}; {shown(name)} is none")
    return tuple(dict.fromkeys(names))


def read_text(found: object) -> str:
    if not isinstance(found, str) or not found or not found.isprintable():
        raise ValueError("printable text")
    return found


def read_resolution(found: object) -> Resolution:
    for member in Resolution:
        if found == member.value:
            return member
    raise ValueError(" or ".join(Resolution))


def read_settled(found: object) -> SettledAs:
    for member in SettledAs:
        if found == member.value:
            return member
    raise ValueError(" or ".join(SettledAs))


def read_number(found: object) -> Decimal:
    # A float has lost what was written already; `document_of` reads every number exactly.
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise ValueError("a number, as text or exact")
    value = exact(str(found))
    if value is None or not is_short(value):
        raise ValueError(f"a number {DIGITS_WANTED}" if is_too_long(str(found)) else "a number")
    return value


def _number_of(name: str, found: object) -> Decimal:
    try:
        return read_number(found)
    except ValueError as error:
        raise ValueError(f"{error} for each name; {shown(name)} has {shown(found)}") from None


def read_price(found: object) -> Decimal:
    value = read_number(found)
    if value <= ZERO:
        raise ValueError("a number above 0")
    return value


def read_rho(found: object) -> Decimal:
    value = read_number(found)
    if not -ONE <= value <= ONE:
        raise ValueError("a number from -1 to 1")
    return value


def read_switch(found: object) -> bool:
    if not isinstance(found, bool):
        raise ValueError("true or false")
    return found


def read_mode(found: object) -> Mode:
    for mode in Mode:
        if isinstance(found, str) and found.upper() == mode:
            return mode
    raise ValueError(f"one of {', '.join(Mode)}")


def read_quantities(found: object) -> dict[AccountId, Decimal]:
    wanted = f"an object of 1 to {NAMES_MAX} accounts, each with its quantity of 0 or more"
    if not isinstance(found, Mapping) or not 0 < len(found) <= NAMES_MAX:
        raise ValueError(wanted)
    quantities = {}
    for name, value in found.items():
        qty = _number_of(str(name), value)
        if not isinstance(name, str) or qty < ZERO:
            raise ValueError(f"{wanted}; {shown(str(name))} has {shown(value)}")
        quantities[AccountId(name)] = qty
    return quantities


def read_object(found: object) -> Mapping[str, object]:
    if not isinstance(found, Mapping):
        raise ValueError("an object with the fields of a signal")
    return found


def read_limits(found: object) -> dict[str, Decimal]:
    wanted = f"an object of 1 to {NAMES_MAX} keys of the configuration, each with its value"
    if not isinstance(found, Mapping) or not 0 < len(found) <= NAMES_MAX:
        raise ValueError(wanted)
    return {str(key): _number_of(str(key), value) for key, value in found.items()}


def read_count(found: object) -> int:
    value = read_number(found)
    if value < ONE or value % ONE:
        raise ValueError("a whole number of 1 or more")
    return int(value)


def read_seconds(found: object) -> int:
    value = read_count(found)
    if value > TTL_S_MAX:
        raise ValueError(f"a whole number of seconds from 1 to {TTL_S_MAX}")
    return value


def read_breaker(found: object) -> BreakerKind:
    for kind in BreakerKind:
        if isinstance(found, str) and found.upper() == kind:
            return kind
    raise ValueError(f"one of {', '.join(BreakerKind)}")


def shown(value: object) -> str:
    """Write a value that was found, short and in plain ASCII: it goes to terminals and into the journal."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, StrEnum | Decimal):
        return str(value)[:SHOWN_CHARS_MAX]
    written = json.dumps(value, default=str)
    return written if len(written) <= SHOWN_CHARS_MAX else written[:SHOWN_CHARS_MAX] + "..."
