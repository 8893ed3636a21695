"""Trading days in their own zones, over both clock changes of a year, over weekends and over restarts."""

from datetime import UTC, datetime, timedelta

import pytest

from coxswain.messages.inputs import TradingDay
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId, Mode, VenueId
from coxswain.runtime.calendar import Calendar

A = AccountId("a")
PRAGUE, NEW_YORK = "Europe/Prague", "America/New_York"


def ns(utc: str) -> int:
    return int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * 10**9


def calendar(tz: str, reset: str, start: str) -> Calendar:
    setup = Setup(Mode.FULL_AUTO, (AccountSpec(A, VenueId("v"), "USD", tz=tz, reset_time=reset),), (), ())
    return Calendar(setup, ns(start))


def day_at(tz: str, reset: str, start: str) -> str:
    (message,) = calendar(tz, reset, start).now()
    assert isinstance(message, TradingDay)
    return message.day


def days_after(tz: str, reset: str, start: str, count: int) -> list[tuple[str, str]]:
    """Return when the next days begin, in UTC, and their names."""
    days, found = calendar(tz, reset, start), []
    for _ in range(count):
        at_ns = days.next_ns()
        message = days.take()
        assert at_ns is not None
        assert isinstance(message, TradingDay)
        found.append((datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M"), message.day))
    return found


@pytest.mark.parametrize(
    ("tz", "reset", "start", "begins"),
    [
        # Europe puts its clocks forward on 29 March 2026 and back on 25 October.
        (PRAGUE, "00:00", "2026-03-28T12:00", ["2026-03-28T23:00", "2026-03-29T22:00", "2026-03-30T22:00"]),
        (PRAGUE, "00:00", "2026-10-24T12:00", ["2026-10-24T22:00", "2026-10-25T23:00", "2026-10-26T23:00"]),
        (PRAGUE, "02:30", "2026-03-27T12:00", ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]),
        (PRAGUE, "02:30", "2026-10-23T12:00", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
        # America puts them forward on 8 March 2026 and back on 1 November.
        (NEW_YORK, "17:00", "2026-03-07T12:00", ["2026-03-07T22:00", "2026-03-08T21:00", "2026-03-09T21:00"]),
        (NEW_YORK, "17:00", "2026-10-31T12:00", ["2026-10-31T21:00", "2026-11-01T22:00", "2026-11-02T22:00"]),
        (NEW_YORK, "02:30", "2026-03-06T12:00", ["2026-03-07T07:30", "2026-03-08T07:30", "2026-03-09T06:30"]),
        (NEW_YORK, "01:30", "2026-10-30T12:00", ["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"]),
    ],
)
def test_a_day_begins_at_its_reset_on_both_sides_of_a_clock_change(
    tz: str, reset: str, start: str, begins: list[str]
) -> None:
    found = days_after(tz, reset, start, 3)
    assert [at for at, _ in found] == begins
    assert [day for _, day in found] == sorted({day for _, day in found})


def test_in_the_weeks_between_the_two_changes_the_zones_are_an_hour_nearer() -> None:
    start = "2026-03-20T12:00"
    (prague, _), (new_york, _) = (
        days_after(PRAGUE, "23:00", start, 1)[0],
        days_after(NEW_YORK, "17:00", start, 1)[0],
    )
    assert (prague, new_york) == ("2026-03-20T22:00", "2026-03-20T21:00")


@pytest.mark.parametrize("tz", [PRAGUE, NEW_YORK, "UTC"])
@pytest.mark.parametrize("reset", ["00:00", "01:30", "02:30", "17:00"])
@pytest.mark.parametrize("around", ["2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01"])
def test_whenever_a_process_starts_it_finds_the_day_that_is_under_way(tz: str, reset: str, around: str) -> None:
    """Every quarter of an hour, a start says the day that a process running since then would be in."""
    began = datetime.fromisoformat(around).replace(tzinfo=UTC) - timedelta(days=2)
    under_way = day_at(tz, reset, began.strftime("%Y-%m-%dT%H:%M"))
    running = calendar(tz, reset, began.strftime("%Y-%m-%dT%H:%M"))
    for quarter in range(4 * 24 * 4):
        at = (began + timedelta(minutes=15 * quarter)).strftime("%Y-%m-%dT%H:%M")
        while (next_ns := running.next_ns()) is not None and next_ns <= ns(at):
            message = running.take()
            assert isinstance(message, TradingDay)
            under_way = message.day
        assert day_at(tz, reset, at) == under_way, at


def test_a_start_in_the_hour_that_comes_twice_does_not_begin_the_day_before_again() -> None:
    assert day_at(PRAGUE, "02:30", "2026-10-25T00:45") == "2026-10-25"  # 02:45, the first time
    assert day_at(PRAGUE, "02:30", "2026-10-25T01:10") == "2026-10-25"  # 02:10, the second time


def test_a_start_after_the_hour_that_is_left_out_does_not_begin_the_day_early() -> None:
    assert day_at(PRAGUE, "02:30", "2026-03-29T01:10") == "2026-03-28"  # 03:10; the reset comes at 03:30
    assert day_at(PRAGUE, "02:30", "2026-03-29T01:30") == "2026-03-29"


def test_a_weekend_has_its_days_too() -> None:
    assert [day for _, day in days_after(NEW_YORK, "17:00", "2026-07-17T12:00", 4)] == [
        "2026-07-17",
        "2026-07-18",
        "2026-07-19",
        "2026-07-20",
    ]
    assert day_at(NEW_YORK, "17:00", "2026-07-20T12:00") == "2026-07-19"
