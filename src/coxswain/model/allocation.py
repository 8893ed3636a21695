"""What an allocation policy is given and what it answers."""

from decimal import Decimal

import msgspec

from coxswain.model.vocabulary import AccountId


class Parent(msgspec.Struct, frozen=True):
    """The whole that is to be split, in lots; `order_qty` None means as much as the accounts will take."""

    order_qty: Decimal | None
    lot_step: Decimal


class Candidate(msgspec.Struct, frozen=True):
    """An eligible account: the most it will take, and the weight that the policy may use."""

    account: AccountId
    own_qty: Decimal
    """Its own size, unrounded: no policy gives it more."""
    risk_budget: Decimal
    """Account currency."""


class Share(msgspec.Struct, frozen=True):
    account: AccountId
    qty: Decimal
    """Unrounded; size variation comes before rounding."""


class Allocation(msgspec.Struct, frozen=True):
    """Every candidate once, in the order given; the sum never exceeds the parent."""

    shares: tuple[Share, ...]
    rationale: str
