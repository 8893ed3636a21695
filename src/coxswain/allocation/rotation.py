"""Rotation: a few accounts at a time, in turn, so that over time everybody has had the same number of turns.

Accounts that always trade together win and lose together. Taking turns brings their correlation down, at the price of
more breaches of single accounts. Each plan gives every candidate the fraction of a turn that is fair, and takes a whole
one from those who are chosen; who is furthest behind is chosen next. Between equals a draw decides, so that the same
accounts do not always meet.
"""

import msgspec

from coxswain.model.allocation import Allocation, Candidate, Parent, Share
from coxswain.model.decimals import ONE, ZERO, round_down
from coxswain.model.splitting import split


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts_at_once: int = 2

    def __post_init__(self) -> None:
        if self.accounts_at_once < 1:
            raise ValueError("accounts_at_once: wanted at least 1")


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Choose those who are furthest behind, and fill them alike until the parent is used."""
    in_turn = sorted(accounts, key=lambda account: (-account.turns, account.draw, account.account))
    chosen = {account.account for account in in_turn[: params.accounts_at_once]}
    given = split(parent, accounts, dict.fromkeys(chosen, ONE))
    fair = ONE if not accounts else min(ONE, round_down(ONE * params.accounts_at_once / len(accounts)))
    shares = tuple(
        Share(
            account.account,
            qty,
            "" if qty else "the caps leave nothing" if account.account in chosen else "it is not its turn",
            round_down(account.turns + fair - (ONE if account.account in chosen else ZERO)),
        )
        for account, qty in zip(accounts, given, strict=True)
    )
    return Allocation(shares, f"the turn of {len(chosen)} of {len(accounts)}, to these alike")
