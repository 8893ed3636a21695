"""Quotes from CSV: `timestamp,bid,ask`, then `bid_size,ask_size`, then `volume`, then `last,last_size`.

With or without that line as header. Volume is what the market has traded so far, counted up: its count may begin
anywhere and must not go back. Last is a trade of the market that came just before the quote of its line.

A timestamp is ISO 8601 or a count since 1970 in milliseconds or nanoseconds, which its magnitude tells apart. One
without a zone is UTC unless another is given.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from coxswain.feeds.base import EARLIEST_NS, Numbers, wrong
from coxswain.model.decimals import ZERO
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol

HEADER = "timestamp,bid,ask,bid_size,ask_size,volume,last,last_size"
COLUMNS = (3, 5, 6, 8)
TIMESTAMP = "ISO 8601, or milliseconds or nanoseconds since 1970"

# As milliseconds the years 1973 to 5138, as nanoseconds 1973 onwards. Between them lie microseconds, below them
# seconds: neither is guessed.
MILLISECONDS = range(10**11, 10**14)
NANOSECONDS = range(10**17, 2**63)


def quotes(lines: Iterable[str], name: str, symbol: Symbol, tz: tzinfo | None) -> Iterator[Quote]:
    """Read quotes. Raises `FeedError` at the first line that is wrong or goes back in time."""
    number = Numbers(name).read
    timestamp = _timestamps(name, tz or UTC)
    last_ns, last_volume = EARLIEST_NS, ZERO
    for n, text in enumerate(lines, 1):
        row = text.rstrip().split(",")
        if len(row) == 1 and not row[0]:
            continue
        if n == 1 and row[0].strip().lower() == "timestamp":
            _check_header(name, row)
            continue
        if len(row) not in COLUMNS:
            wrong(name, n, "line", text.rstrip(), f"3, 5, 6 or 8 columns: {HEADER}")
        ts_ns = timestamp(row[0], n)
        if ts_ns < last_ns:
            wrong(name, n, "timestamp", row[0], "one not before the line above")
        last_ns = ts_ns
        bid, ask = number(row[1], n, "bid"), number(row[2], n, "ask")
        if len(row) == 3:
            yield Quote(symbol, bid, ask, ts_ns)
            continue
        bid_size = number(row[3], n, "bid_size") if row[3] else None
        ask_size = number(row[4], n, "ask_size") if row[4] else None
        if (bid_size is not None and bid_size < ZERO) or (ask_size is not None and ask_size < ZERO):
            wrong(name, n, "size", f"{row[3]},{row[4]}", "0 or more")
        volume = number(row[5], n, "volume") if len(row) >= 6 and row[5] else None
        if volume is not None:
            if volume < last_volume:
                wrong(name, n, "volume", row[5], "one not below the line above")
            last_volume = volume
        if len(row) < 8 or not (row[6] or row[7]):
            yield Quote(symbol, bid, ask, ts_ns, bid_size, ask_size, volume)
            continue
        last, last_size = number(row[6], n, "last"), number(row[7], n, "last_size")
        if last <= ZERO or last_size <= ZERO:
            wrong(name, n, "last", f"{row[6]},{row[7]}", "a price and a size above 0, or neither")
        yield Quote(symbol, bid, ask, ts_ns, bid_size, ask_size, volume, last=last, last_size=last_size)


def _check_header(name: str, row: list[str]) -> None:
    found = ",".join(cell.strip().lower() for cell in row)
    if found not in [",".join(HEADER.split(",")[:columns]) for columns in COLUMNS]:
        wrong(name, 1, "header", found, HEADER)


def _timestamps(name: str, tz: tzinfo) -> Callable[[str, int], int]:
    """Return a reader of timestamps that works out each second only once."""
    known_text, known_ns = "", 0

    def read(text: str, line: int) -> int:
        nonlocal known_text, known_ns
        if text.isdecimal():
            count = int(text)
            if count in MILLISECONDS:
                return count * 1_000_000
            if count in NANOSECONDS:
                return count
            wrong(name, line, "timestamp", text, TIMESTAMP)
        # datetime knows microseconds only, so the fraction is read apart from the rest.
        second, _, rest = text.partition(".")
        fraction = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        second += rest[len(fraction) :]
        if len(fraction) > 9 or (rest and not fraction):
            wrong(name, line, "timestamp", text, TIMESTAMP)
        if second != known_text:
            try:
                moment = datetime.fromisoformat(second)
            except ValueError:
                wrong(name, line, "timestamp", text, TIMESTAMP)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=tz)
            known_text, known_ns = second, int(moment.timestamp()) * 1_000_000_000
        return known_ns + int(fraction.ljust(9, "0"))

    return read
