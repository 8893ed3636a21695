"""What accounts earned each trading day, and how they were said to move together. Nothing is estimated here.

A day's return is the equity at the next reset over the equity at its own, less 1. Days count for the accounts that have
both; money that was paid in or out would count as a return.
"""

from decimal import Decimal
from itertools import pairwise

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.decimals import ONE, round_down
from coxswain.model.vocabulary import AccountId


class _Kept(msgspec.Struct):
    accounts: tuple[AccountId, ...]
    correlations: dict[tuple[AccountId, AccountId], Decimal]
    threshold: Decimal
    equity: dict[AccountId, dict[str, Decimal]]


class Returns:
    """Folds the starts of trading days, and correlations."""

    def __init__(self) -> None:
        self.accounts: tuple[AccountId, ...] = ()
        self.correlations: dict[tuple[AccountId, AccountId], Decimal] = {}
        self.threshold = Decimal(1)
        self._equity: dict[AccountId, dict[str, Decimal]] = {}

    def apply(self, record: Record) -> None:
        self.take(record.events)

    def take(self, events: tuple[ev.Event, ...]) -> None:
        for event in events:
            match event:
                case ev.EngineConfigured(setup=setup):
                    self.accounts = tuple(spec.id for spec in setup.accounts)
                    self.threshold = setup.settings.get("max_correlation_threshold", self.threshold)
                    for pair in setup.correlations:
                        self.correlations[_pair(pair.account, pair.other)] = pair.rho
                case ev.CorrelationSet(account, other, rho):
                    self.correlations[_pair(account, other)] = rho
                case ev.DayStarted() if event.equity > 0:
                    self._equity.setdefault(event.account, {})[event.day] = event.equity
                case _:
                    pass

    def copy(self) -> "Returns":
        """Return the returns of this moment, which what is folded later leaves alone."""
        other = Returns()
        other.accounts = self.accounts
        other._equity = {account: dict(days) for account, days in self._equity.items()}
        return other

    def keep(self) -> bytes:
        """Return what is folded so far, for `remember` of another."""
        return msgspec.msgpack.encode(_Kept(self.accounts, self.correlations, self.threshold, self._equity))

    def remember(self, kept: bytes) -> None:
        """Know what another knew at its `keep`. Raises `msgspec.DecodeError` for bytes that are not that."""
        told = msgspec.msgpack.decode(kept, type=_Kept)
        self.accounts, self.correlations, self.threshold = told.accounts, told.correlations, told.threshold
        self._equity = told.equity

    def correlation(self, account: AccountId, other: AccountId) -> Decimal | None:
        return ONE if account == other else self.correlations.get(_pair(account, other))

    def table(self) -> tuple[list[AccountId], list[list[Decimal]]]:
        """Return the accounts with two days or more, and a row of their returns for each day that all of them have."""
        accounts = [account for account in self.accounts if len(self._equity.get(account, ())) > 1]
        by_account = [self._of(account) for account in accounts]
        days = sorted(set.intersection(*(set(each) for each in by_account))) if by_account else []
        return accounts, [[each[day] for each in by_account] for day in days]

    def _of(self, account: AccountId) -> dict[str, Decimal]:
        days = sorted(self._equity[account].items())
        return {day: round_down(after / before - ONE) for (day, before), (_, after) in pairwise(days)}


def _pair(account: AccountId, other: AccountId) -> tuple[AccountId, AccountId]:
    return (account, other) if account < other else (other, account)
