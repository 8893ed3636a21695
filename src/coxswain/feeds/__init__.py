"""Quotes, in order of time, one by one: read from files or made up, never held whole. Nothing here trades."""

from coxswain.feeds.base import Feed, FeedError, SpecError
from coxswain.feeds.files import open_feed
from coxswain.feeds.merge import merge
from coxswain.feeds.walk import Walk, walk

__all__ = ["Feed", "FeedError", "SpecError", "Walk", "merge", "open_feed", "walk"]
