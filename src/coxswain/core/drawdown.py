"""Drawdown: how far equity is below its peak, and below the first balance. At its limit an account only reduces.

The peak follows fills and stepped quotes. Releasing the account begins a new peak; the first balance stays.
"""

from decimal import Decimal

from coxswain.core.causes import restrict
from coxswain.core.state import Account, equity
from coxswain.core.tx import Tx
from coxswain.model.decimals import ZERO, limit_of
from coxswain.model.vocabulary import AccountId


def lost(account: Account) -> tuple[Decimal, Decimal]:
    """Return what equity is below its peak, and below the first balance; negative above."""
    worth = equity(account)
    return account.peak - worth, (account.initial_balance or account.peak) - worth


def watch(tx: Tx, account_id: AccountId) -> None:
    """Let an account only reduce once a drawdown has reached its limit."""
    account = tx.account(account_id)
    if account.peak <= ZERO or "DRAWDOWN" in account.causes:
        return
    trailing, static = lost(account)
    params = account.params
    if trailing >= limit_of(params.max_drawdown_pct, account.peak):
        restrict(tx, account_id, "DRAWDOWN", "equity is as far below its peak as it may be")
    elif static >= limit_of(params.max_static_drawdown_pct, account.initial_balance or account.peak):
        restrict(tx, account_id, "DRAWDOWN", "equity is as far below the first balance as it may be")
