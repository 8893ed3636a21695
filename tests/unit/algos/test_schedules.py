"""Algorithms that follow a schedule: whatever the size and whenever they are asked, the slices make the whole."""

from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxswain.algos import implementation_shortfall, twap, vwap
from tests.unit.algos.parents import START_NS, S, parent

HORIZON_S = 600
END_NS = START_NS + HORIZON_S * S


def amounts(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number) / 100)


twaps = st.builds(
    twap.Params,
    st.just(HORIZON_S),
    st.integers(1, 60),
    amounts(0, 10_000),
    amounts(0, 9_000),
)
vwaps = st.builds(
    vwap.Params,
    st.just(HORIZON_S),
    st.integers(1, 60),
    st.lists(amounts(0, 1_000), min_size=1, max_size=24).filter(any).map(tuple),
    amounts(0, 10_000),
)
shortfalls = st.builds(
    implementation_shortfall.Params,
    st.just(HORIZON_S),
    amounts(0, 1_000).map(lambda number: number / 1_000),
    amounts(0, 500),
    amounts(1, 1_000),
    st.just(Decimal(0)),
    st.integers(1, 60),
    amounts(0, 10_000),
)
schedules: st.SearchStrategy[tuple[ModuleType, Any]] = st.one_of(
    st.tuples(st.just(twap), twaps),
    st.tuples(st.just(vwap), vwaps),
    st.tuples(st.just(implementation_shortfall), shortfalls),
)
parents = st.builds(
    lambda steps, step, name: parent(str(Decimal(step) * steps), step=step, name=f"s{name}"),
    st.integers(1, 5_000),
    st.sampled_from(["1", "0.01", "100"]),
    st.integers(0, 50),
)


@given(schedules, parents, st.lists(st.integers(0, HORIZON_S * S - 1), max_size=30))
def test_at_any_wake_times_the_quantity_rises_in_steps_and_ends_exactly(
    schedule: tuple[ModuleType, Any], order: Any, offsets: list[int]
) -> None:
    module, params = schedule
    before = Decimal(0)
    for offset in sorted(offsets):
        wanted = module.target(order, None, START_NS + offset, params)
        assert before <= wanted.cum_qty <= order.order_qty
        assert wanted.cum_qty == order.order_qty or not wanted.cum_qty % order.lot_step
        assert wanted.wake_ns is None or START_NS + offset < wanted.wake_ns < END_NS
        before = wanted.cum_qty
    last = module.target(order, None, END_NS - 1, params)
    assert (last.cum_qty, last.wake_ns) == (order.order_qty, None)


@given(schedules, parents)
def test_woken_when_it_asks_to_be_all_of_it_is_out_before_the_horizon_ends(
    schedule: tuple[ModuleType, Any], order: Any
) -> None:
    module, params = schedule
    now_ns, wakes = START_NS, 0
    while True:
        wanted = module.target(order, None, now_ns, params)
        if wanted.wake_ns is None:
            break
        now_ns, wakes = wanted.wake_ns, wakes + 1
    assert now_ns < END_NS
    assert wanted.cum_qty == order.order_qty
    assert wakes <= params.slices


@given(schedules, parents, st.integers(0, HORIZON_S * S - 1), st.integers(0, 100))
def test_what_was_filled_is_never_taken_back(
    schedule: tuple[ModuleType, Any], order: Any, offset: int, share: int
) -> None:
    module, params = schedule
    filled = order.order_qty * share // 100 // order.lot_step * order.lot_step
    order = msgspec.structs.replace(order, cum_qty=filled)
    assert filled <= module.target(order, None, START_NS + offset, params).cum_qty <= order.order_qty


@given(schedules, parents, st.integers(0, HORIZON_S * S - 1))
def test_it_answers_the_same_whenever_it_is_asked(schedule: tuple[ModuleType, Any], order: Any, offset: int) -> None:
    module, params = schedule
    assert module.target(order, None, START_NS + offset, params) == module.target(
        order, None, START_NS + offset, params
    )


def test_twap_sends_even_slices_at_even_times() -> None:
    params = twap.Params(100, 4)
    seen = [twap.target(parent(40), None, START_NS + at * S, params) for at in (0, 24, 25, 50, 75)]
    assert [wanted.cum_qty for wanted in seen] == [10, 10, 20, 30, 40]
    assert seen[0].wake_ns == START_NS + 25 * S


def test_two_accounts_vary_differently_and_each_the_same_way_again() -> None:
    params = twap.Params(100, 10, Decimal(100), Decimal(50))
    one, other = parent(100, name="s1"), parent(100, name="s2")
    assert twap.target(one, None, START_NS + 50 * S, params) != twap.target(other, None, START_NS + 50 * S, params)


def test_vwap_follows_the_weights_of_the_signal() -> None:
    params = vwap.Params(100, 4, (Decimal(1), Decimal(3)))
    assert [vwap.target(parent(80), None, START_NS + at * S, params).cum_qty for at in (0, 25, 50, 75)] == [
        10,
        20,
        50,
        80,
    ]


def test_vwap_follows_the_instruments_curve_from_the_time_of_day_it_starts_at() -> None:
    hours = (*[Decimal(0)] * 22, Decimal(1), Decimal(3))  # it starts at 22:13:20 UTC
    order = parent(100, volume_curve=hours)
    params = vwap.Params(2 * 2_800, 2)  # to 23:46:40
    assert vwap.lacks(order, params) == ""
    first = vwap.target(order, None, START_NS, params).cum_qty
    assert first == 25  # 46 min 40 s of the quiet hour against as long of the busy one


def test_vwap_without_any_curve_says_what_it_lacks() -> None:
    assert "volume curve" in vwap.lacks(parent(), vwap.Params(100))


def test_implementation_shortfall_without_risk_aversion_is_even() -> None:
    params = implementation_shortfall.Params(100, Decimal(0), Decimal(1), Decimal(1), slices=4)
    assert implementation_shortfall.trajectory(params) == (Decimal("0.25"),) * 4


def test_implementation_shortfall_trades_sooner_the_more_it_minds_risk() -> None:
    first = [
        implementation_shortfall.trajectory(
            implementation_shortfall.Params(100, Decimal(minds), Decimal(1), Decimal(1), slices=10)
        )[0]
        for minds in ("0", "0.0001", "0.001", "0.01", "1")
    ]
    assert first == sorted(first)
    assert first[-1] > Decimal("0.99")


def test_implementation_shortfall_is_the_closed_form() -> None:
    """Against sinh by exp, to many digits: kappa from cosh by its own series of ln."""
    params = implementation_shortfall.Params(100, Decimal("0.001"), Decimal(1), Decimal(1), slices=10)
    c = 1 + Decimal("0.001") * 100 / 2
    kappa_tau = (c + (c * c - 1).sqrt()).ln()

    def sinh(x: Decimal) -> Decimal:
        return (x.exp() - (-x).exp()) / 2

    left = [sinh(kappa_tau * (10 - j)) / sinh(kappa_tau * 10) for j in range(11)]
    for ours, j in zip(implementation_shortfall.trajectory(params), range(10), strict=True):
        assert abs(ours - (left[j] - left[j + 1])) < Decimal("1e-8")


@pytest.mark.parametrize(
    ("module", "fields"),
    [
        (twap, {"horizon_s": 0}),
        (twap, {"horizon_s": 86_401}),
        (twap, {"horizon_s": 10, "slices": 501}),
        (twap, {"horizon_s": 10, "size_variance_pct": Decimal(91)}),
        (vwap, {"horizon_s": 10, "weights": (Decimal(0),)}),
        (vwap, {"horizon_s": 10, "weights": (Decimal(-1),)}),
        (
            implementation_shortfall,
            {"horizon_s": 10, "risk_aversion": Decimal(1), "volatility": Decimal(1), "temporary_impact": Decimal(0)},
        ),
        (
            implementation_shortfall,
            {
                "horizon_s": 100,
                "slices": 1,
                "risk_aversion": Decimal(1),
                "volatility": Decimal(1),
                "temporary_impact": Decimal(1),
                "permanent_impact": Decimal("0.02"),
            },
        ),
    ],
)
def test_a_parameter_out_of_range_is_refused(module: ModuleType, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        module.Params(**fields)
