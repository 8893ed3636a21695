"""The quote files of one command as a single feed, with a progress bar where a person is watching."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from coxswain.feeds import Feed, FeedError, SpecError, merge, open_feed
from coxswain.model.market import Quote
from coxswain.model.setup import Setup

WORTH_A_BAR = 1_000_000
"""Bytes of quotes; less is read before a bar could be looked at."""
EVERY = 2_000
"""Quotes between two looks at how far the files are read."""


def open_feeds(specs: Sequence[str], tz: str | None, setup: Setup) -> list[Feed]:
    """Open each file and see that its instrument is configured. Raises `SpecError`."""
    feeds = [open_feed(spec, tz) for spec in specs]
    venues = {venue.id for venue in setup.venues}
    known = {instrument.symbol for instrument in setup.instruments}
    for number, feed in enumerate(feeds):
        if any(
            feed.path.samefile(other.path) and (feed.symbol, feed.venue) == (other.symbol, other.venue)
            for other in feeds[:number]
        ):
            raise SpecError(f"{feed.path}: given twice for {feed.symbol}, wanted each file once")
        if feed.venue is not None and feed.venue not in venues:
            wanted = ", ".join(sorted(venues))
            raise SpecError(f"{feed.path}: {feed.venue} is not a venue of the configuration, wanted {wanted}")
        if feed.venue is not None and not any(each.symbol == feed.symbol and each.venue is None for each in feeds):
            what = f"{feed.symbol}=FILE beside it, the market that accounts are valued by"
            raise SpecError(f"{feed.path}: shows only what {feed.venue} shows of {feed.symbol}, wanted {what}")
        if feed.is_trades and not any(
            (each.symbol, each.venue, each.is_trades) == (feed.symbol, feed.venue, False) for each in feeds
        ):
            raise SpecError(f"{feed.path}: holds only trades of {feed.symbol}, wanted its quotes beside it")
        if feed.symbol not in known:
            wanted = ", ".join(sorted(known))
            raise SpecError(
                f"{feed.path}: symbol {feed.symbol} is not an instrument of the configuration, wanted {wanted}"
            )
    return feeds


@contextmanager
def watched(feeds: Sequence[Feed], quiet: bool) -> Iterator[Iterator[Quote]]:
    """Merge the feeds in order of time; show on standard error how far they are read, if that takes long."""
    size = sum(feed.size for feed in feeds)
    if quiet or size < WORTH_A_BAR or not sys.stderr.isatty():
        yield _not_empty(feeds)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("quotes", total=size)
        yield _reporting(_not_empty(feeds), lambda: progress.update(task, completed=sum(f.bytes_read for f in feeds)))


def _not_empty(feeds: Sequence[Feed]) -> Iterator[Quote]:
    """Merge the feeds. Raises `FeedError` at once if there is no quote in any."""
    quotes = iter(merge(feeds))
    first = next(quotes, None)
    if first is None:
        raise FeedError(f"{', '.join(str(feed.path) for feed in feeds)}: there is no quote in it, wanted at least one")
    return chain([first], quotes)


def _reporting(quotes: Iterator[Quote], report: Callable[[], None]) -> Iterator[Quote]:
    for number, quote in enumerate(quotes):
        if number % EVERY == 0:
            report()
        yield quote
