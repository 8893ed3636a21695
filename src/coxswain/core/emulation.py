"""What an order becomes at its account's venue: as it is, as something that the venue knows, or nothing.

A venue declares what it does itself (`model/setup.py`). What it does not do is done here by smaller means, before the
gate sees the order, so that what was approved is what leaves. What no means are left for is refused, and never sent.
"""

from decimal import Decimal

import msgspec

from coxswain.core.state import Account, State
from coxswain.model.checks import Check
from coxswain.model.market import touch
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.setup import Capabilities
from coxswain.model.signal import Signal
from coxswain.model.trail import behind
from coxswain.model.vocabulary import (
    GTD,
    OPPOSITE,
    TRAILING_STOP,
    OrdType,
    Side,
    Symbol,
    TimeInForce,
    TriggerSource,
)

LASTING = (TimeInForce.GTC, GTD, TimeInForce.DAY)
"""For an order that should stay until it is called back, best first."""
AT_ONCE = (TimeInForce.IOC, TimeInForce.DAY, TimeInForce.GTC)
"""For an order that should not stay, best first."""


def as_sent(state: State, account: Account, intent: OrderIntent) -> OrderIntent:
    """Turn an order into one that its venue knows, where there is a way."""
    can = account.capabilities
    if intent.time_in_force is GTD and not can.native_gtd:
        intent = msgspec.structs.replace(intent, time_in_force=lasting(can))
    if intent.ord_type is TRAILING_STOP:
        intent = _with_trigger(state, intent)
        if not can.native_trailing:
            intent = msgspec.structs.replace(intent, ord_type=OrdType.STOP)
    return intent


def lasting(can: Capabilities) -> TimeInForce:
    """Return how an order is sent that should stay until it is called back; the engine ends it in time."""
    return next((tif for tif in LASTING if tif is not GTD and tif in can.times_in_force), TimeInForce.DAY)


def at_once(can: Capabilities) -> TimeInForce:
    """Return how an order is sent that should trade now or not at all."""
    return next((tif for tif in AT_ONCE if tif in can.times_in_force), TimeInForce.DAY)


def holds_stop(can: Capabilities) -> bool:
    """Say whether the engine has to hold stops itself, because the venue takes none."""
    return OrdType.STOP not in can.ord_types


def holds_target(can: Capabilities) -> bool:
    """Say whether the engine has to hold targets itself: without OCO a stop and a target could both fill."""
    return not can.native_oco or holds_stop(can)


def unsupported(can: Capabilities, signal: Signal) -> list[Check]:
    """Say what of a signal's order has no way to this venue; empty where there is one."""
    failed = []
    if signal.order_type not in can.ord_types:
        wanted = " ".join(can.ord_types)
        failed.append(Check("ORDER_TYPE_UNSUPPORTED", None, None, False, signal.order_type, wanted))
    tif = signal.time_in_force
    if tif is GTD and not can.native_gtd:
        tif = lasting(can)
    if tif not in can.times_in_force:
        failed.append(Check("ORDER_TYPE_UNSUPPORTED", None, None, False, tif, " ".join(can.times_in_force)))
    return failed


def unfollowable(state: State, signal: Signal) -> list[Check]:
    """Say that a stop would follow trades where no trade was ever told of; empty where there is none such."""
    trail = signal.trailing_stop
    if trail is None or trail.source is not TriggerSource.LAST or signal.symbol in state.last_px:
        return []
    return [Check("NO_LAST_PRICE", None, None, False, "no trade known", "a feed that tells of trades")]


def stop_to_begin(state: State, trail: Trail, symbol: Symbol, side: Side, px: Decimal | None) -> Decimal | None:
    """Return where the trailing stop of a position of `side` begins, opened at `px`; None without a price."""
    return None if px is None else behind(trail, OPPOSITE[side], px, state.instruments[symbol].tick)


def _with_trigger(state: State, intent: OrderIntent) -> OrderIntent:
    """Begin a trailing stop behind the market as it is, unless it says where."""
    quote, instrument = state.quotes.get(intent.symbol), state.instruments.get(intent.symbol)
    if intent.stop_px is not None or intent.trail is None or quote is None or instrument is None:
        return intent
    px = touch(quote, intent.side)
    if intent.trail.source is TriggerSource.LAST:
        px = state.last_px.get(intent.symbol, px)
    stop_px = behind(intent.trail, intent.side, px, instrument.tick)
    return msgspec.structs.replace(intent, stop_px=stop_px)
