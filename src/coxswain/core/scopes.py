"""Which stops concern what: look-ups by key, and the causes that stops are to an account. Changes nothing.

A stop of everything, of a venue or of an account restricts accounts, and stands among their causes. One of a strategy
or of an instrument concerns some of an account's orders, and is looked up for each.
"""

from collections.abc import Iterator

from coxswain.core.position import Position
from coxswain.core.state import Account, State, Stop, strictest
from coxswain.model.control import STATE_UNDER, Scope, ScopeKind, StopLevel, name_of
from coxswain.model.vocabulary import AccountId, Symbol, TradingState

_WORDS = {
    StopLevel.PAUSE: "PAUSED",
    StopLevel.HALT: "HALT",
    StopLevel.FREEZE: "FROZEN",
    StopLevel.FLATTEN: "FLATTEN",
}
OF_ACCOUNTS = (ScopeKind.EVERYTHING, ScopeKind.VENUE, ScopeKind.ACCOUNT)


def cause_of(level: StopLevel, kind: ScopeKind) -> str:
    """Name a stop as a cause that restricts an account: `PAUSED`, `HALT:everything`."""
    return _WORDS[level] if kind is ScopeKind.ACCOUNT else f"{_WORDS[level]}:{kind.lower()}"


CAUSES = {cause_of(level, kind): STATE_UNDER[level] for level in StopLevel for kind in OF_ACCOUNTS}
"""Every cause that is a stop, and how far an account may trade under it."""


def stops_at(state: State, kind: ScopeKind, name: str = "") -> dict[StopLevel, Stop]:
    return state.stops.get(f"{kind}:{name}", {})


def stops_of_account(state: State, account: Account) -> dict[str, Stop]:
    """Return the stops that concern all of an account, by cause."""
    names = {ScopeKind.EVERYTHING: "", ScopeKind.VENUE: account.spec.venue, ScopeKind.ACCOUNT: account.spec.id}
    return {
        cause_of(level, kind): stop
        for kind, name in names.items()
        for level, stop in stops_at(state, kind, name).items()
    }


def narrower_stops(state: State, symbol: Symbol, strategy: str) -> Iterator[tuple[Scope, StopLevel, Stop]]:
    """Return the stops of an instrument and of a strategy."""
    if not state.stops:
        return
    for kind, name in ((ScopeKind.INSTRUMENT, str(symbol)), (ScopeKind.STRATEGY, strategy)):
        if name:
            for level, stop in stops_at(state, kind, name).items():
                yield Scope(kind, name), level, stop


def narrower_state(state: State, symbol: Symbol, strategy: str) -> TradingState:
    """Return how far the stops of an instrument and of a strategy let an order go."""
    if not state.stops:
        return TradingState.ACTIVE
    return strictest(STATE_UNDER[level] for _, level, _ in narrower_stops(state, symbol, strategy))


def why_restricted(state: State, account: Account, symbol: Symbol, strategy: str) -> str:
    """Say which causes and stops restrict an order, and whose they are."""
    ours = stops_of_account(state, account)
    parts = [_said(cause, ours[cause]) if cause in ours else cause for cause in account.causes]
    parts += [
        _said(f"{_WORDS[level]} of {name_of(scope)}", stop)
        for scope, level, stop in narrower_stops(state, symbol, strategy)
    ]
    return "; ".join(parts)


def _said(what: str, stop: Stop) -> str:
    return f"{what} by {stop.actor}: {stop.reason}"


def is_flattened(state: State, account_id: AccountId, position: Position) -> Scope | None:
    """Return the scope of a flatten that is about a position, if there is one."""
    if not state.stops:
        return None
    account = state.accounts[account_id]
    scopes = [
        Scope(ScopeKind.EVERYTHING),
        Scope(ScopeKind.VENUE, account.spec.venue),
        Scope(ScopeKind.ACCOUNT, account_id),
        Scope(ScopeKind.INSTRUMENT, position.symbol),
        *(Scope(ScopeKind.STRATEGY, strategy) for strategy in position.strategies),
    ]
    return next((scope for scope in scopes if StopLevel.FLATTEN in stops_at(state, scope.kind, scope.id)), None)


def unknown_scope(state: State, scope: Scope) -> str:
    """Say why a scope cannot be meant; empty if it can. A strategy may be stopped before its first signal."""
    known: dict[ScopeKind, tuple[str, ...]] = {
        ScopeKind.ACCOUNT: tuple(state.accounts),
        ScopeKind.INSTRUMENT: tuple(state.instruments),
        ScopeKind.VENUE: tuple(dict.fromkeys(account.spec.venue for account in state.accounts.values())),
    }
    if scope.kind in known and scope.id not in known[scope.kind]:
        wanted = f"one of {', '.join(known[scope.kind])}" if known[scope.kind] else "one; there is none yet"
        return f"no {scope.kind.lower()} is called {scope.id!r}, wanted {wanted}"
    return ""
