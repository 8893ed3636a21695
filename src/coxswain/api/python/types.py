"""The values that the public classes take and give. Numbers may come in as floats; they go out as `Decimal`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.api.python.values import Number
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import (
    LeggingRule,
    Mode,
    OrdType,
    Side,
    SignalKind,
    TimeInForce,
    TradingState,
    TriggerSource,
)
from coxswain.views.plans import Outcome

OrderSide = Side
OrderType = OrdType
ExecutionMode = Mode
"""MANUAL, SEMI_AUTO, FULL_AUTO, RESEARCH or EMERGENCY."""


class TradingMode(StrEnum):
    PAPER = "PAPER"
    LIVE = "LIVE"


class OrderStatus(StrEnum):
    """Where an order stands, as FIX has it; UNKNOWN where nobody can say."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_REPLACE = "PENDING_REPLACE"
    UNKNOWN = "UNKNOWN"


# --- signals and plans ------------------------------------------------------------------------------------------------


class TrailingStop(msgspec.Struct, frozen=True):
    """How a stop follows the market: by an `amount` or by per cent of it, never both."""

    amount: Number | None = None
    pct: Number | None = None
    activation_price: Number | None = None
    """It stands still until the market has been there."""
    source: TriggerSource | None = None
    """None: the side that the stop would trade at."""


class Leg(msgspec.Struct, frozen=True):
    """One instrument of a spread: `ratio` lots of it in a unit."""

    symbol: str
    side: OrderSide
    ratio: Number
    limit_price: Number | None = None
    """It waits there for the day; without it the leg crosses the market."""
    stop_loss: Number | None = None
    """Of this leg's position alone, likewise the target."""
    take_profit: Number | None = None


class SpreadLevel(msgspec.Struct, frozen=True):
    """Where a spread as a whole is left: at the price of a unit, or by what a unit loses or wins."""

    net_price: Number | None = None
    money: Number | None = None
    """In the account's currency."""


class SecondOrder(msgspec.Struct, frozen=True):
    """The second order of a signal, in `oco` or `then`; what it does not say is the signal's."""

    side: OrderSide
    order_type: OrderType | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    stop_loss: Number | None = None
    take_profit: Number | None = None
    trailing_stop: TrailingStop | None = None


class TradeSignal(msgspec.Struct, frozen=True):
    """A wish to trade, for every account that can take it: an entry, unless `kind` says otherwise.

    The fields are those of a signal as a line of JSON, by the same names, and read by the same rules: docs/SIGNALS.md
    says which of them mean something on which kind. What is None, or empty, is left out. A signal that cannot be
    understood raises `ValidationError` with a sentence for each field that is wrong.
    """

    id: str
    symbol: str = ""
    """Left out where each of `legs` has its own, and where an exit names a `spread`; likewise `side`."""
    side: OrderSide | None = None
    """Of an exit or a stop adjustment: the side of the position that is meant."""
    entry_price: Number | None = None
    """The decision price; without it the touch when it is planned."""
    stop_loss: Number | None = None
    take_profit: Number | None = None
    confidence: Number | None = None
    """0 to 1."""
    risk_reward_ratio: Number | None = None
    signal_time: datetime | None = None
    """With a zone; None is now. In virtual time the engine's clock goes there first, if it is not there yet."""
    metadata: Mapping[str, object] = {}
    """Free; no rule reads it. A `strategy` in it is the signal's, where that names none."""
    quantity: Number | None = None
    """Lots over all accounts, and a cap on each; needed where there is no stop. Of a spread, whole units."""
    strategy: str = ""
    accounts: tuple[str, ...] = ()
    """Only these; empty means all."""
    ttl_s: int | None = None
    """Seconds that it lives; None is the setting `signal_ttl_s`."""
    kind: SignalKind = SignalKind.ENTRY
    order_type: OrderType | None = None
    """None is MARKET; an exit leaves at the market."""
    limit_price: Number | None = None
    """The limit of a LIMIT or STOP_LIMIT, the trigger of a STOP."""
    stop_price: Number | None = None
    """The trigger of a STOP_LIMIT."""
    time_in_force: TimeInForce | None = None
    """None is DAY."""
    expire_time: datetime | None = None
    """With a zone: when a GTD order ends."""
    trailing_stop: TrailingStop | None = None
    algo: Mapping[str, object] | None = None
    """`name` and the parameters of docs/ALGORITHMS.md."""
    legs: tuple[Leg, ...] = ()
    """2 to 4 instruments as one; the next three go with it."""
    max_unhedged_value: Number | None = None
    max_unhedged_s: int | None = None
    on_legging_limit: LeggingRule | None = None
    spread_stop: SpreadLevel | None = None
    spread_target: SpreadLevel | None = None
    spread: str | None = None
    """Of an exit: the id of the signal with `legs` that is left."""
    oco: SecondOrder | None = None
    """Another entry of which one cancels the other."""
    then: SecondOrder | None = None
    """Another entry that follows this one."""
    reason: str = ""


class AccountAssignment(msgspec.Struct, frozen=True):
    """One account's share of a plan."""

    account_id: str
    position_size: Decimal
    """Lots."""
    entry_timing_delay: timedelta
    priority: int
    """1 is released first."""


class ExcludedAccount(msgspec.Struct, frozen=True):
    account_id: str
    reasons: tuple[str, ...]
    """Every check that failed, with its value and its limit."""


class ExecutionPlan(msgspec.Struct, frozen=True):
    signal_id: str
    account_assignments: tuple[AccountAssignment, ...]
    timing_variance: Mapping[str, timedelta]
    size_variance: Mapping[str, Decimal]
    """By how much each size was lowered, as a share: 0.08 is 8 per cent."""
    rationale: str
    warnings: tuple[str, ...] = ()
    excluded: tuple[ExcludedAccount, ...] = ()


class ExecutionResult(msgspec.Struct, frozen=True):
    """What came of one account's share, as it stands now."""

    signal_id: str
    account_id: str
    order_id: str | None
    success: bool | None
    """None while it is open or unknown."""
    outcome: Outcome
    error_message: str | None
    execution_time: timedelta | None
    """From the order's creation to its last fill; the planned delay lies before it."""
    actual_entry_price: Decimal | None
    slippage: Decimal | None
    """Basis points of that price against the decision price, adverse positive."""
    filled_quantity: Decimal = ZERO
    is_recovery: bool = False
    """It took over from another account, whose order was rejected."""


class ExecutionAuditEntry(msgspec.Struct, frozen=True):
    """One decision, or what came of one."""

    id: str
    timestamp: datetime
    signal_id: str | None
    action: str
    decision_rationale: str
    description: str
    """One sentence for people."""
    result: ExecutionResult | None
    """Of the account that the entry is about, as it stands now; None where the entry is about no account's share."""
    metadata: Mapping[str, str] = {}


class AccountStatus(msgspec.Struct, frozen=True):
    """An account as it stands. Money is in its own currency."""

    account_id: str
    platform: str
    """The venue."""
    currency: str
    is_active: bool
    """It may enter."""
    trading_state: TradingState
    causes: tuple[str, ...]
    """Why it may not trade freely."""
    balance: Decimal | None
    """None until the venue's books have been seen."""
    equity: Decimal
    available_margin: Decimal
    risk_budget_remaining: Decimal | None
    daily_drawdown: Decimal
    """A share of the day's anchor: 0.04 is 4 per cent."""
    open_positions: int
    unprotected_positions: int


# --- orders -----------------------------------------------------------------------------------------------------------


class OrderParams(msgspec.Struct, frozen=True):
    """What an order is to be. An `Order` is one too."""

    symbol: str
    side: OrderSide
    quantity: Number
    """Lots."""
    order_type: OrderType = OrdType.MARKET
    limit_price: Number | None = None
    stop_price: Number | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    stop_loss: Number | None = None
    """Of the position that it opens; the engine places it on the first fill, likewise the target."""
    take_profit: Number | None = None
    reduce_only: bool = False
    account_id: str | None = None
    """None: the first account of the venue or, without one, of the engine."""
    client_order_id: str | None = None
    """Names this order for good: it is never sent twice under one name. None gives it a name of its own."""


class Fill(msgspec.Struct, frozen=True):
    quantity: Decimal
    price: Decimal
    time: datetime
    commission: Decimal


class Order(OrderParams, frozen=True):
    """An order: what it is to be, and from `order_id` on what became of it."""

    order_id: str | None = None
    """None until it is submitted."""
    status: OrderStatus = OrderStatus.PENDING_NEW
    filled_quantity: Decimal = ZERO
    remaining_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    commission: Decimal = ZERO
    rejection_reason: str = ""
    created_at: datetime | None = None
    fills: tuple[Fill, ...] = ()


class PartialFill(msgspec.Struct, frozen=True):
    order_id: str
    filled_quantity: Decimal
    remaining_quantity: Decimal
    fill_price: Decimal
    timestamp: datetime


class ExecutionMonitor(msgspec.Struct, frozen=True):
    """How far an order has come."""

    order_id: str
    account_id: str
    expected_quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    status: OrderStatus
    average_price: Decimal | None
    partial_fills: tuple[PartialFill, ...]
    completion_orders: tuple[str, ...] = ()
    """Orders for the rest, which followed it."""

    @property
    def is_complete(self) -> bool:
        return self.filled_quantity >= self.expected_quantity


class ExecutionSummary(msgspec.Struct, frozen=True):
    """Orders of the accounts that a coordinator watches."""

    total_orders: int
    filled: int
    partially_filled: int
    working: int
    cancelled: int
    rejected: int
    expired: int
    unknown: int
    completion_orders: int
    filled_quantity: Decimal
    fill_rate: Decimal | None
    """Per cent of the orders that are over; None where none is."""


# --- positions and money ----------------------------------------------------------------------------------------------


class ManagedPosition(msgspec.Struct, frozen=True):
    """A position as the engine has it. Money is in the account's currency."""

    account_id: str
    symbol: str
    direction: str
    """`long`, `short`, or `flat` once it is closed."""
    quantity: Decimal
    entry_price: Decimal | None
    current_price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal
    """Of every fill of this account in this instrument, before commission."""
    commission: Decimal
    protected: bool
    """A stop that works at the venue covers all of it."""
    opened_at: datetime | None
    currency: str


class BrokerPosition(msgspec.Struct, frozen=True):
    """A position as the venue's books have it."""

    account_id: str
    symbol: str
    quantity: Decimal
    """Long positive."""


class AccountBalance(msgspec.Struct, frozen=True):
    account_id: str
    currency: str
    cash: Decimal
    """As the venue's books have it."""
    equity: Decimal
    buying_power: Decimal
    used_margin: Decimal
    unrealized_pnl: Decimal


class PositionMetrics(msgspec.Struct, frozen=True):
    return_percent: Decimal | None
    risk_reward_ratio: Decimal | None
    holding_period: timedelta | None
    efficiency: Decimal | None
    """Profit a day."""


class PortfolioStats(msgspec.Struct, frozen=True):
    """Of all accounts in one currency."""

    currency: str
    total_positions: int
    total_value: Decimal | None
    total_unrealized_pnl: Decimal
    total_realized_pnl: Decimal
    avg_position_size: Decimal | None
    winning_positions: int
    losing_positions: int


class ExecutionStats(msgspec.Struct, frozen=True):
    """Figures of all orders, and of the money of one currency; None where there is too little data."""

    total_orders: int
    filled_orders: int
    cancelled_orders: int
    rejected_orders: int
    denied_orders: int
    """By our own gate; not among the total."""
    fill_rate: Decimal | None
    """Per cent."""
    average_fill_time: Decimal | None
    """Milliseconds."""
    currency: str | None
    total_commissions: Decimal
    total_slippage: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    win_rate: Decimal | None
    """Per cent."""
    profit_factor: Decimal | None
    sharpe_ratio: Decimal | None
    max_drawdown: Decimal | None
    """Per cent."""


class Discrepancy(msgspec.Struct, frozen=True):
    """An open break: where the engine's books and the venue's differ."""

    break_id: str
    account_id: str
    kind: str
    severity: str
    symbol: str | None
    ours: Decimal | None
    theirs: Decimal | None
    detail: str


class Liquidation(msgspec.Struct, frozen=True):
    """What a liquidation did, and what it has still to close."""

    did: tuple[str, ...]
    did_not: tuple[str, ...]
    undo: str
    remaining: tuple[ManagedPosition, ...]
    open_orders: tuple[Order, ...]
    """What may still fill, or nobody knows the outcome of."""


class EmergencyStop(msgspec.Struct, frozen=True):
    did: tuple[str, ...]
    did_not: tuple[str, ...]
    undo: str
