"""Stop an account whose own entries chase a price: the latest too far from the others of the last minute.

It is the drift of our own orders, not of the market, that it measures. What reduces is not an entry and has no part."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import limit_of, plain
from coxswain.model.market import touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 8
KIND = Kind.AUTO
CAUSE = "PRICE_DRIFT"
EXCUSES_REDUCING = False
CODES = {
    "PRICE_DRIFT": "See why the strategy chases the price, and resume the account.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_price_drift_pct: Decimal = Decimal(5)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    price = order.price or order.stop_px or order.decision_px or (touch(view.quote, order.side) if view.quote else None)
    low, high = view.price_low, view.price_high
    if view.reducing or low is None or high is None or price is None:
        return None  # nothing to drift from
    up, down, allowed = price - low, high - price, limit_of(params.max_price_drift_pct, low)
    drift = max(up, down)
    return Check("PRICE_DRIFT", plain(drift), allowed, drift <= allowed)
