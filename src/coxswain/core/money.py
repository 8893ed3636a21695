"""Money in the account's currency: conversion at the adverse side, margin, and risk to the stop. No rule is here."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

from coxswain.core.params import NS_PER_S
from coxswain.core.position import Position
from coxswain.core.state import Account, State
from coxswain.model.decimals import ONE, ZERO, percent_of, plain, round_down, round_up
from coxswain.model.market import Instrument, is_sane
from coxswain.model.position import unrealized
from coxswain.model.vocabulary import BUY, SIGN, Side, Symbol


def rate_up(state: State, account: Account, instrument: Instrument) -> Decimal | None:
    """Return account currency for one unit of the instrument's, at the side that makes an amount owed larger."""
    return rate_between(state, instrument.currency, account.spec.currency)


def rate_between(state: State, source: str, target: str) -> Decimal | None:
    """Return `target` for one unit of `source`, at the side that makes an amount owed larger; None if none is fresh."""
    if source == target:
        return ONE
    quote = _fresh(state, state.pairs.get(f"{source}/{target}"))
    if quote is not None:
        return quote[1]
    quote = _fresh(state, state.pairs.get(f"{target}/{source}"))
    return None if quote is None else round_up(ONE / quote[0])


def rate_down(state: State, account: Account, instrument: Instrument) -> Decimal | None:
    """The same at the side that makes an amount received smaller."""
    source, target = instrument.currency, account.spec.currency
    if source == target:
        return ONE
    quote = _fresh(state, state.pairs.get(f"{source}/{target}"))
    if quote is not None:
        return quote[0]
    quote = _fresh(state, state.pairs.get(f"{target}/{source}"))
    return None if quote is None else round_down(ONE / quote[1])


def conversion_pair(state: State, account: Account, instrument: Instrument) -> Symbol | None:
    """Return the instrument whose quote converts into the account's currency; None where nothing is converted."""
    source, target = instrument.currency, account.spec.currency
    if source == target:
        return None
    return state.pairs.get(f"{source}/{target}") or state.pairs.get(f"{target}/{source}")


def _fresh(state: State, pair: Symbol | None) -> tuple[Decimal, Decimal] | None:
    quote = None if pair is None else state.quotes.get(pair)
    if quote is None or not is_sane(quote):
        return None
    if state.now_ns - quote.ts_ns > int(state.desk.quote_stale_s) * NS_PER_S:
        return None
    return quote.bid, quote.ask


@lru_cache(1024)  # the same for all accounts of a plan: 0.1 us instead of 0.9
def worth_of_lot(
    price: Decimal, contract_size: Decimal, rate: Decimal, margin_rate: Decimal
) -> tuple[Decimal, Decimal]:
    """Return the value of a lot in the account's currency, and the margin that it ties up."""
    value = round_up(price * contract_size * rate)
    return value, round_up(value * margin_rate)


@lru_cache(1024)  # likewise: 0.1 us instead of 1.0
def no_worse_than(at: Decimal, side: Side, pct: Decimal, tick: Decimal) -> Decimal:
    """Return the last tick that is no further from the touch than this share of it, on the side that is worse."""
    ticks = (at + SIGN[side] * percent_of(pct, at)) / tick
    return plain(ticks.to_integral_value(ROUND_FLOOR if side is BUY else ROUND_CEILING) * tick)


def position_margin(instrument: Instrument, cost: Decimal, rate: Decimal) -> Decimal:
    return round_up(abs(cost) * instrument.margin_rate * rate)


def position_risk(
    instrument: Instrument, qty: Decimal, cost: Decimal, stop_px: Decimal | None, rate: Decimal, assumed_pct: Decimal
) -> Decimal:
    """Return what is lost from the average price to the stop; without a stop, an assumed share of the value."""
    if stop_px is None:
        return round_up(percent_of(assumed_pct, abs(cost)) * rate)
    loss = cost - qty * stop_px * instrument.contract_size
    return round_up(loss * rate) if loss > 0 else ZERO


def loss_to_stop(state: State, account: Account, position: Position, stop_px: Decimal | None, risk: Decimal) -> Decimal:
    """Return what is lost from the last mark to a stop, where `risk` is what is lost to it from the average price.

    The worst case is equity less the open risk to stops (ADR 16), so that is what the stop leaves of it.

    Equity holds the open profit already, so a loss that is open is not lost again, and a profit is given back as far as
    the stop is from the mark. Beyond its stop a position is on its way out at the mark. Without a stop the assumed loss
    counts whole below a loss that is open, and below the average price where a profit is.
    """
    if not position.qty:
        return ZERO
    if stop_px is None:
        return risk + max(position.unrealized, ZERO)
    at_stop = risk or -_won_at_stop(state, account, position, stop_px)
    return max(at_stop + position.unrealized, ZERO)


def _won_at_stop(state: State, account: Account, position: Position, stop_px: Decimal) -> Decimal:
    """Return what a stop that is beyond the average price has locked in; nothing where no rate converts it."""
    instrument = state.instruments[position.symbol]
    won = position.qty * stop_px * instrument.contract_size - position.cost
    if won <= 0 or instrument.currency == account.spec.currency:
        return max(won, ZERO)
    rate = rate_down(state, account, instrument)
    return ZERO if rate is None else round_down(won * rate)


def mark(state: State, account: Account, position: Position) -> Decimal:
    """Return the open profit at the closing side of the last quote; the last known value where it cannot be told."""
    if not position.qty:
        return ZERO
    quote = state.quotes.get(position.symbol)
    if quote is None or not is_sane(quote):
        return position.unrealized
    instrument = state.instruments[position.symbol]
    price = quote.bid if position.qty > 0 else quote.ask
    profit = unrealized(position.qty, position.cost, price, instrument.contract_size)
    if instrument.currency == account.spec.currency:
        return profit
    rate = rate_down(state, account, instrument) if profit > 0 else rate_up(state, account, instrument)
    return position.unrealized if rate is None else round_down(profit * rate)
