"""Versions of the limits become facts: what is in force, what goes back by itself, what waits for a second person.

A change makes the parameters of the accounts that it concerns anew, and no others. The gate of an account is made from
its parameters, so it is made anew too.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from coxswain.core.deadlines import Deadlines
from coxswain.core.in_force import Place, account_values, configured, desk_values, follows_general, value_at
from coxswain.core.order import InvariantViolation
from coxswain.core.params import AccountParams, DeskParams
from coxswain.core.state import Account, LimitProposal, State, TemporaryLimit
from coxswain.core.sums import key as deadline
from coxswain.messages import events as ev
from coxswain.model.keys import general
from coxswain.model.vocabulary import AccountId
from coxswain.risk.gate import params_from


def read_desk(state: State) -> DeskParams:
    return params_from(DeskParams, desk_values(state))


def read_account(state: State, account: Account) -> AccountParams:
    return params_from(AccountParams, account_values(state, account))


def _limits_changed(state: State, clock: Deadlines, event: ev.LimitsChanged) -> None:
    book = state.limits
    if event.version != book.version + 1:
        raise InvariantViolation(f"version {event.version} of the limits does not follow version {book.version}")
    book.version, book.from_seq = event.version, state.seq
    if event.proposal is not None:
        _close(state, clock, event.proposal)
    for change in event.changes:
        _enforce(state, change.account, change.key, change.after)
        if event.source in ("REVERT", "CONFIGURATION"):
            _follow_general(state, (change.account, change.key), change.after)
        _note_time(state, clock, event, change)
    for change in event.later:
        name = f"{change.account or ''}|{change.key}"
        book.temporary[name] = msgspec.structs.replace(book.temporary[name], back_to=change.after)
    if event.until_ns is not None:
        clock.set(_revert(event.version), event.until_ns)
    _renew(state, event.changes)


def _enforce(state: State, account_id: AccountId | None, key: str, value: Decimal) -> None:
    changed = state.limits.desk if account_id is None else state.accounts[account_id].limits
    if value == configured(state.setup, account_id, key) and not follows_general(state, (account_id, key)):
        changed.pop(key, None)
    else:
        changed[key] = value


def _follow_general(state: State, place: Place, value: Decimal) -> None:
    """One strategy's value that goes back to the general one moves with that from then on."""
    account_id, key = place
    if follows_general(state, place) and value == value_at(state, (account_id, general(key))):
        changed = state.limits.desk if account_id is None else state.accounts[account_id].limits
        changed.pop(key, None)


def _note_time(state: State, clock: Deadlines, event: ev.LimitsChanged, change: ev.LimitChange) -> None:
    """A temporary change over another one goes back to what was in force before both."""
    temporary, name = state.limits.temporary, f"{change.account or ''}|{change.key}"
    former = temporary.pop(name, None)
    if event.until_ns is not None:
        back_to = change.before if former is None else former.back_to
        temporary[name] = TemporaryLimit(event.version, change.account, change.key, back_to, event.until_ns)
    if former is not None and all(other.version != former.version for other in temporary.values()):
        clock.clear(_revert(former.version))


def _renew(state: State, changes: tuple[ev.LimitChange, ...]) -> None:
    if any(change.account is None for change in changes):
        state.desk = read_desk(state)
        concerned: Iterable[AccountId] = tuple(state.accounts)
    else:
        concerned = {change.account: None for change in changes if change.account is not None}
    for account_id in concerned:
        account = state.accounts[account_id]
        account.params = read_account(state, account)
        account.limits_until_ns = min(
            (each.until_ns for each in state.limits.temporary.values() if each.account in (None, account_id)),
            default=None,
        )


def _limits_proposed(state: State, clock: Deadlines, event: ev.LimitsProposed) -> None:
    book = state.limits
    book.proposal_count = event.proposal
    book.proposals[str(event.proposal)] = LimitProposal(
        event.source, event.changes, event.actor, event.reason, event.until_ns, event.whole_desk
    )
    clock.set(_waiting(event.proposal), event.expires_ns)
    for change in event.changes:  # what a new configuration says waits too
        if value_at(state, (change.account, change.key)) == change.before:
            continue
        _enforce(state, change.account, change.key, change.before)
    _renew(state, event.changes)


def _limit_proposal_ended(state: State, clock: Deadlines, event: ev.LimitProposalEnded) -> None:
    _close(state, clock, event.proposal)


def _close(state: State, clock: Deadlines, proposal: int) -> None:
    del state.limits.proposals[str(proposal)]
    clock.clear(_waiting(proposal))


def _revert(version: int) -> str:
    return deadline("limits", "", str(version))


def _waiting(proposal: int) -> str:
    return deadline("limit_proposal", "", str(proposal))


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.LimitsChanged: _limits_changed,
    ev.LimitsProposed: _limits_proposed,
    ev.LimitProposalEnded: _limit_proposal_ended,
}
