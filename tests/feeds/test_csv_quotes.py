"""Quotes from CSV: what is read, and what is said about a line that cannot be."""

from decimal import Decimal
from pathlib import Path

import pytest

from coxswain.feeds import FeedError, open_feed
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol

NS = 1_700_000_000_123_000_000


def read(folder: Path, text: str, tz: str | None = None) -> list[Quote]:
    file = folder / "quotes.csv"
    file.write_bytes(text.encode())
    return list(open_feed(f"eurusd={file}", tz))


@pytest.mark.parametrize(
    "text",
    [
        "1700000000123,1.1,1.2\n",
        "1700000000123000000,1.1,1.2",
        "2023-11-14T22:13:20.123Z,1.1,1.2\n",
        "2023-11-14 22:13:20.123,1.1,1.2\r\n",
        "2023-11-14T23:13:20.123000000+01:00,1.1,1.2\n",
        "timestamp,bid,ask\n1700000000123,1.1,1.2\n",
        "timestamp,bid,ask,bid_size,ask_size,volume\n1700000000123,1.1,1.2,,,\n",
        "\ufeffTimestamp,Bid,Ask,Bid_Size,Ask_Size\n1700000000123,1.10,1.20,,\n\n",
    ],
)
def test_every_form_of_a_line_gives_the_same_quote(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == [Quote(Symbol("EURUSD"), Decimal("1.1"), Decimal("1.2"), NS)]


def test_times_without_a_zone_are_in_the_zone_that_is_given(tmp_path: Path) -> None:
    (quote,) = read(tmp_path, "2023-11-14T17:13:20.123,1.1,1.2", "America/New_York")
    assert quote.ts_ns == NS
    (quote,) = read(tmp_path, "2023-11-14T17:13:20.123,1.1,1.2", "-05:00")
    assert quote.ts_ns == NS
    (quote,) = read(tmp_path, "2023-11-14T22:13:20.123Z,1.1,1.2", "-05:00")
    assert quote.ts_ns == NS


def test_nanoseconds_are_kept_and_numbers_are_normalised(tmp_path: Path) -> None:
    first, second = read(
        tmp_path, "2023-11-14T22:13:20.123456789Z,1.10,1e0,10.0,0\n2023-11-14T22:13:21.2Z,1.1,1.2,3,4\n"
    )
    assert first.ts_ns == 1_700_000_000_123_456_789
    assert second.ts_ns == 1_700_000_001_200_000_000
    assert [str(value) for value in (first.bid, first.ask, first.bid_size, first.ask_size)] == ["1.1", "1", "10", "0"]


def test_volume_is_counted_up(tmp_path: Path) -> None:
    first, second = read(tmp_path, "1700000000123,1.1,1.2,,,100\n1700000000124,1.1,1.2,3,4,\n")
    assert (first.volume, second.volume) == (Decimal(100), None)
    with pytest.raises(FeedError, match="line 2: volume '99', wanted one not below the line above"):
        read(tmp_path, "1700000000123,1.1,1.2,,,100\n1700000000124,1.1,1.2,,,99\n")


def test_crossed_and_not_positive_quotes_are_passed_on(tmp_path: Path) -> None:
    quotes = read(tmp_path, "1700000000000,1.2,1.1\n1700000000000,0,-1\n")
    assert [(quote.bid, quote.ask) for quote in quotes] == [
        (Decimal("1.2"), Decimal("1.1")),
        (Decimal(0), Decimal(-1)),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1700000000123,abc,1.2", "line 1: bid 'abc', wanted a decimal number"),
        ("1700000000123,1.1,NaN", "line 1: ask 'NaN', wanted a decimal number"),
        ("1700000000123,1.1,", "line 1: ask '', wanted a decimal number"),
        ("1700000000123,1.1", "line 1: line '1700000000123,1.1', wanted 3, 5, 6 or 8 columns"),
        ("1700000000,1.1,1.2", "line 1: timestamp '1700000000', wanted ISO 8601, or milliseconds or nanoseconds"),
        ("yesterday,1.1,1.2", "line 1: timestamp 'yesterday', wanted ISO 8601"),
        ("2023-13-14T00:00:00Z,1.1,1.2", "line 1: timestamp '2023-13-14T00:00:00Z', wanted ISO 8601"),
        ("2023-11-14T00:00:00.1234567891Z,1.1,1.2", "line 1: timestamp '2023-11-14T00:00:00.1234567891Z', wanted ISO"),
        ("timestamp,ask,bid\n", "line 1: header 'timestamp,ask,bid', wanted timestamp,bid,ask,bid_size,ask_size"),
        ("1700000000123,1.1,1.2,-1,1", "line 1: size '-1,1', wanted 0 or more"),
        (
            "timestamp,bid,ask\n1700000000123,1.1,1.2\n1700000000122,1.1,1.2",
            "line 3: timestamp '1700000000122', wanted one not before the line above",
        ),
        ("1700000000123,1.1,\u00bd", "line 1: ask '\u00bd', wanted a decimal number"),
    ],
)
def test_a_wrong_line_is_named_with_file_field_value_and_what_is_wanted(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(FeedError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/quotes.csv, {error}")


def test_a_file_is_streamed_and_says_how_far_it_has_been_read(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("".join(f"{1_700_000_000_000 + n},1.1,1.2\n" for n in range(50_000)))
    feed = open_feed(f"EURUSD={file}")
    assert (feed.symbol, feed.size, feed.bytes_read) == ("EURUSD", file.stat().st_size, 0)
    quotes = iter(feed)
    next(quotes)
    assert 0 < feed.bytes_read < feed.size / 10
    assert sum(1 for _ in quotes) == 49_999
    assert feed.bytes_read == feed.size


def test_a_csv_does_not_say_its_symbol_so_the_user_must(tmp_path: Path) -> None:
    file = tmp_path / "EURUSD.csv"
    file.write_text("")
    with pytest.raises(FeedError, match="the symbol is not known, wanted SYMBOL="):
        open_feed(str(file))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(FeedError, match=r"nowhere\.csv: there is no such file"):
        open_feed("EURUSD=nowhere.csv")


@pytest.mark.parametrize("tz", ["Mars", "+25:00", "-5:00", "+", ""])
def test_an_unknown_zone_is_an_error(tmp_path: Path, tz: str) -> None:
    with pytest.raises(FeedError, match="wanted a name such as America/New_York or an offset such as -05:00"):
        read(tmp_path, "1700000000123,1.1,1.2", tz)


def test_any_number_of_different_prices_is_read(tmp_path: Path) -> None:
    quotes = read(tmp_path, "".join(f"1700000000123,1.{n:05},2\n" for n in range(5_000)))
    assert [quote.bid for quote in quotes] == [1 + Decimal(n) / 100_000 for n in range(5_000)]


def test_a_file_may_hold_what_one_venue_shows(tmp_path: Path) -> None:
    file = tmp_path / "quotes.csv"
    file.write_text("1700000000123,1.1,1.2\n")
    (quote,) = open_feed(f"eurusd@paper-a={file}")
    assert (quote.symbol, quote.venue) == ("EURUSD", "paper-a")
    with pytest.raises(FeedError, match="wanted SYMBOL@VENUE=FILE"):
        open_feed(f"eurusd@={file}")


def test_a_trade_comes_with_the_quote_after_it(tmp_path: Path) -> None:
    first, second = read(tmp_path, "1700000000123,1.1,1.2,,,,1.15,3\n1700000000124,1.1,1.2,,,,,\n")
    assert (first.last, first.last_size) == (Decimal("1.15"), Decimal(3))
    assert (second.last, second.last_size) == (None, None)


@pytest.mark.parametrize("last", ["1.15,0", "0,3", "-1.1,2"])
def test_a_trade_without_a_price_or_a_size_is_refused(tmp_path: Path, last: str) -> None:
    with pytest.raises(FeedError, match="wanted a price and a size above 0, or neither"):
        read(tmp_path, f"1700000000123,1.1,1.2,,,,{last}\n")
