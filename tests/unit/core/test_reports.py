"""Execution reports in every order a wire can bring them, and those that no honest venue sends."""

import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages.inputs import EngineStarted
from coxswain.messages.requests import NewOrder, QueryAccount, QueryOrder
from coxswain.model.orders import VenueFill
from coxswain.model.vocabulary import ClOrdId, ExecId, ExecType, JournalId, OrdStatus, Side, Symbol, TradingState
from tests.unit.core.desk import BUY, EURUSD, MS, SELL, SHARE, A, D, Desk, S, kinds, only


def test_a_fill_before_the_acknowledgement_is_a_fill() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 4)
    assert (desk.order(entry).phase, desk.position().qty) == (Phase.WORKING, D(4))
    assert kinds(desk.accept(entry)) == []  # stale
    desk.fill(entry, 6)
    assert desk.order(entry).phase is Phase.DONE


def test_a_fill_is_booked_once() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 4, exec_id=ExecId("e1"))
    assert kinds(desk.fill(entry, 4, exec_id=ExecId("e1"))) == []
    assert (desk.order(entry).cum_qty, desk.position().qty) == (D(4), D(4))


def test_each_fill_says_what_has_filled_and_what_is_open() -> None:
    desk = Desk()
    entry = desk.enter(10)
    for qty in (4, 1, 5):
        desk.fill(entry, qty)
    assert [(event.cum_qty, event.leaves_qty) for event in desk.events(ev.OrderFilled)] == [
        (D(4), D(6)),
        (D(5), D(5)),
        (D(10), D(0)),
    ]


def test_a_fill_that_loses_the_race_with_the_cancel_is_booked_all_the_same() -> None:
    desk = Desk()
    desk.direct(qty=10, price="100.00")
    order = desk.sent()
    desk.accept(order)
    desk.cancel(order)
    record = desk.fill(order, 4)
    assert desk.position().qty == D(4)
    assert desk.order(order).phase is Phase.DONE
    assert only(desk.events(ev.IncidentRaised)).kind == "LATE_FILL"
    assert only(desk.events(ev.OrderFilled)).ord_status is OrdStatus.CANCELED
    assert isinstance(record.requests[0], QueryAccount)
    assert desk.account().state is TradingState.REDUCING


def test_a_late_fill_on_a_called_back_entry_is_protected() -> None:
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(entry)
    desk.cancel(entry)
    desk.fill(entry, 4, "99.90")
    assert desk.stop_of().order_qty == D(4)


def test_what_is_filled_beyond_the_quantity_is_booked_and_raises_an_incident() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 12)
    assert (desk.position().qty, desk.order(entry).cum_qty) == (D(12), D(12))
    assert only(desk.events(ev.IncidentRaised)).kind == "OVERFILL"
    assert desk.stop_of().order_qty == D(12)


def test_a_fill_that_fits_no_order_is_booked_on_the_position() -> None:
    desk = Desk()
    desk.fill(ClOrdId("somebody's"), 4)
    assert desk.position().qty == D(4)
    assert only(desk.events(ev.IncidentRaised)).kind == "UNKNOWN_ORDER"
    assert desk.account().state is TradingState.REDUCING


@pytest.mark.parametrize("other", [{"side": SELL}, {"symbol": EURUSD}], ids=["side", "symbol"])
def test_a_fill_that_names_an_order_it_does_not_fit_leaves_that_order_alone(other: dict[str, Side | Symbol]) -> None:
    """Found by reading: the quantity of another instrument was added to the order that the report named."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4, **other)
    assert only(desk.events(ev.IncidentRaised)).kind == "OTHER_ORDER"
    assert desk.order(entry).cum_qty == D(0)
    assert only(desk.events(ev.OrderFilled)).suspense
    booked = only(desk.events(ev.PositionChanged))
    assert (booked.symbol, booked.qty) == (other.get("symbol", SHARE), D(-4) if "side" in other else D(4))


def test_an_unsolicited_cancel_ends_the_order_and_says_so() -> None:
    desk = Desk()
    desk.direct(qty=10, price="100.00")
    order = desk.sent()
    desk.accept(order)
    desk.cancel(order, text="the session ended")
    ended = only(desk.events(ev.OrderCanceled))
    assert (ended.unsolicited, ended.reason) == (True, "the session ended")
    assert (desk.account().held_margin, desk.position().held_buy) == (D(0), D(0))


@pytest.mark.parametrize("status", [ExecType.EXPIRED, ExecType.CANCELED])
def test_an_order_may_end_before_it_was_acknowledged(status: ExecType) -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.report(entry, status)
    assert desk.order(entry).phase is Phase.DONE
    assert desk.account().open_orders == {}


def test_a_report_of_less_than_the_venue_filled_is_a_question() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.cancel(entry, cum_qty=4)
    order = desk.order(entry)
    assert (order.phase, order.outcome_known) == (Phase.DONE, False)
    assert desk.requests(QueryOrder)[-1].cl_ord_id == entry
    desk.look(entry, OrdStatus.CANCELED, fills=(desk.venue_fill(entry, 4),))
    assert (desk.position().qty, desk.order(entry).outcome_known) == (D(4), True)
    assert desk.events(ev.IncidentRaised) == []  # it was expected


def test_the_rest_is_completed_only_when_every_fill_is_booked() -> None:
    """Found by reading: the first missing fill settled the question, and the rest was sized without the others."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 1)
    desk.cancel(entry, cum_qty=5)
    assert desk.events(ev.CompletionScheduled) == []
    fills = tuple(desk.venue_fill(entry, qty) for qty in (1, 3))
    desk.look(entry, OrdStatus.CANCELED, fills=fills)
    assert only(desk.events(ev.CompletionScheduled)).qty == D(5)


# --- what cannot be ---------------------------------------------------------------------------------------------------


def test_a_reject_of_what_was_acknowledged_is_quarantined() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    record = desk.reject(entry)
    assert "OrderRejected" not in kinds(record)
    assert only(desk.events(ev.ReportQuarantined)).cl_ord_id == entry
    assert (desk.order(entry).phase, desk.account().state) == (Phase.WORKING, TradingState.REDUCING)
    desk.books()
    assert desk.account().state is TradingState.ACTIVE


@pytest.mark.parametrize(
    ("exec_type", "fields"),
    [
        (ExecType.TRADE, {}),
        (ExecType.TRADE, {"last_qty": "0", "last_px": "100"}),
        (ExecType.TRADE, {"last_qty": "-1", "last_px": "100"}),
        (ExecType.TRADE, {"last_qty": "1", "last_px": "0"}),
        (ExecType.TRADE, {"last_qty": "NaN", "last_px": "100"}),
        (ExecType.TRADE, {"last_qty": "1", "last_px": "100", "commission": "NaN"}),
        (ExecType.TRADE, {"last_qty": "1", "last_px": "100", "settl_fx_rate": "0"}),
        (ExecType.NEW, {"cum_qty": "NaN"}),
        (ExecType.NEW, {"symbol": "NEVER"}),
        (ExecType.TRADE, {"last_qty": "1", "last_px": "100", "symbol": "NEVER"}),
        (ExecType.RESTATED, {"order_qty": "0"}),
        (ExecType.RESTATED, {}),
        (ExecType.REPLACED, {"order_qty": "-4"}),
    ],
)
def test_nonsense_changes_nothing_but_the_trust_in_the_account(exec_type: ExecType, fields: dict[str, str]) -> None:
    """Found by reading: a NaN raised inside the step, and a fill in an unknown instrument went by unnoticed."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    record = desk.report(entry, exec_type, **fields)
    assert kinds(record) == ["ReportQuarantined", "AccountStateChanged", "ComparisonAsked"]
    assert desk.order(entry).order_qty == D(10)


def test_a_report_about_an_order_that_is_not_ours_is_quarantined() -> None:
    desk = Desk()
    record = desk.accept(ClOrdId("somebody's"))
    assert kinds(record)[0] == "ReportQuarantined"


def test_a_report_for_an_account_that_is_not_ours_is_recorded_and_no_more() -> None:
    desk = Desk()
    entry = desk.enter(10)
    assert kinds(desk.report(entry, ExecType.NEW, account="Z")) == []


# --- stale news -------------------------------------------------------------------------------------------------------


def test_an_older_restatement_does_not_undo_a_newer_one() -> None:
    """Found by reading: reports that change places brought the old quantity back."""
    desk = Desk()
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.90")
    desk.accept(entry)
    desk.report(entry, ExecType.RESTATED, order_qty=3, transact_time_ns=desk.now_ns + 2 * MS)
    desk.report(entry, ExecType.RESTATED, order_qty=7, transact_time_ns=desk.now_ns + MS)
    assert desk.order(entry).order_qty == D(3)
    assert desk.account().held_margin == 3 * desk.order(entry).margin_per_lot


def test_a_repeated_confirmation_of_an_old_change_does_not_undo_a_newer_one() -> None:
    """Found by reading: current_id and quantity went back to those of the change before."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    ids = []
    for level in ("96.00", "97.00"):
        desk.wait(MS)
        desk.adjust(stop_loss=level)
        assert stop.replace_pending is not None
        ids.append(stop.replace_pending.cl_ord_id)
        desk.replace(ids[-1], 10)
    assert kinds(desk.replace(ids[0], 10, transact_time_ns=desk.now_ns - MS)) == []
    assert (stop.current_id, stop.stop_px) == (ids[1], D("97.00"))


def test_a_change_that_arrives_after_it_was_taken_for_lost_is_in_force_with_its_price() -> None:
    """Found by reading: the id changed, and the stop stood at another price than we believed."""
    desk = Desk()
    desk.hold(10)
    stop = desk.stop_of()
    desk.adjust(stop_loss="96.00")
    first = stop.replace_pending
    assert first is not None
    desk.wait(6 * S)
    desk.look(stop.cl_ord_id, OrdStatus.NEW)  # the old order still works: it seems lost, and is asked for again
    second = stop.replace_pending
    assert second is not None
    assert second.cl_ord_id != first.cl_ord_id
    desk.replace(first.cl_ord_id, 10)
    assert (stop.current_id, stop.stop_px) == (first.cl_ord_id, D("96.00"))
    desk.refuse(second.cl_ord_id, first.cl_ord_id)
    assert stop.replace_pending is None


def test_a_fill_under_the_new_id_shows_that_the_change_is_in_force() -> None:
    """Found by the simulator: the fill of the grown order seemed to complete the old one, and a second leg was sent."""
    desk = Desk()
    entry = desk.enter(10, take_profit="110.00")
    desk.accept(entry)
    desk.fill(entry, 2)
    target = desk.target_of()
    desk.accept(desk.stop_of().cl_ord_id)
    desk.accept(target.cl_ord_id)
    desk.fill(entry, 8)
    asked = target.replace_pending
    assert asked is not None
    sent = len(desk.requests(NewOrder))
    desk.fill(asked.cl_ord_id, 2, "110.00", side=SELL)  # before the confirmation
    assert (target.phase, target.order_qty, target.current_id) == (Phase.WORKING, D(10), asked.cl_ord_id)
    assert len(desk.requests(NewOrder)) == sent
    assert kinds(desk.replace(asked.cl_ord_id, 10)) == []


# --- the order of fills -----------------------------------------------------------------------------------------------


def test_fills_that_come_in_another_order_end_in_the_venues_books() -> None:
    """Found by the simulator: cost and balance depended on the order in which reports came, and a break stayed."""
    desk = Desk()
    for number, side in enumerate((BUY, BUY, SELL)):
        desk.direct(side, 10, name=f"d{number}")
    first, second, third = (request.cl_ord_id for request in desk.requests(NewOrder))
    at_ns = desk.now_ns
    desk.fill(first, 10, "100.00", transact_time_ns=at_ns)
    desk.fill(third, 10, "120.00", transact_time_ns=at_ns + 2)  # flat, and 200 won
    assert desk.account().balance == D(100_200)
    desk.fill(second, 10, "110.00", transact_time_ns=at_ns + 1)  # the venue bought twice before it sold
    assert (desk.position().qty, desk.position().cost) == (D(10), D(1050))
    assert desk.account().balance == D(100_150)
    assert desk.folded().engine.digest() == desk.engine.digest()


def test_fills_are_kept_in_order_only_until_the_books_agreed_after_them() -> None:
    desk = Desk()
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10, "100.00")
    assert len(desk.position().recent) == 1
    desk.wait(S)
    desk.books()
    assert (desk.position().recent, desk.position().base_qty, desk.position().base_cost) == ([], D(10), D(1000))


def test_fills_at_one_instant_are_booked_as_the_venue_counted_them() -> None:
    desk = Desk()
    for number, side in enumerate((BUY, BUY, SELL)):
        desk.direct(side, 10, name=f"d{number}")
    first, second, third = (request.cl_ord_id for request in desk.requests(NewOrder))
    desk.fill(third, 10, "120.00", exec_id=ExecId("R11"))
    desk.fill(second, 10, "110.00", exec_id=ExecId("R10"))
    desk.fill(first, 10, "100.00", exec_id=ExecId("R9"))
    assert (desk.position().cost, desk.account().balance) == (D(1050), D(100_150))


def test_a_fill_of_an_account_without_a_balance_is_booked_and_the_balance_still_taken_over() -> None:
    """Found by reading: the first fill made up a balance, and the venue's was never adopted."""
    desk = Desk(begin=False)
    desk.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, desk.setup))
    desk.fill(ClOrdId("somebody's"), 4)
    assert desk.account().balance is None
    desk.books(balance=D(90_000))
    assert desk.account().balance == D(90_000)


def test_a_fill_at_a_rate_of_the_venue_is_converted_with_it() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 10, commission="1.5", settl_fx_rate="0.9")
    assert (desk.account().balance, only(desk.events(ev.OrderFilled)).fx_rate) == (D("99998.5"), D("0.9"))


def test_slippage_is_measured_from_the_decision_adverse_positive() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.fill(entry, 4, "100.12")
    desk.fill(entry, 6, "99.92")
    assert [fill.slippage_bps for fill in desk.events(ev.OrderFilled)] == [D("9.9980003999"), D("-9.9980004")]


def test_looked_up_fills_are_the_same_fills() -> None:
    desk = Desk()
    entry = desk.enter(10)
    fill = desk.venue_fill(entry, 4, exec_id="e1")
    assert isinstance(fill, VenueFill)
    desk.books(fills=(fill,))
    assert kinds(desk.fill(entry, 4, exec_id=ExecId("e1"))) == []
    assert desk.order(entry).cum_qty == D(4)
    assert desk.account(A).exec_ids == {"e1": None}
