"""Let an order at market enter only as a limit no worse than a share of the touch, which a sane quote must give.

What reduces leaves at market as it is: closing must work in a crash, when any limit may be left behind.
"""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.market import touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import MARKET
from coxswain.risk.kinds import Kind

CONTROL = 9
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "MARKET_PROTECTION": "Wait for a sane quote, or send a limit order.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if order.ord_type is not MARKET or view.reducing:
        return None
    if view.protect_px is None or view.quote is None:
        return Check("MARKET_PROTECTION", None, None, False, "no sane quote", "a quote to protect by")
    return Check("MARKET_PROTECTION", view.protect_px, touch(view.quote, order.side), True)
