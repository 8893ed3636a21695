"""What splitting a signal can and cannot do, measured on plans of the real planner over a seeded walk."""

import pytest

from bench.distribution import measure, walk

Found = dict[str, tuple[float, float, float, float]]


@pytest.fixture(scope="module")
def found() -> Found:
    return measure(walk(days=1), 600)


def test_at_a_fixed_total_splitting_changes_no_total_variance(found: Found) -> None:
    assert found["2 of 6 in turn, together"][1] == pytest.approx(found["mirrored, together"][1], rel=1e-9)


def test_stagger_and_variation_leave_mirrored_accounts_near_one(found: Found) -> None:
    assert found["mirrored, together"][0] == pytest.approx(1)
    assert found["mirrored, staggered and varied"][0] > 0.95


def test_taking_turns_brings_correlation_down_at_the_price_of_more_single_breaches(found: Found) -> None:
    turns, mirrored = found["2 of 6 in turn"], found["mirrored, staggered and varied"]
    assert turns[0] < 0.6
    assert turns[2] > mirrored[2]
