"""The normal distribution in whole numbers, against the standard library's."""

from statistics import NormalDist

import pytest

from coxswain.model.normal import UNIT, WHOLE, cdf, weights


@pytest.mark.parametrize(
    "z", [-600_000, -524_288, -320_001, -131_072, -65_536, -1, 0, 1, 32_768, 65_535, 213_333, 524_287, 524_288]
)
def test_it_is_the_normal_distribution_to_five_digits(z: int) -> None:
    assert cdf(z) / WHOLE == pytest.approx(NormalDist().cdf(z / UNIT), abs=1e-5)


def test_it_is_symmetric_and_never_falls() -> None:
    values = [cdf(z) for z in range(-600_000, 600_001, 797)]
    assert values == sorted(values)
    assert all(cdf(z) + cdf(-z) in (WHOLE - 1, WHOLE, WHOLE + 1) for z in range(0, 600_000, 1009))


def test_the_weights_come_to_the_whole() -> None:
    assert WHOLE - 200 <= sum(weights(8, 6)) <= WHOLE
