"""Sessions and times of day in their own zones, and when they come next.

Zones are followed through their clock changes. A time that a clock change leaves out comes as if the clock had not been
changed, and of a time that comes twice the first one counts. What happens at these times is no concern of this file.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coxswain.model.market import Instrument, Session

NS_PER_S = 1_000_000_000
LOOK_AHEAD_DAYS = 15
"""Hours repeat every week. Twice that, because a clock change can leave a session out."""


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def local(now_ns: int, tz: str) -> datetime:
    return datetime.fromtimestamp(now_ns // NS_PER_S, UTC).astimezone(ZoneInfo(tz))


def moment(day: date, clock: str, tz: str) -> int:
    """Return when it is `clock` in a zone, on a day of that zone."""
    return int(datetime.combine(day, time.fromisoformat(clock), ZoneInfo(tz)).timestamp()) * NS_PER_S


def next_time(clock: str, tz: str, after_ns: int) -> int:
    """Return when it is `clock` in a zone for the first time after a moment."""
    day = local(after_ns, tz).date()
    while (at_ns := moment(day, clock, tz)) <= after_ns:
        day += timedelta(days=1)
    return at_ns


# --- sessions ---------------------------------------------------------------------------------------------------------


def is_open(instrument: Instrument, now_ns: int) -> bool:
    """Say whether an instrument with sessions is in one of them."""
    return any(_is_in(session, now_ns) for session in instrument.sessions)


def next_change(instrument: Instrument, after_ns: int) -> tuple[int, bool] | None:
    """Return when an instrument with sessions opens or closes next, and which; None if it never does.

    Sessions that touch or overlap are looked at together, so none closes another.
    """
    was_open = is_open(instrument, after_ns)
    day = min(local(after_ns, session.tz).date() for session in instrument.sessions) - timedelta(days=1)
    for _ in range(LOOK_AHEAD_DAYS):
        for at_ns in sorted({edge for session in instrument.sessions for edge in _edges(session, day)}):
            if at_ns > after_ns and is_open(instrument, at_ns) is not was_open:
                return at_ns, not was_open
        day += timedelta(days=1)
    return None


def next_close(instrument: Instrument, after_ns: int) -> int | None:
    """Return when the session that is under way, or else the next one, closes; None if none ever does."""
    change = next_change(instrument, after_ns)
    if change is not None and change[1]:
        change = next_change(instrument, change[0])
    return None if change is None else change[0]


def _edges(session: Session, day: date) -> Iterator[int]:
    """Return when a session may open or close on a calendar day of its zone."""
    for clock in (session.opens, session.closes):
        yield moment(day, clock, session.tz)


def _is_in(session: Session, now_ns: int) -> bool:
    """A session whose closing is not after its opening runs past midnight and belongs to the day it opened."""
    now = local(now_ns, session.tz)
    opens, closes = time.fromisoformat(session.opens), time.fromisoformat(session.closes)
    today, clock = now.weekday(), now.time()
    if opens < closes:
        return today in session.days and opens <= clock < closes
    yesterday = (today - 1) % 7
    return (today in session.days and clock >= opens) or (yesterday in session.days and clock < closes)
