"""From a signal with legs to a plan: how many units each account takes. Reads the state, but for `open_legs`.

A unit is `ratio` lots of every leg, and only whole units are planned. An account's size is what each leg would be given
alone, by the account's own limits, in units: the smallest counts; and all legs together need their margin at once. The
share of each leg then has a plan of its own, under the id `<spread>/<number>`, which no signal can have: so holds,
the gate and control 15 see orders like any other, and everything that asks for a share finds it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from coxswain.core.eligibility import eligibility
from coxswain.core.firm.planning import under_rules
from coxswain.core.money import rate_up
from coxswain.core.plan_value import no_desk_rate
from coxswain.core.planner import Considered, plan_shares
from coxswain.core.position import NOTHING_HELD
from coxswain.core.sizing import Sized, own_size, room_in_money
from coxswain.core.spread_levels import levels_that_cannot_be
from coxswain.core.state import Account, State, spare_margin
from coxswain.core.tx import Allocate, Tx
from coxswain.messages import events as ev
from coxswain.model.checks import Check
from coxswain.model.decimals import (
    HUNDRED,
    ONE,
    ZERO,
    ceil_step,
    floor_step,
    is_multiple,
    plain,
    round_up,
    text,
)
from coxswain.model.market import Instrument, is_sane, touch
from coxswain.model.plan import Assignment, LegShare, Plan
from coxswain.model.setup import AccountSpec
from coxswain.model.signal import Signal
from coxswain.model.spread import LEGS_MAX, LEGS_MIN, Leg, LeggingLimit
from coxswain.model.vocabulary import OPPOSITE, SIGN, AccountId, OrdType, Side, SignalId, SignalKind, Symbol, Verdict


class UnitLeg(NamedTuple):
    """What one leg adds to a unit, in the account's currency."""

    leg: Leg
    risk: Decimal
    margin: Decimal
    value: Decimal


# --- names ------------------------------------------------------------------------------------------------------------


def leg_id(signal_id: SignalId, number: int) -> SignalId:
    return SignalId(f"{signal_id}/{number}")


def leg_signal(signal: Signal, number: int) -> Signal:
    """Return what one leg would be as a signal alone; legs are counted from 1, as they are listed."""
    leg = signal.legs[number - 1]
    return Signal(
        leg_id(signal.id, number),
        signal.kind,
        leg.symbol,
        signal.signal_time_ns,
        signal.ttl_s,
        leg.side,
        stop_loss=leg.stop_loss,
        take_profit=leg.take_profit,
        confidence=signal.confidence,
        strategy=signal.strategy,
        quantity=plain((signal.quantity or ZERO) * leg.ratio),
        order_type=OrdType.MARKET if leg.limit_price is None else OrdType.LIMIT,
        limit_price=leg.limit_price,
        accounts=signal.accounts,
        reason=signal.reason,
        time_given=signal.time_given,
        spread=signal.id,
    )


def symbols_of(state: State, signal_id: SignalId) -> tuple[Symbol, ...]:
    """Return every instrument that concerns a signal: of a spread, or of a leg of one, all of its legs'."""
    signal = state.signals[signal_id]
    whole = signal if signal.spread is None else state.signals[signal.spread]
    return tuple(leg.symbol for leg in whole.legs) or (signal.symbol,)


def symbols_named(state: State, signal: Signal) -> tuple[Symbol, ...]:
    """Return every instrument that a signal speaks of which may still have to be taken."""
    left = None if signal.spread is None else state.signals.get(signal.spread)
    whole = signal if left is None else left
    return tuple(leg.symbol for leg in whole.legs) or ((whole.symbol,) if whole.symbol else ())


def spread_of(state: State, signal_id: SignalId) -> SignalId | None:
    """Return the spread that a signal is a leg of."""
    signal = state.signals.get(signal_id)
    return None if signal is None else signal.spread


def whole_of(state: State, signal_id: SignalId) -> SignalId | None:
    """Return the spread that a signal is a leg of, or the signal that it is the second order of."""
    signal = state.signals.get(signal_id)
    return None if signal is None else signal.spread or signal.first


def limit_of(state: State, spread_id: SignalId) -> LeggingLimit:
    """Return how much of a spread may stand without the others, and for how long."""
    legging = state.signals[spread_id].legging
    if legging is None:
        raise ValueError(f"spread {spread_id} has no legging limit")
    return legging


def legs_with(state: State, signal_id: SignalId) -> tuple[SignalId, ...]:
    """Return the shares that stand and fall with that of a signal: all legs of its spread, or itself alone."""
    spread_id = state.signals[signal_id].spread
    if spread_id is None:
        return (signal_id,)
    return tuple(leg_id(spread_id, number) for number in range(1, len(state.signals[spread_id].legs) + 1))


def unit_of(state: State, signal: Signal) -> Instrument:
    """Return what a share counts: the instrument's lots, or whole units of a spread, also on its way out."""
    if signal.kind is SignalKind.EXIT and signal.spread is not None:
        signal = state.signals[signal.spread]
    if not signal.legs:
        return state.instruments[signal.symbol]
    least = max(ceil_step(state.instruments[leg.symbol].min_qty / leg.ratio, ONE) for leg in signal.legs)
    first = state.instruments[signal.symbol]
    return Instrument(first.symbol, first.currency, first.tick, lot_step=ONE, min_qty=max(least, ONE))


def why_not(state: State, signal: Signal) -> list[str]:
    """Say everything that keeps a signal with legs from being planned at all."""
    if not signal.legs:
        return []
    reasons = []
    symbols = [leg.symbol for leg in signal.legs]
    if not LEGS_MIN <= len(symbols) <= LEGS_MAX or len(set(symbols)) < len(symbols):
        reasons.append(f"LEGS: legs={' '.join(symbols)}, wanted={LEGS_MIN} to {LEGS_MAX} different instruments")
    if signal.legging is None:
        reasons.append("LEGGING_LIMIT: wanted=max_unhedged_value, max_unhedged_s and on_legging_limit")
    if signal.quantity is None or signal.quantity <= 0 or signal.quantity % ONE:
        quantity = "none" if signal.quantity is None else text(signal.quantity)
        reasons.append(f"QUANTITY: quantity={quantity}, wanted=whole units of a spread")
    reasons += levels_that_cannot_be(state, signal, signal.legs)
    for leg in signal.legs:
        instrument = state.instruments.get(leg.symbol)
        if instrument is None:
            reasons.append(f"INSTRUMENT_UNKNOWN: symbol={leg.symbol}, wanted=one of {', '.join(state.instruments)}")
            continue
        if leg.ratio <= 0 or not is_multiple(leg.ratio, instrument.lot_step):
            wanted = f"a multiple of {text(instrument.lot_step)}"
            reasons.append(f"LEG_RATIO: symbol={leg.symbol}, ratio={text(leg.ratio)}, wanted={wanted}")
        for name in ("limit_price", "stop_loss", "take_profit"):
            price = getattr(leg, name)
            if price is not None and price % instrument.tick:
                found = f"symbol={leg.symbol}, {name}={text(price)}"
                reasons.append(f"PRICE_OFF_TICK: {found}, wanted=a multiple of {text(instrument.tick)}")
    return reasons


# --- planning ---------------------------------------------------------------------------------------------------------


def plan_spread(state: State, signal: Signal, allocate: Allocate) -> Plan:
    """Plan the units of a spread over all accounts, as an entry's lots are planned."""
    units: dict[AccountId, tuple[UnitLeg, ...]] = {}

    def consider(account: Account, beside: Sequence[AccountSpec]) -> Considered:
        checks, sized, units[account.spec.id] = consider_units(state, account, signal, beside)
        return checks, sized

    assignments, rationale, warnings = plan_shares(state, signal, unit_of(state, signal), allocate, consider)
    return Plan(
        signal.id,
        signal.kind,
        signal.symbol,
        tuple(_with_legs(assignment, units[assignment.account]) for assignment in assignments),
        f"{rationale}; a unit is {', '.join(_told(leg) for leg in signal.legs)}",
        signal.side,
        warnings=warnings,
        legs=signal.legs,
    )


def _told(leg: Leg) -> str:
    return f"{leg.side} {text(leg.ratio)} {leg.symbol}"


def _with_legs(assignment: Assignment, unit: tuple[UnitLeg, ...]) -> Assignment:
    if assignment.verdict is not Verdict.SEND:
        return assignment
    qty = assignment.qty
    legs = tuple(
        LegShare(of.leg.symbol, plain(qty * of.leg.ratio), round_up(qty * of.risk), round_up(qty * of.margin))
        for of in unit
    )
    return msgspec.structs.replace(assignment, legs=legs, credit=None, turns=None)


def consider_units(
    state: State, account: Account, signal: Signal, beside: Sequence[AccountSpec] = ()
) -> tuple[list[Check], Sized | None, tuple[UnitLeg, ...]]:
    """Put an account to every check of every leg, and return what it would take alone, in units."""
    checks = eligibility(state, account, signal)
    unit: list[UnitLeg] = []
    own: dict[str, Decimal] = {}
    budget, rate = ZERO, ONE
    for number in range(1, len(signal.legs) + 1):
        alone = leg_signal(signal, number)
        if number > 1:
            checks += [
                check for check in eligibility(state, account, alone) if not check.passed and check not in checks
            ]
        found, sized, of = _consider_leg(state, account, alone, signal.legs[number - 1], beside)
        checks += found
        if sized is None or of is None:
            continue
        unit.append(of)
        own[f"{alone.symbol}: {sized.why}"] = sized.qty / of.leg.ratio
        budget, rate = sized.risk_budget, rate if number > 1 else sized.rate
    if account.spec.reserve:
        checks.append(Check("RESERVE", None, None, False, "reserve", "stands by for recovery only"))
    if len(unit) < len(signal.legs) or signal.legging is None:
        return checks, None, tuple(unit)
    checks += _checks_of_all(state, account, signal, tuple(unit), signal.legging.max_unhedged_value)
    margin = sum((of.margin for of in unit), ZERO)
    if margin:
        own["margin of all legs"] = max(spare_margin(account), ZERO) / margin
    value = sum((of.value for of in unit), ZERO)
    own |= {
        f"{name} of all legs": room / value for name, room in room_in_money(state, account, signal.strategy).items()
    }
    tightest = min(own, key=own.__getitem__)
    least = unit_of(state, signal).min_qty
    units = floor_step(max(own[tightest], ZERO), ONE)
    checks.append(Check("OWN_SIZE", units, least, units >= least))
    risk = sum((of.risk for of in unit), ZERO)
    return checks, Sized(units, budget, tightest, (), risk, rate, value), tuple(unit)


def _consider_leg(
    state: State, account: Account, alone: Signal, leg: Leg, beside: Sequence[AccountSpec]
) -> tuple[list[Check], Sized | None, UnitLeg | None]:
    instrument, quote = state.instruments[leg.symbol], state.quotes.get(leg.symbol)
    px = leg.limit_price
    if px is None and quote is not None and is_sane(quote):
        px = touch(quote, leg.side)
    if px is None:
        return [Check("NO_MARKET_SNAPSHOT", None, None, False, f"no quote of {leg.symbol}", "a quote")], None, None
    rate = rate_up(state, account, instrument)
    if rate is None:
        wanted = f"a rate from {instrument.currency}"
        return [Check("NO_FX_RATE", None, None, False, "no fresh quote", wanted)], None, None
    sized = own_size(state, account, alone, instrument, px, rate)
    lot_value = px * instrument.contract_size * rate
    checks, sized = under_rules(state, account, alone, instrument, sized, lot_value, beside)
    checks += no_desk_rate(state, account)
    position = account.positions.get(leg.symbol, NOTHING_HELD)
    against = -position.qty if leg.side is Side.BUY else position.qty
    against += position.held_sell if leg.side is Side.BUY else position.held_buy
    if against > 0:
        # Unwinding could not be told from closing what was there before.
        wanted = f"nothing held or on order to {OPPOSITE[leg.side]} {leg.symbol}"
        checks.append(Check("LEG_NOT_OPPOSED", against, ZERO, False, wanted=wanted))
    value = leg.ratio * lot_value
    # A venue reserves for the worst price that an order at market may trade at.
    margin = round_up(value * instrument.margin_rate * (HUNDRED + account.params.market_protection_pct) / HUNDRED)
    return checks, sized, UnitLeg(leg, leg.ratio * sized.lot_risk, margin, value)


def _checks_of_all(
    state: State, account: Account, signal: Signal, unit: tuple[UnitLeg, ...], limit: Decimal
) -> list[Check]:
    free = [leg for leg in signal.legs if not account.positions.get(leg.symbol, NOTHING_HELD).occupied]
    positions, most = Decimal(account.open_positions + len(free)), account.params.max_open_positions
    bare = round_up(unhedged_of_a_unit(tuple(of.value for of in unit)) * unit_of(state, signal).min_qty)
    return [
        Check("OPEN_POSITIONS_WITH_LEGS", positions, most, positions <= most),
        Check("UNIT_WITHIN_LEGGING_LIMIT", bare, limit, bare <= limit),
        *_check_levels(state, account, signal),
    ]


def _check_levels(state: State, account: Account, signal: Signal) -> list[Check]:
    """A stop of the spread as a whole must not be reached by what entering and closing at once would cost."""
    checks, stop, target = [], signal.spread_stop, signal.spread_target
    entering, closing, cost = ZERO, ZERO, ZERO
    for leg in signal.legs:
        quote, instrument = state.quotes[leg.symbol], state.instruments[leg.symbol]
        paid, back = leg.limit_price or touch(quote, leg.side), touch(quote, OPPOSITE[leg.side])
        entering, closing = entering + SIGN[leg.side] * leg.ratio * paid, closing + SIGN[leg.side] * leg.ratio * back
        lost = SIGN[leg.side] * leg.ratio * (paid - back) * instrument.contract_size
        cost += lost * (rate_up(state, account, instrument) or ONE)
    if stop is not None and stop.net_price is not None:
        nearest = plain(min(entering, closing))
        checks.append(Check("STOP_ON_WRONG_SIDE", stop.net_price, nearest, stop.net_price < nearest))
    elif stop is not None and stop.money is not None:
        checks.append(Check("STOP_ON_WRONG_SIDE", stop.money, round_up(cost), stop.money > cost))
    if target is not None and target.net_price is not None:
        farthest = plain(max(entering, closing))
        checks.append(Check("TARGET_ON_WRONG_SIDE", target.net_price, farthest, target.net_price > farthest))
    return checks


def unhedged_of_a_unit(values: tuple[Decimal, ...]) -> Decimal:
    """Return the most that can be filled of one unit without making it whole: all legs but the cheapest."""
    return sum(values, ZERO) - min(values)


# --- from the approval on ---------------------------------------------------------------------------------------------


def open_legs(tx: Tx, signal: Signal, approved: Sequence[Assignment], by: str) -> None:
    """Give every leg its share, so that the worst case of all of them is held from now on."""
    plan = tx.state.plans[signal.id].plan
    everyone = tuple(assignment for assignment in plan.assignments if assignment.verdict is Verdict.SEND)
    for number in range(1, len(signal.legs) + 1):
        alone = leg_signal(signal, number)
        if alone.id not in tx.state.signals:
            quote = tx.state.quotes.get(alone.symbol)
            decision_px = alone.limit_price or (
                None if quote is None or alone.side is None else touch(quote, alone.side)
            )
            why = f"leg {number} of {signal.id}"
            shares = tuple(_of_leg(assignment, number) for assignment in everyone)
            tx.apply(ev.SignalAccepted(alone))
            tx.apply(ev.PlanProposed(Plan(alone.id, alone.kind, alone.symbol, shares, why, alone.side, decision_px)))
        tx.apply(ev.PlanApproved(alone.id, by, tuple(_of_leg(assignment, number) for assignment in approved)))


def _of_leg(assignment: Assignment, number: int) -> Assignment:
    leg = assignment.legs[number - 1]
    return msgspec.structs.replace(assignment, qty=leg.qty, risk=leg.risk, margin=leg.margin, legs=(), checks=())


def resized(assignment: Assignment, units: Decimal) -> tuple[LegShare, ...]:
    """Return the legs of a share that was lowered to `units`."""
    if not assignment.qty:
        return ()
    part = units / assignment.qty
    return tuple(
        LegShare(
            leg.symbol, plain(leg.qty / assignment.qty * units), round_up(leg.risk * part), round_up(leg.margin * part)
        )
        for leg in assignment.legs
    )
