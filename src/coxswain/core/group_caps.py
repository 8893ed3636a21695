"""What groups of accounts may take of one plan together, in lots; and what is left of it for one that takes over.

All accounts are such a group where a signal names a strategy: what a strategy may hold is one sum over all of them.
"""

from collections.abc import Mapping
from decimal import Decimal

from coxswain.core.money import rate_between
from coxswain.core.order import Order
from coxswain.core.shares import PlanState
from coxswain.core.sizing import Sized, room_of_strategy
from coxswain.core.state import State
from coxswain.model.allocation import GroupCap
from coxswain.model.decimals import ZERO, percent_of, round_down
from coxswain.model.vocabulary import AccountId, Symbol


def group_caps(state: State, symbol: Symbol, whole: Decimal) -> tuple[GroupCap, ...]:
    """Return the caps of a plan that splits `whole`; of two bounds of a group the tighter counts."""
    caps = []
    for cap in () if state.setup is None else state.setup.caps:
        if cap.symbols and symbol not in cap.symbols:
            continue
        bounds = [] if cap.lots is None else [cap.lots]
        if cap.share_pct is not None:
            bounds.append(round_down(percent_of(cap.share_pct, whole)))
        caps.append(GroupCap(cap.name, min(bounds), frozenset(cap.accounts)))
    return tuple(caps)


def cap_of_strategy(state: State, strategy: str, able: Mapping[AccountId, Sized], whole: Decimal) -> GroupCap | None:
    """Return what all accounts may take for a strategy; None where that is no less than `whole`.

    A lot counts at what it is worth in the account where it is dearest: the gate takes every one of them.
    """
    if not strategy:
        return None
    rates = {name: rate_between(state, state.accounts[name].spec.currency, state.currency) for name in able}
    dearest = max((sized.lot_value * (rates[name] or ZERO) for name, sized in able.items()), default=ZERO)
    name, room = room_of_strategy(state, strategy)
    lots = round_down(max(room, ZERO) / dearest) if dearest else whole
    return None if lots >= whole else GroupCap(name, lots, frozenset(able))


def left_by_group(state: State, plan: PlanState, rejected: Order) -> list[tuple[frozenset[AccountId], Decimal]]:
    """Return what each capped group may still take of a plan; what a rejected order leaves open is free again."""
    return [
        (cap.accounts, cap.lots - _taken(plan, cap, rejected.intent.account))
        for cap in group_caps(state, plan.plan.symbol, plan.total)
    ]


def _taken(plan: PlanState, cap: GroupCap, gives_up: AccountId) -> Decimal:
    shares = ((account, share) for account, share in plan.shares.items() if account in cap.accounts)
    return sum((share.used if account == gives_up else share.qty for account, share in shares), ZERO)
