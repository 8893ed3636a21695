"""Risk budget: split in proportion to the risk budget each account has left, none above its own size."""

from decimal import Decimal

import msgspec

from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.decimals import ZERO, round_down


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Give every account its own size where the parent allows; else fill up by weight until the parent is used.

    What an account cannot take is offered to the others again, so the parent is missed only by rounding down.
    """
    own = sum((account.own_qty for account in accounts), ZERO)
    if parent.order_qty is None or own <= parent.order_qty:
        shares = tuple(Share(account.account, account.own_qty) for account in accounts)
        return Allocation(shares, "each account its own size")
    given = _fill_up(parent.order_qty, accounts)
    shares = tuple(Share(account.account, given[index]) for index, account in enumerate(accounts))
    return Allocation(shares, f"{parent.order_qty} lots in proportion to the risk budgets left")


def _fill_up(total: Decimal, accounts: tuple[Candidate, ...]) -> list[Decimal]:
    """Split by weight; whoever reaches its own size is closed and the rest is split again over the others."""
    given = [ZERO] * len(accounts)
    open_to_more = [index for index, account in enumerate(accounts) if account.risk_budget > 0]
    left = total
    while open_to_more:
        weights = sum((accounts[index].risk_budget for index in open_to_more), ZERO)
        part = {index: round_down(left * accounts[index].risk_budget / weights) for index in open_to_more}
        full = [index for index in open_to_more if part[index] >= accounts[index].own_qty]
        if not full:
            left -= sum(part.values(), ZERO)  # the quanta lost to rounding
            for index, qty in part.items():
                given[index] = min(qty + left, accounts[index].own_qty)
                left -= given[index] - qty
            break
        for index in full:
            given[index] = accounts[index].own_qty
            left -= accounts[index].own_qty
        open_to_more = [index for index in open_to_more if index not in full]
    return given
