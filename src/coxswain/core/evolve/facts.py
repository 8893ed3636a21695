"""What is said of the host, of halts and of locates becomes fact."""

from collections.abc import Callable

from coxswain.core.deadlines import Deadlines
from coxswain.core.state import Paced, Reference, State, share_of
from coxswain.core.sums import key, position_of
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


def _lease_lost(state: State, clock: Deadlines, event: ev.LeaseLost) -> None:
    for account_id in event.accounts:
        state.accounts[account_id].newest_epoch = event.epoch


def _lease_adopted(state: State, clock: Deadlines, event: ev.LeaseAdopted) -> None:
    """What follows is said by the accounts' own events."""


def _command_noted(state: State, clock: Deadlines, event: ev.CommandNoted) -> None:
    state.noted_commands[event.line_id] = None


def _trading_halt_set(state: State, clock: Deadlines, event: ev.TradingHaltSet) -> None:
    if event.halted:
        state.halts[event.symbol] = event.reason
    else:
        state.halts.pop(event.symbol, None)


def _locate_set(state: State, clock: Deadlines, event: ev.LocateSet) -> None:
    state.accounts[event.account].locates[event.symbol] = event.qty


def _reference_price_set(state: State, clock: Deadlines, event: ev.ReferencePriceSet) -> None:
    state.references[event.symbol] = Reference(event.price, event.day)


def _order_paced(state: State, clock: Deadlines, event: ev.OrderPaced) -> None:
    intent = event.intent
    account = state.accounts[intent.account]
    account.paced[intent.signal_id] = Paced(intent, event.signal_time_ns, event.dies_ns, event.renews)
    clock.clear(key("release", intent.account, intent.signal_id))
    clock.clear(key("completion", intent.account, intent.signal_id))
    clock.set(key("pace", intent.account, intent.signal_id), event.due_ns)
    if share_of(state, intent.signal_id, intent.account) is not None:
        position_of(account, intent.symbol).waiting[intent.signal_id] = None


def _reduction_paced(state: State, clock: Deadlines, event: ev.ReductionPaced) -> None:
    clock.set(key("follow", event.account, event.symbol), event.due_ns)


def _reduction_resumed(state: State, clock: Deadlines, event: ev.ReductionResumed) -> None:
    clock.clear(key("follow", event.account, event.symbol))


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.HostObserved: _host_observed,
    ev.LeaseLost: _lease_lost,
    ev.LeaseAdopted: _lease_adopted,
    ev.CommandNoted: _command_noted,
    ev.TradingHaltSet: _trading_halt_set,
    ev.LocateSet: _locate_set,
    ev.ReferencePriceSet: _reference_price_set,
    ev.OrderPaced: _order_paced,
    ev.ReductionPaced: _reduction_paced,
    ev.ReductionResumed: _reduction_resumed,
}
