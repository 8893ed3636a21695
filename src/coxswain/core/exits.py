"""Carrying out a plan that leaves, or moves protection: at once, for every account that takes part."""

from collections.abc import Iterable
from decimal import Decimal

from coxswain.core import algorithms, entries, legging, protection, spread_stops
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.plan import Assignment
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, SignalKind, Symbol, Verdict


def carry_out(tx: Tx, signal: Signal, assignments: Iterable[Assignment], actor: str = "") -> None:
    """Leave, or move protection. An entry's shares wait for their deadlines, and nothing is done here.

    `actor` is the person who asked for it, if one did.
    """
    for assignment in assignments:
        if assignment.verdict is not Verdict.SEND:
            continue
        account_id = assignment.account
        if signal.kind is SignalKind.EXIT:
            if signal.spread is None:
                _leave(tx, signal, account_id, assignment.qty, actor)
            else:
                why = f"exit {signal.id}" + (f": {signal.reason}" if signal.reason else "")
                legging.leave(tx, account_id, signal.spread, signal.id, assignment.qty or None, why, actor)
        elif signal.kind is SignalKind.STOP_ADJUSTMENT:
            if signal.spread is None:
                protection.adjust(tx, account_id, signal)
            else:
                spread_stops.move(tx, account_id, signal)


def _leave(tx: Tx, signal: Signal, account_id: AccountId, qty: Decimal, actor: str) -> None:
    """Close what is held, all of it or `qty`, and call back what enters. A position on the other side is not meant."""
    position = tx.account(account_id).positions[signal.symbol]
    if position.leaving_for is not None:
        take_over(tx, account_id, signal.symbol, "another exit takes its place")
    held = abs(position.qty)
    if qty >= held or not qty:
        why = "the position is being closed"
        entries.withdraw_entries(tx, account_id, signal.symbol, why, None if qty else signal.side)
    if qty and signal.algo is not None:
        algorithms.leave(tx, account_id, signal, min(qty, held), actor)
    elif qty or not held:
        protection.start_exit(tx, account_id, signal.symbol, signal.id, None if qty >= held else qty, actor=actor)


def take_over(tx: Tx, account_id: AccountId, symbol: Symbol, why: str) -> None:
    """End an exit that is under way, so that another may follow it: its order is called back."""
    account = tx.account(account_id)
    position = account.positions[symbol]
    if position.leaving_for is not None:
        algorithms.end(tx, account_id, position.leaving_for, why)
    exit_ = position.exit
    if exit_ is None:
        return
    if exit_.order_id is not None:
        protection.call_back(tx, account.orders[exit_.order_id], why)
    tx.apply(ev.ExitEnded(account_id, symbol, exit_.signal_id, why))
