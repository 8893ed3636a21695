"""What an operator may ask of the whole: how far to stop, and of what. Words only; what they do stands in the core."""

import msgspec

from coxswain.model.vocabulary import Mode, TradingState, Word


class StopLevel(Word):
    """How far trading is stopped. A later one is not always stricter: see `STATE_UNDER`."""

    PAUSE = "PAUSE"
    """Nothing new enters; working orders stay."""
    HALT = "HALT"
    """Nothing new enters, and what enters is cancelled; protection stays."""
    FREEZE = "FREEZE"
    """Nothing leaves but cancels, and what a person sends to reduce; working orders stay."""
    FLATTEN = "FLATTEN"
    """Everything is cancelled and every position is closed."""


STATE_UNDER = {
    StopLevel.PAUSE: TradingState.REDUCING,
    StopLevel.HALT: TradingState.REDUCING,
    StopLevel.FREEZE: TradingState.HALTED,
    StopLevel.FLATTEN: TradingState.REDUCING,
}
CALLS_BACK = (StopLevel.HALT, StopLevel.FLATTEN)
"""Levels that cancel entry orders and withdraw what waits for its release."""


class ScopeKind(Word):
    EVERYTHING = "EVERYTHING"
    VENUE = "VENUE"
    ACCOUNT = "ACCOUNT"
    STRATEGY = "STRATEGY"
    INSTRUMENT = "INSTRUMENT"
    ORDER = "ORDER"
    """One order: it is cancelled, and nothing is stopped."""


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a command is about. `id` names it; it is empty for everything."""

    kind: ScopeKind
    id: str = ""


EVERYTHING = Scope(ScopeKind.EVERYTHING)


def key_of(scope: Scope) -> str:
    """Name a scope, so that it is found by one look-up."""
    return f"{scope.kind}:{scope.id}"


def name_of(scope: Scope) -> str:
    """Name a scope for people: `account alder`, `everything`."""
    return f"{scope.kind.lower()} {scope.id}".strip()


STRICTNESS_OF_MODES = {
    Mode.FULL_AUTO: 0,
    Mode.SEMI_AUTO: 1,
    Mode.MANUAL: 2,
    Mode.EMERGENCY: 3,
    Mode.RESEARCH: 4,
}


def stricter_mode(one: Mode, other: Mode) -> Mode:
    """Return the mode that lets less out."""
    return one if STRICTNESS_OF_MODES[one] >= STRICTNESS_OF_MODES[other] else other
