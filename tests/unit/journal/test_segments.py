"""Where a segment ends: when it is full, and with its month."""

from datetime import UTC, datetime

import pytest

from coxswain.journal.segments import ends

NS_PER_S = 1_000_000_000


def body(seq: int, day: str, more: int = 0) -> tuple[int, bytes]:
    now_ns = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * NS_PER_S
    return seq, b'{"seq":%d,"now_ns":%d,"input":{}}' % (seq, now_ns) + b" " * more


def days(*told: str) -> list[tuple[int, bytes]]:
    return [body(seq, day) for seq, day in enumerate(told, start=1)]


@pytest.mark.parametrize(
    ("told", "closed"),
    [
        pytest.param(["2026-01-30", "2026-01-31"], [], id="a month that is not over stays open"),
        pytest.param(["2026-01-31", "2026-02-01", "2026-02-02"], [1], id="a month that is over is closed"),
        pytest.param(["2026-01-31T23:59:59", "2026-02-01T00:00:00"], [1], id="at the second in which it ends"),
        pytest.param(["2025-12-31", "2026-12-01", "2027-01-01"], [1, 2], id="the same month of another year"),
    ],
)
def test_a_segment_ends_with_its_month(told: list[str], closed: list[int]) -> None:
    assert list(ends(days(*told), 1_000_000, monthly=True)) == closed


def test_without_months_only_the_size_counts() -> None:
    assert list(ends(days("2026-01-31", "2026-02-01", "2026-03-01"), 1_000_000, monthly=False)) == []


def test_a_segment_ends_with_the_record_that_fills_it() -> None:
    records = [body(seq, "2026-01-05", more=1_000 - 110 - len(body(seq, "2026-01-05")[1])) for seq in range(1, 8)]
    assert list(ends(records, 2_000, monthly=True)) == [2, 4, 6]
    assert list(ends(records, 2_001, monthly=True)) == [3, 6]
    assert list(ends(records, 1, monthly=True)) == [1, 2, 3, 4, 5, 6, 7]
