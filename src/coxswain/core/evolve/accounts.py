"""An account's restrictions, day and balance become facts."""

from collections.abc import Callable

from coxswain.core.activity import forget, raise_peak
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve.shared import look_at_kept_back
from coxswain.core.order import InvariantViolation
from coxswain.core.scopes import CAUSES
from coxswain.core.state import State, strictest
from coxswain.messages import events as ev
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    TradingState,
)

HALTING = ("NOT_CONFIGURED", "NOT_CONFIRMED", "CORE_FAILURE", "EGRESS", "LEASE")
"""Causes of our own under which nothing may leave; what a stop lets out is its level's to say."""


def _account_state_changed(state: State, clock: Deadlines, event: ev.AccountStateChanged) -> None:
    account = state.accounts[event.account]
    if event.active:
        account.causes[event.cause] = state_under(event.cause)
    else:
        account.causes.pop(event.cause, None)
        forget(account, event.cause)
    account.state = strictest(account.causes.values())
    if event.cause == "UNRECONCILED":
        account.reconciled = not event.active
    if event.cause == "LIMIT_LOWERED" and event.active:
        state.limits.lowered[event.account] = None
    elif event.cause == "LIMIT_LOWERED":
        state.limits.lowered.pop(event.account, None)
    if account.state is TradingState.ACTIVE:
        look_at_kept_back(state, clock, account)
    if account.state is not event.state:
        raise InvariantViolation(f"state {account.state} of {event.account} does not agree with {event}")


def state_under(cause: str) -> TradingState:
    if cause in HALTING:
        return TradingState.HALTED
    return CAUSES.get(cause, TradingState.REDUCING)


def _day_started(state: State, clock: Deadlines, event: ev.DayStarted) -> None:
    account = state.accounts[event.account]
    account.day, account.day_balance, account.anchor = event.day, event.balance, event.anchor
    account.day_realized = ZERO
    if account.params.circuit_breaker_max_drawdown_pct:
        account.day_peak = event.equity
    account.locates.clear()
    account.day_orders = 0


def _balance_adopted(state: State, clock: Deadlines, event: ev.BalanceAdopted) -> None:
    account = state.accounts[event.account]
    account.balance, account.reconciled_ns = event.balance, event.as_of_ns
    account.cash_ids |= dict.fromkeys(event.cash_ids)
    if account.initial_balance is None:
        account.initial_balance = event.balance
    raise_peak(account)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.AccountStateChanged: _account_state_changed,
    ev.DayStarted: _day_started,
    ev.BalanceAdopted: _balance_adopted,
}
