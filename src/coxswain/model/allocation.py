"""What an allocation policy is given and what it answers. Amounts of money are in the instrument's currency."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ONE, ZERO
from coxswain.model.vocabulary import AccountId


class GroupCap(msgspec.Struct, frozen=True):
    """What some accounts may take of one plan together."""

    name: str
    lots: Decimal
    accounts: frozenset[AccountId]


class Parent(msgspec.Struct, frozen=True):
    """The whole that is to be split, in lots; `order_qty` None means as much as the accounts will take."""

    order_qty: Decimal | None
    lot_step: Decimal
    min_qty: Decimal = ZERO
    caps: tuple[GroupCap, ...] = ()
    counts: str = "lots"
    """What a quantity of it is called: of a spread, units."""


class Candidate(msgspec.Struct, frozen=True):
    """An eligible account: the most it will take, and what the policy may weigh it by."""

    account: AccountId
    own_qty: Decimal
    """Its own size, unrounded: no policy gives it more."""
    risk_budget: Decimal
    equity: Decimal = ONE
    available_margin: Decimal = ONE
    headroom: Decimal = ONE
    """What it may still lose before its first loss limit breaks."""
    book_lots: Decimal = ZERO
    """What it holds of the instrument already, in lots; negative against the side of the parent."""
    turns: Decimal = ZERO
    """How far behind its fair number of turns it is."""
    draw: int = 0
    """Decides between equals; drawn afresh for each signal."""


class Share(msgspec.Struct, frozen=True):
    account: AccountId
    qty: Decimal
    """Unrounded; size variation comes before rounding."""
    why: str = ""
    """Why it was left out, where it was."""
    turns: Decimal | None = None
    """How far behind its fair number of turns it is after this plan; None leaves it as it was."""


class Allocation(msgspec.Struct, frozen=True):
    """Every candidate once, in the order given; the sum never exceeds the parent."""

    shares: tuple[Share, ...]
    rationale: str
    in_lots: bool = False
    """The shares are whole lots that were weighed against one another: rounding moves none of them."""
