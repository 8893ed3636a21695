"""The answer of a check, the same for eligibility, the gate and every later control."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from coxswain.model.decimals import text


class Check(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """One rule's answer, journaled as it was found: `explain` never evaluates again.

    `value` and `limit` are numbers, counts whole ones; a rule about something else (a state, a name) says it in `found`
    and `wanted`.
    """

    code: str
    value: Decimal | int | None
    limit: Decimal | int | None
    passed: bool
    found: str = ""
    wanted: str = ""
    kind: str = ""
    """On a failure of the gate: `hard`, `soft`, `auto`, or `overridden` where a second person let it pass once."""


class Failures(Check, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """Several limits of one control that failed: reads as the first of them. The gate lists each and keeps no such."""

    each: tuple[Check, ...] = ()


def failing(checks: Sequence[Check]) -> Check:
    """Answer with every limit of a control that failed; there must be one."""
    first = checks[0]
    if len(checks) == 1:
        return first
    return Failures(first.code, first.value, first.limit, False, first.found, first.wanted, each=tuple(checks))


def each_of(check: Check) -> tuple[Check, ...]:
    """Return what a control answered, by limit."""
    return check.each if isinstance(check, Failures) else (check,)


def reason(check: Check) -> str:
    """Write a failed check as `CODE: key=value, key=value`."""
    value = check.found or ("none" if check.value is None else text(check.value))
    limit = check.wanted or ("none" if check.limit is None else text(check.limit))
    return f"{check.code}: value={value}, limit={limit}"
