"""Refuse to enter while equity is too far below its peak, or below the first balance.

An account that has reached either limit only reduces until a person resumes it; a new peak begins then."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import limit_of, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 28
KIND = Kind.AUTO
EXCUSES_REDUCING = True
CODES = {
    "DRAWDOWN": "Resume the account if it shall trade on from here.",
    "STATIC_DRAWDOWN": "Have the limit changed; the first balance stays what it was.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_drawdown_pct: Decimal = Decimal(10)
    max_static_drawdown_pct: Decimal = Decimal(10)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.initial_balance is None:
        return Check("DRAWDOWN", None, params.max_drawdown_pct, False, "no balance yet", "the venue's balance")
    static, allowed = view.initial_balance - view.equity, limit_of(params.max_static_drawdown_pct, view.initial_balance)
    trailing, of_peak = view.peak - view.equity, limit_of(params.max_drawdown_pct, view.peak)
    below_peak = Check("DRAWDOWN", plain(trailing), of_peak, trailing < of_peak)
    if static < allowed:
        return below_peak
    below_first = Check("STATIC_DRAWDOWN", plain(static), allowed, False)
    return below_first if below_peak.passed else failing((below_first, below_peak))
