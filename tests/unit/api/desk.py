"""What tests of the public classes share: an instrument, a time to begin, platforms, and a signal to buy."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from coxswain import OrderSide, PaperTradingVenue, TradeExecutionOrchestrator, TradeSignal, instrument

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
SHARE = instrument("SHARE", tick=0.01, margin_rate=0.5)
RESERVE = "reserve"
LIMITS = {"risk_per_trade_pct": 0.25}


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def paper(venue_id: str = "paper", **options: Any) -> PaperTradingVenue:
    return PaperTradingVenue(instruments=[SHARE], venue_id=venue_id, start=START, **options)


def fault(kind: str, account: str, nth: int = 1) -> dict[str, object]:
    return {"kind": kind, "account": account, "nth": nth}


def buy(name: str = "s1", **fields: Any) -> TradeSignal:
    values: dict[str, Any] = {"stop_loss": 95, "take_profit": 110, "confidence": 0.9, **fields}
    return TradeSignal(name, "SHARE", OrderSide.BUY, **values)


async def orchestrator(
    *accounts: str, faults: list[dict[str, object]] | None = None, **options: Any
) -> tuple[TradeExecutionOrchestrator, PaperTradingVenue]:
    """Return one with these accounts at one venue, in a market of 100.00 to 100.02."""
    made, platform = TradeExecutionOrchestrator(start=START, **options), paper(faults=faults or [])
    for account in accounts or ("a", "b"):
        await made.register_account(account, platform, 100_000, reserve=account == RESERVE, limits=LIMITS)
    await made.update_price("SHARE", 100.00, 100.02)
    return made, platform
