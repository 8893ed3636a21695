"""Refuse a price too far from the market, and any price where the market is stale, crossed or too wide to tell."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import limit_of
from coxswain.model.market import is_sane, touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 7
KIND = Kind.HARD
EXCUSES_REDUCING = True
CODES = {
    "QUOTE_STALE": "See that the feed runs; nothing enters on an old quote.",
    "QUOTE_CROSSED": "Wait for a sane quote; see that the feed is right.",
    "QUOTE_TOO_WIDE": "Wait for a market with a spread inside the collar.",
    "PRICE_COLLAR": "Send a price nearer to the market, or a new signal at today's.",
}

NS_PER_S = Decimal(1_000_000_000)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price_collar_dynamic_pct: Decimal = Decimal(2)
    quote_stale_s: Decimal = Decimal(60)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    quote = view.quote
    if quote is None:
        return None  # control 3 says so
    failed: list[Check] = []
    age_ns = view.now_ns - quote.ts_ns
    if age_ns > params.quote_stale_s * NS_PER_S:
        failed.append(Check("QUOTE_STALE", Decimal(age_ns) / NS_PER_S, params.quote_stale_s, False))
    if not is_sane(quote):
        return failing((*failed, Check("QUOTE_CROSSED", quote.ask, quote.bid, False)))
    reference = touch(quote, order.side)
    allowed, spread = limit_of(params.price_collar_dynamic_pct, reference), quote.ask - quote.bid
    if spread > allowed:
        failed.append(Check("QUOTE_TOO_WIDE", spread, allowed, False))
    if failed:
        return failing(failed)  # nothing can be measured by such a quote
    price = order.price or order.stop_px or order.decision_px or reference
    distance = abs(price - reference)
    return Check("PRICE_COLLAR", distance, allowed, distance <= allowed)
