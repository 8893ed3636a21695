"""Trading days and sessions in their own time zones, as inputs for the core, which knows no zones.

A day begins at the account's reset time in the account's zone; a session opens and closes in the instrument's. Both
follow the zone through its clock changes. Nothing else may compute a local time.
"""

import heapq
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coxswain.messages.inputs import Input, SessionChanged, TradingDay
from coxswain.model.market import Instrument, Session
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId

NS_PER_S = 1_000_000_000


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
        return days + sessions

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
    day = _local(start_ns, tz).date() - timedelta(days=1)
    while True:
        day += timedelta(days=1)
        at_ns = _ns(datetime.combine(day, time.fromisoformat(reset), ZoneInfo(tz)))
        if at_ns > start_ns:
            yield at_ns, group, TradingDay(tuple(accounts), day.isoformat())


def _day_label(tz: str, reset: str, now_ns: int) -> str:
    """Return the day that began at the last reset."""
    local = _local(now_ns, tz)
    began_today = local.time() >= time.fromisoformat(reset)
    return (local.date() if began_today else local.date() - timedelta(days=1)).isoformat()


def _changes(instrument: Instrument, start_ns: int, group: int) -> Iterator[tuple[int, int, Input]]:
    """Yield each opening and closing. Sessions that touch or overlap are looked at together, so none closes another."""
    day = min(_local(start_ns, session.tz).date() for session in instrument.sessions) - timedelta(days=1)
    was_open = is_open(instrument, start_ns)
    while True:
        edges = sorted({edge for session in instrument.sessions for edge in _edges(session, day)})
        for at_ns in edges:
            opens = is_open(instrument, at_ns)
            if at_ns > start_ns and opens is not was_open:
                was_open = opens
                yield at_ns, group, SessionChanged((instrument.symbol,), opens)
        day += timedelta(days=1)


def _edges(session: Session, day: date) -> Iterator[int]:
    """Return when a session may open or close on a calendar day of its zone."""
    for clock in (session.opens, session.closes):
        yield _ns(datetime.combine(day, time.fromisoformat(clock), ZoneInfo(session.tz)))


def is_open(instrument: Instrument, now_ns: int) -> bool:
    """Say whether an instrument with sessions is in one of them."""
    return any(_session_is_open(session, now_ns) for session in instrument.sessions)


def _session_is_open(session: Session, now_ns: int) -> bool:
    """A session whose closing is not after its opening runs past midnight and belongs to the day it opened."""
    local = _local(now_ns, session.tz)
    opens, closes = time.fromisoformat(session.opens), time.fromisoformat(session.closes)
    today, clock = local.weekday(), local.time()
    if opens < closes:
        return today in session.days and opens <= clock < closes
    yesterday = (today - 1) % 7
    return (today in session.days and clock >= opens) or (yesterday in session.days and clock < closes)


def _local(now_ns: int, tz: str) -> datetime:
    return datetime.fromtimestamp(now_ns // NS_PER_S, UTC).astimezone(ZoneInfo(tz))


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * NS_PER_S
