"""What waited for room among the messages has its turn: it is judged again, as things stand now."""

from coxswain.core.protection import follow
from coxswain.core.submit import submit
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.vocabulary import AccountId, Role, SignalId, Symbol


def release(tx: Tx, account_id: AccountId, name: str) -> None:
    """Submit an order that waited. It leaves, waits on, or is denied."""
    signal_id = SignalId(name)
    waiting = tx.account(account_id).paced[signal_id]
    former = None if waiting.renews is None else tx.account(account_id).orders[waiting.renews]
    order = submit(tx, waiting.intent, waiting.signal_time_ns, waiting.dies_ns, former, waited=True)
    if order is None and waiting.intent.role is Role.COMPLETION and signal_id not in tx.account(account_id).paced:
        qty = waiting.intent.order_qty
        tx.apply(ev.CompletionEnded(signal_id, account_id, qty, "denied by our own gate"))


def follow_again(tx: Tx, account_id: AccountId, name: str) -> None:
    """Bring protection and exit of a position to what they should be."""
    tx.apply(ev.ReductionResumed(account_id, Symbol(name)))
    follow(tx, account_id, Symbol(name), afresh=True)
