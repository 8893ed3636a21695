"""What a command did, what it did not do and why, and how to undo it: told from the one record that it made.

The same words serve the command line, the socket and the stream. Nothing here is worked out anew: whatever is said was
journaled in the record.
"""

import msgspec

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import Record
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.views.sentences import sentence


class Answer(msgspec.Struct, frozen=True):
    """The answer to one command."""

    seq: int
    """The record that it made; reads that wait for this seq see it."""
    command: str
    done: bool
    """Something came of it; a command that finds everything as it asks is done too."""
    did: tuple[str, ...]
    did_not: tuple[str, ...]
    undo: str
    """How to take it back; empty where nothing is to be taken back."""


def answer_of(record: Record) -> Answer:
    """Say what became of a command."""
    refused = [event for event in record.events if isinstance(event, ev.CommandRefused)]
    denied = [event for event in record.events if isinstance(event, ev.SignalDenied | ev.OrderDenied)]
    did = tuple(sentence(event) for event in record.events if not isinstance(event, _NOT_DONE))
    did_not = [f"{event.about}: {'; '.join(event.reasons)}" for event in refused]
    did_not += [sentence(event) for event in denied]
    did_not += [event.reason for event in record.events if isinstance(event, ev.ResolutionRefused)]
    nothing = not did and not did_not
    if did:
        did_not += _left_alone(record)
    if nothing:
        did = (_AS_IT_WAS,)
    undo = _undo(record) if did and not nothing else ""
    return Answer(record.seq, _name(record.input), bool(did), did, tuple(did_not), undo)


_NOT_DONE = (ev.CommandRefused, ev.SignalDenied, ev.OrderDenied, ev.ResolutionRefused)
_AS_IT_WAS = "nothing changed: it was so already"


def _name(message: inp.Input) -> str:
    match message:
        case inp.KeepCommand(command):
            return _name(command)
        case inp.WithdrawCommand():
            return "withdraw"
        case inp.StopTrading(level):
            return level.lower()
        case inp.ResumeTrading():
            return "resume"
        case inp.SetMode():
            return "set-mode"
        case inp.ApprovePlan():
            return "approve"
        case inp.RejectPlan():
            return "reject"
        case inp.ModifyPlan():
            return "modify"
        case inp.CancelOrders():
            return "cancel"
        case inp.ChangeOrder():
            return "replace-order"
        case inp.CompareAccounts():
            return "reconcile"
        case inp.SettleOrder():
            return "settle-order"
        case inp.ResolveBreak():
            return "resolve-break"
        case inp.SetCorrelation():
            return "set-correlation"
        case inp.SubmitSignal():
            return "submit"
        case inp.SetLimits():
            return "set-limits"
        case inp.ApproveLimits():
            return "approve-limits"
        case inp.WithdrawLimits():
            return "withdraw-limits"
        case inp.ProposeOverride():
            return "propose-override"
        case inp.ApproveOverride():
            return "approve-override"
        case inp.WithdrawOverride():
            return "withdraw-override"
        case inp.CloseBreaker():
            return "close-breaker"
        case inp.SkipInput():
            return "skip-input"
        case _:
            return type(message).__name__


def _left_alone(record: Record) -> list[str]:
    """Say what a command of this kind leaves alone, so that nobody takes it for done."""
    match record.input:
        case inp.KeepCommand() if any(isinstance(event, ev.CommandKept) for event in record.events):
            return ["nothing was sent: no engine runs with this journal"]
        case inp.StopTrading(level, scope) if scope.kind is not ScopeKind.ORDER:
            return [_KEPT[level]]
        case inp.ResumeTrading():
            still = [
                event
                for event in record.events
                if isinstance(event, ev.AccountStateChanged) and not event.active and event.state != "ACTIVE"
            ]
            return [f"{event.account} is still {event.state}: other causes remain" for event in still]
        case inp.SettleOrder() if any(isinstance(event, ev.OrderSettled) for event in record.events):
            return ["should it come alive after all, a fill of it is booked and what works of it is called back"]
        case inp.ResolveBreak() if any(isinstance(event, ev.ResolutionChosen) for event in record.events):
            return ["the break stays open until the next comparison, which does it if the difference is the same then"]
        case inp.SetLimits() if any(isinstance(event, ev.LimitsChanged) for event in record.events):
            return ["orders that work already and positions stay, whatever the new limits say"]
        case inp.CancelOrders(protection=False):
            return ["stops and targets stay; they are cancelled only where protection is asked for too"]
        case _:
            return []


_KEPT = {
    StopLevel.PAUSE: "working orders and positions stay; exits and protection go on",
    StopLevel.HALT: "protection and positions stay; exits go on",
    StopLevel.FREEZE: "working orders and positions stay; nothing was cancelled",
    StopLevel.FLATTEN: "a position is closed when its venue says so: `coxswain status` lists what remains",
}


def _undo(record: Record) -> str:
    message = record.input
    if isinstance(message, inp.KeepCommand) and isinstance(message.command, inp.StopTrading):
        what = f"coxswain resume {_argument(message.command.scope)} --reason WHY"
        return f"{what}; until the engine starts nothing is cancelled or closed"
    if isinstance(message, inp.KeepCommand):
        kept = [event.command_id for event in record.events if isinstance(event, ev.CommandKept)]
        return "; ".join(f"coxswain withdraw {command_id} --reason WHY" for command_id in kept)
    return _undo_of(message)


def _undo_of(message: inp.Input) -> str:
    match message:
        case inp.StopTrading(level, scope) if scope.kind is not ScopeKind.ORDER:
            lost = "; orders cancelled and positions closed do not come back" if level in _ACTS else ""
            return f"coxswain resume {_argument(scope)} --reason WHY{lost}"
        case inp.ResumeTrading(scope):
            return f"stop it again: coxswain pause, halt, freeze or flatten {_argument(scope)} --reason WHY"
        case inp.SetMode(scope=scope):
            return f"coxswain set-mode MODE {_option(scope)} --reason WHY"
        case inp.ApprovePlan(signal_ids):
            return f"coxswain cancel --plan {' '.join(signal_ids)} --reason WHY; what has filled stays"
        case inp.RejectPlan(accounts=accounts):
            only = f" with accounts: {', '.join(accounts)}" if accounts else ""
            return f"not possible: submit the signal again under a new id{only}"
        case inp.ModifyPlan(quantities=quantities):
            # The other accounts still have their shares: the whole signal again would double them.
            names = ", ".join(quantities)
            return (
                f"not possible: a plan is only ever lowered; what is missing takes a new signal with accounts: {names}"
            )
        case inp.CancelOrders() | inp.SettleOrder():
            return "not possible: submit a new signal"
        case inp.ChangeOrder():
            return "replace-order again, with the values before; what has filled stays"
        case inp.SetLimits():
            return "coxswain limits set KEY=VALUE --reason WHY, with the values before; or coxswain limits withdraw"
        case inp.ApproveLimits():
            return "coxswain limits set KEY=VALUE --reason WHY, with the values before"
        case inp.ProposeOverride() | inp.ApproveOverride():
            return "coxswain override withdraw OVERRIDE --reason WHY"
        case inp.CloseBreaker(account):
            return f"coxswain pause {account} --reason WHY"
        case inp.SubmitSignal(signal):
            return f"coxswain cancel --plan {signal.id} --reason WHY; what has filled stays"
        case _:
            return ""


_ACTS = (StopLevel.HALT, StopLevel.FLATTEN)


def _argument(scope: Scope) -> str:
    """Name a scope to a command that takes an account without an option."""
    return scope.id if scope.kind is ScopeKind.ACCOUNT else _option(scope)


def _option(scope: Scope) -> str:
    return "--everything" if scope.kind is ScopeKind.EVERYTHING else f"--{scope.kind.lower()} {scope.id}"
