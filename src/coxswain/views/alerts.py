"""What somebody should be told at once, with what to do about it. How it is delivered is none of its business.

The same thing about the same account is told once in a window of engine time; how often it came meanwhile is told with
the next one.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.inputs import VenueFailed
from coxswain.messages.record import Record
from coxswain.model.control import name_of
from coxswain.model.vocabulary import AccountId, VenueId, Word
from coxswain.views.sentences import sentence


class Severity(Word):
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class Kind(Word):
    """What is alerted; each may be on, silent or off in the configuration."""

    RISK_LIMIT_BREACHED = "RISK_LIMIT_BREACHED"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    BREAK_FOUND = "BREAK_FOUND"
    VENUE_STATE = "VENUE_STATE"
    STOP = "STOP"
    CRITICAL = "CRITICAL"
    UNPROTECTED = "UNPROTECTED"
    UNHEDGED = "UNHEDGED"
    EXIT_FAILED = "EXIT_FAILED"
    INCIDENT = "INCIDENT"
    CORRELATION = "CORRELATION"
    APPROVAL = "APPROVAL"
    FIRM_RULE = "FIRM_RULE"
    COMMAND = "COMMAND"
    """One that waited for a start and came to nothing, when whoever gave it was no longer there to be told."""


class Alert(msgspec.Struct, frozen=True):
    kind: Kind
    severity: Severity
    scope: str
    """An account, a venue, or `engine`."""
    text: str
    what_to_do: str
    seq: int
    now_ns: int
    repeated: int = 0
    """How often the same came in the window before this one, and was not told."""


ADVICE: dict[Kind, str] = {
    Kind.RISK_LIMIT_BREACHED: "nothing was sent; see the check with coxswain explain, the limits with coxswain limits",
    Kind.ORDER_UNKNOWN: "the engine asks the venue and keeps the hold; if it stays, look there: coxswain settle",
    Kind.BREAK_FOUND: "compare with the venue's own screen, then resolve it: coxswain breaks",
    Kind.VENUE_STATE: "the engine looks for it; stops at the venue stay; check the venue and the network",
    Kind.STOP: "released only by a person: coxswain resume, with a reason",
    Kind.CRITICAL: "trading is halted; keep the journal, find the cause with coxswain audit log, then resume",
    Kind.UNPROTECTED: "look at the position now: coxswain positions; close it or set a stop",
    Kind.UNHEDGED: "a leg stands without the others: coxswain explain shows what was decided, and what is left",
    Kind.EXIT_FAILED: "the position is still open, and protected again if it has a stop; see why: coxswain explain",
    Kind.INCIDENT: "it was booked; the books are compared, see coxswain audit log",
    Kind.APPROVAL: "coxswain approve, or coxswain reject; it expires with its signal",
    Kind.CORRELATION: "two accounts move alike: later plans put the second one further back and make it smaller",
    Kind.COMMAND: "nothing of it was done: give it again if it is still wanted",
    Kind.FIRM_RULE: "see how much is left of each rule: coxswain firms check, and the account",
}


class Alerts:
    """Turns records into alerts, once in `window_s` for each kind and scope."""

    def __init__(self, window_s: int) -> None:
        self._window_ns = window_s * 1_000_000_000
        self._told_ns: dict[tuple[Kind, str], int] = {}
        self._repeated: dict[tuple[Kind, str], int] = {}
        self._venue_of: dict[AccountId, VenueId] = {}

    def apply(self, record: Record) -> list[Alert]:
        """Return what is to be told because of this record."""
        return [alert for alert in map(self._first, self._found(record)) if alert is not None]

    def _first(self, alert: Alert) -> Alert | None:
        key = (alert.kind, alert.scope)
        told_ns = self._told_ns.get(key)
        if told_ns is not None and alert.now_ns - told_ns < self._window_ns:
            self._repeated[key] = self._repeated.get(key, 0) + 1
            return None
        self._told_ns[key] = alert.now_ns
        return msgspec.structs.replace(alert, repeated=self._repeated.pop(key, 0))

    def _found(self, record: Record) -> Iterator[Alert]:
        def alert(kind: Kind, severity: Severity, scope: str, text: str) -> Alert:
            return Alert(kind, severity, scope, text, ADVICE[kind], record.seq, record.now_ns)

        if record.failed:
            yield alert(Kind.CRITICAL, Severity.CRITICAL, "engine", f"a step failed, all is halted: {record.failed}")
        message = record.input
        if isinstance(message, VenueFailed) and message.cl_ord_id is None:
            venue = self._venue_of.get(message.account, "a venue")
            yield alert(Kind.VENUE_STATE, Severity.ERROR, venue, f"{venue} cannot be asked: {message.text}")
        was_kept = any(isinstance(event, ev.CommandCarriedOut) for event in record.events)
        for event in record.events:
            if isinstance(event, ev.EngineConfigured):
                self._venue_of = {spec.id: spec.venue for spec in event.setup.accounts}
            if was_kept and isinstance(event, ev.CommandRefused | ev.SignalDenied):
                about = event.about if isinstance(event, ev.CommandRefused) else str(event.signal_id)
                yield alert(Kind.COMMAND, Severity.WARNING, about, sentence(event))
            read = _TABLE.get(type(event))
            found = None if read is None else read(event)
            if found is not None:
                kind, severity, scope = found
                yield alert(kind, severity, scope, sentence(event))


Found = tuple[Kind, Severity, str]


def _state(event: ev.AccountStateChanged) -> Found | None:
    if not event.active or event.cause in ("UNRECONCILED", "BREAK", "NOT_CONFIGURED"):
        return None  # these have alerts of their own, or are in the configuration
    if event.cause in ("CORE_FAILURE", "EGRESS", "LEASE"):
        return Kind.CRITICAL, Severity.CRITICAL, event.account
    if event.actor == "engine":
        return Kind.RISK_LIMIT_BREACHED, Severity.ERROR, event.account
    return None  # a person's stop: `TradingStopped` tells it once, of all that it concerns


def _stopped(event: ev.TradingStopped) -> Found:
    return Kind.STOP, Severity.WARNING, f"{event.level} of {name_of(event.scope)}"


def _unprotected(event: ev.ProtectionFailed) -> Found | None:
    """What is tried again soon is told when that came to nothing."""
    if event.again_ns is not None and not event.closes:
        return None
    return Kind.UNPROTECTED, Severity.ERROR, event.account


def _break(event: ev.BreakFound) -> Found:
    return Kind.BREAK_FOUND, Severity.ERROR if event.severity == "high" else Severity.WARNING, event.account


def _correlation(event: ev.CorrelationSet) -> Found | None:
    return (Kind.CORRELATION, Severity.WARNING, f"{event.account}/{event.other}") if event.crossed else None


# Each function takes the event that it stands beside.
_TABLE: dict[type, Callable[[Any], Found | None]] = {
    ev.OutcomeUnknown: lambda e: (Kind.ORDER_UNKNOWN, Severity.ERROR, e.account),
    ev.BreakFound: _break,
    ev.AccountStateChanged: _state,
    ev.TradingStopped: _stopped,
    ev.ApprovalAwaited: lambda e: (Kind.APPROVAL, Severity.WARNING, e.signal_id),
    ev.OrderDenied: lambda e: (Kind.RISK_LIMIT_BREACHED, Severity.WARNING, e.intent.account),
    ev.LadderStepReached: lambda e: (Kind.RISK_LIMIT_BREACHED, Severity.WARNING, e.account),
    ev.SpreadEnded: lambda e: (Kind.UNHEDGED, Severity.ERROR, e.account) if e.unhedged_value else None,
    ev.SpreadWatchChanged: lambda e: (Kind.UNPROTECTED, Severity.ERROR, e.account) if e.urgent else None,
    ev.LeggingLimitReached: lambda e: (Kind.UNHEDGED, Severity.WARNING, e.account),
    ev.ProtectionFailed: _unprotected,
    ev.LessAtVenue: lambda e: (Kind.UNPROTECTED, Severity.ERROR, e.account),
    ev.ExitEnded: lambda e: (Kind.EXIT_FAILED, Severity.ERROR, e.account) if e.failed else None,
    ev.IncidentRaised: lambda e: (Kind.INCIDENT, Severity.WARNING, e.account),
    ev.ReportQuarantined: lambda e: (Kind.INCIDENT, Severity.WARNING, e.account),
    ev.CorrelationSet: _correlation,
    ev.CommandLapsed: lambda e: (Kind.COMMAND, Severity.WARNING, e.command_id),
    ev.FirmNoticed: lambda e: (Kind.FIRM_RULE, Severity.WARNING, e.account),
    ev.FirmFlattened: lambda e: (Kind.FIRM_RULE, Severity.ERROR, e.account) if e.symbols else None,
}
