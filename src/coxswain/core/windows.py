"""What happened within the last while, in ten parts of it: a sum or a highest value, in bounded memory.

`evolve` alone writes one. A part leaves as a whole, so a value may be seen a tenth longer than the window.
"""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO

PARTS = 10


class Window(msgspec.Struct):
    parts: list[tuple[int, Decimal]] = []
    """The number of each part since the epoch, and its value; oldest first."""


def add(window: Window, now_ns: int, length_ns: int, value: Decimal) -> None:
    """Count `value` in."""
    number = _shift(window, now_ns, length_ns)
    if window.parts and window.parts[-1][0] == number:
        window.parts[-1] = (number, window.parts[-1][1] + value)
    else:
        window.parts.append((number, value))


def raise_to(window: Window, now_ns: int, length_ns: int, value: Decimal) -> None:
    """Remember `value` where it is the highest of its part."""
    number = _shift(window, now_ns, length_ns)
    if not window.parts or window.parts[-1][0] != number:
        window.parts.append((number, value))
    elif value > window.parts[-1][1]:
        window.parts[-1] = (number, value)


def total(window: Window, now_ns: int, length_ns: int) -> Decimal:
    oldest = _number(now_ns, length_ns) - PARTS
    return sum((value for number, value in window.parts if number >= oldest), ZERO)


def highest(window: Window, now_ns: int, length_ns: int) -> Decimal | None:
    oldest = _number(now_ns, length_ns) - PARTS
    return max((value for number, value in window.parts if number >= oldest), default=None)


def _number(now_ns: int, length_ns: int) -> int:
    return now_ns * PARTS // length_ns


def _shift(window: Window, now_ns: int, length_ns: int) -> int:
    number = _number(now_ns, length_ns)
    while window.parts and window.parts[0][0] < number - PARTS:
        del window.parts[0]
    return number
