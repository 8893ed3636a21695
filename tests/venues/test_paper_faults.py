"""Each scripted fault of the paper venue: what leaves, and what its books hold meanwhile."""

import pytest

from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.requests import NewOrder
from coxswain.model.vocabulary import ClOrdId, ExecType, OrdStatus, Side, TimeInForce
from coxswain.venues.paper import AccountParams, Fault, FaultKind, Params
from tests.venues.desk import BUY, LATENCY_NS, LIMIT, MARKET, SECOND, SELL, SHARE, A, B, D, Desk


def desk_with(kind: FaultKind, nth: int = 1) -> Desk:
    desk = Desk(Fault(kind, A, nth))
    desk.quote("99", "101")
    return desk


def status(desk: Desk, cl_ord_id: ClOrdId) -> tuple[OrdStatus, int, int]:
    """Return what the books hold: status, filled quantity, number of fills."""
    found = desk.look(cl_ord_id)
    assert found.order is not None
    return found.order.ord_status, int(found.order.cum_qty), len(found.fills)


def test_only_the_nth_order_of_its_account_is_struck() -> None:
    desk = desk_with(FaultKind.REJECT, nth=2)
    first, other, second, third = (
        desk.order(BUY, 1),
        desk.order(BUY, 1, account=B),
        desk.order(BUY, 1),
        desk.order(BUY, 1),
    )
    for untouched in (first, other, third):
        assert desk.said(untouched) == ["NEW", "TRADE 1 @ 101"]
    assert desk.refusal(second) == "rejected by the venue"


def test_partial_then_silence_fills_half_and_then_nothing_until_it_is_cancelled() -> None:
    desk = desk_with(FaultKind.PARTIAL_SILENCE)
    order = desk.order(BUY, 5, tif=TimeInForce.IOC)
    desk.quote("90", "92")
    assert desk.said(order) == ["NEW", "TRADE 2 @ 101"]
    assert status(desk, order) == (OrdStatus.PARTIALLY_FILLED, 2, 1)
    desk.cancel(order)
    assert desk.said(order)[-1] == "CANCELED"


def test_a_resting_order_that_fell_silent_is_not_looked_at_any_more() -> None:
    desk = desk_with(FaultKind.PARTIAL_SILENCE)
    order = desk.order(BUY, 4, LIMIT, "100")
    desk.quote("98", "100")
    desk.quote("98", "100")
    assert desk.said(order) == ["NEW", "TRADE 2 @ 100"]
    assert desk.paper.counts().orders_touched == 1


def test_partial_then_silence_fills_at_least_one_step() -> None:
    desk = desk_with(FaultKind.PARTIAL_SILENCE)
    assert desk.said(desk.order(BUY, 1)) == ["NEW", "TRADE 1 @ 101"]


def test_a_lost_acknowledgement_leaves_nothing_but_the_books_have_the_order() -> None:
    desk = desk_with(FaultKind.ACK_LOST)
    order = desk.order(BUY, 5)
    assert desk.said(order) == []
    assert status(desk, order) == (OrdStatus.FILLED, 5, 1)


def test_a_lost_acknowledgement_does_not_silence_what_happens_later() -> None:
    desk = desk_with(FaultKind.ACK_LOST)
    order = desk.order(BUY, 5, LIMIT, "100")
    desk.quote("98", "100")
    assert desk.said(order) == ["TRADE 5 @ 100"]


def test_a_report_says_all_that_was_filled_so_that_a_lost_fill_is_noticed() -> None:
    desk = desk_with(FaultKind.ACK_LOST)
    desk.quote("99", "101", ask_size=2)
    order = desk.order(BUY, 5)
    desk.quote("99", "102", ask_size=2)
    (heard,) = (each for each in desk.inputs if isinstance(each, ExecutionReport) and each.cl_ord_id == order)
    assert (heard.last_qty, heard.cum_qty) == (D(2), D(4))


def test_a_lost_request_never_arrives_and_its_repetition_does() -> None:
    desk = desk_with(FaultKind.REQUEST_LOST)
    request = NewOrder(A, ClOrdId("x"), SHARE, BUY, MARKET, TimeInForce.DAY, D(5))
    assert desk.send(request) == []
    assert desk.look(ClOrdId("x")).order is None
    desk.send(request)
    assert desk.said(ClOrdId("x"))[1:] == ["NEW", "TRADE 5 @ 101"]


def test_a_duplicated_fill_leaves_twice_under_one_id_and_is_booked_once() -> None:
    desk = desk_with(FaultKind.DUPLICATE_FILL)
    order = desk.order(BUY, 5)
    assert desk.said(order) == ["NEW", "TRADE 5 @ 101", "TRADE 5 @ 101"]
    ids = [each.exec_id for each in desk.inputs if isinstance(each, ExecutionReport)]
    assert ids[1] == ids[2] != ids[0]
    assert status(desk, order) == (OrdStatus.FILLED, 5, 1)
    assert desk.books().positions[0].qty == 5


@pytest.mark.parametrize("ord_type", [MARKET, LIMIT])
def test_a_late_fill_comes_a_second_after_the_cancel(ord_type: str) -> None:
    desk = desk_with(FaultKind.LATE_FILL)
    order = desk.order(BUY, 5) if ord_type == MARKET else desk.order(BUY, 5, LIMIT, "101")
    desk.quote("98", "100")
    assert desk.said(order) == ["NEW"]
    desk.cancel(order)
    assert status(desk, order) == (OrdStatus.CANCELED, 0, 0)
    assert desk.run(SECOND - 2 * LATENCY_NS) == []
    (report,) = desk.run(2 * LATENCY_NS)
    assert isinstance(report, ExecutionReport)
    assert (report.exec_type, report.last_qty, report.last_px) == (ExecType.TRADE, D(5), D(100))
    assert status(desk, order) == (OrdStatus.FILLED, 5, 1)
    assert desk.books().positions[0].qty == 5


def test_a_late_fill_does_not_turn_a_position_that_it_may_only_reduce() -> None:
    desk = desk_with(FaultKind.LATE_FILL, nth=2)
    desk.order(BUY, 3)
    late = desk.order(SELL, 3, reduce_only=True)
    desk.cancel(late)
    desk.order(SELL, 2)
    desk.run(2 * SECOND)
    assert desk.said(late) == ["NEW", "CANCELED", "TRADE 1 @ 99"]
    assert not desk.books().positions


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ((Fault(FaultKind.REJECT, A, 0),), "faults: nth 0 on account A, wanted 1 or more"),
        ((Fault(FaultKind.REJECT, A, 1), Fault(FaultKind.ACK_LOST, A, 1)), "faults: two for order 1 on account A"),
    ],
)
def test_a_script_that_cannot_be_is_refused(faults: tuple[Fault, ...], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Params(accounts={A: AccountParams("USD", D(1))}, faults=faults)


def test_sides_of_a_lost_acknowledgement_on_other_orders_still_leave() -> None:
    desk = Desk(Fault(FaultKind.ACK_LOST, A, 3))
    desk.quote("99", "101")
    desk.order(BUY, 5)
    stop = desk.order(SELL, 5, LIMIT, "120", reduce_only=True)
    closing = desk.order(Side.SELL, 5)
    assert desk.said(closing) == []
    assert desk.said(stop) == ["NEW", "CANCELED"]


def test_a_bust_takes_the_first_fill_out_of_the_books_and_says_so() -> None:
    desk = desk_with(FaultKind.BUST)
    order = desk.order(BUY, 5)
    assert status(desk, order) == (OrdStatus.FILLED, 5, 1)
    desk.run(3 * SECOND)
    assert status(desk, order) == (OrdStatus.CANCELED, 0, 0)
    assert any(each.startswith("TRADE_CANCEL") for each in desk.said(order))


def test_a_correction_makes_the_first_fill_one_tick_worse() -> None:
    desk = desk_with(FaultKind.CORRECT)
    order = desk.order(BUY, 5)
    desk.run(3 * SECOND)
    (fill,) = desk.look(order).fills
    assert fill.last_px > D(101)
    assert any(each.startswith("TRADE_CORRECT") for each in desk.said(order))
