"""Refuse an order worth more than one order may be, in the account's currency."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 12
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "ORDER_VALUE": "Send a smaller order, or have the limit changed.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_order_value: Decimal = Decimal(250000)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    value = order.order_qty * view.value_per_lot
    return Check("ORDER_VALUE", plain(value), params.max_order_value, value <= params.max_order_value)
