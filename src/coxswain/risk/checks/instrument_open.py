"""Refuse an instrument that is not known, not in session, or not convertible into the account's currency.

What reduces needs no rate: nothing about it is measured in money.
"""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView

CONTROL = 2
EXCUSES_REDUCING = False


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    if view.instrument is None:
        return Check("INSTRUMENT_UNKNOWN", None, None, False, order.symbol, "an instrument of the configuration")
    if view.fx_rate is None and not view.reducing:
        return Check("NO_FX_RATE", None, None, False, "no fresh quote", f"a rate from {view.instrument.currency}")
    found = "open" if view.session_open else "closed"
    return Check("SESSION_CLOSED", None, None, view.session_open, found, "open")
