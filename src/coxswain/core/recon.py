"""Reconciliation: our books against the venue's, account by account.

Fills come first: what the venue booked and we did not is booked now. Then positions, working orders and the balance are
compared. A difference is a break, an item with an id that stays open until the books agree; nothing is overwritten.
"""

from decimal import Decimal

from coxswain.core.order import Phase
from coxswain.core.reports import book_fill, release_cause, restrict
from coxswain.core.state import Account, find_order
from coxswain.core.submit import ask_for_account, ask_for_order, lose_sight
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import AccountLookedUp
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import AccountId, Symbol


def begin(tx: Tx, account_id: AccountId, reason: str) -> None:
    """After a start: trust nothing, ask for every open order and for the account's books, before anything is sent."""
    account = tx.account(account_id)
    restrict(tx, account_id, "UNRECONCILED", reason)
    for cl_ord_id in tuple(account.open_orders):
        order = account.orders[cl_ord_id]
        if order.phase is Phase.PENDING_NEW and order.outcome_known:
            lose_sight(tx, order, reason)
        else:
            ask_for_order(tx, order)
    begin_comparison(tx, account_id, reason)


def on_account_looked_up(tx: Tx, answer: AccountLookedUp) -> None:
    """Book what we missed, compare, and open or close breaks; only equal books let an account trade freely."""
    account = tx.state.accounts.get(answer.account)
    if account is None:
        return
    if account.balance is None:
        tx.apply(ev.BalanceAdopted(answer.account, answer.balance))
    new_fills = sum(book_fill(tx, account, fill) for fill in answer.fills if fill.symbol in tx.state.instruments)
    breaks = _differences(account, answer)
    _ask_for_orders_that_left(tx, account, answer)
    for break_id in tuple(account.breaks):
        if break_id not in breaks:
            tx.apply(ev.BreakClosed(answer.account, break_id, "the books agree again"))
    for break_id, found in breaks.items():
        if break_id not in account.breaks:
            tx.apply(found)
    if breaks:
        restrict(tx, answer.account, "BREAK", "the venue's books differ from ours")
        release_cause(tx, answer.account, "UNRECONCILED", "compared")
        return  # it is compared again when the time for this answer is up
    tx.apply(ev.Reconciled(answer.account, len(answer.positions), len(answer.orders), new_fills))
    release_cause(tx, answer.account, "BREAK", "the books agree again")
    release_cause(tx, answer.account, "UNRECONCILED", "the books agree")


def begin_comparison(tx: Tx, account_id: AccountId, reason: str) -> None:
    """Ask for the account's books: on demand, when it is time, or when a question was not answered."""
    ask_for_account(tx, account_id, reason)


def _differences(account: Account, answer: AccountLookedUp) -> dict[str, ev.BreakFound]:
    """Compare over the union of both sides; the break's id says what differs, so the same break is found again."""
    found: dict[str, ev.BreakFound] = {}

    def add(
        what: str, kind: str, symbol: Symbol | None, severity: str, ours: Decimal | None, theirs: Decimal | None
    ) -> None:
        break_id = f"{answer.account}:{what}"
        found[break_id] = ev.BreakFound(answer.account, break_id, kind, symbol, severity, ours, theirs)

    theirs = {position.symbol: position.qty for position in answer.positions}
    for symbol, position in account.positions.items():
        their_qty = theirs.pop(symbol, ZERO)
        if position.qty != their_qty:
            kind = "QUANTITY_DIFFERS"
            if not their_qty:
                kind = "MISSING_AT_VENUE"
            elif not position.qty:
                kind = "UNKNOWN_TO_US"
            add(f"position:{symbol}", kind, symbol, "high", position.qty, their_qty)
    for symbol, their_qty in theirs.items():
        if their_qty:
            add(f"position:{symbol}", "UNKNOWN_TO_US", symbol, "high", ZERO, their_qty)
    for order in answer.orders:
        if find_order(account, order.cl_ord_id) is None:
            add(f"order:{order.cl_ord_id}", "ORDER_UNKNOWN_TO_US", order.symbol, "high", None, order.order_qty)
    found |= _still_missing(account, answer)
    if account.balance != answer.balance:
        add("balance", "BALANCE_DIFFERS", None, "medium", account.balance, answer.balance)
    return found


def _still_missing(account: Account, answer: AccountLookedUp) -> dict[str, ev.BreakFound]:
    """Return the breaks of orders that a look-up missed, that are open here and still do not work there."""
    working = {order.cl_ord_id for order in answer.orders}
    ours = {f"{answer.account}:order:{id_}": account.orders[id_].current_id for id_ in account.open_orders}
    return {
        break_id: found
        for break_id, found in account.breaks.items()
        if found.kind == "ORDER_MISSING_AT_VENUE" and break_id in ours and ours[break_id] not in working
    }


def _ask_for_orders_that_left(tx: Tx, account: Account, answer: AccountLookedUp) -> None:
    """An order that works here and not there has ended in between, or is missing: ask for it."""
    working = {order.cl_ord_id for order in answer.orders}
    for cl_ord_id in tuple(account.open_orders):
        order = account.orders[cl_ord_id]
        asked = f"query|{answer.account}|{cl_ord_id}" in tx.state.deadlines
        if order.phase is Phase.WORKING and order.current_id not in working and not asked:
            ask_for_order(tx, order)
