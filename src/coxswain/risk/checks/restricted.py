"""Refuse to enter what is restricted or not on the allow list, and to sell short where that is not allowed.

What provably reduces passes: an instrument that was restricted after it was bought can still be left.
"""

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import ZERO, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import BUY, ShortSelling
from coxswain.risk.kinds import Kind

CONTROL = 5
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "RESTRICTED": "Trade another instrument, or have the restricted and allowed lists changed.",
    "SHORT_SALE": "Sell no more than is held; where short sales need a locate, have one set for the day.",
}


ALLOWED = Check("RESTRICTED", None, None, True, "allowed", "allowed")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    listed = view.listed
    if view.reducing:
        return Check("RESTRICTED", None, None, True, f"{listed}, and it reduces", "allowed")
    short = _short_sale(order, view)
    if listed == "allowed":
        return short
    unlisted = Check("RESTRICTED", None, None, False, listed, "allowed")
    return unlisted if short.passed else failing((unlisted, short))


def _short_sale(order: OrderIntent, view: RiskView) -> Check:
    if order.side is BUY or view.short_selling is ShortSelling.ALLOWED:
        return ALLOWED
    may_be_short = view.located if view.short_selling is ShortSelling.NEEDS_LOCATE else ZERO
    after = plain(view.worst_short + order.order_qty)
    return Check("SHORT_SALE", after, may_be_short, after <= may_be_short)
