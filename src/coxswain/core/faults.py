"""Changing modes: a person sets one, and a fault lowers one. Only a person raises it again."""

from collections.abc import Callable

from coxswain.core import trust
from coxswain.core.modes import engine_mode, mode_of, own_mode, scope_of
from coxswain.core.scopes import unknown_scope
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.control import EVERYTHING, STRICTNESS_OF_MODES, ScopeKind, name_of
from coxswain.model.vocabulary import AccountId, Mode

VENUE_ERRORS_MAX = 3
"""So many rejects or unknown outcomes in a row, and a person approves each plan of the account."""
EMERGENCY = "EMERGENCY"
"""The cause that lets an account only reduce while its mode says so."""


def on_set_mode(tx: Tx, message: inp.SetMode) -> None:
    """Set the mode of everything, or of one account."""
    scope = message.scope
    why = unknown_scope(tx.state, scope)
    if scope.kind not in (ScopeKind.EVERYTHING, ScopeKind.ACCOUNT):
        why = "only everything and an account have a mode"
    if why:
        tx.refuse("set-mode", name_of(scope), message.actor, why)
        return
    now = engine_mode(tx.state) if scope == EVERYTHING else own_mode(tx.state, tx.account(AccountId(scope.id)))
    if message.mode is not now:
        tx.apply(ev.ModeChanged(scope, message.mode, message.reason, message.actor))
        spread(tx, message.reason, message.actor)


def spread(tx: Tx, why: str, actor: str = "engine") -> None:
    """Let accounts only reduce whose mode is EMERGENCY, and no others."""
    for account_id, account in tx.state.accounts.items():
        if mode_of(tx.state, account) is Mode.EMERGENCY:
            trust.restrict(tx, account_id, EMERGENCY, why, actor)
        else:
            trust.release(tx, account_id, EMERGENCY, why, actor)


def lower(tx: Tx) -> None:
    """Lower modes for what went wrong in this step."""
    for event in tuple(tx.events):
        lower_for = _LOWERING.get(type(event))
        if lower_for is not None:
            lower_for(tx, event)


def _after_error(tx: Tx, event: ev.OrderRejected | ev.OutcomeUnknown) -> None:
    errors = tx.account(event.account).venue_errors
    if errors >= VENUE_ERRORS_MAX:
        _lower_account(tx, event.account, f"{errors} venue errors in a row")


def _after_break(tx: Tx, event: ev.BreakFound) -> None:
    _lower_account(tx, event.account, f"break {event.break_id}")


# Each function takes the event that it stands beside; no type says that of a table.
_LOWERING: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.OrderRejected: _after_error,
    ev.OutcomeUnknown: _after_error,
    ev.BreakFound: _after_break,
}
CONCERNED = frozenset(_LOWERING)
"""The events that `lower` looks at."""


def _lower_account(tx: Tx, account_id: AccountId, why: str) -> None:
    mode = own_mode(tx.state, tx.account(account_id))
    if STRICTNESS_OF_MODES[mode] < STRICTNESS_OF_MODES[Mode.MANUAL]:
        tx.apply(ev.ModeChanged(scope_of(account_id), Mode.MANUAL, why))
