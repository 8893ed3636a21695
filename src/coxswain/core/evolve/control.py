"""Stops, modes and what waits for a person become facts."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.shared import look_at_kept_back, nothing
from coxswain.core.state import State, Stop
from coxswain.messages import events as ev
from coxswain.model.control import key_of

ENGINE = "engine"
"""The actor of what nobody asked for."""


def _trading_stopped(state: State, clock: Deadlines, event: ev.TradingStopped) -> None:
    levels = state.stops.setdefault(key_of(event.scope), {})
    levels[event.level] = Stop(event.reason, event.actor, state.now_ns)
    state.release_asked.pop(key_of(event.scope), None)


def _trading_resumed(state: State, clock: Deadlines, event: ev.TradingResumed) -> None:
    scope = key_of(event.scope)
    state.stops.pop(scope, None)
    state.flattening.pop(scope, None)
    state.release_asked.pop(scope, None)
    _look_at_all_kept_back(state, clock)


def _release_asked(state: State, clock: Deadlines, event: ev.ReleaseAsked) -> None:
    state.release_asked[key_of(event.scope)] = event.actor


def _flattening_planned(state: State, clock: Deadlines, event: ev.FlatteningPlanned) -> None:
    state.flattening.setdefault(key_of(event.scope), {})[event.symbol] = event.signal_id


def _mode_changed(state: State, clock: Deadlines, event: ev.ModeChanged) -> None:
    scope = key_of(event.scope)
    state.modes[scope] = event.mode
    state.lowered.pop(scope, None)
    if event.actor == ENGINE:
        state.lowered[scope] = None
    _look_at_all_kept_back(state, clock)


def _look_at_all_kept_back(state: State, clock: Deadlines) -> None:
    for account in state.accounts.values():
        look_at_kept_back(state, clock, account)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.TradingStopped: _trading_stopped,
    ev.TradingResumed: _trading_resumed,
    ev.ReleaseAsked: _release_asked,
    ev.FlatteningPlanned: _flattening_planned,
    ev.ModeChanged: _mode_changed,
    ev.CommandRefused: nothing,
}
