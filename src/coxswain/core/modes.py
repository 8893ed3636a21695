"""The mode in force: the stricter of the engine's and the account's own. Reads the state; changes nothing."""

from coxswain.core.state import Account, State
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, key_of, stricter_mode
from coxswain.model.vocabulary import FULL_AUTO, AccountId, Mode

ORDERS_ONLY_REDUCE = (Mode.EMERGENCY, Mode.RESEARCH)
"""Modes in which nothing enters, whatever asks for it."""
_EVERYTHING = key_of(EVERYTHING)


def engine_mode(state: State) -> Mode:
    """Return the mode of everything; without a configuration nothing is sent."""
    if state.setup is None:
        return Mode.RESEARCH
    return state.modes.get(_EVERYTHING, state.setup.mode)


def own_mode(state: State, account: Account, *, leaving: bool = False) -> Mode:
    """Return an account's own mode. One that a fault lowered does not keep it from leaving."""
    configured = account.spec.mode or FULL_AUTO
    if not state.modes:  # nothing was set or lowered since the start
        return configured
    scope = key_of(scope_of(account.spec.id))
    return configured if leaving and scope in state.lowered else state.modes.get(scope, configured)


def mode_of(state: State, account: Account, *, leaving: bool = False) -> Mode:
    """Return the mode in force for an account, for a plan that enters or for one that leaves or moves protection."""
    own, everything = own_mode(state, account, leaving=leaving), engine_mode(state)
    return everything if own is FULL_AUTO else stricter_mode(own, everything)


def scope_of(account_id: AccountId) -> Scope:
    return Scope(ScopeKind.ACCOUNT, account_id)
