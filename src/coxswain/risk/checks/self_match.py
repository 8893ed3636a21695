"""Refuse an order that would trade at once with another of our own, on any account; or call that one back.

What gives way is configured. An order that reduces is never refused for it: entries in its way are called back, so that
closing works. Protection and exits that rest are not called back for an entry, which is refused then.
"""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import SelfMatch
from coxswain.risk.kinds import Kind

CONTROL = 31
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "SELF_MATCH": "Cancel the order of our own that it meets, or send it at a price that does not meet it.",
}


MEETS_NONE = Check("SELF_MATCH", None, None, True, "meets none of ours", "meets none of ours")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    if view.crossed_px is None:
        return MEETS_NONE
    gives_way = view.self_match is SelfMatch.CANCEL_RESTING and not view.crosses_reducing
    passed = view.reducing or gives_way
    found = f"meets one of ours at {view.crossed_px:f}"
    return Check("SELF_MATCH", view.crossed_px, None, passed, found, "meets none of ours")
