"""How a time is written for people and scripts. A time is never read from a clock here."""

from datetime import UTC, datetime


def utc(ns: int) -> str:
    """Write a time as ISO 8601 in UTC, to the microsecond."""
    seconds, rest_ns = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns // 1000:06d}Z"
