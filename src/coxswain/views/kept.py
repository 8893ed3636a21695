"""What a command is that waits for a start, in few words: what it asks for, who gave it, and why. No rule is here."""

from coxswain.messages import inputs as inp
from coxswain.messages.events import CommandKept
from coxswain.model.control import ScopeKind, name_of
from coxswain.model.vocabulary import AccountId, SignalId
from coxswain.views.times import utc

NS_PER_S = 1_000_000_000


def words_of(command: inp.Keepable) -> str:
    """Say what it asks for: `approve s1`, `flatten account alder`."""
    match command:
        case inp.ApprovePlan(signal_ids, accounts=accounts):
            return f"approve {', '.join(signal_ids)}{_only(accounts)}"
        case inp.SubmitSignal(signal):
            return f"submit {signal.id} ({' '.join(filter(None, (signal.kind, signal.side, signal.symbol)))})"
        case inp.SettleOrder(cl_ord_id, settled_as):
            return f"settle {cl_ord_id} {settled_as}"
        case inp.CompareAccounts(accounts=accounts):
            return f"reconcile {', '.join(accounts) or 'all accounts'}"
        case inp.ChangeOrder():
            wanted = (("quantity", command.order_qty), ("price", command.price), ("stop price", command.stop_px))
            told = ", ".join(f"{what} {value:f}" for what, value in wanted if value is not None)
            return f"replace order {command.cl_ord_id}: {told}"
        case inp.StopTrading(level, scope):
            return f"{level.lower()} {name_of(scope)}"


def actor_of(command: inp.Keepable) -> str:
    return command.actor


def reason_of(command: inp.Keepable) -> str:
    """Return why it was given: a submitted signal may say it itself."""
    return command.reason or command.signal.reason if isinstance(command, inp.SubmitSignal) else command.reason


def concerns(command: inp.Keepable) -> tuple[SignalId | None, AccountId | None]:
    """Return the one signal and the one account that it is about, where there is one."""
    match command:
        case inp.ApprovePlan((signal_id,)):
            return signal_id, None
        case inp.SubmitSignal(signal):
            return signal.id, None
        case inp.StopTrading(scope=scope) if scope.kind is ScopeKind.ACCOUNT:
            return None, AccountId(scope.id)
        case _:
            return None, None


def good_until(event: CommandKept) -> str | None:
    """Say when it is too late: in engine time, or by the wall clock where its time runs from its coming."""
    if event.until_ns is None:
        return None
    if isinstance(event.command, inp.SubmitSignal) and not event.command.signal.time_given:
        return utc(event.utc_ns + event.command.signal.ttl_s * NS_PER_S)
    return utc(event.until_ns)


def _only(accounts: tuple[AccountId, ...]) -> str:
    return f" for {', '.join(accounts)}" if accounts else ""
