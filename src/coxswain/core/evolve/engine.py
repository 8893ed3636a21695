"""The configuration, sessions and correlations become facts."""

from collections.abc import Callable
from decimal import Decimal

from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve import firms
from coxswain.core.evolve.limits import read_account, read_desk
from coxswain.core.params import AccountParams
from coxswain.core.state import Account, State, Volatility
from coxswain.core.sums import note_conversion
from coxswain.messages import events as ev
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, key_of, stricter_mode
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import (
    AccountId,
    Mode,
    Symbol,
)


def _engine_configured(state: State, clock: Deadlines, event: ev.EngineConfigured) -> None:
    setup = event.setup
    state.journal_id, state.seed, state.setup, state.stopped = event.journal_id, event.seed, setup, False
    state.desk = read_desk(state)
    state.currency = setup.currency or (setup.accounts[0].currency if setup.accounts else "")
    state.host = None  # what was said before this start holds no longer
    state.instruments = {instrument.symbol: instrument for instrument in setup.instruments}
    state.pairs = {f"{i.base_currency}/{i.currency}": i.symbol for i in setup.instruments if i.base_currency}
    for instrument in setup.instruments:
        state.sessions.setdefault(instrument.symbol, not instrument.sessions)
    for pair in setup.correlations:
        _correlate(state, pair.account, pair.other, pair.rho)
    _configure_accounts(state, setup)
    firms.configure(state, setup)
    _keep_stricter_modes(state, setup)


def _keep_stricter_modes(state: State, setup: Setup) -> None:
    """What was set or lowered since then stays where it is stricter than the configuration."""
    configured = {key_of(Scope(ScopeKind.ACCOUNT, spec.id)): spec.mode or Mode.FULL_AUTO for spec in setup.accounts}
    configured[key_of(EVERYTHING)] = setup.mode
    for scope, mode in configured.items():
        now = state.modes.get(scope)
        if now is not None and stricter_mode(now, mode) is mode:
            del state.modes[scope]
            state.lowered.pop(scope, None)


def _configure_accounts(state: State, setup: Setup) -> None:
    capabilities = {venue.id: venue.capabilities for venue in setup.venues}
    for spec in setup.accounts:
        account = state.accounts.get(spec.id)
        if account is None:
            account = state.accounts[spec.id] = Account(spec, AccountParams(), capabilities[spec.venue].tier)
        account.spec, account.capabilities = spec, capabilities[spec.venue]
        account.tier = account.capabilities.tier
        account.listed = _not_to_be_entered(setup, spec)
        account.params = read_account(state, account)
    state.converted = {}  # pairs may have come or gone
    for account in state.accounts.values():
        for position in account.positions.values():
            if position.qty and position.symbol in state.instruments:
                note_conversion(state, account, position)


def _not_to_be_entered(setup: Setup, spec: AccountSpec) -> dict[Symbol, str]:
    """Return what the lists of the desk and of the account rule out; the stricter of the two counts."""
    ruled_out = {}
    for symbol in (instrument.symbol for instrument in setup.instruments):
        if symbol in setup.restricted or symbol in spec.restricted:
            ruled_out[symbol] = "restricted"
        elif any(allowed and symbol not in allowed for allowed in (setup.allowed, spec.allowed)):
            ruled_out[symbol] = "not on the allow list"
    return ruled_out


def _live_confirmed(state: State, clock: Deadlines, event: ev.LiveConfirmed) -> None:
    for account_id in event.accounts:
        state.live_confirmed[account_id] = event.actor


def _engine_stopped(state: State, clock: Deadlines, event: ev.EngineStopped) -> None:
    state.stopped = True


def _session_set(state: State, clock: Deadlines, event: ev.SessionSet) -> None:
    for symbol in event.symbols:
        state.sessions[symbol] = event.is_open


def _volatility_set(state: State, clock: Deadlines, event: ev.VolatilitySet) -> None:
    state.volatility[event.symbol] = Volatility(event.ewma_pct, event.atr, event.as_of_ns)


def _correlation_set(state: State, clock: Deadlines, event: ev.CorrelationSet) -> None:
    _correlate(state, event.account, event.other, event.rho)


def _correlate(state: State, account: AccountId, other: AccountId, rho: Decimal) -> None:
    state.correlations.setdefault(account, {})[other] = rho
    state.correlations.setdefault(other, {})[account] = rho


# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    ev.EngineConfigured: _engine_configured,
    ev.LiveConfirmed: _live_confirmed,
    ev.EngineStopped: _engine_stopped,
    ev.SessionSet: _session_set,
    ev.VolatilitySet: _volatility_set,
    ev.CorrelationSet: _correlation_set,
}
