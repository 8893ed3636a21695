"""Refuse an order that could take the position beyond its limit if all that is open filled, long or short.

The account's position, and the part of it that one strategy has.
"""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import BUY
from coxswain.risk.kinds import Kind

CONTROL = 23
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "POSITION_QTY": "Send a smaller order, cancel what rests on this side, or have the limit changed.",
    "STRATEGY_POSITION_QTY": "Send a smaller order for this strategy, or have the limit changed.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_position_qty: Decimal = Decimal(50000)
    max_strategy_position_qty: Decimal = Decimal(50000)
    max_strategy_position_qty_of: dict[str, Decimal] = {}
    """By strategy; the one above counts for all others."""


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    worst = view.worst_long if order.side is BUY else view.worst_short
    after = plain(worst + order.order_qty)
    whole = Check("POSITION_QTY", after, params.max_position_qty, after <= params.max_position_qty)
    if order.strategy:
        of_strategy = plain(view.strategy_lots + view.new_qty)
        most = params.max_strategy_position_qty_of.get(order.strategy, params.max_strategy_position_qty)
        if of_strategy > most:
            part = Check("STRATEGY_POSITION_QTY", of_strategy, most, False)
            return part if whole.passed else failing((part, whole))
    return whole
