"""Refuse an order while the limits to judge it by have no version, or were to go back and have not yet."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 36
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {"LIMIT_SET": "Have a limit set approved."}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    overdue = view.limits_until_ns is not None and view.limits_until_ns <= view.now_ns
    # What reduces is judged by values that were approved, and must not wait for them to go back.
    passed = view.limit_version >= 1 and (view.reducing or not overdue)
    found = "" if passed or not overdue else f"version {view.limit_version}, which should have gone back"
    return Check("LIMIT_SET", view.limit_version, 1, passed, found)
