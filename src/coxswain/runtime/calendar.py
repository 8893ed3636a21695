"""Trading days and sessions as inputs for the core, which knows no zones.

A day begins at the account's reset time in the account's zone; a session opens and closes in the instrument's.
"""

import heapq
from collections.abc import Iterator
from datetime import timedelta

from coxswain.messages.inputs import Input, SessionChanged, TradingDay
from coxswain.model.hours import is_open, local, moment, next_change
from coxswain.model.market import Instrument
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.firm_calendar import firm_now, firm_streams


class Calendar:
    """What begins, opens and closes after a start, in order of time."""

    def __init__(self, setup: Setup, start_ns: int) -> None:
        self._setup = setup
        self._start_ns = start_ns
        streams: list[Iterator[tuple[int, int, Input]]] = []
        for group, accounts in enumerate(_by_reset(setup.accounts).items()):
            streams.append(_days(*accounts, start_ns, group))
        for index, instrument in enumerate(setup.instruments):
            if instrument.sessions:
                streams.append(_changes(instrument, start_ns, 1_000_000 + index))
        streams += firm_streams(setup, start_ns)
        self._stream = heapq.merge(*streams)
        self._next = next(self._stream, None)

    def now(self) -> list[Input]:
        """Return what holds at the start: the day of each account, and which instruments are open."""
        days: list[Input] = [
            TradingDay(tuple(accounts), _day_label(tz, reset, self._start_ns))
            for (tz, reset), accounts in _by_reset(self._setup.accounts).items()
        ]
        with_hours = [instrument for instrument in self._setup.instruments if instrument.sessions]
        sessions: list[Input] = [
            SessionChanged((instrument.symbol,), is_open(instrument, self._start_ns)) for instrument in with_hours
        ]
        return days + sessions + firm_now(self._setup, self._start_ns)

    def next_ns(self) -> int | None:
        return None if self._next is None else self._next[0]

    def take(self) -> Input:
        """Return the next change and move on."""
        if self._next is None:
            raise ValueError("nothing is left in the calendar")
        message = self._next[2]
        self._next = next(self._stream, None)
        return message


def _by_reset(accounts: tuple[AccountSpec, ...]) -> dict[tuple[str, str], list[AccountId]]:
    groups: dict[tuple[str, str], list[AccountId]] = {}
    for account in accounts:
        groups.setdefault((account.tz, account.reset_time), []).append(account.id)
    return groups


def _days(
    key: tuple[str, str], accounts: list[AccountId], start_ns: int, group: int
) -> Iterator[tuple[int, int, Input]]:
    tz, reset = key
    day = local(start_ns, tz).date() - timedelta(days=1)
    while True:
        day += timedelta(days=1)
        at_ns = moment(day, reset, tz)
        if at_ns > start_ns:
            yield at_ns, group, TradingDay(tuple(accounts), day.isoformat())


def _day_label(tz: str, reset: str, now_ns: int) -> str:
    """Return the day that began at the last reset, found as the resets themselves are: by moments, not by the clock.

    A clock that is put back shows the hour of the reset twice, and one that is put forward may leave it out.
    """
    day = local(now_ns, tz).date()
    while moment(day, reset, tz) > now_ns:
        day -= timedelta(days=1)
    return day.isoformat()


def _changes(instrument: Instrument, start_ns: int, group: int) -> Iterator[tuple[int, int, Input]]:
    """Yield each opening and closing."""
    change = next_change(instrument, start_ns)
    while change is not None:
        at_ns, opens = change
        yield at_ns, group, SessionChanged((instrument.symbol,), opens)
        change = next_change(instrument, at_ns)
