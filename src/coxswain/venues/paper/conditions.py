"""Scripted conditions of the whole venue: when it cannot be reached, and when nothing trades in an instrument.

The engine must never learn of them from here: an outage is silence or failure on the line, a halt is what the venue
says.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from coxswain.model.cash import TRANSFERS, CashKind
from coxswain.model.decimals import ZERO
from coxswain.model.decimals import text as written_out
from coxswain.model.vocabulary import AccountId, Symbol

NS_PER_S = 1_000_000_000
AFTER_S_MAX = 10 * 366 * 86_400
"""Ten years; a moment much later has no number of nanoseconds that a journal could hold."""
NEITHER_PAIR = "wanted from and until, or from_s and until_s"


class OutageKind(StrEnum):
    FAILS = "fails"
    """The line breaks: each request comes back as failed and may have arrived. Its end is noticed."""
    SILENT = "silent"
    """Nothing comes back at all, and nobody says when it is over."""


class HaltedOrders(StrEnum):
    ACCEPT = "accept"
    """New orders are taken and wait for the reopening."""
    REJECT = "reject"


class Span(NamedTuple):
    begins_ns: int
    ends_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.begins_ns <= at_ns < self.ends_ns


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What holds from one time until another: times of the calendar, or seconds after the venue's first quote."""

    begins: str | None = msgspec.field(default=None, name="from")
    """ISO 8601 with a zone."""
    ends: str | None = msgspec.field(default=None, name="until")
    from_s: Decimal | None = None
    until_s: Decimal | None = None

    @property
    def is_relative(self) -> bool:
        return self.from_s is not None

    def problem(self) -> str:
        """Say what cannot be; empty if all of it can."""
        given = [each is not None for each in (self.begins, self.ends, self.from_s, self.until_s)]
        if given not in ([True, True, False, False], [False, False, True, True]):
            return NEITHER_PAIR
        for written in (self.begins, self.ends):
            if written is not None and _read_ns(written) is None:
                return f"{written}: wanted a time with its zone such as 2026-01-05T10:00:00Z"
        for name, after_s in (("from_s", self.from_s), ("until_s", self.until_s)):
            if problem := _cannot_be(name, after_s):
                return problem
        span = self.span(0)
        return "" if span.begins_ns < span.ends_ns else "it ends before it begins"

    def span(self, first_ns: int) -> Span:
        """Return when it holds, for a venue whose first quote came at `first_ns`."""
        if self.from_s is not None and self.until_s is not None:
            return Span(first_ns + int(self.from_s * NS_PER_S), first_ns + int(self.until_s * NS_PER_S))
        begins, ends = _read_ns(self.begins or ""), _read_ns(self.ends or "")
        assert begins is not None, NEITHER_PAIR
        assert ends is not None, NEITHER_PAIR
        return Span(begins, ends)


class Outage(Condition, frozen=True, kw_only=True):
    kind: OutageKind = OutageKind.FAILS
    arrives: bool = False
    """What is sent meanwhile arrives all the same; only what comes back is lost."""


class Halt(Condition, frozen=True, kw_only=True):
    symbol: Symbol
    reason: str = "halted by the venue"
    orders: HaltedOrders = HaltedOrders.ACCEPT


class Cash(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Cash that moves on an account at one moment, without a trade."""

    account: AccountId
    kind: CashKind
    amount: Decimal
    """What the balance changes by: negative for a withdrawal or a fee."""
    at: str | None = None
    """ISO 8601 with a zone."""
    at_s: Decimal | None = None
    """Seconds after the venue's first quote."""
    text: str = ""
    told: bool = True
    """False: it is in the books, and the report of it is lost."""

    @property
    def is_relative(self) -> bool:
        return self.at_s is not None

    def problem(self) -> str:
        """Say what cannot be; empty if all of it can."""
        if (self.at is None) is (self.at_s is None):
            return "wanted at, or at_s"
        if self.at is not None and _read_ns(self.at) is None:
            return f"{self.at}: wanted a time with its zone such as 2026-01-05T10:00:00Z"
        if problem := _cannot_be("at_s", self.at_s):
            return problem
        if not self.amount or (self.kind in TRANSFERS and (self.amount > 0) is not (self.kind is CashKind.DEPOSIT)):
            return f"amount: {self.amount}, wanted more than 0 for a deposit, less for a withdrawal, and never 0"
        return ""

    def at_ns(self, first_ns: int) -> int:
        """Return when it moves, at a venue whose first quote came at `first_ns`."""
        if self.at_s is not None:
            return first_ns + int(self.at_s * NS_PER_S)
        at_ns = _read_ns(self.at or "")
        assert at_ns is not None, "it has been checked"
        return at_ns


def _cannot_be(name: str, after_s: Decimal | None) -> str:
    if after_s is None or ZERO <= after_s <= AFTER_S_MAX:
        return ""
    wanted = "0 or more" if after_s < ZERO else f"at most {AFTER_S_MAX}"
    return f"{name}: {written_out(after_s)}, wanted {wanted}"


def _read_ns(written: str) -> int | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return int(moment.timestamp()) * NS_PER_S + moment.microsecond * 1_000
