"""When each account's share leaves, and by how much its size varies: to spread impact, crowding and rate limits.

Every difference is drawn from a hash, stands in the plan, and can be replayed. Money and eligibility are not here.
"""

import heapq
from decimal import Decimal

import msgspec

from coxswain.core.draws import draw, draw_pct
from coxswain.core.state import State
from coxswain.model.decimals import HUNDRED, ONE, ZERO, round_down
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId


class Timing(msgspec.Struct, frozen=True):
    account: AccountId
    delay_ms: int
    drawn_ms: int
    correlation: Decimal | None
    extra_ms: int
    reduction_pct: Decimal


def stagger(state: State, signal: Signal, accounts: tuple[AccountId, ...]) -> dict[AccountId, Timing]:
    """Give each account its own delay, in the order of release.

    The earliest is released first; each later one is measured against all released before it, and a correlation above
    the threshold puts it further back. That may let others pass it, so it is measured again when its turn comes.
    """
    desk = state.desk
    low, high = int(desk.min_timing_variance_ms), int(desk.max_timing_variance_ms)
    drawn = {account: draw(state.seed, signal.id, account, "timing", low, high) for account in accounts}
    order = {account: index for index, account in enumerate(accounts)}
    queue = [(drawn[account], order[account], account) for account in accounts]
    heapq.heapify(queue)
    released: dict[AccountId, Timing] = {}
    last_ms = -1
    while queue:
        tentative_ms, _, account = heapq.heappop(queue)
        rho = _highest(state, account, released)
        extra_ms, reduction_pct = _correlation_effect(state, rho, high)
        wanted_ms = drawn[account] + extra_ms
        if wanted_ms > tentative_ms:
            heapq.heappush(queue, (wanted_ms, order[account], account))
            continue
        # No two accounts share an instant, unless staggering is off.
        delay_ms = max(tentative_ms, last_ms + 1) if high else 0
        last_ms = delay_ms
        released[account] = Timing(account, delay_ms, drawn[account], rho, extra_ms, reduction_pct)
    return released


def _highest(state: State, account: AccountId, earlier: dict[AccountId, Timing]) -> Decimal | None:
    pairs = state.correlations.get(account, {})
    return max((rho for other, rho in pairs.items() if other in earlier), default=None)


def _correlation_effect(state: State, rho: Decimal | None, max_ms: int) -> tuple[int, Decimal]:
    """Return the extra delay and the size reduction: nothing at the threshold, all of it at a correlation of one."""
    threshold = state.desk.max_correlation_threshold
    if rho is None or rho <= threshold:
        return 0, ZERO
    excess = (rho - threshold) / (ONE - threshold)
    return int(max_ms * excess), round_down(state.desk.max_correlation_reduction_pct * excess)


def vary(
    state: State, signal: Signal, shares: dict[AccountId, Decimal], timings: dict[AccountId, Timing]
) -> dict[AccountId, tuple[Decimal, Decimal]]:
    """Vary each share downwards: (quantity before rounding, variation in per cent). What it takes off is nobody's."""
    desk, varied = state.desk, {}
    for account, qty in shares.items():
        low, high = desk.min_size_variance_pct, desk.max_size_variance_pct
        pct = draw_pct(state.seed, signal.id, account, "size", low, high)
        left = (HUNDRED - pct) * (HUNDRED - timings[account].reduction_pct) / (HUNDRED * HUNDRED)
        varied[account] = (qty * left, pct)
    return varied
