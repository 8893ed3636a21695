"""Stops and targets of spreads as a whole: watched here, because no venue knows of them.

A level is looked at where closing would trade: at the bid of what was bought and the ask of what was sold; money is
counted from what the legs filled at, converted at the adverse side, before commission (`spread_levels`). A quote of one
leg looks at the spreads of that leg's holders, and of nobody else.

One leg's quote may be a second older than another's, so a level that seems to be reached is looked at once more, at the
same instant, with the latest quotes of all legs. Where a quote is old, missing or crossed nothing is decided: a
deadline finds that out, and an event tells it. What is reached is left like any spread, by `legging`.
"""

from coxswain.core.legging import leave
from coxswain.core.params import seconds_ns
from coxswain.core.shares import Spread
from coxswain.core.spread_levels import has_levels, is_leaving, levels_of, moved_to, reached, why_blind
from coxswain.core.state import State
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.core.units import units_in_part, whole_units
from coxswain.messages import events as ev
from coxswain.model.decimals import text
from coxswain.model.signal import Signal
from coxswain.model.spread import level_text
from coxswain.model.vocabulary import AccountId, SignalId, Symbol


def on_quote(tx: Tx, account_id: AccountId, symbol: Symbol) -> None:
    """Look at the spreads that have lots of an instrument, for one holder of it."""
    account = tx.account(account_id)
    for spread_id in tuple(account.positions[symbol].spreads):
        signal, spread = tx.state.signals[spread_id], account.spreads[spread_id]
        levels = levels_of(signal, spread)
        if not has_levels(levels) or is_leaving(spread):
            continue
        if not whole_units(account, spread):
            if spread.over and not spread.unwatched and units_in_part(account, spread):
                _note_broken(tx, account_id, spread_id)
            continue
        if why_blind(tx.state, account, spread, levels)[0]:
            continue
        if spread.unwatched:
            tx.apply(ev.SpreadWatchChanged(spread_id, account_id, True, "every leg has a quote", _next_ns(tx, spread)))
        found = reached(tx.state, account, spread, levels)
        waits = key("spread_stop", account_id, spread_id) in tx.state.deadlines
        if found is not None and not waits and not _too_soon(tx.state, spread):
            role, level, at = found
            tx.apply(ev.SpreadLevelSeen(spread_id, account_id, role, level, at))


def judge(tx: Tx, account_id: AccountId, spread_id: SignalId) -> None:
    """Leave a spread whose level is reached by the latest quotes of all its legs, or note that it is not."""
    account, signal = tx.account(account_id), tx.state.signals[spread_id]
    spread = account.spreads[spread_id]
    levels = levels_of(signal, spread)
    units, found = whole_units(account, spread), None
    why = why_blind(tx.state, account, spread, levels)[0]
    if units and not why and not is_leaving(spread):
        found = reached(tx.state, account, spread, levels)
    if found is None:
        tx.apply(ev.SpreadLevelMissed(spread_id, account_id, why or "the latest quotes of all legs do not reach it"))
        return
    role, level, at = found
    tx.apply(ev.SpreadLevelReached(spread_id, account_id, role, level, at, units))
    what = f"its {role.lower()} at {level_text(level)} was reached, at {text(at)}"
    leave(tx, account_id, spread_id, spread_id, None, what, "")


def move(tx: Tx, account_id: AccountId, signal: Signal) -> None:
    """Move stop and target of a spread as a signal says; what it does not name stays where it is."""
    spread_id = signal.spread
    if spread_id is None:
        raise ValueError(f"signal {signal.id} names no spread")
    former = levels_of(tx.state.signals[spread_id], tx.account(account_id).spreads[spread_id])
    tx.apply(ev.SpreadLevelsMoved(spread_id, account_id, signal.id, moved_to(signal, former), former))


def look_again(tx: Tx, account_id: AccountId, spread_id: SignalId) -> None:
    """See whether a spread can still be watched, and say so where it cannot."""
    account, signal = tx.account(account_id), tx.state.signals[spread_id]
    spread = account.spreads[spread_id]
    levels = levels_of(signal, spread)
    later_ns = tx.state.now_ns + seconds_ns(tx.state.desk.quote_stale_s)
    held = any(leg.cum_qty > leg.closed_qty for leg in spread.legs)
    leaves = spread.leaving is not None or not units_in_part(account, spread)
    if not held and spread.over:
        tx.apply(ev.SpreadWatchChanged(spread_id, account_id, False, "nothing of it is held"))
    elif leaves or not (whole_units(account, spread) or spread.over):
        tx.apply(ev.SpreadWatchChanged(spread_id, account_id, not spread.unwatched, spread.unwatched, later_ns))
    elif not whole_units(account, spread):
        _note_broken(tx, account_id, spread_id)
    else:
        why, urgent = why_blind(tx.state, account, spread, levels)
        if why:
            tx.apply(ev.SpreadWatchChanged(spread_id, account_id, False, why, None, urgent))
        else:
            tx.apply(ev.SpreadWatchChanged(spread_id, account_id, True, "", _next_ns(tx, spread)))


def on_session_open(tx: Tx, account_id: AccountId, symbol: Symbol) -> None:
    """Begin to ask for quotes of a spread again, once the sessions of all its legs are open."""
    account = tx.account(account_id)
    for spread_id in tuple(account.positions[symbol].spreads):
        spread = account.spreads[spread_id]
        waits = key("spread_watch", account_id, spread_id) in tx.state.deadlines
        is_open = all(tx.state.sessions.get(leg.symbol, False) for leg in spread.legs)
        if has_levels(levels_of(tx.state.signals[spread_id], spread)) and spread.unwatched and is_open and not waits:
            later_ns = tx.state.now_ns + seconds_ns(tx.state.desk.quote_stale_s)
            why = "no quote of every leg since its session opened"
            tx.apply(ev.SpreadWatchChanged(spread_id, account_id, False, why, later_ns))


def _note_broken(tx: Tx, account_id: AccountId, spread_id: SignalId) -> None:
    why = "its legs have no whole unit together any more; what is left of them has only their own stops"
    tx.apply(ev.SpreadWatchChanged(spread_id, account_id, False, why, None, True))


def _next_ns(tx: Tx, spread: Spread) -> int:
    """Return when the oldest quote of a leg will be too old, if no other comes."""
    oldest_ns = min(tx.state.quotes[leg.symbol].ts_ns for leg in spread.legs)
    return max(oldest_ns + seconds_ns(tx.state.desk.quote_stale_s), tx.state.now_ns) + 1


def _too_soon(state: State, spread: Spread) -> bool:
    """Say whether what a level began came to nothing only just now."""
    return bool(spread.reached_ns) and state.now_ns - spread.reached_ns < seconds_ns(state.desk.position_sync_s)
