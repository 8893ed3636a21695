"""Firms' days and flat hours in their own zones, through the weeks in which Europe and America disagree."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from coxswain.messages.inputs import FirmDay as FirmDayInput
from coxswain.messages.inputs import FlatHours
from coxswain.model.firm import FirmDay, FlatBy, Sessions, TradeDate, Weekend
from coxswain.runtime.calendar import Calendar
from coxswain.runtime.firm_calendar import firm_now, firm_streams, flat_hours
from tests.unit.core.desk import A
from tests.unit.core.firm_desk import firm_setup, ns, rules, under


def utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M")


def resets(start: str, count: int, reset_time: str, tz: str) -> list[str]:
    rule_set = rules(day=FirmDay(reset_time, tz))
    (stream,) = firm_streams(firm_setup(under(A, rule_set), sets=(rule_set,)), ns(start))
    return [utc(at_ns) for at_ns, _, _ in islice(stream, count)]


@pytest.mark.parametrize(
    ("start", "tz", "clock", "expected"),
    [
        # America has changed its clocks on 10 March 2024, Europe changes them on the 31st.
        ("2024-03-09T12:00", "Europe/Prague", "00:00", ["2024-03-09 23:00", "2024-03-10 23:00", "2024-03-11 23:00"]),
        ("2024-03-30T12:00", "Europe/Prague", "00:00", ["2024-03-30 23:00", "2024-03-31 22:00", "2024-04-01 22:00"]),
        ("2024-03-09T12:00", "America/Chicago", "17:00", ["2024-03-09 23:00", "2024-03-10 22:00", "2024-03-11 22:00"]),
        # Europe changes them back on 27 October, America on 3 November.
        ("2024-10-26T12:00", "Europe/Prague", "00:00", ["2024-10-26 22:00", "2024-10-27 23:00", "2024-10-28 23:00"]),
        ("2024-11-02T12:00", "America/Chicago", "17:00", ["2024-11-02 22:00", "2024-11-03 23:00", "2024-11-04 23:00"]),
        ("2024-03-09T12:00", "Etc/GMT-3", "00:00", ["2024-03-09 21:00", "2024-03-10 21:00", "2024-03-11 21:00"]),
    ],
)
def test_a_day_begins_in_the_firms_own_zone(start: str, tz: str, clock: str, expected: list[str]) -> None:
    assert resets(start, 3, clock, tz) == expected


def test_prague_and_a_clock_that_follows_america_are_two_hours_apart_for_some_weeks() -> None:
    """The platform's clock is three hours ahead of UTC from 10 March on; midnight in Prague is then at two on it."""
    assert resets("2024-03-20T12:00", 1, "00:00", "Europe/Prague") == ["2024-03-20 23:00"]  # 02:00 on the platform
    assert resets("2024-04-02T12:00", 1, "00:00", "Europe/Prague") == ["2024-04-02 22:00"]  # 01:00 again


def test_a_session_is_named_after_the_day_on_which_it_ends() -> None:
    rule_set = rules(day=FirmDay("17:00", "America/Chicago", TradeDate.SESSION))
    (day,) = firm_now(firm_setup(under(A, rule_set), sets=(rule_set,)), ns("2024-03-08T23:30"))
    assert isinstance(day, FirmDayInput)
    assert (day.day, utc(day.began_ns), utc(day.ends_ns)) == ("2024-03-09", "2024-03-08 23:00", "2024-03-09 23:00")


def flat_times(start: str, count: int, **sessions: Any) -> list[tuple[str, str]]:
    rule_set = rules(day=FirmDay("18:00", "America/New_York"), sessions=Sessions(**sessions))
    found = (hours for hours in flat_hours(rule_set, ns(start)) if hours.until_ns > ns(start))
    return [(utc(hours.from_ns), utc(hours.until_ns)) for hours in islice(found, count)]


def test_the_deadline_follows_the_clock_of_its_zone() -> None:
    flat = FlatBy("16:59", "America/New_York", "18:00")
    assert flat_times("2024-03-08T23:30", 2, flat_by=flat) == [
        ("2024-03-09 21:59", "2024-03-09 23:00"),
        ("2024-03-10 20:59", "2024-03-10 22:00"),
    ]
    assert flat_times("2024-03-08T23:30", 1, flat_by=FlatBy("16:59", "America/New_York")) == [
        ("2024-03-09 21:59", "2024-03-09 23:00")
    ]


def test_a_weekend_lasts_from_friday_to_sunday_also_over_a_clock_change() -> None:
    assert flat_times("2024-03-06T00:00", 2, weekend=Weekend.FLAT) == [
        ("2024-03-08 21:55", "2024-03-10 21:00"),
        ("2024-03-15 20:55", "2024-03-17 21:00"),
    ]
    assert flat_times("2024-03-09T12:00", 1, weekend=Weekend.FLAT)[0][0] == "2024-03-08 21:55"  # under way


def test_nothing_held_overnight_is_flat_at_each_reset() -> None:
    assert flat_times("2024-03-08T23:30", 1, overnight=False)[0][0] == "2024-03-09 23:00"


def test_the_calendar_tells_what_holds_at_a_start_and_what_comes() -> None:
    rule_set = rules(sessions=Sessions(flat_by=FlatBy("21:00", "UTC", "22:00")))
    calendar = Calendar(firm_setup(under(A, rule_set), sets=(rule_set,)), ns("2024-03-06T12:00"))
    told = [type(message) for message in calendar.now()]
    assert (told.count(FirmDayInput), told.count(FlatHours)) == (1, 1)
    coming = [(utc(calendar.next_ns() or 0), type(calendar.take()).__name__) for _ in range(4)]
    assert ("2024-03-06 22:00", "FlatHours") in coming
    assert ("2024-03-07 00:00", "FirmDay") in coming
