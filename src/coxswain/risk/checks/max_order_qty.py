"""Refuse an order of more lots than one order may have."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 11
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "ORDER_QTY": "Send a smaller order, or have the limit changed.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_order_qty: Decimal = Decimal(10000)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    limit = params.max_order_qty
    return Check("ORDER_QTY", order.order_qty, limit, order.order_qty <= limit)
