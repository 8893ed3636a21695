"""What accounts have of a plan: their shares, of them those that algorithms work, and spreads. Data only.

`evolve` alone writes it.
"""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.plan import Plan
from coxswain.model.spread import SpreadLevels
from coxswain.model.vocabulary import AccountId, ClOrdId, LeggingRule, Side, SignalId, Symbol


class Parent(msgspec.Struct):
    """A parent order that an algorithm works: an account's share of an entry, or the exit from a position."""

    side: Side
    """Of its children."""
    order_qty: Decimal
    started_ns: int
    ends_ns: int
    arrival_px: Decimal | None = None
    arrival_volume: Decimal | None = None
    exits: bool = False
    cum_qty: Decimal = ZERO
    child: ClOrdId | None = None
    """Of an entry: the one that is open."""
    has_sent: bool = False
    """Of an entry: there was a child already."""
    price: Decimal | None = None
    """Where it stands; None where it crosses."""
    former_target_px: Decimal | None = None
    """Of an exit: the position's own target, while the exit stands in its place."""
    wake_ns: int = 0
    refusals: int = 0
    """Children in a row that were denied or rejected."""
    actor: str = ""
    """The person who asked for an exit; empty where a signal did."""


class SpreadLeg(msgspec.Struct):
    """One leg of an account's share of a spread."""

    signal_id: SignalId
    """Of its own share."""
    symbol: Symbol
    side: Side
    ratio: Decimal
    qty: Decimal
    cum_qty: Decimal = ZERO
    closed_qty: Decimal = ZERO
    """Of that, closed again: unwound, left, or gone with the position."""
    notional: Decimal = ZERO
    """Of what it filled: price by quantity."""


class Leaving(msgspec.Struct, frozen=True):
    """Units of a spread on their way out."""

    exit_id: SignalId
    keep: Decimal
    """Whole units that stay."""
    lead: SignalId
    """The share of the leg that is closed first."""
    reason: str
    actor: str = ""


class Spread(msgspec.Struct):
    """An account's share of a spread that was started."""

    units: Decimal
    legs: list[SpreadLeg]
    """In the order in which they are worked."""
    started_ns: int
    ends_ns: int
    unhedged_value: Decimal = ZERO
    since_ns: int | None = None
    """Since when something is unhedged."""
    wake_ns: int = 0
    note: str = ""
    decided: LeggingRule | None = None
    """A legging limit was reached."""
    decided_ns: int = 0
    stopped: str = ""
    """Why it was called back."""
    tries: int = 0
    """Orders sent or denied since it was decided about."""
    over: bool = False
    leaving: Leaving | None = None
    unwatched: str = ""
    """Why its own stop and target cannot be watched now."""
    reached_ns: int = 0
    """When one of them was last reached, or what it began ended."""
    moved: SpreadLevels | None = None
    """Its stop and target, once somebody moved them; until then they are the signal's."""


class Share(msgspec.Struct):
    """One account's part of a released plan."""

    qty: Decimal
    used: Decimal = ZERO
    """Filled, working and unknown, worst case: never above `qty`."""
    planned_risk: Decimal = ZERO
    """Held until it is released or withdrawn."""
    released: bool = False
    attempts: int = 0
    waiting_qty: Decimal = ZERO
    """For the next completion order."""
    recovery: bool = False
    over: bool = False
    """Withdrawn or given up: no completion order follows."""
    parent: Parent | None = None
    """While an algorithm sends it."""
    sliced: bool = False
    """An algorithm sends it in parts: nothing is completed or moved to another account."""
    begun: bool = False
    """Something that an algorithm sent of it was filled."""
    risk_per_lot: Decimal = ZERO
    """Of what an algorithm has not sent yet."""
    due_ns: int = 0
    """Of an order that follows another: when its turn came."""
    planned_margin: Decimal = ZERO
    """Of a leg of a spread, from the plan's approval, as far as no order holds it yet."""
    margin_per_lot: Decimal = ZERO


class PlanState(msgspec.Struct):
    plan: Plan
    shares: dict[AccountId, Share] = {}
    total: Decimal = ZERO
    used: Decimal = ZERO
    asking: dict[AccountId, None] = {}
    """Accounts whose share waits for a person."""
    recovered: dict[ClOrdId, None] = {}
    """Rejected orders whose rest was moved, or could not be."""
