"""Facts from outside that controls read, taken as they come: the host, trading halts, locates. No rule is here."""

from coxswain.core.protection import follow
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp


def on_host(tx: Tx, message: inp.ObserveHost) -> None:
    """Note how the machine stands."""
    tx.apply(
        ev.HostObserved(
            message.journal_healthy,
            message.disk_headroom,
            message.clock_in_bound,
            message.lease_epoch,
            message.valid_until_ns,
        )
    )


def on_trading_halt(tx: Tx, message: inp.TradingHalted) -> None:
    """Note a halt; when it ends, place the protection that could not be placed while it stood."""
    if message.symbol not in tx.state.instruments:
        return
    tx.apply(ev.TradingHaltSet(message.symbol, message.halted, message.reason))
    if message.halted:
        return
    for account_id in tuple(tx.state.holders.get(message.symbol, ())):
        follow(tx, account_id, message.symbol, afresh=True)


def on_locate(tx: Tx, message: inp.SetLocate) -> None:
    """Note how much of an instrument an account may borrow to sell short."""
    known = message.account in tx.state.accounts and message.symbol in tx.state.instruments
    if known and message.qty.is_finite() and message.qty >= 0:
        tx.apply(ev.LocateSet(message.account, message.symbol, message.qty, message.reason, message.actor))
