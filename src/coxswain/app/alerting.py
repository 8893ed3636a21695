"""Deliver alerts: to standard error, a file, and any address that apprise knows. Each has a thread of its own.

Addresses hold secrets: none is ever printed, logged or raised; one is named by its place in the list and its scheme.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from coxswain.app.levels import AlertLevel
from coxswain.messages.record import Record
from coxswain.runtime.outlet import Outlet
from coxswain.views.alerts import Alert, Alerts, Kind, Severity
from coxswain.views.times import utc

DELAYS_S = (1.0, 2.0, 4.0)
"""Between the tries of a delivery."""
PATIENCE_S = 10.0
"""How long the end of a run waits for deliveries."""


@dataclass(frozen=True)
class AlertChoice:
    """What the configuration says about alerts."""

    stderr: bool = True
    file: Path | None = None
    urls: tuple[str, ...] = field(default=(), repr=False)
    window_s: int = 300
    levels: Mapping[Kind, AlertLevel] = field(default_factory=dict)


class NotDelivered(Exception):
    """An address did not take an alert."""


@dataclass(frozen=True)
class Delivery:
    """How one way out did."""

    to: str
    delivered: int
    failed: int
    dropped: int
    error: str


class Alerting:
    """Reads records and delivers what they give rise to."""

    def __init__(self, choice: AlertChoice, delays_s: Sequence[float] = DELAYS_S) -> None:
        self._alerts = Alerts(choice.window_s)
        self._levels = choice.levels
        loud, quiet = _ways_out(choice)
        self._loud = [Outlet(name, write, tuple(delays_s)) for name, write in loud]
        self._quiet = [Outlet(name, write, tuple(delays_s)) for name, write in quiet]

    def apply(self, record: Record) -> None:
        for alert in self._alerts.apply(record):
            self.deliver(alert)

    def deliver(self, alert: Alert) -> None:
        """Hand an alert to every way out that its kind is let through to; never waits."""
        level = self._levels.get(alert.kind, AlertLevel.ON)
        if level is AlertLevel.OFF:
            return
        for outlet in (*self._quiet, *(self._loud if level is AlertLevel.ON else ())):
            outlet.offer(alert)

    def close(self, timeout_s: float = PATIENCE_S) -> list[Delivery]:
        """Deliver what waits, and say how each way out did."""
        outlets = [*self._loud, *self._quiet]
        done = []
        for outlet in outlets:
            whole = outlet.close(timeout_s)
            late = "" if whole or outlet.last_error else f"not done within {timeout_s:g} s"
            error = "" if whole else outlet.last_error or late
            done.append(Delivery(outlet.name, outlet.written, outlet.failed, outlet.dropped, error))
        return done


def example(now_ns: int) -> Alert:
    """Return the alert that `coxswain alerts test` sends."""
    text = "this is a test: nothing has happened"
    return Alert(Kind.INCIDENT, Severity.WARNING, "engine", text, "nothing; alerts arrive here", 0, now_ns)


def written(alert: Alert) -> str:
    """Write an alert on one line, for people."""
    again = f" (and {alert.repeated} more like it before)" if alert.repeated else ""
    where = f"record {alert.seq}" if alert.seq else "test"
    return (
        f"{utc(alert.now_ns)} {alert.severity} {alert.kind} {alert.scope}: {alert.text}{again}; {alert.what_to_do} "
        f"[{where}]"
    )


# --- ways out ---------------------------------------------------------------------------------------------------------

Write = Callable[[Alert], None]


def _ways_out(choice: AlertChoice) -> tuple[list[tuple[str, Write]], list[tuple[str, Write]]]:
    loud: list[tuple[str, Write]] = [("standard error", _to_stderr)] if choice.stderr else []
    loud += [(f"urls[{at}] ({scheme_of(url)})", _to_address(url)) for at, url in enumerate(choice.urls)]
    quiet: list[tuple[str, Write]] = [] if choice.file is None else [(str(choice.file), _to_file(choice.file))]
    return loud, quiet


def scheme_of(url: str) -> str:
    return url.partition("://")[0]


def _to_stderr(alert: Alert) -> None:
    print(f"ALERT {written(alert)}", file=sys.stderr, flush=True)


def _to_file(path: Path) -> Write:
    def write(alert: Alert) -> None:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(alert) + b"\n")

    return write


def _to_address(url: str) -> Write:
    def write(alert: Alert) -> None:
        try:
            import apprise
        except ModuleNotFoundError as missing:
            raise NotDelivered("addresses need the extra `alerts`: install coxswain[alerts]") from missing
        outside = apprise.Apprise()
        if not outside.add(url):
            raise NotDelivered("it is no address that apprise knows")
        sort = apprise.NotifyType.WARNING if alert.severity is Severity.WARNING else apprise.NotifyType.FAILURE
        title = f"Coxswain {alert.severity}: {alert.kind} on {alert.scope}"
        if not outside.notify(title=title, body=written(alert), notify_type=sort):
            raise NotDelivered("the address did not take it")

    return write
