"""Several instruments as one: the legs of a signal, and how long and how much of one may stand without the others."""

from decimal import Decimal

import msgspec

from coxswain.model.vocabulary import LeggingRule, Side, Symbol

LEGS_MIN = 2
LEGS_MAX = 4
UNHEDGED_S_MAX = 3_600


class Leg(msgspec.Struct, frozen=True, omit_defaults=True):
    """One instrument of a unit: `ratio` lots of it."""

    symbol: Symbol
    side: Side
    ratio: Decimal
    limit_price: Decimal | None = None
    """It stands there and waits; without it the leg crosses the market."""
    stop_loss: Decimal | None = None
    """Of this leg's position alone."""
    take_profit: Decimal | None = None


class SpreadLevel(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a spread as a whole is left; one of the two is given."""

    net_price: Decimal | None = None
    """Of a unit: each leg's ratio by its price, what is sold with a minus."""
    money: Decimal | None = None
    """Lost with a unit, for a stop, or won, for a target; in the account's currency."""


class SpreadLevels(msgspec.Struct, frozen=True, omit_defaults=True):
    """Stop and target of a spread as a whole."""

    stop: SpreadLevel | None = None
    target: SpreadLevel | None = None


def level_text(level: SpreadLevel) -> str:
    """Write a level for people."""
    if level.net_price is not None:
        return f"a net price of {level.net_price:f}"
    return "none" if level.money is None else f"{level.money:f} a unit"


class LeggingLimit(msgspec.Struct, frozen=True):
    """What may be filled of some legs without the others. Reaching either limit does what the rule says."""

    max_unhedged_value: Decimal
    """In the account's currency."""
    max_unhedged_s: int
    on_legging_limit: LeggingRule
