"""What people control, as it stands: stops and whose they are, modes, plans that wait, flattens under way."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel, key_of, name_of, stricter_mode
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import AccountId, Mode, SignalId, Symbol
from coxswain.views.kept import actor_of, good_until, reason_of, words_of
from coxswain.views.times import utc


class StopRow(msgspec.Struct, frozen=True):
    level: StopLevel
    scope: str
    """`account alder`, `everything`."""
    reason: str
    actor: str
    since: str
    """UTC, ISO 8601."""


class WaitingRow(msgspec.Struct, frozen=True):
    """A plan that waits for a person."""

    signal_id: SignalId
    accounts: tuple[AccountId, ...]
    why: str
    expires: str
    """UTC, ISO 8601."""


class KeptRow(msgspec.Struct, frozen=True):
    """A command that waits for the next start."""

    id: str
    what: str
    """`approve s1`, `flatten account alder`."""
    actor: str
    reason: str
    given: str
    """UTC, ISO 8601, by the wall clock."""
    until: str | None
    """UTC, ISO 8601; None does not expire."""


class FlattenRow(msgspec.Struct, frozen=True):
    """How far a flatten has come on one account, in one instrument."""

    scope: str
    signal_id: SignalId
    account: AccountId
    symbol: Symbol
    remaining: Decimal
    """Lots still held."""


class _Flatten(msgspec.Struct, frozen=True):
    scope: Scope
    symbol: Symbol


class Controls:
    """Folds stops, modes, approvals and flattens."""

    def __init__(self) -> None:
        self.flattens: dict[SignalId, _Flatten] = {}
        """Every flatten's plan there was."""
        self._stops: dict[str, dict[StopLevel, StopRow]] = {}
        self._modes: dict[str, tuple[Scope, Mode]] = {}
        self._waiting: dict[SignalId, WaitingRow] = {}
        self._kept: dict[str, KeptRow] = {}
        self._closing: dict[SignalId, tuple[AccountId, ...]] = {}
        self._held: dict[tuple[AccountId, Symbol], Decimal] = {}
        self._now_ns = 0

    def apply(self, record: Record) -> None:
        self._now_ns = record.now_ns
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    # --- what is asked ------------------------------------------------------------------------------------------------

    def stops(self) -> list[StopRow]:
        return [row for levels in self._stops.values() for row in levels.values()]

    def modes(self) -> dict[str, Mode]:
        """Return the mode in force for everything, and those of accounts that have their own."""
        return {name_of(scope): mode for scope, mode in self._modes.values()}

    def waiting(self) -> list[WaitingRow]:
        return list(self._waiting.values())

    def kept(self) -> list[KeptRow]:
        """List the commands that wait for the next start, in the order in which they came."""
        return list(self._kept.values())

    def flattening(self) -> list[FlattenRow]:
        """List what a flatten that stands has still to close."""
        return [
            FlattenRow(name_of(flatten.scope), signal_id, account, flatten.symbol, held)
            for signal_id, flatten in self.flattens.items()
            if StopLevel.FLATTEN in self._stops.get(key_of(flatten.scope), {})
            for account in self._closing.get(signal_id, ())
            if (held := self._held.get((account, flatten.symbol), ZERO))
        ]

    # --- folding ------------------------------------------------------------------------------------------------------

    def _configured(self, event: ev.EngineConfigured) -> None:
        """What was set since then stands where it is stricter; the engine says the rest at its start."""
        configured = {key_of(EVERYTHING): (EVERYTHING, event.setup.mode)}
        for spec in event.setup.accounts:
            scope = Scope(ScopeKind.ACCOUNT, spec.id)
            if spec.mode is not None:
                configured[key_of(scope)] = (scope, spec.mode)
        for key, (scope, mode) in self._modes.items():
            now = configured.get(key, (scope, Mode.FULL_AUTO))[1]
            if stricter_mode(mode, now) is not now:
                configured[key] = (scope, mode)
        self._modes = configured

    def _stopped(self, event: ev.TradingStopped) -> None:
        row = StopRow(event.level, name_of(event.scope), event.reason, event.actor, utc(self._now_ns))
        self._stops.setdefault(key_of(event.scope), {})[event.level] = row

    def _resumed(self, event: ev.TradingResumed) -> None:
        self._stops.pop(key_of(event.scope), None)

    def _mode_changed(self, event: ev.ModeChanged) -> None:
        self._modes[key_of(event.scope)] = (event.scope, event.mode)

    def _awaited(self, event: ev.ApprovalAwaited) -> None:
        row = WaitingRow(event.signal_id, event.accounts, event.why, utc(event.expires_ns))
        self._waiting[event.signal_id] = row

    def _approved(self, event: ev.PlanApproved) -> None:
        if event.assignments is not None:
            self._answered(event.signal_id, tuple(assignment.account for assignment in event.assignments))

    def _refused(self, event: ev.PlanRejected | ev.PlanExpired) -> None:
        self._answered(event.signal_id, event.accounts)

    def _answered(self, signal_id: SignalId, accounts: tuple[AccountId, ...]) -> None:
        row = self._waiting.pop(signal_id, None)
        left = () if row is None else tuple(account for account in row.accounts if account not in accounts)
        if row is not None and left:
            self._waiting[signal_id] = msgspec.structs.replace(row, accounts=left)

    def _command_kept(self, event: ev.CommandKept) -> None:
        command, until = event.command, good_until(event)
        what, why = words_of(command), reason_of(command)
        self._kept[event.command_id] = KeptRow(event.command_id, what, actor_of(command), why, utc(event.utc_ns), until)

    def _command_over(self, event: ev.CommandCarriedOut | ev.CommandWithdrawn | ev.CommandLapsed) -> None:
        self._kept.pop(event.command_id, None)

    def _flatten(self, event: ev.FlatteningPlanned) -> None:
        self.flattens[event.signal_id] = _Flatten(event.scope, event.symbol)

    def _closes(self, event: ev.ExitStarted) -> None:
        if event.signal_id in self.flattens:
            known = self._closing.get(event.signal_id, ())
            self._closing[event.signal_id] = tuple(dict.fromkeys((*known, event.account)))

    def _position(self, event: ev.PositionChanged) -> None:
        self._held[event.account, event.symbol] = abs(event.qty)


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[[Controls, Any], None]] = {
    ev.EngineConfigured: Controls._configured,
    ev.TradingStopped: Controls._stopped,
    ev.TradingResumed: Controls._resumed,
    ev.ModeChanged: Controls._mode_changed,
    ev.ApprovalAwaited: Controls._awaited,
    ev.PlanApproved: Controls._approved,
    ev.PlanRejected: Controls._refused,
    ev.PlanExpired: Controls._refused,
    ev.CommandKept: Controls._command_kept,
    ev.CommandCarriedOut: Controls._command_over,
    ev.CommandWithdrawn: Controls._command_over,
    ev.CommandLapsed: Controls._command_over,
    ev.FlatteningPlanned: Controls._flatten,
    ev.ExitStarted: Controls._closes,
    ev.PositionChanged: Controls._position,
}
