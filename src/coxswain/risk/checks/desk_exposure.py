"""Refuse an order that could take all accounts together above a limit, in lots of one instrument or in money."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import BUY
from coxswain.risk.kinds import Kind

CONTROL = 25
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "DESK_POSITION_QTY": "Send a smaller order, or close some of the instrument on any account.",
    "DESK_GROSS_EXPOSURE": "Send a smaller order, or close something on any account.",
    "DESK_NET_EXPOSURE": "Send a smaller order, or close something on any account.",
    "NO_FX_RATE": "See that the pair into the desk's currency has a fresh quote.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_desk_position_qty: Decimal = Decimal(500000)
    max_desk_gross_exposure: Decimal = Decimal(50000000)
    max_desk_net_exposure: Decimal = Decimal(50000000)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    failed: list[Check] = []
    buys = order.side is BUY
    lots = (view.desk_lots.up if buys else view.desk_lots.down) + view.new_qty
    if lots > params.max_desk_position_qty:
        failed.append(Check("DESK_POSITION_QTY", plain(lots), params.max_desk_position_qty, False))
    if view.desk_rate is None:
        wanted = "a rate into the desk's currency"
        return failing((*failed, Check("NO_FX_RATE", None, None, False, "no fresh quote", wanted)))
    lot_value = view.value_per_lot * view.desk_rate
    net = (view.desk_exposure.up if buys else view.desk_exposure.down) + view.new_qty * lot_value
    if net > params.max_desk_net_exposure:
        failed.append(Check("DESK_NET_EXPOSURE", plain(net), params.max_desk_net_exposure, False))
    after = view.desk_exposure.gross + view.new_worst * lot_value
    limit = params.max_desk_gross_exposure
    gross = Check("DESK_GROSS_EXPOSURE", plain(after), limit, after <= limit)
    if not failed:
        return gross
    return failing(failed if gross.passed else (*failed, gross))
