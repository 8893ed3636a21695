"""What a signal and all that hung on it left in the state: what belongs to it, and the form in which it leaves."""

import msgspec

from coxswain.core.order import Order
from coxswain.core.position import KnownFill
from coxswain.core.shares import PlanState, Spread
from coxswain.core.state import State
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, ClOrdId, SignalId


class PastAccount(msgspec.Struct, omit_defaults=True):
    """One account's part of it."""

    orders: list[Order] = []
    fills: list[KnownFill] = []
    contingent: dict[SignalId, list[ClOrdId]] = {}
    spreads: dict[SignalId, Spread] = {}


class Past(msgspec.Struct, omit_defaults=True):
    signals: list[Signal] = []
    plans: dict[SignalId, PlanState] = {}
    """Without the checks of their accounts, which only people read: those stay in the journal."""
    direct_ids: list[SignalId] = []
    hanging: list[SignalId] = []
    orders_of: dict[SignalId, list[tuple[AccountId, ClOrdId]]] = {}
    accounts: dict[AccountId, PastAccount] = {}


def is_here(state: State, signal_id: SignalId) -> bool:
    """Say whether a signal, or an order that goes by itself, is in the state."""
    return signal_id in state.plans or signal_id in state.direct_ids or signal_id in state.orders_of


def family_of(state: State, signal_id: SignalId) -> tuple[SignalId, ...]:
    """Return a signal and those that hang on it."""
    return (signal_id, *state.hanging.get(signal_id, ()))


def accounts_of(state: State, names: tuple[SignalId, ...]) -> dict[AccountId, None]:
    """Return every account that has a share or an order of one of these signals."""
    found: dict[AccountId, None] = {}
    for name in names:
        plan = state.plans.get(name)
        found |= dict.fromkeys(() if plan is None else plan.shares)
        found |= dict.fromkeys(account_id for account_id, _ in state.orders_of.get(name, ()))
    return found
