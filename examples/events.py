"""Events: a handler may be slow or raise, and no order waits for it."""

import asyncio

from coxswain import Order, OrderSide, OutsideEvent, PaperTradingVenue, create_execution_engine, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def show(event: OutsideEvent) -> None:
    await asyncio.sleep(0.001)  # whatever it does, the engine does not wait for it
    print(f"{event.seq:3} {event.event}: {event.text}")


def careless(event: OutsideEvent) -> None:
    if event.event == "ORDER_FILLED":
        raise RuntimeError("a mistake in the program")


async def main() -> None:
    config = {"brokers": {"paper": PaperTradingVenue(instruments=[SHARE])}}
    async with await create_execution_engine(config) as engine:
        await engine.start_trading()
        await engine.update_price("SHARE", bid=100.00, ask=100.02)
        engine.add_event_handler(show)
        engine.add_event_handler(careless)  # what it raises comes to the others as EXECUTION_ERROR
        await engine.submit_cross_system_order(Order("SHARE", OrderSide.BUY, 100, stop_loss=95))
        await engine.deliver_events()


asyncio.run(main())
