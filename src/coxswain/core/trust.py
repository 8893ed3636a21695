"""How far an account may trade: causes that restrict it come and go, and the strictest that is left counts.

No check is here; the gate reads the state that results.
"""

from coxswain.core.causes import release, restrict
from coxswain.core.submit import ask_for_account
from coxswain.core.tx import Tx
from coxswain.model.vocabulary import AccountId

__all__ = ["distrust", "release", "restrict"]


def distrust(tx: Tx, account_id: AccountId, why: str) -> None:
    """Let an account only reduce until its books have been compared with the venue's."""
    restrict(tx, account_id, "UNRECONCILED", why)
    ask_for_account(tx, account_id, why)
