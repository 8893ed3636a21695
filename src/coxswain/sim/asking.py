"""What a person asks an engine for, in few words."""

from coxswain.messages.inputs import ResumeTrading, StopTrading
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.vocabulary import AccountId


def pause(account: AccountId, reason: str = "a look", actor: str = "somebody") -> StopTrading:
    return StopTrading(StopLevel.PAUSE, Scope(ScopeKind.ACCOUNT, account), reason, actor)


def resume(account: AccountId, reason: str = "looked", actor: str = "somebody") -> ResumeTrading:
    return ResumeTrading(Scope(ScopeKind.ACCOUNT, account), reason, actor)


def stop(level: StopLevel, scope: Scope, reason: str = "a look", actor: str = "ann") -> StopTrading:
    return StopTrading(level, scope, reason, actor)


def release(scope: Scope, reason: str = "looked", actor: str = "ann") -> ResumeTrading:
    return ResumeTrading(scope, reason, actor)
