"""Refuse a child that would bring its plan, over all accounts, above the value that one plan may have.

All of the plan that is filled, working or unknown counts at today's price, in the desk's currency."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 14
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "PLAN_VALUE": "Send a smaller signal, or have the limit changed.",
    "NO_FX_RATE": "See that the pair into the desk's currency has a fresh quote.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_plan_value: Decimal = Decimal(1000000)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.plan_used is None:
        return None
    if view.desk_rate is None:
        return Check("NO_FX_RATE", None, None, False, "no fresh quote", "a rate into the desk's currency")
    after = (view.plan_used + order.order_qty) * view.value_per_lot * view.desk_rate
    return Check("PLAN_VALUE", plain(after), params.max_plan_value, after <= params.max_plan_value)
