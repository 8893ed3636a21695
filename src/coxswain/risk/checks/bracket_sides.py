"""Refuse an entry whose stop or target stands on the wrong side of it."""

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.market import touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import SIGN
from coxswain.risk.kinds import Kind

CONTROL = 10
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "STOP_ON_WRONG_SIDE": "Put the stop on the losing side of the entry.",
    "TARGET_ON_WRONG_SIDE": "Put the target on the winning side of the entry.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    entry = order.price or order.stop_px or (touch(view.quote, order.side) if view.quote else None)
    if entry is None or (order.stop_loss is None and order.take_profit is None):
        return None
    sign = SIGN[order.side]
    failed: list[Check] = []
    if order.stop_loss is not None and (entry - order.stop_loss) * sign <= 0:
        failed.append(Check("STOP_ON_WRONG_SIDE", order.stop_loss, entry, False))
    if order.take_profit is not None and (order.take_profit - entry) * sign <= 0:
        failed.append(Check("TARGET_ON_WRONG_SIDE", order.take_profit, entry, False))
    return failing(failed) if failed else Check("STOP_ON_WRONG_SIDE", order.stop_loss, entry, True)
