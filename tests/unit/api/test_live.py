"""Real money and programs: an account whose name nobody typed at a terminal trades nothing, whoever starts it."""

from pathlib import Path

import pytest

import coxswain.venues
from coxswain import (
    OrderDenied,
    OrderParams,
    OrderSide,
    TradeExecutionOrchestrator,
    TradingMode,
    ValidationError,
    create_execution_engine,
    load_config,
)
from tests.unit.api.desk import SHARE, START, run

MORE_VENUES = Path(__file__).parents[2] / "e2e" / "more_venues"
FILE = f"""
mode: FULL_AUTO
venues: {{north: {{kind: pretended}}}}
accounts:
  - {{id: alder, venue: north, mode: live, currency: USD, initial_balance: 100000, firm: none}}
instruments: [{{symbol: {SHARE.symbol}, currency: USD, tick: 0.01, lot_step: 1, min_qty: 1, margin_rate: 0.5}}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a configuration of one account at a venue that pretends to move real money."""
    monkeypatch.setattr(coxswain.venues, "__path__", [*coxswain.venues.__path__, str(MORE_VENUES)])
    (tmp_path / "coxswain.yaml").write_text(FILE)
    return tmp_path / "coxswain.yaml"


def test_a_program_may_look_at_a_live_account_that_nobody_confirmed_and_trades_nothing(config: Path) -> None:
    async def main() -> None:
        engine = await create_execution_engine(load_config(config), trading_mode=TradingMode.LIVE, start=START)
        try:
            await engine.initialize()
            await engine.start_trading()
            with pytest.raises(OrderDenied, match=r"HALTED \(NOT_CONFIRMED\)"):
                await engine.submit_cross_system_order(OrderParams(SHARE.symbol, OrderSide.BUY, 1))
        finally:
            await engine.shutdown()

    run(main())


def test_a_program_that_means_paper_is_not_given_a_live_venue(config: Path) -> None:
    async def main() -> None:
        with pytest.raises(ValidationError, match="trading_mode: 'PAPER', wanted LIVE, as venue north says"):
            await create_execution_engine(load_config(config), trading_mode=TradingMode.PAPER, start=START)

    run(main())


def test_no_live_account_is_registered_by_a_call(config: Path) -> None:
    async def main() -> None:
        async with TradeExecutionOrchestrator(config=load_config(config), start=START) as made:
            with pytest.raises(ValidationError, match="a venue that trades no real money"):
                await made.register_account("alder", "north", 100_000)

    run(main())
