"""The steps that losses have reached become facts."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.state import State
from coxswain.messages import events as ev


def _ladder_step_reached(state: State, clock: Deadlines, event: ev.LadderStepReached) -> None:
    state.accounts[event.account].ladder[event.limit] = event.step


def _ladder_step_left(state: State, clock: Deadlines, event: ev.LadderStepLeft) -> None:
    ladder = state.accounts[event.account].ladder
    if event.step is None:
        ladder.pop(event.limit, None)
    else:
        ladder[event.limit] = event.step


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.LadderStepReached: _ladder_step_reached,
    ev.LadderStepLeft: _ladder_step_left,
}
