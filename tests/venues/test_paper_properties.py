"""Whatever is sent and whatever the market does, the paper venue's books add up, and its file holds all of them."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.requests import CancelOrder, NewOrder, ReplaceOrder
from coxswain.model.decimals import ONE, ZERO, round_down
from coxswain.model.position import book
from coxswain.model.vocabulary import ClOrdId, ExecType, OrdType, Side, TimeInForce
from tests.venues.desk import BUY, LATENCY_NS, SECOND, SELL, SHARE, A, Desk

BALANCE = Decimal(50_000)
Step = Callable[[Desk, int], None]

prices = st.integers(95, 105)
quantities = st.integers(1, 12)


@st.composite
def new_orders(draw: st.DrawFn) -> Step:
    ord_type, px = draw(st.sampled_from(OrdType)), Decimal(draw(prices))
    side, tif, qty = draw(st.sampled_from(Side)), draw(st.sampled_from(TimeInForce)), Decimal(draw(quantities))
    reduce_only, oco_group = draw(st.booleans()), draw(st.sampled_from([None, None, "g", "h"]))

    def step(desk: Desk, n: int) -> None:
        desk.venue.send(
            NewOrder(
                account=A,
                cl_ord_id=ClOrdId(f"n{n}"),
                symbol=SHARE,
                side=side,
                ord_type=ord_type,
                time_in_force=tif,
                order_qty=qty,
                price=px if ord_type is OrdType.LIMIT else None,
                stop_px=px if ord_type is OrdType.STOP else None,
                reduce_only=reduce_only,
                oco_group=oco_group,
            ),
            desk.now_ns,
        )

    return step


@st.composite
def changes(draw: st.DrawFn) -> Step:
    back, qty, px, is_cancel = draw(st.integers(1, 8)), draw(quantities), draw(prices), draw(st.booleans())

    def step(desk: Desk, n: int) -> None:
        target = ClOrdId(f"n{n - back}")
        if is_cancel:
            desk.venue.send(CancelOrder(A, target, SHARE), desk.now_ns)
            return
        order = desk.look(target).order
        is_stop = order is not None and order.stop_px is not None
        px_of = {"stop_px": Decimal(px)} if is_stop else {"price": Decimal(px)}
        desk.venue.send(ReplaceOrder(A, ClOrdId(f"n{n}"), target, SHARE, Decimal(qty), **px_of), desk.now_ns)

    return step


@st.composite
def quotes(draw: st.DrawFn) -> Step:
    bid, spread = draw(prices), draw(st.integers(-1, 2))
    sizes = draw(st.one_of(st.none(), st.tuples(st.integers(0, 9), st.integers(0, 9))))
    after_ns = draw(st.sampled_from([0, LATENCY_NS, SECOND, 61 * SECOND]))

    def step(desk: Desk, n: int) -> None:
        bid_size, ask_size = sizes or (None, None)
        desk.quote(str(bid), str(bid + spread), bid_size=bid_size, ask_size=ask_size, after_ns=after_ns)

    return step


steps = st.lists(st.one_of(new_orders(), quotes(), quotes(), changes()), min_size=1, max_size=40)


def play(desk: Desk, script: list[Step]) -> None:
    desk.quote("99", "101")
    for n, step in enumerate(script):
        step(desk, n)
        desk.run(LATENCY_NS // 2)
    desk.run(3 * LATENCY_NS)


@given(steps)
@settings(max_examples=300)
def test_fills_positions_cash_and_reports_agree(script: list[Step]) -> None:
    desk = Desk(balance=str(BALANCE), commission_per_lot="0.01")
    play(desk, script)
    books = desk.books()

    qty = cost = ZERO
    balance = BALANCE
    for fill in books.fills:
        booked = book(qty, cost, fill.side, fill.last_qty, fill.last_px, ONE)
        balance += round_down(booked.realized) - fill.commission
        qty, cost = booked.qty, booked.cost
    assert sum((each.qty for each in books.positions), ZERO) == qty
    assert books.balance == balance

    reported = [each for each in desk.inputs if isinstance(each, ExecutionReport)]
    trades = [each.exec_id for each in reported if each.exec_type is ExecType.TRADE]
    assert trades == [fill.exec_id for fill in books.fills]
    assert len({each.exec_id for each in reported}) == len(reported)

    for cl_ord_id in {each.cl_ord_id for each in reported}:
        found = desk.look(cl_ord_id)
        assert found.order is not None
        assert found.order.cum_qty == sum((fill.last_qty for fill in found.fills), ZERO) <= found.order.order_qty


@given(steps)
@settings(max_examples=100)
def test_when_all_is_closed_no_margin_is_held_any_more(script: list[Step]) -> None:
    desk = Desk(balance=str(BALANCE))
    play(desk, script)
    for order in desk.books().orders:
        desk.cancel(order.cl_ord_id)
    desk.quote("99", "101")
    for position in desk.books().positions:
        desk.order(SELL if position.qty > 0 else BUY, str(abs(position.qty)))
    books = desk.books()
    assert not books.orders
    assert not books.positions
    assert desk.refusal(desk.order(BUY, 1_000_000)).endswith(f", free {books.balance}")


@given(steps, steps)
@settings(max_examples=60)
def test_a_venue_that_was_reopened_goes_on_as_if_it_had_not_been(first: list[Step], second: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "paper.db"
        one, two = Desk(), Desk(path=path)
        play(one, first)
        play(two, first)
        assert one.inputs == two.inputs
        now_ns = two.now_ns
        two.venue.close()
        two = Desk(path=path, now_ns=now_ns)
        assert one.books() == two.books()
        for desk in (one, two):  # one has kept its free margin by what changed, the other has just summed it up
            desk.quote("98", "102")
        assert one.refusal(one.order(BUY, 1_000_000)) == two.refusal(two.order(BUY, 1_000_000))
        later = [shifted(step) for step in second]
        one.inputs.clear()
        two.inputs.clear()
        play(one, later)
        play(two, later)
        two.venue.close()
        assert one.inputs == two.inputs


def shifted(step: Step) -> Step:
    """Play a step under numbers that the first script did not use."""
    return lambda desk, n: step(desk, n + 1_000)
