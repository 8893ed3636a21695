"""Refuse a second entry at a time while a circuit breaker of the account is half-open."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 39
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {"BREAKER_HALF_OPEN": "Wait for the entry that is open; one that fills closes the breaker."}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.entries_while_half_open is None:
        return None
    after = view.entries_while_half_open + 1
    return Check("BREAKER_HALF_OPEN", after, 1, after <= 1)
