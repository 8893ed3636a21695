"""Positions, their protection and their exits become facts."""

from collections.abc import Callable

from coxswain.core.activity import raise_peak
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.breakers import note_equity
from coxswain.core.evolve.shared import order_of
from coxswain.core.evolve.spreads import keep_within, note_closed
from coxswain.core.exposure import count, keep_parts_within, settle_parts
from coxswain.core.order import InvariantViolation
from coxswain.core.position import Exit, Levels, Position, is_closing
from coxswain.core.state import State
from coxswain.core.sums import (
    compare_later,
    key,
    measure_to_stop,
    note_conversion,
    occupy,
    position_of,
    remark,
)
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import PROTECTING_STOP, PROTECTING_TARGET, AccountId, Role, Symbol


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
    position.less_there = False
    if not position.qty:
        position.surplus = ZERO
    if event.closed:
        position.former = _levels_of(position, was_long=was_long)
        position.stop_px = position.target_px = position.levels_from = position.trail = None
        position.trail_active = False
        _forget_refusals(clock, event.account, position)
        position.gave_way = False
    if event.closed:
        note_closed(account, position)
    elif position.spreads:
        keep_within(account, position)
    if not event.qty:
        position.strategies.clear()
    holders = state.holders.setdefault(event.symbol, {})
    if position.qty:
        holders[event.account] = None
        if position.parts:
            keep_parts_within(position)
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
    _forget_refusals(clock, event.account, position)
    position.levels_from = event.signal_id
    if position.leaving is not None and event.signal_id != position.leaving_for:
        position.leaving.former_target_px = event.target_px
    if event.trail != position.trail:
        position.trail, position.trail_active = event.trail, False
    account.open_risk += event.risk - position.risk
    position.risk = event.risk
    measure_to_stop(state, account, position)


def _stop_trailed(state: State, clock: Deadlines, event: ev.StopTrailed) -> None:
    account = state.accounts[event.account]
    position = position_of(account, event.symbol)
    position.stop_px, position.trail_active = event.stop_px, True
    account.open_risk += event.risk - position.risk
    position.risk = event.risk
    measure_to_stop(state, account, position)


def _order_trailed(state: State, clock: Deadlines, event: ev.OrderTrailed) -> None:
    order_of(state, event.account, event.cl_ord_id)[1].trail_active = True


def _surplus_found(state: State, clock: Deadlines, event: ev.SurplusFound) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    position.surplus += event.qty


def _protection_failed(state: State, clock: Deadlines, event: ev.ProtectionFailed) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    if event.leg is not None:
        position.leg_failed_ns[event.leg] = state.now_ns
    role = event.leg or event.changes
    if role is not None and event.tries:
        position.leg_tries[role] = event.tries
    if role is not None and event.again_ns is not None:
        clock.set(_deadline_of_leg(event.account, event.symbol, role), event.again_ns)


def _less_at_venue(state: State, clock: Deadlines, event: ev.LessAtVenue) -> None:
    position_of(state.accounts[event.account], event.symbol).less_there = True


def _protection_tried_again(state: State, clock: Deadlines, event: ev.ProtectionTriedAgain) -> None:
    clock.clear(_deadline_of_leg(event.account, event.symbol, event.leg))


def _deadline_of_leg(account_id: AccountId, symbol: Symbol, role: Role) -> str:
    return key("protect", account_id, f"{symbol}|{role}")


def _forget_refusals(clock: Deadlines, account_id: AccountId, position: Position) -> None:
    """Other levels, or none, are another wish: nothing of it was refused yet."""
    position.leg_failed_ns.clear()
    position.leg_tries.clear()
    for role in (PROTECTING_STOP, PROTECTING_TARGET):
        clock.clear(_deadline_of_leg(account_id, position.symbol, role))


def _exit_started(state: State, clock: Deadlines, event: ev.ExitStarted) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    position.exit = Exit(event.signal_id, event.qty, position.qty > 0, actor=event.actor, limit_px=event.limit_px)
    position.gave_way = True
    position.surplus = ZERO
    if event.reason:
        position.triggers += 1
        position.triggered_ns = state.now_ns


def _exit_refused(state: State, clock: Deadlines, event: ev.ExitRefused) -> None:
    exit_ = position_of(state.accounts[event.account], event.symbol).exit
    if exit_ is None:
        raise InvariantViolation(f"no exit of {event.symbol} on {event.account} is under way")
    exit_.order_id, exit_.tries = None, event.tries
    clock.set(key("exit", event.account, event.symbol), event.again_ns)


def _exit_tried_again(state: State, clock: Deadlines, event: ev.ExitTriedAgain) -> None:
    clock.clear(key("exit", event.account, event.symbol))


def _exit_ended(state: State, clock: Deadlines, event: ev.ExitEnded) -> None:
    position = position_of(state.accounts[event.account], event.symbol)
    if is_closing(position):
        position.exited_ns = state.now_ns
    position.exit = None
    clock.clear(key("exit", event.account, event.symbol))


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.PositionChanged: _position_changed,
    ev.ProtectionLevelsSet: _protection_levels_set,
    ev.StopTrailed: _stop_trailed,
    ev.OrderTrailed: _order_trailed,
    ev.SurplusFound: _surplus_found,
    ev.ProtectionFailed: _protection_failed,
    ev.LessAtVenue: _less_at_venue,
    ev.ProtectionTriedAgain: _protection_tried_again,
    ev.ExitStarted: _exit_started,
    ev.ExitRefused: _exit_refused,
    ev.ExitTriedAgain: _exit_tried_again,
    ev.ExitEnded: _exit_ended,
}
