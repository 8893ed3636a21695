"""Algorithms that follow the market: its volume, its prices, its touch."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxswain.algos import iceberg, peg, post_then_cross, pov
from coxswain.model.algo import ParentView
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Side, Symbol
from tests.unit.algos.parents import START_NS, S, parent

SHARE = Symbol("SHARE")


def quote(bid: str = "100.00", ask: str = "100.02", volume: str | int | None = None) -> Quote:
    return Quote(SHARE, Decimal(bid), Decimal(ask), START_NS, volume=None if volume is None else Decimal(volume))


# --- participation ----------------------------------------------------------------------------------------------------


def pov_qty(order: ParentView, volume: str | int | None, **fields: object) -> Decimal:
    params = pov.Params(600, **{"catch_up_pct": Decimal(100), **fields})  # type: ignore[arg-type]
    return pov.target(order, quote(volume=volume), START_NS + 10 * S, params).cum_qty


def test_pov_takes_its_rate_of_what_was_traded_since_the_start() -> None:
    assert pov_qty(parent(100, arrival_volume="5000"), 5_400) == 40


def test_pov_does_not_count_its_own_fills_as_the_markets() -> None:
    assert pov_qty(parent(100, arrival_volume="5000", cum_qty="40"), 5_440) == 40
    assert pov_qty(parent(100, arrival_volume="5000", cum_qty="40"), 5_500) == 46
    assert pov_qty(parent(100, arrival_volume="5000", cum_qty="40"), 5_500, own_in_volume=False) == 50


def test_pov_catches_up_a_part_at_a_time() -> None:
    assert pov_qty(parent(100, arrival_volume="0", cum_qty="10"), 1_000, catch_up_pct=Decimal(20)) == 30


def test_pov_without_volume_waits() -> None:
    assert pov_qty(parent(100, arrival_volume="5000", open_qty="3"), None) == 3
    assert pov_qty(parent(100), 5_000) == 0


@given(st.lists(st.integers(0, 500), max_size=40), st.integers(1, 50), st.integers(1, 100))
def test_pov_never_takes_more_than_its_rate_or_its_parent(trades: list[int], rate: int, catch_up: int) -> None:
    order, volume = parent(300, arrival_volume="0"), 0
    params = pov.Params(600, Decimal(rate), Decimal(catch_up), own_in_volume=False)
    for traded in trades:
        volume += traded
        wanted = pov.target(order, quote(volume=volume), START_NS, params).cum_qty
        assert order.cum_qty <= wanted <= min(Decimal(300), Decimal(volume) * rate / 100)
        order = msgspec.structs.replace(order, cum_qty=wanted)


# --- iceberg ----------------------------------------------------------------------------------------------------------


def test_an_iceberg_shows_the_next_tip_when_one_is_filled() -> None:
    params = iceberg.Params(600, Decimal(10))
    order = parent(25, limit_px="100.00")
    assert iceberg.target(order, None, START_NS, params).cum_qty == 10
    working = msgspec.structs.replace(order, cum_qty=Decimal(4), open_qty=Decimal(6))
    assert iceberg.target(working, None, START_NS, params).cum_qty == 10
    last = msgspec.structs.replace(order, cum_qty=Decimal(20))
    wanted = iceberg.target(last, None, START_NS, params)
    assert (wanted.cum_qty, wanted.price) == (Decimal(25), Decimal("100.00"))


@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 90), st.integers(0, 99))
def test_the_tips_of_an_iceberg_make_the_whole(qty: int, display: int, variance: int, name: int) -> None:
    params = iceberg.Params(600, Decimal(display), Decimal(variance))
    order = parent(qty, name=f"s{name}", limit_px="100.00")
    for _ in range(qty + 1):
        wanted = iceberg.target(order, None, START_NS, params)
        assert wanted.cum_qty - order.cum_qty <= display
        order = msgspec.structs.replace(order, cum_qty=wanted.cum_qty)
    assert order.cum_qty == qty


def test_an_iceberg_without_a_limit_says_what_it_lacks() -> None:
    assert "limit_price" in iceberg.lacks(parent(), iceberg.Params(600, Decimal(1)))


# --- peg --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "reference", "offset", "limit", "price"),
    [
        (Side.BUY, "bid", 0, None, "100.00"),
        (Side.BUY, "bid", 2, None, "99.98"),
        (Side.BUY, "mid", 0, None, "100.01"),
        (Side.BUY, "ask", 0, None, "100.03"),
        (Side.SELL, "ask", 0, None, "100.03"),
        (Side.SELL, "ask", 2, None, "100.05"),
        (Side.SELL, "mid", 0, None, "100.02"),  # the middle is between two ticks: a seller's is the upper
        (Side.BUY, "ask", 0, "100.01", "100.01"),
        (Side.SELL, "bid", 0, "100.02", "100.02"),
    ],
)
def test_a_peg_stands_at_its_distance(side: Side, reference: str, offset: int, limit: str | None, price: str) -> None:
    order = parent(10, side=side, limit_px=limit)
    params = peg.Params(600, reference, offset)  # type: ignore[arg-type]
    wanted = peg.target(order, quote("100.00", "100.03"), START_NS, params)
    assert (wanted.price, wanted.cum_qty) == (Decimal(price), Decimal(10))


def test_a_peg_moves_only_when_the_market_has_moved_enough() -> None:
    params = peg.Params(600, "bid", min_move_ticks=3)
    order = parent(10, open_qty="10", open_px="100.00")
    assert peg.target(order, quote("100.02", "100.04"), START_NS, params).price == Decimal("100.00")
    assert peg.target(order, quote("100.03", "100.05"), START_NS, params).price == Decimal("100.03")


def test_a_peg_without_a_sane_market_stays_where_it_is() -> None:
    order = parent(10, open_qty="10", open_px="100.00")
    wanted = peg.target(order, quote("100.05", "100.01"), START_NS, peg.Params(600))
    assert (wanted.cum_qty, wanted.price) == (Decimal(10), Decimal("100.00"))


# --- post, then cross -------------------------------------------------------------------------------------------------


def test_it_stands_at_the_near_touch_until_its_time_to_cross() -> None:
    params = post_then_cross.Params(30, 10)
    waits = post_then_cross.target(parent(10), quote(), START_NS, params)
    assert (waits.price, waits.cum_qty, waits.wake_ns) == (Decimal("100.00"), Decimal(10), START_NS + S)
    crosses = post_then_cross.target(parent(10), quote(), START_NS + 30 * S, params)
    assert (crosses.price, crosses.cum_qty) == (None, Decimal(10))
    assert post_then_cross.horizon_ns(params) == 40 * S


def test_it_follows_the_market_but_chases_it_no_further_than_allowed() -> None:
    params = post_then_cross.Params(chase_ticks=5)
    up = post_then_cross.target(parent(10), quote("100.03", "100.05"), START_NS, params)
    assert up.price == Decimal("100.03")
    away = post_then_cross.target(parent(10), quote("101.00", "101.02"), START_NS, params)
    assert away.price == Decimal("100.06")
    sells = post_then_cross.target(parent(10, side=Side.SELL), quote("99.00", "99.02"), START_NS, params)
    assert sells.price == Decimal("99.96")


def test_it_wakes_to_cross_at_the_moment_it_said() -> None:
    params = post_then_cross.Params(30, 10, interval_s=20)
    wanted = post_then_cross.target(parent(10), quote(), START_NS + 20 * S, params)
    assert wanted.wake_ns == START_NS + 30 * S


def test_in_a_market_that_says_nothing_it_sends_nothing_until_it_crosses() -> None:
    assert post_then_cross.target(parent(10), None, START_NS, post_then_cross.Params()).cum_qty == 0
