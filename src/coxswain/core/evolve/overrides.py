"""Overrides become facts: waiting for a second person, in force for one order, or over."""

from collections.abc import Callable

import msgspec

from coxswain.core.deadlines import Deadlines
from coxswain.core.state import State
from coxswain.core.sums import key
from coxswain.messages import events as ev


def _override_proposed(state: State, clock: Deadlines, event: ev.OverrideProposed) -> None:
    override = event.override
    state.override_count += 1
    state.overrides[override.id] = override
    clock.set(key("override", override.account, override.id), override.expires_ns)


def _override_approved(state: State, clock: Deadlines, event: ev.OverrideApproved) -> None:
    override = msgspec.structs.replace(state.overrides[event.override_id], second_actor=event.actor)
    state.overrides[override.id] = override
    account = state.accounts[override.account]
    account.overrides.setdefault(override.signal_id, {})[str(override.control)] = override


def _override_used(state: State, clock: Deadlines, event: ev.OverrideUsed) -> None:
    _end(state, clock, event.override_id)


def _override_ended(state: State, clock: Deadlines, event: ev.OverrideEnded) -> None:
    _end(state, clock, event.override_id)


def _end(state: State, clock: Deadlines, override_id: str) -> None:
    override = state.overrides.pop(override_id)
    clock.clear(key("override", override.account, override_id))
    account = state.accounts[override.account]
    approved = account.overrides.get(override.signal_id, {})
    approved.pop(str(override.control), None)
    if not approved:
        account.overrides.pop(override.signal_id, None)


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.OverrideProposed: _override_proposed,
    ev.OverrideApproved: _override_approved,
    ev.OverrideUsed: _override_used,
    ev.OverrideEnded: _override_ended,
}
