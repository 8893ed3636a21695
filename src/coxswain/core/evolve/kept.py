"""Commands that wait for a start become facts: kept, due, and over."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.state import KeptCommand, KeptSince, State
from coxswain.core.sums import key
from coxswain.messages import events as ev

Over = ev.CommandCarriedOut | ev.CommandWithdrawn | ev.CommandLapsed


def _command_kept(state: State, clock: Deadlines, event: ev.CommandKept) -> None:
    state.kept[event.command_id] = KeptCommand(event.command, state.now_ns, event.utc_ns, event.until_ns)


def _kept_commands_due(state: State, clock: Deadlines, event: ev.KeptCommandsDue) -> None:
    state.kept_since = KeptSince(state.now_ns, event.utc_ahead_ns)
    for command_id in state.kept:
        clock.set(key("kept", "", command_id), event.by_ns)


def _command_over(state: State, clock: Deadlines, event: Over) -> None:
    del state.kept[event.command_id]
    clock.clear(key("kept", "", event.command_id))


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.CommandKept: _command_kept,
    ev.KeptCommandsDue: _kept_commands_due,
    ev.CommandCarriedOut: _command_over,
    ev.CommandWithdrawn: _command_over,
    ev.CommandLapsed: _command_over,
}
