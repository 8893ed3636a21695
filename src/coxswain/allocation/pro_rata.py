"""Pro rata: split in proportion to what each account has, its equity or its available margin."""

import msgspec

from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.decimals import ZERO
from coxswain.model.splitting import split
from coxswain.model.vocabulary import Word


class Basis(Word):
    EQUITY = "equity"
    AVAILABLE_MARGIN = "available_margin"


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by: Basis = Basis.EQUITY


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Fill all accounts by what they have until the parent is used."""
    weights = {
        account.account: max(account.equity if params.by is Basis.EQUITY else account.available_margin, ZERO)
        for account in accounts
    }
    given = split(parent, accounts, weights)
    what = params.by.replace("_", " ")
    shares = tuple(
        Share(account.account, qty, "" if qty else f"no {what}, or the caps leave nothing")
        for account, qty in zip(accounts, given, strict=True)
    )
    return Allocation(shares, f"in proportion to {what}, none above its own size")
