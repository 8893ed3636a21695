"""Opens a file of quotes, whatever its format, from the way it is named on a command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO
from zipfile import ZipFile, is_zipfile

from coxswain.feeds import csv_quotes, lean
from coxswain.feeds.base import Feed, FeedError, SpecError, zone
from coxswain.model.vocabulary import Symbol, VenueId


def open_feed(spec: str, tz: str | None = None) -> Feed:
    """Open `SYMBOL=FILE`, or `FILE` where its own name says the symbol. Reads nothing but its table of contents.

    `SYMBOL@VENUE=FILE` holds what one venue shows, beside the market that `SYMBOL=FILE` holds.

    `tz` is the zone of times that do not say theirs: an IANA name, or an offset such as -05:00.
    """
    symbol, sign, file = spec.partition("=")
    if not sign or "/" in symbol:  # a path may have an equals sign in it, a symbol has no slash
        symbol, file = "", spec
    symbol, at, venue = symbol.partition("@")
    if at and not (symbol and venue):
        raise SpecError(f"{spec}: wanted SYMBOL@VENUE=FILE")
    path, shown_by = Path(file), VenueId(venue) if venue else None
    if path.is_dir():
        raise FeedError(f"{path}: is a directory, wanted a file of quotes")
    if not path.is_file():
        raise FeedError(f"{path}: there is no such file")
    if is_zipfile(path):
        return _open_lean(path, Symbol(symbol.upper()), tz, shown_by)
    if not symbol:
        raise SpecError(f"{path}: the symbol is not known, wanted SYMBOL={path}")
    parse = partial(
        csv_quotes.quotes, name=str(path), symbol=Symbol(symbol.upper()), tz=zone(tz) if tz is not None else None
    )
    return Feed(path, Symbol(symbol.upper()), path.stat().st_size, lambda: path.open("rb"), parse, shown_by)


def _open_lean(path: Path, symbol: Symbol, tz: str | None, venue: VenueId | None) -> Feed:
    with ZipFile(path) as archive:
        inner = lean.identify(path, archive.namelist())
        size = archive.getinfo(inner.member).file_size
    symbol = symbol or inner.symbol
    parse = partial(
        lean.quotes,
        name=f"{path}/{inner.member}",
        symbol=symbol,
        archive=inner,
        tz=zone(tz) if tz is not None else lean.zone_of(path.absolute(), inner),
    )
    return Feed(path, symbol, size, partial(_open_member, path, inner.member), parse, venue, inner.is_trades)


@contextmanager
def _open_member(path: Path, member: str) -> Iterator[IO[bytes]]:
    with ZipFile(path) as archive, archive.open(member) as stream:
        yield stream
