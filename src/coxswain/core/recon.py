"""Reconciliation: our books against the venue's, account by account.

Fills come first: what the venue booked and we did not is booked now. Then positions, working orders and the balance are
compared. A difference is a break, an item with an id; what becomes of it stands in `breaks.py`. Nothing is overwritten.
"""

from decimal import Decimal

from coxswain.core import cash, losses, reversals, stops
from coxswain.core.breaks import difference, settle_breaks
from coxswain.core.held import close_surplus, learn_stop
from coxswain.core.lookups import book_fills
from coxswain.core.order import Order, Phase, is_over
from coxswain.core.protection import follow
from coxswain.core.relisted import is_misplaced
from coxswain.core.state import Account, equity, find_order, position_break
from coxswain.core.submit import ASKED_AT_PACE, ask_for_account, ask_for_order, key_of_question, lose_sight
from coxswain.core.trust import release, restrict
from coxswain.core.tx import NOT_CONFIGURED, Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import AccountLookedUp, CompareAccounts
from coxswain.messages.requests import CancelOrder
from coxswain.model.decimals import ZERO, percent_of
from coxswain.model.orders import VenueOrder
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdType, Symbol

SMALL_PCT = Decimal(10)
"""Of the larger side: how far a quantity may differ and be of medium severity."""


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
    ask_for_account(tx, account_id, reason)


def on_compare(tx: Tx, message: CompareAccounts) -> None:
    """Ask for the books of accounts, of all where none is named."""
    for account_id in message.accounts or tuple(tx.state.accounts):
        if can_be_compared(tx, message, account_id) and NOT_CONFIGURED not in tx.account(account_id).causes:
            ask_for_account(tx, account_id, message.reason)
            _ask_at_once(tx, account_id)


def _ask_at_once(tx: Tx, account_id: AccountId) -> None:
    """Ask for orders that nobody knew of for so long that they are asked for seldom: a venue may be back."""
    account = tx.account(account_id)
    for cl_ord_id in tuple(account.open_orders):
        order = account.orders[cl_ord_id]
        if not order.outcome_known and order.asked_before > ASKED_AT_PACE:
            ask_for_order(tx, order)


def can_be_compared(tx: Tx, message: CompareAccounts, account_id: AccountId) -> bool:
    """Say whether an account can be compared; refuse it where nobody knows it."""
    if account_id in tx.state.accounts:
        return True
    why = f"ACCOUNT_UNKNOWN: wanted one of {', '.join(tx.state.accounts)}"
    tx.refuse("reconcile", account_id, message.actor, why)
    return False


def on_account_looked_up(tx: Tx, answer: AccountLookedUp) -> None:
    """Book what we missed, compare, and open or close breaks; only equal books let an account trade freely."""
    account = tx.state.accounts.get(answer.account)
    if account is None:
        return
    as_of_ns, booked = answer.as_of_ns or account.asked_ns, len(account.exec_ids)
    if account.balance is None:
        _adopt(tx, account, answer, as_of_ns)
    elif not book_fills(tx, account, answer.fills):
        return  # it cannot be believed: asked again when the time for this answer is up
    else:
        for reversal in answer.reversals:
            reversals.take(tx, account, reversal)
        if not cash.take_all(tx, account, answer.movements):
            return
    if _is_old(account, as_of_ns):
        return
    breaks = _differences(account, answer)
    working = _working_after_end(account, answer, as_of_ns)
    if any(ours.done_seq > account.asked_seq for ours in working if ours.done_ns == as_of_ns):
        ask_for_account(tx, answer.account, "an order ended at the very instant that these books are of")
        return
    for ours in working:
        found = _call_back(tx, account, ours.cl_ord_id)
        breaks[found.break_id] = found
    _ask_for_orders_that_differ(tx, account, answer)
    for order in answer.orders:
        learn_stop(tx, account, order, as_of_ns)
    settle_breaks(tx, account, answer, breaks)
    _conclude(tx, account, answer, len(account.exec_ids) - booked, as_of_ns)
    for symbol in tuple(account.positions):  # a break is no reason to be without a stop: it only reduces
        close_surplus(tx, answer.account, symbol)
        follow(tx, answer.account, symbol, afresh=True)
    stops.pursue(tx, answer.account)


def is_known(account: Account, answer: AccountLookedUp) -> bool:
    """Say whether an answer only repeats what was agreed, or is lived with."""
    booked = (*(fill.exec_id for fill in answer.fills), *(reversal.exec_id for reversal in answer.reversals))
    if not account.reconciled or account.breaks or any(exec_id not in account.exec_ids for exec_id in booked):
        return False
    if any(is_misplaced(account, fill) for fill in answer.fills):
        return False
    if any(movement.cash_id not in account.cash_ids for movement in answer.movements):
        return False
    found = {break_id: difference(each) for break_id, each in _differences(account, answer).items()}
    return found == account.ignored and not _working_after_end(account, answer, answer.as_of_ns or account.asked_ns)


def _is_old(account: Account, as_of_ns: int) -> bool:
    """Books from before the last question, the last agreement, a balance that was taken over, or a fill, bust or cash
    that we know prove nothing."""
    booked = (position.recent[-1].transact_time_ns for position in account.positions.values() if position.recent)
    told = (account.reversed_ns, account.cash_ns, account.settled_ns, *booked)
    return as_of_ns < max(account.asked_ns, account.reconciled_ns, *told)


def _adopt(tx: Tx, account: Account, answer: AccountLookedUp, as_of_ns: int) -> None:
    """Take the first balance we are shown; earlier fills are in it. A trading day that waits for it begins."""
    known = tuple(movement.cash_id for movement in answer.movements)
    tx.apply(ev.BalanceAdopted(answer.account, answer.balance, as_of_ns, known))
    if account.day:
        begin_day(tx, answer.account, account.day)


def begin_day(tx: Tx, account_id: AccountId, day: str) -> None:
    """Begin a trading day. Without a balance it is only named, and begins again with the first balance."""
    account = tx.account(account_id)
    balance, worth = account.balance or ZERO, equity(account)
    tx.apply(ev.DayStarted(account_id, day, balance, worth, max(balance, worth)))
    losses.begin_day(tx, account_id)


def _conclude(tx: Tx, account: Account, answer: AccountLookedUp, fills_booked: int, as_of_ns: int) -> None:
    if account.breaks:
        restrict(tx, answer.account, "BREAK", "the venue's books differ from ours")
        release(tx, answer.account, "UNRECONCILED", "compared")
        return  # it is compared again when the time for this answer is up
    positions, orders, ignored = len(answer.positions), len(answer.orders), len(account.ignored)
    tx.apply(ev.Reconciled(answer.account, positions, orders, fills_booked, as_of_ns, ignored))
    release(tx, answer.account, "BREAK", "the books agree again")
    release(tx, answer.account, "UNRECONCILED", "the books agree")


# --- what differs -----------------------------------------------------------------------------------------------------


def _differences(account: Account, answer: AccountLookedUp) -> dict[str, ev.BreakFound]:
    """Compare over the union of both sides; the break's id says what differs, so the same break is found again."""
    found: dict[str, ev.BreakFound] = {}

    def add(
        what: str, kind: str, symbol: Symbol | None, severity: str, ours: Decimal | None, theirs: Decimal | None
    ) -> None:
        break_id = f"{answer.account}:{what}"
        found[break_id] = ev.BreakFound(answer.account, break_id, kind, symbol, severity, ours, theirs)

    theirs = {position.symbol: position.qty for position in answer.positions}
    ours = {symbol: position.qty for symbol, position in account.positions.items()}
    for symbol in (*ours, *(symbol for symbol in theirs if symbol not in ours)):
        our_qty, their_qty = ours.get(symbol, ZERO), theirs.get(symbol, ZERO)
        if our_qty != their_qty:
            kind = "UNKNOWN_TO_US" if not our_qty else "QUANTITY_DIFFERS" if their_qty else "MISSING_AT_VENUE"
            severity, break_id = _severity(our_qty, their_qty), position_break(answer.account, symbol)
            found[break_id] = ev.BreakFound(answer.account, break_id, kind, symbol, severity, our_qty, their_qty)
    for order in answer.orders:
        if find_order(account, order.cl_ord_id) is None:
            add(f"order:{order.cl_ord_id}", "ORDER_UNKNOWN_TO_US", order.symbol, "high", None, order.order_qty)
    found |= _still_missing(account, answer)
    if account.balance != answer.balance:
        add("balance", "BALANCE_DIFFERS", None, "medium", account.balance, answer.balance)
    return found


def _severity(ours: Decimal, theirs: Decimal) -> str:
    """A small difference in a position that both sides know is medium; anything else about a position is high."""
    small = abs(theirs - ours) <= percent_of(SMALL_PCT, max(abs(ours), abs(theirs)))
    return "medium" if small else "high"


def _still_missing(account: Account, answer: AccountLookedUp) -> dict[str, ev.BreakFound]:
    """Return the breaks of orders that a look-up missed, that are open here and still do not work there."""
    working = {order.cl_ord_id for order in answer.orders}
    ours = {f"{answer.account}:order:{id_}": account.orders[id_].current_id for id_ in account.open_orders}
    return {
        break_id: found
        for break_id, found in account.breaks.items()
        if found.kind == "ORDER_MISSING_AT_VENUE" and break_id in ours and ours[break_id] not in working
    }


def _working_after_end(account: Account, answer: AccountLookedUp, as_of_ns: int) -> list[Order]:
    """Return our orders that the venue works, and that were over here by then.

    At one instant the records tell: what ended no later than in the record that asked was over before the answer.
    """
    found = (find_order(account, order.cl_ord_id) for order in answer.orders)
    over = (order for order in found if order is not None and is_over(order))
    return [order for order in over if order.done_ns is not None and order.done_ns <= as_of_ns]


def _call_back(tx: Tx, account: Account, cl_ord_id: ClOrdId) -> ev.BreakFound:
    """Cancel what must not work any more: it was declared over, and what hung on it has gone on.

    It is a break until a comparison does not find it working, and is called back each time.
    """
    order, account_id = account.orders[cl_ord_id], account.spec.id
    why, qty = "over here, and the venue still works it", order.order_qty
    tx.apply(ev.IncidentRaised(account_id, cl_ord_id, "WORKS_AFTER_END", why))
    tx.request(CancelOrder(account_id, order.current_id, order.intent.symbol))
    break_id = f"{account_id}:working:{cl_ord_id}"
    return ev.BreakFound(account_id, break_id, "WORKS_AFTER_END", order.intent.symbol, "high", ZERO, qty, why)


def _ask_for_orders_that_differ(tx: Tx, account: Account, answer: AccountLookedUp) -> None:
    """An order that works here and not there has ended in between, or is missing; one that differs has changed."""
    theirs = {order.cl_ord_id: order for order in answer.orders}
    for cl_ord_id in tuple(account.open_orders):
        order = account.orders[cl_ord_id]
        is_asked = key_of_question(order) in tx.state.deadlines
        if order.phase is Phase.WORKING and not is_asked and _differs(order, theirs.get(order.current_id)):
            ask_for_order(tx, order)


def _differs(order: Order, theirs: VenueOrder | None) -> bool:
    if theirs is None:
        return True
    if order.replace_pending is not None:
        return False  # its answer is on the way
    stop_px = order.stop_px if order.intent.ord_type is OrdType.TRAILING_STOP else theirs.stop_px
    return (theirs.order_qty, theirs.price, stop_px) != (order.order_qty, order.price, order.stop_px)
