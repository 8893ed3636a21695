"""The paper venue on real days: what a recorded market does that a made-up one does not."""

from decimal import Decimal
from pathlib import Path

import pytest

from coxswain.feeds import merge, open_feed
from coxswain.model.market import Quote, is_sane
from coxswain.model.vocabulary import Symbol, VenueId
from coxswain.venues.paper import AccountParams, PaperVenue, Params
from tests.venues.desk import BUY, EURUSD, INSTRUMENTS, LIMIT, SELL, SHARE, STOP, A, D, Desk

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "lean"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the recorded market data is not beside the repository")

FOREX, EQUITY = "forex/{}/tick/eurusd/20140507_quote.zip", "equity/usa/tick/ibm/20131007_quote.zip"


def feed(desk: Desk, quotes: list[Quote]) -> None:
    for quote in quotes:
        desk.run(max(quote.ts_ns - desk.now_ns, 0))
        desk.venue.on_quote(quote)


def test_a_raw_feed_is_crossed_and_each_crossed_quote_is_refused() -> None:
    quotes = list(open_feed(str(REAL / FOREX.format("fxcm")), "-05:00"))
    venue = PaperVenue(VenueId("v"), Params(accounts={A: AccountParams("USD", D(1))}), INSTRUMENTS)
    for quote in quotes:
        venue.on_quote(quote)
    counts = venue.counts().symbols[EURUSD]
    assert counts.quotes == len(quotes)
    assert counts.crossed == sum(1 for quote in quotes if not is_sane(quote)) > len(quotes) / 20


def test_a_protected_position_lives_through_a_day_of_eurusd() -> None:
    quotes = list(open_feed(str(REAL / FOREX.format("oanda"))))
    desk = Desk(now_ns=quotes[0].ts_ns)
    feed(desk, quotes[:1_000])
    desk.order(BUY, 1, symbol=EURUSD)
    highest = max(quote.bid for quote in quotes[1_000:])
    target = desk.order(SELL, 1, LIMIT, str(highest), symbol=EURUSD, reduce_only=True, oco="g")
    stop = desk.order(SELL, 1, STOP, "1.2", symbol=EURUSD, reduce_only=True, oco="g")
    feed(desk, quotes[1_000:])
    desk.run(1_000_000_000)
    assert desk.said(target) == ["NEW", f"TRADE 1 @ {highest}"]
    assert desk.said(stop) == ["NEW", "CANCELED"]
    assert desk.paper.counts().orders_touched == 2


def test_a_large_order_walks_through_the_displayed_sizes_of_ibm() -> None:
    quotes = [
        Quote(SHARE, quote.bid, quote.ask, quote.ts_ns, quote.bid_size, quote.ask_size)
        for quote in open_feed(str(REAL / EQUITY))
    ]
    opened = next(n for n, quote in enumerate(quotes) if quote.ts_ns >= 1_381_152_600_000_000_000)
    desk = Desk(now_ns=quotes[opened].ts_ns, balance="100000000")
    feed(desk, quotes[opened : opened + 1])
    order = desk.order(BUY, 5_000)
    feed(desk, quotes[opened + 1 : opened + 5_000])
    desk.run(1_000_000_000)
    fills = desk.look(order).fills
    assert sum(fill.last_qty for fill in fills) == 5_000
    assert len(fills) > 1
    shown = {(quote.ask, quote.ts_ns): quote.ask_size for quote in quotes}
    for fill in fills[1:]:
        size = shown[fill.last_px, fill.transact_time_ns]
        assert size is not None
        assert fill.last_qty <= size


def test_two_recorded_days_play_as_one_stream() -> None:
    oanda = open_feed(str(REAL / FOREX.format("oanda")))
    fxcm = open_feed(f"FXCM={REAL / FOREX.format('fxcm')}", "-05:00")
    merged = list(merge([oanda, fxcm]))
    assert [quote.ts_ns for quote in merged] == sorted(quote.ts_ns for quote in merged)
    assert {quote.symbol for quote in merged} == {EURUSD, Symbol("FXCM")}


def test_real_trades_bring_a_limit_its_turn_in_the_queue_and_never_a_better_price() -> None:
    """The same limits at the bid of IBM, once with the trades of the day and once with its quotes alone."""
    day = [REAL / EQUITY, REAL / EQUITY.replace("quote", "trade")]
    with_trades, alone = _passive_fills(day), _passive_fills(day[:1])
    assert len(with_trades) > len(alone)
    assert all(filled_px <= limit for limit, filled_px in with_trades)


def _passive_fills(files: list[Path]) -> list[tuple[Decimal, Decimal]]:
    """Join the bid with 100 shares, cancel them after two hundred rows, and so on; return limits and prices."""
    merged = merge([open_feed(f"SHARE={file}") for file in files])
    rows = [quote for quote in merged if quote.ts_ns >= 1_381_152_600_000_000_000 and is_sane(quote)][:6_000]
    desk, fills = Desk(now_ns=rows[0].ts_ns, balance="100000000", latency_ms=0), []
    for start in range(0, len(rows), 200):
        feed(desk, rows[start : start + 1])
        limit = rows[start].bid
        order = desk.order(BUY, 100, LIMIT, str(limit))
        feed(desk, rows[start + 1 : start + 200])
        fills += [(limit, fill.last_px) for fill in desk.look(order).fills]
        desk.cancel(order)
    return fills
