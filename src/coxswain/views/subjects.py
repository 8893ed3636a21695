"""Whom an event concerns: its signal, its account, its order. Nothing is said about what happened."""

from typing import NamedTuple

from coxswain.messages import events as ev
from coxswain.messages.inputs import ChangeOrder, SettleOrder
from coxswain.model.control import Scope, ScopeKind
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, ClOrdId, SignalId, Symbol
from coxswain.views.kept import concerns


class Subject(NamedTuple):
    signal_id: SignalId | None = None
    account: AccountId | None = None
    cl_ord_id: ClOrdId | None = None
    """The order's first id, also after a replace."""


def _of_scope(scope: Scope) -> Subject:
    return Subject(None, AccountId(scope.id) if scope.kind is ScopeKind.ACCOUNT else None)


class Subjects:
    """Remembers what later events leave out. Must be shown every event, once and in order."""

    def __init__(self) -> None:
        self._intents: dict[ClOrdId, OrderIntent] = {}
        self._first_id: dict[ClOrdId, ClOrdId] = {}
        self._levels_from: dict[tuple[AccountId, Symbol], SignalId] = {}
        """The signal that a position's protection goes back to."""
        self._filled: Subject = Subject()
        self._kept: dict[str, Subject] = {}
        """What commands that waited for a start were about."""

    def first_id(self, cl_ord_id: ClOrdId) -> ClOrdId:
        return self._first_id.get(cl_ord_id, cl_ord_id)

    def of(self, event: ev.Event) -> Subject:
        match event:
            case ev.SignalAccepted(signal):
                return Subject(signal.id)
            case ev.PlanProposed(plan):
                return Subject(plan.signal_id)
            case ev.TradingStopped(scope=scope) | ev.TradingResumed(scope=scope) | ev.ModeChanged(scope=scope):
                return _of_scope(scope)
            case ev.CommandKept(command_id, command):
                subject = Subject(*concerns(command))
                if isinstance(command, ChangeOrder | SettleOrder):
                    subject = self._of_order(None, command.cl_ord_id)
                self._kept[command_id] = subject
                return self._kept[command_id]
            case ev.CommandCarriedOut(command_id) | ev.CommandWithdrawn(command_id) | ev.CommandLapsed(command_id):
                return self._kept.get(command_id, Subject())
            case ev.CommandRefused():
                return self._of_command(event)
            case ev.InputSkipped(about=about) | ev.InputPassedOver(about=about):
                first_id = None if about.cl_ord_id is None else self.first_id(about.cl_ord_id)
                return Subject(about.signal_id, about.account, first_id)
            case ev.OrdersRecalled(archived):
                return Subject(archived.signal_id)
            case ev.OrderDenied(intent):
                return Subject(intent.signal_id or None, intent.account)
            case ev.OrderCreated(cl_ord_id, intent):
                self._intents[cl_ord_id] = intent
                meant = intent.signal_id or self._levels_from.get((intent.account, intent.symbol))
                return Subject(meant, intent.account, cl_ord_id)
            case ev.OrderAdopted(cl_ord_id, intent):
                self._intents[cl_ord_id] = intent
                return Subject(None, intent.account, cl_ord_id)
            case ev.PositionAdopted():
                self._filled = Subject(None, event.account)
                return self._filled
            case ev.ReplaceRequested():
                self._first_id[event.new_cl_ord_id] = self.first_id(event.cl_ord_id)
                return self._of_change(event.account, event.cl_ord_id)
            case ev.OrderReplaced() | ev.ReplaceRefused():
                return self._of_change(event.account, event.cl_ord_id)
            case ev.OrderFilled() | ev.FillBusted() | ev.FillCorrected():
                self._filled = self._of_order(event.account, event.cl_ord_id)
                return self._filled
            case ev.PositionChanged():
                return self._filled  # it follows the fill that changed the position
            case ev.ProtectionLevelsSet():
                self._levels_from[event.account, event.symbol] = event.signal_id
            case (
                ev.StopTrailed()
                | ev.ProtectionTriedAgain()
                | ev.ExitStarted(signal_id="")
                | ev.ExitRefused(signal_id="")
                | ev.ExitTriedAgain(signal_id="")
                | ev.ExitEnded(signal_id="")
            ):
                return Subject(self._levels_from.get((event.account, event.symbol)), event.account)
            case ev.RecoveryAssigned() | ev.RecoveryFailed():
                return Subject(event.signal_id, getattr(event, "account", None), self.first_id(event.failed))
            case _:
                pass
        return self._of_names(event)

    def _of_command(self, event: ev.CommandRefused) -> Subject:
        """What a command named: an order of ours, or else what may be a signal."""
        if self.first_id(ClOrdId(event.about)) in self._intents:
            return self._of_order(None, ClOrdId(event.about))
        return Subject(SignalId(event.about))

    def _of_names(self, event: ev.Event) -> Subject:
        """What the event itself names."""
        account: AccountId | None = getattr(event, "account", None)
        cl_ord_id: ClOrdId | None = getattr(event, "cl_ord_id", None)
        if cl_ord_id is not None:
            return self._of_order(account, cl_ord_id)
        return Subject(getattr(event, "signal_id", None) or None, account)

    def _of_order(self, account: AccountId | None, cl_ord_id: ClOrdId) -> Subject:
        first_id = self.first_id(cl_ord_id)
        intent = self._intents.get(first_id)
        return Subject(None if intent is None else intent.signal_id or None, account, first_id)

    def _of_change(self, account: AccountId, cl_ord_id: ClOrdId) -> Subject:
        """A protective order is changed for the signal that set the levels last, not for the one that placed it."""
        subject = self._of_order(account, cl_ord_id)
        intent = self._intents.get(self.first_id(cl_ord_id))
        signal_id = None if intent is None else self._levels_from.get((account, intent.symbol))
        return subject._replace(signal_id=signal_id or subject.signal_id)
