"""Two brokers, one engine: an order may prefer one, and positions are seen over both."""

import asyncio

from coxswain import Order, OrderSide, PaperTradingVenue, create_execution_engine, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    brokers = {name: PaperTradingVenue(initial_capital=50_000, instruments=[SHARE]) for name in ("east", "west")}
    async with await create_execution_engine({"brokers": brokers}) as engine:
        await engine.start_trading()
        await engine.update_price("SHARE", bid=100.00, ask=100.02)

        await engine.submit_cross_system_order(Order("SHARE", OrderSide.BUY, 50), preferred_broker="west")
        await engine.submit_cross_system_order(Order("SHARE", OrderSide.BUY, 20))  # the first broker

        for name, system in engine.trading_systems.items():
            held = ", ".join(f"{p.quantity} {p.symbol}" for p in system.position_manager.get_positions())
            print(f"{name}: {held}")
        print(f"Positions in all: {engine.session_metrics['active_positions']}")


asyncio.run(main())
