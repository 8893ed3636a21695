"""Comparisons and breaks become facts."""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import order as machine
from coxswain.core.activity import raise_peak
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.breakers import note_equity
from coxswain.core.evolve.shared import enter_order
from coxswain.core.state import Account, Chosen, State, position_break
from coxswain.core.sums import (
    compare_later,
    forget,
    key,
    position_of,
    settle,
)
from coxswain.messages import events as ev
from coxswain.model.breaker import BreakerKind
from coxswain.model.cash import TRANSFERS
from coxswain.model.decimals import ZERO


def _comparison_asked(state: State, clock: Deadlines, event: ev.ComparisonAsked) -> None:
    account = state.accounts[event.account]
    account.asked_ns, account.asked_seq, account.asked_before = state.now_ns, state.seq, event.times
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
    account.chosen.pop(event.break_id, None)
    if event.ignored is not None:
        account.ignored[event.break_id] = event.ignored
    if found.symbol is not None:
        position = position_of(account, found.symbol)
        position.breaks -= 1
        if event.break_id == position_break(event.account, found.symbol):
            position.less_there = False


def _resolution_chosen(state: State, clock: Deadlines, event: ev.ResolutionChosen) -> None:
    state.accounts[event.account].chosen[event.break_id] = Chosen(
        event.resolution, event.difference, event.reason, event.actor, event.price
    )


def _resolution_refused(state: State, clock: Deadlines, event: ev.ResolutionRefused) -> None:
    account = state.accounts.get(event.account)
    chosen = None if account is None else account.chosen.get(event.break_id)
    if account is not None and chosen is not None and chosen.resolution is event.resolution:
        del account.chosen[event.break_id]


def _difference_gone(state: State, clock: Deadlines, event: ev.DifferenceGone) -> None:
    state.accounts[event.account].ignored.pop(event.break_id, None)


def _position_adopted(state: State, clock: Deadlines, event: ev.PositionAdopted) -> None:
    """Fills from before are settled with it: none of them is booked again."""
    position = position_of(state.accounts[event.account], event.symbol)
    position.recent.clear()
    position.base_qty, position.base_cost = event.qty, event.cost


def _balance_adjusted(state: State, clock: Deadlines, event: ev.BalanceAdjusted) -> None:
    account = state.accounts[event.account]
    account.balance = event.balance
    account.settled_ns = max(account.settled_ns, event.as_of_ns)
    if event.is_transfer:
        _measure_from(account, event.difference)
    else:
        account.day_realized += event.difference


def _cash_booked(state: State, clock: Deadlines, event: ev.CashBooked) -> None:
    account, movement = state.accounts[event.account], event.movement
    account.cash_ids[movement.cash_id] = None
    account.cash_ns = max(account.cash_ns, movement.transact_time_ns)
    account.balance = event.balance
    if movement.kind in TRANSFERS:
        _measure_from(account, movement.amount)
    else:
        account.day_realized += movement.amount
    note_equity(state, account)
    raise_peak(account)


def _cash_explained(state: State, clock: Deadlines, event: ev.CashExplained) -> None:
    state.accounts[event.account].cash_ids[event.movement.cash_id] = None


def _measure_from(account: Account, transferred: Decimal) -> None:
    """What came or went is neither won nor lost: all that losses are measured from moves with it."""
    account.day_balance += transferred
    account.anchor += transferred
    if account.initial_balance is not None:
        account.initial_balance += transferred
    account.peak += transferred
    account.day_peak += transferred
    window = account.windows.get(BreakerKind.LOSS)
    if window is not None:
        window.parts = [(number, worth + transferred) for number, worth in window.parts]


def _order_adopted(state: State, clock: Deadlines, event: ev.OrderAdopted) -> None:
    order = enter_order(state, event, enters=True, watched=False)
    machine.accept(order, event.venue_order_id)
    machine.hear_of(order, state.now_ns)
    settle(state, clock, state.accounts[event.intent.account], order, ZERO, ZERO)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.ComparisonAsked: _comparison_asked,
    ev.Reconciled: _reconciled,
    ev.BreakFound: _break_found,
    ev.BreakClosed: _break_closed,
    ev.ResolutionChosen: _resolution_chosen,
    ev.ResolutionRefused: _resolution_refused,
    ev.DifferenceGone: _difference_gone,
    ev.PositionAdopted: _position_adopted,
    ev.BalanceAdjusted: _balance_adjusted,
    ev.CashBooked: _cash_booked,
    ev.CashExplained: _cash_explained,
    ev.OrderAdopted: _order_adopted,
}
