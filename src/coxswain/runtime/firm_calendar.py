"""Firms' days, and the hours in which their accounts must be flat, as inputs for the core, which knows no zones.

Each rule set has a zone and a reset of its own, which need not be those of the account's trading day. Clock changes are
followed: a day may have 23 or 25 hours, and two zones may be another number of hours apart for some weeks.
"""

import heapq
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import NamedTuple

from coxswain.messages.inputs import FirmDay, FlatHours, Input
from coxswain.model.firm import FlatBy, RuleSet, TradeDate, Weekend, WeekendHours
from coxswain.model.hours import local, moment
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_GROUP = 2_000_000
"""Behind days and sessions, where they come at one instant."""
Stream = Iterator[tuple[int, int, Input]]


class Hours(NamedTuple):
    from_ns: int
    until_ns: int
    why: str


def firm_now(setup: Setup, now_ns: int) -> list[Input]:
    """Return what holds at a start: the day of each rule set, and the next hours to be flat in, or those under way."""
    told: list[Input] = []
    for rules, accounts in _by_rule_set(setup):
        told.append(_day(rules, accounts, _last_reset(rules, now_ns)))
        hours = next((hours for hours in flat_hours(rules, now_ns) if hours.until_ns > now_ns), None)
        if hours is not None:
            told.append(FlatHours(accounts, rules.id, *hours))
    return told


def firm_streams(setup: Setup, start_ns: int) -> list[Stream]:
    streams: list[Stream] = []
    for index, (rules, accounts) in enumerate(_by_rule_set(setup)):
        group = FIRST_GROUP + 2 * index
        streams.append(_days(rules, accounts, start_ns, group))
        if _must_be_flat(rules):
            streams.append(_changes(rules, accounts, start_ns, group + 1))
    return streams


def _by_rule_set(setup: Setup) -> list[tuple[RuleSet, tuple[AccountId, ...]]]:
    return [(rules, tuple(spec.id for spec in setup.accounts if spec.firm == rules.id)) for rules in setup.firms]


# --- days -------------------------------------------------------------------------------------------------------------


def _last_reset(rules: RuleSet, now_ns: int) -> date:
    """Return the date of the last reset, in the firm's zone."""
    today = local(now_ns, rules.day.tz).date()
    return today if _reset_ns(rules, today) <= now_ns else today - timedelta(days=1)


def _reset_ns(rules: RuleSet, day: date) -> int:
    return moment(day, rules.day.reset_time, rules.day.tz)


def _day(rules: RuleSet, accounts: tuple[AccountId, ...], began: date) -> FirmDay:
    ends = began + timedelta(days=1)
    named = ends if rules.day.trade_date is TradeDate.SESSION else began
    return FirmDay(accounts, rules.id, named.isoformat(), _reset_ns(rules, began), _reset_ns(rules, ends))


def _days(rules: RuleSet, accounts: tuple[AccountId, ...], start_ns: int, group: int) -> Stream:
    day = _last_reset(rules, start_ns)
    while True:
        day += timedelta(days=1)
        yield _reset_ns(rules, day), group, _day(rules, accounts, day)


# --- hours without positions ------------------------------------------------------------------------------------------


def _must_be_flat(rules: RuleSet) -> bool:
    sessions = rules.sessions
    return sessions.flat_by is not None or sessions.weekend is Weekend.FLAT or not sessions.overnight


def flat_hours(rules: RuleSet, around_ns: int) -> Iterator[Hours]:
    """Yield the hours in which accounts must be flat, in order of their beginning, from some days before a time on."""
    sessions, streams = rules.sessions, []
    if sessions.flat_by is not None:
        streams.append(_daily(rules, sessions.flat_by, around_ns))
    elif not sessions.overnight:
        streams.append(_at_reset(rules, around_ns))
    if sessions.weekend is Weekend.FLAT:
        streams.append(_weekends(sessions.weekend_hours, around_ns))
    return heapq.merge(*streams)


def _daily(rules: RuleSet, flat: FlatBy, around_ns: int) -> Iterator[Hours]:
    day = local(around_ns, flat.tz).date() - timedelta(days=2)
    while True:
        from_ns = moment(day, flat.time, flat.tz)
        until_ns = _reset_after(rules, from_ns) if flat.until is None else _next(flat, day)
        yield Hours(from_ns, until_ns, f"flat by {flat.time} {flat.tz}")
        day += timedelta(days=1)


def _next(flat: FlatBy, day: date) -> int:
    assert flat.until is not None
    later = time.fromisoformat(flat.until) <= time.fromisoformat(flat.time)
    return moment(day + timedelta(days=later), flat.until, flat.tz)


def _reset_after(rules: RuleSet, at_ns: int) -> int:
    return _reset_ns(rules, _last_reset(rules, at_ns) + timedelta(days=1))


def _at_reset(rules: RuleSet, around_ns: int) -> Iterator[Hours]:
    """Not held over the reset: flat at it, for an instant that has no length."""
    day = _last_reset(rules, around_ns) - timedelta(days=1)
    while True:
        day += timedelta(days=1)
        at_ns = _reset_ns(rules, day)
        yield Hours(at_ns, at_ns + 1, "nothing is held over the firm's reset")


def _weekends(hours: WeekendHours, around_ns: int) -> Iterator[Hours]:
    first, last = WEEKDAYS.index(hours.from_.day), WEEKDAYS.index(hours.until.day)
    day = local(around_ns, hours.tz).date() - timedelta(days=14)
    day += timedelta(days=(first - day.weekday()) % 7)
    while True:
        until = day + timedelta(days=(last - first) % 7 or 7)
        why = f"flat for the weekend, from {hours.from_.day} {hours.from_.time} {hours.tz}"
        yield Hours(moment(day, hours.from_.time, hours.tz), moment(until, hours.until.time, hours.tz), why)
        day += timedelta(days=7)


def _changes(rules: RuleSet, accounts: tuple[AccountId, ...], start_ns: int, group: int) -> Stream:
    """When hours end, say which come next."""
    ended_ns = start_ns
    for hours in flat_hours(rules, start_ns):
        if hours.until_ns <= start_ns:
            continue
        if ended_ns > start_ns:
            yield ended_ns, group, FlatHours(accounts, rules.id, *hours)
        ended_ns = max(ended_ns, hours.until_ns)
