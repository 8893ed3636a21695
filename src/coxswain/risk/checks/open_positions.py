"""Refuse an order that would open one position, or one order, too many."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 29
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "OPEN_ORDERS": "Cancel orders that rest, or have the limit changed.",
    "OPEN_POSITIONS": "Close a position first, or have the limit changed.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_open_positions: Decimal = Decimal(3)
    max_open_orders: Decimal = Decimal(20)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    after = view.open_positions + view.adds_position
    positions = Check("OPEN_POSITIONS", after, params.max_open_positions, after <= params.max_open_positions)
    if view.open_orders < params.max_open_orders:
        return positions
    orders = Check("OPEN_ORDERS", view.open_orders + 1, params.max_open_orders, False)
    return orders if positions.passed else failing((orders, positions))
