"""The options of the paper venue: what trading costs, and what goes wrong, by rates that are drawn from a seed."""

import asyncio

from coxswain import OrderParams, OrderSide, OrderStatus, PaperTradingVenue, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    venue = PaperTradingVenue(
        initial_capital=100_000,
        commission=0.01,  # for each lot
        commission_percent=0.02,  # of the value
        slippage_percent=0.05,  # fills are worse by it
        fill_delay=250,  # milliseconds
        reject_rate=0.2,
        partial_fill_rate=0.3,
        instruments=[SHARE],
    )
    # A venue that is given to no engine opens one of its own, with one account: the gate judges here as well.
    async with venue:
        await venue.update_price("SHARE", bid=100.00, ask=100.02)
        outcomes: dict[OrderStatus, int] = {}
        for _ in range(20):
            order = await venue.submit_order(OrderParams("SHARE", OrderSide.BUY, 10))
            outcomes[order.status] = outcomes.get(order.status, 0) + 1
            await venue.advance(1)
            await venue.update_price("SHARE", bid=100.00, ask=100.02)
        for status, count in sorted(outcomes.items()):
            print(f"{status}: {count}")
        balance = await venue.get_account_balance()
        print(f"Cash {balance.cash:.2f}, equity {balance.equity:.2f} {balance.currency}")
        for position in await venue.get_positions():
            print(f"Holds {position.quantity} {position.symbol}")


asyncio.run(main())
