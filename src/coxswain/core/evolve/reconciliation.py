"""Comparisons and breaks become facts."""

from collections.abc import Callable

from coxswain.core.state import (
    Deadlines,
    State,
)
from coxswain.core.sums import (
    compare_later,
    forget,
    key,
    position_of,
)
from coxswain.messages import events as ev


def _comparison_asked(state: State, clock: Deadlines, event: ev.ComparisonAsked) -> None:
    state.accounts[event.account].asked_ns = state.now_ns
    clock.set(key("sync", event.account), event.answer_by_ns)


def _reconciled(state: State, clock: Deadlines, event: ev.Reconciled) -> None:
    account = state.accounts[event.account]
    account.reconciled_ns = event.as_of_ns
    for position in account.positions.values():
        settled = sum(1 for fill in position.recent if fill.transact_time_ns < event.as_of_ns)
        if settled:
            forget(state, position, settled)
    clock.clear(key("sync", event.account))
    if account.open_orders or account.open_positions:
        compare_later(state, clock, event.account)


def _break_found(state: State, clock: Deadlines, event: ev.BreakFound) -> None:
    account = state.accounts[event.account]
    account.breaks[event.break_id] = event
    compare_later(state, clock, event.account)
    if event.symbol is not None:
        position_of(account, event.symbol).breaks += 1


def _break_closed(state: State, clock: Deadlines, event: ev.BreakClosed) -> None:
    account = state.accounts[event.account]
    found = account.breaks.pop(event.break_id)
    if found.symbol is not None:
        position_of(account, found.symbol).breaks -= 1


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.ComparisonAsked: _comparison_asked,
    ev.Reconciled: _reconciled,
    ev.BreakFound: _break_found,
    ev.BreakClosed: _break_closed,
}
