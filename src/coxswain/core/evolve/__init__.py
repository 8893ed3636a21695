"""`evolve`: the only writer of the state. One function for each event, one file for each kind, one table.

An event states results; the functions here store them and assert that they agree with what is stored. No rule and no
request belongs here: folding a journal must never decide again.
"""

from collections.abc import Callable

from coxswain.core.activity import raise_peak
from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve import (
    accounts,
    algorithms,
    archive,
    breakers,
    control,
    engine,
    facts,
    firms,
    kept,
    limits,
    losses,
    orders,
    overrides,
    plans,
    positions,
    reconciliation,
    reversals,
    skips,
    spreads,
    unknowns,
)
from coxswain.core.evolve.accounts import state_under as state_under
from coxswain.core.evolve.breakers import note_equity
from coxswain.core.exposure import value_by_quote
from coxswain.core.state import State
from coxswain.core.sums import remark
from coxswain.messages import events as ev
from coxswain.model.market import Quote, is_sane

# Each function takes the event that it stands beside; no type says that of a table.
TABLE: dict[type, Callable[..., None]] = {  # type: ignore[explicit-any]
    **engine.TABLE,
    **facts.TABLE,
    **control.TABLE,
    **accounts.TABLE,
    **plans.TABLE,
    **algorithms.TABLE,
    **spreads.TABLE,
    **orders.TABLE,
    **unknowns.TABLE,
    **positions.TABLE,
    **reconciliation.TABLE,
    **limits.TABLE,
    **losses.TABLE,
    **breakers.TABLE,
    **overrides.TABLE,
    **firms.TABLE,
    **kept.TABLE,
    **reversals.TABLE,
    **skips.TABLE,
    **archive.TABLE,
}


def evolve(state: State, clock: Deadlines, event: ev.Event) -> None:
    """Make `event` a fact. Raises `InvariantViolation` when it contradicts what is stored."""
    TABLE[type(event)](state, clock, event)
    if state.firms.books:
        firms.follow(state, clock, event)


def evolve_venue_quote(state: State, quote: Quote) -> None:
    """Take over what one venue shows. Nothing is marked to it."""
    if quote.venue is not None:
        state.shown.setdefault(quote.symbol, {})[quote.venue] = quote


def evolve_quote(state: State, quote: Quote) -> None:
    """Take over a stepped quote: it concerns the accounts that hold the instrument, and no other."""
    state.quotes[quote.symbol] = quote
    if quote.last is not None:
        state.last_px[quote.symbol] = quote.last
    if not is_sane(quote):
        return  # it is kept for the checks to see, and nothing is worth what it says
    for account_id in state.holders.get(quote.symbol, ()):
        account = state.accounts[account_id]
        position = account.positions[quote.symbol]
        remark(state, account, position)
        value_by_quote(state, account, position)
        firms.raise_highs(state, account_id)
        note_equity(state, account)
        raise_peak(account)
    for account_id, symbols in state.converted.get(quote.symbol, {}).items():
        account = state.accounts[account_id]
        for symbol in symbols:
            remark(state, account, account.positions[symbol])
            value_by_quote(state, account, account.positions[symbol])
        firms.raise_highs(state, account_id)
        note_equity(state, account)
        raise_peak(account)
