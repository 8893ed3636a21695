"""LEAN tick archives: made here by the format's description, and the real ones where they are at hand."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest

from coxswain.feeds import FeedError, merge, open_feed
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "lean"
needs_real_data = pytest.mark.skipif(not REAL.is_dir(), reason="the recorded market data is not beside the repository")


def make(folder: Path, member: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "20140507_quote.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr(member, text)
    return path


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000) * 1_000_000


def test_oanda_forex_is_in_utc_and_says_its_symbol_and_day(tmp_path: Path) -> None:
    path = make(tmp_path / "oanda", "20140507_eurusd_tick_quote.csv", "7135,1.39280,1.39298\n16860,1.39286,1.39297\n")
    feed = open_feed(str(path))
    assert feed.symbol == "EURUSD"
    assert list(feed) == [
        Quote(Symbol("EURUSD"), Decimal("1.3928"), Decimal("1.39298"), ns("2014-05-07T00:00:07.135")),
        Quote(Symbol("EURUSD"), Decimal("1.39286"), Decimal("1.39297"), ns("2014-05-07T00:00:16.860")),
    ]


def test_other_forex_must_be_told_its_zone(tmp_path: Path) -> None:
    path = make(tmp_path / "fxcm", "20140507_eurusd_tick_quote.csv", "1014,1.3,1.4\n")
    with pytest.raises(FeedError, match="time zone of its times is not known"):
        open_feed(str(path))
    for tz in ("-05:00", "Etc/GMT+5"):
        (quote,) = open_feed(str(path), tz)
        assert quote.ts_ns == ns("2014-05-07T05:00:01.014")


def test_equity_rows_are_one_side_each_and_make_the_best_bid_and_ask_together(tmp_path: Path) -> None:
    rows = (
        "34200000,0,0,1836300,100,Q,1,0\n"
        "34200241,1800100,300,0,0,P,1,0\n"
        "34200300,9999900,300,0,0,P,1,1\n"
        "34200400,1800200,700,0,0,P,1,0\n"
    )
    feed = open_feed(str(make(tmp_path, "20131007_ibm_Quote_Tick.csv", rows)))
    assert feed.symbol == "IBM"
    # October is summer time in New York: 09:30 there is 13:30 UTC.
    assert list(feed) == [
        Quote(
            Symbol("IBM"),
            Decimal("180.01"),
            Decimal("183.63"),
            ns("2013-10-07T13:30:00.241"),
            Decimal(300),
            Decimal(100),
        ),
        Quote(
            Symbol("IBM"),
            Decimal("180.02"),
            Decimal("183.63"),
            ns("2013-10-07T13:30:00.400"),
            Decimal(700),
            Decimal(100),
        ),
    ]


def test_a_symbol_on_the_command_line_wins_over_the_name_inside(tmp_path: Path) -> None:
    path = make(tmp_path / "oanda", "20140507_eurusd_tick_quote.csv", "1,1.3,1.4\n")
    feed = open_feed(f"eur.usd={path}")
    assert feed.symbol == "EUR.USD"
    assert next(iter(feed)).symbol == "EUR.USD"


def test_milliseconds_since_midnight_are_read_off_a_clock_on_the_wall_that_changes(tmp_path: Path) -> None:
    # In New York the night of 9 March 2014 has no hour from two to three.
    rows = "3600000,1.3,1.4\n10800000,1.3,1.4\n"
    path = make(tmp_path, "20140309_eurusd_tick_quote.csv", rows)
    times = [quote.ts_ns for quote in open_feed(str(path), "America/New_York")]
    assert times == [ns("2014-03-09T06:00:00"), ns("2014-03-09T07:00:00")]


@pytest.mark.parametrize(
    ("member", "error"),
    [
        (
            "20131007_ibm_Trade_Second.csv",
            "holds 20131007_ibm_Trade_Second.csv, wanted one YYYYMMDD_symbol_tick_quote.csv",
        ),
        ("20131007_spy_second_quote.csv", "holds 20131007_spy_second_quote.csv, wanted one"),
        ("20141307_eurusd_tick_quote.csv", "is of 20141307, wanted a day"),
    ],
)
def test_an_archive_of_something_else_is_refused_by_its_name(tmp_path: Path, member: str, error: str) -> None:
    with pytest.raises(FeedError, match=error):
        open_feed(str(make(tmp_path, member, "")))


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ("1,1.3\n", "line 1: line '1,1.3', wanted 3 columns"),
        ("1,1.3,1.4\nx,1.3,1.4\n", "line 2: time 'x', wanted milliseconds since midnight"),
        ("86400000,1.3,1.4\n", "line 1: time '86400000', wanted milliseconds since midnight"),
        ("2,1.3,1.4\n1,1.3,1.4\n", "line 2: time '1', wanted one not before the line above"),
        ("2,1.3,-\n", "line 1: ask '-', wanted a decimal number"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, rows: str, error: str) -> None:
    path = make(tmp_path / "oanda", "20140507_eurusd_tick_quote.csv", rows)
    with pytest.raises(FeedError, match=f"tick_quote.csv, {error}"):
        list(open_feed(str(path)))


def test_a_damaged_archive_is_an_error_and_not_a_short_day(tmp_path: Path) -> None:
    rows = "".join(f"{n},1.3,1.4\n" for n in range(1000))
    path = make(tmp_path / "oanda", "20140507_eurusd_tick_quote.csv", rows)
    body = bytearray(path.read_bytes())
    body[5000] ^= 1
    path.write_bytes(body)
    with pytest.raises(FeedError):
        list(open_feed(str(path)))


@needs_real_data
def test_a_real_day_of_oanda_is_read_whole_and_in_order() -> None:
    feed = open_feed(str(REAL / "forex/oanda/tick/eurusd/20140507_quote.zip"))
    times = [quote.ts_ns for quote in feed]
    assert len(times) == 41_367
    assert times == sorted(times)
    assert (times[0], feed.bytes_read) == (ns("2014-05-07T00:00:07.135"), feed.size)


@needs_real_data
def test_fxcm_is_the_same_market_five_hours_away_and_often_crossed() -> None:
    oanda = open_feed(str(REAL / "forex/oanda/tick/eurusd/20140507_quote.zip"))
    fxcm = list(open_feed(str(REAL / "forex/fxcm/tick/eurusd/20140507_quote.zip"), "-05:00"))
    # The best fit of the two brokers' prices is where the zones are right.
    minutes = {quote.ts_ns // 60_000_000_000: quote.bid for quote in oanda}

    def distance(shift_hours: int) -> Decimal:
        gaps = [
            abs(quote.bid - minutes[at])
            for quote in fxcm
            if (at := quote.ts_ns // 60_000_000_000 + shift_hours * 60) in minutes
        ]
        return sum(gaps, Decimal(0)) / len(gaps)

    assert min(range(-5, 6), key=distance) == 0
    assert sum(1 for quote in fxcm if quote.ask < quote.bid) > len(fxcm) / 20


@needs_real_data
def test_a_real_day_of_ibm_gives_a_tight_and_seldom_crossed_market() -> None:
    quotes = list(open_feed(str(REAL / "equity/usa/tick/ibm/20131007_quote.zip")))
    crossed = sum(1 for quote in quotes if quote.ask < quote.bid)
    spreads = sorted(quote.ask - quote.bid for quote in quotes)
    assert len(quotes) == 109_065
    assert crossed < len(quotes) / 1000
    assert Decimal("0.03") <= spreads[len(spreads) // 2] <= Decimal("0.05")
    assert all(quote.bid_size and quote.ask_size for quote in quotes)


@needs_real_data
@pytest.mark.parametrize(
    "file", ["equity/usa/second/spy/20131011_trade.zip", "equity/usa/second/spy/20131011_quote.zip"]
)
def test_real_bars_are_not_taken_for_quotes(file: str) -> None:
    with pytest.raises(FeedError, match="wanted one YYYYMMDD_symbol_tick_quote"):
        open_feed(str(REAL / file))


def test_trades_leave_with_the_quote_that_stands_when_they_happen(tmp_path: Path) -> None:
    quotes = "34200000,0,0,1836300,100,Q,1,0\n34200200,1836100,300,0,0,P,1,0\n34200400,1836200,200,0,0,P,1,0\n"
    trades = (
        "34200100,1836000,900,P,0,0\n"  # before there is a quote
        "34200300,1836200,50,P,0,0\n"
        "34200350,1836200,60,D,0,0\n"  # off the exchanges
        "34200360,1836200,70,P,0,1\n"  # suspicious
        "34200400,1836100,80,Q,0,0\n"
    )
    quoted = open_feed(str(make(tmp_path / "q", "20131007_ibm_Quote_Tick.csv", quotes)))
    traded = open_feed(str(make(tmp_path / "t", "20131007_ibm_Trade_Tick.csv", trades)))
    assert (quoted.is_trades, traded.is_trades) == (False, True)
    found = [(each.bid, each.bid_size, each.last, each.last_size) for each in merge([quoted, traded])]
    px, better = Decimal("183.61"), Decimal("183.62")
    assert found == [
        (px, Decimal(300), None, None),
        (px, Decimal(300), better, Decimal(50)),
        (px, Decimal(300), px, Decimal(80)),
        (better, Decimal(200), None, None),
    ]


@needs_real_data
def test_a_real_day_of_trades_lies_where_the_quotes_are() -> None:
    folder = REAL / "equity" / "usa" / "tick" / "ibm"
    feeds = [open_feed(str(folder / f"20131007_{kind}.zip")) for kind in ("quote", "trade")]
    printed = at_touch = 0
    for quote in merge(feeds):
        if quote.last is not None:
            printed += 1
            at_touch += quote.bid <= quote.last <= quote.ask
    assert printed == 24_293 - 7_458
    assert at_touch > printed * 0.9
