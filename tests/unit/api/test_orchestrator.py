"""The orchestrator and the coordinator through their public methods: plans, results, recovery, unknowns, the audit."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from coxswain import (
    ExecutionCoordinator,
    OrderStatus,
    Outcome,
    OutcomeUnknown,
    OutsideEvent,
    PositionError,
    SystemFault,
    TradeExecutionOrchestrator,
    TradingState,
    ValidationError,
    VenueError,
)
from tests.unit.api.desk import LIMITS, RESERVE, START, buy, fault, orchestrator, paper, run


def test_a_plan_alone_sends_nothing() -> None:
    async def main() -> None:
        made, platform = await orchestrator()
        async with made:
            plan = await made.process_signal(buy())
            await made.settle()
            assert [share.priority for share in plan.account_assignments] == [1, 2]
            assert all(share.position_size > 0 for share in plan.account_assignments)
            assert await platform.get_positions("a") == []
            assert [entry.action for entry in await made.get_execution_history(2)] == [
                "SIGNAL_RECEIVED",
                "PLAN_PROPOSED",
            ]

    run(main())


def test_a_released_plan_gives_one_result_an_account() -> None:
    async def main() -> None:
        made, platform = await orchestrator()
        async with made:
            plan = await made.process_signal(buy())
            results = await made.execute_plan(plan)
            sizes = {share.account_id: share.position_size for share in plan.account_assignments}
            assert [result.account_id for result in results] == ["a", "b"]
            assert all(result.success for result in results)
            assert {result.account_id: result.filled_quantity for result in results} == sizes
            assert all(result.actual_entry_price == Decimal("100.02") for result in results)
            assert all(result.execution_time == timedelta(milliseconds=40) for result in results)
            held = await platform.get_positions("a")
            assert [position.quantity for position in held] == [sizes["a"]]

    run(main())


def test_executing_a_plan_again_returns_what_came_of_it_and_sends_nothing() -> None:
    async def main() -> None:
        made, _ = await orchestrator()
        async with made:
            plan = await made.process_signal(buy())
            first = await made.execute_plan(plan)
            history = len(await made.get_execution_history(1000))
            assert await made.execute_plan(plan) == first
            assert len(await made.get_execution_history(1000)) == history

    run(main())


def test_the_same_signal_again_gives_the_same_plan_and_another_body_is_refused() -> None:
    async def main() -> None:
        made, _ = await orchestrator()
        async with made:
            plan = await made.process_signal(buy())
            assert await made.process_signal(buy()) == plan
            with pytest.raises(ValidationError, match="SIGNAL_ID_REUSED"):
                await made.process_signal(buy(stop_loss=96))

    run(main())


def test_what_a_venue_rejects_is_taken_over_once() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a", "b", RESERVE, faults=[fault("reject", "a")])
        async with made:
            plan = await made.process_signal(buy())
            failed = next(result for result in await made.execute_plan(plan) if result.success is False)
            assert (failed.account_id, failed.outcome) == ("a", Outcome.REJECTED)
            recovery = await made.handle_failed_execution(failed, plan)
            assert (recovery.account_id, recovery.success, recovery.is_recovery) == (RESERVE, True, True)
            assert await made.handle_failed_execution(failed, plan) == recovery

    run(main())


def test_where_no_account_can_take_over_each_says_why() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a", "b", faults=[fault("reject", "a")])
        async with made:
            plan = await made.process_signal(buy(accounts=("a",)))
            (failed,) = await made.execute_plan(plan)
            with pytest.raises(VenueError, match=r"nobody took it over: .*; b: "):
                await made.handle_failed_execution(failed, plan)

    run(main())


def test_nothing_that_did_not_fail_is_moved() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a", "b")
        async with made:
            plan = await made.process_signal(buy())
            results = await made.execute_plan(plan)
            with pytest.raises(VenueError, match="it did not fail"):
                await made.handle_failed_execution(results[0], plan)

    run(main())


def test_an_unknown_outcome_is_raised_and_never_moved() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a", "b", faults=[fault("request_lost", "a")])
        async with made:
            plan = await made.process_signal(buy(accounts=("a",)))
            (lost,) = await made.execute_plan(plan)
            assert (lost.outcome, lost.success) == (Outcome.UNKNOWN, None)
            with pytest.raises(OutcomeUnknown, match="nothing is moved"):
                await made.handle_failed_execution(lost, plan)
            await made.settle()
            (found,) = await made.execute_plan(plan)
            assert (found.order_id, found.success) == (lost.order_id, True)

    run(main())


def test_a_fill_that_comes_late_is_seen_in_the_results() -> None:
    async def main() -> None:
        made, platform = await orchestrator("a", faults=[fault("late_fill", "a")])
        async with made:
            plan = await made.process_signal(buy())
            (open_,) = await made.execute_plan(plan)
            assert open_.success is None
            assert open_.filled_quantity == 0
            assert open_.order_id is not None
            assert await platform.cancel_order(open_.order_id)
            await made.settle()
            (late,) = await made.execute_plan(plan)
            assert late.filled_quantity == plan.account_assignments[0].position_size
            with pytest.raises(ValidationError, match="register its platform first"):
                await ExecutionCoordinator().monitor_execution(open_.order_id, "a", 1)

    run(main())


def test_a_partly_filled_order_is_followed_and_completed_once() -> None:
    async def main() -> None:
        made, platform = await orchestrator("a", faults=[fault("partial_silence", "a")])
        async with made:
            plan = await made.process_signal(buy())
            (part,) = await made.execute_plan(plan)
            assert part.outcome is Outcome.PARTIAL
            coordinator = ExecutionCoordinator()
            await coordinator.register_platform("a", platform)
            asked = plan.account_assignments[0].position_size
            assert part.order_id is not None
            monitor = await coordinator.monitor_execution(part.order_id, "a", asked)
            assert monitor.status is OrderStatus.PARTIALLY_FILLED
            assert monitor.filled_quantity + monitor.remaining_quantity == asked
            assert [fill.filled_quantity for fill in monitor.partial_fills] == [monitor.filled_quantity]
            await made.update_price("SHARE", 100.00, 100.02)
            await made.advance(50)
            await made.update_price("SHARE", 100.00, 100.02)
            completion = await coordinator.handle_partial_fill(monitor)
            assert await coordinator.handle_partial_fill(monitor) == completion
            await made.settle()
            (whole,) = await made.execute_plan(plan)
            assert (whole.outcome, whole.filled_quantity) == (Outcome.FILLED, asked)
            summary = await coordinator.get_execution_summary()
            assert (summary.total_orders, summary.completion_orders, summary.filled_quantity) == (2, 1, asked)
            with pytest.raises(PositionError, match="not a partly filled order"):
                await coordinator.handle_partial_fill(await coordinator.monitor_execution(completion, "a", 1))

    run(main())


def test_incomplete_orders_are_cancelled_and_not_completed() -> None:
    async def main() -> None:
        made, platform = await orchestrator("a", faults=[fault("partial_silence", "a")])
        async with made:
            plan = await made.process_signal(buy())
            (part,) = await made.execute_plan(plan)
            coordinator = ExecutionCoordinator()
            await coordinator.register_platform("a", platform)
            assert await coordinator.cancel_incomplete_orders() == [part.order_id]
            await made.settle()
            assert (await coordinator.get_execution_summary()).completion_orders == 0
            status = await made.get_account_status("a")
            assert status is not None
            assert (status.open_positions, status.unprotected_positions) == (1, 0)

    run(main())


def test_a_paused_account_is_left_out_with_its_reason_until_it_is_resumed() -> None:
    async def main() -> None:
        made, _ = await orchestrator()
        async with made:
            await made.pause_account("a")
            paused = await made.get_account_status("a")
            assert paused is not None
            assert (paused.is_active, paused.trading_state) == (False, TradingState.REDUCING)
            plan = await made.process_signal(buy())
            assert [share.account_id for share in plan.account_assignments] == ["b"]
            assert plan.excluded[0].account_id == "a"
            assert plan.excluded[0].reasons
            await made.resume_account("a")
            resumed = await made.get_account_status("a")
            assert resumed is not None
            assert resumed.is_active
            assert "resumed by API" in str(await made.get_execution_history(1))
            with pytest.raises(ValidationError, match="account_id: 'z', wanted one of a, b"):
                await made.pause_account("z")
            assert await made.get_account_status("z") is None

    run(main())


def test_correlated_accounts_wait_longer_and_take_less() -> None:
    async def main() -> None:
        made, _ = await orchestrator(settings={"min_size_variance_pct": 0, "max_size_variance_pct": 0})
        async with made:
            await made.update_correlation_matrix("a", "b", 0.95)
            plan = await made.process_signal(buy())
            first, second = plan.account_assignments
            assert second.position_size < first.position_size
            assert second.entry_timing_delay > first.entry_timing_delay
            assert plan.warnings
            with pytest.raises(ValidationError, match="-1 to 1"):
                await made.update_correlation_matrix("a", "b", 1.5)

    run(main())


def test_an_account_that_comes_later_takes_part_from_then_on() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        async with made:
            await made.execute_plan(await made.process_signal(buy("s1")))
            await made.register_account("late", paper("elsewhere"), 50_000, limits=LIMITS)
            await made.update_price("SHARE", 100.00, 100.02)
            plan = await made.process_signal(buy("s2"))
            results = await made.execute_plan(plan)
            assert {result.account_id for result in results if result.success} == {"a", "late"}

    run(main())


def test_every_wrong_field_of_a_signal_is_named() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        async with made:
            with pytest.raises(ValidationError) as caught:
                await made.process_signal(buy(stop_loss=-1, confidence=7))
            assert len(caught.value.errors) == 2
            with pytest.raises(ValidationError, match="stop_loss"):
                await made.process_signal(buy(stop_loss=float("nan")))

    run(main())


def test_a_float_is_what_it_is_written_as_and_one_off_the_tick_is_refused() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        async with made:
            with pytest.raises(ValidationError, match=r"PRICE_OFF_TICK: stop_loss=95\.29999999999998"):
                await made.process_signal(buy(stop_loss=95.1 + 0.1 + 0.1))
            plan = await made.process_signal(buy(stop_loss=95.3))
            assert plan.account_assignments

    run(main())


def test_a_signal_has_its_time_and_the_engine_goes_there() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        async with made:
            await made.process_signal(buy(signal_time=START + timedelta(seconds=30)))
            history = await made.get_execution_history(1)
            assert history[0].timestamp == START + timedelta(seconds=30)
            with pytest.raises(ValidationError, match="wanted a time with its zone"):
                await made.process_signal(buy("s2", signal_time=START.replace(tzinfo=None)))

    run(main())


def test_without_accounts_nothing_can_be_asked() -> None:
    async def main() -> None:
        made = TradeExecutionOrchestrator(start=START)
        with pytest.raises(ValidationError, match="accounts: none"):
            await made.process_signal(buy())

    run(main())


def test_a_journal_in_a_file_is_gone_on_with(tmp_path: Any) -> None:
    async def main() -> None:
        journal = tmp_path / "j.db"
        made, _ = await orchestrator("a", journal=journal)
        async with made:
            plan = await made.process_signal(buy())
            first = await made.execute_plan(plan)
        with pytest.raises(SystemFault, match="closed"):
            await made.execute_plan(plan)
        again, platform = await orchestrator("a", journal=journal)
        async with again:
            assert await again.execute_plan(plan) == first
            assert [held.quantity for held in await platform.get_positions()] == [first[0].filled_quantity]

    run(main())


def test_an_audit_entry_carries_the_result_of_its_account() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        async with made:
            await made.execute_plan(await made.process_signal(buy()))
            await made.settle()
            filled = [entry for entry in await made.get_execution_history() if entry.action == "ORDER_FILLED"]
            assert filled[0].result is not None
            assert (filled[0].result.account_id, filled[0].result.success) == ("a", True)
            assert filled[0].signal_id == "s1"

    run(main())


def test_handlers_that_sleep_or_raise_do_not_hold_up_an_order() -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        heard: list[OutsideEvent] = []
        release = asyncio.Event()

        def raises(event: OutsideEvent) -> None:
            raise RuntimeError("a bug of the program")

        async def sleeps(event: OutsideEvent) -> None:
            await release.wait()

        async def hears(event: OutsideEvent) -> None:
            heard.append(event)

        async with made:
            for handler in (raises, sleeps, hears):
                made.add_event_handler(handler)
            (result,) = await made.execute_plan(await made.process_signal(buy()))
            assert result.success
            release.set()
            assert await made.deliver_events()
            names = [event.event for event in heard]
            assert [name for name in names if name in ("ORDER_SUBMITTED", "ORDER_FILLED")][:2] == [
                "ORDER_SUBMITTED",
                "ORDER_FILLED",
            ]
            faults = [event for event in heard if event.event == "EXECUTION_ERROR"]
            assert faults
            assert "a bug of the program" in faults[0].text
            assert [event.seq for event in heard if event not in faults] == sorted(
                event.seq for event in heard if event not in faults
            )

    run(main())
