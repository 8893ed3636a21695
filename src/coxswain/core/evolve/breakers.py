"""What breakers measure, and how they stand, become facts."""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core import windows
from coxswain.core.deadlines import Deadlines
from coxswain.core.params import seconds_ns
from coxswain.core.state import Account, Breaker, State, equity
from coxswain.core.sums import key
from coxswain.core.windows import Window
from coxswain.messages import events as ev
from coxswain.model.breaker import BreakerKind, BreakerState

LOSS = BreakerKind.LOSS


def note_equity(state: State, account: Account) -> None:
    """Follow the highest equity of the last while and of the day, where a breaker asks for it."""
    if account.balance is None:
        return
    worth, params = equity(account), account.params
    if params.circuit_breaker_max_loss_pct:
        window = account.windows.get(LOSS)
        if window is None:
            window = account.windows[LOSS] = Window()
        windows.raise_to(window, state.now_ns, seconds_ns(params.circuit_breaker_window_s), worth)
    if params.circuit_breaker_max_drawdown_pct and worth > account.day_peak:
        account.day_peak = worth


def count(state: State, account: Account, kind: BreakerKind, value: Decimal) -> None:
    """Count something in that a breaker watches."""
    window = account.windows.setdefault(kind, Window())
    windows.add(window, state.now_ns, seconds_ns(account.params.circuit_breaker_window_s), value)


def _breaker_changed(state: State, clock: Deadlines, event: ev.BreakerChanged) -> None:
    account, deadline = state.accounts[event.account], key("breaker", event.account, event.breaker)
    before = account.breakers.get(event.breaker)
    was_open = before is not None and before.state is BreakerState.OPEN
    state.open_breakers += (event.state is BreakerState.OPEN) - was_open
    clock.clear(deadline)
    if event.state is BreakerState.CLOSED:
        del account.breakers[event.breaker]
        return
    account.breakers[event.breaker] = Breaker(event.state, event.until_ns)
    if event.until_ns is not None:
        clock.set(deadline, event.until_ns)
    if event.state is BreakerState.HALF_OPEN:  # it is measured anew from here
        account.windows.pop(event.breaker, None)
        if event.breaker is BreakerKind.DRAWDOWN:
            account.day_peak = equity(account)


def _breaker_tried(state: State, clock: Deadlines, event: ev.BreakerTried) -> None:
    state.accounts[event.account].breakers[event.breaker].trial = event.cl_ord_id


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.BreakerChanged: _breaker_changed,
    ev.BreakerTried: _breaker_tried,
}
