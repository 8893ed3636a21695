"""Positions, their protection and their exits become facts."""

from collections.abc import Callable

from coxswain.core.evolve.breakers import note_equity
from coxswain.core.state import (
    Deadlines,
    Exit,
    State,
)
from coxswain.core.sums import (
    compare_later,
    note_conversion,
    occupy,
    position_of,
    remark,
)
from coxswain.messages import events as ev


def _position_changed(state: State, clock: Deadlines, event: ev.PositionChanged) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    if account.balance is not None:
        account.balance = event.balance
    account.day_realized += event.realized - event.commission
    account.used_margin += event.margin - position.margin
    account.open_risk += event.risk - position.risk
    position.qty, position.cost = event.qty, event.cost
    position.margin, position.risk = event.margin, event.risk
    if event.closed:
        position.stop_px = position.target_px = position.levels_from = None
        position.leg_failed_ns.clear()
        position.gave_way = False
    if not event.qty:
        position.strategies.clear()
    holders = state.holders.setdefault(event.symbol, {})
    if position.qty:
        holders[event.account] = None
    else:
        holders.pop(event.account, None)
    note_conversion(state, account, position)
    remark(state, account, position)
    note_equity(state, account)
    occupy(account, position)
    compare_later(state, clock, event.account)


def _protection_levels_set(state: State, clock: Deadlines, event: ev.ProtectionLevelsSet) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    position.stop_px, position.target_px = event.stop_px, event.target_px
    position.leg_failed_ns.clear()
    position.levels_from = event.signal_id
    if position.leaving is not None and event.signal_id != position.leaving_for:
        position.leaving.former_target_px = event.target_px
    account.open_risk += event.risk - position.risk
    position.risk = event.risk


def _protection_failed(state: State, clock: Deadlines, event: ev.ProtectionFailed) -> None:
    if event.leg is not None:
        position_of(state.accounts[event.account], event.symbol).leg_failed_ns[event.leg] = state.now_ns


def _exit_started(state: State, clock: Deadlines, event: ev.ExitStarted) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    position.exit = Exit(event.signal_id, event.qty, position.qty > 0, actor=event.actor)
    position.gave_way = True


def _exit_ended(state: State, clock: Deadlines, event: ev.ExitEnded) -> None:
    position_of(state.accounts[event.account], event.symbol).exit = None


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.PositionChanged: _position_changed,
    ev.ProtectionLevelsSet: _protection_levels_set,
    ev.ProtectionFailed: _protection_failed,
    ev.ExitStarted: _exit_started,
    ev.ExitEnded: _exit_ended,
}
