"""Parent orders that an algorithm works become facts, and the deadline at which it is asked again."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.shared import share_for, stop_waiting
from coxswain.core.order import InvariantViolation
from coxswain.core.shares import Parent
from coxswain.core.state import State, parent_of
from coxswain.core.sums import key, plan_risk, position_of
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO, round_up


def _algo_started(state: State, clock: Deadlines, event: ev.AlgoStarted) -> None:
    parent = Parent(
        event.side,
        event.order_qty,
        state.now_ns,
        event.ends_ns,
        event.arrival_px,
        event.arrival_volume,
        event.exits,
        actor=event.actor,
    )
    if event.exits:
        position = position_of(state.accounts[event.account], event.symbol)
        parent.former_target_px = position.target_px
        position.leaving, position.leaving_for = parent, event.signal_id
    else:
        share = share_for(state, event.signal_id, event.account)
        share.parent, share.sliced, share.released = parent, True, True
        share.risk_per_lot = round_up(share.planned_risk / share.qty) if share.qty else ZERO
        plan_risk(state, share, event.account)
        clock.clear(key("release", event.account, event.signal_id))
    clock.set(key("algo", event.account, event.signal_id), state.now_ns)


def _algo_asked(state: State, clock: Deadlines, event: ev.AlgoAsked) -> None:
    parent = parent_of(state, event.account, event.signal_id)
    if parent is None:
        raise InvariantViolation(f"{event.account} works no order of {event.signal_id}")
    parent.wake_ns, parent.price = event.wake_ns, event.price
    clock.set(key("algo", event.account, event.signal_id), event.wake_ns)


def _algo_ended(state: State, clock: Deadlines, event: ev.AlgoEnded) -> None:
    clock.clear(key("algo", event.account, event.signal_id))
    position = position_of(state.accounts[event.account], event.symbol)
    if position.leaving_for == event.signal_id:
        position.leaving = position.leaving_for = None
        return
    share = share_for(state, event.signal_id, event.account)
    share.parent, share.over = None, True
    stop_waiting(state, clock, event.signal_id, event.account)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.AlgoStarted: _algo_started,
    ev.AlgoAsked: _algo_asked,
    ev.AlgoEnded: _algo_ended,
}
