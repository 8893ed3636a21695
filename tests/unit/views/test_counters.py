"""Counters and timings by account and by venue."""

from decimal import Decimal

from coxswain.messages import events as ev
from coxswain.views.counters import COUNTED, NAMES, Counters, CountersRow
from tests.unit.views.records import A, B, Script, accepted, created, denied, filled, intent, rejected, unknown


def counted(script: Script) -> Counters:
    counters = Counters()
    script.shown_to(counters)
    return counters


def row(counters: Counters, name: str) -> CountersRow:
    return next(each for each in counters.accounts() if each.name == name)


def traded() -> Script:
    script = Script()
    script.step(created("o1", intent())).step(accepted("o1"), after_ms=20).step(filled("o1", "1", "1.1"), after_ms=10)
    script.step(created("o2", intent())).step(rejected("o2"), after_ms=40)
    script.step(created("o3", intent())).step(unknown("o3"))
    return script.step(denied(intent()))


def test_each_account_has_its_own_numbers() -> None:
    counters = counted(traded())
    counts = row(counters, A).counts
    assert {name: counts[name] for name in NAMES if counts[name]} == {
        "submitted": 3,
        "denied": 1,
        "accepted": 1,
        "fills": 1,
        "rejected": 1,
        "unknown": 1,
    }
    assert sum(row(counters, B).counts.values()) == 0


def test_times_run_from_the_creation_to_the_answer_and_to_the_first_fill() -> None:
    counters = counted(traded())
    asked, filled_ = row(counters, A).acknowledged, row(counters, A).filled
    assert (asked.count, asked.mean_ms, asked.longest_ms) == (2, Decimal(30), Decimal(40))
    assert (filled_.count, filled_.mean_ms) == (1, Decimal(30))
    assert row(counters, B).acknowledged.mean_ms is None


def test_a_fill_that_overtakes_the_acknowledgement_is_the_answer() -> None:
    script = Script().step(created("o1", intent())).step(filled("o1", "1", "1.1"), after_ms=5)
    asked = row(counted(script.step(accepted("o1"), after_ms=50)), A).acknowledged
    assert (asked.count, asked.mean_ms) == (1, Decimal(5))


def test_a_venue_is_the_sum_of_its_accounts() -> None:
    (venue,) = counted(traded()).venues()
    assert (venue.name, venue.counts["submitted"], venue.acknowledged.count) == ("v", 3, 2)


def test_what_is_counted_are_events() -> None:
    assert all(hasattr(ev, kind.__name__) for kind in COUNTED)
