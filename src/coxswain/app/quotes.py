"""The quote files of one command as a single feed, with a progress bar where a person is watching."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from coxswain.feeds import Feed, FeedError, merge, open_feed
from coxswain.model.market import Quote
from coxswain.model.setup import Setup

WORTH_A_BAR = 1_000_000
"""Bytes of quotes; less is read before a bar could be looked at."""
EVERY = 2_000
"""Quotes between two looks at how far the files are read."""


def open_feeds(specs: Sequence[str], tz: str | None, setup: Setup) -> list[Feed]:
    """Open each file and see that its instrument is configured. Raises `FeedError`."""
    feeds = [open_feed(spec, tz) for spec in specs]
    known = {instrument.symbol for instrument in setup.instruments}
    for feed in feeds:
        if feed.symbol not in known:
            wanted = ", ".join(sorted(known))
            raise FeedError(
                f"{feed.path}: symbol {feed.symbol} is not an instrument of the configuration, wanted {wanted}"
            )
    return feeds


@contextmanager
def watched(feeds: Sequence[Feed], quiet: bool) -> Iterator[Iterator[Quote]]:
    """Merge the feeds in order of time; show on standard error how far they are read, if that takes long."""
    size = sum(feed.size for feed in feeds)
    if quiet or size < WORTH_A_BAR or not sys.stderr.isatty():
        yield iter(merge(feeds))
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
        yield _reporting(iter(merge(feeds)), lambda: progress.update(task, completed=sum(f.bytes_read for f in feeds)))


def _reporting(quotes: Iterator[Quote], report: Callable[[], None]) -> Iterator[Quote]:
    for number, quote in enumerate(quotes):
        if number % EVERY == 0:
            report()
        yield quote
