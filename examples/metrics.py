"""What the engine counts: orders, fills, slippage and times. What has too little data is None."""

import asyncio

from coxswain import Order, OrderDenied, OrderSide, PaperTradingVenue, create_execution_engine, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    config = {"brokers": {"paper": PaperTradingVenue(instruments=[SHARE])}}
    async with await create_execution_engine(config) as engine:
        await engine.start_trading()
        await engine.update_price("SHARE", bid=100.00, ask=100.02)
        for side in (OrderSide.BUY, OrderSide.SELL):
            await engine.submit_cross_system_order(Order("SHARE", side, 100))
        try:
            await engine.submit_cross_system_order(Order("SHARE", OrderSide.BUY, 1_000_000))
        except OrderDenied as denied:
            print(f"Denied: {denied}")

        metrics = engine.session_metrics
        print(f"Total orders: {metrics['total_orders_submitted']}, denied: {metrics['total_orders_denied']}")
        print(f"Fill rate: {metrics['fill_rate_pct']} %")
        print(f"Average slippage: {metrics['average_slippage_bps']} basis points")
        for portfolio in engine.portfolio_manager.get_stats():
            print(f"Realised in {portfolio.currency}: {portfolio.total_realized_pnl}")


asyncio.run(main())
