"""Refuse an order whose margin would leave less free than the account must keep."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView

CONTROL = 22
EXCUSES_REDUCING = True


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    min_account_balance: Decimal = Decimal(0)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    left = view.available_margin - order.order_qty * view.margin_per_lot
    return Check("MARGIN", plain(left), params.min_account_balance, left >= params.min_account_balance)
