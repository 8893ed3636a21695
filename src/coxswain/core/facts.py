"""Facts from outside that controls read: the host, trading halts, locates, reference prices. No rule is here."""

from coxswain.core.causes import release, restrict
from coxswain.core.protection import follow
from coxswain.core.tx import LEASE, Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.decimals import plain
from coxswain.model.market import Quote, is_sane, mid

DAY_NS = 86_400 * 1_000_000_000


def on_snapshot(tx: Tx, message: inp.NoteSnapshot) -> None:
    """That one was written is no fact about trading."""


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


def on_lease_taken_over(tx: Tx, message: inp.LeaseTakenOver) -> None:
    """Halt the accounts that another engine trades now. A person's word at the next start ends it, and nothing else."""
    accounts = tuple(name for name in message.accounts if name in tx.state.accounts)
    tx.apply(ev.LeaseLost(accounts, message.epoch, message.holder))
    for account_id in accounts:
        restrict(tx, account_id, LEASE, message.holder)


def on_adopt_lease(tx: Tx, message: inp.AdoptLease) -> None:
    """Note that a person lets this journal go on, and what it had missed."""
    tx.apply(ev.LeaseAdopted(message.missed, message.reason, message.actor))
    for account_id in tx.state.accounts:
        release(tx, account_id, LEASE, f"adopted: {message.reason}", message.actor)


def on_note(tx: Tx, message: inp.NoteCommand) -> None:
    """Note that a command of a file was carried out."""
    tx.apply(ev.CommandNoted(message.line_id))


def on_trading_halt(tx: Tx, message: inp.TradingHalted) -> None:
    """Note a halt; when it ends, place the protection that could not be placed while it stood."""
    known = message.symbol in tx.state.instruments
    if not known or (message.symbol in tx.state.halts) is message.halted:
        return  # said before: a venue says it again to whoever asks for its books
    tx.apply(ev.TradingHaltSet(message.symbol, message.halted, message.reason))
    if message.halted:
        return
    for account_id in tuple(tx.state.holders.get(message.symbol, ())):
        follow(tx, account_id, message.symbol, afresh=True)


def measure(tx: Tx, quote: Quote) -> None:
    """Set the price that a day's prices are measured by, at its first sane quote, before that is taken over."""
    symbol, day = quote.symbol, quote.ts_ns // DAY_NS
    reference = tx.state.references.get(symbol)
    if not is_sane(quote) or (reference is not None and reference.day >= day):
        return
    last = tx.state.quotes.get(symbol)
    if reference is not None and last is not None and is_sane(last):
        tx.apply(ev.ReferencePriceSet(symbol, plain(mid(last)), "PREVIOUS_CLOSE", day))
    else:
        tx.apply(ev.ReferencePriceSet(symbol, plain(mid(quote)), "FIRST_QUOTE", day))


def on_locate(tx: Tx, message: inp.SetLocate) -> None:
    """Note how much of an instrument an account may borrow to sell short."""
    known = message.account in tx.state.accounts and message.symbol in tx.state.instruments
    if known and message.qty.is_finite() and message.qty >= 0:
        tx.apply(ev.LocateSet(message.account, message.symbol, message.qty, message.reason, message.actor))
