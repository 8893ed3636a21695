"""A program's signal says all that a line of JSON may say, and is read by the same reader."""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from coxswain import (
    Leg,
    LeggingRule,
    OrderSide,
    OrderStatus,
    OrderType,
    Outcome,
    PaperTradingVenue,
    SecondOrder,
    SignalKind,
    SpreadLevel,
    TimeInForce,
    TradeExecutionOrchestrator,
    TradeSignal,
    TrailingStop,
    TriggerSource,
    ValidationError,
    instrument,
)
from coxswain.api.python.signals import fields_of, read_signal
from coxswain.api.python.venue import ALIKE
from coxswain.messages import signal_parts as parts
from coxswain.messages.signal_json import FIELDS, parse_signal
from tests.unit.api.desk import LIMITS, SHARE, START, buy, orchestrator, run

NOW_NS = int(START.timestamp()) * 10**9
BUY, SELL = OrderSide.BUY, OrderSide.SELL
OTHER = instrument("OTHER", tick=0.01, margin_rate=0.5)
LEGS = (Leg("SHARE", BUY, 1, limit_price=100), Leg("OTHER", SELL, 2, stop_loss=55.5, take_profit=Decimal("44.4")))
SPREAD: dict[str, Any] = {
    "legs": LEGS,
    "quantity": 3,
    "max_unhedged_value": 5_000,
    "max_unhedged_s": 20,
    "on_legging_limit": LeggingRule.UNWIND,
}


# --- the same fields, and the same reader -----------------------------------------------------------------------------


def test_a_signal_has_every_field_of_a_line_and_no_other() -> None:
    assert sorted(TradeSignal.__struct_fields__) == sorted(FIELDS)


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (TrailingStop, parts.TRAIL_FIELDS),
        (Leg, parts.LEG_FIELDS),
        (SecondOrder, parts.CONTINGENT_FIELDS),
        (SpreadLevel, parts.LEVEL_FIELDS),
    ],
)
def test_an_object_within_a_signal_has_every_field_that_it_has_in_a_line(
    kind: type[msgspec.Struct], known: tuple[str, ...]
) -> None:
    assert sorted(kind.__struct_fields__) == sorted(known)


def line_of(signal: TradeSignal) -> dict[str, object]:
    """Write a signal down as a user would, by hand."""

    def written(value: object) -> object:
        match value:
            case msgspec.Struct():
                return {name: written(getattr(value, name)) for name in value.__struct_fields__}
            case tuple():
                return [written(item) for item in value]
            case Decimal():
                return str(value)
            case _:
                return value.isoformat() if hasattr(value, "isoformat") else value

    fields = {name: written(getattr(signal, name)) for name in signal.__struct_fields__}
    return {name: value for name, value in fields.items() if value not in ([], "", {})}


@pytest.mark.parametrize(
    "signal",
    [
        buy(quantity=0.1, entry_price=100.01, risk_reward_ratio=2, ttl_s=60, strategy="breakout", reason="a look"),
        buy(metadata={"strategy": "spring", "score": 0.8, "levels": [1, {"at": "2"}]}, strategy="spring"),
        buy(order_type=OrderType.LIMIT, limit_price=99, time_in_force=TimeInForce.GTC, accounts=("b", "a")),
        buy(order_type=OrderType.STOP_LIMIT, limit_price=101, stop_price=Decimal("100.5")),
        buy(
            order_type=OrderType.STOP,
            limit_price="101.5",
            time_in_force=TimeInForce.GTD,
            expire_time=START + timedelta(hours=2),
            signal_time=START + timedelta(seconds=1),
        ),
        buy(trailing_stop=TrailingStop(amount=0.5, activation_price=101, source=TriggerSource.MID)),
        buy(stop_loss=None, trailing_stop=TrailingStop(pct=1.5)),
        buy(algo={"name": "twap", "horizon_s": 600, "slices": 10, "time_variance_pct": 0.5}),
        buy(
            order_type=OrderType.STOP,
            limit_price=102,
            oco=SecondOrder(SELL, OrderType.STOP, limit_price=90, stop_loss=93, trailing_stop=TrailingStop(amount=1)),
        ),
        buy(then=SecondOrder(BUY, OrderType.STOP_LIMIT, 105, 104, stop_loss=100, take_profit=120)),
        TradeSignal("spread", spread_stop=SpreadLevel(net_price=-0.5), spread_target=SpreadLevel(money=250), **SPREAD),
        TradeSignal("out", "SHARE", BUY, kind=SignalKind.EXIT, quantity=5, reason="over"),
        TradeSignal("out", kind=SignalKind.EXIT, spread="spread", quantity=1),
        TradeSignal("up", "SHARE", kind=SignalKind.STOP_ADJUSTMENT, stop_loss=96, take_profit=111.5),
    ],
    ids=lambda signal: "-".join(name for name in FIELDS if getattr(signal, name) and name not in ("symbol", "side")),
)
def test_a_signal_is_read_as_the_line_that_says_the_same(signal: TradeSignal) -> None:
    given = line_of(signal)
    assert read_signal(fields_of(signal), NOW_NS, 300) == parse_signal(json.dumps(given), NOW_NS)


def test_every_field_of_a_line_was_tried() -> None:
    """Of the signals above; a new field has to stand in one of them."""
    (mark,) = (mark for mark in test_a_signal_is_read_as_the_line_that_says_the_same.pytestmark)  # type: ignore[attr-defined]
    tried = {name for signal in mark.args[1] for name in FIELDS if getattr(signal, name)}
    assert tried == set(FIELDS)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"order_type": OrderType.LIMIT}, "limit_price: missing; a LIMIT order wants one"),
        ({"limit_price": 99}, "limit_price: given for a MARKET order; wanted order_type LIMIT or STOP"),
        ({"time_in_force": TimeInForce.GTD}, "expire_time: missing; a GTD order wants one"),
        ({"quantity": float("nan")}, "quantity: NaN is not a number"),
        ({"quantity": True}, "quantity: true is not a number"),
        ({"confidence": 1.5}, "confidence: 1.5 is out of range; wanted 0 to 1"),
        ({"trailing_stop": TrailingStop()}, "trailing_stop: amount: wanted an amount or a pct, and not both"),
        ({"trailing_stop": TrailingStop(amount=-1)}, "trailing_stop: amount: -1 is not above zero"),
        ({"algo": {"slices": 3}}, "algo: name null is no algorithm's"),
        ({"algo": {"name": "twap", "horizon_s": float("nan")}}, "algo: NaN is not a finite number"),
        ({"legs": LEGS}, "symbol: means nothing beside legs"),
        ({"oco": SecondOrder(SELL)}, "oco: of two orders neither may be at MARKET"),
        ({"oco": SecondOrder(SELL), "then": SecondOrder(SELL)}, "then: given beside oco; wanted one of the two"),
        ({"kind": SignalKind.EXIT}, "stop_loss: means nothing on an exit, wanted no such field; a stop_adjustment"),
        ({"spread": "s"}, "spread: means nothing on an entry"),
        ({"signal_time": START.replace(tzinfo=None)}, "signal_time: .* is not a time; wanted a time with its zone"),
        ({"ttl_s": 0}, "ttl_s: 0 is out of range"),
        ({"accounts": ("a", "a")}, 'accounts: "a" is listed twice'),
        ({"metadata": {"at": object()}}, "metadata: <object .*>, wanted text, a number"),
        ({"metadata": {"x": "y" * 20_000}}, "metadata: 20008 bytes long; wanted at most 16384"),
        ({"strategy": "two\nlines"}, "strategy: .* wanted printable text"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_planned(fields: dict[str, Any], sentence: str) -> None:
    async def main() -> None:
        made, _ = await orchestrator("a")
        async with made:
            with pytest.raises(ValidationError, match=sentence):
                await made.process_signal(buy(**fields))
            assert (await made.process_signal(buy())).account_assignments, "its id was not used up"

    run(main())


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        read_signal(fields_of(buy(quantity=-1, confidence=2, order_type=OrderType.LIMIT)), NOW_NS, 300)
    assert [error.split(":")[0] for error in refused.value.errors] == ["confidence", "quantity", "limit_price"]


# --- what comes of them -----------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """An orchestrator with one account, in a market of two instruments."""

    made: TradeExecutionOrchestrator

    async def send(self, signal: TradeSignal) -> Outcome:
        (result,) = await self.made.execute_plan(await self.made.process_signal(signal))
        return result.outcome

    async def quote(self, bid: float, symbol: str = "SHARE") -> None:
        await self.made.advance(1)
        await self.made.update_price(symbol, bid, bid + 0.02, 10_000, 10_000)
        await self.made.advance(1)

    @property
    def orders(self) -> list[tuple[str, str, OrderStatus]]:
        """Side, type and status of every order."""
        found = self.made.venues["paper"]._desk.orders()
        return [(order.side.value, order.order_type.value, order.status) for order in found]

    @property
    def held(self) -> dict[str, Decimal]:
        book = self.made._desk.session.summary.book
        return self.made._desk.session.look(lambda: {row.symbol: row.qty for row in book.open_positions()})


async def desk(**settings: int) -> Desk:
    made = TradeExecutionOrchestrator(start=START, settings={**ALIKE, **settings})
    venue = PaperTradingVenue(instruments=[SHARE, OTHER])
    await made.register_account("a", venue, 100_000, limits=LIMITS)
    at = Desk(made)
    await at.quote(100.00)
    await at.quote(50.00, "OTHER")
    return at


def test_an_order_that_rests_is_filled_when_the_market_comes_there() -> None:
    async def main() -> None:
        at = await desk()
        signal = buy(order_type=OrderType.LIMIT, limit_price=99, time_in_force=TimeInForce.GTC, quantity=10)
        assert await at.send(signal) is Outcome.WORKING
        assert at.orders == [("BUY", "LIMIT", OrderStatus.NEW)]
        await at.quote(98.50)
        assert at.held == {"SHARE": Decimal(10)}

    run(main())


def test_a_gtd_order_ends_at_its_time() -> None:
    async def main() -> None:
        at = await desk()
        until = START + timedelta(minutes=10)
        fields: dict[str, Any] = {"time_in_force": TimeInForce.GTD, "expire_time": until}
        await at.send(buy(order_type=OrderType.LIMIT, limit_price=99, quantity=10, **fields))
        await at.made.advance(700)
        assert at.orders == [("BUY", "LIMIT", OrderStatus.EXPIRED)]

    run(main())


def test_of_two_orders_one_cancels_the_other() -> None:
    async def main() -> None:
        at = await desk()
        other = SecondOrder(SELL, OrderType.STOP, limit_price=98, stop_loss=101)
        await at.send(buy(order_type=OrderType.STOP, limit_price=102, stop_loss=99, quantity=10, oco=other))
        await at.quote(97.90)
        assert at.held == {"SHARE": Decimal(-10)}
        assert ("BUY", "STOP", OrderStatus.CANCELED) in at.orders

    run(main())


def test_a_second_order_follows_the_first() -> None:
    async def main() -> None:
        at = await desk()
        then = SecondOrder(BUY, OrderType.STOP, limit_price=102, stop_loss=99)
        assert await at.send(buy(quantity=10, then=then)) is Outcome.FILLED
        await at.quote(102.00)
        assert at.held == {"SHARE": Decimal(20)}

    run(main())


def test_a_stop_follows_the_market() -> None:
    async def main() -> None:
        at = await desk()
        await at.send(buy(stop_loss=None, take_profit=None, quantity=10, trailing_stop=TrailingStop(amount=2)))
        await at.quote(105.00)
        await at.quote(102.90)
        assert at.held == {}

    run(main())


def test_an_algorithm_sends_the_order_in_parts() -> None:
    async def main() -> None:
        at = await desk()
        await at.send(buy(quantity=10, algo={"name": "twap", "horizon_s": 60, "slices": 5}))
        for _ in range(40):
            await at.quote(100.00)
        assert at.held == {"SHARE": Decimal(10)}
        assert len([side for side, kind, _ in at.orders if (side, kind) == ("BUY", "MARKET") or kind == "LIMIT"]) >= 5

    run(main())


def test_a_spread_is_entered_and_left_as_a_whole() -> None:
    async def main() -> None:
        at = await desk()
        legs = (Leg("SHARE", BUY, 1), Leg("OTHER", SELL, 2))
        assert await at.send(TradeSignal("pair", **{**SPREAD, "legs": legs})) is Outcome.FILLED
        assert at.held == {"SHARE": Decimal(3), "OTHER": Decimal(-6)}
        assert await at.send(TradeSignal("out", kind=SignalKind.EXIT, spread="pair")) is Outcome.FILLED
        assert at.held == {}

    run(main())


def test_an_exit_and_a_moved_stop_are_signals_too() -> None:
    async def main() -> None:
        at = await desk()
        await at.send(buy(quantity=10))
        await at.send(TradeSignal("up", "SHARE", kind=SignalKind.STOP_ADJUSTMENT, stop_loss=96))
        assert await at.send(TradeSignal("out", "SHARE", BUY, kind=SignalKind.EXIT, quantity=4)) is Outcome.FILLED
        assert at.held == {"SHARE": Decimal(6)}
        row = at.made._desk.session.summary.book.positions
        assert [position.stop_px for position in row.values()] == [Decimal(96)]

    run(main())


def test_a_signal_lives_as_long_as_the_settings_say_unless_it_says_so_itself() -> None:
    async def main() -> None:
        at = await desk(signal_ttl_s=40)
        for name, ttl_s in (("short", None), ("long", 100)):
            await at.made.process_signal(buy(name, quantity=5, ttl_s=ttl_s))
        await at.made.advance(60)
        waiting = at.made._desk.session.summary.controls
        assert [row.signal_id for row in at.made._desk.session.look(waiting.waiting)] == ["long"]

    run(main())
