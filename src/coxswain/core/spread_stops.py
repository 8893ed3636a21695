"""Stops and targets of spreads as a whole: watched here, because no venue knows of them.

A level is a net price of the combination, or money for each unit. It is looked at where closing would trade: at the
bid of what was bought and the ask of what was sold; money is counted from what the legs filled at, converted at the
adverse side, before commission. A quote of one leg looks at the spreads of that leg's holders, and of nobody else.

One leg's quote may be a second older than another's, so a level that seems to be reached is looked at once more, at the
same instant, with the latest quotes of all legs. Where a quote is old, missing or crossed nothing is decided: a
deadline finds that out, and an event tells it. What is reached is left like any spread, by `legging`.
"""

from decimal import Decimal

from coxswain.core.legging import leave
from coxswain.core.money import rate_down, rate_up
from coxswain.core.params import NS_PER_S, seconds_ns
from coxswain.core.shares import Spread
from coxswain.core.state import Account, State
from coxswain.core.sums import key
from coxswain.core.tx import Tx
from coxswain.core.units import units_in_part, whole_units
from coxswain.messages import events as ev
from coxswain.model.decimals import ONE, ZERO, plain, round_down, text
from coxswain.model.market import is_sane, touch
from coxswain.model.signal import Signal
from coxswain.model.spread import SpreadLevel, level_text
from coxswain.model.vocabulary import OPPOSITE, SIGN, AccountId, Role, SignalId, Symbol


def on_quote(tx: Tx, account_id: AccountId, symbol: Symbol) -> None:
    """Look at the spreads that have lots of an instrument, for one holder of it."""
    account = tx.account(account_id)
    for spread_id in tuple(account.positions[symbol].spreads):
        signal, spread = tx.state.signals[spread_id], account.spreads[spread_id]
        if not has_levels(signal) or _is_leaving(spread):
            continue
        if not whole_units(account, spread):
            if spread.over and not spread.unwatched and units_in_part(account, spread):
                _note_broken(tx, account_id, spread_id)
            continue
        if why_blind(tx.state, account, spread, signal)[0]:
            continue
        if spread.unwatched:
            tx.apply(ev.SpreadWatchChanged(spread_id, account_id, True, "every leg has a quote", _next_ns(tx, spread)))
        found = _reached(tx.state, account, spread, signal)
        waits = key("spread_stop", account_id, spread_id) in tx.state.deadlines
        if found is not None and not waits and not _too_soon(tx.state, spread):
            role, level, at = found
            tx.apply(ev.SpreadLevelSeen(spread_id, account_id, role, level, at))


def judge(tx: Tx, account_id: AccountId, spread_id: SignalId) -> None:
    """Leave a spread whose level is reached by the latest quotes of all its legs, or note that it is not."""
    account, signal = tx.account(account_id), tx.state.signals[spread_id]
    spread = account.spreads[spread_id]
    units, found = whole_units(account, spread), None
    why = why_blind(tx.state, account, spread, signal)[0]
    if units and not why and not _is_leaving(spread):
        found = _reached(tx.state, account, spread, signal)
    if found is None:
        tx.apply(ev.SpreadLevelMissed(spread_id, account_id, why or "the latest quotes of all legs do not reach it"))
        return
    role, level, at = found
    tx.apply(ev.SpreadLevelReached(spread_id, account_id, role, level, at, units))
    what = f"its {role.lower()} at {level_text(level)} was reached, at {text(at)}"
    leave(tx, account_id, spread_id, spread_id, None, what, "")


def look_again(tx: Tx, account_id: AccountId, spread_id: SignalId) -> None:
    """See whether a spread can still be watched, and say so where it cannot."""
    account, signal = tx.account(account_id), tx.state.signals[spread_id]
    spread = account.spreads[spread_id]
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
        why, urgent = why_blind(tx.state, account, spread, signal)
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
        if has_levels(tx.state.signals[spread_id]) and spread.unwatched and is_open and not waits:
            later_ns = tx.state.now_ns + seconds_ns(tx.state.desk.quote_stale_s)
            why = "no quote of every leg since its session opened"
            tx.apply(ev.SpreadWatchChanged(spread_id, account_id, False, why, later_ns))


def has_levels(signal: Signal) -> bool:
    return signal.spread_stop is not None or signal.spread_target is not None


def why_blind(state: State, account: Account, spread: Spread, signal: Signal) -> tuple[str, bool]:
    """Say why nothing can be decided about a spread, empty if it can; and whether somebody should be told."""
    by_money = any(level is not None and level.money for level in (signal.spread_stop, signal.spread_target))
    for leg in spread.legs:
        if not state.sessions.get(leg.symbol, False):
            return f"the session of {leg.symbol} is closed", False
    for leg in spread.legs:
        quote, instrument = state.quotes.get(leg.symbol), state.instruments[leg.symbol]
        if quote is None or not is_sane(quote):
            return f"there is no sane quote of {leg.symbol}", True
        age_ns = state.now_ns - quote.ts_ns
        if age_ns > seconds_ns(state.desk.quote_stale_s):
            return f"the last quote of {leg.symbol} is {text(plain(Decimal(age_ns) / NS_PER_S))} s old", True
        if by_money and rate_up(state, account, instrument) is None:
            return f"there is no fresh rate from {instrument.currency}", True
    return "", False


def _reached(
    state: State, account: Account, spread: Spread, signal: Signal
) -> tuple[Role, SpreadLevel, Decimal] | None:
    """Return the level that closing now would be at or beyond, and the net price or profit of a unit that it has."""
    levels = ((Role.STOP, signal.spread_stop, -ONE), (Role.TARGET, signal.spread_target, ONE))
    for role, level, way in levels:
        if level is None:
            continue
        if level.net_price is not None:
            at, wanted = net_price(state, spread), level.net_price
        else:
            at, wanted = profit_of_a_unit(state, account, spread), way * (level.money or ZERO)
        if (at - wanted) * way >= 0:
            return role, level, at
    return None


def net_price(state: State, spread: Spread) -> Decimal:
    """Return the net price that closing a unit now would bring. Every leg must have a quote."""
    parts = (SIGN[leg.side] * leg.ratio * touch(state.quotes[leg.symbol], OPPOSITE[leg.side]) for leg in spread.legs)
    return plain(sum(parts, ZERO))


def profit_of_a_unit(state: State, account: Account, spread: Spread) -> Decimal:
    """Return what closing a unit now would win, in the account's currency, from what its legs filled at."""
    profit = ZERO
    for leg in spread.legs:
        instrument = state.instruments[leg.symbol]
        now_px, paid_px = touch(state.quotes[leg.symbol], OPPOSITE[leg.side]), leg.notional / leg.cum_qty
        won = SIGN[leg.side] * leg.ratio * (now_px - paid_px) * instrument.contract_size
        rate = rate_down(state, account, instrument) if won > 0 else rate_up(state, account, instrument)
        profit += won * (rate or ONE)
    return round_down(profit)


def _is_leaving(spread: Spread) -> bool:
    """Say whether all of it is on its way out already."""
    return spread.leaving is not None and not spread.leaving.keep


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
