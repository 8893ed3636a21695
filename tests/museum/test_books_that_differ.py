"""Museum: books that were set right by guessing. What happened then, and what happens here."""

from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.record import encode
from coxswain.messages.requests import NewOrder
from coxswain.model.orders import VenuePosition
from coxswain.model.vocabulary import ExecId, ExecType, OrdStatus, ReachedVenue, Role, TradingState
from tests.unit.core.desk import BUY, SELL, SHARE, A, D, Desk, S, only


def exits(desk: Desk) -> list[NewOrder]:
    ids = {order.cl_ord_id for order in desk.account().orders.values() if order.intent.role is Role.EXIT}
    return [request for request in desk.requests(NewOrder) if request.cl_ord_id in ids]


def test_nautilus_3046_a_restart_books_no_fill_again() -> None:
    """nautilus_trader 3046, 2025.

    Then: a restart applied cached fills to positions once more, and stopped at the trade ids it had already.
    Here: a start folds what was booked, and a fill that the venue lists again is known by its exec_id.
    """
    desk = Desk()
    order = desk.enter(10)
    desk.accept(order)
    desk.fill(order, 10, exec_id=ExecId("one"))
    again = desk.restarted()
    fill = again.venue_fill(order, 10, exec_id="one")
    again.books(fills=(fill,))
    again.look(order, OrdStatus.FILLED, fills=(fill,), cum_qty=10)
    assert len(again.events(ev.OrderFilled)) == 1
    assert (again.position().qty, again.order(order).cum_qty) == (D(10), D(10))


def test_nautilus_3176_a_restart_makes_no_orders() -> None:
    """nautilus_trader 3176, 2025.

    Then: each restart with a kept cache made up orders for the position it found, under new ids and of another kind.
    Here: however often it starts, the orders are the ones that were sent, and nothing new leaves.
    """
    desk = Desk()
    desk.hold(10)
    orders, sent = set(desk.account().orders), len(desk.requests(NewOrder))
    for _ in range(3):
        desk = desk.restarted()
        for name in tuple(desk.account().open_orders):
            desk.look(name, OrdStatus.NEW)
        desk.books()
    assert set(desk.account().orders) == orders
    assert len(desk.requests(NewOrder)) == sent
    assert (desk.position().qty, desk.account().state) == (D(10), TradingState.ACTIVE)


def test_nautilus_3493_no_fill_is_inferred() -> None:
    """nautilus_trader 3493, 2026.

    Then: a fill was inferred from the venue's totals before the real one came, and both were counted.
    Here: a total without its fills leaves the question open, and only the real fill is ever booked.
    """
    desk = Desk()
    order = desk.enter(10)
    desk.accept(order)
    desk.report(order, ExecType.NEW, cum_qty=10)
    desk.look(order, OrdStatus.FILLED, cum_qty=10, held=10)
    assert desk.events(ev.OrderFilled) == []
    assert desk.account().state is TradingState.REDUCING
    desk.fill(order, 10)
    assert (desk.position().qty, desk.order(order).cum_qty) == (D(10), D(10))
    assert [event for event in desk.events(ev.IncidentRaised) if event.kind == "OVERFILL"] == []


def test_nautilus_3878_comparing_again_finds_the_same_difference() -> None:
    """nautilus_trader 3878, 2026.

    Then: each start explained a partly filled order by made-up fills, with other ids than the start before.
    Here: a difference is one break under one name however often it is found, no fill is made up, and runs are equal.
    """
    ends = []
    for _ in range(2):
        desk = Desk()
        desk.hold(10)
        for _ in range(3):
            desk = desk.restarted()
            for name in tuple(desk.account().open_orders):
                desk.look(name, OrdStatus.NEW)
            desk.now_ns += S
            desk.step(inp.CompareAccounts("asked"))
            desk.books(positions=(VenuePosition(SHARE, D(7)),))
        assert only(desk.events(ev.BreakFound)).break_id == "A:position:SHARE"
        assert len(desk.events(ev.OrderFilled)) == 1
        assert desk.position().qty == D(10)
        ends.append([encode(record) for record in desk.records])
    assert ends[0] == ends[1]


def test_ib_249_fills_missed_while_the_line_was_down_are_fetched() -> None:
    """Lean.Brokerages.InteractiveBrokers 249, 2026.

    Then: fills that came as the line went down were dropped, and nobody asked for executions when it was back.
    Here: nothing enters until the books were compared, the fills they list are booked, and their stops are placed.
    """
    desk = Desk()
    order = desk.enter(10)
    desk.accept(order)
    desk.step(inp.VenueFailed(A, None, ReachedVenue.NO, "connectivity has been lost"))
    desk.direct(qty=1, name="too early")
    assert only(desk.events(ev.OrderDenied)).intent.signal_id == "too early"
    desk.now_ns += S
    desk.books(positions=(VenuePosition(SHARE, D(10)),), orders=(), fills=(desk.venue_fill(order, 10),))
    assert (desk.position().qty, desk.stop_of().order_qty) == (D(10), D(10))
    assert desk.account().state is TradingState.ACTIVE
    desk.direct(qty=1, name="in time")
    assert desk.order(desk.sent()).intent.signal_id == "in time"


def test_tradestation_101_one_lost_fill_is_found_by_comparing() -> None:
    """Lean.Brokerages.TradeStation 101, 2026.

    Then: a healthy stream left out one fill, the position seemed open for ever, and each order to sell it was refused.
    Here: the next comparison finds the fill, the exit is over, and what is flat is not sold.
    """
    desk = Desk()
    desk.hold(10)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    leaving = desk.sent()
    desk.accept(leaving)  # the stream is alive; only the fill never comes
    for _ in range(3):
        desk.exit()
    assert [request.cl_ord_id for request in exits(desk)] == [leaving]
    desk.now_ns += S
    desk.step(inp.CompareAccounts("its time has come"))
    desk.books(positions=(), orders=(), fills=(desk.venue_fill(leaving, 10, "100.00"),))
    assert (desk.position().qty, desk.position().exit) == (D(0), None)
    desk.exit()
    desk.wait(600 * S)
    assert len(exits(desk)) == 1
    assert {request.side for request in exits(desk)} == {SELL}
    assert BUY not in {request.side for request in exits(desk)}
