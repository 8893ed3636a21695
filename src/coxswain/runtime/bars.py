"""Bars of the feed, and what they say of an instrument's volatility: an input for the core each time that a bar closes.

A bar holds the mids of one interval; an interval without a quote has none. All of it is decimal arithmetic on a bounded
window, so that the same feed gives the same inputs everywhere.
"""

from decimal import Decimal, localcontext

import msgspec

from coxswain.messages.inputs import VolatilityObserved
from coxswain.model.decimals import CONTEXT, HUNDRED, ONE, ZERO, plain, round_up
from coxswain.model.market import Quote, mid
from coxswain.model.vocabulary import Symbol

DECAY = Decimal("0.94")
"""Of the variance, each bar: the weight that RiskMetrics gave to yesterday."""
BARS_MIN = 20
"""Fewer returns than this say too little to be told."""
ATR_BARS = 14
S_PER_DAY = 86_400
NS_PER_S = 1_000_000_000


class _Series(msgspec.Struct):
    """One instrument's open bar, and what is remembered of those before it."""

    bar: int
    high: Decimal
    low: Decimal
    close: Decimal
    former_close: Decimal | None = None
    variance: Decimal = ZERO
    atr: Decimal = ZERO
    returns: int = 0


class Bars:
    """Tells when a bar has closed, and how much its instrument moves."""

    def __init__(self, bar_s: int) -> None:
        self._bar_ns = bar_s * NS_PER_S
        self._a_day = (Decimal(S_PER_DAY) / bar_s).sqrt(CONTEXT)
        self._series: dict[Symbol, _Series] = {}

    def take(self, quote: Quote) -> VolatilityObserved | None:
        """Take one sane quote; answer when it is the first of a new bar and enough bars have closed before it."""
        bar, price = quote.ts_ns // self._bar_ns, mid(quote)
        series = self._series.get(quote.symbol)
        if series is None:
            self._series[quote.symbol] = _Series(bar, price, price, price)
            return None
        observed = None
        if bar != series.bar:
            observed = self._close(quote.symbol, series)
            series.bar, series.high, series.low = bar, price, price
        elif price > series.high:
            series.high = price
        elif price < series.low:
            series.low = price
        series.close = price
        return observed

    def _close(self, symbol: Symbol, series: _Series) -> VolatilityObserved | None:
        """Weigh in a bar that has ended: variance by an exponential mean, true range by Wilder's."""
        before, series.former_close = series.former_close, series.close
        if before is None:
            return None
        with localcontext(CONTEXT):
            change = (series.close / before).ln()
            true_range = max(series.high, before) - min(series.low, before)
            series.returns += 1
            # While few bars are known each counts as much as the others, so that the first is not for ever in it.
            weight = max(ONE / series.returns, ONE - DECAY)
            series.variance += weight * (change * change - series.variance)
            series.atr += (true_range - series.atr) / min(series.returns, ATR_BARS)
            if series.returns < BARS_MIN:
                return None
            pct = round_up(series.variance.sqrt() * self._a_day * HUNDRED)
            return VolatilityObserved(symbol, pct, plain(round_up(series.atr)), (series.bar + 1) * self._bar_ns)
