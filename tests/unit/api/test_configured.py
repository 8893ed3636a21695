"""Accounts of a configuration file that a program registers one by one, and what is said where one cannot be."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coxswain import (
    ExecutionCoordinator,
    OrderDenied,
    OrderParams,
    OrderSide,
    OrderStatus,
    TradeExecutionOrchestrator,
    ValidationError,
    VenueError,
    create_execution_engine,
    load_config,
)
from tests.unit.api.desk import LIMITS, SHARE, START, buy, paper, run

FILE = f"""
mode: FULL_AUTO
seed: 3
venues:
  north: {{kind: paper}}
  south: {{kind: paper, separate: true}}
accounts:
  - {{id: alder, venue: north, currency: USD, initial_balance: 100000, firm: none, limits: {{max_order_qty: 7}}}}
  - {{id: birch, venue: north, currency: USD, initial_balance: 50000, firm: none}}
  - {{id: cedar, venue: south, currency: USD, initial_balance: 100000, firm: none}}
instruments: [{{symbol: {SHARE.symbol}, currency: USD, tick: 0.01, lot_step: 1, min_qty: 1, margin_rate: 0.5}}]
correlations: [{{accounts: [alder, birch], rho: 0.9}}]
"""


def orchestrator(folder: Path, **options: Any) -> TradeExecutionOrchestrator:
    (folder / "coxswain.yaml").write_text(FILE)
    return TradeExecutionOrchestrator(config=load_config(folder / "coxswain.yaml"), start=START, **options)


def test_an_account_of_the_configuration_takes_part_with_the_limits_it_has_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with orchestrator(tmp_path) as made:
            await made.register_account("alder", "north", 100_000)
            await made.update_price("SHARE", 100.00, 100.02)
            status = await made.get_account_status("alder")
            assert status is not None
            assert (status.platform, status.balance) == ("north", Decimal(100_000))
            with pytest.raises(OrderDenied, match="8"):
                await made.venues["north"].submit_order(OrderParams("SHARE", OrderSide.BUY, 8))
            filled = await made.venues["north"].submit_order(OrderParams("SHARE", OrderSide.BUY, 7))
            assert (filled.account_id, filled.status) == ("alder", OrderStatus.FILLED)
            assert filled.order_id is not None
            coordinator = ExecutionCoordinator()
            await coordinator.register_platform("alder", made.venues["north"])
            assert (await coordinator.monitor_execution(filled.order_id, "alder", 7)).is_complete

    run(main())


def test_accounts_come_while_it_trades_beside_venues_of_the_program(tmp_path: Path) -> None:
    async def main() -> None:
        async with orchestrator(tmp_path) as made:
            await made.register_account("own", paper("mine"), 100_000, limits=LIMITS)
            await made.update_price("SHARE", 100.00, 100.02)
            (first,) = await made.execute_plan(await made.process_signal(buy()))
            assert first.success
            await made.register_account("birch", "north", limits={"risk_per_trade_pct": 0.1})
            await made.update_price("SHARE", 100.00, 100.02)
            plan = await made.process_signal(buy("s2"))
            assert {share.account_id for share in plan.account_assignments} == {"birch", "own"}
            assert [result.success for result in await made.execute_plan(plan)] == [True, True]

    run(main())


def test_what_was_said_of_a_correlation_stays_when_another_account_comes(tmp_path: Path) -> None:
    async def main() -> None:
        async with orchestrator(tmp_path) as made:
            await made.register_account("alder", "north")
            await made.register_account("birch", "north")
            await made.update_price("SHARE", 100.00, 100.02)
            assert (await made.process_signal(buy())).warnings
            await made.update_correlation_matrix("alder", "birch", 0.1)
            await made.register_account("own", paper("mine"), 100_000, limits=LIMITS)
            assert not (await made.process_signal(buy("s2"))).warnings

    run(main())


@pytest.mark.parametrize(
    ("account", "platform", "balance", "sentence"),
    [
        ("alder", "west", None, "venue: 'west', wanted one of north, south, as .*coxswain.yaml has them"),
        ("elder", "north", None, "account_id: 'elder', wanted an account that .* has at venue north: alder, birch"),
        ("cedar", "north", None, "account_id: 'cedar', wanted an account that .* has at venue north: alder, birch"),
        ("alder", "north", 99_999, "initial_balance: '99999', wanted 100000, as .*coxswain.yaml says"),
        ("cedar", "south", None, "journal: None, wanted a file: venue south is a process of its own"),
    ],
)
def test_what_cannot_be_registered_is_refused_and_the_next_is_taken(
    tmp_path: Path, account: str, platform: str, balance: int | None, sentence: str
) -> None:
    async def main() -> None:
        async with orchestrator(tmp_path) as made:
            with pytest.raises(ValidationError, match=sentence):
                await made.register_account(account, platform, balance)
            await made.register_account("birch", "north", 50_000)
            with pytest.raises(ValidationError, match="wanted one that is not registered yet"):
                await made.register_account("birch", "north", 50_000)
            await made.update_price("SHARE", 100.00, 100.02)
            assert list(made.venues) == ["north"]

    run(main())


def test_a_name_without_a_configuration_means_nothing() -> None:
    async def main() -> None:
        with pytest.raises(ValidationError, match="platform: 'north', wanted a PaperTradingVenue"):
            await TradeExecutionOrchestrator().register_account("a", "north", 100)

    run(main())


@pytest.mark.parametrize("realtime", [False, True])
def test_a_venue_that_is_not_there_is_told_with_how_to_start_it_and_changes_nothing(
    tmp_path: Path, realtime: bool
) -> None:
    async def main() -> None:
        journal = tmp_path / "j"
        soon = {"min_timing_variance_ms": 1, "max_timing_variance_ms": 20}
        made = orchestrator(tmp_path, journal=journal, realtime=realtime, settings=soon)
        async with made:
            await made.register_account("birch", "north")
            await made.update_price("SHARE", 100.00, 100.02)
            with pytest.raises(VenueError, match=f"start it with: coxswain venue south .* --journal {journal}"):
                await made.register_account("cedar", "south")
            (result,) = await made.execute_plan(await made.process_signal(buy()))
            assert (result.account_id, result.success) == ("birch", True)
            assert await made.get_account_status("cedar") is None

    run(main())


def test_an_engine_whose_separate_venue_is_not_there_is_not_made(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "coxswain.yaml").write_text(FILE)
        config = load_config(tmp_path / "coxswain.yaml")
        with pytest.raises(VenueError, match="venue south is not there"):
            await create_execution_engine(config, journal=tmp_path / "j")
        with pytest.raises(ValidationError, match="venue south is a process of its own"):
            await create_execution_engine(config)
        assert not (tmp_path / "j").exists()

    run(main())
