"""Stopping: what it does, what it leaves alone, and how to take it back."""

import asyncio

from coxswain import Order, OrderDenied, OrderSide, OrderType, PaperTradingVenue, create_execution_engine, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    config = {"brokers": {"paper": PaperTradingVenue(instruments=[SHARE])}}
    async with await create_execution_engine(config) as engine:
        await engine.start_trading()
        await engine.update_price("SHARE", bid=100.00, ask=100.02)
        await engine.submit_cross_system_order(Order("SHARE", OrderSide.BUY, 100, stop_loss=95))
        resting = Order("SHARE", OrderSide.BUY, 100, OrderType.LIMIT, limit_price=99)
        resting_id = await engine.submit_cross_system_order(resting)

        # Entry orders are cancelled and nothing new enters; the stop loss stays at the broker.
        stopped = await engine.emergency_stop(reason="the news")
        print(f"Did not: {'; '.join(stopped.did_not)}")
        print(f"Resting entry: {engine.order_manager.get_order(resting_id).status}")
        print(f"Position protected: {engine.position_manager.get_position('SHARE').protected}")
        try:
            await engine.submit_cross_system_order(Order("SHARE", OrderSide.BUY, 50))
        except OrderDenied as denied:
            print(f"Denied: {denied.errors[0]}")

        # Everything is cancelled and closed; what could not be closed yet is listed.
        closed = await engine.emergency_liquidate_all()
        print(f"Still to be closed: {list(closed.remaining)}")

        # A stop stands, over every restart, until a person gives a reason to release it.
        print(f"Engine status: {(await engine.get_comprehensive_status())['engine_status']}")
        await engine.resume_trading("the news were nothing")
        print(f"Engine status: {(await engine.get_comprehensive_status())['engine_status']}")


asyncio.run(main())
