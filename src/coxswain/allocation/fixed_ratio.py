"""Fixed ratio: split in proportion to weights that the configuration gives; who has none takes no part."""

from decimal import Decimal

import msgspec

from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.decimals import ZERO
from coxswain.model.splitting import split
from coxswain.model.vocabulary import AccountId


class Ratio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: AccountId
    weight: Decimal


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ratios: tuple[Ratio, ...]

    def __post_init__(self) -> None:
        names = [ratio.account for ratio in self.ratios]
        if len(set(names)) < len(names):
            raise ValueError("ratios: found an account twice; wanted each account once")
        if not self.ratios or any(ratio.weight <= ZERO for ratio in self.ratios):
            raise ValueError("ratios: wanted at least one account, each with a weight above 0")


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Fill the accounts by their weights until the parent is used."""
    weights = {ratio.account: ratio.weight for ratio in params.ratios}
    given = split(parent, accounts, weights)
    shares = tuple(
        Share(account.account, qty, "" if qty else _why(account.account in weights))
        for account, qty in zip(accounts, given, strict=True)
    )
    return Allocation(shares, "by the ratios of the configuration, none above its own size")


def _why(weighed: bool) -> str:
    return "the caps leave nothing" if weighed else "no ratio is given for it"
