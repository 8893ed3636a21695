"""Refuse an order whose signal is past its time to live, from the future, or without a market to measure it by."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 3
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "NO_MARKET_SNAPSHOT": "Wait for a quote of the instrument; see that its feed runs.",
    "SIGNAL_AGE": "Send a fresh signal; see that the sender's clock is right.",
}

NS_PER_S = 1_000_000_000
FUTURE_NS = NS_PER_S
"""A sender's clock may run ahead of ours by this much."""


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    age_ns, life_ns = view.now_ns - view.signal_time_ns, view.dies_ns - view.signal_time_ns
    age = Check("SIGNAL_AGE", _seconds(age_ns), _seconds(life_ns), -FUTURE_NS <= age_ns <= life_ns)
    if view.quote is not None:
        return age
    no_market = Check("NO_MARKET_SNAPSHOT", None, None, False, "no quote", "a quote")
    return no_market if age.passed else failing((no_market, age))


def _seconds(ns: int) -> Decimal | int:
    """Nearly always whole ones: 0.05 us instead of 0.3."""
    whole, rest = divmod(ns, NS_PER_S)
    return Decimal(ns) / NS_PER_S if rest else whole
