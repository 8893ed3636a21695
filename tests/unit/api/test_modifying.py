"""Changing orders through the public classes: quantity, price and stop price, and what is said where it cannot be."""

from decimal import Decimal
from typing import Any

import pytest

from coxswain import (
    ExecutionEngine,
    Order,
    OrderDenied,
    OrderRouter,
    OrderSide,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    ValidationError,
    VenueError,
    create_execution_engine,
)
from tests.unit.api.desk import START, paper, run


async def engine(limits: dict[str, Any] | None = None, **options: Any) -> ExecutionEngine:
    """Return one that trades at one venue, in a market of 100.00 to 100.02."""
    config = {"brokers": {"east": paper(**options)}, "limits": limits or {}}
    made = await create_execution_engine(config, start=START)
    await made.start_trading()
    await made.update_price("SHARE", 100.00, 100.02)
    return made


async def resting(made: ExecutionEngine, qty: int = 10, **fields: Any) -> str:
    """Submit an order that rests, a limit at 99 unless it is said otherwise."""
    values = fields or {"order_type": OrderType.LIMIT, "limit_price": 99}
    return await made.submit_cross_system_order(Order("SHARE", OrderSide.BUY, qty, **values))


RENEWED = {"native_replace": False}


@pytest.mark.parametrize("options", [{}, RENEWED], ids=["changed by the venue", "called back and sent anew"])
def test_quantity_and_price_of_a_working_order_are_changed(options: dict[str, Any]) -> None:
    async def main() -> None:
        async with await engine(**options) as made:
            order_id = await resting(made)
            east = made.trading_systems["east"]
            changed = await east.modify_order(order_id, quantity=7, limit_price=99.5)
            assert (changed.quantity, changed.limit_price, changed.status) == (
                Decimal(7),
                Decimal("99.5"),
                OrderStatus.NEW,
            )
            assert [each.order_id for each in made.order_manager.get_open_orders()] == [changed.order_id]
            assert (changed.order_id == order_id) is (options != RENEWED)
            await made.update_price("SHARE", 99.40, 99.42)
            await made.advance(1)
            assert changed.order_id is not None
            filled = await east.get_order(changed.order_id)
            assert (filled.status, filled.filled_quantity) == (OrderStatus.FILLED, Decimal(7))

    run(main())


def test_the_trigger_of_a_stop_order_is_changed_and_what_is_left_out_stays() -> None:
    async def main() -> None:
        async with await engine() as made:
            order_id = await resting(made, order_type=OrderType.STOP, stop_price=101)
            router = OrderRouter(made)
            changed = await router.modify_order(order_id, stop_price=101.5)
            assert (changed.stop_price, changed.limit_price, changed.quantity) == (Decimal("101.5"), None, Decimal(10))

    run(main())


def test_a_quantity_that_has_filled_already_cancels_the_rest() -> None:
    async def main() -> None:
        async with await engine() as made:
            order_id = await resting(made)
            await made.update_price("SHARE", 98.90, 99.00, ask_size=4)
            await made.advance(1)
            changed = await made.trading_systems["east"].modify_order(order_id, quantity=4)
            assert (changed.status, changed.filled_quantity) == (OrderStatus.CANCELED, Decimal(4))

    run(main())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "nothing to change is named: wanted quantity, limit_price or stop_price"),
        ({"quantity": 0}, "quantity: 0, wanted a number above 0"),
        ({"limit_price": float("nan")}, "limit_price: nan, wanted a finite number"),
        ({"stop_price": 101}, "it is a LIMIT order and has no stop_price"),
    ],
)
def test_what_cannot_be_changed_is_refused_by_field(fields: dict[str, Any], sentence: str) -> None:
    async def main() -> None:
        async with await engine() as made:
            order_id = await resting(made)
            with pytest.raises(ValidationError, match=sentence):
                await made.trading_systems["east"].modify_order(order_id, **fields)

    run(main())


def test_an_order_that_is_over_or_not_there_is_not_changed() -> None:
    async def main() -> None:
        async with await engine() as made:
            east, order_id = made.trading_systems["east"], await resting(made)
            await east.cancel_order(order_id)
            with pytest.raises(ValidationError, match=f"order {order_id}: it is over"):
                await east.modify_order(order_id, quantity=5)
            with pytest.raises(ValidationError, match="wanted the id of an order of this engine"):
                await east.modify_order("nobody", quantity=5)

    run(main())


@pytest.mark.parametrize("options", [{}, RENEWED], ids=["changed by the venue", "called back and sent anew"])
def test_a_change_meets_the_gate_at_the_limit_and_just_over(options: dict[str, Any]) -> None:
    async def main() -> None:
        async with await engine({"max_order_qty": 50}, **options) as made:
            east, order_id = made.trading_systems["east"], await resting(made)
            with pytest.raises(OrderDenied, match="51"):
                await east.modify_order(order_id, quantity=51)
            assert (await east.get_order(order_id)).quantity == 10
            assert (await east.modify_order(order_id, quantity=50)).quantity == 50

    run(main())


def test_a_change_that_the_venue_refuses_is_an_error_of_the_venue() -> None:
    async def main() -> None:
        async with await engine(latency_ms=500) as made:
            east, order_id = made.trading_systems["east"], await resting(made)
            await made.update_price("SHARE", 98.90, 98.92, ask_size=8)  # the engine has not heard of it
            with pytest.raises(VenueError, match=f"order {order_id} was not changed: .*wanted more than the filled 8"):
                await east.modify_order(order_id, quantity=7)
            order = await east.get_order(order_id)
            assert (order.quantity, order.status) == (Decimal(10), OrderStatus.PARTIALLY_FILLED)

    run(main())


def test_a_change_that_meets_a_fill_is_an_error_of_the_venue() -> None:
    async def main() -> None:
        async with await engine(latency_ms=500) as made:
            east, order_id = made.trading_systems["east"], await resting(made)
            await made.update_price("SHARE", 98.90, 98.92)
            with pytest.raises(VenueError, match="was not changed"):
                await east.modify_order(order_id, quantity=5)
            assert (await east.get_order(order_id)).filled_quantity == 10

    run(main())


def test_stop_and_target_are_moved_and_keep_their_quantity() -> None:
    async def main() -> None:
        async with await engine() as made:
            await resting(made, stop_loss=95, take_profit=110)
            east = made.trading_systems["east"]
            stop, target = (
                next(each for each in made.order_manager.get_open_orders() if each.order_type is kind)
                for kind in (OrderType.STOP, OrderType.LIMIT)
            )
            assert stop.order_id is not None
            assert target.order_id is not None
            assert (await east.modify_order(stop.order_id, stop_price=97.5)).stop_price == Decimal("97.5")
            assert (await east.modify_order(target.order_id, limit_price=112)).limit_price == Decimal(112)
            with pytest.raises(ValidationError, match="quantity: '5', wanted stop_price only"):
                await east.modify_order(stop.order_id, quantity=5)
            with pytest.raises(ValidationError, match="stop_price: '97', wanted limit_price only"):
                await east.modify_order(target.order_id, stop_price=97)

    run(main())


def test_an_order_whose_outcome_is_unknown_is_not_changed() -> None:
    async def main() -> None:
        faults = [{"kind": "request_lost", "account": "east", "nth": 1}]
        async with await engine(faults=faults) as made:
            order_id = await resting(made)
            assert (await made.trading_systems["east"].get_order(order_id)).status is OrderStatus.UNKNOWN
            with pytest.raises(OutcomeUnknown, match=order_id):
                await made.trading_systems["east"].modify_order(order_id, quantity=5)

    run(main())


def test_an_order_that_nobody_knows_of_is_settled_by_a_person_s_word() -> None:
    async def main() -> None:
        faults = [{"kind": "request_lost", "account": "east", "nth": 1}]
        async with await engine(faults=faults) as made:
            order_id, east = await resting(made), made.trading_systems["east"]
            with pytest.raises(ValidationError, match="settled_as: 'gone', wanted lost or filled"):
                await east.settle_order(order_id, "gone", "their desk says so")
            with pytest.raises(ValidationError, match="fills: none, wanted a fill that fits no order"):
                await east.settle_order(order_id, "filled", "their desk says so")
            assert (await east.settle_order(order_id, "lost", "their desk says so")).status is OrderStatus.CANCELED
            with pytest.raises(ValidationError, match="it is over"):
                await east.settle_order(order_id, "lost", "their desk says so")

    run(main())
