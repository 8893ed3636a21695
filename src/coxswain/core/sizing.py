"""What one account would take of a signal by its own means: risk over loss, scaled down, then capped.

Nothing here knows of other accounts, of the allocation, or of lot steps. Money is in the account's currency.
"""

from decimal import Decimal

import msgspec

from coxswain.core.eligibility import daily_drawdown_pct, risk_budget_left
from coxswain.core.state import NOTHING_HELD, Account, State, available_margin, equity
from coxswain.model.decimals import ONE, ZERO, percent_of, round_down, text
from coxswain.model.market import Instrument
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Side


class Sized(msgspec.Struct, frozen=True):
    """What one account would take of a signal by its own means, unrounded."""

    qty: Decimal
    risk_budget: Decimal
    why: str
    lot_risk: Decimal


def own_size(
    state: State, account: Account, signal: Signal, instrument: Instrument, entry: Decimal, rate: Decimal
) -> Sized:
    """Return what the account would take alone: risk money over the loss of one lot to its stop, scaled, then capped.

    Risk money is the least of risk per trade, risk budget left and headroom to the daily loss limit. Without a stop
    the caps alone decide, within the signal's quantity.
    """
    params = account.params
    budget = risk_budget_left(account)
    lot_value = entry * instrument.contract_size * rate
    price = signal.limit_price or _worse(state, signal, entry)
    if signal.stop_loss is None:
        lot_risk = percent_of(state.desk.assumed_stop_pct, lot_value)
    else:
        lot_risk = abs(price - signal.stop_loss) * instrument.contract_size * rate
    loss_limit = percent_of(params.max_daily_loss_pct, account.anchor)
    at_stops = account.open_risk + account.held_risk + account.planned_risk
    headroom = loss_limit - (account.anchor - equity(account)) - at_stops
    limits = {
        "risk per trade": percent_of(params.risk_per_trade_pct, equity(account)),
        "risk budget left": budget,
        "headroom to the daily loss limit": headroom,
    }
    binding = min(limits, key=limits.__getitem__)
    scale = _scale(account, signal)
    by_risk = max(limits[binding], ZERO) * scale / lot_risk if lot_risk > 0 else ZERO
    caps = _caps(account, signal, instrument, lot_value)
    if signal.stop_loss is None:
        caps["the signal's quantity"] = (signal.quantity or ZERO) * scale
    else:
        caps[binding] = by_risk
    tightest = min(caps, key=caps.__getitem__)
    why = f"{tightest}; scaled by {text(scale)}"
    return Sized(round_down(max(caps[tightest], ZERO)), max(budget, ZERO), why, lot_risk)


def _worse(state: State, signal: Signal, hoped_for: Decimal) -> Decimal:
    """A market order trades at the market, whatever the signal's price: size it by the one that loses more."""
    quote = state.quotes.get(signal.symbol)
    if quote is None or signal.side is None:
        return hoped_for
    return max(hoped_for, quote.ask) if signal.side is Side.BUY else min(hoped_for, quote.bid)


def _scale(account: Account, signal: Signal) -> Decimal:
    """Scale down linearly to zero between half of the drawdown limit and the limit, and by the signal's confidence."""
    limit, drawdown = account.params.max_daily_drawdown_pct, daily_drawdown_pct(account)
    scale = ONE
    if limit > 0 and drawdown > limit / 2:
        scale = max(2 * (limit - drawdown) / limit, ZERO)
    return round_down(scale * (ONE if signal.confidence is None else signal.confidence))


def _caps(account: Account, signal: Signal, instrument: Instrument, lot_value: Decimal) -> dict[str, Decimal]:
    """What no size may exceed, whatever the risk: the limits that the gate will hold the order to."""
    params = account.params
    position = account.positions.get(signal.symbol, NOTHING_HELD)
    sign = 1 if signal.side is Side.BUY else -1
    held = position.held_buy if signal.side is Side.BUY else position.held_sell
    return {
        "max_order_qty": params.max_order_qty,
        "max_order_value": params.max_order_value / lot_value,
        "max_position_qty": params.max_position_qty - position.qty * sign - held,
        "available margin": available_margin(account) / (lot_value * instrument.margin_rate),
    }
