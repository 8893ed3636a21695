"""Cash that moves without a trade: swap, fees, interest, and money paid in or out. Each is booked once, in any order.

Swap, fees and interest are a result of the day, as commission is, and count in every limit on losses. A deposit or a
withdrawal is neither won nor lost: what losses are measured from moves along. A report that was missed is caught up by
the next comparison, which asks for movements as it asks for fills. What a venue lists only after its balance was taken
over by a person is in that balance: it is told, and nothing is booked.
"""

from coxswain.core import watching
from coxswain.core.causes import restrict
from coxswain.core.state import Account
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import CashMoved
from coxswain.model.cash import CashMovement, nonsense
from coxswain.model.decimals import plain
from coxswain.model.vocabulary import ClOrdId


def on_cash_moved(tx: Tx, message: CashMoved) -> None:
    account = tx.state.accounts.get(message.account)
    if account is not None:
        take(tx, account, message.movement)


def take_all(tx: Tx, account: Account, movements: tuple[CashMovement, ...]) -> bool:
    """Book every movement that can be. False if one cannot: then nothing else in the answer is to be believed."""
    believed = True
    for movement in movements:
        believed = take(tx, account, movement) and believed
    return believed


def take(tx: Tx, account: Account, movement: CashMovement) -> bool:
    """Book a movement unless it was already. False if it cannot be.

    Before the first balance is known nothing is: that balance has in it what the venue lists with it, and a movement
    that it does not list comes with the next comparison.
    """
    if movement.cash_id in account.cash_ids or account.balance is None:
        return True
    account_id, why = account.spec.id, nonsense(movement)
    if why:
        tx.apply(ev.ReportQuarantined(account_id, ClOrdId(""), f"cash movement {movement.cash_id}: {why}"))
        restrict(tx, account_id, "UNRECONCILED", why)
        return False
    if movement.transact_time_ns <= account.settled_ns:
        tx.apply(ev.CashExplained(account_id, movement, account.settled_ns))
        return True
    tx.apply(ev.CashBooked(account_id, movement, plain(account.balance + movement.amount)))
    watching.watch(tx, account_id)
    return True
