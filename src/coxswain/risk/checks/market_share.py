"""Refuse an order that is large beside the size that the market shows, or beside what it trades on an average day.

Neither can be measured where the venue shows no size and nobody stated the volume, as for currencies."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.decimals import percent_of, plain
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 13
KIND = Kind.SOFT
EXCUSES_REDUCING = True
CODES = {
    "DISPLAYED_SHARE": "Send it in parts, or have a second person let it pass once.",
    "VOLUME_SHARE": "Send it over several days, or have a second person let it pass once.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_displayed_multiple: Decimal = Decimal(100)
    max_volume_pct: Decimal = Decimal(10)


def check(order: OrderIntent, view: RiskView, params: Params) -> Check | None:
    of_volume = of_displayed = None
    volume = None if view.instrument is None else view.instrument.daily_volume
    if volume is not None:
        most = percent_of(params.max_volume_pct, volume)
        of_volume = Check("VOLUME_SHARE", order.order_qty, plain(most), order.order_qty <= most)
    if view.displayed is not None:
        most = view.displayed * params.max_displayed_multiple
        of_displayed = Check("DISPLAYED_SHARE", order.order_qty, plain(most), order.order_qty <= most)
    failed = [check for check in (of_volume, of_displayed) if check is not None and not check.passed]
    return failing(failed) if failed else of_displayed or of_volume
