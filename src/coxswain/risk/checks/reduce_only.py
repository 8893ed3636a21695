"""Refuse a reduce-only order that could do more than reduce: one that is not provably reducing."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 30
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "REDUCE_ONLY_WOULD_FLIP": "Send no more than is held and not being closed already.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if not order.reduce_only:
        return None
    return Check("REDUCE_ONLY_WOULD_FLIP", order.order_qty, plain(view.free_to_reduce), view.reducing)
