"""Refuse an instrument that is unknown, closed or halted, cannot be converted, or an order its venue does not take.

What reduces needs no rate: nothing about it is measured in money.
"""

import msgspec

from coxswain.model.checks import Check, failing
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.risk.kinds import Kind

CONTROL = 2
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "INSTRUMENT_UNKNOWN": "Add the instrument to the configuration, or correct the symbol.",
    "NO_FX_RATE": "See that the currency pair has a fresh quote, or add the pair.",
    "SESSION_CLOSED": "Wait until the session opens.",
    "TRADING_HALTED": "Wait until the venue lifts the halt.",
    "ORDER_TYPE_UNSUPPORTED": "Use an order type and a time in force that the venue takes.",
    "EXPIRE_TIME_PAST": "Send a date that is still to come.",
}


OPEN = Check("SESSION_CLOSED", None, None, True, "open", "open")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    if view.instrument is None:
        return Check("INSTRUMENT_UNKNOWN", None, None, False, order.symbol, "an instrument of the configuration")
    failed: list[Check] = []
    if view.fx_rate is None and not view.reducing:
        wanted = f"a rate from {view.instrument.currency}"
        failed.append(Check("NO_FX_RATE", None, None, False, "no fresh quote", wanted))
    if view.halt is not None:
        failed.append(Check("TRADING_HALTED", None, None, False, f"halted: {view.halt}", "not halted"))
    if order.ord_type not in view.ord_types:
        failed.append(_unsupported(order.ord_type, view.ord_types))
    if order.time_in_force not in view.times_in_force:
        failed.append(_unsupported(order.time_in_force, view.times_in_force))
    if order.expire_time_ns is not None and order.expire_time_ns <= view.now_ns:
        failed.append(Check("EXPIRE_TIME_PAST", None, None, False, "past", "still to come"))
    if not view.session_open:
        failed.append(Check("SESSION_CLOSED", None, None, False, "closed", "open"))
    return failing(failed) if failed else OPEN


def _unsupported(asked: str, taken: tuple[str, ...]) -> Check:
    return Check("ORDER_TYPE_UNSUPPORTED", None, None, False, asked, " ".join(taken) or "none")
