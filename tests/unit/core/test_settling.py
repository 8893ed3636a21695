"""An order that nobody can ask about ends by a person's word, and never against the venue's."""

from typing import Any

import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import ChangeOrder, SettleOrder
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import ClOrdId, ExecId, OrdStatus, SettledAs, TimeInForce, VenueTier
from coxswain.views.explain import Explainer
from tests.unit.core.desk import BUY, EURUSD, SELL, A, D, Desk, S, as_venue_order, kinds, only, setup
from tests.unit.core.test_kept import Stopped

LOST, FILLED = SettledAs.LOST, SettledAs.FILLED
NOBODYS = ClOrdId("nobody's")
SETTLE, SUBMIT, QUERY = 2 * S, 5 * S, 10 * S


def settle(desk: Desk, order: ClOrdId, settled_as: SettledAs = LOST, *fills: str, actor: str = "ann") -> ev.Event:
    """Say what became of an order; return the first thing that came of it."""
    said = SettleOrder(order, settled_as, "looked at their screen", actor, tuple(map(ExecId, fills)))
    return desk.step(said).events[0]


def why_refused(event: ev.Event) -> str:
    assert isinstance(event, ev.CommandRefused)
    return event.reasons[0]


def nobody_knows(desk: Desk, qty: int = 10, **fields: Any) -> ClOrdId:
    """Have an entry that its venue was asked for once, and did not find: where it keeps no ids of ours, for ever."""
    entry = desk.enter(qty, **fields)
    desk.wait(SUBMIT)
    desk.look(entry)
    assert not desk.order(entry).outcome_known
    return entry


def forgetful(two: int = 0) -> Desk:
    """Return a desk whose venue keeps no ids of ours."""
    return Desk(setup(tier=VenueTier.T3, settle_needs_two=two))


# --- what it does -----------------------------------------------------------------------------------------------------


def test_a_lost_order_is_over_and_holds_nothing() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    for _ in range(20):
        desk.wait(60 * S)
        desk.look(entry)
    assert (desk.position().held_buy, desk.position().unknown) == (D(10), 1)
    settled = settle(desk, entry)
    assert isinstance(settled, ev.OrderSettled)
    order = desk.order(entry)
    assert (order.phase, order.ended_as, order.outcome_known) == (Phase.DONE, OrdStatus.CANCELED, True)
    assert (desk.position().held_buy, desk.position().unknown, desk.account().held_margin) == (D(0), 0, D(0))
    assert "lost by ann: looked at their screen" in desk.events(ev.OrderCanceled)[-1].reason
    sent = len(desk.requests(NewOrder))
    desk.wait(600 * S)
    assert len(desk.requests(NewOrder)) == sent, "what a person calls lost is not bought again"
    assert not any(name.startswith("query|") for name in desk.engine.state.deadlines)


def test_a_part_that_was_filled_stays_and_nothing_completes_the_rest() -> None:
    desk = forgetful()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.wait(60 * S)
    desk.wait(SUBMIT)
    assert not desk.order(entry).outcome_known
    desk.look(entry)
    assert isinstance(settle(desk, entry), ev.OrderSettled)
    desk.wait(600 * S)
    assert (desk.order(entry).cum_qty, desk.position().qty) == (D(4), D(4))
    assert [request.cl_ord_id for request in desk.requests(NewOrder)].count(entry) == 1
    assert desk.events(ev.CompletionScheduled) == []


def test_fills_that_fitted_no_order_become_its_own_and_the_position_stays_as_it_is() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    for name, qty in (("e1", 6), ("e2", 4)):
        desk.fill(NOBODYS, qty, exec_id=ExecId(name), account=A)
    before = (desk.position().qty, desk.position().cost, desk.account().balance)
    desk.look(entry)
    settled = settle(desk, entry, FILLED, "e1", "e2")
    assert isinstance(settled, ev.OrderSettled)
    order = desk.order(entry)
    assert (order.cum_qty, order.phase, order.ended_as) == (D(10), Phase.DONE, None)
    assert (desk.position().qty, desk.position().cost, desk.account().balance) == before
    assert desk.stop_of().order_qty == D(10), "it is protected as its signal said"
    moved = {event.exec_ref_id: event.belongs_to for event in desk.events(ev.FillBusted)}
    assert moved == dict.fromkeys(("e1", "e2"), f"BUY SHARE of {entry}, by ann")


def test_what_its_fills_leave_is_over_too() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    desk.fill(NOBODYS, 6, exec_id=ExecId("e1"), account=A)
    desk.look(entry)
    assert isinstance(settle(desk, entry, FILLED, "e1"), ev.OrderSettled)
    order = desk.order(entry)
    assert (order.cum_qty, order.phase, order.ended_as) == (D(6), Phase.DONE, OrdStatus.CANCELED)
    assert desk.position().held_buy == D(0)


def test_a_lost_stop_is_placed_again_after_the_next_comparison() -> None:
    desk = forgetful()
    desk.hold(10)
    stop = desk.stop_of().cl_ord_id
    desk.adjust(stop_loss="96.00")
    desk.wait(SUBMIT)
    desk.look(stop)
    assert isinstance(settle(desk, stop), ev.OrderSettled)
    desk.wait(S)
    desk.books()
    assert desk.stop_of().cl_ord_id != stop
    assert desk.stop_of().stop_px == D("96.00")


def test_a_lost_order_that_was_to_be_sent_anew_with_other_prices_is_not() -> None:
    desk = Desk(setup(can=Capabilities(VenueTier.T3, True, True, False)))
    desk.direct(qty=10, price="99.00")
    order = desk.sent()
    desk.accept(order)
    desk.step(ChangeOrder("ann", "nearer", order, price=D("99.50")))
    desk.wait(SUBMIT)
    assert desk.order(order).renewal is not None
    desk.look(order)
    settle(desk, order)
    desk.wait(60 * S)
    assert desk.sent() == order


def test_it_is_remembered_over_a_restart() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    settle(desk, entry)
    assert desk.folded().engine.digest() == desk.engine.digest()
    assert desk.restarted().order(entry).phase is Phase.DONE


# --- when it comes alive ----------------------------------------------------------------------------------------------


def test_a_settled_order_that_works_after_all_is_called_back() -> None:
    desk = forgetful()
    entry = nobody_knows(desk, order_type="LIMIT", limit_price="99.90")
    as_it_was = as_venue_order(desk.order(entry))
    settle(desk, entry)
    desk.wait(S)
    desk.books(orders=(as_it_was,))
    assert only(desk.events(ev.BreakFound)).kind == "WORKS_AFTER_END"
    assert desk.requests(CancelOrder)[-1].cl_ord_id == entry


def test_a_fill_of_a_settled_order_is_booked_protected_and_raises_an_incident() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    settle(desk, entry)
    desk.fill(entry, 10)
    assert (desk.position().qty, desk.stop_of().order_qty) == (D(10), D(10))
    assert only(desk.events(ev.IncidentRaised)).kind == "LATE_FILL"


# --- when it is refused -----------------------------------------------------------------------------------------------


def test_an_order_that_was_answered_for_is_not_settled() -> None:
    desk = forgetful()
    order = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(order)
    assert why_refused(settle(desk, order)).startswith("OUTCOME_KNOWN: ")
    desk.cancel(order)
    assert why_refused(settle(desk, order)) == "it is over"
    assert why_refused(settle(desk, ClOrdId("x"))) == "no order of ours has this id"


def test_an_order_that_its_venue_was_not_heard_about_is_still_asked_for() -> None:
    desk = forgetful()
    entry = desk.enter(10)
    desk.wait(SUBMIT)
    assert why_refused(settle(desk, entry)).startswith("STILL_ASKED: ")
    desk.look(entry)
    assert isinstance(settle(desk, entry), ev.OrderSettled)


def test_a_look_from_before_the_last_sign_of_life_is_no_answer() -> None:
    desk = forgetful()
    entry = desk.enter(10)
    desk.wait(SUBMIT)
    asked_ns = desk.now_ns
    desk.wait(S)
    desk.accept(entry)
    desk.wait(60 * S)
    desk.wait(SUBMIT)
    assert not desk.order(entry).outcome_known
    desk.look(entry, as_of_ns=asked_ns)
    assert why_refused(settle(desk, entry)).startswith("STILL_ASKED: ")


@pytest.mark.parametrize("tier", list(VenueTier))
def test_a_venue_that_is_silent_for_good_says_nothing_against_it(tier: VenueTier) -> None:
    desk = Desk(setup(tier=tier))
    entry = desk.enter(10)
    desk.wait(SUBMIT + 5 * QUERY - S)
    assert why_refused(settle(desk, entry)).startswith("STILL_ASKED: ")
    desk.wait(120 * S)
    assert isinstance(settle(desk, entry), ev.OrderSettled)


def test_an_order_that_its_venue_finds_filled_is_never_settled() -> None:
    """It says that more was filled than it lists: a fill is still to come, whatever a person thinks."""
    desk = forgetful()
    entry = desk.enter(10)
    desk.wait(SUBMIT)
    desk.look(entry)
    for _ in range(10):
        desk.wait(60 * S)
        desk.look(entry, OrdStatus.PARTIALLY_FILLED, cum_qty=4)
        assert why_refused(settle(desk, entry)).startswith("STILL_ASKED: ")
    assert {event.theirs for event in desk.events(ev.OrderFoundShort)} == {D(4)}


@pytest.mark.parametrize(
    ("fills", "why"),
    [
        ((), "fills: none, wanted good (10 at 100.02), less (3 at 100.02)"),
        (("other",), "fills: other, wanted good (10 at 100.02), less (3 at 100.02)"),
        (("sold",), "fills: sold, wanted good (10 at 100.02), less (3 at 100.02)"),
        (("never",), "fills: never, wanted good (10 at 100.02), less (3 at 100.02)"),
        (("early",), "fills: early, wanted good (10 at 100.02), less (3 at 100.02)"),
        (("owned",), "fills: owned, wanted good (10 at 100.02), less (3 at 100.02)"),
        (("good", "less"), "fills: 13 in all, wanted 10 at most"),
        (("less", "less"), "fills: one is named twice"),
    ],
)
def test_only_fills_that_can_be_its_own_are_taken(fills: tuple[str, ...], why: str) -> None:
    desk = forgetful()
    desk.fill(NOBODYS, 1, exec_id=ExecId("early"), account=A)
    desk.direct(qty=1, name="owned", tif=TimeInForce.DAY)
    desk.wait(S)
    desk.books()
    desk.direct(qty=2, name="mine")
    desk.fill(desk.sent(), 2, exec_id=ExecId("owned"))
    entry = nobody_knows(desk)
    desk.fill(NOBODYS, 10, exec_id=ExecId("good"), account=A)
    desk.fill(NOBODYS, 3, exec_id=ExecId("less"), account=A)
    desk.fill(NOBODYS, 10, exec_id=ExecId("other"), account=A, symbol=EURUSD, px="1.08500")
    desk.fill(NOBODYS, 10, exec_id=ExecId("sold"), account=A, side=SELL)
    desk.look(entry)
    assert why_refused(settle(desk, entry, FILLED, *fills)) == why
    assert desk.order(entry).cum_qty == D(0)


def test_lost_takes_no_fills_and_a_reason_is_wanted() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    assert why_refused(settle(desk, entry, LOST, "e1")) == "fills: wanted none with lost"
    said = desk.step(SettleOrder(entry, LOST, "  ", "ann"))
    assert why_refused(said.events[0]) == "reason is empty, wanted what you have seen"


# --- two persons ------------------------------------------------------------------------------------------------------


def test_where_it_takes_two_the_second_person_makes_it_so() -> None:
    desk = forgetful(two=1)
    entry = nobody_knows(desk)
    for _ in range(2):
        assert isinstance(settle(desk, entry), ev.SettlementAsked)
        assert desk.order(entry).phase is Phase.PENDING_NEW
    settled = settle(desk, entry, actor="bob")
    assert isinstance(settled, ev.OrderSettled)
    assert (settled.actor, settled.second) == ("ann", "bob")
    assert desk.order(entry).phase is Phase.DONE


def test_two_persons_who_say_different_things_are_not_two() -> None:
    desk = forgetful(two=1)
    entry = nobody_knows(desk)
    desk.fill(NOBODYS, 10, exec_id=ExecId("e1"), account=A)
    desk.look(entry)
    settle(desk, entry)
    assert isinstance(settle(desk, entry, FILLED, "e1", actor="bob"), ev.SettlementAsked)
    assert isinstance(settle(desk, entry, FILLED, "e1", actor="ann"), ev.OrderSettled)


def test_a_word_is_forgotten_when_the_venue_answers() -> None:
    desk = forgetful(two=1)
    entry = nobody_knows(desk, order_type="LIMIT", limit_price="99.90")
    settle(desk, entry)
    desk.accept(entry)
    assert desk.order(entry).settling is None


# --- while no engine runs ---------------------------------------------------------------------------------------------


def kept(desk: Stopped, order: ClOrdId) -> list[str]:
    return kinds(desk.keep(SettleOrder(order, LOST, "looked", "ann")))


def test_while_no_engine_runs_it_waits_for_the_venue_s_answer_after_the_start() -> None:
    desk = Stopped(setup(tier=VenueTier.T3))
    entry = nobody_knows(desk)
    assert kept(desk, entry) == ["CommandKept"]
    assert desk.order(entry).phase is Phase.PENDING_NEW
    desk.starts()
    desk.wait(SETTLE)
    desk.books()
    assert desk.order(entry).phase is Phase.PENDING_NEW, "its venue has not answered since the start"
    desk.look(entry)
    desk.quote(EURUSD, "1.08500", "1.08502")
    assert desk.order(entry).phase is Phase.DONE
    assert only(desk.events(ev.OrderSettled)).actor == "ann"


def test_what_waits_is_refused_where_the_venue_finds_the_order_after_the_start() -> None:
    desk = Stopped(setup(tier=VenueTier.T3))
    entry = nobody_knows(desk, order_type="LIMIT", limit_price="99.90")
    kept(desk, entry)
    desk.starts()
    desk.wait(S)
    desk.look(entry, OrdStatus.NEW)
    desk.books()
    desk.quote(EURUSD, "1.08500", "1.08502")
    assert desk.order(entry).phase is Phase.WORKING
    assert only(desk.events(ev.CommandRefused)).reasons[0].startswith("OUTCOME_KNOWN: ")
    assert len(desk.events(ev.CommandCarriedOut)) == 1


def test_what_waits_lapses_where_the_venue_says_nothing_after_the_start() -> None:
    """What it said before the stop may be old by now."""
    desk = Stopped(setup(tier=VenueTier.T3))
    entry = nobody_knows(desk)
    kept(desk, entry)
    desk.starts()
    desk.wait(QUERY)
    assert "has not answered" in only(desk.events(ev.CommandLapsed)).reason
    assert desk.order(entry).phase is Phase.PENDING_NEW


def test_what_nobody_has_or_is_over_is_refused_at_once() -> None:
    desk = Stopped(setup(tier=VenueTier.T3))
    entry = nobody_knows(desk)
    settle(desk, entry)
    assert kept(desk, entry) == ["CommandRefused"]
    assert kept(desk, ClOrdId("x")) == ["CommandRefused"]


def test_the_sell_side_is_settled_in_the_same_way() -> None:
    desk = forgetful()
    entry = nobody_knows(desk, side=SELL, stop_loss="105.00")
    desk.fill(NOBODYS, 10, exec_id=ExecId("e1"), account=A, side=SELL)
    desk.fill(NOBODYS, 1, exec_id=ExecId("e2"), account=A, side=BUY)
    desk.look(entry)
    assert isinstance(settle(desk, entry, FILLED, "e1"), ev.OrderSettled)
    assert desk.position().qty == D(-9)


def test_explain_tells_of_an_order_what_was_said_and_by_whom() -> None:
    desk = forgetful()
    entry = nobody_knows(desk)
    settle(desk, entry)
    explainer = Explainer()
    for record in desk.records:
        explainer.apply(record)
    explanation = explainer.explain(entry)
    assert explanation is not None
    assert f"{entry} is lost, says ann: looked at their screen" in [line.text for line in explanation.timeline]
