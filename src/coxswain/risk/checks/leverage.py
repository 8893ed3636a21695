"""Refuse an order that could take the value of all positions and open orders above a multiple of equity."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 26
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "LEVERAGE": "Send a smaller order, or close something first.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_leverage: Decimal = Decimal(10)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    after = view.exposure.gross + view.new_worst * view.value_per_lot
    limit = params.max_leverage * view.equity
    return Check("LEVERAGE", plain(after), plain(limit), view.equity > 0 and after <= limit)
