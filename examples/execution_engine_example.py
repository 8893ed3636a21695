"""The execution engine: make it, start it, send an order, look, shut down."""

import asyncio

from coxswain import (
    ExecutionMode,
    Order,
    OrderSide,
    OrderType,
    PaperTradingVenue,
    TradingMode,
    create_execution_engine,
    instrument,
)

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    # With a configuration file: config=load_config("coxswain.yaml").
    engine = await create_execution_engine(
        config={
            "brokers": {"paper": PaperTradingVenue(initial_capital=100_000, instruments=[SHARE])},
            "limits": {"max_order_qty": 1000, "max_daily_loss_pct": 5},
        },
        trading_mode=TradingMode.PAPER,
        execution_mode=ExecutionMode.SEMI_AUTO,
    )
    if not await engine.initialize():  # every account agrees with its broker's books
        raise RuntimeError("Initialization failed")
    await engine.start_trading()
    await engine.update_price("SHARE", bid=100.00, ask=100.02)

    # The stop follows the fill, and works at the broker.
    order = Order(symbol="SHARE", side=OrderSide.BUY, quantity=100, order_type=OrderType.MARKET, stop_loss=95.00)
    order_id = await engine.submit_cross_system_order(order)
    print(f"Order {order_id}: {engine.order_manager.get_order(order_id).status}")

    status = await engine.get_comprehensive_status()
    print(f"Engine status: {status['engine_status']}")
    for position in engine.position_manager.get_positions():
        print(f"{position.direction} {position.quantity} {position.symbol}, stop at {position.stop_loss}")

    # The engine compares books every minute by itself; this asks for it now.
    print(f"Differences to the broker: {await engine.synchronize_positions()}")
    await engine.shutdown()


asyncio.run(main())
