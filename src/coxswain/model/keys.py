"""The table of limits and settings: what each key is, its unit, its default, and whether this version acts on it.

The defaults stand again beside the code that uses them, in the `Params` of checks and core; a test keeps both equal.
What a key does must never be decided here. Files and commands are held to the same ranges.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

import msgspec

from coxswain.model.decimals import HUNDRED, ONE, ZERO
from coxswain.model.signal import TTL_S_MAX

DAY_MS = 86_400_000


class Scope(StrEnum):
    DESK = "desk"
    """One value for the whole engine, under `settings`."""
    ACCOUNT = "account"
    """Under `limits` for all accounts; an account's own `limits` take precedence."""


class Unit(StrEnum):
    """What a value counts. It also says which values make sense."""

    MONEY = "account currency"
    PERCENT = "per cent"
    SHARE = "0 to 1"
    COUNT = "count"
    LOTS = "lots"
    MULTIPLE = "times equity"
    MILLISECONDS = "ms"
    SECONDS = "s"


class Range(NamedTuple):
    wanted: str
    holds: Callable[[Decimal], bool]


def _is_whole(value: Decimal) -> bool:
    return not value % ONE


_NOT_NEGATIVE = Range("a number of 0 or more", lambda value: value >= ZERO)
RANGES: dict[Unit, Range] = {
    Unit.MONEY: _NOT_NEGATIVE,
    Unit.LOTS: _NOT_NEGATIVE,
    Unit.MULTIPLE: _NOT_NEGATIVE,
    Unit.PERCENT: Range("a number from 0 to 100, in per cent", lambda value: ZERO <= value <= HUNDRED),
    Unit.SHARE: Range("a number from 0 to 1", lambda value: ZERO <= value <= ONE),
    Unit.COUNT: Range("a whole number of 0 or more", lambda value: value >= ZERO and _is_whole(value)),
    Unit.MILLISECONDS: Range(
        f"a whole number of milliseconds from 0 to {DAY_MS}", lambda value: ZERO <= value <= DAY_MS and _is_whole(value)
    ),
    # Each is a time to wait for something; after no time at all it would be over before it began.
    Unit.SECONDS: Range(
        f"a whole number of seconds from 1 to {TTL_S_MAX}", lambda value: ONE <= value <= TTL_S_MAX and _is_whole(value)
    ),
}


class Key(msgspec.Struct, frozen=True):
    name: str
    scope: Scope
    default: Decimal
    unit: Unit
    comment: str
    enforced: bool = True
    """False: the value is kept and shown, and nothing acts on it yet."""


def _desk(name: str, default: str, unit: Unit, comment: str, enforced: bool = True) -> Key:
    return Key(name, Scope.DESK, Decimal(default), unit, comment, enforced)


def _account(name: str, default: str, unit: Unit, comment: str, enforced: bool = True) -> Key:
    return Key(name, Scope.ACCOUNT, Decimal(default), unit, comment, enforced)


GROUPS: tuple[tuple[str, tuple[Key, ...]], ...] = (
    (
        "Which signals are taken, and for how long",
        (
            _desk("min_confidence", "0.5", Unit.SHARE, "a signal that is less sure is denied"),
            _desk("signal_ttl_s", "300", Unit.SECONDS, "a signal lives this long where it says nothing else"),
            _desk("quote_stale_s", "60", Unit.SECONDS, "nothing is decided on a quote older than this"),
            _desk("volatility_bar_s", "300", Unit.SECONDS, "volatility is observed on bars of this length"),
            _desk("assumed_volatility_pct", "1", Unit.PERCENT, "a day's, where none has been observed yet"),
            _desk("quote_interval_ms", "1000", Unit.MILLISECONDS, "the least time between two looks at an instrument"),
            _desk("max_desk_gross_exposure", "50000000", Unit.MONEY, "of all accounts, in the desk's currency"),
            _desk("max_desk_net_exposure", "50000000", Unit.MONEY, "the same, long less short, the worse way"),
            _desk("max_desk_position_qty", "500000", Unit.LOTS, "in one instrument, over all accounts"),
            _desk("max_strategy_exposure", "20000000", Unit.MONEY, "of one strategy, gross, over all accounts"),
            _desk("max_currency_exposure", "50000000", Unit.MONEY, "in instruments of one currency, gross"),
            _desk("max_group_exposure", "20000000", Unit.MONEY, "in one group of instruments, gross"),
            _desk("max_venue_messages_per_s", "200", Unit.COUNT, "orders and changes sent to one venue"),
            _desk("max_strategy_messages_per_s", "50", Unit.COUNT, "orders and changes sent for one strategy"),
            _desk("max_plan_value", "1000000", Unit.MONEY, "the most that one plan may be worth; desk's currency"),
        ),
    ),
    (
        "Who is asked: modes and approvals",
        (
            _desk("semi_auto_max_value", "100000", Unit.MONEY, "in SEMI_AUTO a plan worth more waits; desk's currency"),
            _desk("max_approval_drift_pct", "1", Unit.PERCENT, "a price that moved further refuses an approval"),
            _desk("release_needs_two", "0", Unit.COUNT, "1: a stop of everything is released by two persons"),
            _desk("settle_needs_two", "0", Unit.COUNT, "1: an order nobody can ask about is settled by two persons"),
        ),
    ),
    (
        "How accounts differ, to spread market impact, crowding and rate limits",
        (
            _desk("min_timing_variance_ms", "1000", Unit.MILLISECONDS, "the least delay of an account in a plan"),
            _desk("max_timing_variance_ms", "30000", Unit.MILLISECONDS, "the most; 0 and 0 turn delays off"),
            _desk("min_size_variance_pct", "5", Unit.PERCENT, "the least by which an account's size is lowered"),
            _desk("max_size_variance_pct", "15", Unit.PERCENT, "the most; 0 and 0 leave sizes alone"),
            _desk(
                "max_correlation_threshold", "0.7", Unit.SHARE, "above it the later account waits longer and takes less"
            ),
            _desk("max_correlation_reduction_pct", "30", Unit.PERCENT, "how much less it takes at a correlation of 1"),
        ),
    ),
    (
        "Partial fills and rejects",
        (
            _desk("monitor_timeout_s", "60", Unit.SECONDS, "the rest of a partly filled entry is cancelled after this"),
            _desk("completion_timeout_s", "30", Unit.SECONDS, "a completion order may work this long"),
            _desk(
                "completion_gap_ms", "1000", Unit.MILLISECONDS, "before the second completion order; doubled each time"
            ),
            _desk("max_retries", "3", Unit.COUNT, "completion orders for one entry"),
            _desk("recovery_size_pct", "95", Unit.PERCENT, "what another account takes of a rejected order's rest"),
        ),
    ),
    (
        "Venues: waiting, asking and comparing",
        (
            _desk(
                "submit_timeout_s", "5", Unit.SECONDS, "an order without an answer by then is unknown, and is asked for"
            ),
            _desk("cancel_timeout_s", "5", Unit.SECONDS, "the same for a cancel or a replace"),
            _desk("query_timeout_s", "10", Unit.SECONDS, "a question without an answer by then is asked again"),
            _desk("settle_window_s", "2", Unit.SECONDS, "a difference younger than this may still be on its way"),
            _desk(
                "archive_after_s",
                "3600",
                Unit.SECONDS,
                "what is over for this long leaves the memory; the journal keeps it",
            ),
            _desk(
                "flat_by_lead_s", "60", Unit.SECONDS, "before a firm's hours without positions, everything is closed"
            ),
            _desk("trail_step_ticks", "5", Unit.COUNT, "a trailing stop is moved when it would move by at least this"),
            _desk("position_sync_s", "60", Unit.SECONDS, "each account is compared with its venue's books this often"),
            _desk(
                "assumed_stop_pct", "2", Unit.PERCENT, "what a position without a stop counts as risking, of its value"
            ),
        ),
    ),
    (
        "Which accounts take part",
        (
            _account("min_available_margin", "1000", Unit.MONEY, "with less free margin an account takes no entry"),
            _account(
                "max_daily_drawdown_pct",
                "4",
                Unit.PERCENT,
                "below the day's anchor; from half of it on, entries shrink to none",
            ),
            _account("max_open_positions", "3", Unit.COUNT, "instruments held at once"),
            _account("max_open_orders", "20", Unit.COUNT, "orders working at once"),
            _account("auto_adopt_breaks", "0", Unit.COUNT, "1 adopts what two comparisons found to differ alike"),
        ),
    ),
    (
        "How much an account takes",
        (
            _account("risk_per_trade_pct", "1", Unit.PERCENT, "lost of equity if the entry goes to its stop"),
            _account(
                "risk_budget_pct",
                "5",
                Unit.PERCENT,
                "a day's losses and open risk, of the balance at the reset",
            ),
            _account("stop_gap_pct", "0", Unit.PERCENT, "of its price: what a stop may be missed by"),
            _account(
                "target_volatility_pct",
                "0",
                Unit.PERCENT,
                "a day's; above it sizes shrink; unknown is denied; 0 is off",
            ),
            _account("min_account_balance", "0", Unit.MONEY, "stays free after all that is reserved"),
        ),
    ),
    (
        "Before a limit on losses is reached: shares of it that are used up",
        (
            _account("ladder_warn_pct", "60", Unit.PERCENT, "it is said"),
            _account("ladder_reduce_pct", "75", Unit.PERCENT, "entries are smaller"),
            _account("ladder_reduced_size_pct", "50", Unit.PERCENT, "that small"),
            _account("ladder_no_new_risk_pct", "85", Unit.PERCENT, "the account only reduces"),
            _account("ladder_flatten_pct", "95", Unit.PERCENT, "everything is closed, where the next key says so"),
            _account("ladder_flatten", "0", Unit.COUNT, "1 closes everything at that share; 0 leaves it to people"),
            _account("ladder_hysteresis_pct", "5", Unit.PERCENT, "so far below a step it is left again"),
        ),
    ),
    (
        "Circuit breakers of an account: 0 turns one off",
        (
            _account("circuit_breaker_max_loss_pct", "2", Unit.PERCENT, "lost of equity within the window"),
            _account("circuit_breaker_max_drawdown_pct", "0", Unit.PERCENT, "below the day's highest equity"),
            _account("circuit_breaker_max_rejects", "0", Unit.COUNT, "orders that the venue rejects in the window"),
            _account("circuit_breaker_max_slippage_bps", "0", Unit.COUNT, "adverse slippage of its fills, summed"),
            _account("circuit_breaker_max_venue_errors", "0", Unit.COUNT, "outcomes lost from sight in the window"),
            _account("circuit_breaker_stale_quotes", "0", Unit.COUNT, "held instruments without a fresh quote"),
            _account("circuit_breaker_max_volatility_pct", "0", Unit.PERCENT, "a day's, of an instrument held"),
            _account("circuit_breaker_window_s", "300", Unit.SECONDS, "that window"),
            _account("circuit_breaker_cooldown_s", "300", Unit.SECONDS, "before an open breaker is half-open"),
            _account("circuit_breaker_half_open_size_pct", "25", Unit.PERCENT, "how large entries then are"),
        ),
    ),
    (
        "Circuit breakers of the desk",
        (_desk("circuit_breaker_engine_count", "3", Unit.COUNT, "so many open ones let all accounts only reduce"),),
    ),
    (
        "Changing limits while the engine runs",
        (
            _desk("limit_raise_needs_two", "0", Unit.COUNT, "1: what may let more through waits for a second person"),
            _desk("limit_proposal_ttl_s", "3600", Unit.SECONDS, "it waits this long"),
            _desk("override_max_s", "3600", Unit.SECONDS, "the longest that an override of a soft control may be good"),
        ),
    ),
    (
        "What the gate refuses",
        (
            _account("max_order_qty", "10000", Unit.LOTS, "the most in one order"),
            _account("max_order_value", "250000", Unit.MONEY, "the most that one order may be worth"),
            _account("max_position_qty", "50000", Unit.LOTS, "the most in one position, open orders included"),
            _account("max_daily_loss_pct", "5", Unit.PERCENT, "a day's loss and open risk, of the day's anchor"),
            _account("price_collar_dynamic_pct", "2", Unit.PERCENT, "how far from the market an order's price may be"),
            _account("price_collar_static_pct", "10", Unit.PERCENT, "the same, from the price that the day began with"),
            _account("max_drawdown_pct", "10", Unit.PERCENT, "below the highest equity ever"),
            _account(
                "market_protection_pct", "1", Unit.PERCENT, "beyond the touch a market order that enters may trade"
            ),
            _account("max_static_drawdown_pct", "10", Unit.PERCENT, "below the first balance"),
            _account("max_gross_exposure", "5000000", Unit.MONEY, "value of all positions and open orders"),
            _account("max_net_exposure", "5000000", Unit.MONEY, "the same, long less short, the worse way"),
            _account("max_strategy_position_qty", "50000", Unit.LOTS, "of one strategy in one position"),
            _account("max_displayed_multiple", "100", Unit.COUNT, "times the size that the quote shows; soft"),
            _account("max_volume_pct", "10", Unit.PERCENT, "of the instrument's daily_volume, where stated; soft"),
            _account("max_orders_per_minute", "300", Unit.COUNT, "orders sent"),
            _account("max_price_drift_pct", "5", Unit.PERCENT, "between our own entries; beyond it the account stops"),
            _account("price_drift_window_s", "60", Unit.SECONDS, "that are no older than this"),
            _account("max_repeats", "20", Unit.COUNT, "entries of a strategy that are alike; then the account stops"),
            _account("repeat_window_s", "60", Unit.SECONDS, "within this"),
            _account("max_cancels_per_trade", "50", Unit.COUNT, "with more the account stops"),
            _account("cancels_free", "100", Unit.COUNT, "so many are never too many"),
            _account("cancel_window_s", "300", Unit.SECONDS, "both within this"),
            _account("max_reject_pct", "50", Unit.PERCENT, "of orders, rejected or unanswered; then the account stops"),
            _account("rejects_free", "10", Unit.COUNT, "so many are never too many"),
            _account("reject_window_s", "300", Unit.SECONDS, "both within this"),
            _account("duplicate_window_ms", "1000", Unit.MILLISECONDS, "no order again within it; 0 is off; soft"),
            _account("max_leverage", "10", Unit.MULTIPLE, "value of all positions and open orders"),
            _account("max_orders_per_day", "1000", Unit.COUNT, "orders sent"),
            _account("max_messages_per_s", "50", Unit.COUNT, "orders sent, and as many cancels again"),
        ),
    ),
)

TABLE: tuple[Key, ...] = tuple(key for _, keys in GROUPS for key in keys)
KEYS: dict[str, Key] = {key.name: key for key in TABLE}
SETTINGS: tuple[Key, ...] = tuple(key for key in TABLE if key.scope is Scope.DESK)
LIMITS: tuple[Key, ...] = tuple(key for key in TABLE if key.scope is Scope.ACCOUNT)

LADDER = ("ladder_warn_pct", "ladder_reduce_pct", "ladder_no_new_risk_pct", "ladder_flatten_pct")
"""Shares of a limit on losses, none of which is below the one before it."""
BY_STRATEGY = ("max_strategy_position_qty", "max_strategy_exposure")
"""Limits that may have a value for one strategy as well; the general one counts for all others."""


def of_strategy(key: str, strategy: str) -> str:
    """Name one strategy's value of a limit: `max_strategy_exposure:trend`."""
    return f"{key}:{strategy}"


def general(name: str) -> str:
    """Return the key that a name is one strategy's value of; any other name is its own."""
    key, _, strategy = name.partition(":")
    return key if key in BY_STRATEGY and strategy else name


def by_strategy(key: str, values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the values of single strategies among `values`, by strategy."""
    start = of_strategy(key, "")
    return {name[len(start) :]: value for name, value in values.items() if name.startswith(start) and name != start}


# Which way a change lets less through: lower, unless a key is named here.
HIGHER_IS_SAFER = frozenset(
    (
        "min_confidence",
        "min_available_margin",
        "min_account_balance",
        "assumed_stop_pct",
        "assumed_volatility_pct",
        "stop_gap_pct",
        "ladder_hysteresis_pct",
        "circuit_breaker_cooldown_s",
        "price_drift_window_s",
        "repeat_window_s",
        "limit_raise_needs_two",
        "release_needs_two",
        "settle_needs_two",
        "duplicate_window_ms",
        "flat_by_lead_s",
    )
)
NEITHER_IS_SAFER = frozenset(
    (
        "min_timing_variance_ms",
        "max_timing_variance_ms",
        "min_size_variance_pct",
        "max_size_variance_pct",
        "max_correlation_reduction_pct",
        "monitor_timeout_s",
        "completion_timeout_s",
        "completion_gap_ms",
        "submit_timeout_s",
        "cancel_timeout_s",
        "query_timeout_s",
        "settle_window_s",
        "archive_after_s",
        "position_sync_s",
        "circuit_breaker_window_s",
        "limit_proposal_ttl_s",
        "ladder_flatten",
        "auto_adopt_breaks",
        "cancel_window_s",
        "reject_window_s",
    )
)
ZERO_IS_OFF = frozenset(
    (
        "target_volatility_pct",
        "duplicate_window_ms",
        "circuit_breaker_max_loss_pct",
        "circuit_breaker_max_drawdown_pct",
        "circuit_breaker_max_rejects",
        "circuit_breaker_max_slippage_bps",
        "circuit_breaker_max_venue_errors",
        "circuit_breaker_stale_quotes",
        "circuit_breaker_max_volatility_pct",
        "circuit_breaker_engine_count",
    )
)
"""Keys that turn a rule off with 0, which lets more through, though it is lower."""
AT_START = frozenset(("signal_ttl_s", "quote_interval_ms", "volatility_bar_s"))
"""Read once, at the start: no command changes them."""
