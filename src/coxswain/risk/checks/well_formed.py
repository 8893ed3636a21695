"""Refuse an order that no venue could carry out: steps, minimum, signs, and the prices its type needs."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import HUNDRED, ZERO
from coxswain.model.market import Instrument
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import GTD, LIMIT, MARKET, TRAILING_STOP, OrdType, TriggerSource
from coxswain.risk.kinds import Kind

CONTROL = 1
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "ORDER_MALFORMED": "Send a quantity and prices on the instrument's steps, and those that the order type needs.",
}

PRICED = {
    MARKET: (False, False),
    LIMIT: (True, False),
    OrdType.STOP: (False, True),
    OrdType.STOP_LIMIT: (True, True),
    TRAILING_STOP: (False, True),
}
"""Whether an order of each type has a price, and whether it has a `stop_px`."""
PRICES = ("price", "stop_px", "stop_loss", "take_profit")
NO_PRICES = (None, None, None, None)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    faults = [] if view.instrument is None else _faults(order, view, view.instrument)  # control 2 says so
    if faults:
        return failing([Check("ORDER_MALFORMED", order.order_qty, None, False, fault) for fault in faults])
    return Check("ORDER_MALFORMED", order.order_qty, None, True)


def _faults(order: OrderIntent, view: RiskView, instrument: Instrument) -> list[str]:
    """Name every field that is wrong, with what was found and what is wanted."""
    faults: list[str] = []
    if fault := _fault_of_qty(order.order_qty, view, instrument):
        faults.append(fault)
    has_price, has_stop_px = PRICED[order.ord_type]
    if (order.price is None) is has_price:
        faults.append(f"price {order.price}, wanted one on a limit order and on no other")
    if (order.stop_px is None) is has_stop_px:
        faults.append(f"stop_px {order.stop_px}, wanted one on a stop order and on no other")
    if order.trail is None and order.ord_type is TRAILING_STOP:
        faults.append("trail none, wanted an amount or a per cent on a trailing stop")
    if order.expire_time_ns is None and order.time_in_force is GTD:
        faults.append("expire_time none, wanted one on an order that is good till a date")
    if order.trail is not None and (fault := _fault_of_trail(order.trail, view)):
        faults.append(fault)
    if order.trailing_stop is not None and (fault := _fault_of_trail(order.trailing_stop, view)):
        faults.append(fault)
    # Levels too: an entry whose stop the venue cannot take would be left without one.
    prices = (order.price, order.stop_px, order.stop_loss, order.take_profit)
    if prices != NO_PRICES:
        for name, price in zip(PRICES, prices, strict=True):
            if price is not None and (not price.is_finite() or price <= ZERO or price % instrument.tick):
                faults.append(f"{name} {price}, wanted a positive multiple of {instrument.tick}")
    return faults


def _fault_of_qty(qty: Decimal, view: RiskView, instrument: Instrument) -> str:
    if not qty.is_finite() or qty <= ZERO:
        return f"order_qty {qty}, wanted more than 0"
    if qty % instrument.lot_step:
        return f"order_qty {qty}, wanted a multiple of {instrument.lot_step}"
    if qty < instrument.min_qty and not view.reducing:
        return f"order_qty {qty}, wanted at least {instrument.min_qty}"
    if instrument.max_qty is not None and qty > instrument.max_qty and not view.reducing:
        return f"order_qty {qty}, wanted at most {instrument.max_qty}"
    return ""


def _fault_of_trail(trail: Trail, view: RiskView) -> str:
    if (trail.amount is None) is (trail.pct is None):
        return "trail wanted by an amount or by per cent, and not by both"
    if trail.amount is not None and not (trail.amount.is_finite() and trail.amount > ZERO):
        return f"trail by {trail.amount}, wanted more than 0"
    if trail.pct is not None and not (trail.pct.is_finite() and ZERO < trail.pct < HUNDRED):
        return f"trail by {trail.pct} per cent, wanted more than 0 and less than 100"
    if trail.activation_px is not None and not (trail.activation_px.is_finite() and trail.activation_px > ZERO):
        return f"activation price {trail.activation_px}, wanted more than 0"
    # What protects leaves all the same: its stop works where it stands until a trade moves it.
    blind = trail.source is TriggerSource.LAST and view.last_px is None and not view.reducing
    return "trail by the last trade, wanted bid, ask or mid: no trade is known" if blind else ""
