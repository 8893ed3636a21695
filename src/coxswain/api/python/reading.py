"""Rows of the views as the values that programs get. Nothing is worked out here that a view has not said."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from coxswain.api.python.errors import ValidationError
from coxswain.api.python.types import (
    AccountAssignment,
    AccountStatus,
    Discrepancy,
    ExcludedAccount,
    ExecutionPlan,
    ExecutionResult,
    ExecutionStats,
    Fill,
    ManagedPosition,
    Order,
    OrderStatus,
    PortfolioStats,
    PositionMetrics,
)
from coxswain.api.python.values import moment
from coxswain.messages.events import BreakFound
from coxswain.model.checks import reason
from coxswain.model.decimals import HUNDRED, plain
from coxswain.model.vocabulary import SignalId, TradingState, Verdict
from coxswain.views.blotter import OrderRow
from coxswain.views.performance import PerformanceRow, PortfolioRow
from coxswain.views.plans import Outcome, PlanAccount, PlanRow
from coxswain.views.positions import AccountRow, PositionRow, Protection
from coxswain.views.stats import MoneyRow
from coxswain.views.summary import Summary

Row = TypeVar("Row", MoneyRow, PerformanceRow)
ONE_MS = timedelta(milliseconds=1)


def plan_of(row: PlanRow) -> ExecutionPlan:
    sends = [share for share in row.accounts if share.verdict is Verdict.SEND and not share.recovery]
    return ExecutionPlan(
        row.plan.signal_id,
        tuple(
            AccountAssignment(share.account, share.qty, share.delay_ms * ONE_MS, share.priority)
            for share in sorted(sends, key=lambda share: share.priority)
        ),
        {share.account: share.delay_ms * ONE_MS for share in sends},
        {share.account: plain(share.size_variance_pct / HUNDRED) for share in sends},
        row.plan.rationale,
        row.plan.warnings,
        tuple(
            ExcludedAccount(share.account, tuple(reason(check) for check in share.checks if not check.passed))
            for share in row.accounts
            if share.verdict is Verdict.SKIP
        ),
    )


def result_of(signal_id: str, share: PlanAccount) -> ExecutionResult:
    """Say what came of a share; one that still waits for its release is open."""
    found = share.result
    if found is None:
        why = "it waits for its release, or for a person"
        return ExecutionResult(signal_id, share.account, None, None, Outcome.WORKING, why, None, None, None)
    taken = None if found.execution_time_ms is None else _milliseconds(found.execution_time_ms)
    return ExecutionResult(
        signal_id,
        share.account,
        found.order_id,
        found.success,
        found.outcome,
        found.error,
        taken,
        found.actual_entry_price,
        found.slippage_bps,
        found.filled_qty,
        share.recovery,
    )


def results_of(summary: Summary, signal_id: str) -> list[ExecutionResult]:
    """Say what came of every share of a plan that was to be sent, recoveries last."""
    row = summary.plans.row(SignalId(signal_id))
    return [result_of(signal_id, share) for share in row.accounts if share.verdict is Verdict.SEND]


def status_of(row: OrderRow) -> OrderStatus:
    return OrderStatus(row.ord_status) if row.outcome_known else OrderStatus.UNKNOWN


def order_of(summary: Summary, row: OrderRow) -> Order:
    fills = (fill for fill in summary.blotter.live_fills() if fill.cl_ord_id == row.cl_ord_id) if row.cum_qty else ()
    return Order(
        row.symbol,
        row.side,
        row.order_qty,
        row.ord_type,
        row.price,
        row.stop_px,
        row.time_in_force,
        reduce_only=not row.enters,
        account_id=row.account,
        client_order_id=row.signal_id,
        order_id=row.cl_ord_id,
        status=status_of(row),
        filled_quantity=row.cum_qty,
        remaining_quantity=row.leaves_qty,
        average_price=row.avg_px,
        commission=row.commission,
        rejection_reason=row.reason,
        created_at=moment(row.created_ns),
        fills=tuple(Fill(fill.last_qty, fill.last_px, moment(fill.booked_ns), fill.commission) for fill in fills),
    )


def position_of(summary: Summary, row: PositionRow) -> ManagedPosition:
    quote = summary.book.quotes.get(row.symbol)
    closing = None if quote is None or not row.qty else quote.bid if row.qty > 0 else quote.ask
    return ManagedPosition(
        row.account,
        row.symbol,
        "flat" if not row.qty else "long" if row.qty > 0 else "short",
        abs(row.qty),
        row.avg_px if row.qty else None,
        closing,
        row.stop_px,
        row.target_px,
        row.unrealized_pnl if row.qty else None,
        row.realized_pnl,
        row.commission,
        bool(row.qty) and row.protection is Protection.VENUE,
        None if row.opened_ns is None else moment(row.opened_ns),
        row.currency,
    )


def metrics_of(row: PositionRow) -> PositionMetrics:
    held = None if row.holding_ms is None else row.holding_ms * ONE_MS
    return PositionMetrics(row.return_pct, row.risk_reward, held, row.pnl_per_day)


def account_of(row: AccountRow) -> AccountStatus:
    return AccountStatus(
        row.account,
        row.venue,
        row.currency,
        row.state is TradingState.ACTIVE,
        row.state,
        tuple(row.causes),
        row.balance,
        row.equity,
        row.available_margin,
        row.risk_budget_left,
        plain(row.daily_drawdown_pct / HUNDRED),
        row.open_positions,
        row.unprotected_positions,
    )


def discrepancy_of(found: BreakFound) -> Discrepancy:
    return Discrepancy(
        found.break_id,
        found.account,
        found.kind,
        found.severity,
        found.symbol,
        found.ours,
        found.theirs,
        found.detail,
    )


def stats_of(summary: Summary, currency: str | None) -> ExecutionStats:
    row = summary.stats.figures()
    money = _chosen(row.money, currency)
    performance = _chosen(summary.performance.figures(), currency)
    return ExecutionStats(
        row.total_orders,
        row.filled_orders,
        row.cancelled_orders,
        row.rejected_orders,
        row.denied_orders,
        row.fill_rate_pct,
        row.average_fill_time_ms,
        None if performance is None else performance.currency,
        Decimal(0) if money is None else money.commission,
        None if money is None else money.slippage,
        None if money is None else money.largest_win,
        None if money is None else money.largest_loss,
        None if money is None else money.average_win,
        None if money is None else money.average_loss,
        row.win_rate_pct,
        None if money is None else money.profit_factor,
        None if performance is None else performance.sharpe_ratio,
        None if performance is None else performance.max_drawdown_pct,
    )


def portfolio_of(row: PortfolioRow) -> PortfolioStats:
    return PortfolioStats(
        row.currency,
        row.total_positions,
        row.total_value,
        row.total_unrealized_pnl,
        row.total_realized_pnl,
        row.average_position_size,
        row.winning_positions,
        row.losing_positions,
    )


def _chosen(rows: Iterable[Row], currency: str | None) -> Row | None:
    """Return the row of a currency. Money of different currencies is never added up, so one must be named."""
    by_currency = {row.currency: row for row in rows}
    if currency is None and len(by_currency) > 1:
        raise ValidationError(field="currency", value=None, wanted=f"one of {', '.join(by_currency)}")
    return by_currency.get(currency) if currency is not None else next(iter(by_currency.values()), None)


def _milliseconds(value: Decimal) -> timedelta:
    return timedelta(microseconds=int(value * 1000))
