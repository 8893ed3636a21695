"""What a person asks an engine for, in few words."""

from coxswain.messages.inputs import ResumeTrading, StopTrading
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.vocabulary import AccountId


def pause(account: AccountId, reason: str = "a look", actor: str = "somebody") -> StopTrading:
    return StopTrading(StopLevel.PAUSE, Scope(ScopeKind.ACCOUNT, account), reason, actor)


def resume(account: AccountId, reason: str = "looked", actor: str = "somebody") -> ResumeTrading:
    return ResumeTrading(Scope(ScopeKind.ACCOUNT, account), reason, actor)
