"""Stop an account whose orders are rejected, or left without an answer, too often. What reduces has no part in it."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import percent_of, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 20
KIND = Kind.AUTO
CAUSE = "REJECT_RATE"
EXCUSES_REDUCING = False
CODES = {
    "REJECT_RATE": "See why the venue refuses, or does not answer, and resume the account.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_reject_pct: Decimal = Decimal(50)
    rejects_free: Decimal = Decimal(10)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.reducing:
        return None
    allowed = params.rejects_free
    if view.failed > allowed:  # else what was tried changes nothing
        allowed = plain(max(allowed, percent_of(params.max_reject_pct, Decimal(view.tried))))
    return Check("REJECT_RATE", view.failed, allowed, view.failed <= allowed)
