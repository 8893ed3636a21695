"""What is said of the host, of halts and of locates becomes fact."""

from collections.abc import Callable

from coxswain.core.state import Deadlines, State
from coxswain.messages import events as ev
from coxswain.model.risk_view import Host


def _host_observed(state: State, clock: Deadlines, event: ev.HostObserved) -> None:
    state.host = Host(
        event.journal_healthy,
        event.disk_headroom,
        event.clock_in_bound,
        event.lease_epoch,
        event.valid_until_ns,
    )
    state.lease_epoch = max(state.lease_epoch, event.lease_epoch)


def _trading_halt_set(state: State, clock: Deadlines, event: ev.TradingHaltSet) -> None:
    if event.halted:
        state.halts[event.symbol] = event.reason
    else:
        state.halts.pop(event.symbol, None)


def _locate_set(state: State, clock: Deadlines, event: ev.LocateSet) -> None:
    state.accounts[event.account].locates[event.symbol] = event.qty


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.HostObserved: _host_observed,
    ev.TradingHaltSet: _trading_halt_set,
    ev.LocateSet: _locate_set,
}
