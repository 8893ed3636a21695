"""What is looked at whenever an account's equity has changed: one list for every way in which it does."""

from coxswain.core import breakers, drawdown, losses
from coxswain.core.firm import acts
from coxswain.core.tx import Tx
from coxswain.model.vocabulary import AccountId


def watch(tx: Tx, account_id: AccountId) -> None:
    """Look at the account's own limits on losses, its firm's, and its drawdown."""
    if losses.are_far(tx.account(account_id)):  # as nearly always: 1 us instead of 3
        breakers.watch_money(tx, account_id)
        acts.watch(tx, account_id)
        return
    losses.watch(tx, account_id)
    acts.watch(tx, account_id)
    drawdown.watch(tx, account_id)
