"""Causes that restrict an account come and go, and the strictest that is left counts. No check is here."""

from coxswain.core.evolve import state_under
from coxswain.core.state import strictest
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.model.vocabulary import AccountId


def restrict(tx: Tx, account_id: AccountId, cause: str, why: str, actor: str = "engine") -> None:
    """Add a cause that restricts an account; nothing happens if it is there already."""
    causes = tx.account(account_id).causes
    if cause not in causes:
        state = strictest((*causes.values(), state_under(cause)))
        tx.apply(ev.AccountStateChanged(account_id, cause, True, state, why, actor))


def release(tx: Tx, account_id: AccountId, cause: str, why: str, actor: str = "engine") -> None:
    """Take a cause away; the others still count."""
    causes = tx.account(account_id).causes
    if cause in causes:
        state = strictest(state for other, state in causes.items() if other != cause)
        tx.apply(ev.AccountStateChanged(account_id, cause, False, state, why, actor))
