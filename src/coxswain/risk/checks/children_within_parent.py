"""Refuse a child that would bring what is working, filled and unknown above its share of the plan."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 15
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "CHILDREN_EXCEED_PARENT": "What is working, filled and unknown takes all of the plan: settle what is unknown.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.parent_qty is None or view.reducing:
        return None
    after = plain(view.parent_used + order.order_qty)
    return Check("CHILDREN_EXCEED_PARENT", after, plain(view.parent_qty), after <= view.parent_qty)
