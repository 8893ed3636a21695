"""A framework's three events: enter, move the stop, leave. And what comes of them: positions and statistics."""

import asyncio

from coxswain import ExecutionManager, PaperTradingVenue, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    venue = PaperTradingVenue(initial_capital=100_000, commission=0.01, instruments=[SHARE])
    async with ExecutionManager(venue, auto_execute=True) as manager:
        await manager.update_price("SHARE", bid=100.00, ask=100.02)

        # ENTRY_SIGNAL: an order, and on its fill a stop that follows the filled quantity.
        await manager.handle_entry_signal(
            {
                "instrument": "SHARE",
                "direction": "long",
                "price": 100.02,
                "quantity": 100,
                "stopLoss": 98.00,
                "takeProfit": 110.00,
                "metadata": {"compositeScore": 0.8, "regime": "trend"},
            }
        )
        (position,) = manager.get_positions()
        print(f"Opened {position.direction} {position.quantity} at {position.entry_price}, stop {position.stop_loss}")

        # STOP_ADJUSTMENT: the stop is replaced, so that the position is never without one.
        await manager.advance(60)
        await manager.update_price("SHARE", bid=103.00, ask=103.02)
        await manager.handle_stop_adjustment({"instrument": "SHARE", "newStop": 101.50, "reason": "trailing"})
        print(f"Stop moved to {manager.get_positions()[0].stop_loss}")

        metrics = manager.position_manager.get_metrics("SHARE")
        print(f"Return {metrics.return_percent} %, held {metrics.holding_period}")

        # EXIT_SIGNAL: protection makes room, the position is closed, the result is booked.
        await manager.handle_exit_signal({"instrument": "SHARE", "reason": "target regime over", "price": 103.00})
        stats = manager.get_stats()
        print(f"Closed; largest win {stats.largest_win} {stats.currency}, commissions {stats.total_commissions}")


asyncio.run(main())
