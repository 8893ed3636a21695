"""What the outside is told of a record: 25 kinds of event, each with seq, time, ids and what happened.

Events inside are many and fine; these names stay as they are promised. Who listens may be slow or gone: that is the
business of whoever delivers them. Nothing is worked out here.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.inputs import CompareAccounts, VenueFailed
from coxswain.messages.record import Record
from coxswain.model.vocabulary import AccountId, VenueId, Word
from coxswain.views.documents import document
from coxswain.views.sentences import sentence
from coxswain.views.times import utc


class Name(Word):
    SIGNAL_RECEIVED = "SIGNAL_RECEIVED"
    SIGNAL_DENIED = "SIGNAL_DENIED"
    PLAN_PROPOSED = "PLAN_PROPOSED"
    PLAN_APPROVED = "PLAN_APPROVED"
    PLAN_REJECTED = "PLAN_REJECTED"
    ORDER_SUBMITTED = "ORDER_SUBMITTED"
    ORDER_ACCEPTED = "ORDER_ACCEPTED"
    ORDER_PARTIALLY_FILLED = "ORDER_PARTIALLY_FILLED"
    ORDER_FILLED = "ORDER_FILLED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    ORDER_MODIFIED = "ORDER_MODIFIED"
    ORDER_REJECTED = "ORDER_REJECTED"
    ORDER_DENIED = "ORDER_DENIED"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    POSITION_OPENED = "POSITION_OPENED"
    POSITION_CHANGED = "POSITION_CHANGED"
    POSITION_CLOSED = "POSITION_CLOSED"
    RISK_LIMIT_BREACHED = "RISK_LIMIT_BREACHED"
    BREAK_FOUND = "BREAK_FOUND"
    BREAK_CLOSED = "BREAK_CLOSED"
    RECONCILED = "RECONCILED"
    ACCOUNT_STATE = "ACCOUNT_STATE"
    VENUE_STATE = "VENUE_STATE"
    SYSTEM_STATUS = "SYSTEM_STATUS"
    EXECUTION_ERROR = "EXECUTION_ERROR"


class OutsideEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    event: Name
    seq: int
    time: str
    account: str | None = None
    venue: str | None = None
    symbol: str | None = None
    signal_id: str | None = None
    cl_ord_id: str | None = None
    text: str = ""
    """One sentence for people."""
    payload: object = None
    """Every field of what happened; decimals are strings."""


class Outside:
    """Turns records into what the outside is told."""

    def __init__(self) -> None:
        self._venue_of: dict[AccountId, VenueId] = {}
        self._held: set[tuple[AccountId, str]] = set()

    def hold(self, positions: Iterable[tuple[AccountId, str]]) -> None:
        """Begin with what is held already, account and instrument, where the past is not told."""
        self._held = set(positions)

    def apply(self, record: Record) -> Iterator[OutsideEvent]:
        """Return what is to be told of a record, in order."""
        message, at = record.input, utc(record.now_ns)
        if record.failed:
            yield OutsideEvent(Name.EXECUTION_ERROR, record.seq, at, text=record.failed)
        if isinstance(message, VenueFailed):
            venue = self._venue_of.get(message.account)
            text = f"{venue} cannot be asked: {message.text}"
            yield OutsideEvent(Name.VENUE_STATE, record.seq, at, message.account, venue, None, None, text=text)
        elif isinstance(message, CompareAccounts) and message.reason.endswith(" is back"):
            yield OutsideEvent(Name.VENUE_STATE, record.seq, at, text=message.reason)
        for event in record.events:
            if isinstance(event, ev.EngineConfigured):
                self._venue_of = {spec.id: spec.venue for spec in event.setup.accounts}
            names = _NAMES.get(type(event))
            for name in () if names is None else names(self, event):
                yield self._told(name, record, at, event)

    def _told(self, name: Name, record: Record, at: str, event: ev.Event) -> OutsideEvent:
        about = getattr(event, "intent", None) or getattr(event, "signal", None) or getattr(event, "plan", None)

        def found(field: str) -> str | None:
            value = getattr(event, field, None)
            value = getattr(about, field, None) if value is None else value
            return None if value is None else str(value)

        signal_id = found("signal_id")
        if signal_id is None and name is Name.SIGNAL_RECEIVED:
            signal_id = found("id")
        account = found("account")
        venue = None if account is None else self._venue_of.get(AccountId(account))
        return OutsideEvent(
            name,
            record.seq,
            at,
            account,
            venue,
            found("symbol"),
            signal_id,
            found("cl_ord_id"),
            sentence(event),
            document(event),
        )

    def _position(self, event: ev.PositionChanged) -> tuple[Name, ...]:
        """One that turns in a single fill is closed and opened by it."""
        key = (event.account, event.symbol)
        was_held = key in self._held
        if event.qty:
            self._held.add(key)
        else:
            self._held.discard(key)
        if event.closed:
            return (Name.POSITION_CLOSED, Name.POSITION_OPENED) if event.qty else (Name.POSITION_CLOSED,)
        return (Name.POSITION_CHANGED,) if was_held else (Name.POSITION_OPENED,)


def _filled(outside: Outside, event: ev.OrderFilled) -> tuple[Name, ...]:
    return (Name.ORDER_PARTIALLY_FILLED if event.leaves_qty else Name.ORDER_FILLED,)


def _state(outside: Outside, event: ev.AccountStateChanged) -> tuple[Name, ...]:
    breached = event.active and event.cause in BREACHES
    return (Name.RISK_LIMIT_BREACHED, Name.ACCOUNT_STATE) if breached else (Name.ACCOUNT_STATE,)


def _breaker(outside: Outside, event: ev.BreakerChanged) -> tuple[Name, ...]:
    return (Name.RISK_LIMIT_BREACHED,) if event.value is not None else ()


BREACHES = ("DAILY_LOSS", "DRAWDOWN", "EGRESS", "LEASE")
"""Causes that are a limit which was reached, beside the breakers', which have events of their own."""

Named = Callable[[Outside, Any], tuple[Name, ...]]


def _is_of_a_leg(signal_id: str) -> bool:
    """The legs of a spread have plans of their own, which nobody has sent; no signal that comes in has such an id."""
    return "/" in signal_id


def _always(*names: Name) -> Named:
    return lambda outside, event: names


_NAMES: dict[type, Named] = {
    ev.SignalAccepted: lambda outside, event: () if _is_of_a_leg(event.signal.id) else (Name.SIGNAL_RECEIVED,),
    ev.SignalDenied: _always(Name.SIGNAL_DENIED),
    ev.PlanProposed: lambda outside, event: () if _is_of_a_leg(event.plan.signal_id) else (Name.PLAN_PROPOSED,),
    ev.PlanApproved: lambda outside, event: () if _is_of_a_leg(event.signal_id) else (Name.PLAN_APPROVED,),
    ev.PlanRejected: _always(Name.PLAN_REJECTED),
    ev.PlanExpired: _always(Name.PLAN_REJECTED),
    ev.OrderCreated: _always(Name.ORDER_SUBMITTED),
    ev.OrderResent: _always(Name.ORDER_SUBMITTED),
    ev.OrderAccepted: _always(Name.ORDER_ACCEPTED),
    ev.OrderFilled: _filled,
    ev.FillBusted: _always(Name.ORDER_MODIFIED),
    ev.FillCorrected: _always(Name.ORDER_MODIFIED),
    ev.OrderCanceled: _always(Name.ORDER_CANCELLED),
    ev.OrderExpired: _always(Name.ORDER_CANCELLED),
    ev.OrderReplaced: _always(Name.ORDER_MODIFIED),
    ev.OrderRestated: _always(Name.ORDER_MODIFIED),
    ev.OrderRejected: _always(Name.ORDER_REJECTED),
    ev.OrderDenied: _always(Name.ORDER_DENIED),
    ev.OutcomeUnknown: _always(Name.ORDER_UNKNOWN),
    ev.PositionChanged: Outside._position,
    ev.BreakFound: _always(Name.BREAK_FOUND),
    ev.BreakClosed: _always(Name.BREAK_CLOSED),
    ev.Reconciled: _always(Name.RECONCILED),
    ev.AccountStateChanged: _state,
    ev.LadderStepReached: _always(Name.RISK_LIMIT_BREACHED),
    ev.BreakerChanged: _breaker,
    ev.EngineConfigured: _always(Name.SYSTEM_STATUS),
    ev.LiveConfirmed: _always(Name.SYSTEM_STATUS),
    ev.LeaseLost: _always(Name.SYSTEM_STATUS),
    ev.LeaseAdopted: _always(Name.SYSTEM_STATUS),
    ev.EngineStopped: _always(Name.SYSTEM_STATUS),
    ev.InputSkipped: _always(Name.SYSTEM_STATUS),
    ev.InputPassedOver: _always(Name.SYSTEM_STATUS),
    ev.CommandKept: _always(Name.SYSTEM_STATUS),
    ev.CommandCarriedOut: _always(Name.SYSTEM_STATUS),
    ev.CommandWithdrawn: _always(Name.SYSTEM_STATUS),
    ev.CommandLapsed: _always(Name.SYSTEM_STATUS),
    ev.TradingStopped: _always(Name.SYSTEM_STATUS),
    ev.TradingResumed: _always(Name.SYSTEM_STATUS),
    ev.ModeChanged: _always(Name.SYSTEM_STATUS),
    ev.ReportQuarantined: _always(Name.EXECUTION_ERROR),
    ev.IncidentRaised: _always(Name.EXECUTION_ERROR),
    ev.LessAtVenue: _always(Name.EXECUTION_ERROR),
    ev.ProtectionFailed: _always(Name.EXECUTION_ERROR),
    ev.RecoveryFailed: _always(Name.EXECUTION_ERROR),
}
