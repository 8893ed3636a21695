"""Cancels that a person asks for. Protection is cancelled only where that is said, and then its level goes too."""

from collections.abc import Iterator

from coxswain.core import algorithms, entries, legging, pacing, protection
from coxswain.core.order import Order, is_done
from coxswain.core.spreads import whole_of
from coxswain.core.state import Account, State, find_order
from coxswain.core.tx import Tx
from coxswain.messages.inputs import CancelOrders
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import PROTECTION, AccountId, ClOrdId, Role, SignalId


def cancel_orders(tx: Tx, message: CancelOrders) -> None:
    """Cancel every open order that all given names mean, and withdraw what waits for its release."""
    why = f"by {message.actor}: {message.reason}"
    nothing_named = not (message.cl_ord_ids or message.signal_id or message.account or message.symbol)
    if nothing_named:
        tx.refuse("cancel", "nothing", message.actor, "no order, signal, account or symbol is named")
        return
    found = [*_orders(tx, message)]
    for order in found:
        _cancel(tx, order, why, message)
    withdrawn = 0 if message.cl_ord_ids else _withdraw(tx, message, why)
    if not found and not withdrawn and not message.cl_ord_ids:
        tx.refuse("cancel", _named(message), message.actor, "nothing that is named is open")


def _orders(tx: Tx, message: CancelOrders) -> list[Order]:
    """Find what is open and meant; say of each id why it is not."""
    if message.cl_ord_ids:
        found = []
        for cl_ord_id in message.cl_ord_ids:
            order = _find(tx.state, cl_ord_id)
            if order is None:
                tx.refuse("cancel", cl_ord_id, message.actor, "no order of ours has this id")
            elif is_done(order):
                tx.refuse("cancel", cl_ord_id, message.actor, "it is over")
            elif not _is_meant(tx.state, order, message):
                tx.refuse(
                    "cancel", cl_ord_id, message.actor, "it is not of the signal, account or symbol that is named"
                )
            elif order.intent.role in PROTECTION and not message.protection:
                why = f"it is the {order.intent.role} order of a position, wanted protection: true to cancel it"
                tx.refuse("cancel", cl_ord_id, message.actor, why)
            else:
                found.append(order)
        return found
    open_orders = (account.orders[name] for account in tx.state.accounts.values() for name in account.open_orders)
    return [
        order
        for order in open_orders
        if _is_meant(tx.state, order, message) and (message.protection or order.intent.role not in PROTECTION)
    ]


def _find(state: State, cl_ord_id: ClOrdId) -> Order | None:
    found = (find_order(account, cl_ord_id) for account in state.accounts.values())
    return next((order for order in found if order is not None), None)


def _is_meant(state: State, order: Order, message: CancelOrders) -> bool:
    return _concerns(state, order.intent, message)


def _concerns(state: State, intent: OrderIntent, message: CancelOrders) -> bool:
    return (
        message.signal_id in (None, intent.signal_id, whole_of(state, intent.signal_id))
        and message.account in (None, intent.account)
        and message.symbol in (None, intent.symbol)
    )


def _cancel(tx: Tx, order: Order, why: str, message: CancelOrders) -> None:
    intent = order.intent
    if order.enters:
        entries.call_back(tx, order, why)
    elif intent.role in PROTECTION:
        _unprotect(tx, tx.account(intent.account), order, message, why)
    else:
        position = tx.account(intent.account).positions[intent.symbol]
        if intent.role is Role.EXIT and position.leaving_for == intent.signal_id:
            algorithms.end(tx, intent.account, intent.signal_id, why)
        if intent.role is Role.EXIT:
            legging.stay(tx, intent.account, intent.signal_id, why)
        protection.call_back(tx, order, why)


def _unprotect(tx: Tx, account: Account, order: Order, message: CancelOrders, why: str) -> None:
    """Take a level away for good: without it the order is not placed again until somebody sets one."""
    symbol, position = order.intent.symbol, account.positions[order.intent.symbol]
    stop_px = None if order.intent.role is Role.STOP else position.stop_px
    target_px = None if order.intent.role is Role.TARGET else position.target_px
    signal_id = position.levels_from or SignalId("")
    trail = None if stop_px is None else position.trail
    protection.set_levels(tx, account.spec.id, symbol, stop_px, target_px, signal_id, trail)
    protection.call_back(tx, order, why)
    protection.follow(tx, account.spec.id, symbol)


def _withdraw(tx: Tx, message: CancelOrders, why: str) -> int:
    """Withdraw shares and completions that wait for their time, and exits that leave in parts. Returns how many."""
    meant = [
        (account_id, signal_id)
        for account_id, account in tx.state.accounts.items()
        if message.account in (None, account_id)
        for symbol, position in account.positions.items()
        if message.symbol in (None, symbol)
        for signal_id in position.waiting
        if message.signal_id in (None, signal_id, whole_of(tx.state, signal_id))
    ]
    count = 0
    for account_id, signal_id in meant:
        if _still_waits(tx, account_id, signal_id):
            entries.withdraw_share(tx, account_id, signal_id, why)
            count += 1
    for account_id, account in tx.state.accounts.items():
        for paced in tuple(account.paced.values()):
            if paced.intent.role is Role.DIRECT and _concerns(tx.state, paced.intent, message):
                pacing.withdraw(tx, account_id, paced.intent.signal_id, why)
                count += 1
    for account_id, signal_id in tuple(_leaving_in_parts(tx.state, message)):
        algorithms.end(tx, account_id, signal_id, why)
        count += 1
    if message.signal_id is not None and message.symbol is None:
        for account_id in tx.state.accounts:
            if message.account in (None, account_id):
                count += legging.stay(tx, account_id, message.signal_id, why)
    return count


def _leaving_in_parts(state: State, message: CancelOrders) -> Iterator[tuple[AccountId, SignalId]]:
    for account_id, account in state.accounts.items():
        for symbol, position in account.positions.items():
            signal_id = position.leaving_for
            meant = message.account in (None, account_id) and message.symbol in (None, symbol)
            if signal_id is not None and meant and message.signal_id in (None, signal_id):
                yield account_id, signal_id


def _still_waits(tx: Tx, account_id: AccountId, signal_id: SignalId) -> bool:
    symbol = tx.state.plans[signal_id].plan.symbol
    return signal_id in tx.account(account_id).positions[symbol].waiting


def _named(message: CancelOrders) -> str:
    names = {"signal": message.signal_id, "account": message.account, "symbol": message.symbol}
    return ", ".join(f"{what} {name}" for what, name in names.items() if name is not None)
