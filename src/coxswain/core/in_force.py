"""Which limits are in force: the configuration's values, and above them what commands have changed. Reads only."""

from decimal import Decimal

from coxswain.core.state import Account, LimitProposal, State
from coxswain.model.keys import HIGHER_IS_SAFER, KEYS, LIMITS, NEITHER_IS_SAFER, SETTINGS, ZERO_IS_OFF, general
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId

Place = tuple[AccountId | None, str]
"""An account, or None for the desk, and a key."""


def desk_values(state: State) -> dict[str, Decimal]:
    """Return the values of the whole desk by key; a key that nobody gave has the default of its reader."""
    return {**({} if state.setup is None else state.setup.settings), **state.limits.desk}


def account_values(state: State, account: Account) -> dict[str, Decimal]:
    return {**desk_values(state), **account.spec.limits, **account.limits}


def value_at(state: State, place: Place) -> Decimal:
    """Return the value in force at a place."""
    account_id, key = place
    account = None if account_id is None else state.accounts[account_id]
    changed = state.limits.desk if account is None else account.limits
    if key in changed:
        return changed[key]
    said = _said(state.setup, account_id, key)
    if said is not None:
        return said
    return KEYS[key].default if general(key) == key else value_at(state, (account_id, general(key)))


def configured(setup: Setup | None, account_id: AccountId | None, key: str) -> Decimal:
    """Return what a configuration says of a place; of one strategy's value, else what it says of the general one."""
    said = _said(setup, account_id, key)
    if said is not None:
        return said
    return KEYS[key].default if general(key) == key else configured(setup, account_id, general(key))


def follows_general(state: State, place: Place) -> bool:
    """Say whether a place is one strategy's, without a value of its own in the configuration."""
    return general(place[1]) != place[1] and _said(state.setup, *place) is None


def _said(setup: Setup | None, account_id: AccountId | None, key: str) -> Decimal | None:
    settings = {} if setup is None else setup.settings
    if setup is not None and account_id is not None:
        own = next((spec.limits for spec in setup.accounts if spec.id == account_id), {})
        settings = {**settings, **own}
    return settings.get(key)


def places_of(setup: Setup) -> list[Place]:
    """Return every place that a configuration fills, and what it says of single strategies."""
    desk: list[Place] = [(None, key.name) for key in SETTINGS]
    desk += [(None, name) for name in setup.settings if general(name) != name]
    accounts: list[Place] = [(spec.id, key.name) for spec in setup.accounts for key in LIMITS]
    return (
        desk + accounts + [(spec.id, name) for spec in setup.accounts for name in spec.limits if general(name) != name]
    )


def tightens(key: str, before: Decimal, after: Decimal) -> bool:
    """Say whether a change lets less through for certain."""
    if key in NEITHER_IS_SAFER:
        return False
    if key in HIGHER_IS_SAFER:
        return after > before
    turned_on = key in ZERO_IS_OFF and not before
    turned_off = key in ZERO_IS_OFF and not after
    return turned_on or (after < before and not turned_off)


def is_outdated(state: State, proposal: LimitProposal) -> bool:
    """Say whether a value that a proposal was made against has changed meanwhile."""
    return any(
        (change.account is not None and change.account not in state.accounts)
        or value_at(state, (change.account, change.key)) != change.before
        for change in proposal.changes
    )
