"""The order machine: every pair of phase and report, FIX precedence, and what each change does to the facts."""

import itertools
from decimal import Decimal

import pytest

from coxswain.core import order as machine
from coxswain.core.order import TRANSITIONS, InvariantViolation, Order, Phase, Replacement
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    ExecType,
    OrdStatus,
    OrdType,
    Role,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
)

ILLEGAL = {(Phase.WORKING, ExecType.REJECTED)}
ID = ClOrdId("o1")


def an_order(qty: int = 10) -> Order:
    intent = OrderIntent(
        AccountId("A"),
        Symbol("SHARE"),
        Side.BUY,
        OrdType.LIMIT,
        TimeInForce.DAY,
        Decimal(qty),
        Role.DIRECT,
        SignalId("d1"),
        price=Decimal(100),
    )
    zero = Decimal(0)
    return Order(ID, ID, intent, intent.order_qty, intent.price, None, zero, zero, 0, enters=True, watched=False)


def fill(order: Order, qty: int, px: str = "100") -> None:
    machine.fill(order, Decimal(qty), Decimal(px), Decimal("0.5"), now_ns=7, exec_id=ExecId("e1"))


@pytest.mark.parametrize(("phase", "exec_type"), list(itertools.product(Phase, ExecType)))
def test_each_pair_of_phase_and_report_is_in_the_table_or_illegal(phase: Phase, exec_type: ExecType) -> None:
    assert ((phase, exec_type) in TRANSITIONS) is ((phase, exec_type) not in ILLEGAL)


def test_no_report_leads_back() -> None:
    rank = {Phase.PENDING_NEW: 0, Phase.WORKING: 1, Phase.DONE: 2}
    assert all(rank[after] >= rank[before] for (before, _), after in TRANSITIONS.items())


def test_what_ends_an_order_ends_it_from_every_open_phase() -> None:
    enders = (ExecType.CANCELED, ExecType.EXPIRED)
    assert {TRANSITIONS[phase, ender] for phase in Phase for ender in enders} == {Phase.DONE}


# --- status, by FIX precedence ----------------------------------------------------------------------------------------


def test_pending_cancel_comes_before_pending_replace_and_fills() -> None:
    order = an_order()
    fill(order, 4)
    machine.ask_replace(order, Replacement(ClOrdId("o2"), Decimal(12), None, None), 5)
    assert machine.ord_status(order) is OrdStatus.PENDING_REPLACE
    machine.ask_cancel(order, 5)
    assert machine.ord_status(order) is OrdStatus.PENDING_CANCEL


def test_filled_comes_before_canceled() -> None:
    order = an_order()
    fill(order, 4)
    machine.end(order, OrdStatus.CANCELED)
    assert machine.ord_status(order) is OrdStatus.CANCELED
    fill(order, 6)  # late
    assert machine.ord_status(order) is OrdStatus.FILLED


@pytest.mark.parametrize("ended_as", [OrdStatus.CANCELED, OrdStatus.REJECTED, OrdStatus.EXPIRED])
def test_an_order_that_is_over_shows_how_it_ended(ended_as: OrdStatus) -> None:
    order = an_order()
    machine.end(order, ended_as)
    assert machine.ord_status(order) is ended_as
    assert machine.leaves_qty(order) == 0


def test_status_goes_from_pending_over_new_and_partly_filled_to_filled() -> None:
    order, seen = an_order(), []
    seen.append(machine.ord_status(order))
    machine.accept(order, None)
    seen.append(machine.ord_status(order))
    fill(order, 4)
    seen.append(machine.ord_status(order))
    fill(order, 6)
    seen.append(machine.ord_status(order))
    assert seen == [OrdStatus.PENDING_NEW, OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED, OrdStatus.FILLED]


# --- facts ------------------------------------------------------------------------------------------------------------


def test_the_average_is_derived_from_what_was_paid() -> None:
    order = an_order()
    assert machine.avg_px(order) is None
    fill(order, 1, "100")
    fill(order, 2, "103")
    assert machine.avg_px(order) == 102
    fill(order, 4, "100.01")
    assert machine.avg_px(order) == Decimal("100.8628571428")  # rounded down, once


def test_the_hold_is_the_larger_of_what_is_in_force_and_what_is_asked_for() -> None:
    order = an_order(10)
    fill(order, 4)
    machine.ask_replace(order, Replacement(ClOrdId("o2"), Decimal(15), None, None), 5)
    assert [machine.held_qty(order), machine.leaves_qty(order)] == [11, 6]
    machine.refuse_replace(order, by_venue=True)
    assert machine.held_qty(order) == 6
    machine.end(order, OrdStatus.CANCELED)
    assert machine.held_qty(order) == 0


def test_an_order_filled_beyond_its_quantity_holds_nothing() -> None:
    order = an_order(10)
    fill(order, 12)
    assert [machine.held_qty(order), machine.leaves_qty(order)] == [0, 0]
    assert order.phase is Phase.DONE


def test_being_heard_of_does_not_answer_what_became_of_a_cancel() -> None:
    order = an_order()
    machine.ask_cancel(order, 5)
    machine.lose_sight(order)
    machine.accept(order, None)
    fill(order, 4)
    assert (order.phase, order.outcome_known) == (Phase.WORKING, False)
    fill(order, 6)
    assert order.outcome_known


def test_a_cancel_stays_wanted_when_it_is_refused() -> None:
    order = an_order()
    machine.ask_cancel(order, 5)
    machine.refuse_cancel(order)
    assert (order.cancel_pending, order.cancel_wanted) == (False, True)


def test_a_change_brings_its_prices_with_it() -> None:
    order = an_order()
    machine.ask_replace(order, Replacement(ClOrdId("o2"), Decimal(12), Decimal(101), None), 5)
    machine.replaced(order, ClOrdId("o2"), Decimal(12), 5)
    assert [order.current_id, order.order_qty, order.price, order.replace_pending] == ["o2", 12, 101, None]


def test_a_change_given_up_and_confirmed_after_all_brings_its_prices_with_it() -> None:
    order = an_order()
    machine.ask_replace(order, Replacement(ClOrdId("o2"), Decimal(12), Decimal(101), None), 5)
    machine.refuse_replace(order, by_venue=False)
    machine.ask_replace(order, Replacement(ClOrdId("o3"), Decimal(13), Decimal(102), None), 5)
    machine.replaced(order, ClOrdId("o2"), Decimal(12), 5)
    assert [order.current_id, order.price] == ["o2", 101]
    assert order.replace_pending is not None
    assert order.replace_pending.cl_ord_id == "o3"


def test_an_order_remembers_only_so_many_changes_without_an_answer() -> None:
    order = an_order()
    for number in range(20):
        machine.ask_replace(order, Replacement(ClOrdId(f"r{number}"), Decimal(12), None, None), 5)
        machine.refuse_replace(order, by_venue=False)
    assert list(order.given_up) == [f"r{number}" for number in range(20 - machine.GIVEN_UP_MAX, 20)]


def test_a_change_to_what_is_filled_already_ends_the_order() -> None:
    order = an_order()
    fill(order, 4)
    machine.restate(order, Decimal(4), 5)
    assert (order.phase, machine.ord_status(order)) == (Phase.DONE, OrdStatus.FILLED)


# --- what must not happen ---------------------------------------------------------------------------------------------


def test_an_order_ends_once() -> None:
    order = an_order()
    machine.end(order, OrdStatus.CANCELED)
    with pytest.raises(InvariantViolation, match="ended twice"):
        machine.end(order, OrdStatus.CANCELED)


def test_nothing_is_asked_of_an_order_that_is_done() -> None:
    order = an_order()
    machine.end(order, OrdStatus.CANCELED)
    with pytest.raises(InvariantViolation):
        machine.ask_cancel(order, 5)
    with pytest.raises(InvariantViolation):
        machine.ask_replace(order, Replacement(ClOrdId("o2"), Decimal(12), None, None), 5)


def test_one_change_at_a_time_is_asked_for() -> None:
    order = an_order()
    machine.ask_replace(order, Replacement(ClOrdId("o2"), Decimal(12), None, None), 5)
    with pytest.raises(InvariantViolation, match="being replaced already"):
        machine.ask_replace(order, Replacement(ClOrdId("o3"), Decimal(12), None, None), 5)


def test_only_an_order_that_was_never_heard_of_is_sent_again() -> None:
    order = an_order()
    machine.accept(order, None)
    with pytest.raises(InvariantViolation, match="only a pending one"):
        machine.resend(order)
