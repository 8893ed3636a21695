"""Positions, their protection and their exits become facts."""

from collections.abc import Callable

from coxswain.core.activity import raise_peak
from coxswain.core.evolve.breakers import note_equity
from coxswain.core.evolve.shared import order_of
from coxswain.core.evolve.spreads import note_closed
from coxswain.core.exposure import count, settle_parts
from coxswain.core.state import (
    Deadlines,
    Exit,
    Levels,
    Position,
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
from coxswain.model.decimals import ZERO


def _position_changed(state: State, clock: Deadlines, event: ev.PositionChanged) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    if account.balance is not None:
        account.balance = event.balance
    account.day_realized += event.realized - event.commission
    account.used_margin += event.margin - position.margin
    account.open_risk += event.risk - position.risk
    was_long = position.qty > 0
    position.qty, position.cost = event.qty, event.cost
    position.margin, position.risk = event.margin, event.risk
    position.triggers = 0
    if not position.qty:
        position.surplus = ZERO
    if event.closed:
        position.former = _levels_of(position, was_long=was_long)
        position.stop_px = position.target_px = position.levels_from = position.trail = None
        position.trail_active = False
        position.leg_failed_ns.clear()
        position.gave_way = False
    if event.closed:
        note_closed(account, position)
    if not event.qty:
        position.strategies.clear()
    holders = state.holders.setdefault(event.symbol, {})
    if position.qty:
        holders[event.account] = None
    else:
        holders.pop(event.account, None)
        settle_parts(position)
    note_conversion(state, account, position)
    remark(state, account, position)
    note_equity(state, account)
    count(state, account, position)
    raise_peak(account)
    occupy(account, position)
    compare_later(state, clock, event.account)


def _levels_of(position: Position, *, was_long: bool) -> Levels | None:
    if position.stop_px is None and position.target_px is None:
        return None
    return Levels(was_long, position.stop_px, position.target_px, position.levels_from, position.trail)


def _protection_levels_set(state: State, clock: Deadlines, event: ev.ProtectionLevelsSet) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    position.stop_px, position.target_px = event.stop_px, event.target_px
    position.leg_failed_ns.clear()
    position.levels_from = event.signal_id
    if position.leaving is not None and event.signal_id != position.leaving_for:
        position.leaving.former_target_px = event.target_px
    if event.trail != position.trail:
        position.trail, position.trail_active = event.trail, False
    account.open_risk += event.risk - position.risk
    position.risk = event.risk


def _stop_trailed(state: State, clock: Deadlines, event: ev.StopTrailed) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    position.stop_px, position.trail_active = event.stop_px, True
    account.open_risk += event.risk - position.risk
    position.risk = event.risk


def _order_trailed(state: State, clock: Deadlines, event: ev.OrderTrailed) -> None:
    order_of(state, event.account, event.cl_ord_id)[1].trail_active = True


def _surplus_found(state: State, clock: Deadlines, event: ev.SurplusFound) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    position.surplus += event.qty


def _protection_failed(state: State, clock: Deadlines, event: ev.ProtectionFailed) -> None:
    if event.leg is not None:
        position_of(state.accounts[event.account], event.symbol).leg_failed_ns[event.leg] = state.now_ns


def _exit_started(state: State, clock: Deadlines, event: ev.ExitStarted) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    position.exit = Exit(event.signal_id, event.qty, position.qty > 0, actor=event.actor, limit_px=event.limit_px)
    position.gave_way = True
    position.surplus = ZERO
    if event.reason:
        position.triggers += 1
        position.triggered_ns = state.now_ns


def _exit_ended(state: State, clock: Deadlines, event: ev.ExitEnded) -> None:
    position_of(state.accounts[event.account], event.symbol).exit = None


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.PositionChanged: _position_changed,
    ev.ProtectionLevelsSet: _protection_levels_set,
    ev.StopTrailed: _stop_trailed,
    ev.OrderTrailed: _order_trailed,
    ev.SurplusFound: _surplus_found,
    ev.ProtectionFailed: _protection_failed,
    ev.ExitStarted: _exit_started,
    ev.ExitEnded: _exit_ended,
}
