"""Sessions and times of day: they follow their zone through its clock changes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from coxswain.model.hours import is_open, next_change, next_close, next_time
from coxswain.model.market import Instrument, Session
from coxswain.model.vocabulary import Symbol

NEW_YORK, WEEKDAYS = "America/New_York", (0, 1, 2, 3, 4)
STOCKS = Session(NEW_YORK, WEEKDAYS, "09:30", "16:00")


def share(*sessions: Session) -> Instrument:
    return Instrument(Symbol("SHARE"), "USD", Decimal("0.01"), Decimal(1), Decimal(1), sessions=sessions)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("clock", "tz", "after", "comes"),
    [
        ("00:00", "UTC", "2026-01-05 10:00", "2026-01-06 00:00"),
        ("00:00", "UTC", "2026-01-05 00:00", "2026-01-06 00:00"),
        ("17:00", NEW_YORK, "2026-03-06 12:00", "2026-03-06 22:00"),
        ("17:00", NEW_YORK, "2026-03-07 22:00", "2026-03-08 21:00"),  # the clock went forward that morning
        ("17:00", NEW_YORK, "2026-10-31 21:00", "2026-11-01 22:00"),  # and back that morning
        ("02:30", NEW_YORK, "2026-03-08 05:00", "2026-03-08 07:30"),  # left out: as if nothing had been changed
        ("01:30", NEW_YORK, "2026-11-01 04:00", "2026-11-01 05:30"),  # comes twice: the first one
        ("00:00", "Asia/Tokyo", "2026-01-05 16:00", "2026-01-06 15:00"),
    ],
)
def test_a_time_of_day_comes_next(clock: str, tz: str, after: str, comes: str) -> None:
    assert next_time(clock, tz, at(after)) == at(comes)


@pytest.mark.parametrize(
    ("sessions", "after", "closes"),
    [
        ((STOCKS,), "2026-01-05 15:00", "2026-01-05 21:00"),
        ((STOCKS,), "2026-01-05 21:00", "2026-01-06 21:00"),  # closed: the next session's
        ((STOCKS,), "2026-01-09 22:00", "2026-01-12 21:00"),  # Friday evening: Monday's
        ((STOCKS,), "2026-03-09 12:00", "2026-03-09 20:00"),  # summer time
        ((Session(NEW_YORK, (6, 0, 1, 2, 3), "17:00", "16:55"),), "2026-01-05 03:00", "2026-01-05 21:55"),
        # Two sessions that touch are one.
        ((Session("UTC", (0,), "08:00", "12:00"), Session("UTC", (0,), "12:00", "16:00")), "2026-01-05 09:00",
         "2026-01-05 16:00"),
    ],
)  # fmt: skip
def test_a_session_closes_next(sessions: tuple[Session, ...], after: str, closes: str) -> None:
    assert next_close(share(*sessions), at(after)) == at(closes)


def test_an_instrument_that_never_closes_has_no_next_change() -> None:
    every_day = (0, 1, 2, 3, 4, 5, 6)
    always = share(Session("UTC", every_day, "00:00", "12:00"), Session("UTC", every_day, "12:00", "00:00"))
    assert is_open(always, at("2026-01-05 12:00"))
    assert next_change(always, at("2026-01-05 11:00")) is None
    assert next_close(always, at("2026-01-05 11:00")) is None
