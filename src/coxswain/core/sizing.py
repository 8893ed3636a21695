"""What one account would take of a signal by its own means: risk over loss, scaled down, then capped.

Nothing here knows of other accounts, of the allocation, or of lot steps. Money is in the account's currency.
"""

import math
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from coxswain.core.breakers import half_open_pct
from coxswain.core.eligibility import LossLimit, every_loss_limit, loss_limits, risk_budget_left, volatility_of
from coxswain.core.exposure import name_of
from coxswain.core.money import rate_between
from coxswain.core.position import NO_PART, NOTHING_HELD
from coxswain.core.state import Account, State, equity, spare_margin
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.model.decimals import HUNDRED, ONE, ZERO, percent_of, round_down, round_up
from coxswain.model.exposure import NO_EXPOSURE
from coxswain.model.keys import of_strategy
from coxswain.model.market import Instrument, is_sane, touch
from coxswain.model.plan import Factor
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import LadderStep, Side

POSITION, EXPOSURE = "max_strategy_position_qty", "max_strategy_exposure"


class Sized(msgspec.Struct, frozen=True):
    """What one account would take of a signal by its own means, unrounded."""

    qty: Decimal
    risk_budget: Decimal
    why: str
    factors: tuple[Factor, ...]
    lot_risk: Decimal
    rate: Decimal
    """Account currency for one unit of the instrument's."""
    lot_value: Decimal
    """As the gate will measure it, in the account's currency."""


def own_size(
    state: State, account: Account, signal: Signal, instrument: Instrument, entry: Decimal, rate: Decimal
) -> Sized:
    """Return what the account would take alone: risk money over the loss of one lot to its stop, scaled, then capped.

    Risk money is the least of risk per trade, risk budget left and headroom to each loss limit. The loss of one lot is
    its way to the stop and the gap that the stop may be missed by. Without a stop the caps alone decide, within the
    signal's quantity.
    """
    params = account.params
    budget = risk_budget_left(account)
    lot_value = round_up(_judged_px(state, signal, entry) * instrument.contract_size * rate)
    at_stops = account.to_stops + account.held_risk + account.planned_risk
    limits = {
        "risk per trade": percent_of(params.risk_per_trade_pct, equity(account)),
        "risk budget left": budget,
    }
    for limit in loss_limits(account):
        if limit.breaks:
            limits[f"headroom to the {limit.name}"] = limit.limit - limit.used - at_stops
    binding = min(limits, key=limits.__getitem__)
    factors = _factors(state, account, signal)
    scale = math.prod((factor.value for factor in factors), start=ONE)
    lot_risk = _lot_risk(state, account, signal, instrument, entry, rate)
    caps = _caps(state, account, signal, instrument, lot_value)
    if signal.stop_loss is None:
        caps["the signal's quantity"] = (signal.quantity or ZERO) * scale
    else:
        caps[binding] = max(limits[binding], ZERO) * scale / lot_risk if lot_risk > 0 else ZERO
    tightest = min(caps, key=caps.__getitem__)
    if tightest != binding and signal.stop_loss is not None:
        factors = ()  # a limit that holds as it is was tighter than what they scaled
    qty = round_down(max(caps[tightest], ZERO))
    return Sized(qty, max(budget, ZERO), tightest, factors, lot_risk, rate, lot_value)


def _lot_risk(
    state: State, account: Account, signal: Signal, instrument: Instrument, entry: Decimal, rate: Decimal
) -> Decimal:
    """Return what one lot loses if it goes to its stop, and past it by the gap that is allowed for."""
    if signal.stop_loss is None:
        return percent_of(state.desk.assumed_stop_pct, entry * instrument.contract_size * rate)
    price = signal.limit_price or _worse(state, signal, entry)
    gap_pct = max(account.params.stop_gap_pct, instrument.stop_gap_pct)
    distance = abs(price - signal.stop_loss) + percent_of(gap_pct, signal.stop_loss)
    return distance * instrument.contract_size * rate


def _worse(state: State, signal: Signal, hoped_for: Decimal) -> Decimal:
    """A market order trades at the market, whatever the signal's price: size it by the one that loses more."""
    quote = state.quotes.get(signal.symbol)
    if quote is None or signal.side is None:
        return hoped_for
    return max(hoped_for, quote.ask) if signal.side is Side.BUY else min(hoped_for, quote.bid)


def _factors(state: State, account: Account, signal: Signal) -> tuple[Factor, ...]:
    """Return what scales the risk that is taken: the signal's confidence, losses and the instrument's volatility."""
    factors = [] if signal.confidence in (None, ONE) else [Factor("confidence", signal.confidence)]
    left = {limit.name: _left_of(limit) for limit in every_loss_limit(state, account)}
    most_used = min(left, key=left.__getitem__)
    if left[most_used] < ONE:
        factors.append(Factor(most_used, left[most_used]))
    half_open = half_open_pct(account)
    if half_open < HUNDRED:
        factors.append(Factor("half-open breaker", half_open / HUNDRED))
    if any(step is not LadderStep.WARN for step in account.ladder.values()):
        factors.append(Factor("loss ladder", account.params.ladder_reduced_size_pct / HUNDRED))
    target, observed = account.params.target_volatility_pct, volatility_of(state, signal.symbol)
    if target > 0 and observed is not None and observed.ewma_pct > target:
        factors.append(Factor("volatility", round_down(target / observed.ewma_pct)))
    return tuple(factors)


def _left_of(limit: LossLimit) -> Decimal:
    """Return what losses leave of a size: all of it up to half of the limit, then linearly less, at the limit none."""
    if limit.limit <= 0 or limit.used * 2 <= limit.limit:
        return ONE
    return max(round_down(2 * (limit.limit - limit.used) / limit.limit), ZERO)


def _judged_px(state: State, signal: Signal, hoped_for: Decimal) -> Decimal:
    """Return the price that the gate will measure the order by: its limit or trigger, else where it would trade."""
    quote = state.quotes.get(signal.symbol)
    if signal.limit_price is not None or quote is None or signal.side is None or not is_sane(quote):
        return signal.limit_price or hoped_for
    return touch(quote, signal.side)


def _caps(
    state: State, account: Account, signal: Signal, instrument: Instrument, lot_value: Decimal
) -> dict[str, Decimal]:
    """What no size may exceed, whatever the risk: the limits that the gate will hold the order to."""
    params = account.params
    position = account.positions.get(signal.symbol, NOTHING_HELD)
    buys = signal.side is Side.BUY
    sign, held = (1, position.held_buy) if buys else (-1, position.held_sell)
    caps = {
        "max_order_qty": params.max_order_qty,
        "max_order_value": params.max_order_value / lot_value,
        "max_position_qty": params.max_position_qty - position.qty * sign - held,
    }
    caps |= {name: money / lot_value for name, money in room_in_money(state, account, signal.strategy).items()}
    if signal.strategy:
        part = position.parts.get(signal.strategy, NO_PART)
        name, most = limit_of_strategy(
            POSITION, params.max_strategy_position_qty_of, params.max_strategy_position_qty, signal.strategy
        )
        caps[name] = most - part.qty * sign - (part.held_buy if buys else part.held_sell)
    # A venue reserves for the worst price that an order at market may trade at.
    reserved = lot_value * instrument.margin_rate * (HUNDRED + params.market_protection_pct)
    caps["available margin"] = spare_margin(account) * HUNDRED / reserved
    return caps


def room_in_money(state: State, account: Account, strategy: str) -> dict[str, Decimal]:
    """Return how much more each limit on what is held lets an account hold, in its currency."""
    params, gross = account.params, account.exposure.gross
    room = {
        "max_leverage": params.max_leverage * equity(account) - gross,
        "max_gross_exposure": params.max_gross_exposure - gross,
    }
    rate = rate_between(state, account.spec.currency, state.currency)
    if strategy and rate is not None:  # without one nothing is planned
        name, left = room_of_strategy(state, strategy)
        room[name] = left / rate
    return room


def room_of_strategy(state: State, strategy: str) -> tuple[str, Decimal]:
    """Return how much more a strategy may hold on all accounts together, in the desk's currency, and by which limit."""
    desk, held = state.desk, state.exposures.get(name_of("strategy", strategy), NO_EXPOSURE)
    name, most = limit_of_strategy(EXPOSURE, desk.max_strategy_exposure_of, desk.max_strategy_exposure, strategy)
    return name, most - held.gross


def limit_of_strategy(key: str, own: Mapping[str, Decimal], general: Decimal, strategy: str) -> tuple[str, Decimal]:
    """Return the limit that counts for a strategy under the name that it is set by: its own, else the general one."""
    return (of_strategy(key, strategy), own[strategy]) if strategy in own else (key, general)


def on_volatility(tx: Tx, message: inp.VolatilityObserved) -> None:
    """Take over how much an instrument moves; one that is not configured is nobody's."""
    if message.symbol in tx.state.instruments:
        tx.apply(ev.VolatilitySet(message.symbol, message.ewma_pct, message.atr, message.as_of_ns))
