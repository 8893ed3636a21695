"""The core's own settings, with their defaults: what the configuration may say about planning, waiting and comparing.

Percentages are in per cent. A check's settings stand in its own file under `risk/checks`.
"""

from decimal import Decimal
from functools import lru_cache

import msgspec

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class DeskParams(msgspec.Struct, frozen=True):
    """For the whole engine."""

    min_confidence: Decimal = Decimal("0.5")
    max_correlation_threshold: Decimal = Decimal("0.7")
    max_correlation_reduction_pct: Decimal = Decimal(30)
    min_timing_variance_ms: Decimal = Decimal(1000)
    max_timing_variance_ms: Decimal = Decimal(30000)
    min_size_variance_pct: Decimal = Decimal(5)
    max_size_variance_pct: Decimal = Decimal(15)
    monitor_timeout_s: Decimal = Decimal(60)
    completion_timeout_s: Decimal = Decimal(30)
    completion_gap_ms: Decimal = Decimal(1000)
    """Before the second completion order; doubled before each one after it."""
    max_retries: Decimal = Decimal(3)
    recovery_size_pct: Decimal = Decimal(95)
    quote_stale_s: Decimal = Decimal(60)
    position_sync_s: Decimal = Decimal(60)
    submit_timeout_s: Decimal = Decimal(5)
    cancel_timeout_s: Decimal = Decimal(5)
    query_timeout_s: Decimal = Decimal(10)
    settle_window_s: Decimal = Decimal(2)
    archive_after_s: Decimal = Decimal(3600)
    """What is over leaves the engine's memory after this."""
    semi_auto_max_value: Decimal = Decimal(100_000)
    max_approval_drift_pct: Decimal = Decimal(1)
    release_needs_two: Decimal = Decimal(0)
    """1: a stop of everything is released by two persons."""
    settle_needs_two: Decimal = Decimal(0)
    """1: an order that nobody can ask about is settled by two persons."""
    trail_step_ticks: Decimal = Decimal(5)
    """The least way that a stop is moved after the market, so that messages stay few."""
    max_plan_value: Decimal = Decimal(1000000)
    max_strategy_exposure: Decimal = Decimal(20000000)
    max_strategy_exposure_of: dict[str, Decimal] = {}
    """By strategy; the one above counts for all others."""
    max_venue_messages_per_s: Decimal = Decimal(200)
    max_strategy_messages_per_s: Decimal = Decimal(50)
    assumed_stop_pct: Decimal = Decimal(2)
    """What a position without a stop is counted as risking, of its value."""
    assumed_volatility_pct: Decimal = Decimal(1)
    """A day's standard deviation of an instrument whose own has not been observed."""
    flat_by_lead_s: Decimal = Decimal(60)
    limit_raise_needs_two: Decimal = Decimal(0)
    limit_proposal_ttl_s: Decimal = Decimal(3600)
    override_max_s: Decimal = Decimal(3600)
    circuit_breaker_engine_count: Decimal = Decimal(3)


class AccountParams(msgspec.Struct, frozen=True):
    """For one account, read while planning."""

    min_available_margin: Decimal = Decimal(1000)
    max_daily_drawdown_pct: Decimal = Decimal(4)
    max_open_positions: Decimal = Decimal(3)
    max_open_orders: Decimal = Decimal(20)
    risk_per_trade_pct: Decimal = Decimal(1)
    risk_budget_pct: Decimal = Decimal(5)
    max_daily_loss_pct: Decimal = Decimal(5)
    circuit_breaker_window_s: Decimal = Decimal(300)
    circuit_breaker_max_loss_pct: Decimal = Decimal(2)
    """Of the highest equity within the window; 0 turns any of these off."""
    circuit_breaker_max_drawdown_pct: Decimal = Decimal(0)
    """Of the day's highest equity."""
    circuit_breaker_max_rejects: Decimal = Decimal(0)
    circuit_breaker_max_slippage_bps: Decimal = Decimal(0)
    circuit_breaker_max_venue_errors: Decimal = Decimal(0)
    circuit_breaker_stale_quotes: Decimal = Decimal(0)
    circuit_breaker_max_volatility_pct: Decimal = Decimal(0)
    circuit_breaker_cooldown_s: Decimal = Decimal(300)
    circuit_breaker_half_open_size_pct: Decimal = Decimal(25)
    ladder_warn_pct: Decimal = Decimal(60)
    """Of a limit on losses used up, like the steps after it."""
    ladder_reduce_pct: Decimal = Decimal(75)
    ladder_no_new_risk_pct: Decimal = Decimal(85)
    ladder_flatten_pct: Decimal = Decimal(95)
    ladder_hysteresis_pct: Decimal = Decimal(5)
    ladder_reduced_size_pct: Decimal = Decimal(50)
    ladder_flatten: Decimal = Decimal(0)
    max_order_qty: Decimal = Decimal(10000)
    max_order_value: Decimal = Decimal(250000)
    max_position_qty: Decimal = Decimal(50000)
    max_strategy_position_qty: Decimal = Decimal(50000)
    max_strategy_position_qty_of: dict[str, Decimal] = {}
    """By strategy; the one above counts for all others."""
    auto_adopt_breaks: Decimal = Decimal(0)
    stop_gap_pct: Decimal = Decimal(0)
    target_volatility_pct: Decimal = Decimal(0)
    max_drawdown_pct: Decimal = Decimal(10)
    max_static_drawdown_pct: Decimal = Decimal(10)
    market_protection_pct: Decimal = Decimal(1)
    price_drift_window_s: Decimal = Decimal(60)
    repeat_window_s: Decimal = Decimal(60)
    cancel_window_s: Decimal = Decimal(300)
    reject_window_s: Decimal = Decimal(300)
    max_leverage: Decimal = Decimal(10)
    max_gross_exposure: Decimal = Decimal(5000000)
    max_messages_per_s: Decimal = Decimal(50)


@lru_cache(1024)  # nine times an order, of a dozen settings: 0.07 us instead of 0.24
def seconds_ns(seconds: Decimal) -> int:
    return int(seconds * NS_PER_S)


def millis_ns(millis: Decimal) -> int:
    return int(millis) * NS_PER_MS
