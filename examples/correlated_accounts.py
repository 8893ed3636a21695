"""Accounts that move together: the later one waits longer and takes less, and the plan says so."""

import asyncio

from coxswain import OrderSide, PaperTradingVenue, TradeExecutionOrchestrator, TradeSignal, instrument

EURUSD = instrument(
    "EURUSD", tick=0.00001, lot_step=0.01, contract_size=100_000, margin_rate=0.0333, base_currency="EUR"
)


async def main() -> None:
    async with TradeExecutionOrchestrator() as orchestrator:
        platform = PaperTradingVenue(instruments=[EURUSD])
        for number in (1, 2, 3):
            await orchestrator.register_account(f"account_{number}", platform, 100_000)
        await orchestrator.update_price("EURUSD", bid=1.08990, ask=1.09000)

        # From -1 to 1. Above 0.7 (`max_correlation_threshold`) it has an effect.
        await orchestrator.update_correlation_matrix("account_1", "account_2", 0.85)
        await orchestrator.update_correlation_matrix("account_2", "account_3", 0.45)

        signal = TradeSignal("correlated", "EURUSD", OrderSide.BUY, stop_loss=1.0850, confidence=0.9)
        plan = await orchestrator.process_signal(signal)
        for share in plan.account_assignments:
            print(f"{share.account_id}: {share.position_size} lots after {share.entry_timing_delay}")
        for warning in plan.warnings:
            print(f"Warning: {warning}")


asyncio.run(main())
