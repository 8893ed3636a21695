"""Volatility from bars of the feed, against numbers computed another way."""

import math
from decimal import Decimal

import pytest

from coxswain.messages.inputs import VolatilityObserved
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol
from coxswain.runtime.bars import Bars

S = 1_000_000_000
X, Y = Symbol("X"), Symbol("Y")


def quote(bar: int, price: str, symbol: Symbol = X, second: int = 0) -> Quote:
    return Quote(symbol, Decimal(price), Decimal(price), (bar * 60 + second) * S)


def test_it_says_nothing_before_twenty_returns() -> None:
    bars = Bars(60)
    told = [bars.take(quote(bar, "100" if bar % 2 else "101")) for bar in range(23)]
    assert [index for index, observed in enumerate(told) if observed is not None] == [21, 22]


def test_a_price_that_goes_to_and_fro_moves_by_its_step() -> None:
    bars, last = Bars(60), None
    for bar in range(60):
        last = bars.take(quote(bar, "100" if bar % 2 else "101")) or last
    assert isinstance(last, VolatilityObserved)
    assert float(last.ewma_pct) == pytest.approx(math.log(1.01) * math.sqrt(1440) * 100, rel=1e-9)
    assert float(last.atr) == pytest.approx(1, rel=1e-9)
    assert last.as_of_ns == 59 * 60 * S


def test_the_newest_bar_weighs_six_hundredths() -> None:
    bars = Bars(60)
    prices = ["100"] * 60 + ["110", "110"]
    told = [bars.take(quote(bar, price)) for bar, price in enumerate(prices)]
    assert told[-2] is not None
    assert told[-2].ewma_pct == 0
    assert told[-1] is not None
    expected = math.sqrt(0.06) * math.log(1.1) * math.sqrt(1440) * 100
    assert float(told[-1].ewma_pct) == pytest.approx(expected, rel=1e-9)


def test_a_true_range_reaches_from_the_former_close_to_the_extremes_within_the_bar() -> None:
    bars, last = Bars(60), None
    for bar in range(30):
        for second, price in enumerate(("100", "103", "99", "100")):
            last = bars.take(quote(bar, price, second=second)) or last
    assert last is not None
    assert last.atr == 4
    assert last.ewma_pct == 0


def test_each_instrument_has_bars_of_its_own() -> None:
    bars = Bars(60)
    told = []
    for bar in range(25):
        told.append(bars.take(quote(bar, "100")))
        if bar % 2:
            told.append(bars.take(quote(bar, "7", Y)))
    assert {observed.symbol for observed in told if observed is not None} == {X}
