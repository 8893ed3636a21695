"""Refuse what the trading state does not let out: under REDUCING only what provably reduces, under HALTED nothing."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import TradingState
from coxswain.risk.kinds import Kind

CONTROL = 32
KIND = Kind.HARD
EXCUSES_REDUCING = False
CODES = {
    "TRADING_STATE": "Look why the account may not trade freely (`coxswain explain ACCOUNT`), and resume it.",
}


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    state = view.state
    passed = state is TradingState.ACTIVE or (state is TradingState.REDUCING and view.reducing)
    return Check("TRADING_STATE", None, None, passed, state, TradingState.ACTIVE)
