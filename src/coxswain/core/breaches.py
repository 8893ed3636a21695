"""How likely the accounts of a plan break a loss limit within a day: each alone, at least one, all of them together.

The model. Until the same time tomorrow the profit of account i is normal with mean 0 and variance

    sigma_i^2 = ((b_i + q_i) v_i)^2 + sum over its other positions (value * volatility)^2

with `b_i + q_i` the lots it holds and is to get, `v_i` the money that one lot moves by in a standard deviation. An
instrument that was not observed moves by `assumed_volatility_pct`; instruments are taken to be independent. A limit
breaks where the loss at the end of the day exceeds the headroom: `p_i = Phi(-H_i / sigma_i)`. A path may touch it and
come back, which is not counted, and stops are not counted either.

Jointly, one factor drives all accounts. The squared loading of i is `c_i^2 + (1 - c_i^2) m_i`: `c_i` is the part of
sigma_i that comes from the plan's instrument, which all hold, and `m_i` the mean of its given correlations with the
others, for what remains. Given the factor the accounts are independent; the factor is summed over (a trapezoid of 97
points). Where every squared loading is 0.98 or more all are taken as 1, and nothing is summed: the accounts break in
the order of their distances.

All of it is whole numbers and decimals: the same plan gives the same figures everywhere.
"""

from collections import Counter
from collections.abc import Container, Sequence
from decimal import Decimal

import msgspec

from coxswain.core.eligibility import headroom, volatility_of
from coxswain.core.position import NOTHING_HELD
from coxswain.core.state import Account, State
from coxswain.model.decimals import HUNDRED, ONE, ZERO, percent_of, plain
from coxswain.model.normal import FARTHEST, UNIT, WHOLE, cdf, weights
from coxswain.model.plan import Breaches
from coxswain.model.vocabulary import AccountId, Side, Symbol

POINTS_PER_UNIT = 8
POINTS_TO = 6
AS_ONE = Decimal("0.98")
"""Squared loadings from here on are taken as 1; nearer to it the points of the sum lie too far apart."""


class Exposure(msgspec.Struct, frozen=True):
    """One account after the plan: how many standard deviations its headroom is, and what it shares with the others."""

    distance: int
    """In parts of `UNIT`."""
    loading: Decimal
    """Squared; negative where the account loses when the others win."""


def breaches_of(
    state: State, symbol: Symbol, side: Side, shares: dict[AccountId, tuple[Decimal, Decimal]]
) -> Breaches | None:
    """Tell the breaches to expect of a plan, from each account's (lots, money that a lot is worth)."""
    if not shares:
        return None
    observed = volatility_of(state, symbol)
    pct = state.desk.assumed_volatility_pct if observed is None else observed.ewma_pct
    exposures = [
        _exposure(state, state.accounts[account_id], symbol, side, qty, percent_of(pct, lot_value), shares)
        for account_id, (qty, lot_value) in shares.items()
    ]
    expected = sum(cdf(-exposure.distance) for exposure in exposures)
    any_of, all_of = jointly(exposures)
    return Breaches(_told(expected), _told(any_of), _told(all_of), pct, observed is not None)


def _exposure(
    state: State,
    account: Account,
    symbol: Symbol,
    side: Side,
    qty: Decimal,
    lot_moves: Decimal,
    others: Container[AccountId],
) -> Exposure:
    held = account.positions.get(symbol, NOTHING_HELD).qty * (1 if side is Side.BUY else -1)
    shared = (held + qty) * lot_moves
    variance = shared * shared + _variance_of_others(state, account, symbol)
    room = headroom(state, account)
    if room <= 0 or not variance:
        return Exposure(-FARTHEST * UNIT if room <= 0 else FARTHEST * UNIT, ZERO)
    distance = min(int(room / variance.sqrt() * UNIT), FARTHEST * UNIT)
    part = shared * shared / variance
    given = state.correlations.get(account.spec.id, {})
    known = [rho for other, rho in given.items() if other in others]
    mean = max(sum(known, ZERO) / len(known), ZERO) if known else ZERO
    loading = part + (ONE - part) * mean
    return Exposure(distance, loading if shared >= 0 else -loading)


def _variance_of_others(state: State, account: Account, symbol: Symbol) -> Decimal:
    """Return the variance of a day's profit on what the account holds in other instruments."""
    variance = ZERO
    for position in account.positions.values() if account.open_positions else ():
        if position.qty and position.symbol != symbol:
            observed = volatility_of(state, position.symbol)
            pct = state.desk.assumed_volatility_pct if observed is None else observed.ewma_pct
            value = position.margin / state.instruments[position.symbol].margin_rate
            variance += (value * pct / HUNDRED) ** 2
    return variance


def jointly(exposures: Sequence[Exposure]) -> tuple[int, int]:
    """Return the probabilities, in parts of `WHOLE`, that at least one breaks and that all do."""
    if all(abs(exposure.loading) >= AS_ONE for exposure in exposures):
        with_it = [cdf(-e.distance) for e in exposures if e.loading > 0]
        against = [cdf(-e.distance) for e in exposures if e.loading < 0]
        at_least_one = max(with_it, default=0) + max(against, default=0)
        together = min(with_it, default=WHOLE) + min(against, default=WHOLE) - WHOLE
        return min(at_least_one, WHOLE), max(together, 0)
    alike = Counter(_conditional(exposure) for exposure in exposures)
    none_of = all_of = 0
    for index, weight in enumerate(weights(POINTS_PER_UNIT, POINTS_TO)):
        point = index - POINTS_PER_UNIT * POINTS_TO
        spared, broken = WHOLE, WHOLE
        for (level, slope), count in alike.items():
            breaks = cdf(level - slope * point // POINTS_PER_UNIT)
            spared = spared * _power(WHOLE - breaks, count) // WHOLE
            broken = broken * _power(breaks, count) // WHOLE
        none_of += weight * spared
        all_of += weight * broken
    return WHOLE - none_of // WHOLE, all_of // WHOLE


def _conditional(exposure: Exposure) -> tuple[int, int]:
    """Return (level, slope) of where an account breaks: below `level - slope * factor`, in parts of `UNIT`."""
    squared = min(abs(exposure.loading), AS_ONE)
    rest = (ONE - squared).sqrt()
    slope = int((squared / (ONE - squared)).sqrt() * UNIT)
    return int(-exposure.distance / rest), slope if exposure.loading >= 0 else -slope


def _power(base: int, exponent: int) -> int:
    """Raise parts of `WHOLE` to a power, in parts of `WHOLE`."""
    result = WHOLE
    while exponent:
        if exponent & 1:
            result = result * base // WHOLE
        base = base * base // WHOLE
        exponent >>= 1
    return result


def _told(parts: int) -> Decimal:
    """Write parts of `WHOLE` with six digits."""
    return plain(Decimal((parts + 500_000) // 1_000_000).scaleb(-6))
