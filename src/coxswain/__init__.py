"""Coxswain: a self-hosted trade execution engine.

The public classes and values are imported when they are first asked for, so that `import coxswain` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_ROOMS = {
    "coxswain.api.python.coordinator": ("ExecutionCoordinator",),
    "coxswain.api.python.engine": (
        "ExecutionEngine",
        "TradingSystem",
    ),
    "coxswain.app.programs": ("create_execution_engine",),
    "coxswain.api.python.manager": (
        "ExecutionManager",
        "FrameworkEvent",
        "FrameworkEventType",
    ),
    "coxswain.api.python.parts": (
        "FastExecutionPath",
        "OrderManager",
        "OrderRouter",
        "PortfolioManager",
        "PositionManager",
    ),
    "coxswain.app.config.programs": ("load_config",),
    "coxswain.api.python.errors": (
        *("EngineElsewhere", "ExecutionError", "JournalBehind", "OrderDenied", "OutcomeUnknown", "PositionError"),
        *("SystemFault", "ValidationError", "VenueError"),
    ),
    "coxswain.api.python.orchestrator": ("TradeExecutionOrchestrator",),
    "coxswain.api.python.types": (
        *("AccountAssignment", "AccountBalance", "AccountStatus", "BrokerPosition", "Discrepancy", "EmergencyStop"),
        *("ExcludedAccount", "ExecutionAuditEntry", "ExecutionMode", "ExecutionMonitor", "ExecutionPlan"),
        *("ExecutionResult", "ExecutionStats", "ExecutionSummary", "Fill", "Liquidation", "ManagedPosition", "Order"),
        *("Leg", "OrderParams", "OrderSide", "OrderStatus", "OrderType", "PartialFill", "PortfolioStats"),
        *("PositionMetrics", "SecondOrder", "SpreadLevel", "TradeSignal", "TradingMode", "TrailingStop"),
    ),
    "coxswain.api.python.values": ("instrument",),
    "coxswain.api.python.venue": ("ExecutionVenue", "PaperTradingVenue"),
    "coxswain.model.market": ("Instrument", "Quote"),
    "coxswain.model.vocabulary": ("LeggingRule", "SignalKind", "TimeInForce", "TradingState", "TriggerSource"),
    "coxswain.views.outside": ("OutsideEvent",),
    "coxswain.views.plans": ("Outcome",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

if TYPE_CHECKING:
    from coxswain.api.python.coordinator import ExecutionCoordinator
    from coxswain.api.python.engine import ExecutionEngine, TradingSystem
    from coxswain.api.python.errors import (
        EngineElsewhere,
        ExecutionError,
        JournalBehind,
        OrderDenied,
        OutcomeUnknown,
        PositionError,
        SystemFault,
        ValidationError,
        VenueError,
    )
    from coxswain.api.python.manager import ExecutionManager, FrameworkEvent, FrameworkEventType
    from coxswain.api.python.orchestrator import TradeExecutionOrchestrator
    from coxswain.api.python.parts import (
        FastExecutionPath,
        OrderManager,
        OrderRouter,
        PortfolioManager,
        PositionManager,
    )
    from coxswain.api.python.types import (
        AccountAssignment,
        AccountBalance,
        AccountStatus,
        BrokerPosition,
        Discrepancy,
        EmergencyStop,
        ExcludedAccount,
        ExecutionAuditEntry,
        ExecutionMode,
        ExecutionMonitor,
        ExecutionPlan,
        ExecutionResult,
        ExecutionStats,
        ExecutionSummary,
        Fill,
        Leg,
        Liquidation,
        ManagedPosition,
        Order,
        OrderParams,
        OrderSide,
        OrderStatus,
        OrderType,
        PartialFill,
        PortfolioStats,
        PositionMetrics,
        SecondOrder,
        SpreadLevel,
        TradeSignal,
        TradingMode,
        TrailingStop,
    )
    from coxswain.api.python.values import instrument
    from coxswain.api.python.venue import ExecutionVenue, PaperTradingVenue
    from coxswain.app.config.programs import load_config
    from coxswain.app.programs import create_execution_engine
    from coxswain.model.market import Instrument, Quote
    from coxswain.model.vocabulary import LeggingRule, SignalKind, TimeInForce, TradingState, TriggerSource
    from coxswain.views.outside import OutsideEvent
    from coxswain.views.plans import Outcome

__all__ = [
    "AccountAssignment",
    "AccountBalance",
    "AccountStatus",
    "BrokerPosition",
    "Discrepancy",
    "EmergencyStop",
    "EngineElsewhere",
    "ExcludedAccount",
    "ExecutionAuditEntry",
    "ExecutionCoordinator",
    "ExecutionEngine",
    "ExecutionError",
    "ExecutionManager",
    "ExecutionMode",
    "ExecutionMonitor",
    "ExecutionPlan",
    "ExecutionResult",
    "ExecutionStats",
    "ExecutionSummary",
    "ExecutionVenue",
    "FastExecutionPath",
    "Fill",
    "FrameworkEvent",
    "FrameworkEventType",
    "Instrument",
    "JournalBehind",
    "Leg",
    "LeggingRule",
    "Liquidation",
    "ManagedPosition",
    "Order",
    "OrderDenied",
    "OrderManager",
    "OrderParams",
    "OrderRouter",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "Outcome",
    "OutcomeUnknown",
    "OutsideEvent",
    "PaperTradingVenue",
    "PartialFill",
    "PortfolioManager",
    "PortfolioStats",
    "PositionError",
    "PositionManager",
    "PositionMetrics",
    "Quote",
    "SecondOrder",
    "SignalKind",
    "SpreadLevel",
    "SystemFault",
    "TimeInForce",
    "TradeExecutionOrchestrator",
    "TradeSignal",
    "TradingMode",
    "TradingState",
    "TradingSystem",
    "TrailingStop",
    "TriggerSource",
    "ValidationError",
    "VenueError",
    "create_execution_engine",
    "instrument",
    "load_config",
]


def __getattr__(name: str) -> object:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(room), name)
