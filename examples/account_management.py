"""How an account stands, and how to keep it from entering for a while."""

import asyncio

from coxswain import OrderSide, PaperTradingVenue, TradeExecutionOrchestrator, TradeSignal, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    async with TradeExecutionOrchestrator() as orchestrator:
        platform = PaperTradingVenue(instruments=[SHARE])
        await orchestrator.register_account("account_1", platform, 10_000)
        await orchestrator.update_price("SHARE", bid=100.00, ask=100.02)

        account = await orchestrator.get_account_status("account_1")
        if account is not None:
            print(f"Account {account.account_id} status:")
            print(f"  Available margin: ${account.available_margin:.2f}")
            print(f"  Risk budget: ${account.risk_budget_remaining:.2f}")
            print(f"  Daily drawdown: {account.daily_drawdown * 100:.2f}%")
            print(f"  Open positions: {account.open_positions}")

        # Exits and protection go on while an account is paused; only entries wait.
        await orchestrator.pause_account("account_1", reason="high-risk period")
        print("Account paused")
        plan = await orchestrator.process_signal(TradeSignal("paused", "SHARE", OrderSide.BUY, stop_loss=95))
        for excluded in plan.excluded:
            print(f"  left out: {excluded.account_id}: {'; '.join(excluded.reasons)}")

        await orchestrator.resume_account("account_1")
        print("Account resumed")


asyncio.run(main())
