"""Alerts: what is told, how heavy it is, what to do about it, and how often."""

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import Input, TimePassed, VenueFailed
from coxswain.messages.record import Record
from coxswain.model.checks import Check
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    ClOrdId,
    OrdType,
    ReachedVenue,
    Role,
    Side,
    SignalId,
    TimeInForce,
    TradingState,
)
from coxswain.views.alerts import ADVICE, Alert, Alerts, Kind, Severity
from tests.unit.views.records import EURUSD, SETUP, STARTED, T0_NS, ZERO, A, B

S = 1_000_000_000
ORDER = ClOrdId("j-a-1")


class Watch:
    """Alerts fed by hand."""

    def __init__(self, window_s: int = 300) -> None:
        self.alerts = Alerts(window_s)
        self.seq = 0
        self.feed(ev.EngineConfigured("1", STARTED.journal_id, 7, SETUP))

    def feed(self, *events: ev.Event, at_s: int = 0, message: Input | None = None, failed: str = "") -> list[Alert]:
        self.seq += 1
        return self.alerts.apply(Record(self.seq, T0_NS + at_s * S, message or TimePassed(), events, failed=failed))


def state(cause: str, actor: str = "engine", active: bool = True) -> ev.AccountStateChanged:
    return ev.AccountStateChanged(A, cause, active, TradingState.REDUCING, "why", actor)


def denied() -> ev.OrderDenied:
    intent = OrderIntent(A, EURUSD, Side.BUY, OrdType.MARKET, TimeInForce.DAY, ZERO, Role.ENTRY, SignalId("s"))
    return ev.OrderDenied(intent, (Check("ORDER_QTY", ZERO, ZERO, False),), ("ORDER_QTY: value=0, limit=0",))


def test_a_command_that_waited_for_a_start_and_is_refused_there_is_told_to_whom_it_concerns() -> None:
    watch = Watch()
    refused = ev.CommandRefused("approve", "s", ("the price moved",), "ann")
    (told,) = watch.feed(ev.CommandCarriedOut("c7"), refused)
    assert (told.kind, told.scope) == (Kind.COMMAND, "s")
    assert watch.feed(refused) == [], "whoever gives it to an engine that runs is answered"


@pytest.mark.parametrize(
    ("event", "kind", "severity"),
    [
        (ev.OutcomeUnknown(A, ORDER, "no answer in time"), Kind.ORDER_UNKNOWN, Severity.ERROR),
        (ev.BreakFound(A, "a:balance", "BALANCE_DIFFERS", None, "medium", ZERO, ZERO), Kind.BREAK_FOUND, "WARNING"),
        (ev.BreakFound(A, "a:p", "MISSING_AT_VENUE", EURUSD, "high", ZERO, ZERO), Kind.BREAK_FOUND, Severity.ERROR),
        (state("DAILY_LOSS"), Kind.RISK_LIMIT_BREACHED, Severity.ERROR),
        (ev.TradingStopped(StopLevel.PAUSE, EVERYTHING, "why", "ann"), Kind.STOP, Severity.WARNING),
        (ev.ApprovalAwaited(SignalId("s"), (A,), "mode MANUAL", T0_NS), Kind.APPROVAL, Severity.WARNING),
        (ev.CommandLapsed("c7", "it was given too long ago"), Kind.COMMAND, Severity.WARNING),
        (state("CORE_FAILURE"), Kind.CRITICAL, Severity.CRITICAL),
        (denied(), Kind.RISK_LIMIT_BREACHED, Severity.WARNING),
        (ev.ProtectionFailed(A, EURUSD, "the venue refused it", Role.STOP), Kind.UNPROTECTED, Severity.ERROR),
        (ev.IncidentRaised(A, ORDER, "OVERFILL", "more than was to come"), Kind.INCIDENT, Severity.WARNING),
        (ev.CorrelationSet(A, B, ZERO, crossed=True), Kind.CORRELATION, Severity.WARNING),
    ],
)
def test_each_is_told_with_its_weight_and_what_to_do(event: ev.Event, kind: Kind, severity: str) -> None:
    (alert,) = Watch().feed(event)
    assert (alert.kind, alert.severity) == (kind, severity)
    assert alert.what_to_do == ADVICE[kind]
    assert alert.seq == 2


@pytest.mark.parametrize(
    "event",
    [
        state("UNRECONCILED"),
        state("HALT:everything", "ann"),
        state("BREAK"),
        state("DAILY_LOSS", active=False),
        ev.CorrelationSet(A, B, ZERO),
    ],
)
def test_what_has_another_alert_or_needs_nobody_is_not_told(event: ev.Event) -> None:
    assert Watch().feed(event) == []


def test_a_venue_that_cannot_be_asked_is_told_once_for_all_its_accounts() -> None:
    watch = Watch()
    (alert,) = watch.feed(message=VenueFailed(A, None, ReachedVenue.MAYBE, "timed out"))
    assert (alert.kind, alert.scope) == (Kind.VENUE_STATE, "v")
    assert watch.feed(message=VenueFailed(B, None, ReachedVenue.MAYBE, "timed out")) == []


def test_a_failed_step_is_critical() -> None:
    (alert,) = Watch().feed(failed="InvariantViolation: a bug")
    assert (alert.severity, alert.scope) == (Severity.CRITICAL, "engine")


def test_the_same_is_told_once_in_a_window_and_then_with_how_often_it_came() -> None:
    watch, unknown = Watch(window_s=60), ev.OutcomeUnknown(A, ORDER, "silence")
    assert len(watch.feed(unknown)) == 1
    assert watch.feed(unknown, at_s=30) == watch.feed(unknown, at_s=59) == []
    assert len(watch.feed(msgspec.structs.replace(unknown, account=B), at_s=59)) == 1, (
        "another account is another scope"
    )
    (again,) = watch.feed(unknown, at_s=60)
    assert again.repeated == 2
    assert watch.feed(unknown, at_s=61) == []


def test_every_kind_has_advice() -> None:
    assert set(ADVICE) == set(Kind)


def test_a_harsher_stop_is_told_although_a_milder_one_was_told_just_before() -> None:
    """Found by trying it out: a freeze soon after a pause told nobody."""
    watch = Watch()
    levels = (StopLevel.PAUSE, StopLevel.HALT, StopLevel.FREEZE, StopLevel.FLATTEN)
    told = [watch.feed(ev.TradingStopped(level, EVERYTHING, "why", "ann")) for level in levels]
    assert [alert.scope for (alert,) in told] == [f"{level} of everything" for level in levels]
