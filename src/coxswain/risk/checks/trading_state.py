"""Refuse what the trading state does not let out: under REDUCING only what provably reduces, under HALTED nothing."""

import msgspec

from coxswain.model.checks import Check
from coxswain.model.orders import OrderIntent
from coxswain.model.risk_view import RiskView
from coxswain.model.vocabulary import TradingState

CONTROL = 32
EXCUSES_REDUCING = False


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def check(order: OrderIntent, view: RiskView, params: Params) -> Check:
    state = view.state
    passed = state is TradingState.ACTIVE or (state is TradingState.REDUCING and view.reducing)
    return Check("TRADING_STATE", None, None, passed, state, TradingState.ACTIVE)
