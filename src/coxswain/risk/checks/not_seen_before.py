"""Refuse an intent whose id has been used before."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 4
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "DUPLICATE_INTENT": "Give a new order a new id. The first one stands.",
}


NEW = Check("DUPLICATE_INTENT", None, None, True, "new", "new")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    return Check("DUPLICATE_INTENT", None, None, False, "used", "new") if view.seen_before else NEW
