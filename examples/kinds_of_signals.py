"""What a signal may say beside "buy at the market": a price to wait for, a stop that follows, a pair, a schedule."""

import asyncio
from datetime import UTC, datetime, timedelta

from coxswain import (
    OrderSide,
    OrderType,
    PaperTradingVenue,
    SecondOrder,
    SignalKind,
    TimeInForce,
    TradeExecutionOrchestrator,
    TradeSignal,
    TrailingStop,
    ValidationError,
    instrument,
)

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)
MORNING = datetime(2026, 1, 5, 10, tzinfo=UTC)

SIGNALS = [
    # It waits at 99 until noon. The stop is placed when it fills, and follows the market at a distance of 2.
    TradeSignal(
        "dip",
        "SHARE",
        OrderSide.BUY,
        order_type=OrderType.LIMIT,
        limit_price=99,
        time_in_force=TimeInForce.GTD,
        expire_time=MORNING + timedelta(hours=2),
        trailing_stop=TrailingStop(amount=2),
        quantity=10,
    ),
    # Whichever side breaks out; the first fill calls the other order back.
    TradeSignal(
        "breakout",
        "SHARE",
        OrderSide.BUY,
        order_type=OrderType.STOP,
        limit_price=101.5,
        stop_loss=100,
        quantity=10,
        oco=SecondOrder(OrderSide.SELL, OrderType.STOP, limit_price=98.5, stop_loss=99.5),
    ),
    # In five parts over five minutes.
    TradeSignal("slowly", "SHARE", OrderSide.BUY, quantity=50, algo={"name": "twap", "horizon_s": 300, "slices": 5}),
]


async def main() -> None:
    async with TradeExecutionOrchestrator(start=MORNING) as orchestrator:
        await orchestrator.register_account("account_1", PaperTradingVenue(instruments=[SHARE]), 100_000)
        await orchestrator.update_price("SHARE", bid=100.00, ask=100.02)
        for signal in SIGNALS:
            plan = await orchestrator.process_signal(signal)
            for excluded in plan.excluded:
                print(f"{signal.id}: left out: {excluded.account_id}: {'; '.join(excluded.reasons)}")
            for result in await orchestrator.execute_plan(plan):
                print(f"{signal.id}: {result.outcome} {result.error_message or ''}".rstrip())

        # What cannot be understood is refused with a sentence for each field, by the names of docs/SIGNALS.md.
        try:
            await orchestrator.process_signal(
                TradeSignal("wrong", "SHARE", OrderSide.BUY, order_type=OrderType.LIMIT, confidence=2, quantity=10)
            )
        except ValidationError as refused:
            for error in refused.errors:
                print(f"  {error}")

        # The market comes down to the limit, and a minute passes between the prices.
        for price in (99.60, 99.20, 98.90, 99.30, 99.80, 100.20):
            await orchestrator.advance(60)
            await orchestrator.update_price("SHARE", bid=price, ask=price + 0.02)
        await orchestrator.settle()
        for signal in SIGNALS:
            for result in await orchestrator.execute_plan(await orchestrator.process_signal(signal)):
                print(f"{signal.id}: {result.outcome}, {result.filled_quantity} filled")

        # An exit is a signal, too.
        leave = TradeSignal("leave", "SHARE", kind=SignalKind.EXIT, reason="enough for today")
        for result in await orchestrator.execute_plan(await orchestrator.process_signal(leave)):
            print(f"leave: {result.outcome} at {result.actual_entry_price}")


asyncio.run(main())
