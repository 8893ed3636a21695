"""What happened within the last while, in ten parts of it: a sum or a highest value, in bounded memory.

`evolve` alone writes one. A part leaves as a whole, so a value may be seen a tenth longer than the window.
"""

from decimal import Decimal
from typing import ClassVar

import msgspec

from coxswain.model.decimals import ZERO

PARTS = 10


class Window(msgspec.Struct):
    INDEX: ClassVar[tuple[str, ...]] = ("until_ns",)
    parts: list[tuple[int, Decimal]] = []
    """The number of each part since the epoch, and its value; oldest first."""
    length_ns: int = 0
    """By which the parts were numbered; one of another length has other numbers."""
    until_ns: int = 0
    """When the newest part ends."""


def add(window: Window, now_ns: int, length_ns: int, value: Decimal) -> None:
    """Count `value` in."""
    number, before = _newest(window, now_ns, length_ns, ZERO)
    window.parts[-1] = (number, before + value)


def raise_to(window: Window, now_ns: int, length_ns: int, value: Decimal) -> None:
    """Remember `value` where it is the highest of its part."""
    number, before = _newest(window, now_ns, length_ns, value)
    if value > before:
        window.parts[-1] = (number, value)


def total(window: Window, now_ns: int, length_ns: int) -> Decimal:
    return sum((value for _, value in _within(window, now_ns, length_ns)), ZERO)


def highest(window: Window, now_ns: int, length_ns: int) -> Decimal | None:
    top = None
    for _, value in _within(window, now_ns, length_ns):
        if top is None or value > top:
            top = value
    return top


def _number(now_ns: int, length_ns: int) -> int:
    return now_ns * PARTS // length_ns


def _within(window: Window, now_ns: int, length_ns: int) -> list[tuple[int, Decimal]]:
    """Return the parts that a window of this length takes in, numbered by it."""
    if now_ns < window.until_ns and length_ns == window.length_ns:  # as nearly always: none has left
        return window.parts
    oldest, was_ns, parts = _number(now_ns, length_ns) - PARTS, window.length_ns, window.parts
    if was_ns not in (0, length_ns):
        parts = [(number * was_ns // length_ns, value) for number, value in parts]
    return [part for part in parts if part[0] >= oldest]


def _newest(window: Window, now_ns: int, length_ns: int, initial: Decimal) -> tuple[int, Decimal]:
    """Return the part that `now_ns` is in; a new one begins with `initial`."""
    if now_ns >= window.until_ns or length_ns != window.length_ns:
        window.parts, window.length_ns = _within(window, now_ns, length_ns), length_ns
        number = _number(now_ns, length_ns)
        if not window.parts or window.parts[-1][0] != number:
            window.parts.append((number, initial))
        window.until_ns = -(-(number + 1) * length_ns // PARTS)
    return window.parts[-1]
