"""Stop an account where a strategy enters the same again and again: same instrument, side and quantity, in a row.

What follows from another order, as a completion does, is no repeat of it, and what reduces has no part."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 18
KIND = Kind.AUTO
CAUSE = "REPEATED"
EXCUSES_REDUCING = False
CODES = {
    "REPEATED": "See why the strategy repeats itself, and resume the account.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_repeats: Decimal = Decimal(20)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.reducing or order.reduce_only:
        return None
    after = view.repeats + 1
    return Check("REPEATED", after, params.max_repeats, after <= params.max_repeats)
