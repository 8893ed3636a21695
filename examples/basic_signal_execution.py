"""One signal, three accounts: plan it, look at the plan, release it, see what came of it."""

import asyncio

from coxswain import OrderSide, PaperTradingVenue, TradeExecutionOrchestrator, TradeSignal, instrument

# What can be traded, and in which steps. Quantities count lots; here one lot is 100,000 euros.
EURUSD = instrument(
    "EURUSD", tick=0.00001, lot_step=0.01, contract_size=100_000, margin_rate=0.0333, base_currency="EUR"
)


async def main() -> None:
    async with TradeExecutionOrchestrator() as orchestrator:
        # Each account has a platform of its own here; several accounts may also share one.
        for number in (1, 2, 3):
            platform = PaperTradingVenue(instruments=[EURUSD], venue_id=f"broker_{number}")
            await orchestrator.register_account(f"account_{number}", platform, 10_000.0)

        # A paper venue trades on the prices that it is shown. Floats are fine: they become exact decimals.
        await orchestrator.update_price("EURUSD", bid=1.08990, ask=1.09000)

        signal = TradeSignal(
            id="signal_001",
            symbol="EURUSD",
            side=OrderSide.BUY,
            entry_price=1.0900,
            stop_loss=1.0850,
            take_profit=1.1000,
            confidence=0.85,
            risk_reward_ratio=2.0,
            metadata={"strategy": "wyckoff_spring"},
        )

        # This only plans. Every account that is left out is listed with the check that left it out.
        plan = await orchestrator.process_signal(signal)
        print(f"Created plan for {len(plan.account_assignments)} accounts: {plan.rationale}")
        for share in plan.account_assignments:
            print(f"  {share.account_id}: {share.position_size} lots after {share.entry_timing_delay}")

        # This releases it. Time is virtual, so the delays between the accounts take no time here.
        for result in await orchestrator.execute_plan(plan):
            if result.success:
                print(
                    f"Account {result.account_id} executed order {result.order_id} at {result.actual_entry_price} "
                    f"in {result.execution_time}"
                )
            else:
                print(f"Account {result.account_id}: {result.outcome}: {result.error_message}")


asyncio.run(main())
