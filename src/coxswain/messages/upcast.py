"""Bring a record that an earlier version wrote to the form of this one: bytes to bytes, a step from format to format.

Fields that are added with defaults change no format. Where that will not do, the step from format N to N + 1 is added
below, and the journal of format N in `tests/kept` goes on being read through it. Every record says its own format,
because one journal is gone on with under later versions; format 1 is not said. A step is pure: it looks at its bytes
and at nothing else. What is stored never changes: the chain is over that.
"""

import re
from collections.abc import Callable

import msgspec

Upcast = Callable[[bytes], bytes]

STEPS: tuple[Upcast, ...] = ()
"""From format 1 on, in order. Only one format was ever written: every field that came so far has a default."""
_SAID = re.compile(rb',"format":(\d+)\}\Z')


def newest() -> int:
    """Return the format of what is written now."""
    return 1 + len(STEPS)


def format_of(body: bytes) -> int:
    """Return the format that a record says it has."""
    if not body[-2:-1].isdigit():  # the envelope of format 1 never ends with a number
        return 1
    said = _SAID.search(body, max(0, len(body) - 32))
    return int(said[1]) if said else 1


def upcast(body: bytes) -> bytes:
    """Return a record in the newest format. Raises `msgspec.ValidationError` for one of a later version."""
    found = format_of(body)
    if found > newest():
        raise msgspec.ValidationError(f"its format is {found}, and this version reads up to {newest()}")
    for step in STEPS[found - 1 :]:
        body = step(body)
    return body
