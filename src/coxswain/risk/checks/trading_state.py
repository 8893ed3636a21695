"""Refuse what the trading state does not let out: under REDUCING only what provably reduces, under HALTED only what a
person sends to reduce."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import ACTIVE, TradingState
from coxswain.risk.kinds import Kind

CONTROL = 32
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "TRADING_STATE": "Look why the account may not trade freely (`coxswain explain ACCOUNT`), and resume it.",
}


UNRESTRICTED = Check("TRADING_STATE", None, None, True, ACTIVE, ACTIVE)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    state = view.state
    if state is ACTIVE:
        return UNRESTRICTED
    passed = view.reducing and (state is TradingState.REDUCING or view.may_reduce_halted)
    found = f"{state} ({view.restricted_by})" if view.restricted_by and not passed else state
    return Check("TRADING_STATE", None, None, passed, found, ACTIVE)
