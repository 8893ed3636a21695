"""What is done when the time has come for protection or an exit that was refused: it is tried again, or all is closed.

Closing goes the way of every exit, with a plan of its own that says why, and through the gate.
"""

from decimal import Decimal

from coxswain.core import exits
from coxswain.core.entries import withdraw_entries
from coxswain.core.order import leaves_qty
from coxswain.core.position import Position, is_closing
from coxswain.core.protection import bring_again, follow, start_exit
from coxswain.core.state import Account, State, reducible
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.checks import Check
from coxswain.model.plan import Assignment, Plan
from coxswain.model.vocabulary import (
    AccountId,
    ProtectionPolicy,
    Role,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    Verdict,
)


def protect_again(tx: Tx, account_id: AccountId, name: str) -> None:
    """Try a stop or target again that was refused, or close what it should protect, as the account says by now."""
    symbol_name, _, role_name = name.rpartition("|")
    symbol, role = Symbol(symbol_name), Role(role_name)
    tx.apply(ev.ProtectionTriedAgain(account_id, symbol, role))
    account = tx.account(account_id)
    position = account.positions[symbol]
    if not position.qty:
        return
    if role is not Role.STOP or account.spec.protection_policy is not ProtectionPolicy.FLATTEN:
        bring_again(tx, account_id, symbol, role)
    elif not _is_protected(account, position):
        close_unprotected(tx, account_id, symbol, "its stop was refused")


def exit_again(tx: Tx, account_id: AccountId, name: str) -> None:
    """Let the next order of an exit out, if there is still something to close."""
    position = tx.account(account_id).positions[Symbol(name)]
    signal_id = SignalId("") if position.exit is None else position.exit.signal_id
    tx.apply(ev.ExitTriedAgain(account_id, position.symbol, signal_id))
    follow(tx, account_id, position.symbol)


def close_unprotected(tx: Tx, account_id: AccountId, symbol: Symbol, why: str) -> None:
    """Close all of a position because the account's policy says so. What closes only a part gives way to it."""
    position = tx.account(account_id).positions[symbol]
    if is_closing(position) or not position.qty:
        return
    exits.take_over(tx, account_id, symbol, why)
    withdraw_entries(tx, account_id, symbol, why)
    signal_id = _free_id(tx.state, account_id, symbol)
    held, side = abs(position.qty), Side.BUY if position.qty > 0 else Side.SELL
    checks = (Check("PROTECTION_POLICY", None, None, True, why, ProtectionPolicy.FLATTEN),)
    assignment = Assignment(account_id, Verdict.SEND, checks, held, 0, 1)
    reason = f"protection_policy flatten: {why}"
    tx.apply(ev.PlanProposed(Plan(signal_id, SignalKind.EXIT, symbol, (assignment,), reason, side)))
    tx.apply(ev.PlanApproved(signal_id, "the account's protection_policy", reason=reason))
    start_exit(tx, account_id, symbol, signal_id, None)


def _is_protected(account: Account, position: Position) -> bool:
    """Say whether the stop stands as it should after all, or nobody wants one any more."""
    if position.stop_px is None:
        return True
    if position.stop_id is None:
        return not reducible(account, position)
    stop = account.orders[position.stop_id]
    covered: Decimal = leaves_qty(stop) + position.held_exit
    return stop.stop_px == position.stop_px and covered >= reducible(account, position)


def _free_id(state: State, account_id: AccountId, symbol: Symbol) -> SignalId:
    name = f"unprotected-{account_id}-{symbol}-{state.seq}"
    while name in state.signals or name in state.direct_ids or name in state.plans:
        name += "x"
    return SignalId(name)
