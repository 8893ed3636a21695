"""The engine's books against the broker's: on demand here, every minute by itself."""

import asyncio

from coxswain import ExecutionManager, OrderParams, OrderSide, PaperTradingVenue, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main() -> None:
    async with ExecutionManager(PaperTradingVenue(instruments=[SHARE])) as manager:
        await manager.update_price("SHARE", bid=100.00, ask=100.02)
        await manager.submit_order(OrderParams("SHARE", OrderSide.BUY, 100, stop_loss=95))

        # A difference would be listed with both quantities; the account then only reduces until somebody resolves it.
        differences = await manager.position_manager.reconcile()
        for found in differences:
            print(f"{found.severity}: {found.kind} on {found.account_id}: ours {found.ours}, theirs {found.theirs}")
        print(f"{len(differences)} differences to the broker's books")


asyncio.run(main())
