"""Half of an order fills, then silence. After a minute the rest is cancelled, and a completion order follows."""

import asyncio

from coxswain import (
    ExecutionCoordinator,
    OrderSide,
    OrderStatus,
    PaperTradingVenue,
    TradeExecutionOrchestrator,
    TradeSignal,
    instrument,
)

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)
FAULTS = [{"kind": "partial_silence", "account": "account_1", "nth": 1}]


async def main() -> None:
    async with TradeExecutionOrchestrator() as orchestrator:
        platform = PaperTradingVenue(instruments=[SHARE], faults=FAULTS)
        await orchestrator.register_account("account_1", platform, 100_000)
        await orchestrator.update_price("SHARE", bid=100.00, ask=100.02)

        plan = await orchestrator.process_signal(TradeSignal("partial", "SHARE", OrderSide.BUY, stop_loss=95))
        (result,) = await orchestrator.execute_plan(plan)
        assert result.order_id is not None

        # A coordinator follows single orders, at the venue where their account is.
        coordinator = ExecutionCoordinator()
        await coordinator.register_platform("account_1", platform)
        monitor = await coordinator.monitor_execution(
            result.order_id, "account_1", plan.account_assignments[0].position_size
        )
        if monitor.status is OrderStatus.PARTIALLY_FILLED:
            print(f"Order partially filled: {monitor.filled_quantity}/{monitor.expected_quantity}")

            # A minute passes for the simulated market as well: it is shown a price now and then.
            await orchestrator.advance(50)
            await orchestrator.update_price("SHARE", bid=100.00, ask=100.02)

            # The engine completes the order by itself. This waits for it; asking twice sends nothing twice.
            completion_order = await coordinator.handle_partial_fill(monitor)
            print(f"Placed completion order: {completion_order}")

        await orchestrator.settle()
        summary = await coordinator.get_execution_summary()
        print(f"{summary.total_orders} orders, {summary.filled_quantity} filled in all")


asyncio.run(main())
