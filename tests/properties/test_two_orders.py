"""Two orders of one signal against paper venues with books of their own: one with OCO groups, one without."""

from decimal import Decimal

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import SubmitSignal
from coxswain.model.contingent import Contingent
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, OrdType, Side, SignalId, SignalKind, TimeInForce
from coxswain.sim import books
from coxswain.sim.checker.judge import Invariants
from coxswain.sim.ground import A1, ALL_NATIVE, B1, PA, PB, SHARE, VENUE_OF, Lacks, S, make_setup
from tests.sim.world import World

NO_GROUPS = Lacks(oco=True)
at_both = pytest.mark.parametrize("account", [A1, B1], ids=["in a group", "kept apart by the engine"])
D = Decimal
PLAIN = ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct")


def world() -> World:
    lacks = NO_GROUPS
    plain = dict.fromkeys(PLAIN, "0")
    setup = make_setup(lacks, **plain)
    return World(1, check=Invariants(), setup=setup, lacks=lacks)


def enter(here: World, account: AccountId, **fields: object) -> None:
    values = {"quantity": D(10), "time_in_force": TimeInForce.GTC, "accounts": (account,)} | fields
    here.step(SubmitSignal(Signal(SignalId("two"), SignalKind.ENTRY, SHARE, here.now_ns, 300, **values)))  # type: ignore[arg-type]
    here.run(5 * S)


def events(here: World, kind: type) -> list[ev.Event]:
    return [event for record in here.records for event in record.events if isinstance(event, kind)]


def come_to_rest(here: World, account: AccountId) -> None:
    here.rest()
    here.at_rest()
    open_entries = [order for order in books.working(here.venues[VENUE_OF[account]], account) if not order.reduce_only]
    assert open_entries == []


def test_the_two_venues_differ() -> None:
    here = world()
    can = {spec.id: spec.capabilities.native_oco for spec in here.setup.venues}
    assert can == {PA: True, PB: False}
    assert ALL_NATIVE != NO_GROUPS


@at_both
@pytest.mark.parametrize("by_ticks", [150, -150])
def test_the_market_takes_one_side_and_the_other_is_gone(account: AccountId, by_ticks: int) -> None:
    here = world()
    enter(
        here,
        account,
        side=Side.BUY,
        order_type=OrdType.STOP,
        limit_price=D("101.00"),
        stop_loss=D("96.00"),
        oco=Contingent(Side.SELL, OrdType.STOP, D("99.00"), stop_loss=D("104.00")),
    )
    here.quote(SHARE, by_ticks)
    here.run(5 * S)
    position = here.engine.state.accounts[account].positions[SHARE]
    assert position.qty == (10 if by_ticks > 0 else -10)
    come_to_rest(here, account)
    assert events(here, ev.IncidentRaised) == []


@at_both
def test_one_quote_touches_both_sides(account: AccountId) -> None:
    """A group fills one of the two. Without one both may fill before the cancel gets there: both are booked."""
    here = world()
    enter(
        here,
        account,
        side=Side.BUY,
        order_type=OrdType.LIMIT,
        limit_price=D("99.00"),
        stop_loss=D("90.00"),
        oco=Contingent(Side.SELL, OrdType.STOP, D("99.20"), stop_loss=D("108.00")),
    )
    here.quote(SHARE, -102)
    here.run(5 * S)
    filled = {event.cl_ord_id for event in events(here, ev.OrderFilled) if isinstance(event, ev.OrderFilled)}
    told = [event.kind for event in events(here, ev.IncidentRaised) if isinstance(event, ev.IncidentRaised)]
    qty = here.engine.state.accounts[account].positions[SHARE].qty
    if account == A1:
        assert (len(filled), abs(qty), told) == (1, D(10), [])
    else:
        assert (len(filled), qty, told) == (2, D(0), ["BOTH_FILLED"])
    come_to_rest(here, account)


@at_both
def test_what_the_market_shows_fills_a_part_and_the_other_side_is_gone(account: AccountId) -> None:
    here = world()
    enter(
        here,
        account,
        side=Side.BUY,
        order_type=OrdType.LIMIT,
        limit_price=D("99.00"),
        stop_loss=D("90.00"),
        oco=Contingent(Side.BUY, OrdType.STOP, D("101.00"), stop_loss=D("96.00")),
    )
    here.quote(SHARE, -102, bid_size=D(4), ask_size=D(4))
    here.run(5 * S)
    ours = here.engine.state.accounts[account]
    assert ours.positions[SHARE].qty == D(4)
    assert [order.intent.price for order in map(ours.orders.__getitem__, ours.positions[SHARE].entering)] == [D(99)]
    here.quote(SHARE, 250)
    here.run(5 * S)
    assert ours.positions[SHARE].qty == D(4)  # the stop above is gone
    here.quote(SHARE, -250)
    here.run(5 * S)
    assert ours.positions[SHARE].qty == D(10)
    come_to_rest(here, account)


@at_both
def test_a_process_that_dies_after_every_second_places_and_cancels_no_more_than_once(account: AccountId) -> None:
    here = world()
    enter(
        here,
        account,
        side=Side.BUY,
        order_type=OrdType.STOP,
        limit_price=D("101.00"),
        stop_loss=D("96.00"),
        oco=Contingent(Side.SELL, OrdType.STOP, D("99.00"), stop_loss=D("104.00")),
    )
    for by_ticks in (0, 120, 0, -300, 0):
        here.restart()
        here.quote(SHARE, by_ticks)
        here.run(S)
    come_to_rest(here, account)
    entered = [e for e in events(here, ev.OrderCreated) if isinstance(e, ev.OrderCreated) and e.enters]
    assert sorted(e.intent.signal_id for e in entered) == ["two", "two/2"]


@at_both
def test_an_order_follows_another_and_all_of_it_is_protected(account: AccountId) -> None:
    here = world()
    enter(
        here,
        account,
        side=Side.BUY,
        order_type=OrdType.LIMIT,
        limit_price=D("99.00"),
        stop_loss=D("90.00"),
        then=Contingent(Side.BUY, OrdType.STOP, D("100.00"), stop_loss=D("95.00")),
    )
    here.quote(SHARE, 150)
    here.run(S)
    assert not here.engine.state.accounts[account].positions[SHARE].qty  # nothing follows yet
    here.restart()
    here.quote(SHARE, -260)
    here.run(5 * S)
    here.quote(SHARE, 300)
    here.run(5 * S)
    assert here.engine.state.accounts[account].positions[SHARE].qty == D(20)
    come_to_rest(here, account)
