"""A strategy of your own: it decides when, the engine does the rest."""

import asyncio

from coxswain import ExecutionManager, OrderSide, PaperTradingVenue, TradeSignal, ValidationError, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)
PRICES = [100.00, 100.40, 100.90, 101.30, 100.70, 100.10]


class Breakout:
    """Buys when a price is above all before it; a toy."""

    def __init__(self, execution_manager: ExecutionManager) -> None:
        self.execution_manager = execution_manager
        self.highest = PRICES[0]

    async def on_price(self, number: int, price: float) -> None:
        await self.execution_manager.update_price("SHARE", bid=price, ask=price + 0.02)
        if price > self.highest + 0.8 and not self.execution_manager.get_positions():
            await self.execute_signal(
                TradeSignal(f"breakout-{number}", "SHARE", OrderSide.BUY, stop_loss=round(price - 2, 2), quantity=50)
            )
        self.highest = max(self.highest, price) if number > 2 else self.highest

    async def execute_signal(self, signal: TradeSignal) -> str | None:
        try:
            order_id = await self.execution_manager.process_signal(signal)
        except ValidationError as error:  # nothing was sent, and every reason is there
            print(f"Refused: {error}")
            return None
        print(f"Signal {signal.id} became order {order_id}")
        return order_id


async def main() -> None:
    async with ExecutionManager(PaperTradingVenue(instruments=[SHARE])) as manager:
        strategy = Breakout(manager)
        for number, price in enumerate(PRICES):
            await strategy.on_price(number, price)
            await manager.advance(60)
        for position in manager.get_positions():
            print(f"{position.direction} {position.quantity} at {position.entry_price}: {position.unrealized_pnl} open")


asyncio.run(main())
