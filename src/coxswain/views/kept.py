"""What a command is that waits for a start, in few words: what it asks for, who gave it, and why. No rule is here."""

from coxswain.messages import inputs as inp
from coxswain.model.control import ScopeKind, name_of
from coxswain.model.vocabulary import AccountId, SignalId


def words_of(command: inp.Keepable) -> str:
    """Say what it asks for: `approve s1`, `flatten account alder`."""
    match command:
        case inp.ApprovePlan(signal_ids, accounts=accounts):
            return f"approve {', '.join(signal_ids)}{_only(accounts)}"
        case inp.SubmitSignal(signal):
            return f"submit {signal.id} ({' '.join(filter(None, (signal.kind, signal.side, signal.symbol)))})"
        case inp.CompareAccounts(accounts=accounts):
            return f"reconcile {', '.join(accounts) or 'all accounts'}"
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


def _only(accounts: tuple[AccountId, ...]) -> str:
    return f" for {', '.join(accounts)}" if accounts else ""
