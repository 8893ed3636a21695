"""Read the parts of a signal that are more than one value: accounts, legs, a second order, a trail, metadata.

Each reader returns what it read, or nothing and leaves its sentences with the fields. What the parts mean together
is for `signal_json`; whether they are wise is for the gate.
"""

import re

from coxswain.messages.json_fields import ID, ID_WANTED, Fields, Number, Object, canonical, is_text, shown
from coxswain.model.algo import Algo
from coxswain.model.contingent import Contingent
from coxswain.model.decimals import HUNDRED, is_number, text
from coxswain.model.orders import Trail
from coxswain.model.spread import LEGS_MAX, LEGS_MIN, UNHEDGED_S_MAX, Leg, LeggingLimit, SpreadLevel
from coxswain.model.vocabulary import AccountId, LeggingRule, OrdType, Side, Symbol, TriggerSource

METADATA_BYTES_MAX = 16_384
ALGO_BYTES_MAX = 8_192
ACCOUNTS_MAX = 1_000

ALGO = re.compile(r"[a-z_]{1,64}")

LEVELS = ("stop_loss", "take_profit")
TRAIL_FIELDS = ("amount", "pct", "activation_price", "source")
CONTINGENT_FIELDS = ("side", "order_type", "limit_price", "stop_price", *LEVELS, "trailing_stop")
OF_A_SIGNAL = tuple(kind for kind in OrdType if kind is not OrdType.TRAILING_STOP)
"""A trailing stop protects what a signal opens; it opens nothing."""
LEVEL_FIELDS = ("net_price", "money")
LEG_FIELDS = ("symbol", "side", "ratio", "limit_price", "stop_loss", "take_profit")


def read_accounts(fields: Fields, name: str) -> tuple[AccountId, ...]:
    """Read a list of ids. Its order means nothing, so equal lists are made equal; an empty one is an accident."""
    value = fields.value(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= ACCOUNTS_MAX:
        found = f"a list of {len(value)}" if isinstance(value, list) else shown(value)
        fields.wrong(name, f"{found} is refused; wanted a list of 1 to {ACCOUNTS_MAX} account ids, or no such field")
        return ()
    ids: set[str] = set()
    for item in value:
        if not is_text(item) or not ID.fullmatch(item):
            fields.wrong(name, f"{shown(item)} is not a valid account id; wanted {ID_WANTED}")
        elif item in ids:
            fields.wrong(name, f"{shown(item)} is listed twice; wanted once")
        else:
            ids.add(item)
    return tuple(AccountId(item) for item in sorted(ids))


def read_trail(fields: Fields, name: str) -> Trail | None:
    """Read how a stop follows the market, an object of its own fields."""
    inner = _read_object(fields, name, TRAIL_FIELDS, '{"amount": "0.0020"}')
    if inner is None:
        return None
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
    for error in inner.errors:
        fields.wrong(name, error)
    return trail


def read_legs(fields: Fields, name: str) -> tuple[Leg, ...]:
    """Read the legs of a spread, a list of objects of their own fields."""
    value = fields.value(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not LEGS_MIN <= len(value) <= LEGS_MAX:
        found = f"a list of {len(value)}" if isinstance(value, list) else shown(value)
        fields.wrong(name, f"{found} is refused; wanted a list of {LEGS_MIN} to {LEGS_MAX} legs")
        return ()
    legs = tuple(leg for number, item in enumerate(value, 1) if (leg := _leg(fields, name, number, item)) is not None)
    symbols = [leg.symbol for leg in legs]
    for symbol in dict.fromkeys(symbols):
        if symbols.count(symbol) > 1:
            fields.wrong(name, f"{shown(symbol)} stands in {symbols.count(symbol)} legs; wanted each symbol once")
    return legs


def _leg(fields: Fields, name: str, number: int, item: object) -> Leg | None:
    if not isinstance(item, Object):
        wanted = 'wanted an object such as {"symbol": "EURUSD", "side": "BUY", "ratio": "0.01"}'
        fields.wrong(name, f"leg {number}: {shown(item)} is refused; {wanted}")
        return None
    inner = Fields(item, LEG_FIELDS)
    inner.refuse_unknown()
    symbol, side = inner.symbol("symbol"), inner.choice("side", Side, required=True)
    ratio = inner.above_zero("ratio")
    if not inner.given("ratio"):
        inner.wrong("ratio", "missing; wanted the lots of this leg in one unit")
    prices = [inner.above_zero(field) for field in ("limit_price", *LEVELS)]
    for error in inner.errors:
        fields.wrong(name, f"leg {number}: {error}")
    if inner.errors or symbol is None or side is None or ratio is None:
        return None
    return Leg(Symbol(symbol.upper()), side, ratio, *prices)


def read_contingent(fields: Fields, name: str) -> Contingent | None:
    """Read the second order of a signal, an object of its own fields."""
    inner = _read_object(
        fields, name, CONTINGENT_FIELDS, '{"side": "SELL", "order_type": "STOP", "limit_price": "1.0800"}'
    )
    if inner is None:
        return None
    side = inner.choice("side", Side, required=True)
    order_type = inner.choice("order_type", OF_A_SIGNAL) or OrdType.MARKET
    limit_price, stop_price = inner.above_zero("limit_price"), inner.above_zero("stop_price")
    stop_loss, take_profit = inner.above_zero("stop_loss"), inner.above_zero("take_profit")
    trail = read_trail(inner, "trailing_stop")
    require_prices(inner, order_type)
    for error in inner.errors:
        fields.wrong(name, error)
    if inner.errors or side is None:
        return None
    return Contingent(side, order_type, limit_price, stop_price, stop_loss, take_profit, trail)


def require_prices(fields: Fields, order_type: OrdType) -> None:
    """Require the prices that an order of this type has, and no other."""
    if not fields.is_sound("order_type"):
        return
    if fields.given("stop_price") is not (order_type is OrdType.STOP_LIMIT):
        missing = not fields.given("stop_price")
        wanted = "missing; a STOP_LIMIT order wants one" if missing else "given; wanted with order_type STOP_LIMIT only"
        fields.wrong("stop_price", wanted)
    if order_type is OrdType.MARKET:
        # Most likely the order_type was forgotten, and a market order is not what was meant.
        if fields.given("limit_price"):
            fields.wrong("limit_price", "given for a MARKET order; wanted order_type LIMIT or STOP, or no limit_price")
    elif not fields.given("limit_price"):
        fields.wrong("limit_price", f"missing; a {order_type} order wants one")


def read_legging(fields: Fields) -> LeggingLimit | None:
    """Read the legging limit, or nothing unless all of it is given."""
    value, seconds = fields.above_zero("max_unhedged_value"), fields.whole("max_unhedged_s", 1, UNHEDGED_S_MAX)
    rule = fields.choice("on_legging_limit", LeggingRule)
    return None if value is None or seconds is None or rule is None else LeggingLimit(value, seconds, rule)


def read_algo(fields: Fields, name: str) -> Algo | None:
    """Read the name of an algorithm and its parameters. What they mean is for the algorithm to say."""
    value = fields.value(name)
    if value is None:
        return None
    if not isinstance(value, Object):
        wanted = 'wanted an object such as {"name": "twap", "horizon_s": 600}'
        fields.wrong(name, f"{shown(value)} is refused; {wanted}")
        return None
    called = value.get("name")
    if not is_text(called) or not ALGO.fullmatch(called):
        fields.wrong(name, f"name {shown(called)} is no algorithm's; wanted lower case letters and _")
        return None
    params = Object([(key, _as_number(item)) for key, item in value.items() if key != "name" and item is not None])
    params.repeated = value.repeated
    written = _written(fields, name, params)
    if written is None:
        return None
    size = len(written.encode())
    if size > ALGO_BYTES_MAX:
        fields.wrong(name, f"{size} bytes of parameters; wanted at most {ALGO_BYTES_MAX}")
        return None
    return Algo(called, written)


def read_spread_level(fields: Fields, name: str) -> SpreadLevel | None:
    """Read where a spread as a whole is left, an object of one field."""
    inner = _read_object(fields, name, LEVEL_FIELDS, '{"net_price": "-0.50"} or {"money": "250"}')
    if inner is None:
        return None
    level = SpreadLevel(inner.number("net_price"), inner.above_zero("money"))
    if inner.given("net_price") is inner.given("money"):
        inner.wrong("net_price", "wanted a net_price or money, and not both")
    for error in inner.errors:
        fields.wrong(name, error)
    return level


def read_metadata(fields: Fields, name: str) -> str:
    value = fields.value(name)
    if value is None:
        return ""
    written = _written(fields, name, value)
    if written is None:
        return ""
    size = len(written.encode())
    if size > METADATA_BYTES_MAX:
        fields.wrong(name, f"{size} bytes long; wanted at most {METADATA_BYTES_MAX}")
    return written


def _written(fields: Fields, name: str, value: object) -> str | None:
    """Write a value so that equal content has equal text; None where it cannot be written."""
    try:
        written = canonical(value)
        written.encode()
    except UnicodeEncodeError:
        fields.wrong(name, "holds half of a surrogate pair; wanted whole characters")
    except ValueError as error:
        fields.wrong(name, str(error))
    else:
        return written
    return None


def _as_number(value: object) -> object:
    """Take a number in quotes for the number, here and in lists, so that equal parameters are written equally."""
    if isinstance(value, list):
        return [_as_number(item) for item in value]
    return Number(value) if isinstance(value, str) and is_number(value) else value


def _read_object(fields: Fields, name: str, known: tuple[str, ...], such_as: str) -> Fields | None:
    """Return the fields of an object that stands in a field; None where there is none, or something else."""
    value = fields.value(name)
    if value is None:
        return None
    if not isinstance(value, Object):
        fields.wrong(name, f"{shown(value)} is refused; wanted an object such as {such_as}")
        return None
    inner = Fields(value, known)
    inner.refuse_unknown()
    return inner
