"""Correlations estimated anew each day while the engine runs, and told to it as inputs like any other.

The estimate is made from a copy of the accounts' daily returns, in a thread of its own where time passes by itself, so
that no order waits for it; in virtual time, which waits for everything, at once. Nothing is decided here, and how an
estimate is made is the caller's to say.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from coxswain.messages.inputs import SetCorrelation
from coxswain.messages.record import Record
from coxswain.model.hours import next_time
from coxswain.model.vocabulary import AccountId
from coxswain.views.returns import Returns

Estimate = Callable[[Sequence[Sequence[Decimal]]], list[list[Decimal]]]
TOLD_AT_ONCE = 16
"""Pairs of one look: reports and orders that are due come between them."""
LOOK_AGAIN_NS = 100_000_000
"""While an estimate is being made."""


class RefreshTime(NamedTuple):
    """When, in which zone, and from how many days at least."""

    at: str
    tz: str
    days_min: int


class Refresh:
    """Sees every record of a journal, and says once a day which correlations have changed."""

    def __init__(
        self, when: RefreshTime, estimate: Estimate, method: str, tell: Callable[[str], None], *, waits: bool
    ) -> None:
        """With `waits` an estimate is made at once, while time stands still; `tell` is given what went wrong."""
        self._when = when
        self._estimate = estimate
        self._method = method
        self._tell = tell
        self._waits = waits
        self.returns = Returns()
        """Whoever folds a journal brings it up to date."""
        self._due_ns: int | None = None
        self._work: _Work | None = None
        self._look_ns = 0
        self._told: deque[SetCorrelation] = deque()

    def see(self, record: Record) -> None:
        """Take in a record that is durable."""
        self.returns.apply(record)

    def begin(self, now_ns: int) -> None:
        """Say from when on it is looked for."""
        self._due_ns = next_time(self._when.at, self._when.tz, now_ns)

    def next_ns(self) -> int | None:
        """Return when there is something to do, at the earliest at once."""
        if self._told:
            return 0
        return self._due_ns if self._work is None else self._look_ns

    def is_due(self, now_ns: int) -> bool:
        """Say whether an estimate is to be begun now."""
        return self._work is None and not self._told and self._due_ns is not None and self._due_ns <= now_ns

    def take(self, now_ns: int) -> list[SetCorrelation]:
        """Begin an estimate if it is time, and return what is to be told of the last one. Never waits for one."""
        if self.is_due(now_ns):
            self._due_ns = next_time(self._when.at, self._when.tz, now_ns)
            self._work = _Work(self.returns.copy(), self._estimate, self._when.days_min)
            if self._waits:
                self._work.run()
            else:
                threading.Thread(target=self._work.run, name="correlations", daemon=True).start()
        if self._work is not None:
            self._look_ns = now_ns + LOOK_AGAIN_NS
            if self._work.is_done:
                self._finish(self._work)
        return [self._told.popleft() for _ in range(min(len(self._told), TOLD_AT_ONCE))]

    def _finish(self, work: "_Work") -> None:
        self._work = None
        if work.failure:
            self._tell(f"correlations were not refreshed, and stay as they were: {work.failure}")
        reason = f"estimated by {self._method} on {work.days} days"
        for account, other, rho in work.pairs:
            if rho != self.returns.correlation(account, other):
                self._told.append(SetCorrelation(account, other, rho, reason, "engine"))


class _Work:
    """One estimate. Only its own thread writes to it before it is done, and nobody reads it before that."""

    def __init__(self, view: Returns, estimate: Estimate, days_min: int) -> None:
        self._view = view
        self._estimate = estimate
        self._days_min = days_min
        self._done = threading.Event()
        self.days = 0
        self.pairs: list[tuple[AccountId, AccountId, Decimal]] = []
        self.failure = ""

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def run(self) -> None:
        try:
            accounts, rows = self._view.table()
            self.days = len(rows)
            if len(rows) < self._days_min or len(accounts) < 2:
                return
            matrix = self._estimate(rows)
            self.pairs = [(a, b, matrix[i][j]) for i, a in enumerate(accounts) for j, b in enumerate(accounts) if i < j]
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            self._done.set()
