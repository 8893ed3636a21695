"""Splitting a quantity by weight, within what each account and each group will take: the arithmetic of all policies.

All accounts are filled at once, each at its weight, until the whole is used up; whoever is full stops taking, and so do
the members of a group that is full. What they cannot take goes to the others. Nothing here knows what weights mean.
"""

from collections.abc import Mapping
from decimal import Decimal

from coxswain.model.allocation import Candidate, GroupCap, Parent
from coxswain.model.decimals import QUANTUM, ZERO, round_down
from coxswain.model.vocabulary import AccountId

_DUST = Decimal("1E-24")
"""Less room than this is none: it is what 34 digits leave of an exact zero."""


def whole_of(parent: Parent, candidates: tuple[Candidate, ...]) -> Decimal:
    """Return what is to be split: the parent's quantity, or all that the accounts take, where that is less."""
    own = sum((candidate.own_qty for candidate in candidates), ZERO)
    return own if parent.order_qty is None else min(parent.order_qty, own)


def split(parent: Parent, candidates: tuple[Candidate, ...], weights: Mapping[AccountId, Decimal]) -> list[Decimal]:
    """Split the parent over `candidates` by `weights`; who has no weight gets nothing.

    Each quantity is a multiple of the quantum, none exceeds the account's own size, no group its cap, and the sum is
    the whole wherever sizes and caps allow it. The order of the candidates makes no difference.
    """
    whole = whole_of(parent, candidates)
    weights = {account: round_down(weight) for account, weight in weights.items()}
    most = {c.account: c.own_qty for c in sorted(candidates, key=lambda c: c.account) if weights.get(c.account, ZERO)}
    if sum(most.values(), ZERO) <= whole and not parent.caps:
        given = {account: round_down(qty) for account, qty in most.items()}
    else:
        given = _fill(whole, most, weights, parent.caps)
        _settle(whole, given, most, parent.caps)
    return [given.get(candidate.account, ZERO) for candidate in candidates]


def _fill(
    whole: Decimal, most: Mapping[AccountId, Decimal], weights: Mapping[AccountId, Decimal], caps: tuple[GroupCap, ...]
) -> dict[AccountId, Decimal]:
    """Raise the level at which every open account is filled from one event to the next: somebody is full."""
    full_at = sorted(most, key=lambda account: most[account] / weights[account], reverse=True)
    stopped: dict[AccountId, Decimal] = {}
    left, level = whole, ZERO
    weight = sum((weights[account] for account in most), ZERO)
    rooms = [cap.lots for cap in caps]
    group_weights = [sum((weights[account] for account in most if account in cap.accounts), ZERO) for cap in caps]

    def stop(account: AccountId) -> None:
        nonlocal weight
        stopped[account] = level
        weight -= weights[account]
        for index, cap in enumerate(caps):
            if account in cap.accounts:
                group_weights[index] -= weights[account]

    while len(stopped) < len(most) and left > _DUST:
        while full_at[-1] in stopped:
            full_at.pop()
        next_level = min(level + left / weight, most[full_at[-1]] / weights[full_at[-1]])
        for index, group_weight in enumerate(group_weights):
            if group_weight > _DUST:
                next_level = min(next_level, level + rooms[index] / group_weight)
        rise = max(next_level - level, ZERO)
        level = max(next_level, level)
        left -= rise * weight
        rooms = [room - rise * group_weight for room, group_weight in zip(rooms, group_weights, strict=True)]
        while full_at and (full_at[-1] in stopped or most[full_at[-1]] / weights[full_at[-1]] <= level):
            account = full_at.pop()
            if account not in stopped:
                stop(account)
        for index, cap in enumerate(caps):
            if rooms[index] <= _DUST:
                for account in most:
                    if account in cap.accounts and account not in stopped:
                        stop(account)
    return {account: round_down(min(weights[account] * stopped.get(account, level), most[account])) for account in most}


def _settle(
    whole: Decimal, given: dict[AccountId, Decimal], most: Mapping[AccountId, Decimal], caps: tuple[GroupCap, ...]
) -> None:
    """Hand out the quanta lost to rounding, or take back what rounding gave too much."""
    left = whole - sum(given.values(), ZERO)
    rooms = [cap.lots - sum((given[a] for a in given if a in cap.accounts), ZERO) for cap in caps]
    to_give = left if left <= (len(given) + 1) * QUANTUM else ZERO  # more than that is kept back by caps
    for account, qty in given.items():
        mine = [index for index, cap in enumerate(caps) if account in cap.accounts]
        room = min([to_give, most[account] - qty, *(rooms[index] for index in mine)])
        change = max(room, -qty)
        given[account] = qty + change
        to_give -= change
        for index in mine:
            rooms[index] -= change
