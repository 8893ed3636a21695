"""Scenarios: what people do, on a market that stands still where it matters, with venues that misbehave as scripted.

Between two acts there is always more than a minute, so that whatever a wire did to the first is settled by then.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from coxswain.messages.inputs import SubmitOrder, SubmitSignal
from coxswain.model.orders import OrderIntent
from coxswain.model.signal import Signal
from coxswain.model.spread import Leg, LeggingLimit, SpreadLevel
from coxswain.model.vocabulary import LeggingRule, OrdType, Role, Side, SignalId, SignalKind, TimeInForce
from coxswain.sim.ground import A1, A2, B1, EURUSD, MS, SHARE, SPARE, S
from coxswain.venues.paper import Fault, FaultKind
from tests.asking import pause, resume
from tests.sim.world import World

BUY, SELL = Side.BUY, Side.SELL
SETTLED = 90 * S


class Scenario(NamedTuple):
    play: Callable[[World], None]
    faults: tuple[Fault, ...] = ()
    may_be_flat: bool = False
    """A fill that the venue brings late finds the exit over or still under way, depending on what else is late."""


def signal(world: World, name: str, kind: SignalKind = SignalKind.ENTRY, **fields: Any) -> None:
    """Submit a signal on shares for account a1, unless said otherwise, and give it its time."""
    numbers = ("stop_loss", "take_profit", "quantity", "limit_price")
    values: dict[str, Any] = {key: Decimal(str(value)) if key in numbers else value for key, value in fields.items()}
    values.setdefault("accounts", (A1,))
    if kind is SignalKind.ENTRY:
        values.setdefault("side", BUY)
        values.setdefault("stop_loss", Decimal(98))
    world.quote(SHARE)
    world.step(SubmitSignal(Signal(SignalId(name), kind, SHARE, world.now_ns, 300, **values)))
    settle(world)


def settle(world: World) -> None:
    """Let a minute and a half go by with a quote every ten seconds."""
    for _ in range(SETTLED // (10 * S)):
        world.run(10 * S)
        world.quote(SHARE)


def market(world: World, cents: int) -> None:
    """Move the market to a price in cents, bid, and let what it reaches happen."""
    world.quote(SHARE, cents - world.ticks[SHARE])
    settle(world)


def target_reached(world: World) -> None:
    signal(world, "in", quantity=10, take_profit=102)
    market(world, 10_200)


def stopped_out(world: World) -> None:
    signal(world, "in", quantity=10, take_profit=102)
    market(world, 9_790)


def completed(world: World) -> None:
    signal(world, "in", quantity=10)
    settle(world)


def recovered(world: World) -> None:
    signal(world, "in", quantity=10, accounts=())


def stop_moved_then_left(world: World) -> None:
    signal(world, "in", quantity=10, take_profit=102)
    signal(world, "move", SignalKind.STOP_ADJUSTMENT, stop_loss="99.00")
    signal(world, "out", SignalKind.EXIT)


def left_in_part(world: World) -> None:
    signal(world, "in", quantity=10, take_profit=102)
    signal(world, "part", SignalKind.EXIT, quantity=4)


def taken_by_all(world: World) -> None:
    """Several accounts, shared out by what each may risk, and all out again."""
    signal(world, "in", quantity=40, accounts=())
    signal(world, "out", SignalKind.EXIT, accounts=())


def grown_and_turned(world: World) -> None:
    signal(world, "in", quantity=10)
    signal(world, "more", quantity=5, take_profit=103)
    signal(world, "turn", side=SELL, quantity=22, stop_loss=102)


def called_back(world: World) -> None:
    """An exit calls a resting entry back, and the venue fills it all the same: what comes late is protected."""
    signal(world, "in", quantity=10)
    signal(world, "below", quantity=5, order_type=OrdType.LIMIT, limit_price="99.00", time_in_force=TimeInForce.GTC)
    signal(world, "out", SignalKind.EXIT)


def paused(world: World) -> None:
    world.step(pause(A1, "a look at it", "ann"))
    signal(world, "in", quantity=10)
    world.step(resume(A1, "looked at it", "ann"))
    signal(world, "in again", quantity=10)


def sent_directly(world: World) -> None:
    intent = OrderIntent(
        A2,
        SHARE,
        SELL,
        OrdType.MARKET,
        TimeInForce.DAY,
        Decimal(7),
        Role.DIRECT,
        SignalId("direct"),
        stop_loss=Decimal(102),
    )
    world.step(SubmitOrder(intent))
    settle(world)


def died_in_between(world: World) -> None:
    """The process dies with an order and its report on the wire, and again while it asks."""
    world.quote(SHARE)
    entry = Signal(
        SignalId("in"),
        SignalKind.ENTRY,
        SHARE,
        world.now_ns,
        300,
        BUY,
        stop_loss=Decimal(98),
        quantity=Decimal(10),
        accounts=(A1, B1),
    )
    world.step(SubmitSignal(entry))
    world.run(25 * MS)
    world.restart()
    world.run(5 * MS)
    world.restart()
    settle(world)


def spread(world: World, stop: SpreadLevel | None = None) -> None:
    """Shares against currency, one leg after the other."""
    for symbol in (SHARE, EURUSD):
        world.quote(symbol)
    legs = (Leg(SHARE, BUY, Decimal(1)), Leg(EURUSD, SELL, Decimal("0.01")))
    limit = LeggingLimit(Decimal(20_000), 20, LeggingRule.UNWIND)
    quantity, accounts = Decimal(6), (A1,)
    whole = Signal(
        SignalId("spread"), SignalKind.ENTRY, SHARE, world.now_ns, 300, BUY, quantity=quantity, accounts=accounts
    )
    world.step(SubmitSignal(msgspec.structs.replace(whole, legs=legs, legging=limit, spread_stop=stop)))
    settle_both(world)


def settle_both(world: World) -> None:
    for _ in range(SETTLED // (10 * S)):
        world.run(10 * S)
        world.quote(SHARE)
        world.quote(EURUSD)


def spread_stopped_out(world: World) -> None:
    """The market falls to the net price at which all of it is left, one leg after the other."""
    spread(world, SpreadLevel(net_price=Decimal(98)))
    world.quote(SHARE, 9_700 - world.ticks[SHARE])
    settle_both(world)


SCENARIOS = {
    "target_reached": Scenario(target_reached),
    "stopped_out": Scenario(stopped_out),
    "completed": Scenario(completed, (Fault(FaultKind.PARTIAL_SILENCE, A1, 1),)),
    "recovered": Scenario(recovered, (Fault(FaultKind.REJECT, A1, 1),)),
    "recovered_twice": Scenario(recovered, (Fault(FaultKind.REJECT, A1, 1), Fault(FaultKind.REJECT, SPARE, 1))),
    "acknowledgement_lost": Scenario(target_reached, (Fault(FaultKind.ACK_LOST, A1, 1),)),
    "order_lost": Scenario(target_reached, (Fault(FaultKind.REQUEST_LOST, A1, 1),)),
    "stop_lost": Scenario(stopped_out, (Fault(FaultKind.REQUEST_LOST, A1, 2),)),
    "stop_rejected": Scenario(stopped_out, (Fault(FaultKind.REJECT, A1, 2),)),
    "fills_reported_twice": Scenario(left_in_part, (Fault(FaultKind.DUPLICATE_FILL, A1, 1),)),
    "stop_moved_then_left": Scenario(stop_moved_then_left),
    "left_in_part": Scenario(left_in_part),
    "taken_by_all": Scenario(taken_by_all),
    "grown_and_turned": Scenario(grown_and_turned),
    "filled_after_it_was_called_back": Scenario(called_back, (Fault(FaultKind.LATE_FILL, A1, 3),), may_be_flat=True),
    "paused": Scenario(paused),
    "sent_directly": Scenario(sent_directly),
    "died_in_between": Scenario(died_in_between),
    "spread_entered": Scenario(spread),
    "spread_stopped_out": Scenario(spread_stopped_out),
    "spread_unwound": Scenario(spread, (Fault(FaultKind.REJECT, A1, 2),)),
}
