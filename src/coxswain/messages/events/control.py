"""Stops, resumes and modes, and commands that could not be carried out."""

from coxswain.messages.events.base import EventBase
from coxswain.model.control import Scope, StopLevel
from coxswain.model.vocabulary import Mode, SignalId, Symbol


class TradingStopped(EventBase, frozen=True):
    """A stop stands until a person releases it."""

    level: StopLevel
    scope: Scope
    reason: str
    actor: str


class TradingResumed(EventBase, frozen=True):
    """Every stop of one scope ended. Other scopes' stops still count."""

    scope: Scope
    levels: tuple[StopLevel, ...]
    reason: str
    actor: str
    second_actor: str = ""


class ReleaseAsked(EventBase, frozen=True):
    """One person asked for a release that needs two: it comes about when another asks for it too."""

    scope: Scope
    reason: str
    actor: str


class FlatteningPlanned(EventBase, frozen=True):
    """What a flatten closes in one instrument is a plan of its own, under this signal's id."""

    scope: Scope
    symbol: Symbol
    signal_id: SignalId


class ModeChanged(EventBase, frozen=True):
    """The mode of everything or of one account changed: by a person, or lowered by a fault."""

    scope: Scope
    mode: Mode
    reason: str
    actor: str = "engine"


class CommandRefused(EventBase, frozen=True):
    """A person's command, or a part of it, could not be carried out: nothing came of that part."""

    command: str
    about: str
    """What it named: a plan, an order, a scope."""
    reasons: tuple[str, ...]
    actor: str


ControlEvent = TradingStopped | TradingResumed | ReleaseAsked | FlatteningPlanned | ModeChanged | CommandRefused
