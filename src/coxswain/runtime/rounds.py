"""Rounds: accounts on which nothing is open are asked for one after another, so that all have had their turn in time.

The core sees to accounts with something open by itself. An answer here that says nothing new is left out of the
journal, as quotes are that change nothing; anything else, a silence too, makes the core ask for itself, and that is
journaled.
Nothing here judges a difference: what is news is the core's to say.
"""

from collections.abc import Iterable

from coxswain.core.engine import Engine
from coxswain.core.params import seconds_ns
from coxswain.messages.inputs import AccountLookedUp, CompareAccounts, Input
from coxswain.messages.requests import QueryAccount
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.pace import NS_PER_S

WITNESS_NS = 3600 * NS_PER_S
"""After so long without an agreement in the journal, the next one is journaled: it shows that somebody looked."""


class Rounds:
    """Whose turn it is. Turns are spread evenly over the interval, in the order of the configuration."""

    def __init__(self, engine: Engine, accounts: Iterable[AccountId], now_ns: int, *, catches_up: bool) -> None:
        """`catches_up`: turns that time went past are all taken at once. Else everybody just waits a little longer."""
        self._engine = engine
        self._accounts = tuple(accounts)
        self._at = 0
        self._catches_up = catches_up
        self._asked: dict[AccountId, None] = {}
        """Whose answer is still to come."""
        self._next_ns = now_ns + self._gap_ns()

    def next_ns(self) -> int | None:
        return self._next_ns if self._accounts else None

    def take(self, now_ns: int) -> QueryAccount | CompareAccounts | None:
        """Give the turn to one account, if it is time: return what is to be asked of it, if anything is."""
        if not self._accounts or now_ns < self._next_ns:
            return None
        account_id, gap_ns = self._accounts[self._at], self._gap_ns()
        self._at = (self._at + 1) % len(self._accounts)
        missed_ns = gap_ns * (len(self._accounts) - 1) if self._catches_up else 0
        self._next_ns = max(self._next_ns, now_ns - missed_ns) + gap_ns
        return self._question(account_id, now_ns)

    def is_due(self, now_ns: int) -> bool:
        return bool(self._accounts) and self._next_ns <= now_ns

    def hear(self, answer: AccountLookedUp) -> Input | None:
        """Return what the core is to step of an answer: nothing, where nobody but a round asked and it is no news."""
        account_id, engine = answer.account, self._engine
        was_asked = account_id in self._asked
        self._asked.pop(account_id, None)
        if engine.compares(account_id):
            # One without a time of its own, asked for before the core did: it could be taken for the answer to that.
            return None if was_asked and not answer.as_of_ns else answer
        if not was_asked:
            return answer
        return None if engine.is_known(answer) else _ask(account_id, "the venue's books have changed")

    def _question(self, account_id: AccountId, now_ns: int) -> QueryAccount | CompareAccounts | None:
        account = self._engine.state.accounts[account_id]
        was_silent = account_id in self._asked
        self._asked.pop(account_id, None)
        if self._engine.compares(account_id):
            return None
        if was_silent:
            return _ask(account_id, "the venue did not answer")
        if not account.reconciled or now_ns - account.reconciled_ns >= WITNESS_NS:
            return _ask(account_id, "it is time")
        self._asked[account_id] = None
        return QueryAccount(account_id, account.reconciled_ns)

    def _gap_ns(self) -> int:
        return max(seconds_ns(self._engine.state.desk.position_sync_s) // max(len(self._accounts), 1), 1)


def _ask(account_id: AccountId, why: str) -> CompareAccounts:
    return CompareAccounts(why, (account_id,))
