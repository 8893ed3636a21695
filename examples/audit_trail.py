"""Every decision with its reason. With a journal in a file all of it is kept, for ever."""

import asyncio
import tempfile
import textwrap
from pathlib import Path

from coxswain import OrderSide, PaperTradingVenue, TradeExecutionOrchestrator, TradeSignal, instrument

SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)


async def main(journal: Path) -> None:
    async with TradeExecutionOrchestrator(journal=journal) as orchestrator:
        await orchestrator.register_account("account_1", PaperTradingVenue(instruments=[SHARE]), 100_000)
        await orchestrator.update_price("SHARE", bid=100.00, ask=100.02)
        plan = await orchestrator.process_signal(TradeSignal("audited", "SHARE", OrderSide.BUY, stop_loss=95))
        await orchestrator.execute_plan(plan)

        for entry in await orchestrator.get_execution_history(50):
            why = textwrap.shorten(entry.decision_rationale or entry.description, 80)
            print(f"[{entry.timestamp:%H:%M:%S}] {entry.signal_id or 'engine'} - {entry.action}: {why}")
            if entry.result is not None:
                verdict = {True: "SUCCESS", False: "FAILED", None: "OPEN"}[entry.result.success]
                print(f"  Result: {verdict} on account {entry.result.account_id}")


# Here it goes to a folder that is removed again. `coxswain audit verify --journal FILE` proves that nobody changed it.
with tempfile.TemporaryDirectory() as folder:
    asyncio.run(main(Path(folder) / "coxswain.db"))
