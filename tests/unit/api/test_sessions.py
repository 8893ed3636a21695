"""The driver under the public classes: clocks, feeds, handlers, faults, and doors beside a running engine."""

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coxswain import (
    ExecutionEngine,
    Order,
    OrderDenied,
    OrderSide,
    OrderStatus,
    OrderType,
    OutsideEvent,
    Quote,
    SystemFault,
    TradeExecutionOrchestrator,
    create_execution_engine,
)
from coxswain.api.python import listeners
from coxswain.app.control import tell_running
from coxswain.core.engine import Engine
from coxswain.journal.verify import verify
from coxswain.messages.inputs import Input, SubmitOrder
from coxswain.messages.record import Record
from tests.unit.api.desk import LIMITS, SHARE, START, buy, orchestrator, paper, run


def order(qty: int = 10, **fields: Any) -> Order:
    return Order("SHARE", OrderSide.BUY, qty, **fields)


async def engine(**options: Any) -> ExecutionEngine:
    made = await create_execution_engine({"brokers": {"east": paper()}}, **options)
    await made.start_trading()
    await made.update_price("SHARE", 100.00, 100.02)
    return made


def quotes(seconds: int) -> Iterator[Quote]:
    begins_ns = int(START.timestamp()) * 10**9
    for second in range(seconds):
        yield Quote(SHARE.symbol, Decimal(100), Decimal("100.02"), begins_ns + second * 10**9)


def test_a_feed_is_the_clock() -> None:
    async def main() -> None:
        made = TradeExecutionOrchestrator(feed=quotes(120))
        async with made:
            await made.register_account("a", paper(), 100_000, limits=LIMITS)
            await made.advance(1)
            (result,) = await made.execute_plan(await made.process_signal(buy()))
            assert result.actual_entry_price == Decimal("100.02")
            history = await made.get_execution_history()
            assert history[0].timestamp == START

    run(main())


def test_time_passes_only_within_a_call() -> None:
    async def main() -> None:
        async with await engine(start=START) as made:
            before = await made.get_comprehensive_status()
            await asyncio.sleep(0.01)
            assert await made.get_comprehensive_status() == before
            await made.advance(3600)
            assert (await made.get_comprehensive_status())["time"] != before["time"]

    run(main())


def test_the_last_price_is_the_one_that_counts() -> None:
    async def main() -> None:
        async with await engine(start=START) as made:
            await made.submit_cross_system_order(order())
            for price in (101.00, 99.00, 104.00):
                await made.update_price("SHARE", price, price + 0.02)
            (held,) = made.position_manager.get_positions()
            assert (held.current_price, held.unrealized_pnl) == (Decimal(104), Decimal("39.8"))

    run(main())


def test_in_real_time_signals_stagger_by_themselves() -> None:
    async def main() -> None:
        settings = {"min_timing_variance_ms": 10, "max_timing_variance_ms": 50}
        made, _ = await orchestrator("a", "b", realtime=True, settings=settings)
        async with made:
            results = await made.execute_plan(await made.process_signal(buy()))
            assert [result.success for result in results] == [True, True]
            await made.register_account("late", paper("elsewhere"), 100_000, limits=LIMITS)
            status = await made.get_account_status("late")
            assert status is not None
            assert status.platform == "elsewhere"

    run(main())


def test_other_tasks_go_on_while_a_call_waits_in_real_time() -> None:
    async def main() -> None:
        async with await engine(realtime=True) as made:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await asyncio.sleep(0.005)
                    ticks += 1

            ticking = asyncio.create_task(tick())
            await asyncio.gather(*(made.submit_cross_system_order(order(10 + n)) for n in range(5)))
            ticking.cancel()
            assert ticks > 0
            assert made.session_metrics["total_orders_filled"] == 5

    run(main())


def test_the_command_line_reaches_an_engine_that_runs_in_a_program(tmp_path: Path) -> None:
    journal = tmp_path / "j.db"

    async def main() -> None:
        async with await engine(realtime=True, journal=journal) as made:
            halt = {"command": "halt", "everything": True, "reason": "seen from outside"}
            answer = await asyncio.to_thread(tell_running, journal, halt)
            assert answer.done
            assert (await made.get_comprehensive_status())["engine_status"] == "stopped"
            with pytest.raises(OrderDenied):
                await made.submit_cross_system_order(order())
        async with await engine(journal=journal) as again:
            assert (await again.get_comprehensive_status())["engine_status"] == "stopped"

    run(main())
    assert verify(journal).ok


def test_a_bug_in_the_engine_halts_it_and_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Engine.step

    def fails_on_an_order(self: Engine, message: Input, now_ns: int) -> Record:
        if isinstance(message, SubmitOrder):
            raise AssertionError("a bug of ours")
        return step(self, message, now_ns)

    async def main(realtime: bool) -> None:
        made = await engine(realtime=realtime)
        monkeypatch.setattr(Engine, "step", fails_on_an_order)
        async with made:
            with pytest.raises(SystemFault, match="a bug of ours") as caught:
                await made.submit_cross_system_order(order())
            assert caught.value.severity == "CRITICAL"
            with pytest.raises(SystemFault):
                await made.submit_cross_system_order(order())
            assert (await made.get_comprehensive_status())["engine_status"] == "failed"
        monkeypatch.setattr(Engine, "step", step)

    run(main(realtime=False))
    run(main(realtime=True))


def test_what_a_handler_has_no_room_for_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "WAITING_MAX", 2)

    async def main() -> None:
        async with await engine(start=START) as made:
            hold = threading.Event()

            def stuck(event: OutsideEvent) -> None:
                hold.wait(10)

            made.add_event_handler(stuck)
            order_id = await made.submit_cross_system_order(order(stop_loss=95))
            assert made.order_manager.get_order(order_id).status is OrderStatus.FILLED
            assert not await made.deliver_events(timeout_s=0.05)
            health = (await made.get_comprehensive_status())["health"]
            assert isinstance(health, dict)
            assert health["events_dropped"] > 0
            hold.set()

    run(main())


def test_a_handler_that_raises_is_counted_even_where_nobody_else_listens() -> None:
    async def main() -> None:
        async with await engine(start=START) as made:

            async def broken(event: OutsideEvent) -> None:
                raise ValueError("no")

            made.add_event_handler(broken)
            await made.submit_cross_system_order(order())
            assert await made.deliver_events()
            health = (await made.get_comprehensive_status())["health"]
            assert isinstance(health, dict)
            assert health["event_handler_faults"] > 0

    run(main())


def test_an_async_handler_may_be_added_before_there_is_a_loop() -> None:
    heard: list[str] = []

    async def hear(event: OutsideEvent) -> None:
        heard.append(event.event)

    made = TradeExecutionOrchestrator(start=START)
    made.add_event_handler(hear)

    async def main() -> None:
        async with made:
            await made.register_account("a", paper(), 100_000, limits=LIMITS)
            await made.update_price("SHARE", 100.00, 100.02)
            assert await made.deliver_events()

    run(main())
    assert "SYSTEM_STATUS" in heard


def test_a_liquidation_waits_for_what_is_still_on_its_way() -> None:
    async def main() -> None:
        async with await engine(start=START) as made:
            await made.submit_cross_system_order(order(20, stop_loss=95))
            await made.submit_cross_system_order(order(30, order_type=OrderType.LIMIT, limit_price=99))
            done = await made.emergency_liquidate_all()
            assert done.remaining == ()
            assert done.open_orders == ()

    run(main())
