"""Quotes and trades from LEAN tick archives: a zip with one CSV whose name says what it is, of which symbol and day.

Forex (`YYYYMMDD_symbol_tick_quote.csv`): milliseconds since midnight, bid, ask.
Equity (`YYYYMMDD_symbol_Quote_Tick.csv`): each row is one side of the national best, in ten-thousandths and shares.
Together the last bid and the last ask are the quote; they are not the books of several venues. Suspicious rows are
left out.
Equity trades (`YYYYMMDD_symbol_Trade_Tick.csv`): each row is one trade, in ten-thousandths and shares. Those that were
reported by the facility for trades off the exchanges are left out: they pass by every queue.

Midnight is that of the zone in which the data was written down, which no file says: equities are in New York's, OANDA
in UTC, and for anything else it must be given.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import PurePath
from typing import NamedTuple

from coxswain.feeds.base import EARLIEST_NS, FeedError, Numbers, SpecError, wrong, zone
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol

HOUR_MS = 3_600_000
ARCHIVE = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>.+?)_(?:(?P<forex>tick_quote)|(?P<equity>(?P<side>Quote|Trade)_Tick))\.csv"
)
WANTED = "YYYYMMDD_symbol_tick_quote.csv or YYYYMMDD_symbol_Quote_Tick.csv or ..._Trade_Tick.csv"
OFF_EXCHANGE = "D"


class Archive(NamedTuple):
    """What the name of an inner file says."""

    member: str
    symbol: Symbol
    day: datetime
    is_equity: bool
    is_trades: bool = False


def identify(path: PurePath, members: Iterable[str]) -> Archive:
    """Find the quotes in an archive by its members' names. Raises `FeedError` if there are none, or several."""
    names = list(members)
    found = [match for match in map(ARCHIVE.fullmatch, names) if match is not None]
    if len(found) != 1:
        raise FeedError(f"{path}: holds {', '.join(names) or 'nothing'}, wanted one {WANTED}")
    match = found[0]
    try:
        day = datetime.strptime(match["day"], "%Y%m%d")  # noqa: DTZ007  # which zone it is in is not known yet
    except ValueError as error:
        raise FeedError(f"{path}: {match[0]} is of {match['day']}, wanted a day") from error
    return Archive(
        match[0], Symbol(match["symbol"].upper()), day, match["equity"] is not None, match["side"] == "Trade"
    )


def zone_of(path: PurePath, archive: Archive) -> tzinfo:
    """Return the zone a file was written in. Raises `SpecError` where only its owner can know."""
    if archive.is_equity:
        return zone("America/New_York")
    if "oanda" in (part.lower() for part in path.parts):
        return zone("UTC")
    raise SpecError(f"{path}: the time zone of its times is not known, wanted --quotes-tz (FXCM: -05:00)")


def quotes(lines: Iterable[str], name: str, symbol: Symbol, archive: Archive, tz: tzinfo) -> Iterator[Quote]:
    """Read quotes. Raises `FeedError` at the first line that is wrong or goes back in time."""
    columns = 6 if archive.is_trades else 8 if archive.is_equity else 3
    rows = _timed_rows(lines, name, _hours(archive.day, tz), columns)
    if archive.is_trades:
        return _trades(rows, name, symbol)
    return _equity(rows, name, symbol) if archive.is_equity else _forex(rows, name, symbol)


def _forex(rows: Iterator[tuple[int, int, list[str]]], name: str, symbol: Symbol) -> Iterator[Quote]:
    number = Numbers(name).read
    for n, ts_ns, row in rows:
        yield Quote(symbol, number(row[1], n, "bid"), number(row[2], n, "ask"), ts_ns)


def _equity(rows: Iterator[tuple[int, int, list[str]]], name: str, symbol: Symbol) -> Iterator[Quote]:
    price, size = Numbers(name, scale=-4).read, Numbers(name).read
    bid = ask = bid_size = ask_size = None
    for n, ts_ns, row in rows:
        if row[7] != "0":
            continue
        new_bid, new_ask = price(row[1], n, "bid"), price(row[3], n, "ask")
        # The side that a row is not about is zero.
        if new_bid:
            bid, bid_size = new_bid, size(row[2], n, "bid size")
        if new_ask:
            ask, ask_size = new_ask, size(row[4], n, "ask size")
        if bid is not None and ask is not None:
            yield Quote(symbol, bid, ask, ts_ns, bid_size, ask_size)


def _trades(rows: Iterator[tuple[int, int, list[str]]], name: str, symbol: Symbol) -> Iterator[Quote]:
    """Yield each trade as a quote of nothing but its own price: `merge` puts the standing quote in its place."""
    price, size = Numbers(name, scale=-4).read, Numbers(name).read
    for n, ts_ns, row in rows:
        if row[5] != "0" or row[3] == OFF_EXCHANGE:
            continue
        px, qty = price(row[1], n, "price"), size(row[2], n, "volume")
        if px > 0 and qty > 0:
            yield Quote(symbol, px, px, ts_ns, last=px, last_size=qty)


def _timed_rows(
    lines: Iterable[str], name: str, hours: list[int], columns: int
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield number, time and cells of each line."""
    last_ns = EARLIEST_NS
    for n, text in enumerate(lines, 1):
        row = text.rstrip().split(",")
        if len(row) != columns:
            wrong(name, n, "line", text.rstrip(), f"{columns} columns")
        if not row[0].isdecimal() or (ms := int(row[0])) >= 24 * HOUR_MS:
            wrong(name, n, "time", row[0], "milliseconds since midnight")
        ts_ns = hours[ms // HOUR_MS] + ms * 1_000_000
        if ts_ns < last_ns:
            wrong(name, n, "time", row[0], "one not before the line above")
        last_ns = ts_ns
        yield n, ts_ns, row


def _hours(day: datetime, tz: tzinfo) -> list[int]:
    """Return, for each hour that a clock on the wall shows that day, what to add to the time since midnight.

    It differs within a day only where the clocks change.
    """
    local = [(day + timedelta(hours=hour)).replace(tzinfo=tz) for hour in range(24)]
    return [(int(at.timestamp()) - hour * 3600) * 1_000_000_000 for hour, at in enumerate(local)]
