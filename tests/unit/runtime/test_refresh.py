"""Correlations that are refreshed each day: at their time, from what the journal says, and without holding orders."""

import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from coxswain.journal.store import Journal
from coxswain.messages.events import CorrelationSet, DayStarted
from coxswain.messages.inputs import SetCorrelation, TradingDay
from coxswain.messages.record import Record
from coxswain.model.market import Quote
from coxswain.model.vocabulary import AccountId, JournalId
from coxswain.runtime.records import decoded
from coxswain.runtime.refresh import TOLD_AT_ONCE, Refresh, RefreshTime
from tests.unit.core import desk as core
from tests.unit.runtime.desk import SHARE, START_NS, A, B, Desk, S

DAY_S = 86_400
MIDNIGHT_NS = (START_NS // S // DAY_S + 1) * DAY_S * S
Rows = Sequence[Sequence[Decimal]]


def always(rho: str) -> "Estimate":
    return Estimate(rho)


class Estimate:
    """Says that all accounts move alike, and remembers what it was shown."""

    def __init__(self, rho: str) -> None:
        self.rho = Decimal(rho)
        self.shown: list[Rows] = []

    def __call__(self, rows: Rows) -> list[list[Decimal]]:
        self.shown.append(rows)
        return [[Decimal(1) if i == j else self.rho for j in range(len(rows[0]))] for i in range(len(rows[0]))]


def refresh(estimate: "Estimate", *, days_min: int = 2, waits: bool = True, told: list[str] | None = None) -> Refresh:
    said: list[str] = [] if told is None else told
    return Refresh(RefreshTime("00:10", "UTC", days_min), estimate, "ewma", said.append, waits=waits)


def days(*equities: tuple[int, ...], accounts: tuple[AccountId, ...] = (A, B)) -> Record:
    """Return a record of days that began with these equities, an account each."""
    events = tuple(
        DayStarted(account, f"2023-11-{14 + day:02}", Decimal(equity), Decimal(equity), Decimal(equity))
        for day, each in enumerate(equities)
        for account, equity in zip(accounts, each, strict=True)
    )
    return Record(2, START_NS, TradingDay(accounts, "x"), events)


def begun(made: Refresh, *records: Record) -> Refresh:
    desk = core.Desk(core.setup(core.account(A), core.account(B)), begin=False)
    desk.start()
    made.see(desk.records[0])
    for record in records:
        made.see(record)
    made.begin(START_NS)
    return made


def quotes(count: int, every_s: int) -> Iterator[Quote]:
    for number in range(count):
        yield Quote(SHARE, Decimal("100.00"), Decimal("100.02"), START_NS + number * every_s * S)


def test_a_day_is_estimated_at_its_time_and_not_before() -> None:
    made = begun(refresh(always("0.9")), days((100, 100), (110, 105), (99, 101)))
    due_ns = MIDNIGHT_NS + 600 * S
    assert made.next_ns() == due_ns
    assert made.take(due_ns - 1) == []
    assert made.take(due_ns) == [SetCorrelation(A, B, Decimal("0.9"), "estimated by ewma on 2 days", "engine")]
    assert made.next_ns() == due_ns + DAY_S * S


def test_what_has_not_changed_is_not_told_again() -> None:
    made = begun(refresh(always("0.9")), days((100, 100), (110, 105), (99, 101)))
    made.see(Record(3, START_NS, TradingDay((), "x"), (CorrelationSet(B, A, Decimal("0.9"), False),)))
    assert made.take(MIDNIGHT_NS + 600 * S) == []


def test_with_too_few_days_nothing_is_estimated() -> None:
    estimate = always("0.9")
    made = begun(refresh(estimate, days_min=3), days((100, 100), (110, 105), (99, 101)))
    assert made.take(MIDNIGHT_NS + 600 * S) == []
    assert estimate.shown == []


def test_an_estimate_that_fails_leaves_what_was_and_says_so() -> None:
    told: list[str] = []

    class Failing(Estimate):
        def __call__(self, rows: Rows) -> list[list[Decimal]]:
            raise ArithmeticError("no such matrix")

    made = begun(refresh(Failing("0"), told=told), days((100, 100), (110, 105), (99, 101)))
    assert made.take(MIDNIGHT_NS + 600 * S) == []
    assert told == ["correlations were not refreshed, and stay as they were: ArithmeticError: no such matrix"]
    assert made.next_ns() == MIDNIGHT_NS + 600 * S + DAY_S * S


def test_where_time_passes_nobody_waits_for_an_estimate() -> None:
    begins, ends = threading.Event(), threading.Event()

    class Slow(Estimate):
        def __call__(self, rows: Rows) -> list[list[Decimal]]:
            begins.set()
            assert ends.wait(10)
            return super().__call__(rows)

    made = begun(refresh(Slow("0.9"), waits=False), days((100, 100), (110, 105), (99, 101)))
    due_ns = MIDNIGHT_NS + 600 * S
    assert made.take(due_ns) == [], "the loop goes on"
    assert begins.wait(10)
    made.see(days((90, 100), (110, 105), (99, 101)))  # records go on, and the estimate has its own copy
    assert made.take(due_ns + S) == []
    assert made.next_ns() == due_ns + S + 100_000_000, "it is looked for again soon"
    ends.set()
    found: list[SetCorrelation] = []
    while not found:
        found = made.take(due_ns + 2 * S)
    assert [each.rho for each in found] == [Decimal("0.9")]


def test_many_pairs_are_told_a_few_at_a_time() -> None:
    accounts = tuple(AccountId(f"a{number}") for number in range(8))  # 28 pairs
    made = refresh(always("0.5"))
    desk = core.Desk(core.setup(*(core.account(name) for name in accounts)), begin=False)
    desk.start()
    made.see(desk.records[0])
    made.see(days(*[tuple(100 + day + number for number in range(8)) for day in range(4)], accounts=accounts))
    made.begin(START_NS)
    due_ns = MIDNIGHT_NS + 600 * S
    assert len(made.take(due_ns)) == TOLD_AT_ONCE
    assert made.next_ns() == 0, "the rest is to be told at once"
    assert len(made.take(due_ns)) == 28 - TOLD_AT_ONCE
    assert made.next_ns() == due_ns + DAY_S * S


@pytest.mark.parametrize("days_min", [2, 9])
def test_a_run_in_virtual_time_refreshes_each_day_at_the_same_moments(days_min: int) -> None:
    """Six days of quotes every half hour; at the second midnight there are two days of returns."""
    estimate = always("0.9")
    made = refresh(estimate, days_min=days_min)
    journal = Journal.create(None, JournalId("loop0000loop0000"))
    desk = Desk(feed=quotes(6 * 48, 1800), journal=journal, refresh=made, on_record=made.see)
    desk.run()
    told = [
        (record.now_ns, record.input.rho)
        for _, record in decoded(journal.read())
        if isinstance(record.input, SetCorrelation)
    ]
    if days_min == 9:
        assert told == []
        return
    # What has not changed is not told again on the days after.
    assert told == [(MIDNIGHT_NS + DAY_S * S + 600 * S, Decimal("0.9"))]
    assert len(estimate.shown) > 2
