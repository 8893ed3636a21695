"""The one decimal context, and rounding that names its direction. Never a float.

Every Decimal that enters the engine passes `plain` once, so equal values have equal bytes in the journal.
"""

import re
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
    localcontext,
)
from functools import lru_cache

# decimal128: 34 digits hold any price times any quantity; mixing with a float raises.
CONTEXT = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    traps=[InvalidOperation, DivisionByZero, Overflow, Underflow, Clamped, FloatOperation],
)

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
# What does not divide (an average cost, a converted amount) is rounded once, to this quantum.
QUANTUM = Decimal("0.0000000001")

# A number that people or programs hand in is no longer than this. Any float written out has at most 17 digits; together
# they must fit the context, which `exact` sees to.
WHOLE_DIGITS_MAX = 20
FRACTION_DIGITS_MAX = 18
DIGITS_WANTED = f"of at most {WHOLE_DIGITS_MAX} digits before and {FRACTION_DIGITS_MAX} after the point"
# Decimal itself would also read underscores, "NaN" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def plain(value: Decimal) -> Decimal:
    """Normalise `value`: no trailing zeros, no positive exponent, no negative zero."""
    return value.normalize() + ZERO


def text(value: Decimal | int) -> str:
    """Write `value` in full, never in exponent form."""
    return str(value) if isinstance(value, int) else format(value, "f")


def is_number(written: str) -> bool:
    """Tell whether a text is a decimal number, of whatever length."""
    return _NUMBER.fullmatch(written) is not None


def exact(written: str) -> Decimal | None:
    """Read a number without rounding it; None if it is none, or has more digits than the context holds."""
    if not is_number(written):
        return None
    with localcontext(CONTEXT) as context:
        context.traps[Inexact] = True
        try:
            return plain(context.create_decimal(written))
        except ArithmeticError:
            return None


def is_short(value: Decimal) -> bool:
    """Tell whether a plain number has no more digits than may be handed in."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -FRACTION_DIGITS_MAX and value.adjusted() < WHOLE_DIGITS_MAX


def is_too_long(written: str) -> bool:
    """Tell whether a text is a number that has more digits than may be handed in."""
    value = exact(written)
    return is_number(written) and (value is None or not is_short(value))


def floor_step(value: Decimal, step: Decimal) -> Decimal:
    """Round a value that is not negative down to a multiple of `step`."""
    return plain(value // step * step)


def ceil_step(value: Decimal, step: Decimal) -> Decimal:
    """Round a value that is not negative up to a multiple of `step`."""
    floor = floor_step(value, step)
    return floor if floor == value else plain(floor + step)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    return not value % step


def round_down(value: Decimal) -> Decimal:
    """Round towards minus infinity at the quantum."""
    return value.quantize(QUANTUM, ROUND_FLOOR).normalize() + ZERO


def round_up(value: Decimal) -> Decimal:
    """Round towards plus infinity at the quantum."""
    return value.quantize(QUANTUM, ROUND_CEILING).normalize() + ZERO


def percent_of(percent: Decimal, value: Decimal) -> Decimal:
    return percent * value / HUNDRED


@lru_cache(4096)  # of what stays the same for a day or a window: 0.1 us instead of 0.4
def limit_of(percent: Decimal, value: Decimal) -> Decimal:
    """Return a limit in per cent of something that seldom changes, plain. It is the same whatever context is set."""
    return CONTEXT.add(CONTEXT.normalize(CONTEXT.divide(CONTEXT.multiply(percent, value), HUNDRED)), ZERO)
