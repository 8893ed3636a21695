"""Refuse to enter when the account has sent as many orders as it may in its day, or in a minute.

Every order counts, also what reduces, which is never refused for it."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 17
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "ORDERS_PER_DAY": "Wait for the account's next trading day, or have the limit changed.",
    "ORDERS_PER_MINUTE": "Wait a minute, and see why there are so many.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_orders_per_day: Decimal = Decimal(1000)
    max_orders_per_minute: Decimal = Decimal(300)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    after = view.orders_today + 1
    today = Check("ORDERS_PER_DAY", after, params.max_orders_per_day, after <= params.max_orders_per_day)
    if view.orders_this_minute < params.max_orders_per_minute:
        return today
    in_minute = Check("ORDERS_PER_MINUTE", view.orders_this_minute + 1, params.max_orders_per_minute, False)
    return in_minute if today.passed else failing((in_minute, today))
