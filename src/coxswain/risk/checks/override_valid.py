"""Refuse an order that was to pass a control by an override that one person alone made, or whose time is up."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.override import Override
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 37
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {"OVERRIDE_NOT_VALID": "Have a second person approve a new override, or do without."}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if not view.overrides:
        return None
    wrong = [override for override in view.overrides if not _is_valid(order, view, override)]
    found = ", ".join(f"{each.id} by {each.actor} and {each.second_actor or 'nobody'}" for each in wrong)
    wanted = "" if not wrong else "approved by another person, unexpired, for this signal and account"
    return Check("OVERRIDE_NOT_VALID", len(view.overrides) - len(wrong), None, not wrong, found, wanted)


def _is_valid(order: OrderIntent, view: RiskView, override: Override) -> bool:
    approved = override.second_actor not in ("", override.actor)
    meant = (override.account, override.signal_id) == (order.account, order.signal_id)
    return approved and meant and view.now_ns < override.expires_ns
