"""Real money in programs, beside paper: asked for as on the command line, and typed by a person at a terminal once."""

import io
import itertools
import sys
from pathlib import Path
from typing import Any

import pytest

import coxswain.venues
from coxswain import (
    ExecutionEngine,
    ExecutionMode,
    OrderDenied,
    OrderParams,
    OrderSide,
    OrderStatus,
    TradeExecutionOrchestrator,
    TradingMode,
    ValidationError,
    create_execution_engine,
    load_config,
)
from coxswain.messages.events import LiveConfirmed
from tests.e2e.journals import read_records
from tests.unit.api.desk import SHARE, START, run

QUANTITIES = itertools.count(1)
"""No order is like the one before."""
MORE_VENUES = Path(__file__).parents[2] / "e2e" / "more_venues"
FILE = f"""
mode: FULL_AUTO
venues: {{north: {{kind: pretended}}, south: {{kind: paper}}}}
accounts:
  - {{id: alder, venue: north, mode: live, currency: USD, initial_balance: 100000, firm: none}}
  - {{id: birch, venue: south, currency: USD, initial_balance: 100000, firm: none}}
instruments: [{{symbol: {SHARE.symbol}, currency: USD, tick: 0.01, lot_step: 1, min_qty: 1, margin_rate: 0.5}}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a configuration of an account at a venue that pretends to move real money, and one at a paper venue."""
    monkeypatch.setattr(coxswain.venues, "__path__", [*coxswain.venues.__path__, str(MORE_VENUES)])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "coxswain.yaml").write_text(FILE)
    return tmp_path / "coxswain.yaml"


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Sit at a terminal, and type."""
    screen = io.StringIO(typed)
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", screen)


async def live(config: Path, **options: Any) -> ExecutionEngine:
    options = {"start": START, **options}
    made = await create_execution_engine(load_config(config), TradingMode.LIVE, **options)
    await made.start_trading()
    await made.update_price(SHARE.symbol, 100.00, 100.02)
    return made


def order(account: str) -> OrderParams:
    return OrderParams(SHARE.symbol, OrderSide.BUY, next(QUANTITIES), account_id=account)


def confirmed(journal: Path) -> list[tuple[tuple[str, ...], bool]]:
    """Return who was confirmed, and whether it is said by whom."""
    events = [event for record in read_records(journal) for event in record.events]
    return [(event.accounts, bool(event.actor)) for event in events if isinstance(event, LiveConfirmed)]


def test_where_nobody_could_type_the_live_account_is_halted_and_the_paper_account_beside_it_trades(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        async with await live(config) as engine:
            with pytest.raises(OrderDenied, match=r"HALTED \(NOT_CONFIRMED\)"):
                await engine.submit_cross_system_order(order("alder"))
            order_id = await engine.submit_cross_system_order(order("birch"), preferred_broker="south")
            assert engine.order_manager.get_order(order_id).status is OrderStatus.FILLED

    run(main())
    assert "alder: HALTED, because nobody has confirmed yet that real money is traded there" in capsys.readouterr().err


@pytest.mark.parametrize("realtime", [False, True])
def test_their_names_are_typed_once_at_a_terminal_and_live_and_paper_accounts_trade_beside_each_other(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], realtime: bool
) -> None:
    async def main() -> None:
        async with await live(config, journal=tmp_path / "j", realtime=realtime) as engine:
            for account, venue in (("alder", "north"), ("birch", "south")):
                order_id = await engine.submit_cross_system_order(order(account), preferred_broker=venue)
                assert engine.order_manager.get_order(order_id).status is OrderStatus.FILLED

    at_a_terminal(monkeypatch, "alder\n")
    run(main())
    assert "alder: REAL MONEY, in USD, at venue north" in capsys.readouterr().err
    at_a_terminal(monkeypatch, "")
    run(main())
    assert confirmed(tmp_path / "j") == [(("alder",), True)]
    assert (tmp_path / "state/coxswain/leases/north.lease").is_dir(), "real money is leased for the user"


@pytest.mark.parametrize("typed", ["", "y\n", "birch\n", "alder birch\n"])
def test_what_is_not_their_names_starts_nothing_and_it_may_be_tried_again(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    async def main() -> None:
        at_a_terminal(monkeypatch, typed)
        with pytest.raises(ValidationError, match="wanted 'alder'; nothing was started"):
            await live(config, journal=tmp_path / "j")
        assert list(read_records(tmp_path / "j")) == []
        at_a_terminal(monkeypatch, "alder\n")
        async with await live(config, journal=tmp_path / "j"):
            assert len(confirmed(tmp_path / "j")) == 1

    run(main())


def test_research_asks_nobody(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        at_a_terminal(monkeypatch, "no\n")
        async with await live(config, execution_mode=ExecutionMode.RESEARCH) as engine:
            with pytest.raises(OrderDenied):
                await engine.submit_cross_system_order(order("birch"), preferred_broker="south")

    run(main())


def test_a_program_that_means_paper_is_not_given_a_live_account(config: Path) -> None:
    async def main() -> None:
        wanted = "trading_mode: 'PAPER', wanted LIVE: real money is traded on alder, as .*coxswain.yaml says"
        with pytest.raises(ValidationError, match=wanted):
            await create_execution_engine(load_config(config), trading_mode=TradingMode.PAPER, start=START)

    run(main())


def test_no_live_account_is_registered_by_a_call_and_the_paper_one_of_the_same_file_is(config: Path) -> None:
    async def main() -> None:
        async with TradeExecutionOrchestrator(config=load_config(config), start=START) as made:
            with pytest.raises(ValidationError, match="a venue of no real money"):
                await made.register_account("alder", "north", 100_000)
            await made.register_account("birch", "south", 100_000)
            await made.update_price(SHARE.symbol, 100.00, 100.02)
            assert (await made.venues["south"].submit_order(order("birch"))).status is OrderStatus.FILLED

    run(main())
