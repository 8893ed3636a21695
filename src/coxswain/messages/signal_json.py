"""Read one signal from a line of JSON: a `Signal`, or a sentence for every field that is wrong.

This file decides whether a signal can be understood, never whether it is wise: the side of the stop, the session and
the accounts are for the gate. Numbers stay exact, as text or Decimal; a float must never appear here. Whatever the
bytes, `parse_signal` returns an answer and raises nothing.
"""

import msgspec

from coxswain.messages.json_fields import Fields, capped, parse_object
from coxswain.messages.signal_parts import (
    LEVELS,
    OF_A_SIGNAL,
    read_accounts,
    read_algo,
    read_contingent,
    read_legging,
    read_legs,
    read_metadata,
    read_spread_level,
    read_trail,
    require_prices,
)
from coxswain.model.decimals import ONE, text
from coxswain.model.signal import TTL_S_MAX, Signal
from coxswain.model.vocabulary import OrdType, Side, SignalId, SignalKind, Symbol, TimeInForce

STRATEGY_CHARS_MAX = 64
REASON_CHARS_MAX = 500

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
    "spread_stop",
    "spread_target",
    "spread",
    "oco",
    "then",
    "reason",
    "metadata",
)

RESTING = ("limit_price", "stop_price", "time_in_force", "expire_time")
SECOND = ("oco", "then")
SPREAD_LEVELS = ("spread_stop", "spread_target")
LEGGING = ("max_unhedged_value", "max_unhedged_s", "on_legging_limit")
MEANINGLESS: dict[SignalKind, tuple[str, ...]] = {
    SignalKind.ENTRY: ("spread",),
    SignalKind.EXIT: (
        *("entry_price", *LEVELS, "trailing_stop", "confidence", *RESTING, "legs", *LEGGING, *SPREAD_LEVELS),
        *SECOND,
    ),
    SignalKind.STOP_ADJUSTMENT: (
        *("entry_price", "confidence", "quantity", "order_type", "algo", *RESTING, "legs", *LEGGING),
        *SECOND,
    ),
}
"""The empty cells of docs/SIGNALS.md."""
BESIDE_LEGS = ("symbol", "side", "entry_price", *LEVELS, "trailing_stop", "order_type", *RESTING, "algo", *SECOND)
"""What each leg says for itself, or a spread does not have."""
BESIDE_SPREAD = ("symbol", "side", "algo")
"""What an exit that names a spread does not say: all legs of it are closed."""
CALLED = {SignalKind.ENTRY: "an entry", SignalKind.EXIT: "an exit", SignalKind.STOP_ADJUSTMENT: "a stop adjustment"}


class BadSignal(msgspec.Struct, frozen=True):
    """A signal that could not be read, and why, field by field."""

    signal_id: SignalId | None
    errors: tuple[str, ...]


def parse_signal(line: str | bytes, now_ns: int, default_ttl_s: int = 300) -> Signal | BadSignal:
    """Read one line. A field that is null counts as left out; a signal without a time is one of `now_ns`."""
    body = parse_object(line)
    if isinstance(body, str):
        return BadSignal(None, (body,))
    fields = Fields(body, FIELDS)
    signal = _read_signal(fields, now_ns, default_ttl_s)
    if fields.errors:
        return BadSignal(signal.id if fields.is_sound("id") else None, capped(fields.errors))
    return signal


def _read_signal(fields: Fields, now_ns: int, default_ttl_s: int) -> Signal:
    """Read every field, wrong ones as their defaults: the errors beside them say that the result is void."""
    fields.refuse_unknown()
    signal_time_ns = fields.time_ns("signal_time")
    legs = read_legs(fields, "legs")
    symbol = legs[0].symbol if legs else Symbol("")
    if not fields.given("legs") and not fields.given("spread"):
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
        accounts=read_accounts(fields, "accounts"),
        reason=fields.words("reason", REASON_CHARS_MAX),
        time_given=signal_time_ns is not None,
        metadata=read_metadata(fields, "metadata"),
        algo=read_algo(fields, "algo"),
        stop_price=fields.above_zero("stop_price"),
        expire_time_ns=fields.time_ns("expire_time"),
        trailing_stop=read_trail(fields, "trailing_stop"),
        legs=legs,
        legging=read_legging(fields),
        spread=SignalId(fields.id("spread") or "") if fields.given("spread") else None,
        oco=read_contingent(fields, "oco"),
        then=read_contingent(fields, "then"),
        spread_stop=read_spread_level(fields, "spread_stop"),
        spread_target=read_spread_level(fields, "spread_target"),
    )
    if fields.is_sound("kind"):
        _refuse_what_means_nothing(fields, signal.kind)
        _require_what_the_kind_needs(fields, signal)
    return signal


def _refuse_what_means_nothing(fields: Fields, kind: SignalKind) -> None:
    """A field that would be ignored was meant to do something: better an error than a surprise."""
    for name in MEANINGLESS[kind]:
        if fields.given(name):
            hint = "; a stop_adjustment moves it" if kind is SignalKind.EXIT and name in LEVELS else ""
            fields.wrong(name, f"means nothing on {CALLED[kind]}, wanted no such field{hint}")


def _require_what_the_kind_needs(fields: Fields, signal: Signal) -> None:
    if signal.kind is SignalKind.ENTRY and fields.given("legs"):
        _require_what_legs_need(fields, signal)
        return
    if signal.kind is SignalKind.ENTRY:
        for name in (*LEGGING, *SPREAD_LEVELS):
            if fields.given(name):
                fields.wrong(name, "means nothing without legs, wanted no such field")
        if not fields.given("side"):
            fields.wrong("side", "missing; an entry wants BUY or SELL")
        if not any(fields.given(name) for name in ("stop_loss", "trailing_stop", "quantity")):
            fields.wrong("stop_loss", "missing; an entry wants a stop_loss to be sized by, or a quantity")
    if signal.kind is SignalKind.EXIT and fields.is_sound("order_type") and signal.order_type is not OrdType.MARKET:
        fields.wrong("order_type", f"{signal.order_type} on an exit; an exit leaves at the market, wanted MARKET")
    if signal.kind is SignalKind.EXIT and signal.spread is not None:
        _require_what_leaving_a_spread_needs(fields, signal)
    if signal.kind is SignalKind.STOP_ADJUSTMENT:
        _require_what_moving_levels_needs(fields)
    if signal.kind is SignalKind.ENTRY:
        _require_what_the_order_needs(fields, signal)
        _require_what_a_second_order_needs(fields, signal)


def _require_what_legs_need(fields: Fields, signal: Signal) -> None:
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


def _require_what_leaving_a_spread_needs(fields: Fields, signal: Signal) -> None:
    for name in BESIDE_SPREAD:
        if fields.given(name):
            fields.wrong(name, "means nothing beside spread, wanted no such field: all legs of it are closed")
    if signal.quantity is not None and signal.quantity % ONE:
        found = text(signal.quantity)
        fields.wrong("quantity", f"{found} is not whole; with a spread it counts units, wanted a whole number")


def _require_what_moving_levels_needs(fields: Fields) -> None:
    moves = any(fields.given(name) for name in (*LEVELS, "trailing_stop"))
    moves_spread = any(fields.given(name) for name in SPREAD_LEVELS)
    if not fields.given("spread"):
        if not moves:
            fields.wrong("stop_loss", "missing; a stop adjustment wants a stop_loss, a take_profit or both")
        for name in SPREAD_LEVELS:
            if fields.given(name):
                fields.wrong(name, "means nothing without spread, wanted the id of the spread whose level it moves")
        return
    for name in ("symbol", "side", *LEVELS, "trailing_stop"):
        if fields.given(name):
            fields.wrong(name, "means nothing beside spread, wanted no such field: the spread is moved as a whole")
    if not moves_spread:
        fields.wrong("spread_stop", "missing; with a spread a stop adjustment wants one, a spread_target or both")


def _require_what_the_order_needs(fields: Fields, signal: Signal) -> None:
    gtd = signal.time_in_force is TimeInForce.GTD
    if fields.is_sound("time_in_force") and fields.given("expire_time") is not gtd:
        wanted = "missing; a GTD order wants one" if gtd else "given; wanted with time_in_force GTD only"
        fields.wrong("expire_time", wanted)
    require_prices(fields, signal.order_type)


def _require_what_a_second_order_needs(fields: Fields, signal: Signal) -> None:
    given = [name for name in SECOND if fields.given(name)]
    if len(given) > 1:
        fields.wrong("then", "given beside oco; wanted one of the two")
    for name in given:
        second = signal.oco if name == "oco" else signal.then
        if fields.given("algo"):
            fields.wrong(name, "means nothing beside algo, wanted no such field")
        if second is None:
            continue
        if name == "oco" and OrdType.MARKET in (signal.order_type, second.order_type):
            fields.wrong(name, "of two orders neither may be at MARKET; wanted two that wait for a price")
        if second.stop_loss is None and second.trailing_stop is None and signal.quantity is None:
            fields.wrong(name, "stop_loss: missing; an entry wants one to be sized by, or a quantity")
