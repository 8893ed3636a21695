"""The plan of one signal: who takes how much, when, and why not."""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.spread import Leg
from coxswain.model.vocabulary import AccountId, Side, SignalId, SignalKind, Symbol, Verdict


class Factor(msgspec.Struct, frozen=True):
    """One thing that scaled an account's size down: the size was multiplied by `value`."""

    name: str
    value: Decimal


class LegShare(msgspec.Struct, frozen=True):
    """One leg of an account's share of a spread, worst case. Money is in the account's currency."""

    symbol: Symbol
    qty: Decimal
    """Lots."""
    risk: Decimal
    margin: Decimal


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One account's share of a plan, or the checks that kept it out."""

    account: AccountId
    verdict: Verdict
    checks: tuple[Check, ...]
    qty: Decimal = ZERO
    """Lots."""
    delay_ms: int = 0
    """From the plan to the release, all of it planned."""
    priority: int = 0
    """1 is released first; 0 is not released."""
    timing_variance_ms: int = 0
    size_variance_pct: Decimal = ZERO
    correlation: Decimal | None = None
    """The highest with any account released earlier."""
    correlation_delay_ms: int = 0
    correlation_reduction_pct: Decimal = ZERO
    sizing: str = ""
    """What set the size: the limit that was the tightest."""
    risk: Decimal = ZERO
    """Account currency, lost if all of it went from its price to its stop, gap allowed for."""
    factors: tuple[Factor, ...] = ()
    """What scaled the size that risk allows; what is not here left it alone."""
    credit: Decimal | None = None
    """Lots that rounding owes it after this plan, negative if it got more; None leaves what was owed before."""
    turns: Decimal | None = None
    """How far behind its fair number of turns it is after this plan, under a policy that takes turns."""
    legs: tuple[LegShare, ...] = ()
    """Of a spread, whose `qty` counts units."""
    margin: Decimal = ZERO
    """Of a leg of a spread: held from the plan's approval, in the account's currency."""


class Breaches(msgspec.Struct, frozen=True, omit_defaults=True):
    """Loss limits that the accounts of a plan break within a day, by the model that `core/breaches` states."""

    expected: Decimal
    """How many accounts."""
    at_least_one: Decimal
    """A probability, as the next."""
    all_together: Decimal
    volatility_pct: Decimal
    """A day's, of the plan's instrument."""
    observed: bool = False
    """False: nothing was observed, and the volatility is an assumption."""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    signal_id: SignalId
    kind: SignalKind
    symbol: Symbol
    assignments: tuple[Assignment, ...]
    rationale: str
    side: Side | None = None
    decision_px: Decimal | None = None
    warnings: tuple[str, ...] = ()
    breaches: Breaches | None = None
    """Of an entry that somebody takes part in."""
    stop_loss: Decimal | None = None
    """Where a trailing stop begins, for a signal that names no other."""
    legs: tuple[Leg, ...] = ()
    """Of a spread: shares count units of them."""
