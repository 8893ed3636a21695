"""Above the message budget an order waits until there is room, or dies with its signal. Cancels never wait."""

import pytest

from coxswain.core.rings import Ring, count, note, room_ns
from coxswain.messages import events as ev
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.vocabulary import AccountId, OrdStatus, SignalId
from tests.unit.core.desk import BUY, SELL, SHARE, A, B, D, Desk, S, account, setup

MS = 1_000_000


def budget(limit: int = 2) -> Desk:
    return Desk(setup(account(A, max_messages_per_s=limit), account(B)))


def send(desk: Desk, *names: str, account_id: AccountId = A) -> None:
    for name in names:
        desk.direct(BUY, 1, name=name, price="99.90", account_id=account_id)


def test_an_order_above_the_budget_waits_and_leaves_when_there_is_room() -> None:
    desk = budget()
    send(desk, "1", "2", "3")
    assert len(desk.requests(NewOrder)) == 2
    assert [event.intent.signal_id for event in desk.events(ev.OrderPaced)] == ["3"]
    assert desk.events(ev.OrderDenied) == []
    desk.wait(S - 1)
    assert len(desk.requests(NewOrder)) == 2
    desk.wait(60 * MS)
    assert len(desk.requests(NewOrder)) == 3
    assert desk.account().paced == {}


def test_another_account_has_a_budget_of_its_own() -> None:
    desk = budget()
    send(desk, "1", "2")
    send(desk, "3", account_id=B)
    assert len(desk.requests(NewOrder)) == 3


def test_a_venue_and_a_strategy_have_budgets_too() -> None:
    desk = Desk(setup(account(A), account(B), max_venue_messages_per_s=2))
    send(desk, "1")
    send(desk, "2", "3", account_id=B)
    assert len(desk.events(ev.OrderPaced)) == 1


@pytest.mark.parametrize("waiting", [1, 4, 7])
def test_however_many_wait_no_second_sees_more_than_the_budget(waiting: int) -> None:
    desk = budget(2)
    send(desk, *(str(number) for number in range(2 + waiting)))
    desk.wait(20 * S)
    sent_ns = [record.now_ns for record in desk.records for request in record.requests if isinstance(request, NewOrder)]
    assert len(sent_ns) == 2 + waiting
    for at_ns in sent_ns:
        assert sum(1 for other in sent_ns if at_ns <= other < at_ns + S) <= 2


def test_one_that_would_leave_after_its_death_is_denied() -> None:
    desk = budget(1)
    send(desk, "1", *(f"w{number}" for number in range(300)))
    assert "MESSAGE_BUDGET" in desk.events(ev.OrderDenied)[0].reasons[0]


def test_what_waits_is_judged_again_when_its_turn_comes() -> None:
    desk = budget()
    send(desk, "1", "2", "3")
    desk.quote(SHARE, "110.00", "110.02")
    desk.wait(2 * S)
    denied = [event for event in desk.events(ev.OrderDenied) if event.intent.signal_id == "3"]
    assert len(denied) == 1
    assert desk.account().paced == {}


def test_an_id_that_waits_is_taken() -> None:
    desk = budget()
    send(desk, "1", "2", "3", "3")
    assert "DUPLICATE_INTENT" in desk.events(ev.OrderDenied)[0].reasons[0]


def test_what_waits_is_remembered_over_a_restart() -> None:
    desk = budget()
    send(desk, "1", "2", "3")
    again = desk.restarted()
    for cl_ord_id in tuple(again.account().open_orders):
        again.look(cl_ord_id, OrdStatus.NEW)
    again.books(A)
    again.books(B)
    again.wait(2 * S)
    assert len(again.requests(NewOrder)) == 3


def test_cancels_leave_while_orders_wait() -> None:
    desk = budget()
    send(desk, "1", "2", "3")
    first = next(iter(desk.account().open_orders))
    desk.accept(first)
    desk.exit()
    assert len(desk.requests(CancelOrder)) == 2


def test_protection_that_had_to_wait_is_placed_as_soon_as_there_is_room() -> None:
    desk = Desk(setup(account(A, max_messages_per_s=1)))
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 10)
    assert desk.position().stop_id is None
    assert len(desk.events(ev.ReductionPaced)) == 1
    assert desk.events(ev.ProtectionFailed) == []
    desk.wait(2 * S)
    assert desk.stop_of().order_qty == D(10)


def test_an_exit_that_had_to_wait_goes_on() -> None:
    desk = Desk(setup(account(A, max_messages_per_s=1)))
    desk.direct(BUY, 10)
    desk.fill(desk.sent(), 10)
    desk.exit()
    assert desk.position().exit is not None
    desk.wait(2 * S)
    assert desk.requests(NewOrder)[-1].side is SELL


def test_a_share_that_waits_is_withdrawn_by_an_exit() -> None:
    desk = Desk(setup(account(A, max_messages_per_s=1)))
    desk.direct(BUY, 1, name="first")
    desk.signal(quantity=5, stop_loss="95.00", accounts=(A,), id="late")
    assert SignalId("late") in desk.account().paced
    desk.exit()
    assert desk.account().paced == {}
    desk.wait(5 * S)
    assert all(request.order_qty != D(5) for request in desk.requests(NewOrder))


# --- the ring ---------------------------------------------------------------------------------------------------------


def test_a_ring_never_says_less_than_was_within_its_window() -> None:
    ring, times = Ring(), [0, 10, 30, 500, 990, 999, 1400, 1999, 2600, 9000]
    for at_ms in times:
        note(ring, at_ms * MS, S)
        within = sum(1 for other in times if at_ms - 1000 < other <= at_ms)
        assert within <= count(ring, at_ms * MS) <= sum(1 for other in times if at_ms - 1051 <= other <= at_ms)


def test_a_ring_is_empty_when_its_window_has_passed() -> None:
    ring = Ring()
    note(ring, 0, S)
    assert (count(ring, S - 1), count(ring, 2 * S), count(None, 0)) == (1, 0, 0)


def test_room_is_when_enough_of_the_window_has_passed() -> None:
    ring = Ring()
    for at_ms in (0, 0, 300):
        note(ring, at_ms * MS, S)
    assert room_ns(ring, 300 * MS, 4, 0) == 300 * MS
    assert room_ns(ring, 300 * MS, 3, 0) == 1050 * MS
    assert room_ns(ring, 300 * MS, 3, 2) == 1350 * MS
    assert room_ns(ring, 300 * MS, 3, 3) == 2100 * MS
