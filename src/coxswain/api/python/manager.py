"""Signals of a trading framework as orders and positions: entry, exit, moved stop. A view of one engine."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from coxswain.api.python.door import Desk, Shared
from coxswain.api.python.engine import ExecutionEngine
from coxswain.api.python.errors import ValidationError
from coxswain.api.python.parts import OrderManager, OrderRouter, PortfolioManager, PositionManager
from coxswain.api.python.reading import stats_of
from coxswain.api.python.signals import fields_of
from coxswain.api.python.types import (
    ExecutionResult,
    ExecutionStats,
    ManagedPosition,
    Order,
    OrderParams,
    TradeSignal,
)
from coxswain.api.python.values import Number
from coxswain.api.python.venue import ALIKE, PaperTradingVenue, new_session
from coxswain.model.market import Quote
from coxswain.model.vocabulary import Mode, Side, SignalKind

ACCOUNT = "main"
SNAKE = re.compile("(?<=[a-z])([A-Z])")
SIDES = {"long": Side.BUY, "short": Side.SELL}


class FrameworkEventType(StrEnum):
    ENTRY_SIGNAL = "ENTRY_SIGNAL"
    EXIT_SIGNAL = "EXIT_SIGNAL"
    STOP_ADJUSTMENT = "STOP_ADJUSTMENT"


class FrameworkEvent(msgspec.Struct, frozen=True):
    """What a framework emits. As a mapping it may have the names in camel case: `stopLoss`, `newStop`."""

    type: FrameworkEventType
    instrument: str
    direction: str | None = None
    """`long` or `short`; an entry needs it, an exit may have it."""
    price: Number | None = None
    """What the framework saw; an entry is sized by it, nothing else goes by it."""
    quantity: Number | None = None
    """Lots; a cap on what the risk limits allow, needed where there is no stop."""
    stop_loss: Number | None = None
    take_profit: Number | None = None
    new_stop: Number | None = None
    reason: str = ""
    pnl: Number | None = None
    """What the framework believes to have made; the engine's own books count."""
    metadata: Mapping[str, Any] = {}
    id: str | None = None
    """Names it for good, so that it never counts twice; without one it gets a name of its own."""


class ExecutionManager(Shared):
    """Listens to a framework, and shows what came of it.

    Over a `PaperTradingVenue` it has an engine of its own with one account, `main`; over an `ExecutionEngine` it is
    one more view of that, whose mode counts as well. With `auto_execute` off each signal waits for `execute_signal`.
    """

    def __init__(
        self,
        target: PaperTradingVenue | ExecutionEngine,
        *,
        auto_execute: bool = True,
        limits: Mapping[str, Number] | None = None,
        journal: str | Path | None = None,
        feed: Iterable[Quote] | None = None,
        start: datetime | None = None,
        realtime: bool = False,
        adopt_lease: str | None = None,
    ) -> None:
        if isinstance(target, ExecutionEngine):
            self._desk = target._desk
            if limits or journal or feed or start or realtime or adopt_lease:
                raise ValidationError("over an engine everything else is the engine's: give nothing beside it")
        else:
            session = new_session(
                Mode.FULL_AUTO,
                dict(ALIKE),
                journal=journal,
                feed=feed,
                start=start,
                realtime=realtime,
                adopt_lease=adopt_lease,
            )
            self._desk = Desk(session)
            target.join(self._desk, ACCOUNT, target.initial_capital, limits=limits)
        self.auto_execute = auto_execute
        """Signals go on by themselves; it may be changed at any time, and counts for those that come after."""
        self.order_router = OrderRouter(self)
        self.order_manager = OrderManager(self)
        self.position_manager = PositionManager(self)
        self.portfolio_manager = PortfolioManager(self)

    # --- the framework's events ---------------------------------------------------------------------------------------

    async def handle_event(self, event: FrameworkEvent | Mapping[str, Any]) -> list[ExecutionResult]:
        """Act on any of the three events."""
        read = _read(event)
        return await self._desk.run(lambda: self._act(read))

    async def handle_entry_signal(self, event: FrameworkEvent | Mapping[str, Any]) -> list[ExecutionResult]:
        """Enter; a stop, and a target if there is one, follow the fills."""
        return await self._handle(event, FrameworkEventType.ENTRY_SIGNAL)

    async def handle_exit_signal(self, event: FrameworkEvent | Mapping[str, Any]) -> list[ExecutionResult]:
        """Close the position; its protection makes room first."""
        return await self._handle(event, FrameworkEventType.EXIT_SIGNAL)

    async def handle_stop_adjustment(self, event: FrameworkEvent | Mapping[str, Any]) -> list[ExecutionResult]:
        """Move the stop; the position is never without one longer than its venue forces."""
        return await self._handle(event, FrameworkEventType.STOP_ADJUSTMENT)

    async def _handle(
        self, event: FrameworkEvent | Mapping[str, Any], wanted: FrameworkEventType
    ) -> list[ExecutionResult]:
        given = {"type": wanted.value, **event} if isinstance(event, Mapping) else event
        read = _read(given)
        if read.type is not wanted:
            raise ValidationError(field="type", value=read.type.value, wanted=wanted.value)
        return await self._desk.run(lambda: self._act(read))

    def _act(self, event: FrameworkEvent) -> list[ExecutionResult]:
        desk = self._desk
        fields = _fields(event)
        fields["id"] = event.id or desk.session.new_name(event.type.value.lower().replace("_", "-"))
        plan = desk.submit_signal(fields, hold=not self.auto_execute)
        return desk.await_results(plan.signal_id)

    # --- signals and orders of a program ------------------------------------------------------------------------------

    async def process_signal(self, signal: TradeSignal) -> str | None:
        """Enter on a signal; return the id of its first order, None if there is none (yet)."""
        desk, fields = self._desk, fields_of(signal)

        def process() -> str | None:
            plan = desk.submit_signal(fields, hold=not self.auto_execute)
            results = desk.await_results(plan.signal_id)
            return next((result.order_id for result in results if result.order_id is not None), None)

        return await desk.run(process)

    async def execute_signal(self, signal_id: str) -> list[ExecutionResult]:
        """Release a signal that waits; one that does not is left alone. Return what came of it."""
        desk = self._desk

        def execute() -> list[ExecutionResult]:
            desk.approve(signal_id)
            return desk.await_results(signal_id)

        return await desk.run(execute)

    async def submit_order(self, params: OrderParams) -> Order:
        """Submit one order on the fast path, and return it once it was answered. Raises `OrderDenied`."""
        return await self.order_router.submit_order(params)

    async def cancel_order(self, order_id: str) -> bool:
        """Cancel an order. False where it had filled, or was over."""
        return await self.order_router.cancel_order(order_id)

    # --- looking ------------------------------------------------------------------------------------------------------

    def get_positions(self) -> list[ManagedPosition]:
        """List what is held, marked at the last quotes."""
        return self.position_manager.get_positions()

    def get_stats(self, currency: str | None = None) -> ExecutionStats:
        """Return the statistics; with accounts in several currencies the one whose money is meant must be named."""
        session = self._desk.session
        return session.look(lambda: stats_of(session.summary, currency))


def _read(event: FrameworkEvent | Mapping[str, Any]) -> FrameworkEvent:
    """Read an event, in snake or camel case; a stop may be a number, or an object that has its `price`."""
    if isinstance(event, FrameworkEvent):
        return event
    given = {SNAKE.sub(r"_\1", str(name)).lower(): value for name, value in event.items()}
    known = FrameworkEvent.__struct_fields__
    wrong = [name for name in given if name not in known]
    missing = [name for name in ("type", "instrument") if not isinstance(given.get(name), str)]
    if wrong or missing:
        name = (wrong + missing)[0]
        wanted = f"no such field, of {', '.join(known)}" if wrong else "a text"
        raise ValidationError(field=name, value=given.get(name), wanted=wanted)
    kinds = list(FrameworkEventType)
    if given["type"] not in kinds:
        raise ValidationError(field="type", value=given["type"], wanted=f"one of {', '.join(kinds)}")
    for name in ("stop_loss", "new_stop"):
        given[name] = _price(given.get(name))
    return FrameworkEvent(**{**given, "type": FrameworkEventType(given["type"])})


def _price(value: object) -> object:
    return value.get("price") if isinstance(value, Mapping) else getattr(value, "price", value)


def _fields(event: FrameworkEvent) -> dict[str, object]:
    """Return the fields of the signal that an event is."""
    side = None if event.direction is None else SIDES.get(event.direction.lower())
    if side is None and (event.direction is not None or event.type is FrameworkEventType.ENTRY_SIGNAL):
        raise ValidationError(field="direction", value=event.direction, wanted="long or short")
    common = {"symbol": event.instrument, "side": side, "reason": event.reason, "metadata": event.metadata}
    match event.type:
        case FrameworkEventType.ENTRY_SIGNAL:
            levels = {"stop_loss": event.stop_loss, "take_profit": event.take_profit, "entry_price": event.price}
            return {"kind": SignalKind.ENTRY, "quantity": event.quantity, **levels, **common}
        case FrameworkEventType.EXIT_SIGNAL:
            return {"kind": SignalKind.EXIT, "quantity": event.quantity, **common}
        case FrameworkEventType.STOP_ADJUSTMENT:
            levels = {"stop_loss": event.new_stop or event.stop_loss, "take_profit": event.take_profit}
            return {"kind": SignalKind.STOP_ADJUSTMENT, **levels, **common}
