"""Equal: everybody the same, as far as each account's own size lets it; what one cannot take goes to the others."""

import msgspec

from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.decimals import ONE
from coxswain.model.splitting import split


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Fill all accounts alike until the parent is used."""
    given = split(parent, accounts, {account.account: ONE for account in accounts})
    shares = tuple(
        Share(account.account, qty, "" if qty else "the caps leave nothing")
        for account, qty in zip(accounts, given, strict=True)
    )
    return Allocation(shares, "to all alike, none above its own size")
