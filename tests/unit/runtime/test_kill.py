"""The watch over writes to the journal: what it takes for a hang, and what it does not."""

import time

import pytest

from coxswain.runtime.kill import APPEND_WITHIN_S, STOOD_STILL_S, WATCHED_EVERY_S, Watch


@pytest.fixture
def watch() -> Watch:
    """One that never looks by itself."""
    made = Watch(lambda took_s: None)
    made.close()
    return made


def test_a_write_that_takes_too_long_is_noticed(watch: Watch) -> None:
    now_s = time.monotonic()
    with watch:
        took_s = 0.0
        while took_s <= APPEND_WITHIN_S:
            now_s += WATCHED_EVERY_S
            took_s = watch.took_s(now_s)
        assert now_s - time.monotonic() < APPEND_WITHIN_S + 1
    assert watch.took_s(now_s) == 0.0


def test_a_process_that_was_stopped_in_the_middle_of_a_write_has_not_hung(watch: Watch) -> None:
    """It was ended on waking, because the minute in which it stood still was taken for the write's."""
    with watch:
        now_s = time.monotonic() + WATCHED_EVERY_S
        before_s = watch.took_s(now_s)
        after_s = watch.took_s(now_s + 60)
        assert after_s == pytest.approx(before_s)
        assert watch.took_s(now_s + 60 + STOOD_STILL_S) == pytest.approx(before_s + STOOD_STILL_S)


def test_a_write_that_began_while_nobody_looked_is_not_counted_from_before_it(watch: Watch) -> None:
    with watch:
        assert watch.took_s(time.monotonic() + 60) <= 60
        assert watch.took_s(time.monotonic() + 60) < APPEND_WITHIN_S
