"""Refuse an order where something is unresolved: an unknown outcome, a break, or books not compared yet."""

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 33
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "NOT_RECONCILED": "Wait until the books have been compared.",
    "UNRESOLVED": "Settle the unknown order or the break first.",
}


NONE_OPEN = Check("UNRESOLVED", 0, 0, True)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    open_questions = view.unknown_orders + view.open_breaks
    unresolved = Check("UNRESOLVED", open_questions, 0, False) if open_questions else NONE_OPEN
    if view.reconciled:
        return unresolved
    not_compared = Check("NOT_RECONCILED", None, None, False, "not compared", "compared with the venue's books")
    return failing((not_compared, unresolved)) if open_questions else not_compared
