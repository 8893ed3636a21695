"""A feed of one file, and what the readers of all formats share. No format is known here."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import IO, NoReturn
from zipfile import BadZipFile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import structs

from coxswain.model.decimals import exact, plain
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol, VenueId

Parse = Callable[[Iterable[str]], Iterator[Quote]]

CACHED_NUMBERS_MAX = 4096
SHOWN_CHARS_MAX = 80
"""Of what is wrong: a file of something else has lines of any length."""
EARLIEST_NS = -(2**63)


class FeedError(Exception):
    """A file cannot be read as quotes. The text names file, line, field, value and what is wanted."""


class SpecError(FeedError):
    """What was said of quotes is wrong, not what stands in a file: other words help."""


class Feed:
    """The quotes of one file, read while they are iterated over. `bytes_read` tells how far, for a progress bar."""

    def __init__(
        self,
        path: Path,
        symbol: Symbol,
        size: int,
        open_stream: Callable[[], AbstractContextManager[IO[bytes]]],
        parse: Parse,
        venue: VenueId | None = None,
        is_trades: bool = False,
    ) -> None:
        self.path = path
        self.symbol = symbol
        self.venue = venue
        """The one venue whose quotes these are; None: the market's."""
        self.is_trades = is_trades
        """They are trades and no quotes: what stood when they happened comes from the feed of the quotes."""
        self.size = size
        """Bytes of text, not of the archive that holds it."""
        self._open_stream = open_stream
        self._parse = parse
        self._stream: IO[bytes] | None = None
        self._done = False

    @property
    def bytes_read(self) -> int:
        if self._stream is not None:
            return self._stream.tell()
        return self.size if self._done else 0

    def __iter__(self) -> Iterator[Quote]:
        """Read from the start. Raises `FeedError` at the first line that is wrong."""
        try:
            # Bytes that are no text become a field that is no number, which is reported with its line.
            with (
                self._open_stream() as stream,
                TextIOWrapper(stream, encoding="utf-8-sig", errors="replace") as lines,
            ):
                self._stream = stream
                for quote in self._parse(lines):
                    yield quote if self.venue is None else structs.replace(quote, venue=self.venue)
            self._done = True
        except (OSError, EOFError, BadZipFile) as error:
            raise FeedError(f"{self.path}: {error}") from error
        finally:
            self._stream = None


class Numbers:
    """Reads decimals. Prices repeat, so the last few thousand texts are remembered: 0.05 us a hit, 1.5 us a miss."""

    def __init__(self, name: str, scale: int = 0) -> None:
        self._name = name
        self._scale = scale
        self._known: dict[str, Decimal] = {}

    def read(self, text: str, line: int, field: str) -> Decimal:
        value = self._known.get(text)
        if value is None:
            value = exact(text)
            if value is None:
                wrong(self._name, line, field, text, "a decimal number")
            if len(self._known) >= CACHED_NUMBERS_MAX:
                self._known.clear()
            value = self._known[text] = plain(value.scaleb(self._scale))
        return value


def wrong(name: str, line: int, field: str, value: str, wanted: str) -> NoReturn:
    shown = value if len(value) <= SHOWN_CHARS_MAX else f"{value[:SHOWN_CHARS_MAX]}..."
    raise FeedError(f"{name}, line {line}: {field} {shown!r}, wanted {wanted}")


def zone(name: str) -> tzinfo:
    """Return the zone of an IANA name or of an offset such as -05:00. Raises `SpecError` for anything else."""
    hours, colon, minutes = name[1:].partition(":")
    if name[:1] in ("+", "-") and colon and (hours + minutes).isdecimal() and len(hours) == len(minutes) == 2:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset < timedelta(hours=24):
            return timezone(-offset if name[0] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SpecError(
            f"time zone {name!r}, wanted a name such as America/New_York or an offset such as -05:00"
        ) from error
