"""From shares to lots: largest remainder first, with what rounding owed an account before counted in.

A remainder that is not given stays owed as credit, never more than one smallest step, so that no account is favoured
for ever. No rule online can keep the sum of all past errors within one step for every sequence of shares; what is owed
beyond a step is forgiven.
"""

import heapq
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from coxswain.model.allocation import GroupCap
from coxswain.model.decimals import ZERO, floor_step, plain, round_down
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import AccountId


class Claim(msgspec.Struct, frozen=True):
    """What one account is to get, before rounding."""

    share: Decimal
    most: Decimal
    """Its own size: no rounding gives it more."""
    credit: Decimal
    draw: int
    """Decides between equals."""


def to_lots(
    claims: Mapping[AccountId, Claim], whole: Decimal, instrument: Instrument, caps: tuple[GroupCap, ...]
) -> dict[AccountId, Decimal]:
    """Give each account its share rounded down, and the steps that are left to those who are owed most.

    The sum is the largest multiple of the step within `whole` that sizes, caps and the smallest order allow. A share
    below the smallest order is given up to the others, or made one where its account is owed most.
    """
    step, least = instrument.lot_step, instrument.min_qty
    given = {account: floor_step(claim.share, step) for account, claim in claims.items()}
    given = {account: qty if qty >= least else ZERO for account, qty in given.items()}
    left = floor_step(whole, step) - sum(given.values(), ZERO)
    rooms = [cap.lots - sum((given[a] for a in given if a in cap.accounts), ZERO) for cap in caps]
    queue = [
        (given[account] - claim.share - claim.credit, claim.draw, account)
        for account, claim in claims.items()
        if claim.share > 0
    ]
    heapq.heapify(queue)
    while queue and left >= step:
        ahead, draw, account = heapq.heappop(queue)
        more = step if given[account] else least
        mine = [index for index, cap in enumerate(caps) if account in cap.accounts]
        fits = more <= left and given[account] + more <= claims[account].most
        if not fits or any(rooms[index] < more for index in mine):
            continue
        given[account] = plain(given[account] + more)
        left -= more
        for index in mine:
            rooms[index] -= more
        heapq.heappush(queue, (ahead + more, draw, account))
    return given


def credits_after(
    claims: Mapping[AccountId, Claim], given: Mapping[AccountId, Decimal], instrument: Instrument
) -> dict[AccountId, Decimal]:
    """Return what each account is owed now: its part of what was given out, less what it got, and what was before."""
    bound = max(instrument.lot_step, instrument.min_qty)
    total, shared = sum(given.values(), ZERO), sum((claim.share for claim in claims.values()), ZERO)
    if not shared:
        return {}
    owed = {
        account: round_down(claim.share * total / shared - given[account] + claim.credit)
        for account, claim in claims.items()
    }
    return {account: max(min(lots, bound), -bound) for account, lots in owed.items()}
