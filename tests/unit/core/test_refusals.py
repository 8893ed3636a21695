"""Protection or an exit is refused: what each policy of an account does about it, and what an exit does."""

from collections.abc import Callable

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import EgressRefused, SessionChanged, VenueFailed
from coxswain.messages.requests import NewOrder, ReplaceOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import ClOrdId, OrdStatus, ProtectionPolicy, ReachedVenue, Role, SignalKind
from tests.asking import release, stop
from tests.unit.core.desk import BUY, SELL, SHARE, A, D, Desk, S, account, only, setup

ALERT, RETRY, FLATTEN = ProtectionPolicy
POLICIES = tuple(ProtectionPolicy)
GAPS_S = (1, 2, 4, 8, 16)
TRIES = len(GAPS_S)


def desk_with(policy: ProtectionPolicy) -> Desk:
    return Desk(setup(msgspec.structs.replace(account(A), protection_policy=policy)))


def orders(desk: Desk, role: Role) -> list[ClOrdId]:
    return [event.cl_ord_id for event in desk.events(ev.OrderCreated) if event.intent.role is role]


def never_more_than_is_open(desk: Desk) -> None:
    """All that could still take off the position at the venue, stop and target counted once."""
    own, open_qty = desk.account(), abs(desk.position().qty)
    reducing = [own.orders[cl_ord_id] for cl_ord_id in own.open_orders if not own.orders[cl_ord_id].enters]
    legs = [order.order_qty - order.cum_qty for order in reducing if order.intent.role in (Role.STOP, Role.TARGET)]
    others = [
        order.order_qty - order.cum_qty for order in reducing if order.intent.role not in (Role.STOP, Role.TARGET)
    ]
    assert max(legs, default=ZERO) + sum(others, ZERO) <= open_qty


# --- each cause -------------------------------------------------------------------------------------------------------


def is_held(desk: Desk) -> bool:
    return SHARE in desk.account().positions


def entered(desk: Desk) -> None:
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 10)


def rejected(desk: Desk) -> None:
    if not is_held(desk):
        entered(desk)
    desk.reject(orders(desk, Role.STOP)[-1])


def unsent(desk: Desk) -> None:
    if not is_held(desk):
        entered(desk)
    desk.step(VenueFailed(A, orders(desk, Role.STOP)[-1], ReachedVenue.NO, "no line"))


def denied(desk: Desk) -> None:
    if not is_held(desk):
        entry = desk.enter(10)
        desk.accept(entry)
        desk.step(SessionChanged((SHARE,), False))
        desk.fill(entry, 10)


def not_moved(desk: Desk) -> None:
    if not is_held(desk):
        desk.hold(10)
        desk.adjust(stop_loss="97.00")
    order = desk.stop_of()
    assert order.replace_pending is not None
    desk.refuse(order.replace_pending.cl_ord_id, order.current_id, "no")
    desk.look(order.cl_ord_id, OrdStatus.NEW)


CAUSES: list[Callable[[Desk], None]] = [rejected, unsent, denied, not_moved]
OF_THE_VENUE: list[Callable[[Desk], None]] = [rejected, unsent, not_moved]


@pytest.mark.parametrize("cause", CAUSES)
def test_a_refusal_that_is_only_told_is_looked_at_again_when_the_books_are_compared(
    cause: Callable[[Desk], None],
) -> None:
    desk = desk_with(ALERT)
    cause(desk)
    told = only(desk.events(ev.ProtectionFailed))
    assert (told.again_ns, told.closes) == (None, False)
    before = len(desk.requests(NewOrder)) + len(desk.requests(ReplaceOrder))
    desk.wait(31 * S)
    assert len(desk.requests(NewOrder)) + len(desk.requests(ReplaceOrder)) == before
    if cause is denied:
        desk.step(SessionChanged((SHARE,), True))
    else:
        desk.books()
    assert len(desk.requests(NewOrder)) + len(desk.requests(ReplaceOrder)) == before + 1
    never_more_than_is_open(desk)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_refusal_is_tried_again_after_gaps_that_grow_and_told_in_the_end(cause: Callable[[Desk], None]) -> None:
    desk = desk_with(RETRY)
    cause(desk)
    for gap_s in GAPS_S:
        failed = desk.events(ev.ProtectionFailed)[-1]
        assert failed.again_ns == desk.now_ns + gap_s * S
        tried = len(desk.events(ev.ProtectionTriedAgain))
        desk.wait(gap_s * S - 1)
        assert len(desk.events(ev.ProtectionTriedAgain)) == tried
        desk.wait(1)
        assert len(desk.events(ev.ProtectionTriedAgain)) == tried + 1
        cause(desk)
        never_more_than_is_open(desk)
    failures = desk.events(ev.ProtectionFailed)
    assert [failure.tries for failure in failures] == [1, 2, 3, 4, 5, 6]
    assert failures[-1].again_ns is None
    before = len(desk.events(ev.ProtectionTriedAgain))
    desk.wait(40 * S)
    assert len(desk.events(ev.ProtectionTriedAgain)) == before


@pytest.mark.parametrize("cause", CAUSES)
def test_what_was_given_up_is_tried_once_with_each_comparison(cause: Callable[[Desk], None]) -> None:
    desk = desk_with(RETRY)
    cause(desk)
    for gap_s in GAPS_S:
        desk.wait(gap_s * S)
        cause(desk)
    for _ in range(3):
        desk.wait(60 * S)
        before = len(desk.events(ev.ProtectionFailed))
        desk.books()
        if cause is not denied:
            cause(desk)
        new = desk.events(ev.ProtectionFailed)[before:]
        assert [failure.again_ns for failure in new] == [None]


@pytest.mark.parametrize("cause", OF_THE_VENUE)
def test_a_stop_that_the_venue_refuses_closes_the_position_where_the_account_says_so(
    cause: Callable[[Desk], None],
) -> None:
    desk = desk_with(FLATTEN)
    cause(desk)
    told = only(desk.events(ev.ProtectionFailed))
    assert (told.closes, told.tries) == (True, 1)
    desk.wait(0)
    plan = desk.events(ev.PlanProposed)[-1].plan
    assert plan.kind is SignalKind.EXIT
    assert plan.rationale == "protection_policy flatten: its stop was refused"
    assert only(desk.events(ev.ExitStarted)).signal_id == plan.signal_id
    if desk.position().stop_id is not None:
        desk.cancel(desk.stop_of().cl_ord_id)
    never_more_than_is_open(desk)
    leaving = only(orders(desk, Role.EXIT))
    assert desk.order(leaving).order_qty == D(10)
    desk.fill(leaving, 10, "100.00")
    assert (desk.position().qty, desk.position().exit, desk.account().open_orders) == (D(0), None, {})


def test_a_stop_that_our_gate_denies_closes_the_position_as_soon_as_an_exit_may_leave() -> None:
    desk = desk_with(FLATTEN)
    denied(desk)
    desk.wait(0)
    assert only(desk.events(ev.ExitEnded)).reason == "our own gate denied the exit order"
    desk.wait(30 * S)
    assert len(desk.events(ev.ExitStarted)) == 1  # a closed market is not asked over and over
    desk.step(SessionChanged((SHARE,), True))
    assert desk.stop_of().order_qty == D(10)


def test_a_target_that_is_refused_closes_nothing() -> None:
    desk = desk_with(FLATTEN)
    entry = desk.enter(10, take_profit="110.00")
    desk.accept(entry)
    desk.fill(entry, 10)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.reject(desk.target_of().cl_ord_id)
    desk.wait(30 * S)
    assert (desk.events(ev.ExitStarted), only(desk.events(ev.ProtectionFailed)).closes) == ([], False)


# --- in between -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("cause", CAUSES)
def test_a_restart_in_the_middle_changes_nothing(policy: ProtectionPolicy, cause: Callable[[Desk], None]) -> None:
    desk = desk_with(policy)
    cause(desk)
    other = desk.folded()
    assert other.engine.digest() == desk.engine.digest()
    assert other.engine.next_deadline() == desk.engine.next_deadline()
    for each in (desk, other):
        each.wait(S)
    assert other.engine.digest() == desk.engine.digest()


def test_a_retry_that_fell_due_while_nobody_was_there_is_made_after_the_start() -> None:
    desk = desk_with(RETRY)
    rejected(desk)
    desk.now_ns += 30 * S
    other = desk.restarted()
    other.books()
    other.wait(0)
    assert other.stop_of().order_qty == D(10)
    assert len(orders(other, Role.STOP)) == 2


def test_a_stop_that_stands_again_is_not_placed_twice() -> None:
    desk = desk_with(RETRY)
    rejected(desk)
    desk.books()  # the comparison was faster
    desk.accept(desk.stop_of().cl_ord_id)
    desk.wait(59 * S)
    assert len(orders(desk, Role.STOP)) == 2
    never_more_than_is_open(desk)


def test_a_stop_that_stood_for_a_minute_begins_to_count_anew() -> None:
    desk = desk_with(RETRY)
    rejected(desk)
    desk.wait(1 * S)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.wait(60 * S)
    desk.cancel(desk.stop_of().cl_ord_id)
    assert [failure.tries for failure in desk.events(ev.ProtectionFailed)] == [1, 1]


def test_a_change_that_was_made_begins_to_count_anew() -> None:
    desk = desk_with(RETRY)
    not_moved(desk)
    desk.wait(1 * S)
    change = desk.requests(ReplaceOrder)[-1]
    desk.replace(change.cl_ord_id, 10)
    assert (desk.stop_of().stop_px, desk.position().leg_tries) == (D("97.00"), {})


def test_another_level_is_another_wish() -> None:
    desk = desk_with(RETRY)
    rejected(desk)
    desk.adjust(stop_loss="94.00")
    assert desk.stop_of().stop_px == D("94.00")
    desk.accept(desk.stop_of().cl_ord_id)
    desk.wait(30 * S)
    assert desk.events(ev.ProtectionTriedAgain) == []


@pytest.mark.parametrize("policy", [RETRY, FLATTEN])
def test_what_fills_meanwhile_is_covered_or_closed_as_well(policy: ProtectionPolicy) -> None:
    desk = desk_with(policy)
    entry = desk.enter(10, order_type="LIMIT", limit_price="100.00")
    desk.accept(entry)
    desk.fill(entry, 4, "100.00")
    desk.reject(desk.stop_of().cl_ord_id)
    desk.fill(entry, 3, "100.00")
    never_more_than_is_open(desk)
    desk.wait(1 * S)
    if policy is RETRY:
        assert desk.stop_of().order_qty == D(7)
        return
    assert desk.order(entry).cancel_wanted
    assert desk.order(only(orders(desk, Role.EXIT))).order_qty == D(7)
    desk.fill(entry, 1, "100.00")
    desk.cancel(entry)
    desk.fill(orders(desk, Role.EXIT)[0], 7, "100.00")
    assert desk.order(orders(desk, Role.EXIT)[-1]).order_qty == D(1)
    never_more_than_is_open(desk)
    desk.fill(orders(desk, Role.EXIT)[-1], 1, "100.00")
    assert (desk.position().qty, desk.position().exit) == (D(0), None)


@pytest.mark.parametrize("level", [StopLevel.PAUSE, StopLevel.HALT])
def test_a_pause_or_a_halt_keeps_neither_the_stop_nor_the_closing_back(level: StopLevel) -> None:
    for policy in (RETRY, FLATTEN):
        desk = desk_with(policy)
        rejected(desk)
        desk.step(stop(level, EVERYTHING))
        desk.wait(1 * S)
        role = Role.STOP if policy is RETRY else Role.EXIT
        assert desk.order(orders(desk, role)[-1]).order_qty == D(10)
        never_more_than_is_open(desk)


@pytest.mark.parametrize("policy", [RETRY, FLATTEN])
def test_a_freeze_keeps_both_back_until_it_is_released(policy: ProtectionPolicy) -> None:
    desk = desk_with(policy)
    rejected(desk)
    sent = len(desk.requests(NewOrder))
    desk.step(stop(StopLevel.FREEZE, EVERYTHING))
    desk.wait(40 * S)
    assert len(desk.requests(NewOrder)) == sent or policy is FLATTEN
    desk.step(release(EVERYTHING))
    desk.wait(0)
    assert desk.stop_of().order_qty == D(10)
    never_more_than_is_open(desk)


def test_a_stop_held_back_at_the_last_moment_is_told_and_nothing_leaves_before_a_person_has_looked() -> None:
    desk = desk_with(RETRY)
    entered(desk)
    desk.step(EgressRefused(A, orders(desk, Role.STOP)[-1], "too many"))
    sent = len(desk.requests(NewOrder))
    desk.wait(40 * S)
    assert len(desk.requests(NewOrder)) == sent
    assert desk.events(ev.ProtectionFailed)[-1].again_ns is None


def test_a_part_that_is_closed_gives_way_when_the_stop_of_the_rest_is_refused() -> None:
    desk = desk_with(FLATTEN)
    desk.hold(10)
    desk.exit(quantity=4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 6)
    part = only(orders(desk, Role.EXIT))
    desk.cancel(desk.stop_of().cl_ord_id)  # of the venue's own accord
    desk.wait(0)
    assert desk.order(part).cancel_wanted
    desk.cancel(part)
    never_more_than_is_open(desk)
    for qty in (6, 4):  # what the part does not hold is closed at once
        last = desk.order(orders(desk, Role.EXIT)[-1])
        assert last.order_qty == D(qty)
        desk.fill(last.cl_ord_id, qty, "100.00")
    assert (desk.position().qty, desk.position().exit) == (D(0), None)


def test_a_rejected_stop_beside_a_partial_exit_is_not_placed_as_fast_as_the_wire() -> None:
    """Found by reading: a leg lost during an exit was placed again at once, over and over."""
    desk = desk_with(ALERT)
    desk.hold(10)
    desk.exit(quantity=4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 6)
    desk.cancel(desk.stop_of().cl_ord_id)
    for _ in range(20):
        if desk.position().stop_id is None:
            break
        desk.reject(desk.stop_of().cl_ord_id)
    assert len(orders(desk, Role.STOP)) == 1


# --- exits ------------------------------------------------------------------------------------------------------------


def leaving(desk: Desk) -> ClOrdId:
    desk.hold(10)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    return orders(desk, Role.EXIT)[-1]


def refuse_exit(desk: Desk, how: str) -> None:
    order = orders(desk, Role.EXIT)[-1]
    if how == "rejected":
        desk.reject(order)
    else:
        desk.step(VenueFailed(A, order, ReachedVenue.NO, "no line"))


@pytest.mark.parametrize("how", ["rejected", "unsent"])
def test_a_refused_exit_is_tried_again_after_gaps_that_grow_and_then_protection_returns(how: str) -> None:
    desk = Desk()
    leaving(desk)
    for tries, gap_s in enumerate((1, 2, 4), 1):
        refuse_exit(desk, how)
        refused = desk.events(ev.ExitRefused)[-1]
        assert (refused.tries, refused.again_ns) == (tries, desk.now_ns + gap_s * S)
        desk.wait(gap_s * S - 1)
        assert len(orders(desk, Role.EXIT)) == tries
        desk.wait(1)
        assert len(orders(desk, Role.EXIT)) == tries + 1
        never_more_than_is_open(desk)
    refuse_exit(desk, how)
    assert only(desk.events(ev.ExitEnded)).failed
    assert desk.stop_of().order_qty == D(10)
    desk.wait(59 * S)
    assert len(orders(desk, Role.EXIT)) == 4


def test_an_exit_that_is_proved_absent_is_tried_again() -> None:
    desk = Desk()
    first = leaving(desk)
    desk.wait(5 * S)
    for _ in range(2):  # sent again once, under the same id
        desk.look(first)
        desk.wait(2 * S)
        desk.look(first)
        desk.wait(5 * S)
    assert desk.order(first).unsent
    assert len(orders(desk, Role.EXIT)) == 2
    never_more_than_is_open(desk)


def test_an_exit_that_nobody_answers_for_is_not_tried_again_on_a_guess() -> None:
    desk = Desk()
    first = leaving(desk)
    desk.wait(59 * S)
    assert orders(desk, Role.EXIT) == [first]


def test_an_exit_that_left_once_it_was_tried_again_ends_as_any_other() -> None:
    desk = Desk()
    leaving(desk)
    refuse_exit(desk, "rejected")
    desk.wait(1 * S)
    desk.fill(orders(desk, Role.EXIT)[-1], 10, "100.00")
    ended = only(desk.events(ev.ExitEnded))
    assert (ended.reason, ended.failed, desk.position().qty) == ("nothing is left to close", False, D(0))


def test_a_partial_exit_that_is_refused_keeps_the_stop_on_the_rest_meanwhile() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit(quantity=4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 6)
    refuse_exit(desk, "rejected")
    never_more_than_is_open(desk)
    assert desk.stop_of().order_qty == D(6)
    desk.wait(1 * S)
    assert desk.order(orders(desk, Role.EXIT)[-1]).order_qty == D(4)


def test_a_position_that_is_stopped_out_while_its_exit_waits_ends_it() -> None:
    desk = Desk()
    desk.hold(10)
    desk.exit(quantity=4)
    desk.replace(only(desk.requests(ReplaceOrder)).cl_ord_id, 6)
    refuse_exit(desk, "rejected")
    desk.fill(desk.stop_of().cl_ord_id, 6, "95.00")
    desk.wait(1 * S)
    assert desk.order(orders(desk, Role.EXIT)[-1]).order_qty == D(4)
    never_more_than_is_open(desk)


def test_a_freeze_ends_an_exit_that_waits_and_protection_returns() -> None:
    desk = Desk()
    leaving(desk)
    refuse_exit(desk, "rejected")
    desk.step(stop(StopLevel.FREEZE, EVERYTHING))
    desk.wait(1 * S)
    ended = only(desk.events(ev.ExitEnded))
    assert (ended.reason, ended.failed) == ("our own gate denied the exit order", True)
    assert desk.stop_of().order_qty == D(10)


def test_an_exit_that_waits_survives_a_restart() -> None:
    desk = Desk()
    leaving(desk)
    refuse_exit(desk, "rejected")
    other = desk.folded()
    assert other.engine.digest() == desk.engine.digest()
    for each in (desk, other):
        each.wait(1 * S)
        assert len(orders(each, Role.EXIT)) == 2
    assert other.engine.digest() == desk.engine.digest()


# --- a fill after the exit --------------------------------------------------------------------------------------------


def filled_after_exit(desk: Desk) -> None:
    desk.hold(10)
    resting = desk.enter(5, order_type="LIMIT", limit_price="99.90")
    desk.accept(resting)
    desk.wait(1 * S)
    desk.exit()
    desk.cancel(desk.stop_of().cl_ord_id)
    desk.cancel(resting)
    desk.fill(orders(desk, Role.EXIT)[-1], 10, "100.00")
    assert desk.position().exit is None
    desk.wait(1 * S)
    desk.fill(resting, 5, "99.90")


@pytest.mark.parametrize("policy", [ALERT, RETRY])
def test_a_fill_after_an_exit_is_an_incident_of_its_own_and_protected(policy: ProtectionPolicy) -> None:
    desk = desk_with(policy)
    filled_after_exit(desk)
    assert only(desk.events(ev.IncidentRaised)).kind == "FILL_AFTER_EXIT"
    assert (desk.stop_of().order_qty, desk.stop_of().stop_px) == (D(5), D("95.00"))
    never_more_than_is_open(desk)


def test_a_fill_after_an_exit_is_closed_where_the_account_says_so() -> None:
    desk = desk_with(FLATTEN)
    filled_after_exit(desk)
    assert only(desk.events(ev.IncidentRaised)).kind == "FILL_AFTER_EXIT"
    assert desk.events(ev.PlanProposed)[-1].plan.rationale.endswith("it was filled after the position was closed")
    if desk.position().stop_id is not None:
        desk.cancel(desk.stop_of().cl_ord_id)
    last = desk.order(orders(desk, Role.EXIT)[-1])
    assert (last.order_qty, last.intent.side) == (D(5), SELL)
    desk.fill(last.cl_ord_id, 5, "99.90")
    assert (desk.position().qty, desk.account().open_orders) == (D(0), {})


def test_a_late_fill_of_an_entry_that_began_after_the_exit_is_no_fill_after_it() -> None:
    desk = desk_with(FLATTEN)
    filled = leaving(desk)
    desk.fill(filled, 10, "100.00")
    desk.wait(1 * S)
    entry = desk.enter(5, side=BUY, order_type="LIMIT", limit_price="99.90")
    desk.accept(entry)
    desk.cancel(entry)
    desk.fill(entry, 5, "99.90")
    assert only(desk.events(ev.IncidentRaised)).kind == "LATE_FILL"
    assert desk.position().exit is None
