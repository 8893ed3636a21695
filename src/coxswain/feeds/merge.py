"""Several feeds as one, in order of time; at the same time, in the order in which they were given."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge as merge_sorted
from operator import attrgetter

from coxswain.model.market import Quote


def merge(feeds: Sequence[Iterable[Quote]]) -> Iterator[Quote]:
    """Merge feeds that are each in order of time, holding one quote of each."""
    if len(feeds) == 1:
        return iter(feeds[0])
    return merge_sorted(*feeds, key=attrgetter("ts_ns"))
