"""Stop and target of a spread as a whole: where they stand, where closing would be, how they are moved. Reads only.

A level is a net price of the combination, or money for each unit. They are the signal's until a stop adjustment that
names the spread moves them, on each account for itself. Such a signal is put to the checks that the levels of a single
position are put to: a stop must still be behind the market, and a target ahead of it.
"""

from decimal import Decimal

from coxswain.core.money import rate_down, rate_up
from coxswain.core.params import NS_PER_S, seconds_ns
from coxswain.core.scopes import narrower_state
from coxswain.core.shares import Spread
from coxswain.core.state import Account, State, strictest
from coxswain.core.units import whole_units
from coxswain.model.checks import Check
from coxswain.model.decimals import ONE, ZERO, plain, round_down, text
from coxswain.model.market import is_sane, touch
from coxswain.model.plan import Assignment, Plan
from coxswain.model.signal import Signal
from coxswain.model.spread import Leg, SpreadLevel, SpreadLevels
from coxswain.model.vocabulary import OPPOSITE, SIGN, AccountId, Role, SignalKind, TradingState, Verdict


def levels_of(signal: Signal, spread: Spread) -> SpreadLevels:
    """Return where stop and target of an account's spread stand."""
    return spread.moved or SpreadLevels(signal.spread_stop, signal.spread_target)


def moved_to(signal: Signal, former: SpreadLevels) -> SpreadLevels:
    """Return where a stop adjustment wants them."""
    return SpreadLevels(signal.spread_stop or former.stop, signal.spread_target or former.target)


def has_levels(levels: SpreadLevels) -> bool:
    return levels.stop is not None or levels.target is not None


def why_blind(state: State, account: Account, spread: Spread, levels: SpreadLevels) -> tuple[str, bool]:
    """Say why nothing can be decided about a spread, empty if it can; and whether somebody should be told."""
    by_money = any(level is not None and level.money for level in (levels.stop, levels.target))
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


def reached(
    state: State, account: Account, spread: Spread, levels: SpreadLevels
) -> tuple[Role, SpreadLevel, Decimal] | None:
    """Return the level that closing now would be at or beyond, and the net price or profit of a unit that it has."""
    for role, level, way in ((Role.STOP, levels.stop, -ONE), (Role.TARGET, levels.target, ONE)):
        if level is not None:
            at, wanted = _apart(state, account, spread, level, way)
            if (at - wanted) * way >= 0:
                return role, level, at
    return None


def _apart(state: State, account: Account, spread: Spread, level: SpreadLevel, way: Decimal) -> tuple[Decimal, Decimal]:
    """Return where closing now would be, as a level is given, and where the level stands; `way` is -1 for a stop."""
    if level.net_price is not None:
        return net_price(state, spread), level.net_price
    return profit_of_a_unit(state, account, spread), way * (level.money or ZERO)


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


def is_leaving(spread: Spread) -> bool:
    """Say whether all of it is on its way out already."""
    return spread.leaving is not None and not spread.leaving.keep


# --- moving them ------------------------------------------------------------------------------------------------------


def why_not_moved(state: State, signal: Signal) -> list[str]:
    """Say everything that keeps a stop adjustment of a spread from being planned at all."""
    if signal.kind is not SignalKind.STOP_ADJUSTMENT:
        return []
    levels = (signal.spread_stop, signal.spread_target)
    if signal.spread is None:
        named = any(level is not None for level in levels)
        return (
            ["SPREAD_MISSING: spread_stop and spread_target are a spread's, wanted=its id as spread"] if named else []
        )
    whole = state.signals.get(signal.spread)
    reasons = []
    if whole is None or not whole.legs:
        reasons.append(f"SPREAD_UNKNOWN: spread={signal.spread}, wanted=the id of a signal with legs")
    if levels == (None, None):
        reasons.append("SPREAD_LEVEL: wanted=a spread_stop, a spread_target or both")
    of_a_position = (signal.stop_loss, signal.take_profit, signal.trailing_stop, signal.side)
    if any(each is not None for each in of_a_position):
        reasons.append("SPREAD_MOVED_WHOLE: its legs' own stops and targets are moved by their instruments")
    return reasons + (levels_that_cannot_be(state, signal, whole.legs) if whole is not None else [])


def levels_that_cannot_be(state: State, signal: Signal, legs: tuple[Leg, ...]) -> list[str]:
    """Say what is wrong with the levels that a signal names for a spread of these legs, whatever the market."""
    reasons = []
    currencies = {state.instruments[leg.symbol].currency for leg in legs if leg.symbol in state.instruments}
    for name in ("spread_stop", "spread_target"):
        level: SpreadLevel | None = getattr(signal, name)
        if level is None:
            continue
        if (level.net_price is None) is (level.money is None) or (level.money is not None and level.money <= 0):
            reasons.append(f"SPREAD_LEVEL: {name}, wanted=a net_price, or money above zero")
        elif level.net_price is not None and len(currencies) > 1:
            found = " ".join(sorted(currencies))
            reasons.append(f"SPREAD_LEVEL: {name} by net_price, currencies={found}, wanted=one currency, or money")
    return reasons


def plan_spread_adjustment(state: State, signal: Signal) -> Plan:
    """Plan to move the levels of a spread on every account that holds whole units of it."""
    whole = None if signal.spread is None else state.signals.get(signal.spread)
    if whole is None:
        raise ValueError(f"signal {signal.id} names no spread")
    assignments = tuple(_assignment(state, account_id, signal, whole) for account_id in state.accounts)
    moved = sum(each.verdict is Verdict.SEND for each in assignments)
    rationale = f"move the stop and target of {whole.id} as a whole on {moved} accounts, at once"
    return Plan(signal.id, signal.kind, signal.symbol, assignments, rationale, legs=whole.legs)


def _assignment(state: State, account_id: AccountId, signal: Signal, whole: Signal) -> Assignment:
    account = state.accounts[account_id]
    meant = not signal.accounts or account_id in signal.accounts
    spread = account.spreads.get(whole.id) if meant else None
    units = ZERO if spread is None else whole_units(account, spread)
    checks = [Check("SPREAD_HELD", units, None, bool(units), "" if units else "none", "whole units of the spread")]
    if spread is not None and units:
        checks += _checks(state, account, spread, signal, whole)
    if not all(check.passed for check in checks):
        return Assignment(account_id, Verdict.SKIP, tuple(checks))
    return Assignment(account_id, Verdict.SEND, tuple(checks), units, 0, 1)


def _checks(state: State, account: Account, spread: Spread, signal: Signal, whole: Signal) -> list[Check]:
    leaves = is_leaving(spread)
    narrower = (narrower_state(state, leg.symbol, whole.strategy) for leg in spread.legs)
    worst = strictest((account.state, *narrower))
    levels = moved_to(signal, levels_of(whole, spread))
    blind, _ = why_blind(state, account, spread, levels)
    checks = [
        Check("NO_EXIT_UNDER_WAY", None, None, not leaves, "an exit" if leaves else "none", "none"),
        Check("TRADING_STATE", None, None, worst is not TradingState.HALTED, worst, "ACTIVE or REDUCING"),
        Check("SPREAD_WATCHED", None, None, not blind, blind or "every leg has a quote", "a fresh quote of every leg"),
    ]
    if blind:
        return checks
    for code, level, way in (
        ("STOP_ON_WRONG_SIDE", signal.spread_stop, -ONE),
        ("TARGET_ON_WRONG_SIDE", signal.spread_target, ONE),
    ):
        if level is not None:
            at, wanted = _apart(state, account, spread, level, way)
            checks.append(Check(code, plain(wanted), at, (at - wanted) * way < 0))
    return checks
