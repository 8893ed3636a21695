"""What is left of an entry: completed where it was partly filled, moved where it was rejected, once and with limits."""

from typing import Any

import pytest

from coxswain.messages import events as ev
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import ClOrdId, ExecType, Role
from tests.asking import pause
from tests.unit.core.desk import SHARE, A, B, C, D, Desk, S, account, only, setup

MONITOR, COMPLETION = 60 * S, 30 * S


def partly_filled(desk: Desk, **fields: Any) -> ClOrdId:
    entry = desk.enter(10, **fields)
    desk.accept(entry)
    desk.fill(entry, 4)
    desk.accept(desk.stop_of().cl_ord_id)
    return entry


def given_up(desk: Desk, order: ClOrdId, **fields: Any) -> ClOrdId:
    """Let an order's time run out and its cancel be confirmed; return the id of what is sent next."""
    desk.wait(MONITOR)
    assert desk.requests(CancelOrder)[-1].cl_ord_id == order
    desk.cancel(order, **fields)
    desk.quote(SHARE, "100.00", "100.02")
    desk.wait(0)
    return desk.sent()


# --- completion -------------------------------------------------------------------------------------------------------


def test_the_rest_is_cancelled_a_minute_after_the_first_partial_fill() -> None:
    desk = Desk()
    entry = partly_filled(desk)
    desk.wait(MONITOR - 1)
    assert desk.requests(CancelOrder) == []
    desk.wait(1)
    assert only(desk.requests(CancelOrder)).cl_ord_id == entry


def test_nothing_is_completed_before_the_terminal_report() -> None:
    desk = Desk()
    entry = partly_filled(desk)
    desk.wait(MONITOR + 4 * S)
    assert [order.role for order in _intents(desk)] == [Role.ENTRY, Role.STOP]
    desk.fill(entry, 2)  # it fills on while it is being cancelled
    desk.cancel(entry)
    desk.quote(SHARE, "100.00", "100.02")
    desk.wait(0)
    completion = desk.order(desk.sent())
    assert (completion.intent.role, completion.order_qty) == (Role.COMPLETION, D(4))


def test_a_completion_order_has_half_a_minute() -> None:
    desk = Desk()
    completion = given_up(desk, partly_filled(desk))
    desk.accept(completion)
    desk.wait(COMPLETION)
    assert desk.requests(CancelOrder)[-1].cl_ord_id == completion


def test_there_are_at_most_three_completion_orders_with_growing_gaps() -> None:
    desk = Desk()
    order = partly_filled(desk)
    desk.wait(MONITOR)
    sent_after = []
    for _ in range(4):
        desk.cancel(order)
        desk.quote(SHARE, "100.00", "100.02")
        before = len(desk.requests(NewOrder))
        ended_ns = desk.now_ns
        while len(desk.requests(NewOrder)) == before and desk.now_ns < ended_ns + 10 * S:
            desk.wait(S // 2)
        if len(desk.requests(NewOrder)) == before:
            break
        sent_after.append((desk.now_ns - ended_ns) // (S // 2))
        order = desk.sent()
        desk.accept(order)
        desk.wait(COMPLETION)
    assert sent_after == [1, 2, 4]  # at once, after one second, after two
    assert only(desk.events(ev.CompletionEnded)).reason == "3 attempts made"
    assert desk.position().qty == D(4)


def test_each_completion_order_is_for_what_all_before_it_left() -> None:
    desk = Desk()
    completion = given_up(desk, partly_filled(desk))
    desk.accept(completion)
    desk.fill(completion, 2)
    desk.wait(COMPLETION)
    desk.cancel(completion)
    assert [event.qty for event in desk.events(ev.CompletionScheduled)] == [D(6), D(4)]


def test_a_dead_signal_is_completed_no_more() -> None:
    desk = Desk()
    entry = partly_filled(desk, ttl_s=50)
    desk.wait(MONITOR)
    desk.cancel(entry)
    desk.wait(0)
    assert only(desk.events(ev.CompletionEnded)).reason == "denied by our own gate"
    assert "SIGNAL_AGE" in str(only(desk.events(ev.OrderDenied)).reasons)
    desk.wait(600 * S)
    assert len(desk.events(ev.CompletionScheduled)) == 1


def test_a_paused_account_is_completed_no_more() -> None:
    desk = Desk()
    entry = partly_filled(desk)
    desk.step(pause(A, "a look", "somebody"))
    desk.wait(MONITOR)
    desk.cancel(entry)
    desk.wait(0)
    assert [intent.role for intent in _intents(desk)] == [Role.ENTRY, Role.STOP]


@pytest.mark.parametrize(
    "fields",
    [
        {"order_type": "LIMIT", "limit_price": "99.90"},
        {"time_in_force": "IOC"},
        {"order_type": "STOP", "limit_price": "100.50"},
    ],
    ids=["resting", "at once or not at all", "stop"],
)
def test_what_is_not_meant_to_fill_at_once_is_not_completed(fields: dict[str, str]) -> None:
    desk = Desk()
    entry = partly_filled(desk, **fields)
    desk.wait(2 * MONITOR)
    assert desk.requests(CancelOrder) == []
    desk.cancel(entry)
    assert desk.events(ev.CompletionScheduled) == []


def test_a_marketable_limit_is_completed_at_its_price() -> None:
    desk = Desk()
    completion = given_up(desk, partly_filled(desk, order_type="LIMIT", limit_price="100.10"))
    assert desk.order(completion).price == D("100.10")


def test_an_entry_that_filled_nothing_is_not_completed() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.cancel(entry)
    assert desk.events(ev.CompletionScheduled) == []


def test_a_late_fill_starts_no_completion() -> None:
    """Found by reading: each late fill looked like an end, and what was called back was bought after all."""
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.cancel(entry)
    desk.fill(entry, 4)
    assert desk.events(ev.CompletionScheduled) == []


def test_an_entry_that_an_exit_called_back_is_never_completed() -> None:
    """Found by reading: a late fill after the exit began the completion of an entry that had been called back."""
    desk = Desk()
    entry = partly_filled(desk)
    desk.exit()
    desk.cancel(entry)
    desk.cancel(desk.stop_of().cl_ord_id)
    leaving = desk.sent()
    desk.fill(leaving, 4, "100.00")
    assert desk.position().exit is None
    desk.fill(entry, 2)
    desk.wait(2 * MONITOR)
    assert desk.events(ev.CompletionScheduled) == []


def test_a_position_that_was_stopped_out_is_not_built_up_again() -> None:
    """Found by reading: the completion of the rest bought back what the stop had just sold."""
    desk = Desk()
    entry = partly_filled(desk)
    stop = desk.stop_of().cl_ord_id
    desk.fill(stop, 4, "94.90")
    desk.wait(MONITOR)
    desk.cancel(entry)
    assert only(desk.events(ev.CompletionEnded)).reason == "the position is closed again"


def test_a_completion_order_that_is_rejected_moves_its_rest() -> None:
    desk = Desk(setup(account(A), account(B, reserve=True)))
    completion = given_up(desk, partly_filled(desk, accounts=()))
    desk.reject(completion)
    moved = only(desk.events(ev.RecoveryAssigned))
    assert (moved.account, moved.qty) == (B, D(5))  # 95 % of 6, rounded down


# --- recovery ---------------------------------------------------------------------------------------------------------


def rejected(desk: Desk, **fields: Any) -> ClOrdId:
    entry = desk.enter(10, accounts=(), **fields)
    desk.reject(entry)
    return entry


def reserves(**limits: str) -> Desk:
    return Desk(setup(account(A), account(B, reserve=True, **limits), account(C, reserve=True)))


def test_a_rejected_child_moves_to_an_unused_account_at_a_smaller_size() -> None:
    desk = reserves()
    rejected(desk)
    moved = only(desk.events(ev.RecoveryAssigned))
    assert (moved.account, moved.qty) == (B, D(9))  # the first of equals; 95 % of 10, rounded down
    order = desk.order(desk.sent())
    assert (order.intent.role, order.intent.account, order.intent.stop_loss) == (Role.RECOVERY, B, D("95.00"))


def test_it_moves_to_the_account_that_can_take_most() -> None:
    desk = reserves(max_order_qty="4")
    rejected(desk)
    assert only(desk.events(ev.RecoveryAssigned)).account == C


def test_it_moves_on_until_no_account_is_left() -> None:
    desk = reserves()
    rejected(desk)
    desk.reject(desk.sent())
    assert [(moved.account, moved.qty) for moved in desk.events(ev.RecoveryAssigned)] == [(B, D(9)), (C, D(8))]
    desk.reject(desk.sent())
    assert only(desk.events(ev.RecoveryFailed)).reasons == ()


def test_each_account_that_cannot_take_it_is_named_with_its_reason() -> None:
    desk = reserves()
    for name in (B, C):
        desk.step(pause(name, "a look", "somebody"))
    rejected(desk)
    reasons = only(desk.events(ev.RecoveryFailed)).reasons
    assert [reason.split(":")[:2] for reason in reasons] == [["B", " ACCOUNT_ACTIVE"], ["C", " ACCOUNT_ACTIVE"]]


def test_it_moves_only_to_accounts_that_the_signal_lists() -> None:
    desk = reserves()
    desk.signal(quantity=10, stop_loss="95.00", accounts=(A, C))
    desk.reject(desk.sent())
    assert only(desk.events(ev.RecoveryAssigned)).account == C


def test_it_does_not_move_to_an_account_that_the_plan_has_used() -> None:
    desk = Desk(setup(account(A), account(B)))
    desk.signal(quantity=10, stop_loss="95.00")
    first, second = desk.requests(NewOrder)
    desk.reject(first.cl_ord_id)
    assert only(desk.events(ev.RecoveryFailed)).reasons == ()
    assert desk.order(second.cl_ord_id).ended_as is None


def test_what_our_own_gate_denied_is_not_moved() -> None:
    desk = reserves()
    desk.step(pause(A, "a look", "somebody"))
    desk.signal(quantity=10, stop_loss="95.00")
    assert desk.events(ev.RecoveryAssigned) == []
    assert desk.requests(NewOrder) == []


@pytest.mark.parametrize("end", [ExecType.CANCELED, ExecType.EXPIRED])
def test_only_a_reject_moves_anything(end: ExecType) -> None:
    desk = reserves()
    entry = desk.enter(10, accounts=())
    desk.report(entry, end)
    assert desk.events(ev.RecoveryAssigned) == []


def test_a_rest_too_small_for_the_instrument_is_not_moved() -> None:
    desk = reserves()
    entry = desk.enter(1, accounts=())
    desk.reject(entry)
    reasons = only(desk.events(ev.RecoveryFailed)).reasons
    assert [reason.split(":")[1] for reason in reasons] == [" RECOVERY_SIZE", " RECOVERY_SIZE"]


def test_a_dead_signal_is_not_moved() -> None:
    desk = reserves()
    entry = desk.enter(10, accounts=(), ttl_s=1)
    desk.wait(2 * S)
    desk.reject(entry)
    assert "SIGNAL_ALIVE_S" in only(desk.events(ev.RecoveryFailed)).reasons[0]


def test_a_stale_market_moves_nothing() -> None:
    desk = reserves()
    entry = desk.enter(10, accounts=())
    desk.wait(61 * S)
    desk.reject(entry)
    assert desk.events(ev.RecoveryAssigned)
    assert "QUOTE_STALE" in str(only(desk.events(ev.OrderDenied)).reasons)


def test_a_fill_on_a_rejected_order_does_not_move_its_rest_again() -> None:
    """Found by reading: the late fill counted as another end, and the rest went to a second account as well."""
    desk = reserves()
    entry = rejected(desk)
    desk.fill(entry, 1)
    assert only(desk.events(ev.RecoveryAssigned)).account == B
    assert only(desk.events(ev.IncidentRaised)).kind == "LATE_FILL"


def test_a_recovery_has_its_own_protection() -> None:
    desk = reserves()
    rejected(desk)
    desk.fill(desk.sent(), 9)
    stop = desk.stop_of(account_id=B)
    assert (stop.order_qty, stop.stop_px) == (D(9), D("95.00"))


def test_parent_and_recovery_together_never_exceed_the_plan() -> None:
    desk = reserves()
    rejected(desk)
    plan = desk.engine.state.plans[desk.events(ev.PlanProposed)[0].plan.signal_id]
    assert (plan.total, plan.used) == (D(10), D(9))


def _intents(desk: Desk) -> list[OrderIntent]:
    return [event.intent for event in desk.events(ev.OrderCreated)]
