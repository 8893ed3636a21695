"""Stop an account that cancels far more than it trades. What reduces has no part in it."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 19
KIND = Kind.AUTO
CAUSE = "CANCEL_TO_TRADE"
EXCUSES_REDUCING = False
CODES = {
    "CANCEL_TO_TRADE": "See what places and cancels so much, and resume the account.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_cancels_per_trade: Decimal = Decimal(50)
    cancels_free: Decimal = Decimal(100)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.reducing:
        return None
    allowed = params.cancels_free
    if view.cancels > allowed:  # else what the trades allow changes nothing
        allowed = max(allowed, params.max_cancels_per_trade * max(view.trades, 1))
    return Check("CANCEL_TO_TRADE", view.cancels, allowed, view.cancels <= allowed)
