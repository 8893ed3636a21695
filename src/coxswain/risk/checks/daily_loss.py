"""Refuse an order that could bring the day's loss to its limit if every stop were hit.

The day's loss is live, so of what is open only the way from its mark to its stop is added: a loss counts once, and a
profit as far as its stop gives it back."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import limit_of, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 27
KIND = Kind.AUTO
EXCUSES_REDUCING = True
CODES = {
    "DAILY_LOSS": "Wait for the next trading day, or let a person resume the account; a smaller order may fit.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_daily_loss_pct: Decimal = Decimal(5)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    after = view.day_loss + view.risk_at_stops + order.order_qty * view.risk_per_lot
    limit = limit_of(params.max_daily_loss_pct, view.anchor)
    return Check("DAILY_LOSS", plain(after), limit, after <= limit)
