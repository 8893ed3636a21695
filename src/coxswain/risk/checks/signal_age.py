"""Refuse an order whose signal is past its time to live, from the future, or without a market to measure it by."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
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

NS_PER_S = Decimal(1_000_000_000)
FUTURE_S = Decimal(1)
"""A sender's clock may run ahead of ours by this much, in seconds."""


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    if view.quote is None:
        return Check("NO_MARKET_SNAPSHOT", None, None, False, "no quote", "a quote")
    age = Decimal(view.now_ns - view.signal_time_ns) / NS_PER_S
    life = Decimal(view.dies_ns - view.signal_time_ns) / NS_PER_S
    return Check("SIGNAL_AGE", age, life, -FUTURE_S <= age <= life)
