"""Refuse a price too far from the one that the day began with: the close of the day before, or the first quote.

An order that reduces has a collar of its own kind. A market order and a stop have none, because closing must work in a
crash, on a stale market and on a crossed one. A limit may be as far ahead of the market as anybody likes; it may not
give away more than the collar allows, measured from the touch where that is fresh, else from the day's price."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import limit_of, percent_of, plain
from coxswain.model.market import is_sane, touch
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import SIGN
from coxswain.risk.kinds import Kind

CONTROL = 6
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "NO_REFERENCE_PRICE": "Wait for the first quote of the day.",
    "STATIC_COLLAR": "Send a price nearer to the day's. If the market has really moved so far, raise the collar.",
    "GIVES_AWAY": "Send a limit nearer to the market, or a market order.",
}

NS_PER_S = 1_000_000_000


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price_collar_static_pct: Decimal = Decimal(10)
    quote_stale_s: Decimal = Decimal(60)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    if view.reducing:
        return _reducing(order, view, params)
    reference = view.reference_px
    price = order.price or order.stop_px or (touch(view.quote, order.side) if view.quote else None)
    if reference is None or price is None:
        return Check("NO_REFERENCE_PRICE", None, None, False, "no quote yet", "a quote")
    allowed = limit_of(params.price_collar_static_pct, reference)
    distance = abs(price - reference)
    return Check("STATIC_COLLAR", plain(distance), allowed, distance <= allowed)


def _reducing(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    quote, reference = view.quote, view.reference_px
    if quote is not None and is_sane(quote) and view.now_ns - quote.ts_ns <= int(params.quote_stale_s) * NS_PER_S:
        reference = touch(quote, order.side)
    if order.price is None or order.stop_px is not None or reference is None:
        return None
    given_away = (order.price - reference) * SIGN[order.side]
    allowed = percent_of(params.price_collar_static_pct, reference)
    return Check("GIVES_AWAY", plain(given_away), plain(allowed), given_away <= allowed)
