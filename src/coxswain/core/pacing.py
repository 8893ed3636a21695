"""What waited for room among the messages has its turn: it is judged again, as things stand now."""

from coxswain.core import entries
from coxswain.core.protection import follow
from coxswain.core.submit import submit
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.checks import Check, reason
from coxswain.model.vocabulary import AccountId, Role, SignalId, Symbol


def release(tx: Tx, account_id: AccountId, name: str) -> None:
    """Submit an order that waited. It leaves, waits on, or is denied; a plan's by all that its release depends on."""
    signal_id = SignalId(name)
    waiting = tx.account(account_id).paced[signal_id]
    if waiting.renews is not None:
        former = tx.account(account_id).orders[waiting.renews]
        submit(tx, waiting.intent, waiting.signal_time_ns, waiting.dies_ns, former, waited=True)
    elif waiting.intent.role is Role.ENTRY:
        entries.release(tx, account_id, signal_id)
    elif waiting.intent.role is Role.COMPLETION:
        entries.complete(tx, account_id, signal_id)
    else:
        submit(tx, waiting.intent, waiting.signal_time_ns, waiting.dies_ns, waited=True)


def withdraw(tx: Tx, account_id: AccountId, signal_id: SignalId, why: str) -> None:
    """Drop an order that came without a plan and waits for room; a plan's is withdrawn with its share."""
    check = Check("TRADING_STATE", None, None, False, why, "nobody who calls it back")
    tx.apply(ev.OrderDenied(tx.account(account_id).paced[signal_id].intent, (check,), (reason(check),)))


def follow_again(tx: Tx, account_id: AccountId, name: str) -> None:
    """Bring protection and exit of a position to what they should be."""
    tx.apply(ev.ReductionResumed(account_id, Symbol(name)))
    follow(tx, account_id, Symbol(name), afresh=True)
