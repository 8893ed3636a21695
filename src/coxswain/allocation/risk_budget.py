"""Risk budget: split in proportion to the risk budget each account has left, none above its own size."""

import msgspec

from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.decimals import text
from coxswain.model.splitting import split


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Give every account its own size where the parent allows; else fill up by budget until the parent is used."""
    given = split(parent, accounts, {account.account: account.risk_budget for account in accounts})
    shares = tuple(
        Share(account.account, qty, "" if qty else "no risk budget is left for it")
        for account, qty in zip(accounts, given, strict=True)
    )
    if all(qty == account.own_qty for account, qty in zip(accounts, given, strict=True)):
        return Allocation(shares, "each account its own size")
    of = f"{text(parent.order_qty)} {parent.counts}" if parent.order_qty is not None else "what the caps allow"
    return Allocation(shares, f"{of} in proportion to the risk budgets left")
