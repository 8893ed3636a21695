"""A venue rejects an order: another account takes it over, once, at 95 per cent of the size.

What nobody knows the outcome of is another matter: it is asked for, and never sent a second time on a guess.
"""

import asyncio

from coxswain import (
    OrderSide,
    OutcomeUnknown,
    PaperTradingVenue,
    TradeExecutionOrchestrator,
    TradeSignal,
    VenueError,
    instrument,
)

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)

# What goes wrong at the simulated venue, on purpose: the first order of account_1 is refused, and the first order of
# account_2 is lost on its way, so that nobody answers.
FAULTS = [
    {"kind": "reject", "account": "account_1", "nth": 1, "text": "not taking new positions"},
    {"kind": "request_lost", "account": "account_2", "nth": 1},
]


async def main() -> None:
    async with TradeExecutionOrchestrator() as orchestrator:
        platform = PaperTradingVenue(instruments=[SHARE], faults=FAULTS)
        limits = {"risk_per_trade_pct": 0.25}
        await orchestrator.register_account("account_1", platform, 100_000, limits=limits)
        await orchestrator.register_account("account_2", platform, 100_000, limits=limits)
        # A reserve takes no share of a plan of its own.
        await orchestrator.register_account("account_3", platform, 100_000, limits=limits, reserve=True)
        await orchestrator.update_price("SHARE", bid=100.00, ask=100.02)

        plan = await orchestrator.process_signal(TradeSignal("recovery", "SHARE", OrderSide.BUY, stop_loss=95))
        for result in await orchestrator.execute_plan(plan):
            if result.success:
                continue
            print(f"{result.account_id}: {result.outcome}: {result.error_message or 'nobody answered'}")
            try:
                recovery = await orchestrator.handle_failed_execution(result, plan)
            except OutcomeUnknown as unknown:
                print(f"Not moved, because nobody knows yet: {unknown}")
            except VenueError as error:
                print(f"Recovery failed: {error}")
            else:
                print(
                    f"Recovered on {recovery.account_id}: {recovery.filled_quantity} at {recovery.actual_entry_price}"
                )

        # Some seconds later the venue has proved that it never had the order, and it is sent again under the same id.
        await orchestrator.settle()
        for result in await orchestrator.execute_plan(plan):
            print(f"In the end {result.account_id}: {result.outcome}")


asyncio.run(main())
