"""Read one signal from a line of JSON: a `Signal`, or a sentence for every field that is wrong.

This file decides whether a signal can be understood, never whether it is wise: the side of the stop, the session and
the accounts are for the gate. Numbers stay exact, as text or Decimal; a float must never appear here. Whatever the
bytes, `parse_signal` returns an answer and raises nothing.
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TypeGuard, TypeVar

import msgspec

from coxswain.model.algo import Algo
from coxswain.model.decimals import (
    CONTEXT,
    FRACTION_DIGITS_MAX,
    HUNDRED,
    ONE,
    WHOLE_DIGITS_MAX,
    ZERO,
    exact,
    is_number,
    is_short,
    text,
)
from coxswain.model.orders import Trail
from coxswain.model.signal import TTL_S_MAX, Signal
from coxswain.model.spread import LEGS_MAX, LEGS_MIN, UNHEDGED_S_MAX, Leg, LeggingLimit
from coxswain.model.vocabulary import (
    AccountId,
    LeggingRule,
    OrdType,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    TimeInForce,
    TriggerSource,
)

LINE_BYTES_MAX = 131_072
METADATA_BYTES_MAX = 16_384
METADATA_DEPTH_MAX = 16
ALGO_BYTES_MAX = 8_192
ERRORS_MAX = 32
ACCOUNTS_MAX = 1_000
STRATEGY_CHARS_MAX = 64
REASON_CHARS_MAX = 500

ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
ID_WANTED = "1 to 64 letters, digits or any of . _ : -"
ALGO = re.compile(r"[a-z_]{1,64}")
SYMBOL = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
SYMBOL_WANTED = "1 to 64 letters, digits or any of . _ : / -"

FIELDS = (
    "id",
    "kind",
    "symbol",
    "side",
    "entry_price",
    "stop_loss",
    "take_profit",
    "confidence",
    "risk_reward_ratio",
    "signal_time",
    "strategy",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "time_in_force",
    "expire_time",
    "trailing_stop",
    "ttl_s",
    "accounts",
    "algo",
    "legs",
    "max_unhedged_value",
    "max_unhedged_s",
    "on_legging_limit",
    "reason",
    "metadata",
)

LEVELS = ("stop_loss", "take_profit")
RESTING = ("limit_price", "stop_price", "time_in_force", "expire_time")
OF_A_SIGNAL = tuple(kind for kind in OrdType if kind is not OrdType.TRAILING_STOP)
"""A trailing stop protects what a signal opens; it opens nothing."""
TRAIL_FIELDS = ("amount", "pct", "activation_price", "source")
LEGGING = ("max_unhedged_value", "max_unhedged_s", "on_legging_limit")
LEG_FIELDS = ("symbol", "side", "ratio", "limit_price", "stop_loss", "take_profit")
MEANINGLESS: dict[SignalKind, tuple[str, ...]] = {
    SignalKind.ENTRY: (),
    SignalKind.EXIT: ("entry_price", *LEVELS, "trailing_stop", "confidence", *RESTING, "legs", *LEGGING),
    SignalKind.STOP_ADJUSTMENT: (
        *("entry_price", "confidence", "quantity", "order_type", "algo", *RESTING, "legs", *LEGGING),
    ),
}
"""The empty cells of docs/SIGNALS.md."""
BESIDE_LEGS = ("symbol", "side", "entry_price", *LEVELS, "trailing_stop", "order_type", *RESTING, "algo")
"""What each leg says for itself, or a spread does not have."""
CALLED = {SignalKind.ENTRY: "an entry", SignalKind.EXIT: "an exit", SignalKind.STOP_ADJUSTMENT: "a stop adjustment"}

Choice = TypeVar("Choice", bound=StrEnum)


class BadSignal(msgspec.Struct, frozen=True):
    """A signal that could not be read, and why, field by field."""

    signal_id: SignalId | None
    errors: tuple[str, ...]


def parse_signal(line: str | bytes, now_ns: int, default_ttl_s: int = 300) -> Signal | BadSignal:
    """Read one line. A field that is null counts as left out; a signal without a time is one of `now_ns`."""
    body = _parse_object(line)
    if isinstance(body, str):
        return BadSignal(None, (body,))
    fields = _Fields(body)
    signal = _read_signal(fields, now_ns, default_ttl_s)
    if fields.errors:
        return BadSignal(signal.id if fields.is_sound("id") else None, _capped(fields.errors))
    return signal


def _read_signal(fields: "_Fields", now_ns: int, default_ttl_s: int) -> Signal:
    """Read every field, wrong ones as their defaults: the errors beside them say that the result is void."""
    fields.refuse_unknown()
    signal_time_ns = fields.time_ns("signal_time")
    legs = fields.legs("legs")
    symbol = legs[0].symbol if legs else Symbol("")
    if not fields.given("legs"):
        symbol = Symbol((fields.symbol("symbol") or "").upper())
    signal = Signal(
        id=SignalId(fields.id("id") or ""),
        kind=fields.choice("kind", SignalKind, required=True) or SignalKind.ENTRY,
        symbol=symbol,
        signal_time_ns=now_ns if signal_time_ns is None else signal_time_ns,
        ttl_s=fields.whole("ttl_s", 1, TTL_S_MAX) or default_ttl_s,
        side=legs[0].side if legs else fields.choice("side", Side),
        entry_price=fields.above_zero("entry_price"),
        stop_loss=fields.above_zero("stop_loss"),
        take_profit=fields.above_zero("take_profit"),
        confidence=fields.share("confidence"),
        risk_reward_ratio=fields.above_zero("risk_reward_ratio"),
        strategy=fields.words("strategy", STRATEGY_CHARS_MAX),
        quantity=fields.above_zero("quantity"),
        order_type=fields.choice("order_type", OF_A_SIGNAL) or OrdType.MARKET,
        limit_price=fields.above_zero("limit_price"),
        time_in_force=fields.choice("time_in_force", TimeInForce) or TimeInForce.DAY,
        accounts=fields.accounts("accounts"),
        reason=fields.words("reason", REASON_CHARS_MAX),
        time_given=signal_time_ns is not None,
        metadata=fields.metadata("metadata"),
        algo=fields.algo("algo"),
        stop_price=fields.above_zero("stop_price"),
        expire_time_ns=fields.time_ns("expire_time"),
        trailing_stop=fields.trail("trailing_stop"),
        legs=legs,
        legging=fields.legging(),
    )
    if fields.is_sound("kind"):
        _refuse_what_means_nothing(fields, signal.kind)
        _require_what_the_kind_needs(fields, signal)
    return signal


def _refuse_what_means_nothing(fields: "_Fields", kind: SignalKind) -> None:
    """A field that would be ignored was meant to do something: better an error than a surprise."""
    for name in MEANINGLESS[kind]:
        if fields.given(name):
            hint = "; a stop_adjustment moves it" if kind is SignalKind.EXIT and name in LEVELS else ""
            fields.wrong(name, f"means nothing on {CALLED[kind]}, wanted no such field{hint}")


def _require_what_the_kind_needs(fields: "_Fields", signal: Signal) -> None:
    if signal.kind is SignalKind.ENTRY and fields.given("legs"):
        _require_what_legs_need(fields, signal)
        return
    if signal.kind is SignalKind.ENTRY:
        for name in LEGGING:
            if fields.given(name):
                fields.wrong(name, "means nothing without legs, wanted no such field")
        if not fields.given("side"):
            fields.wrong("side", "missing; an entry wants BUY or SELL")
        if not any(fields.given(name) for name in ("stop_loss", "trailing_stop", "quantity")):
            fields.wrong("stop_loss", "missing; an entry wants a stop_loss to be sized by, or a quantity")
    if signal.kind is SignalKind.EXIT and fields.is_sound("order_type") and signal.order_type is not OrdType.MARKET:
        fields.wrong("order_type", f"{signal.order_type} on an exit; an exit leaves at the market, wanted MARKET")
    moves = any(fields.given(name) for name in (*LEVELS, "trailing_stop"))
    if signal.kind is SignalKind.STOP_ADJUSTMENT and not moves:
        fields.wrong("stop_loss", "missing; a stop adjustment wants a stop_loss, a take_profit or both")
    if signal.kind is SignalKind.ENTRY:
        _require_what_the_order_needs(fields, signal)


def _require_what_legs_need(fields: "_Fields", signal: Signal) -> None:
    for name in BESIDE_LEGS:
        if fields.given(name):
            fields.wrong(name, "means nothing beside legs, wanted no such field: each leg says its own")
    for name in ("quantity", *LEGGING):
        if not fields.given(name):
            fields.wrong(name, "missing; a signal with legs wants one")
    if signal.quantity is not None and signal.quantity % ONE:
        fields.wrong(
            "quantity", f"{text(signal.quantity)} is not whole; with legs it counts units, wanted a whole number"
        )


def _require_what_the_order_needs(fields: "_Fields", signal: Signal) -> None:
    gtd = signal.time_in_force is TimeInForce.GTD
    if fields.is_sound("time_in_force") and fields.given("expire_time") is not gtd:
        wanted = "missing; a GTD order wants one" if gtd else "given; wanted with time_in_force GTD only"
        fields.wrong("expire_time", wanted)
    if not fields.is_sound("order_type"):
        return
    if fields.given("stop_price") is not (signal.order_type is OrdType.STOP_LIMIT):
        missing = not fields.given("stop_price")
        wanted = "missing; a STOP_LIMIT order wants one" if missing else "given; wanted with order_type STOP_LIMIT only"
        fields.wrong("stop_price", wanted)
    if signal.order_type is OrdType.MARKET:
        # Most likely the order_type was forgotten, and a market order is not what was meant.
        if fields.given("limit_price"):
            fields.wrong("limit_price", "given for a MARKET order; wanted order_type LIMIT or STOP, or no limit_price")
    elif not fields.given("limit_price"):
        fields.wrong("limit_price", f"missing; a {signal.order_type} order wants one")


# --- JSON -----------------------------------------------------------------------------------------------------------


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class _Object(dict[str, object]):
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


def _parse_object(line: str | bytes) -> "_Object | str":
    """Return the object on a line, or what is wrong with the line as a whole."""
    if len(line) > LINE_BYTES_MAX:
        return f"the line is longer than {LINE_BYTES_MAX} bytes"
    try:
        source = line.decode() if isinstance(line, bytes) else line
        body: object = json.loads(
            source.removeprefix("\ufeff"),  # some editors begin a file with this mark
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_Number,
            object_pairs_hook=_Object,
        )
    except UnicodeDecodeError as error:
        return f"the line is not UTF-8 text (byte {error.start + 1})"
    except json.JSONDecodeError as error:
        return f"the line is not JSON: {error.msg} (character {error.pos + 1})"
    except RecursionError:
        return "the line is nested too deeply to be read"
    if not isinstance(body, _Object):
        return f"the line is {_shown(body)}; wanted one JSON object"
    return body


def _canonical(value: object, depth: int = 0) -> str:
    """Write JSON so that equal content has equal text. Raises ValueError with a reason where it cannot."""
    if depth > METADATA_DEPTH_MAX:
        raise ValueError(f"nested more than {METADATA_DEPTH_MAX} deep")
    if isinstance(value, _Object):
        if value.repeated:
            raise ValueError(f"the key {_shown(value.repeated[0])} stands in it twice")
        return "{" + ",".join(f"{_quoted(key)}:{_canonical(value[key], depth + 1)}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, _Number):
        number = exact(value)
        if number is None:
            raise ValueError(f"{_shown(value)} is not a finite number of at most {CONTEXT.prec} digits")
        return str(number)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _as_number(value: object) -> object:
    """Take a number in quotes for the number, here and in lists, so that equal parameters are written equally."""
    if isinstance(value, list):
        return [_as_number(item) for item in value]
    return _Number(value) if isinstance(value, str) and is_number(value) else value


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


# --- fields ---------------------------------------------------------------------------------------------------------

_WANTED_TIME = (
    'wanted a time with its zone such as "2025-03-14T09:30:00Z", or seconds, milliseconds or nanoseconds since 1970'
)


class _Fields:
    """The fields of one signal. Each reader returns a value, or None and leaves a sentence in `errors`."""

    def __init__(self, body: _Object, names: tuple[str, ...] = FIELDS) -> None:
        self._names = names
        self._body: Mapping[str, object] = {key: value for key, value in body.items() if value is not None}
        self._unsound: set[str] = set()
        self.errors: list[str] = []
        for key in body.repeated:
            self.wrong(key, "written twice; wanted once")

    def given(self, name: str) -> bool:
        return name in self._body

    def is_sound(self, name: str) -> bool:
        return name not in self._unsound

    def wrong(self, name: str, sentence: str) -> None:
        self._unsound.add(name)
        self.errors.append(f"{name if name in self._names else _shown(name)}: {sentence}")

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
        if not _is_text(value) or not pattern.fullmatch(value):
            self.wrong(name, f"{_shown(value)} is not a valid name; wanted {wanted}")
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
            if _is_text(value) and value.upper() == member.upper():
                return member
        self.wrong(name, f"{_shown(value)} is not known; {wanted}")
        return None

    def words(self, name: str, chars_max: int) -> str:
        value = self._body.get(name, "")
        if not _is_text(value) or len(value) > chars_max or not value.isprintable():
            self.wrong(name, f"{_shown(value)} is refused; wanted printable text of at most {chars_max} characters")
            return ""
        return value

    def number(self, name: str) -> Decimal | None:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not is_number(value):
            self.wrong(name, f'{_shown(value)} is not a number; wanted a decimal number such as "1.0850"')
            return None
        number = exact(value)
        if number is None or not is_short(number):
            digits = f"at most {WHOLE_DIGITS_MAX} digits before and {FRACTION_DIGITS_MAX} after the point"
            self.wrong(name, f"{_shown(value)} has too many digits; wanted {digits}")
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
            self.wrong(name, f"{_shown(value)} is not a time; {_WANTED_TIME}")
        return time_ns

    def accounts(self, name: str) -> tuple[AccountId, ...]:
        """Read a list of ids. Its order means nothing, so equal lists are made equal; an empty one is an accident."""
        value = self._body.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not 1 <= len(value) <= ACCOUNTS_MAX:
            found = f"a list of {len(value)}" if isinstance(value, list) else _shown(value)
            self.wrong(name, f"{found} is refused; wanted a list of 1 to {ACCOUNTS_MAX} account ids, or no such field")
            return ()
        ids: set[str] = set()
        for item in value:
            if not _is_text(item) or not ID.fullmatch(item):
                self.wrong(name, f"{_shown(item)} is not a valid account id; wanted {ID_WANTED}")
            elif item in ids:
                self.wrong(name, f"{_shown(item)} is listed twice; wanted once")
            else:
                ids.add(item)
        return tuple(AccountId(item) for item in sorted(ids))

    def algo(self, name: str) -> Algo | None:
        """Read the name of an algorithm and its parameters. What they mean is for the algorithm to say."""
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, _Object):
            wanted = 'wanted an object such as {"name": "twap", "horizon_s": 600}'
            self.wrong(name, f"{_shown(value)} is refused; {wanted}")
            return None
        called = value.get("name")
        if not _is_text(called) or not ALGO.fullmatch(called):
            self.wrong(name, f"name {_shown(called)} is no algorithm's; wanted lower case letters and _")
            return None
        params = _Object([(key, _as_number(item)) for key, item in value.items() if key != "name" and item is not None])
        params.repeated = value.repeated
        try:
            written = _canonical(params)
            size = len(written.encode())
        except UnicodeEncodeError:
            self.wrong(name, "holds half of a surrogate pair; wanted whole characters")
            return None
        except ValueError as error:
            self.wrong(name, str(error))
            return None
        if size > ALGO_BYTES_MAX:
            self.wrong(name, f"{size} bytes of parameters; wanted at most {ALGO_BYTES_MAX}")
            return None
        return Algo(called, written)

    def trail(self, name: str) -> Trail | None:
        """Read how a stop follows the market, an object of its own fields."""
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, _Object):
            self.wrong(name, f'{_shown(value)} is refused; wanted an object such as {{"amount": "0.0020"}}')
            return None
        inner = _Fields(value, TRAIL_FIELDS)
        inner.refuse_unknown()
        trail = Trail(
            inner.above_zero("amount"),
            inner.above_zero("pct"),
            inner.above_zero("activation_price"),
            inner.choice("source", TriggerSource),
        )
        if inner.given("amount") is inner.given("pct"):
            inner.wrong("amount", "wanted an amount or a pct, and not both")
        elif trail.pct is not None and trail.pct >= HUNDRED:
            inner.wrong("pct", f"{text(trail.pct)} is not below 100")
        if trail.source is TriggerSource.LAST:
            inner.wrong("source", "last is not known: quotes carry no trades; wanted bid, ask or mid")
        for error in inner.errors:
            self.wrong(name, error)
        return trail

    def legs(self, name: str) -> tuple[Leg, ...]:
        """Read the legs of a spread, a list of objects of their own fields."""
        value = self._body.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not LEGS_MIN <= len(value) <= LEGS_MAX:
            found = f"a list of {len(value)}" if isinstance(value, list) else _shown(value)
            self.wrong(name, f"{found} is refused; wanted a list of {LEGS_MIN} to {LEGS_MAX} legs")
            return ()
        legs = tuple(leg for number, item in enumerate(value, 1) if (leg := self._leg(name, number, item)) is not None)
        symbols = [leg.symbol for leg in legs]
        for symbol in dict.fromkeys(symbols):
            if symbols.count(symbol) > 1:
                self.wrong(name, f"{_shown(symbol)} stands in {symbols.count(symbol)} legs; wanted each symbol once")
        return legs

    def _leg(self, name: str, number: int, item: object) -> Leg | None:
        if not isinstance(item, _Object):
            wanted = 'wanted an object such as {"symbol": "EURUSD", "side": "BUY", "ratio": "0.01"}'
            self.wrong(name, f"leg {number}: {_shown(item)} is refused; {wanted}")
            return None
        inner = _Fields(item, LEG_FIELDS)
        inner.refuse_unknown()
        symbol, side = inner.symbol("symbol"), inner.choice("side", Side, required=True)
        ratio = inner.above_zero("ratio")
        if not inner.given("ratio"):
            inner.wrong("ratio", "missing; wanted the lots of this leg in one unit")
        prices = [inner.above_zero(field) for field in ("limit_price", *LEVELS)]
        for error in inner.errors:
            self.wrong(name, f"leg {number}: {error}")
        if inner.errors or symbol is None or side is None or ratio is None:
            return None
        return Leg(Symbol(symbol.upper()), side, ratio, *prices)

    def legging(self) -> LeggingLimit | None:
        """Read the legging limit, or nothing unless all of it is given."""
        value, seconds = self.above_zero("max_unhedged_value"), self.whole("max_unhedged_s", 1, UNHEDGED_S_MAX)
        rule = self.choice("on_legging_limit", LeggingRule)
        return None if value is None or seconds is None or rule is None else LeggingLimit(value, seconds, rule)

    def metadata(self, name: str) -> str:
        value = self._body.get(name)
        if value is None:
            return ""
        try:
            written = _canonical(value)
            size = len(written.encode())
        except UnicodeEncodeError:
            self.wrong(name, "holds half of a surrogate pair; wanted whole characters")
            return ""
        except ValueError as error:
            self.wrong(name, str(error))
            return ""
        if size > METADATA_BYTES_MAX:
            self.wrong(name, f"{size} bytes long; wanted at most {METADATA_BYTES_MAX}")
        return written


def _is_text(value: object) -> TypeGuard[str]:
    """Tell text from a number, which is kept as the text it was written in."""
    return isinstance(value, str) and not isinstance(value, _Number)


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


def _shown(value: object) -> str:
    """Write a value that was found, short and in plain ASCII: it goes to terminals and into the journal."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if not isinstance(value, str):
        return json.dumps(value)
    short = value if len(value) <= _SHOWN_CHARS_MAX else value[:_SHOWN_CHARS_MAX] + "..."
    return short if isinstance(value, _Number) else json.dumps(short)


def _capped(errors: list[str]) -> tuple[str, ...]:
    more = len(errors) - ERRORS_MAX
    return (*errors[:ERRORS_MAX], f"and {more} more") if more > 0 else tuple(errors)
