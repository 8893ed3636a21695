"""Museum: orders of which somebody took silence for an answer. What happened then, and what happens here."""

import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.requests import CancelOrder, NewOrder, QueryOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.vocabulary import ExecId, OrdStatus, ReachedVenue
from coxswain.venues.paper import AccountParams, Fault, FaultKind, PaperVenue, Params
from tests.asking import stop
from tests.unit.core.desk import SELL, SHARE, A, D, S, only
from tests.unit.core.desk import Desk as CoreDesk
from tests.unit.runtime.desk import SHARE as LOOP_SHARE
from tests.unit.runtime.desk import SHARES, VENUE_OF, entry, setup
from tests.unit.runtime.desk import A as LOOP_A
from tests.unit.runtime.desk import Desk as LoopDesk

SUBMIT, SETTLE, QUERY = 5 * S, 2 * S, 10 * S


def denied(desk: CoreDesk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def test_hummingbot_493_a_time_out_is_no_failure() -> None:
    """hummingbot 493, 2019.

    Then: a request that timed out was booked as a failed order, so new orders were placed beside old ones that stood.
    Here: silence makes the outcome unknown, the order keeps its hold, and nothing else may enter its instrument.
    """
    desk = CoreDesk()
    first = desk.enter(10)
    desk.wait(SUBMIT)
    assert (desk.order(first).phase, desk.order(first).outcome_known) == (Phase.PENDING_NEW, False)
    assert desk.position().held_buy == D(10)
    desk.direct(qty=10, name="again")
    assert "UNRESOLVED" in denied(desk)
    assert len(desk.requests(NewOrder)) == 1


def test_hummingbot_3374_an_order_is_never_lost_from_sight() -> None:
    """hummingbot 3374, 2021.

    Then: orders placed during network errors were forgotten, stood at the exchange, and six of them filled hours later.
    Here: the order stays open in our books through every error, a halt cancels it, and its late fill is protected.
    """
    desk = CoreDesk()
    lost = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    for _ in range(6):
        desk.step(inp.VenueFailed(A, lost, ReachedVenue.MAYBE, "network error"))
        desk.wait(600 * S)
    assert lost in desk.account().open_orders
    desk.step(stop(StopLevel.HALT, EVERYTHING))
    assert desk.requests(CancelOrder)[-1].cl_ord_id == lost
    desk.fill(lost, 10, "99.90")
    assert (desk.position().qty, desk.stop_of().order_qty) == (D(10), D(10))


def test_hummingbot_8457_an_outage_is_no_evidence() -> None:
    """hummingbot 8457, 2026.

    Then: six accepted orders were dropped after look-ups that failed in a DNS outage, and left a short that nobody saw.
    Here: a failed question counts as no look at all, the order keeps its place, and what it filled is found and booked.
    """
    desk = CoreDesk()
    order = desk.enter(10)
    desk.wait(SUBMIT)
    for _ in range(10):
        desk.step(inp.VenueFailed(A, order, ReachedVenue.NO, "the name could not be resolved"))
        desk.wait(QUERY)
    assert (desk.order(order).looks, desk.order(order).phase) == (0, Phase.PENDING_NEW)
    assert desk.position().held_buy == D(10)
    desk.look(order, OrdStatus.FILLED, fills=(desk.venue_fill(order, 10),))
    assert (desk.position().qty, desk.stop_of().order_qty) == (D(10), D(10))


def test_freqtrade_4403_not_found_at_once_is_not_absent() -> None:
    """freqtrade 4403, 2021.

    Then: an exchange did not find orders that it had just taken, and after five tries they were to count as never sent.
    Here: any number of looks within the settle window is one look, and nothing is sent in the order's place.
    """
    desk = CoreDesk()
    order = desk.enter(10)
    desk.wait(SUBMIT)
    for _ in range(5):
        desk.look(order)
    assert desk.order(order).looks == 1
    assert len(desk.requests(NewOrder)) == 1
    desk.look(order, OrdStatus.NEW)
    assert (desk.order(order).phase, desk.order(order).outcome_known) == (Phase.WORKING, True)


def test_freqtrade_11461_what_is_gone_at_the_venue_is_not_guessed_away() -> None:
    """freqtrade 11461, as told.

    Then: it is in our list of failures by its number alone, and its thread could not be found.
    Here: an order and a position that are gone at the venue are breaks, nothing of ours ends, and nothing new enters.
    """
    desk = CoreDesk()
    desk.hold(10)
    leg = desk.stop_of()
    desk.wait(60 * S)
    for _ in range(3):
        desk.books(orders=(), positions=())
        desk.look(leg.cl_ord_id, held=0)
        desk.wait(QUERY)
    kinds = [event.kind for event in desk.events(ev.BreakFound)]
    assert kinds == ["MISSING_AT_VENUE", "ORDER_MISSING_AT_VENUE"]
    assert (leg.phase, desk.position().qty) == (Phase.WORKING, D(10))
    sent = len(desk.requests(NewOrder))
    desk.direct(qty=10, name="again")
    assert {"OPEN_BREAKS", "TRADING_STATE"} & set(denied(desk))
    assert len(desk.requests(NewOrder)) == sent


def test_freqtrade_13332_an_exit_sells_once() -> None:
    """freqtrade 13332, 2026.

    Then: closing a position sold its volume twice, several times before the logs of one were caught.
    Here: one exit at a time holds what it closes, a second is no second order, and a fill told of twice is one fill.
    """
    desk = CoreDesk()
    desk.hold(10)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    leaving = desk.sent()
    desk.wait(SUBMIT)
    desk.exit()
    desk.direct(SELL, 10, name="by hand", reduce_only=True)
    sold = [request for request in desk.requests(NewOrder) if request.side is SELL and request.stop_px is None]
    assert [request.cl_ord_id for request in sold] == [leaving]
    for _ in range(2):
        desk.fill(leaving, 10, "100.00", exec_id=ExecId("the-fill"))
    assert desk.position().qty == 0


def test_ib_242_a_session_that_dies_with_requests_in_it_stops_nobody() -> None:
    """Lean.Brokerages.InteractiveBrokers 242, 2026.

    Then: cancels and orders sent as the gateway made its daily restart were lost, and waiting for them ended the run.
    Here: they are unknown and asked for, the lost cancel is asked again, and the replacement does not leave meanwhile.
    """
    desk = CoreDesk()
    old = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(old)
    desk.step(inp.CancelOrders("ann", "replaced each minute", (old,)))
    new = desk.enter(10, order_type="LIMIT", limit_price="99.91")
    for order in (old, new):
        desk.step(inp.VenueFailed(A, order, ReachedVenue.MAYBE, "connection reset by peer"))
    asked = {request.cl_ord_id for request in desk.requests(QueryOrder)}
    assert asked == {old, new}
    desk.wait(300 * S)
    desk.look(old, OrdStatus.NEW)
    assert len([request for request in desk.requests(CancelOrder) if request.cl_ord_id == old]) == 2
    desk.look(new)
    assert len(desk.requests(NewOrder)) == 2
    assert desk.position().held_buy == D(20)


def test_catalyst_317_the_same_order_is_not_placed_twice() -> None:
    """catalyst 317, 2018.

    Then: placing an order timed out and it was ordered again, though the exchange had taken the first.
    Here: the venue is asked under the order's own id, and the one order it has is the one that is booked.
    """
    faults = (Fault(FaultKind.ACK_LOST, LOOP_A, 1),)
    params = Params({LOOP_A: AccountParams("USD", D(100_000))}, faults=faults)
    venues = [PaperVenue(VENUE_OF[LOOP_A], params, (SHARES,))]
    desk = LoopDesk(entry("in", 5), venues=venues, setup=setup(LOOP_A))
    desk.run()
    sent = [r for record in desk.seen for r in record.requests if isinstance(r, NewOrder) and not r.reduce_only]
    assert len(sent) == 1
    assert any(isinstance(event, ev.OutcomeUnknown) for record in desk.seen for event in record.events)
    assert desk.engine.state.accounts[LOOP_A].positions[LOOP_SHARE].qty == D(20)


@pytest.mark.parametrize("answer", ["504 gateway timeout", "connection reset", "the answer is no JSON"])
def test_alpaca_py_a_post_is_not_repeated_after_a_504(answer: str) -> None:
    """alpaca-py, the retry of a POST after 504, as told.

    Then: the client sent the POST of an order again after a 504, though it may have arrived.
    Here: an answer that leaves open whether the order arrived is a question, and the order leaves no second time.
    """
    desk = CoreDesk()
    order = desk.enter(10)
    for _ in range(3):
        desk.step(inp.VenueFailed(A, order, ReachedVenue.MAYBE, answer))
        desk.wait(QUERY)
    assert [request.cl_ord_id for request in desk.requests(NewOrder)] == [order]
    assert {request.cl_ord_id for request in desk.requests(QueryOrder)} == {order}
    desk.fill(order, 10)
    assert (desk.position().qty, desk.stop_of().order_qty) == (D(10), D(10))


def test_openalgo_pr_1706_the_same_wish_twice_is_one_order() -> None:
    """openalgo PR 1706, as told.

    Then: it is in our list of failures by its number alone, and its thread could not be found.
    Here: a wish has an id that is good for one order, whatever became of its first answer.
    """
    desk = CoreDesk()
    desk.direct(qty=10, name="the-wish")
    desk.step(inp.VenueFailed(A, desk.sent(), ReachedVenue.MAYBE, "no answer"))
    desk.look(desk.sent(), OrdStatus.NEW)
    desk.direct(qty=10, name="the-wish")
    assert "DUPLICATE_INTENT" in denied(desk)
    assert len(desk.requests(NewOrder)) == 1


def test_nautilus_5000_a_fill_after_the_end_still_counts() -> None:
    """nautilus_trader 5000, as told.

    Then: it is in our list of failures by its number alone, and its thread could not be found.
    Here: a fill after the end is booked, raises an incident, and its position gets its stop.
    """
    desk = CoreDesk()
    order = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(order)
    desk.step(inp.CancelOrders("ann", "not wanted", (order,)))
    desk.cancel(order)
    desk.fill(order, 10, "99.90")
    assert only(desk.events(ev.IncidentRaised)).kind == "LATE_FILL"
    assert (desk.position().qty, desk.stop_of().order_qty) == (D(10), D(10))
    assert desk.position(SHARE).held_buy == 0
