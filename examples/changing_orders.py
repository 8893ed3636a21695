"""Change an order that works: its price, its quantity; and hear why one cannot be changed."""

import asyncio

from coxswain import ExecutionError, OrderParams, OrderSide, OrderType, PaperTradingVenue, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    async with PaperTradingVenue(initial_capital=50_000, instruments=[SHARE]) as venue:
        await venue.update_price("SHARE", bid=100.00, ask=100.02)
        order = await venue.submit_order(
            OrderParams("SHARE", OrderSide.BUY, 50, order_type=OrderType.LIMIT, limit_price=99.00)
        )
        order = await venue.modify_order(str(order.order_id), quantity=30, limit_price=99.50)
        print(f"{order.quantity} at {order.limit_price}: {order.status}")

        await venue.update_price("SHARE", bid=99.40, ask=99.42)
        await venue.advance(1)
        try:
            await venue.modify_order(str(order.order_id), quantity=20)
        except ExecutionError as error:
            print(f"{error.severity}: {error}")


asyncio.run(main())
