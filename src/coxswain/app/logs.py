"""Structured logs: one line an event, through a thread of its own. Nothing in a line was not in the journal.

Lines are JSON, and for a terminal they are coloured text. What an event means is said by the sentences used everywhere.
"""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import structlog

from coxswain.app.levels import LogLevel
from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.runtime.outlet import Outlet
from coxswain.views.sentences import sentence
from coxswain.views.times import utc

LINES_MAX = 10_000
"""Lines that may wait for a slow reader; more are dropped and counted."""


NUMBERS = {level: getattr(logging, level.upper()) for level in LogLevel}
NAMED = ("account", "symbol", "signal_id", "cl_ord_id", "exec_id", "break_id")

_ERROR = (ev.LeaseLost, ev.OutcomeUnknown, ev.BreakFound, ev.ProtectionFailed, ev.IncidentRaised, ev.ReportQuarantined)
_WARNING = (
    ev.LiveConfirmed,
    ev.LeaseAdopted,
    ev.InputSkipped,
    ev.InputPassedOver,
    ev.OrderDenied,
    ev.OrderRejected,
    ev.SignalDenied,
    ev.AccountStateChanged,
    ev.RecoveryFailed,
    ev.OrderSettled,
)
_INFO = (
    ev.EngineConfigured,
    ev.EngineStopped,
    ev.SignalAccepted,
    ev.PlanProposed,
    ev.PlanApproved,
    ev.OrderCreated,
    ev.OrderFilled,
    ev.FillBusted,
    ev.FillCorrected,
    ev.OrderCanceled,
    ev.OrderExpired,
    ev.PositionChanged,
    ev.OutcomeResolved,
    ev.SettlementAsked,
    ev.BreakClosed,
    ev.ExitStarted,
    ev.ExitEnded,
)
_LEVELS: dict[type, LogLevel] = {
    **dict.fromkeys(_ERROR, LogLevel.ERROR),
    **dict.fromkeys(_WARNING, LogLevel.WARNING),
    **dict.fromkeys(_INFO, LogLevel.INFO),
}


def level_of(event: ev.Event) -> LogLevel:
    """Return how much an event matters; what is not named here is for debugging."""
    return _LEVELS.get(type(event), LogLevel.DEBUG)


class Log:
    """Writes the events of records from `level` on, to a file or to standard error."""

    def __init__(self, level: LogLevel, path: Path | None = None) -> None:
        self._least = NUMBERS[level]
        self._file: TextIO = sys.stderr if path is None else path.open("a", encoding="utf-8")
        self._close = path is not None
        self._outlet: Outlet[str] = Outlet("log", self._write, waiting_max=LINES_MAX)
        self._render = _renderer(self._file)

    def apply(self, record: Record) -> None:
        if record.failed:
            self._line(LogLevel.ERROR, "StepFailed", record, {"text": record.failed})
        for event in record.events:
            level = level_of(event)
            if NUMBERS[level] >= self._least:
                found = {name: getattr(event, name, None) for name in NAMED}
                fields = {name: value for name, value in found.items() if value is not None}
                self._line(level, type(event).__name__, record, {**fields, "text": sentence(event)})

    def close(self) -> str:
        """Write out what waits. Says what was lost, empty if nothing was."""
        self._outlet.close(timeout_s=5.0)
        lost = self._outlet.lost
        if self._close:
            self._file.close()
        why = self._outlet.last_error or "its reader was too slow"
        return f"{lost} lines of the log were lost: {why}" if lost else ""

    def _line(self, level: LogLevel, name: str, record: Record, fields: dict[str, Any]) -> None:
        entry = {"time": utc(record.now_ns), "level": str(level), "seq": record.seq, "event": name, **fields}
        self._outlet.offer(self._render(entry))

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()


def _renderer(file: TextIO) -> Callable[[dict[str, Any]], str]:
    if file.isatty():
        console = structlog.dev.ConsoleRenderer()
        return lambda entry: str(console(None, "", {**entry, "timestamp": entry.pop("time")}))
    as_json = structlog.processors.JSONRenderer()
    return lambda entry: str(as_json(None, "", entry))
