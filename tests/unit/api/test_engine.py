"""The execution engine through its public methods: brokers, modes, stopping, status, events."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coxswain import (
    ExecutionEngine,
    ExecutionMode,
    ExecutionVenue,
    Order,
    OrderDenied,
    OrderSide,
    OrderStatus,
    OrderType,
    OutsideEvent,
    PositionError,
    SystemFault,
    TradingMode,
    ValidationError,
    create_execution_engine,
    load_config,
)
from coxswain.app.config.problems import ConfigError
from tests.unit.api.desk import SHARE, START, fault, paper, run


def order(qty: float = 10, side: OrderSide = OrderSide.BUY, **fields: Any) -> Order:
    return Order("SHARE", side, qty, **fields)


async def engine(config: dict[str, Any] | None = None, **options: Any) -> ExecutionEngine:
    """Return one that trades, with two brokers, in a market of 100.00 to 100.02."""
    made = await create_execution_engine(
        config or {"brokers": {"east": paper(), "west": paper()}}, start=START, **options
    )
    await made.start_trading()
    await made.update_price("SHARE", 100.00, 100.02)
    return made


def test_an_order_goes_to_the_preferred_broker_and_else_to_the_first() -> None:
    async def main() -> None:
        async with await engine() as made:
            first = await made.submit_cross_system_order(order())
            second = await made.submit_cross_system_order(order(20), preferred_broker="west")
            assert {o.order_id: o.account_id for o in made.order_manager.get_orders()} == {
                first: "east",
                second: "west",
            }
            assert made.session_metrics["active_positions"] == 2
            assert [held.quantity for held in await made.trading_systems["west"].get_positions()] == [20]
            assert [held.symbol for held in made.trading_systems["east"].position_manager.get_positions()] == ["SHARE"]
            with pytest.raises(ValidationError, match="wanted one of east, west"):
                await made.submit_cross_system_order(order(), preferred_broker="north")

    run(main())


def test_an_order_of_a_broker_with_several_accounts_must_name_one() -> None:
    async def main() -> None:
        accounts = {name: {"broker": "east", "balance": 50_000} for name in ("a", "b")}
        async with await engine({"brokers": {"east": paper()}, "accounts": accounts}) as made:
            with pytest.raises(ValidationError, match="one of a, b: this venue has several"):
                await made.submit_cross_system_order(order())
            order_id = await made.submit_cross_system_order(order(account_id="b"))
            assert made.order_manager.get_order(order_id).account_id == "b"

    run(main())


def test_nothing_is_taken_before_trading_is_started() -> None:
    async def main() -> None:
        made = await create_execution_engine({"brokers": {"east": paper()}}, start=START)
        async with made:
            assert (await made.get_comprehensive_status())["engine_status"] == "initialized"
            with pytest.raises(ValidationError, match="start_trading"):
                await made.submit_cross_system_order(order())

    run(main())


def test_what_the_gate_refuses_is_raised_with_its_checks() -> None:
    async def main() -> None:
        config = {"brokers": {"east": paper()}, "limits": {"max_order_qty": 50}}
        async with await engine(config) as made:
            with pytest.raises(OrderDenied, match="51"):
                await made.submit_cross_system_order(order(51))
            assert made.session_metrics["total_orders_submitted"] == 0
            assert made.session_metrics["total_orders_denied"] == 1
            await made.submit_cross_system_order(order(50))

    run(main())


def test_one_client_order_id_is_never_sent_twice() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order(client_order_id="mine"))
            with pytest.raises(OrderDenied):
                await made.submit_cross_system_order(order(client_order_id="mine"))

    run(main())


def test_an_emergency_stop_cancels_entries_and_keeps_protection() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order(stop_loss=95))
            resting = await made.submit_cross_system_order(order(order_type=OrderType.LIMIT, limit_price=99))
            stopped = await made.emergency_stop()
            assert stopped.did
            assert "protection" in " ".join(stopped.did_not)
            assert "resume" in stopped.undo
            (held,) = made.position_manager.get_positions()
            assert held.protected
            assert made.order_manager.get_order(resting).status is OrderStatus.CANCELED
            status = await made.get_comprehensive_status()
            assert status["engine_status"] == "stopped"
            with pytest.raises(OrderDenied):
                await made.submit_cross_system_order(order())
            await made.resume_trading("looked at it")
            assert (await made.get_comprehensive_status())["engine_status"] == "active"
            await made.advance(2)  # the same order again at once would be taken for a double
            await made.submit_cross_system_order(order())

    run(main())


def test_a_liquidation_closes_everything_and_lists_what_remains() -> None:
    async def main() -> None:
        config = {
            "brokers": {"east": paper(), "west": paper(faults=[fault("reject", "west", nth) for nth in range(2, 9)])}
        }
        async with await engine(config) as made:
            for broker in ("east", "west"):
                await made.submit_cross_system_order(order(), preferred_broker=broker)
            done = await made.emergency_liquidate_all()
            assert [(left.account_id, left.quantity) for left in done.remaining] == [("west", Decimal(10))]
            status = await made.get_comprehensive_status()
            assert status["positions"] == list(done.remaining)

    run(main())


def test_a_liquidation_that_is_done_leaves_nothing() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order(stop_loss=95))
            assert (await made.emergency_liquidate_all()).remaining == ()
            assert made.session_metrics["active_positions"] == 0
            assert made.order_manager.get_open_orders() == []

    run(main())


def test_a_paper_venue_has_no_live_account() -> None:
    async def main() -> None:
        brokers = {"east": paper()}
        with pytest.raises(ValidationError, match="trading_mode: 'LIVE', wanted PAPER: broker is a PaperTradingVenue"):
            await create_execution_engine({"brokers": brokers}, TradingMode.LIVE)
        accounts = {"a": {"broker": "east", "trading_mode": "LIVE"}}
        with pytest.raises(ValidationError, match=r"accounts\.a\.trading_mode: 'LIVE', wanted PAPER"):
            await create_execution_engine({"brokers": brokers, "accounts": accounts})
        accounts = {"a": {"broker": "east", "trading_mode": "real"}}
        with pytest.raises(ValidationError, match=r"accounts\.a\.trading_mode: 'real', wanted PAPER"):
            await create_execution_engine({"brokers": brokers, "accounts": accounts})
        accounts = {"a": {"broker": "east", "trading_mode": "PAPER"}}
        with pytest.raises(ValidationError, match="wanted PAPER: no account of config is live"):
            await create_execution_engine({"brokers": brokers, "accounts": accounts}, TradingMode.LIVE)

    run(main())


def test_research_sends_no_order() -> None:
    async def main() -> None:
        async with await engine(execution_mode=ExecutionMode.RESEARCH) as made:
            with pytest.raises(OrderDenied):
                await made.submit_cross_system_order(order())
            await made.set_execution_mode(ExecutionMode.FULL_AUTO)
            await made.submit_cross_system_order(order())

    run(main())


def test_what_one_broker_holds_is_told_apart() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order(10), preferred_broker="east")
            await made.submit_cross_system_order(order(20), preferred_broker="west")
            await made.update_price("SHARE", 101.00, 101.02)
            await made.advance(1)
            await made.trading_systems["east"].position_manager.close_position("SHARE")
            parts = [system.portfolio_manager.get_stats()[0] for system in made.trading_systems.values()]
            assert [part.total_positions for part in parts] == [0, 1]
            assert [part.total_realized_pnl for part in parts] == [Decimal("9.8"), 0]
            (whole,) = made.portfolio_manager.get_stats()
            assert whole.total_value == parts[1].total_value
            assert whole.total_realized_pnl == Decimal("9.8")
            assert whole.total_unrealized_pnl == parts[0].total_unrealized_pnl + parts[1].total_unrealized_pnl

    run(main())


def test_without_a_configuration_the_file_in_the_working_directory_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        with pytest.raises(ConfigError, match=r"coxswain\.yaml"):
            await create_execution_engine(trading_mode=TradingMode.PAPER)
        configuration(tmp_path)
        async with await create_execution_engine(trading_mode=TradingMode.PAPER) as made:
            assert list(made.trading_systems) == ["north"]

    monkeypatch.chdir(tmp_path)
    run(main())


def test_the_status_says_how_everything_stands() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order(stop_loss=95))
            status = await made.get_comprehensive_status()
            assert status["engine_status"] == "active"
            assert status["trading_mode"] == "PAPER"
            assert status["session_metrics"] == made.session_metrics
            assert made.session_metrics["total_orders_filled"] == 1
            assert list(status["trading_systems"]) == ["east", "west"]  # type: ignore[call-overload]
            assert status["breaks"] == []
        assert await made.get_comprehensive_status() == {"engine_status": "shutdown"}
        with pytest.raises(SystemFault):
            await made.start_trading()

    run(main())


def test_positions_are_compared_on_demand() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order())
            assert await made.synchronize_positions() == []

    run(main())


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        (0.1 + 0.2, r"0\.30000000000000004"),
        (float("nan"), "quantity: nan, wanted a finite number"),
        (float("inf"), "quantity: inf, wanted a finite number"),
        (True, "quantity: True, wanted a finite number"),
        (0, "quantity: 0, wanted a number above 0"),
        (-1.5, "quantity: -1.5, wanted a number above 0"),
        ("1e400", "quantity: '1e400', wanted a finite number"),
    ],
)
def test_a_quantity_is_exact_or_refused(quantity: Any, sentence: str) -> None:
    async def main() -> None:
        async with await engine() as made:
            with pytest.raises(ValidationError, match=sentence):
                await made.submit_cross_system_order(order(quantity))

    run(main())


def test_a_venue_without_an_engine_opens_one_of_its_own() -> None:
    async def main() -> None:
        async with paper(initial_capital=5_000) as venue:
            assert isinstance(venue, ExecutionVenue)
            await venue.update_price("SHARE", 100.00, 100.02)
            filled = await venue.submit_order(order(10, stop_loss=95))
            assert (filled.status, filled.average_price) == (OrderStatus.FILLED, Decimal("100.02"))
            assert filled.order_id is not None
            assert await venue.get_order(filled.order_id) == filled
            assert not await venue.cancel_order(filled.order_id)
            balance = await venue.get_account_balance()
            assert (balance.cash, balance.unrealized_pnl) == (Decimal(5_000), Decimal("-0.2"))
            resting = await venue.submit_order(order(5, order_type=OrderType.LIMIT, limit_price=99))
            assert resting.order_id is not None
            assert resting.status is OrderStatus.NEW
            assert await venue.cancel_order(resting.order_id)

    run(main())


def test_the_stop_of_a_position_is_moved_by_its_order() -> None:
    async def main() -> None:
        async with await engine() as made:
            await made.submit_cross_system_order(order(stop_loss=95))
            stop = next(o for o in made.order_manager.get_open_orders() if o.order_type is OrderType.STOP)
            assert stop.order_id is not None
            east = made.trading_systems["east"]
            moved = await east.modify_order(stop.order_id, stop_price=97.5)
            assert moved.stop_price == Decimal("97.5")
            assert made.position_manager.get_position("SHARE").stop_loss == Decimal("97.5")

    run(main())


def test_an_event_handler_hears_of_orders_in_order() -> None:
    async def main() -> None:
        heard: list[OutsideEvent] = []

        async def hear(event: OutsideEvent) -> None:
            heard.append(event)

        async with await engine() as made:
            made.add_event_handler(hear)
            await made.submit_cross_system_order(order())
            assert await made.deliver_events()
            names = [str(event.event) for event in heard]
            assert names.index("ORDER_SUBMITTED") < names.index("ORDER_FILLED") < names.index("POSITION_OPENED")

    run(main())


def test_a_position_is_opened_measured_and_closed() -> None:
    async def main() -> None:
        async with await engine() as made:
            positions = made.position_manager
            opened = await positions.open_position(order(10, stop_loss=95, take_profit=110))
            assert (opened.direction, opened.quantity, opened.protected) == ("long", Decimal(10), True)
            await made.advance(86_400)
            await positions.update_price("SHARE", 102.02, 102.04)
            await made.advance(1)
            metrics = positions.get_metrics("SHARE")
            assert metrics.risk_reward_ratio is not None
            assert metrics.return_percent is not None
            assert metrics.return_percent > Decimal("1.99")
            assert metrics.efficiency is not None
            assert metrics.holding_period is not None
            (part,) = await positions.close_position("SHARE", 4)
            assert part.success
            assert positions.get_position("SHARE").quantity == 6
            assert positions.get_position("SHARE").protected
            (whole,) = await positions.close_position("SHARE")
            assert whole.success
            assert positions.get_positions() == []
            (closed,) = positions.get_closed_positions()
            assert closed.realized_pnl == 20
            assert await positions.reconcile() == []
            (portfolio,) = made.portfolio_manager.get_stats()
            assert (portfolio.total_positions, portfolio.total_realized_pnl) == (0, Decimal(20))
            with pytest.raises(PositionError, match="no position in SHARE"):
                await positions.close_position("share")

    run(main())


def configuration(folder: Path) -> Path:
    file = folder / "coxswain.yaml"
    file.write_text(
        f"""
mode: FULL_AUTO
seed: 3
venues: {{north: {{kind: paper}}}}
accounts: [{{id: alder, venue: north, currency: USD, initial_balance: 100000, firm: none}}]
instruments: [{{symbol: {SHARE.symbol}, currency: USD, tick: 0.01, lot_step: 1, min_qty: 1, margin_rate: 0.5}}]
"""
    )
    return file


def test_a_configuration_file_makes_an_engine(tmp_path: Path) -> None:
    file = configuration(tmp_path)

    async def main() -> None:
        made = await create_execution_engine(load_config(file), start=START)
        async with made:
            await made.start_trading()
            await made.update_price("SHARE", 100.00, 100.02)
            order_id = await made.submit_cross_system_order(order(), preferred_broker="north")
            assert made.order_manager.get_order(order_id).account_id == "alder"
        with pytest.raises(ValidationError, match=r"wanted PAPER: no account of .* is live, so there is no real money"):
            await create_execution_engine(load_config(file), TradingMode.LIVE)

    run(main())


def test_in_real_time_the_engine_runs_by_itself() -> None:
    async def main() -> None:
        made = await create_execution_engine({"brokers": {"east": paper()}}, realtime=True)
        async with made:
            await made.start_trading()
            await made.update_price("SHARE", 100.00, 100.02)
            order_id = await made.submit_cross_system_order(order(stop_loss=95))
            assert made.order_manager.get_order(order_id).status is OrderStatus.FILLED
            with pytest.raises(OrderDenied):
                await made.submit_cross_system_order(order(100_000))

    run(main())


def test_the_options_of_the_paper_venue_are_what_it_does() -> None:
    async def main() -> None:
        venue = paper(
            initial_capital=50_000, commission=0.5, commission_percent=0.1, slippage_percent=1, fill_delay=300
        )
        async with venue:
            await venue.update_price("SHARE", 100.00, 100.02)
            filled = await venue.submit_order(order(10))
            assert filled.average_price is not None
            assert filled.average_price > Decimal(101)
            assert filled.commission == 10 * Decimal("0.5") + filled.average_price * 10 / 1000
            assert filled.created_at is not None
            assert (filled.fills[0].time - filled.created_at).total_seconds() >= 0.3
        async with paper(reject_rate=1) as refusing:
            await refusing.update_price("SHARE", 100.00, 100.02)
            assert (await refusing.submit_order(order())).status is OrderStatus.REJECTED

    run(main())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"reject_rate": 1.1}, r"reject_rate: 1\.1, wanted 0 to 1"),
        ({"commission": -1}, "commission_per_lot: -1, wanted 0 or more"),
        ({"latency": 5}, "unknown field `latency`"),
        ({"initial_capital": "much"}, "initial_capital: 'much', wanted a finite number"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        paper(**options)
