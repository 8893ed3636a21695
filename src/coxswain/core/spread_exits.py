"""From a signal that leaves a spread to a plan: how many units each account closes. Changes nothing, sends nothing.

Such a signal names the spread, and nothing else has to be said: what is closed is what that spread opened and is held
still. Units are shared out by the whole units held, as the lots of an exit are; how the legs are closed, one after the
other, is for `legging`.
"""

from decimal import Decimal

import msgspec

from coxswain.core.spreads import leg_id, unit_of
from coxswain.core.state import Account, State
from coxswain.core.units import held_of, units_in_part, whole_units
from coxswain.model.checks import Check
from coxswain.model.decimals import ONE, ZERO, floor_step, plain, text
from coxswain.model.plan import Assignment, LegShare, Plan
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, SignalKind, Verdict


def as_named(state: State, signal: Signal) -> Signal:
    """Take over from the spread that a signal names what that does not say: its first leg, and its strategy."""
    whole = None if signal.kind is SignalKind.ENTRY else _whole(state, signal)
    if whole is None:
        return signal
    return msgspec.structs.replace(signal, symbol=whole.symbol, strategy=signal.strategy or whole.strategy)


def why_not_left(state: State, signal: Signal) -> list[str]:
    """Say everything that keeps an exit of a spread from being planned at all."""
    if signal.spread is None or signal.kind is SignalKind.STOP_ADJUSTMENT:
        return []
    reasons = []
    if signal.kind is not SignalKind.EXIT or _whole(state, signal) is None:
        reasons.append(f"SPREAD_UNKNOWN: spread={signal.spread}, wanted=an exit with the id of a signal with legs")
    if signal.quantity is not None and (signal.quantity <= 0 or signal.quantity % ONE):
        reasons.append(f"QUANTITY: quantity={text(signal.quantity)}, wanted=whole units of the spread")
    if signal.side is not None or signal.algo is not None:
        reasons.append("SPREAD_LEFT_WHOLE: an exit of a spread has neither a side nor an algo")
    return reasons


def plan_spread_exit(state: State, signal: Signal) -> Plan:
    """Plan to close what accounts hold of a spread, in part with `quantity`, which counts units."""
    whole = _whole(state, signal)
    if whole is None:
        raise ValueError(f"signal {signal.id} names no spread")
    meant = [a for a in state.accounts if not signal.accounts or a in signal.accounts]
    if signal.quantity is None:
        closing = {a: units for a in meant if (units := _in_part(state, a, whole)) is not None}
    else:
        held = {a: units for a in meant if (units := _whole_units(state, a, whole))}
        closing = _shared_out(held, signal.quantity)
    least = unit_of(state, whole).min_qty
    assignments = tuple(_assignment(state.accounts[a], signal, whole, closing.get(a), least) for a in state.accounts)
    going = [each for each in assignments if each.verdict is Verdict.SEND]
    units = sum((each.qty for each in going), ZERO)
    rationale = f"close {text(units)} units of {whole.id} on {len(going)} accounts by held units, leg by leg, at once"
    return Plan(signal.id, signal.kind, signal.symbol, assignments, rationale, legs=whole.legs)


def _whole(state: State, signal: Signal) -> Signal | None:
    whole = None if signal.spread is None else state.signals.get(signal.spread)
    return whole if whole is not None and whole.legs else None


def _in_part(state: State, account_id: AccountId, whole: Signal) -> Decimal | None:
    """Return the units an account has anything of, zero where its share only enters or waits; None without a share."""
    account = state.accounts[account_id]
    spread = account.spreads.get(whole.id)
    if spread is None:
        return ZERO if _waits(state, account, whole) else None
    units = units_in_part(account, spread)
    return units if units or not spread.over else None


def _waits(state: State, account: Account, whole: Signal) -> bool:
    """Say whether an account's share of a spread waits for its release."""
    position = account.positions.get(whole.symbol)
    return position is not None and leg_id(whole.id, 1) in position.waiting


def _whole_units(state: State, account_id: AccountId, whole: Signal) -> Decimal:
    account = state.accounts[account_id]
    spread = account.spreads.get(whole.id)
    return ZERO if spread is None else whole_units(account, spread)


def _shared_out(held: dict[AccountId, Decimal], wanted: Decimal) -> dict[AccountId, Decimal]:
    """Share units out by what is held, largest remainder first."""
    total = sum(held.values(), ZERO)
    if wanted >= total:
        return held
    exact = {account: units * wanted / total for account, units in held.items()}
    closing = {account: floor_step(units, ONE) for account, units in exact.items()}
    spare = int(wanted - sum(closing.values(), ZERO))
    for account in sorted(held, key=lambda account: closing[account] - exact[account])[:spare]:
        closing[account] = plain(closing[account] + ONE)
    return {account: units for account, units in closing.items() if units}


def _assignment(account: Account, signal: Signal, whole: Signal, units: Decimal | None, least: Decimal) -> Assignment:
    account_id, spread = account.spec.id, account.spreads.get(whole.id)
    found = "" if units else "none" if units is None else "its share enters"
    checks = [Check("SPREAD_HELD", units or ZERO, None, units is not None, found, "units of the spread")]
    if units is None:
        return Assignment(account_id, Verdict.SKIP, tuple(checks))
    idle = spread is None or spread.leaving is None
    checks.append(Check("NO_EXIT_UNDER_WAY", None, None, idle, "none" if idle else "an exit", "none"))
    if signal.quantity is not None:
        checks.append(Check("SMALLEST_EXIT", units, least, units >= least))
    legs: tuple[LegShare, ...] = ()
    if spread is not None and units:
        parts = {leg.symbol: min(held_of(account, leg), units * leg.ratio) for leg in spread.legs}
        legs = tuple(LegShare(leg.symbol, plain(parts[leg.symbol]), ZERO, ZERO) for leg in whole.legs)
    if not all(check.passed for check in checks):
        return Assignment(account_id, Verdict.SKIP, tuple(checks))
    sizing = "" if units else "its share of the entry is called back"
    return Assignment(account_id, Verdict.SEND, tuple(checks), units, 0, 1, sizing=sizing, legs=legs)
