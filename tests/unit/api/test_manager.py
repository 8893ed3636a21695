"""The execution manager: what a framework emits becomes orders, positions and statistics."""

from decimal import Decimal
from typing import Any

import pytest

from coxswain import (
    ExecutionManager,
    FrameworkEvent,
    FrameworkEventType,
    OrderParams,
    OrderSide,
    OutsideEvent,
    ValidationError,
    create_execution_engine,
)
from tests.unit.api.desk import START, buy, paper, run

ENTRY = {"instrument": "SHARE", "direction": "long", "price": 100.02, "quantity": 10, "stopLoss": 95.0}


async def manager(**options: Any) -> ExecutionManager:
    made = ExecutionManager(paper(), start=START, **options)
    await made.update_price("SHARE", 100.00, 100.02)
    return made


def test_entry_moved_stop_and_exit_are_one_round_trip() -> None:
    async def main() -> None:
        heard: list[OutsideEvent] = []
        async with await manager() as made:
            made.add_event_handler(heard.append)
            (entered,) = await made.handle_entry_signal(ENTRY)
            assert (entered.success, entered.filled_quantity) == (True, Decimal(10))
            (held,) = made.get_positions()
            assert (held.direction, held.quantity, held.stop_loss, held.protected) == (
                "long",
                Decimal(10),
                Decimal(95),
                True,
            )
            (moved,) = await made.handle_stop_adjustment(
                {"instrument": "SHARE", "newStop": {"price": 98}, "reason": "trail"}
            )
            assert moved.success
            assert made.get_positions()[0].stop_loss == 98
            await made.update_price("SHARE", 103, 103.02)
            (left,) = await made.handle_exit_signal({"instrument": "SHARE", "reason": "done", "price": 103, "pnl": 30})
            assert left.success
            assert made.get_positions() == []
            stats = made.get_stats()
            assert (stats.largest_win, stats.win_rate, stats.currency) == (Decimal("29.8"), Decimal(100), "USD")
            await made.deliver_events()
        names = [str(event.event) for event in heard]
        for name in ("ORDER_SUBMITTED", "ORDER_FILLED", "POSITION_OPENED", "POSITION_CLOSED"):
            assert name in names

    run(main())


def test_without_auto_execute_a_signal_waits_until_it_is_executed() -> None:
    async def main() -> None:
        async with await manager(auto_execute=False) as made:
            (waiting,) = await made.handle_entry_signal({**ENTRY, "id": "e1"})
            assert (waiting.success, waiting.order_id) == (None, None)
            (executed,) = await made.execute_signal("e1")
            assert executed.success
            assert await made.execute_signal("e1") == [executed]
            made.auto_execute = True
            (left,) = await made.handle_exit_signal({"instrument": "SHARE"})
            assert left.success

    run(main())


def test_an_event_that_comes_twice_counts_once() -> None:
    async def main() -> None:
        async with await manager() as made:
            event = FrameworkEvent(
                FrameworkEventType.ENTRY_SIGNAL, "SHARE", "short", quantity=5, stop_loss=105, id="e1"
            )
            first = await made.handle_event(event)
            assert await made.handle_event(event) == first
            assert made.get_positions()[0].quantity == 5
            assert made.get_positions()[0].direction == "short"

    run(main())


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"instrument": "SHARE", "quantity": 1}, "direction: None, wanted long or short"),
        ({**ENTRY, "direction": "up"}, "direction: 'up', wanted long or short"),
        ({**ENTRY, "type": "EXIT_SIGNAL"}, "type: 'EXIT_SIGNAL', wanted ENTRY_SIGNAL"),
        ({**ENTRY, "volume": 3}, "volume: 3, wanted no such field"),
        ({**ENTRY, "stopLoss": 95.001}, "PRICE_OFF_TICK: stop_loss=95.001"),
        ({**ENTRY, "instrument": "OTHER"}, "INSTRUMENT_UNKNOWN"),
    ],
)
def test_an_event_that_cannot_be_meant_is_refused(event: dict[str, Any], sentence: str) -> None:
    async def main() -> None:
        async with await manager() as made:
            with pytest.raises(ValidationError, match=sentence):
                await made.handle_entry_signal(event)
            assert made.get_stats().total_orders == 0

    run(main())


def test_a_signal_gives_the_id_of_its_order() -> None:
    async def main() -> None:
        async with await manager() as made:
            order_id = await made.process_signal(buy(quantity=10))
            assert order_id is not None
            assert (await made.order_router.get_order(order_id)).filled_quantity > 0

    run(main())


def test_orders_are_submitted_and_cancelled_through_the_gate() -> None:
    async def main() -> None:
        async with await manager(limits={"max_order_qty": 100}) as made:
            params = OrderParams("SHARE", OrderSide.BUY, 101)
            await made.order_router.validate_order(params)
            with pytest.raises(ValidationError, match="101"):
                await made.submit_order(params)
            with pytest.raises(ValidationError, match="symbol: 'OTHER', wanted one of SHARE"):
                await made.order_router.validate_order(OrderParams("OTHER", OrderSide.BUY, 1))
            filled = await made.submit_order(OrderParams("SHARE", OrderSide.BUY, 100))
            assert filled.order_id is not None
            assert not await made.cancel_order(filled.order_id)
            with pytest.raises(ValidationError, match="order_id: 'nobody'"):
                await made.cancel_order("nobody")

    run(main())


def test_over_an_engine_it_is_one_more_view() -> None:
    async def main() -> None:
        engine = await create_execution_engine({"brokers": {"east": paper()}}, start=START)
        async with engine:
            await engine.start_trading()
            await engine.update_price("SHARE", 100.00, 100.02)
            made = ExecutionManager(engine)
            await made.submit_order(OrderParams("SHARE", OrderSide.BUY, 5))
            assert [held.quantity for held in engine.position_manager.get_positions()] == [5]
            with pytest.raises(ValidationError, match="the engine's"):
                ExecutionManager(engine, realtime=True)

    run(main())


def test_figures_without_data_are_absent() -> None:
    async def main() -> None:
        async with await manager() as made:
            stats = made.get_stats()
            assert (stats.fill_rate, stats.profit_factor, stats.sharpe_ratio, stats.win_rate) == (None,) * 4
            assert stats.total_orders == 0

    run(main())
