"""Several feeds as one, in order of time; at the same time, in the order in which they were given, trades first."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge as merge_sorted
from operator import attrgetter

from msgspec import structs

from coxswain.feeds.base import Feed
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Symbol, VenueId


def merge(feeds: Sequence[Iterable[Quote]]) -> Iterator[Quote]:
    """Merge feeds that are each in order of time, holding one quote of each.

    A trade leaves with the quote that stands when it happens, and not at all before there is one.
    """
    if not any(_is_trades(feed) for feed in feeds):
        return iter(feeds[0]) if len(feeds) == 1 else merge_sorted(*feeds, key=attrgetter("ts_ns"))
    marked = [_marked(feed, is_trades=_is_trades(feed)) for feed in sorted(feeds, key=_is_trades, reverse=True)]
    return _placed(merge_sorted(*marked, key=_time))


def _is_trades(feed: Iterable[Quote]) -> bool:
    return isinstance(feed, Feed) and feed.is_trades


def _marked(feed: Iterable[Quote], *, is_trades: bool) -> Iterator[tuple[bool, Quote]]:
    return ((is_trades, quote) for quote in feed)


def _time(marked: tuple[bool, Quote]) -> int:
    return marked[1].ts_ns


def _placed(quotes: Iterator[tuple[bool, Quote]]) -> Iterator[Quote]:
    standing: dict[tuple[Symbol, VenueId | None], Quote] = {}
    for is_trade, quote in quotes:
        key = (quote.symbol, quote.venue)
        if not is_trade:
            standing[key] = quote
            yield quote
        elif key in standing:
            yield structs.replace(standing[key], ts_ns=quote.ts_ns, last=quote.last, last_size=quote.last_size)
