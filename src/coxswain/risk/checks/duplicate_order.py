"""Refuse an order that was entered a moment ago: same account, instrument, side, quantity and price."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 21
KIND = Kind.SOFT
EXCUSES_REDUCING = True
CODES = {
    "DUPLICATE_ORDER": "If it is meant, wait a moment, or have a second person let it pass once.",
}

NS_PER_MS = Decimal(1_000_000)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    duplicate_window_ms: Decimal = Decimal(1000)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    window_ms = params.duplicate_window_ms
    if not window_ms or view.entered_alike_ns is None:
        return None
    age_ms = Decimal(view.now_ns - view.entered_alike_ns) / NS_PER_MS
    return Check("DUPLICATE_ORDER", age_ms, window_ms, age_ms >= window_ms)
