"""What `coxswain` exports, and what it costs to import."""

import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import coxswain
from coxswain.views.outside import Name
from tests.unit.api.desk import START, paper


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in coxswain.__all__:
        assert getattr(coxswain, name) is not None
    assert sorted(coxswain.__all__) == sorted(coxswain._ROOM_OF)


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import coxswain", ("coxswain.api", "coxswain.core", "msgspec", "asyncio", "sqlite3", "decimal")),
        ("from coxswain import TradeExecutionOrchestrator", ("typer", "pydantic", "rich", "numpy", "structlog")),
    ],
)
def test_an_import_brings_nothing_heavy_along(statement: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys; {statement}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_of_the_python_classes_has_every_public_name() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "PYTHON.md").read_text(encoding="utf-8")
    assert [name for name in coxswain.__all__ if not re.search(rf"`(await )?{name}\b", page)] == []


# --- what users were promised -----------------------------------------------------------------------------------------

VENUE = ("submit_order", "cancel_order", "modify_order", "get_order", "get_positions", "get_account_balance")
METHODS: dict[str, tuple[str, ...]] = {
    "TradeExecutionOrchestrator": (
        *("register_account", "process_signal", "execute_plan", "handle_failed_execution"),
        *("update_correlation_matrix", "pause_account", "resume_account", "get_account_status"),
        "get_execution_history",
    ),
    "ExecutionCoordinator": (
        *("register_platform", "monitor_execution", "handle_partial_fill", "cancel_incomplete_orders"),
        "get_execution_summary",
    ),
    "ExecutionEngine": (
        *("initialize", "start_trading", "submit_cross_system_order", "get_comprehensive_status", "emergency_stop"),
        *("emergency_liquidate_all", "add_event_handler", "session_metrics", "shutdown", "_synchronize_positions"),
        *("trading_systems", "order_manager", "position_manager", "portfolio_manager", "fast_path"),
    ),
    "TradingSystem": (*VENUE, "order_manager", "position_manager", "portfolio_manager"),
    "ExecutionManager": (
        *("handle_entry_signal", "handle_exit_signal", "handle_stop_adjustment", "process_signal", "submit_order"),
        *("cancel_order", "get_positions", "get_stats", "auto_execute", "add_event_handler"),
        *("order_router", "position_manager"),
    ),
    "OrderRouter": ("validate_order", "submit_order", "cancel_order", "modify_order", "get_order"),
    "OrderManager": ("get_order", "get_orders", "get_open_orders"),
    "PositionManager": (
        *("open_position", "close_position", "get_positions", "get_closed_positions", "get_metrics", "reconcile"),
    ),
    "PortfolioManager": ("get_stats",),
    "FastExecutionPath": ("execute",),
    "PaperTradingVenue": VENUE,
    "ExecutionVenue": VENUE,
}
FIELDS: dict[str, tuple[str, ...]] = {
    "TradeSignal": (
        *("id", "symbol", "side", "entry_price", "stop_loss", "take_profit", "confidence", "risk_reward_ratio"),
        *("signal_time", "metadata"),
    ),
    "ExecutionPlan": ("signal_id", "account_assignments", "timing_variance", "size_variance", "rationale"),
    "AccountAssignment": ("account_id", "position_size", "entry_timing_delay", "priority"),
    "ExecutionResult": (
        *("signal_id", "account_id", "order_id", "success", "error_message", "execution_time"),
        *("actual_entry_price", "slippage"),
    ),
    "ExecutionMonitor": ("order_id", "account_id", "expected_quantity", "filled_quantity", "status"),
    "ExecutionAuditEntry": (*("id", "timestamp", "signal_id", "action", "decision_rationale", "result", "metadata"),),
    "AccountStatus": (
        *("account_id", "is_active", "available_margin", "risk_budget_remaining", "daily_drawdown", "open_positions"),
    ),
    "Order": ("symbol", "side", "quantity", "order_type", "fills", "rejection_reason"),
    "OrderParams": ("symbol", "side", "quantity", "order_type"),
    "ManagedPosition": ("stop_loss", "unrealized_pnl", "realized_pnl"),
    "AccountBalance": ("cash", "equity", "buying_power"),
    "ExecutionStats": (
        *("total_orders", "filled_orders", "cancelled_orders", "rejected_orders", "fill_rate", "average_fill_time"),
        *("total_commissions", "total_slippage", "largest_win", "largest_loss", "average_win", "average_loss"),
        *("win_rate", "profit_factor", "sharpe_ratio", "max_drawdown"),
    ),
    "PositionMetrics": ("return_percent", "risk_reward_ratio", "holding_period", "efficiency"),
    "PortfolioStats": (
        *("total_positions", "total_value", "total_unrealized_pnl", "total_realized_pnl", "avg_position_size"),
        *("winning_positions", "losing_positions"),
    ),
}
WORDS: dict[str, tuple[str, ...]] = {
    "OrderSide": ("BUY", "SELL"),
    "OrderType": ("MARKET", "LIMIT", "STOP", "TRAILING_STOP"),
    "OrderStatus": ("PARTIALLY_FILLED",),
    "TradingMode": ("PAPER",),
    "ExecutionMode": ("MANUAL", "SEMI_AUTO", "FULL_AUTO", "RESEARCH", "EMERGENCY"),
    "FrameworkEventType": ("ENTRY_SIGNAL", "EXIT_SIGNAL", "STOP_ADJUSTMENT"),
}
OPTIONS = (
    *("initial_capital", "commission", "commission_percent", "slippage_percent", "fill_delay"),
    *("reject_rate", "partial_fill_rate"),
)
EVENTS = (
    *("ORDER_SUBMITTED", "ORDER_FILLED", "ORDER_REJECTED", "POSITION_OPENED", "POSITION_CLOSED"),
    *("RISK_LIMIT_BREACHED", "EXECUTION_ERROR"),
)


@pytest.fixture(scope="module")
def ones() -> dict[str, object]:
    """One of each class that carries promised methods."""

    async def make() -> dict[str, object]:
        engine = await coxswain.create_execution_engine({"brokers": {"east": paper()}}, start=START)
        system, manager = engine.trading_systems["east"], coxswain.ExecutionManager(engine)
        made: list[object] = [
            engine,
            system,
            system.order_manager,
            system.position_manager,
            system.portfolio_manager,
            manager,
        ]
        made += [system.fast_path, manager.order_router, paper(), coxswain.ExecutionVenue(engine._desk, "east")]
        made += [coxswain.TradeExecutionOrchestrator(start=START), coxswain.ExecutionCoordinator()]
        found = {type(each).__name__: each for each in made}
        await engine.shutdown()
        return found

    return asyncio.run(make())


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in METHODS.items() for name in names])
def test_a_method_that_was_promised_is_there(ones: dict[str, object], kind: str, name: str) -> None:
    assert name in dir(ones[kind])


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_that_was_promised_is_there(kind: str) -> None:
    fields = getattr(coxswain, kind).__struct_fields__
    assert set(FIELDS[kind]) <= set(fields)


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_that_was_promised_is_there(kind: str) -> None:
    assert set(WORDS[kind]) <= {member.name for member in getattr(coxswain, kind)}


def test_every_option_of_the_paper_venue_and_every_event_that_was_promised_is_there() -> None:
    assert set(OPTIONS) <= set(inspect.signature(coxswain.PaperTradingVenue).parameters)
    assert set(EVENTS) <= {name.value for name in Name}
