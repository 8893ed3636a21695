"""Leaving a spread by its id: all its legs, one after the other, and no more than what it opened."""

from typing import Any

import pytest

from coxswain.messages.events import (
    AssignmentWithdrawn,
    ExitStarted,
    PlanProposed,
    SignalDenied,
    SpreadEnded,
    SpreadLeaving,
    SpreadStopped,
)
from coxswain.messages.inputs import ApprovePlan, CancelOrders, ModifyPlan, SetMode, StopTrading, SubmitSignal
from coxswain.messages.requests import NewOrder, ReplaceOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.market import Quote
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import ClOrdId, Mode, Role, SignalId, SignalKind, Symbol, Verdict
from coxswain.views.blotter import Blotter
from coxswain.views.explain import Explainer
from coxswain.views.plans import Outcome, Plans
from tests.unit.core.desk import BUY, EURUSD_SPOT, SELL, SHARE, SHARES, A, B, D, Desk, S, account, only, setup
from tests.unit.core.test_legging import (
    OTHER,
    OTHERS,
    SPREAD,
    desk,
    fill,
    hedging,
    is_at_rest,
    sent,
    spread,
    these,
)

OUT = SignalId("out")
PRICES = {SHARE: "100.00", OTHER: "50.02"}


def entered(made: Desk, units: int = 10, *legs: Any, **fields: Any) -> None:
    """Buy SHARE and sell twice as much of OTHER, all of it filled."""
    spread(made, units, *legs, **fields)
    fill(made)
    fill(made, px="50.00")
    made.wait(0)
    assert made.events(SpreadEnded)[-1].reason == "every leg is filled"


def leave(made: Desk, **fields: Any) -> None:
    made.signal(SignalKind.EXIT, Symbol(""), id=fields.pop("id", OUT), spread=SPREAD, **fields)


def close(made: Desk) -> ClOrdId:
    """Fill the last order that was sent, at the side that closing trades at."""
    order = made.order(made.sent())
    return fill(made, px=PRICES[order.intent.symbol])


def left(made: Desk) -> SpreadEnded:
    return made.events(SpreadEnded)[-1]


def result(made: Desk, name: SignalId = OUT) -> Any:
    blotter = Blotter()
    plans = Plans(blotter)
    for record in made.records:
        blotter.apply(record)
        plans.apply(record)
    return plans.share(name, A).result


def test_an_exit_closes_one_leg_after_the_other_through_the_ordinary_exit() -> None:
    made = desk()
    entered(made)
    leave(made)
    assert sent(made)[2:] == [(SHARE, SELL, 10)]
    out = made.order(made.sent())
    assert these(out.intent.role, out.intent.signal_id, out.intent.reduce_only) == (Role.EXIT, OUT, True)
    close(made)
    assert sent(made)[3:] == [(OTHER, BUY, 20)]
    close(made)
    assert these(left(made).units, left(made).unhedged_value, left(made).reason) == (0, 0, "left: exit out")
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)
    is_at_rest(made)


def test_the_leg_that_is_hardest_to_close_now_goes_first() -> None:
    made = desk()
    entered(made)
    made.step(Quote(SHARE, D("100.00"), D("100.02"), made.now_ns, D(900), D(5)))
    made.step(Quote(OTHER, D("50.00"), D("50.02"), made.now_ns, D(900), D(30)))
    leave(made)
    assert sent(made)[2:] == [(OTHER, BUY, 20)]
    assert only(made.events(SpreadLeaving)).order == "OTHER shows 1.5 of what is needed, the least of all"


def test_a_leg_that_fills_in_part_is_followed_in_part() -> None:
    made = desk()
    entered(made)
    leave(made)
    lead = made.sent()
    made.fill(lead, 3, "100.00")
    assert sent(made)[3:] == [(OTHER, BUY, 6)]
    close(made)
    made.fill(lead, 7, "100.00")
    assert sent(made)[4:] == [(OTHER, BUY, 14)]
    close(made)
    assert left(made).units == 0
    is_at_rest(made)


def test_it_leaves_in_slices_that_may_stand_unhedged() -> None:
    made = desk()
    spread(made, 10, value=400)
    while not made.events(SpreadEnded):
        order = made.order(made.sent())
        fill(made, px="100.02" if order.intent.symbol == SHARE else "50.00")
    count = len(sent(made))
    leave(made)
    assert sent(made)[count:] == [(SHARE, SELL, 3)]
    close(made)
    assert sent(made)[count + 1 :] == [(OTHER, BUY, 6)]
    close(made)
    assert sent(made)[count + 2 :] == [(SHARE, SELL, 3)]
    for _ in range(6):
        close(made)
    assert left(made).units == 0
    is_at_rest(made)


def test_a_part_is_given_in_units_and_the_rest_can_be_left_later() -> None:
    made = desk()
    entered(made)
    leave(made, quantity=4)
    assert sent(made)[2:] == [(SHARE, SELL, 4)]
    close(made)
    close(made)
    assert these(left(made).units, made.position().qty, made.position(OTHER).qty) == (6, 6, -12)
    assert these(result(made).outcome, result(made).filled_qty) == (Outcome.FILLED, 4)
    leave(made, id="rest")
    assert sent(made)[4:] == [(SHARE, SELL, 6)]
    close(made)
    close(made)
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)
    is_at_rest(made)


def test_only_what_the_spread_opened_is_closed_and_protection_gives_way_for_that() -> None:
    made = desk()
    made.hold(5)
    entered(made)
    made.replace(made.requests(ReplaceOrder)[-1].cl_ord_id, 15)
    leave(made)
    made.replace(made.requests(ReplaceOrder)[-1].cl_ord_id, 5)
    assert sent(made)[-1] == (SHARE, SELL, 10)
    close(made)
    close(made)
    assert these(made.position().qty, made.stop_of().order_qty, made.position(OTHER).qty) == (5, 5, 0)


def test_what_names_no_spread_takes_other_lots_first_and_the_spreads_after() -> None:
    made = desk()
    entered(made)
    made.enter(5)
    made.fill(made.sent(), 5)
    made.exit(SHARE, quantity=8)
    if made.position().stop_id is not None and made.requests(ReplaceOrder):
        made.replace(made.requests(ReplaceOrder)[-1].cl_ord_id, 7)
    out = [order for order in made.requests(NewOrder) if order.side is SELL and order.symbol == SHARE]
    if not out or made.order(out[-1].cl_ord_id).intent.role is not Role.EXIT:
        made.cancel(made.stop_of().cl_ord_id)
    made.fill(made.requests(NewOrder)[-1].cl_ord_id, 8, "100.00")
    leave(made)
    plan = made.events(PlanProposed)[-1].plan
    assert [these(each.symbol, each.qty) for each in plan.assignments[0].legs] == [(SHARE, 7), (OTHER, 20)]


def test_lots_that_were_closed_do_not_come_back_with_a_later_entry() -> None:
    made = desk()
    entered(made)
    made.exit(SHARE)
    close(made)
    made.enter(10)
    made.fill(made.sent(), 10)
    leave(made)
    plan = made.events(PlanProposed)[-1].plan
    assert [these(each.symbol, each.qty) for each in plan.assignments[0].legs] == [(SHARE, 0), (OTHER, 20)]
    assert sent(made)[-1] == (OTHER, BUY, 20)
    close(made)
    assert these(made.position().qty, made.position(OTHER).qty, left(made).units) == (10, 0, 0)


def test_an_exit_while_the_legs_still_enter_calls_them_back_first() -> None:
    made = desk()
    hedge = hedging(made)
    made.fill(hedge, 8, "50.10")
    leave(made)
    assert made.order(hedge).cancel_wanted
    count = len(sent(made))
    made.cancel(hedge)
    assert sent(made)[count:] == [(SHARE, SELL, 6)]
    close(made)
    assert sent(made)[count + 1 :] == [(SHARE, SELL, 4)]
    close(made)
    close(made)
    assert these(made.position().qty, made.position(OTHER).qty, left(made).units) == (0, 0, 0)
    is_at_rest(made)


def test_a_share_that_waits_for_its_release_is_withdrawn() -> None:
    made = desk(min_timing_variance_ms=1000, max_timing_variance_ms=1000)
    spread(made, 10)
    leave(made)
    assert [each.signal_id for each in made.events(AssignmentWithdrawn)] == ["sp/1", "sp/2"]
    made.wait(5 * S)
    assert not sent(made)
    assert result(made).outcome is Outcome.FILLED
    is_at_rest(made)


def test_every_account_leaves_what_it_holds_and_a_part_is_shared_out_by_that() -> None:
    both = (account(name, max_order_value=10_000_000, max_open_positions=9) for name in (A, B))
    made = Desk(setup(*both, instruments=(SHARES, EURUSD_SPOT, OTHERS)))
    made.quote(OTHER, "50.00", "50.02")
    spread(made, 9)
    for _ in range(4):
        order = next(o for o in made.requests(NewOrder) if not made.order(o.cl_ord_id).cum_qty)
        made.fill(order.cl_ord_id, str(order.order_qty), "100.02" if order.symbol == SHARE else "50.00")
    held = {name: made.position(SHARE, name).qty for name in (A, B)}
    assert sum(held.values()) == 9
    leave(made, quantity=3)
    shares = made.events(PlanProposed)[-1].plan.assignments
    assert these(sum(each.qty for each in shares), all(each.qty for each in shares)) == (3, True)
    leave(made, id="again")
    assert [each.verdict for each in made.events(PlanProposed)[-1].plan.assignments] == [Verdict.SKIP, Verdict.SKIP]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"spread": "none"}, "SPREAD_UNKNOWN"),
        ({"spread": "sp/1"}, "SPREAD_UNKNOWN"),
        ({"quantity": "1.5"}, "QUANTITY"),
        ({"side": BUY}, "SPREAD_LEFT_WHOLE"),
    ],
)
def test_an_exit_that_cannot_be_is_denied_with_the_reason(fields: dict[str, Any], code: str) -> None:
    made = desk()
    entered(made)
    made.signal(SignalKind.EXIT, Symbol(""), id=OUT, **{"spread": SPREAD, **fields})
    assert code in " ".join(only(made.events(SignalDenied)).reasons)


def test_a_spread_that_nobody_holds_is_left_by_nobody() -> None:
    made = desk()
    entered(made)
    leave(made)
    close(made)
    close(made)
    leave(made, id="again")
    share = made.events(PlanProposed)[-1].plan.assignments[0]
    assert [check.code for check in share.checks if not check.passed] == ["SPREAD_HELD"]


def test_an_exit_that_waits_for_a_person_is_lowered_in_units() -> None:
    made = desk()
    entered(made)
    made.step(SetMode(Mode.MANUAL, EVERYTHING, "a look", "ann"))
    leave(made)
    assert len(sent(made)) == 2
    made.step(ModifyPlan(OUT, {A: D("2.5")}, "ann", "half"))
    made.step(ModifyPlan(OUT, {A: D(3)}, "ann", "less"))
    made.step(ApprovePlan((OUT,), "ann", "yes"))
    assert sent(made)[2:] == [(SHARE, SELL, 3)]


def test_a_leg_that_the_venue_does_not_close_keeps_the_others_and_is_tried_again() -> None:
    made = desk()
    entered(made)
    leave(made)
    close(made)
    for _ in range(4):
        made.reject(made.sent())
        made.wait(10 * S)
        made.quote(OTHER, "50.00", "50.02")
    assert sent(made)[-1] == (OTHER, BUY, 20)
    close(made)
    assert these(left(made).units, made.position(OTHER).qty) == (0, 0)
    is_at_rest(made)


def test_what_no_order_closes_is_left_to_a_person_and_can_be_left_again() -> None:
    made = desk()
    entered(made)
    leave(made)
    while len(made.events(SpreadEnded)) == 1:
        made.reject(made.sent())
        made.wait(61 * S)
        made.quote(SHARE, "100.00", "100.02")
        made.quote(OTHER, "50.00", "50.02")
        made.wait(2 * S)
    assert "the rest is for a person" in left(made).reason
    assert these(result(made).outcome, made.position().qty) == (Outcome.CANCELED, 10)
    leave(made, id="again")
    assert sent(made)[-1] == (SHARE, SELL, 10)


def test_a_person_who_cancels_the_exit_keeps_whole_units() -> None:
    made = desk()
    entered(made)
    leave(made)
    lead = made.sent()
    made.fill(lead, 3, "100.00")
    hedge = made.sent()
    made.step(CancelOrders("ann", "stay", signal_id=OUT))
    made.cancel(lead)
    made.cancel(hedge)
    made.wait(2 * S)
    assert sent(made)[-1] == (OTHER, BUY, 6)
    close(made)
    made.wait(2 * S)
    assert these(left(made).units, made.position().qty, made.position(OTHER).qty) == (7, 7, -14)
    is_at_rest(made)


def test_under_a_freeze_a_signal_waits_and_a_person_leaves() -> None:
    made = desk()
    entered(made)
    made.step(StopTrading(StopLevel.FREEZE, EVERYTHING, "stand still", "ann"))
    leave(made)
    made.wait(120 * S)
    assert len(sent(made)) == 2
    made.step(CancelOrders("ann", "I do it", signal_id=OUT))
    made.wait(61 * S)
    made.quote(SHARE, "100.00", "100.02")
    made.quote(OTHER, "50.00", "50.02")
    by_ann = Signal(SignalId("by-ann"), SignalKind.EXIT, Symbol(""), made.now_ns, 300, spread=SPREAD)
    made.step(SubmitSignal(by_ann, actor="ann"))
    assert sent(made)[2:] == [(SHARE, SELL, 10)]


def test_an_exit_is_the_same_after_a_restart() -> None:
    made = desk()
    entered(made)
    leave(made)
    close(made)
    again = made.restarted()
    again.books()
    again.fill(again.sent(), 20, "50.02")
    assert these(left(again).units, again.position(OTHER).qty) == (0, 0)
    is_at_rest(again)


def test_the_story_of_the_exit_is_one_and_the_spread_tells_it_too() -> None:
    made = desk()
    entered(made)
    leave(made, reason="it is enough")
    close(made)
    close(made)
    explainer = Explainer()
    for record in made.records:
        explainer.apply(record)
    told = explainer.explain(OUT)
    assert told is not None
    words = " ".join(line.text for line in told.timeline)
    for part in ("exit of all units of sp", "A leaves 10 units of sp, leg by leg", "ended with 0 units of all legs"):
        assert part in words
    assert [these(row.symbol, row.side) for row in told.orders] == [(SHARE, SELL), (OTHER, BUY)]
    assert these(result(made).outcome, result(made).filled_qty) == (Outcome.FILLED, 10)
    whole = explainer.explain(SPREAD)
    assert whole is not None
    assert {row.signal_id for row in whole.orders} == {"sp/1", "sp/2", OUT}
    assert these(result(made, SPREAD).outcome, result(made, SPREAD).filled_qty) == (Outcome.FILLED, 10)
    assert not made.events(SpreadStopped)
    assert len(made.events(ExitStarted)) == 2
