"""What was skipped becomes fact."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.state import Skipped, State
from coxswain.messages import events as ev


def _input_skipped(state: State, clock: Deadlines, event: ev.InputSkipped) -> None:
    if event.deadline:  # time that passes is the same input each time: of it, only one deadline is given up
        clock.clear(event.deadline)
    else:
        state.skipped[event.hash] = Skipped(event.seq, event.what, event.about)


def _input_passed_over(state: State, clock: Deadlines, event: ev.InputPassedOver) -> None:
    """It is as if it had not come."""


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.InputSkipped: _input_skipped,
    ev.InputPassedOver: _input_passed_over,
}
