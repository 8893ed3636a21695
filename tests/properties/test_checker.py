"""The checker of simulated worlds, checked: of a day in which all goes well it accepts what happened, and of each
invariant it refuses the same day with one thing bent that offends it.

The day is a real engine's against paper venues; what is bent is its record, as if the engine had done that.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages import requests as rq
from coxswain.messages.record import Record, encode
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.orders import OrderIntent
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import ExecType, OrdType, Role, Side, SignalId, SignalKind, TimeInForce
from coxswain.sim.checker import evidence
from coxswain.sim.checker.invariant import Invariant
from coxswain.sim.checker.judge import ALL, Invariants
from coxswain.sim.ground import A1, A2, SHARE, S, make_setup
from coxswain.venues.paper import Fault, FaultKind
from tests.asking import release, stop
from tests.sim.wire import Faults
from tests.sim.world import World

D = Decimal
Bend = Callable[[list[Record]], list[Record]]


def enter(world: World, name: str, account: str, **fields: Any) -> None:
    values: dict[str, Any] = {"side": Side.BUY, "quantity": D(10), "stop_loss": D("95.00"), "accounts": (account,)}
    world.step(
        inp.SubmitSignal(Signal(SignalId(name), SignalKind.ENTRY, SHARE, world.now_ns, 120, **(values | fields)))
    )
    world.run(3 * S)


@cache
def day() -> World:
    """Let a day go by in which there is an entry, an exit, a bust, a lost order, a stop, and a change of limits."""
    plain = dict.fromkeys(("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct"), "0")
    setup = make_setup(**plain, max_size_variance_pct="0", max_order_qty="10000", limit_raise_needs_two="1")
    world = World(1, script=(Fault(FaultKind.BUST, A2, 1),), setup=setup)
    enter(world, "first", A1)
    enter(world, "taken back", A2)
    world.run(20 * S)
    resting = OrderIntent(
        A1, SHARE, Side.BUY, OrdType.LIMIT, TimeInForce.GTC, D(2), Role.DIRECT, SignalId("rests"), price=D("99.50")
    )
    world.step(inp.SubmitOrder(resting, actor="ann"))
    world.run(S)
    world.step(inp.CancelOrders("ann", "a wish", account=A1))
    world.run(S)
    world.step(inp.SetLimits({"max_order_qty": D(20_000)}, "more", "ann"))
    world.step(inp.ApproveLimits(1, "bob"))
    world.wire.faults = Faults(lose_request=100)
    enter(world, "lost", A2)
    world.wire.faults = Faults()
    for _ in range(4):
        world.quote(SHARE)
        world.run(10 * S)
    world.step(stop(StopLevel.HALT, EVERYTHING))
    world.run(S)
    world.step(release(EVERYTHING))
    world.step(inp.SubmitSignal(Signal(SignalId("out"), SignalKind.EXIT, SHARE, world.now_ns, 120, accounts=(A1,))))
    world.run(3 * S)
    world.rest(2)
    for kind in (ev.OrderResent, ev.FillBusted, ev.OrderCanceled, ev.LimitsChanged, ev.TradingResumed, ev.ExitEnded):
        assert any(isinstance(event, kind) for record in world.records for event in record.events), kind
    return world


# --- ways to bend a day -----------------------------------------------------------------------------------------------


def changed(kind: type, nth: int = 0, /, **fields: Any) -> Bend:
    """Change fields of the nth event of a kind."""
    return each_event(kind, nth, lambda event: (msgspec.structs.replace(event, **fields),))


def twice(kind: type) -> Bend:
    return each_event(kind, 0, lambda event: (event, event))


def without(kind: type, nth: int = 0) -> Bend:
    return each_event(kind, nth, lambda event: ())


def each_event(kind: type, nth: int, become: Callable[[Any], tuple[ev.Event, ...]]) -> Bend:
    def bend(records: list[Record]) -> list[Record]:
        left = nth
        for at, record in enumerate(records):
            for place, event in enumerate(record.events):
                if isinstance(event, kind):
                    if left == 0:
                        events = (*record.events[:place], *become(event), *record.events[place + 1 :])
                        return [*records[:at], msgspec.structs.replace(record, events=events), *records[at + 1 :]]
                    left -= 1
        raise AssertionError(f"no {kind.__name__} in that day")

    return bend


def heard(kind: type, message: inp.Input, having: Callable[[Any], bool] = lambda _: True) -> Bend:
    """Let something else have come in, in the place of the first message of a kind."""

    def bend(records: list[Record]) -> list[Record]:
        at = next(at for at, each in enumerate(records) if isinstance(each.input, kind) and having(each.input))
        return [*records[:at], msgspec.structs.replace(records[at], input=message), *records[at + 1 :]]

    return bend


def put_before_the_first_order(*messages: inp.Input) -> Bend:
    def bend(records: list[Record]) -> list[Record]:
        at = next(at for at, each in enumerate(records) if any(isinstance(e, ev.OrderCreated) for e in each.events))
        return [*records[:at], *(Record(0, records[at].now_ns, message) for message in messages), *records[at:]]

    return bend


def cut_after(kind: type) -> Bend:
    """End the day with the first event of a kind."""

    def bend(records: list[Record]) -> list[Record]:
        at = next(at for at, each in enumerate(records) if any(isinstance(event, kind) for event in each.events))
        return records[: at + 1]

    return bend


def asking_for(**fields: Any) -> Bend:
    """Let the first order leave with other contents than were kept."""

    def bend(records: list[Record]) -> list[Record]:
        at = next(at for at, each in enumerate(records) if any(isinstance(r, rq.NewOrder) for r in each.requests))
        requests = tuple(
            msgspec.structs.replace(request, **fields) if isinstance(request, rq.NewOrder) else request
            for request in records[at].requests
        )
        return [*records[:at], msgspec.structs.replace(records[at], requests=requests), *records[at + 1 :]]

    return bend


def with_check(code: str, /, **fields: Any) -> Bend:
    def become(event: ev.OrderCreated) -> tuple[ev.Event, ...]:
        checks = tuple(
            msgspec.structs.replace(check, **fields) if check.code == code else check for check in event.checks
        )
        return (msgspec.structs.replace(event, checks=checks),)

    return each_event(ev.OrderCreated, 0, become)


def intended(nth: int = 0, **fields: Any) -> Bend:
    def become(event: ev.OrderCreated) -> tuple[ev.Event, ...]:
        return (msgspec.structs.replace(event, intent=msgspec.structs.replace(event.intent, **fields)),)

    return each_event(ev.OrderCreated, nth, become)


def accepted_long_ago(records: list[Record]) -> list[Record]:
    def become(event: ev.SignalAccepted) -> tuple[ev.Event, ...]:
        old = msgspec.structs.replace(event.signal, signal_time_ns=event.signal.signal_time_ns - 1_000 * S)
        return (msgspec.structs.replace(event, signal=old),)

    return each_event(ev.SignalAccepted, 0, become)(records)


def closed_at_the_first_signal(records: list[Record]) -> list[Record]:
    closed = ev.SessionSet((SHARE,), False)
    return each_event(ev.SignalAccepted, 0, lambda event: (event, closed))(records)


def silent(records: list[Record]) -> list[Record]:
    """Let nothing have come of the first signal."""
    at = next(at for at, each in enumerate(records) if isinstance(each.input, inp.SubmitSignal))
    return [*records[:at], msgspec.structs.replace(records[at], events=(), requests=()), *records[at + 1 :]]


def rejected_after_it_worked(records: list[Record]) -> list[Record]:
    return each_event(ev.OrderCanceled, 0, lambda event: (ev.OrderRejected(event.account, event.cl_ord_id, "no"),))(
        records
    )


BENT: tuple[tuple[str, str, Bend], ...] = (
    (
        "OneLiveOrder",
        "sent again after one look",
        heard(inp.OrderLookedUp, inp.TimePassed(), lambda m: m.order is None),
    ),
    ("OneLiveOrder", "created a second time", twice(ev.OrderCreated)),
    ("OneLiveOrder", "sent a third time", twice(ev.OrderResent)),
    ("OneOutcome", "a signal of which nothing came", silent),
    ("OneOutcome", "ended twice", twice(ev.OrderCanceled)),
    ("DurableFirst", "another quantity leaves", asking_for(order_qty=D(11))),
    ("DurableFirst", "nobody created what leaves", without(ev.OrderCreated)),
    ("DurableFirst", "cancelled without a word", without(ev.CancelRequested)),
    (
        "OverForAReason",
        "over without a report",
        heard(inp.ExecutionReport, inp.TimePassed(), lambda m: m.exec_type is ExecType.CANCELED),
    ),
    ("BookedOnce", "a fill twice", twice(ev.OrderFilled)),
    ("BookedOnce", "a bust of what was never booked", changed(ev.FillBusted, exec_ref_id="nothing")),
    ("SumsOfFills", "cum_qty that is no sum", changed(ev.OrderFilled, cum_qty=D(3))),
    ("SumsOfFills", "a bust that leaves all of it", changed(ev.FillBusted, cum_qty=D(10))),
    ("SumsOfFills", "a position that is no sum", changed(ev.PositionChanged, qty=D(9))),
    ("SumsOfFills", "a cost that is no sum", changed(ev.PositionChanged, cost=D(900))),
    ("SumsOfFills", "cash that came from nowhere", changed(ev.PositionChanged, balance=D(100_001))),
    ("WithinTheParent", "a child above its parent", intended(order_qty=D(11))),
    ("PassedEveryControl", "left although it failed", with_check("ORDER_QTY", passed=False)),
    ("PassedEveryControl", "passed above its limit", with_check("ORDER_QTY", value=D(10_001))),
    ("PassedEveryControl", "a market that is closed", closed_at_the_first_signal),
    ("PassedEveryControl", "entered at any price", intended(ord_type=OrdType.MARKET)),
    ("WithinItsLimits", "reduces more than is held", intended(1, order_qty=D(11))),
    ("PassedEveryControl", "judged by an older limit", with_check("ORDER_QTY", limit=D(1))),
    ("PassedEveryControl", "judged by another version", changed(ev.OrderCreated, limit_version=7)),
    ("PassedEveryControl", "never asked for its size", with_check("ORDER_QTY", code="ORDER_SIZE")),
    ("WithinItsLimits", "lots that do not add up", with_check("POSITION_QTY", value=D(9))),
    ("WithinItsLimits", "a margin that does not add up", with_check("MARGIN", value=D(1))),
    ("WithinItsLimits", "positions that were not counted", with_check("OPEN_POSITIONS", value=D(0))),
    ("LegalSteps", "rejected after it worked", rejected_after_it_worked),
    ("LegalSteps", "accepted without having been created", without(ev.OrderCreated)),
    ("NothingLeavesAStop", "an entry after a stop", put_before_the_first_order(stop(StopLevel.PAUSE, EVERYTHING))),
    ("NothingLeavesAStop", "released by nobody", heard(inp.ResumeTrading, inp.TimePassed())),
    ("ShutUntilCompared", "opened without the venue's books", heard(inp.AccountLookedUp, inp.TimePassed())),
    ("OnlyWhileItLives", "an order of an old signal", accepted_long_ago),
    ("NothingDropped", "a fill that was dropped", without(ev.OrderFilled)),
    ("TwoPersons", "one person in two roles", changed(ev.LimitsChanged, second_actor="ann")),
    (
        "OneEpoch",
        "an order under an older epoch",
        put_before_the_first_order(inp.ObserveHost(True, True, True, 9), inp.ObserveHost(True, True, True, 1)),
    ),
    ("OnceOnly", "a signal taken twice", twice(ev.SignalAccepted)),
    ("OnceOnly", "a plan made twice", twice(ev.PlanProposed)),
    ("ComesToRest", "a gate that stays shut", cut_after(ev.ComparisonAsked)),
    ("CancelsProgress", "a cancel that nobody pursues", cut_after(ev.CancelRequested)),
)


def judge(only: str, records: list[Record], *, at_rest: bool) -> None:
    invariants = Invariants()
    invariants.all = [each for each in invariants.all if type(each).__name__ == only]
    assert invariants.all
    for record in records:
        invariants.remember(record)
    if at_rest:
        invariants.at_rest(day())


def named(only: str) -> type[Invariant]:
    return next(kind for kind in ALL if kind.__name__ == only)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_what_really_happened_is_accepted(kind: type[Invariant]) -> None:
    judge(kind.__name__, day().records, at_rest=True)


@pytest.mark.parametrize(("only", "what", "bend"), BENT, ids=[f"{only}: {what}" for only, what, _ in BENT])
def test_what_offends_an_invariant_is_refused_by_it(only: str, what: str, bend: Bend) -> None:
    with pytest.raises(AssertionError, match=rf"^{named(only).ID}: "):
        judge(only, bend(list(day().records)), at_rest=only in ("ComesToRest", "CancelsProgress"))


def test_books_that_differ_from_the_venues_are_refused() -> None:
    def without_the_exit(records: list[Record]) -> list[Record]:
        keeps = [any(isinstance(event, ev.ExitEnded) for event in record.events) for record in records]
        return [record for record, gone in zip(records, keeps, strict=True) if not gone]

    with pytest.raises(AssertionError, match=r"^I11: "):
        judge("EqualAtRest", without_the_exit(list(day().records)), at_rest=True)


def see_made(only: str, bend: Bend) -> None:
    """Show the end of a day as it was made, beside the venues' books."""
    invariants = Invariants()
    records = bend(list(day().records))
    invariants.all = [each for each in invariants.all if type(each).__name__ == only]
    for record in records[:-1]:
        invariants.remember(record)
    invariants.on_record(day(), records[-1])


def test_an_order_that_only_reduces_and_grew_a_position_is_refused() -> None:
    see_made("NeverFlips", intended())
    with pytest.raises(AssertionError, match=r"^I8: "):
        see_made("NeverFlips", intended(reduce_only=True))


def test_two_live_orders_of_one_intent_are_refused() -> None:
    world = World(1, setup=make_setup(min_timing_variance_ms="0", max_timing_variance_ms="0"))
    for name in ("one", "two"):
        enter(world, name, A1, order_type=OrdType.LIMIT, limit_price=D("99.00"), quantity=D(2))
    invariants = Invariants()
    for record in world.records:
        invariants.remember(record)
    last = Record(len(world.records) + 1, world.now_ns, inp.TimePassed())
    invariants.on_record(world, last)
    for order in invariants.ours.orders.values():
        order.intent = msgspec.structs.replace(order.intent, signal_id=SignalId("one"))
    with pytest.raises(AssertionError, match=r"^I1: "):
        invariants.on_record(world, last)


def test_a_request_that_leaves_too_late_or_without_a_record_is_refused() -> None:
    invariants, world = Invariants(), day()
    at = next(at for at, each in enumerate(world.records) if any(isinstance(r, rq.NewOrder) for r in each.requests))
    for record in world.records[:at]:
        invariants.remember(record)
    invariants.on_start()
    invariants.all = [each for each in invariants.all if each.ID in ("I3", "I21")]
    record = world.records[at]
    invariants.on_record(world, record)
    (order,) = (request for request in record.requests if isinstance(request, rq.NewOrder))
    with pytest.raises(AssertionError, match=r"^I3: "):
        invariants.on_request(order, Counter(), record.now_ns)
    with pytest.raises(AssertionError, match=r"^I21: "):
        invariants.on_record(world, world.records[at + 1])
    invariants.on_request(order, Counter([order]), record.now_ns)


def test_a_journal_that_was_bent_is_refused() -> None:
    bodies = [encode(record) for record in day().records]
    rows, previous = [], sha256(b"coxswain-journal-1" + b"5eed").digest()
    for seq, body in enumerate(bodies, 1):
        previous = sha256(previous + body).digest()
        rows.append((seq, body, previous))
    evidence.chain_verifies("5eed", rows)
    for bent in (rows[1:], [rows[1], rows[0], *rows[2:]], [rows[0], (2, rows[2][1], rows[1][2]), *rows[2:]]):
        with pytest.raises(AssertionError, match=r"^I12: "):
            evidence.chain_verifies("5eed", bent)
    evidence.damage_was_seen("F40", 5, 5)
    for named_seq in (None, 6):
        with pytest.raises(AssertionError, match=r"^I12, F40: "):
            evidence.damage_was_seen("F40", 5, named_seq)
    evidence.steps_to_the_same(bodies, list(bodies))
    for again in (bodies[:-1], [*bodies[:-1], bodies[0]]):
        with pytest.raises(AssertionError, match=r"^I14: "):
            evidence.steps_to_the_same(bodies, again)
    with pytest.raises(AssertionError, match=r"^I14: "):
        evidence.is_the_same("folded", b"one", b"other")
