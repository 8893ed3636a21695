"""Spreads: several instruments as one, and what is done when some of them stand without the others."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.messages.events import (
    AssignmentWithdrawn,
    ExitStarted,
    LeggingLimitReached,
    OrderDenied,
    PlanProposed,
    RecoveryAssigned,
    RecoveryFailed,
    SignalDenied,
    SpreadEnded,
    SpreadMarked,
    SpreadStarted,
    SpreadStopped,
)
from coxswain.messages.inputs import ApprovePlan, CancelOrders, CompareAccounts, ModifyPlan, ResolveBreak, StopTrading
from coxswain.messages.requests import CancelOrder, NewOrder, ReplaceOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.market import Instrument, Quote
from coxswain.model.spread import Leg, LeggingLimit
from coxswain.model.vocabulary import (
    ClOrdId,
    ExecType,
    LeggingRule,
    Mode,
    Resolution,
    Role,
    SignalId,
    Symbol,
    TimeInForce,
    Verdict,
)
from coxswain.views.explain import Explainer
from coxswain.views.summary import Summary
from tests.unit.core.desk import (
    BUY,
    EURUSD_SPOT,
    LIMIT,
    SELL,
    SHARE,
    SHARES,
    A,
    D,
    Desk,
    S,
    account,
    only,
    setup,
)

OTHER = Symbol("OTHER")
OTHERS = Instrument(
    OTHER, "USD", tick=Decimal("0.01"), lot_step=Decimal(1), min_qty=Decimal(1), margin_rate=Decimal("0.5")
)
SPREAD = SignalId("sp")
ROOMY = {"max_order_value": 10_000_000, "max_open_positions": 9}


def desk(**settings_: Any) -> Desk:
    """100.00 to 100.02 for SHARE, 50.00 to 50.02 for OTHER."""
    limits = {**ROOMY, **settings_.pop("limits", {})}
    made = Desk(setup(account(A, **limits), instruments=(SHARES, EURUSD_SPOT, OTHERS), **settings_))
    made.quote(OTHER, "50.00", "50.02")
    return made


def leg(symbol: Symbol, side: Any, ratio: int = 1, **prices: str) -> Leg:
    return Leg(symbol, side, D(ratio), **{name: D(px) for name, px in prices.items()})


def spread(
    made: Desk,
    units: int = 10,
    *legs: Leg,
    value: int = 1_000_000,
    seconds: int = 5,
    rule: LeggingRule = LeggingRule.UNWIND,
    **fields: Any,
) -> None:
    """Buy SHARE and sell twice as much of OTHER, unless said otherwise."""
    legs = legs or (leg(SHARE, BUY), leg(OTHER, SELL, 2))
    limit = LeggingLimit(D(value), seconds, rule)
    made.signal(
        symbol=legs[0].symbol,
        side=legs[0].side,
        id=SPREAD,
        quantity=units,
        legs=tuple(msgspec.to_builtins(each, builtin_types=(Decimal,)) for each in legs),
        legging=msgspec.to_builtins(limit, builtin_types=(Decimal,)),
        **fields,
    )


def sent(made: Desk) -> list[Any]:
    return [(each.symbol, each.side, each.order_qty) for each in made.requests(NewOrder)]


def fill(made: Desk, qty: int | None = None, px: str = "100.02") -> ClOrdId:
    """Fill the last order that was sent, all of it unless said otherwise."""
    order = made.sent()
    made.fill(order, str(made.order(order).order_qty if qty is None else qty), px)
    return order


def these(*values: Any) -> tuple[Any, ...]:
    return values


def ended(made: Desk) -> SpreadEnded:
    return only(made.events(SpreadEnded))


def is_at_rest(made: Desk) -> None:
    """Nothing is held for a spread that is over, and the journal folds to the same state."""
    own = made.account()
    assert these(own.held_margin, own.held_risk, own.planned_risk, own.planned_margin) == (0, 0, 0, 0)
    assert not any(position.waiting or position.legging for position in own.positions.values())
    assert made.folded().engine.digest() == made.engine.digest()


# --- planning ---------------------------------------------------------------------------------------------------------


def test_a_spread_is_planned_in_units_with_the_lots_of_each_leg() -> None:
    made = desk()
    spread(made, 10)
    plan = made.events(PlanProposed)[0].plan
    share = only(list(plan.assignments))
    assert these(share.verdict, share.qty) == (Verdict.SEND, 10)
    assert [these(each.symbol, each.qty) for each in share.legs] == [(SHARE, 10), (OTHER, 20)]
    assert "a unit is BUY 1 SHARE, SELL 2 OTHER" in plan.rationale


def test_the_worst_case_of_all_legs_is_held_from_the_approval_until_the_end() -> None:
    made = desk(min_timing_variance_ms=1000, max_timing_variance_ms=1000, limits={"market_protection_pct": 0})
    spread(made, 10)
    own = made.account()
    assert own.planned_margin == D("500.1") + D("500")
    assert own.planned_risk == D("20.004") + D("20")
    made.wait(1 * S)
    worst = own.planned_margin + own.held_margin
    assert worst == D("1000.1")
    fill(made)
    assert own.planned_margin + own.held_margin == D("500")
    fill(made, px="50.00")
    is_at_rest(made)


def test_a_spread_takes_no_more_than_the_margin_of_all_its_legs_allows() -> None:
    made = desk(limits={"market_protection_pct": 0})
    spread(made, 5_000, value=10_000_000)
    units = made.events(PlanProposed)[0].plan.assignments[0].qty
    assert units == D(100_000) // (D("50.01") + D(50))


@pytest.mark.parametrize(
    ("value", "verdict"), [(100, Verdict.SKIP), (101, Verdict.SEND)], ids=["just under a unit", "just over"]
)
def test_a_unit_that_cannot_stand_unhedged_within_the_limit_is_not_begun(value: int, verdict: Verdict) -> None:
    made = desk()
    spread(made, 1, value=value)
    share = made.events(PlanProposed)[0].plan.assignments[0]
    assert share.verdict is verdict
    assert ("UNIT_WITHIN_LEGGING_LIMIT" in [check.code for check in share.checks if not check.passed]) is (value == 100)


def test_a_leg_against_what_is_held_already_is_not_begun() -> None:
    made = desk()
    made.hold(5)
    spread(made, 1, leg(OTHER, BUY), leg(SHARE, SELL))
    share = made.events(PlanProposed)[-1].plan.assignments[0]
    assert [check.code for check in share.checks if not check.passed] == ["LEG_NOT_OPPOSED"]


def test_each_leg_needs_room_for_a_position() -> None:
    made = desk(limits={"max_open_positions": 1})
    spread(made, 1)
    share = made.events(PlanProposed)[0].plan.assignments[0]
    assert [check.code for check in share.checks if not check.passed] == ["OPEN_POSITIONS_WITH_LEGS"]


@pytest.mark.parametrize(
    ("legs", "code"),
    [
        ((leg(SHARE, BUY), leg(Symbol("NONE"), SELL)), "INSTRUMENT_UNKNOWN"),
        ((leg(SHARE, BUY), leg(SHARE, SELL)), "LEGS"),
        ((leg(SHARE, BUY), Leg(OTHER, SELL, D("0.5"))), "LEG_RATIO"),
        ((leg(SHARE, BUY), leg(OTHER, SELL, limit_price="50.001")), "PRICE_OFF_TICK"),
    ],
)
def test_a_spread_that_cannot_be_is_denied_with_the_reason(legs: tuple[Leg, ...], code: str) -> None:
    made = desk()
    spread(made, 1, *legs)
    assert code in " ".join(only(made.events(SignalDenied)).reasons)
    assert not sent(made)


def test_a_plan_that_waits_for_a_person_is_lowered_in_units_and_begins_after_the_approval() -> None:
    made = desk(mode=Mode.MANUAL)
    spread(made, 10)
    made.step(ModifyPlan(SPREAD, {A: D(4)}, "ann", "less"))
    assert made.account().planned_margin == 0
    made.step(ApprovePlan((SPREAD,), "ann", "yes"))
    made.wait(0)
    assert sent(made) == [(SHARE, BUY, 4)]
    fill(made)
    assert sent(made)[1:] == [(OTHER, SELL, 8)]


# --- legging ----------------------------------------------------------------------------------------------------------


def test_the_first_leg_leads_and_the_other_hedges_what_it_fills() -> None:
    made = desk()
    spread(made, 10)
    assert sent(made) == [(SHARE, BUY, 10)]
    fill(made)
    assert sent(made)[1:] == [(OTHER, SELL, 20)]
    fill(made, px="50.00")
    assert these(ended(made).units, ended(made).reason) == (10, "every leg is filled")
    assert these(made.position().qty, made.position(OTHER).qty) == (10, -20)
    is_at_rest(made)


def test_a_part_of_the_first_leg_is_hedged_in_part_and_never_for_more() -> None:
    made = desk()
    spread(made, 10)
    lead = fill(made, 3)
    assert sent(made)[1:] == [(OTHER, SELL, 6)]
    fill(made, px="50.00")
    made.fill(lead, 7)
    assert sent(made)[2:] == [(OTHER, SELL, 14)]
    fill(made, px="50.00")
    assert ended(made).units == 10
    is_at_rest(made)


def test_the_leg_that_shows_the_least_of_what_is_needed_leads() -> None:
    made = desk()
    made.step(Quote(SHARE, D("100.00"), D("100.02"), made.now_ns, D(500), D(500)))
    made.step(Quote(OTHER, D("50.00"), D("50.02"), made.now_ns, D(30), D(900)))
    spread(made, 10)
    assert sent(made) == [(OTHER, SELL, 20)]
    assert only(made.events(SpreadStarted)).why == "OTHER shows 1.5 of what is needed, the least of all"


def test_where_both_show_the_same_part_the_wider_one_leads() -> None:
    made = desk()
    made.step(Quote(SHARE, D("100.00"), D("100.02"), made.now_ns, D(10), D(10)))
    made.step(Quote(OTHER, D("50.00"), D("50.02"), made.now_ns, D(20), D(20)))
    spread(made, 10)
    assert sent(made) == [(OTHER, SELL, 20)]


def test_the_first_leg_goes_out_in_slices_that_may_stand_unhedged() -> None:
    made = desk()
    spread(made, 10, value=400)
    assert sent(made) == [(SHARE, BUY, 3)]
    fill(made)
    assert sent(made)[1:] == [(OTHER, SELL, 6)]
    fill(made, px="50.00")
    assert sent(made)[2:] == [(SHARE, BUY, 3)]


def test_legs_with_a_limit_price_wait_there() -> None:
    made = desk()
    spread(made, 10, leg(SHARE, BUY, limit_price="99.90"), leg(OTHER, SELL, limit_price="50.10"))
    lead = only(made.requests(NewOrder))
    assert these(lead.ord_type, lead.price, lead.time_in_force) == (LIMIT, D("99.90"), TimeInForce.DAY)
    fill(made, px="99.90")
    hedge = made.requests(NewOrder)[-1]
    assert these(hedge.symbol, hedge.ord_type, hedge.price) == (OTHER, LIMIT, D("50.10"))


def test_three_legs_follow_the_first_of_them() -> None:
    made = desk()
    spread(made, 2, leg(SHARE, BUY), leg(OTHER, SELL), Leg(EURUSD_SPOT.symbol, SELL, D("0.01")))
    fill(made)
    assert sent(made)[1:] == [(OTHER, SELL, 2), (EURUSD_SPOT.symbol, SELL, D("0.02"))]
    for request in made.requests(NewOrder)[1:]:
        made.fill(request.cl_ord_id, str(request.order_qty), "1.08500" if request.symbol != OTHER else "50.00")
    assert ended(made).reason == "every leg is filled"
    is_at_rest(made)


def test_the_stop_of_a_leg_protects_that_leg() -> None:
    made = desk()
    spread(made, 10, leg(SHARE, BUY, stop_loss="95.00"), leg(OTHER, SELL, 2))
    fill(made)
    assert these(made.stop_of().stop_px, made.stop_of().order_qty) == (D("95.00"), 10)
    assert made.position(OTHER).stop_px is None


# --- limits -----------------------------------------------------------------------------------------------------------


def hedging(made: Desk, **fields: Any) -> ClOrdId:
    """Fill the first leg, and return the order that is to hedge it."""
    spread(made, 10, leg(SHARE, BUY), leg(OTHER, SELL, 2, limit_price="50.10"), **fields)
    fill(made)
    made.accept(made.sent())
    return made.sent()


def test_a_rejected_second_leg_is_unwound_where_the_rule_says_so_and_goes_to_no_other_account() -> None:
    made = desk()
    hedge = hedging(made)
    made.report(hedge, ExecType.CANCELED)
    made.wait(1 * S)
    made.reject(made.sent())
    assert "OTHER was refused" in only(made.events(LeggingLimitReached)).reason
    assert sent(made)[-1] == (SHARE, SELL, 10)
    assert made.order(made.sent()).intent.role is Role.EXIT
    fill(made, px="100.00")
    assert these(ended(made).units, made.position().qty) == (0, 0)
    assert not made.events(RecoveryAssigned) + made.events(RecoveryFailed)
    is_at_rest(made)


def test_a_rejected_second_leg_is_completed_by_crossing_where_the_rule_says_so() -> None:
    made = desk()
    spread(made, 10, rule=LeggingRule.COMPLETE)
    fill(made)
    made.reject(made.sent())
    crossing = made.requests(NewOrder)[-1]
    assert these(crossing.symbol, crossing.order_qty, crossing.price) == (OTHER, 20, D("49.50"))
    assert crossing.time_in_force is TimeInForce.IOC
    fill(made, px="49.90")
    assert these(ended(made).units, ended(made).reason) == (10, "every leg is filled")
    is_at_rest(made)


def test_what_cannot_be_completed_is_unwound() -> None:
    made = desk()
    spread(made, 10, rule=LeggingRule.COMPLETE)
    fill(made)
    made.reject(made.sent())
    made.reject(made.sent())
    assert [each.decision for each in made.events(LeggingLimitReached)] == ["complete", "unwind"]
    assert sent(made)[-1] == (SHARE, SELL, 10)
    fill(made, px="100.00")
    assert ended(made).units == 0
    is_at_rest(made)


@pytest.mark.parametrize(("waited", "reached"), [(5 * S - 1, False), (5 * S, True)], ids=["just under", "at"])
def test_the_limit_in_time_is_a_deadline(waited: int, reached: bool) -> None:
    made = desk()
    hedging(made, seconds=5)
    made.wait(waited)
    assert bool(made.events(LeggingLimitReached)) is reached
    assert bool(made.requests(CancelOrder)) is reached


def test_time_that_is_over_unwinds_what_the_other_leg_has_not_hedged() -> None:
    made = desk()
    hedge = hedging(made, seconds=5)
    made.fill(hedge, 7, "50.10")
    made.wait(5 * S)
    made.cancel(hedge)
    beyond = sent(made)[-2:]
    assert beyond == [(SHARE, SELL, 7), (OTHER, BUY, 1)]
    for request in made.requests(NewOrder)[-2:]:
        made.fill(request.cl_ord_id, str(request.order_qty), "100.00" if request.symbol == SHARE else "50.02")
    assert these(made.position().qty, made.position(OTHER).qty, ended(made).units) == (3, -6, 3)
    is_at_rest(made)


def test_time_that_is_over_completes_by_crossing_once_the_waiting_order_is_called_back() -> None:
    made = desk()
    hedge = hedging(made, seconds=5, rule=LeggingRule.COMPLETE)
    made.fill(hedge, 7, "50.10")
    made.wait(5 * S)
    count = len(made.requests(NewOrder))
    made.fill(hedge, 1, "50.10")
    assert len(made.requests(NewOrder)) == count, "nothing crosses while the other may still fill"
    made.cancel(hedge)
    assert sent(made)[count:] == [(OTHER, SELL, 12)]
    fill(made, px="50.00")
    assert ended(made).units == 10
    is_at_rest(made)


def test_a_price_that_runs_away_reaches_the_limit_in_value() -> None:
    made = desk()
    hedging(made, value=1_100, seconds=60)
    made.quote(SHARE, "111.00", "111.02")
    made.wait(1 * S)
    assert only(made.events(LeggingLimitReached)).reason == "max_unhedged_value: 1110.1 of 1100"


def test_the_first_leg_is_completed_for_a_unit_that_is_filled_in_part() -> None:
    made = desk()
    spread(made, 4, leg(SHARE, BUY, 5, limit_price="99.90"), leg(OTHER, SELL, 2), rule=LeggingRule.COMPLETE)
    lead = made.sent()
    made.fill(lead, 3, "99.90")
    fill(made, px="50.00")
    assert sent(made)[-1] == (OTHER, SELL, 1)
    made.wait(5 * S)
    made.cancel(lead)
    assert sent(made)[-2:] == [(SHARE, BUY, 2), (OTHER, SELL, 1)]
    for request in made.requests(NewOrder)[-2:]:
        made.fill(request.cl_ord_id, str(request.order_qty), "100.02" if request.symbol == SHARE else "50.00")
    assert these(ended(made).units, ended(made).reason) == (1, "completed to whole units")
    is_at_rest(made)


def test_an_unwinding_closes_what_the_spread_opened_and_leaves_other_lots() -> None:
    made = desk()
    made.hold(5)
    spread(made, 10)
    fill(made)
    made.replace(made.requests(ReplaceOrder)[-1].cl_ord_id, 15)
    made.reject(made.sent())
    assert made.position().qty == 15
    made.replace(made.requests(ReplaceOrder)[-1].cl_ord_id, 5)
    exit_ = made.order(made.sent())
    assert these(exit_.intent.role, exit_.order_qty) == (Role.EXIT, 10)
    fill(made, px="100.00")
    assert these(made.position().qty, ended(made).units) == (5, 0)
    is_at_rest(made)


def test_an_unwinding_that_the_venue_does_not_take_is_tried_again_and_then_left_to_a_person() -> None:
    made = desk()
    spread(made, 10)
    fill(made)
    made.reject(made.sent())
    for _ in range(10):
        made.reject(made.sent())
        made.wait(60 * S)
        made.quote(SHARE, "100.00", "100.02")
        made.wait(1 * S)
    assert ended(made).unhedged_value == D("1000.1")
    assert "for a person" in ended(made).reason
    assert made.position().qty == 10


def gone_at_the_venue(made: Desk) -> int:
    """Have one leg filled, the other refused, and the first one's lots be nowhere at the venue; count exits."""
    spread(made, 10)
    fill(made)
    made.reject(made.sent())
    made.cancel(made.sent())  # there is nothing to reduce, says the venue
    made.step(CompareAccounts("asked", (A,)))
    made.wait(S)
    made.books(positions=())
    if made.account().open_orders:
        made.cancel(made.sent())
    return len(made.events(ExitStarted))


def test_an_unwinding_of_what_the_venue_does_not_hold_waits_for_the_books() -> None:
    """Found by world 21083: an exit began and ended every second, for ever."""
    made = desk()
    exits = gone_at_the_venue(made)
    made.wait(120 * S)
    assert len(made.events(ExitStarted)) == exits
    assert made.events(SpreadEnded) == []


def test_a_spread_of_which_somebody_lives_without_what_is_left_is_over() -> None:
    made = desk()
    exits = gone_at_the_venue(made)
    made.step(ResolveBreak(A, "A:position:SHARE", Resolution.IGNORE, "it is gone", "ann"))
    made.wait(S)
    made.books(positions=())
    made.wait(120 * S)
    assert len(made.events(ExitStarted)) == exits
    assert "the venue holds none of SHARE" in ended(made).reason


# --- what comes in between --------------------------------------------------------------------------------------------


def test_an_unknown_second_leg_keeps_its_hold_and_stops_all_legging_until_it_is_known() -> None:
    made = desk()
    spread(made, 10, value=400, seconds=60)
    fill(made)
    hedge, count = made.sent(), len(made.requests(NewOrder))
    made.wait(8 * S)
    assert not made.order(hedge).outcome_known
    assert made.account().held_margin > 0
    assert len(made.requests(NewOrder)) == count
    assert "not known" in made.events(SpreadMarked)[-1].note
    made.fill(hedge, 6, "50.00")
    assert sent(made)[count:] == [(SHARE, BUY, 3)]


def test_a_limit_that_is_reached_while_a_leg_is_unknown_waits_for_the_answer() -> None:
    made = desk()
    spread(made, 10, seconds=7)
    fill(made)
    hedge, count = made.sent(), len(made.requests(NewOrder))
    made.wait(9 * S)
    assert made.events(LeggingLimitReached)
    assert len(made.requests(NewOrder)) == count, "neither hedged twice nor unwound on a guess"
    made.fill(hedge, 20, "50.00")
    assert these(ended(made).units, len(made.requests(NewOrder))) == (10, count)
    is_at_rest(made)


def test_a_halt_in_the_middle_calls_back_and_unwinds_what_is_not_hedged() -> None:
    made = desk()
    hedge = hedging(made)
    made.fill(hedge, 8, "50.10")
    made.step(StopTrading(StopLevel.HALT, EVERYTHING, "enough", "ann"))
    made.wait(0)
    made.cancel(hedge)
    assert sent(made)[-1] == (SHARE, SELL, 6)
    fill(made, px="100.00")
    assert these(made.position().qty, made.position(OTHER).qty, ended(made).units) == (4, -8, 4)
    is_at_rest(made)


def test_a_freeze_keeps_the_unhedged_until_it_is_released() -> None:
    made = desk()
    hedge = hedging(made)
    made.step(StopTrading(StopLevel.FREEZE, EVERYTHING, "stand still", "ann"))
    made.wait(0)
    made.cancel(hedge)
    count = len(made.requests(NewOrder))
    made.wait(120 * S)
    assert len(made.requests(NewOrder)) == count
    assert "nothing may leave" in made.events(SpreadMarked)[-1].note


def test_a_stop_before_the_release_withdraws_all_legs() -> None:
    made = desk(min_timing_variance_ms=1000, max_timing_variance_ms=1000)
    spread(made, 10)
    made.step(CancelOrders("ann", "not now", signal_id=SPREAD))
    assert [each.signal_id for each in made.events(AssignmentWithdrawn)] == ["sp/1", "sp/2"]
    made.wait(5 * S)
    assert not sent(made)
    is_at_rest(made)


def test_a_person_who_cancels_the_spread_gets_whole_units_and_no_more() -> None:
    made = desk()
    hedging(made)
    made.step(CancelOrders("ann", "not now", signal_id=SPREAD))
    made.wait(0)
    made.cancel(made.sent())
    assert sent(made)[-1] == (SHARE, SELL, 10)
    assert "by ann" in only(made.events(SpreadStopped)).reason


def test_an_exit_of_one_leg_closes_the_other_as_well_while_the_spread_is_worked() -> None:
    made = desk()
    hedge = hedging(made)
    made.fill(hedge, 4, "50.10")
    made.exit(SHARE)
    made.cancel(hedge)
    out = {request.symbol: request for request in made.requests(NewOrder)[-2:]}
    assert these(out[SHARE].side, out[SHARE].order_qty) == (SELL, 10)
    assert these(out[OTHER].side, out[OTHER].order_qty) == (BUY, 4)
    for request in out.values():
        made.fill(request.cl_ord_id, str(request.order_qty), "100.00" if request.symbol == SHARE else "50.02")
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)
    is_at_rest(made)


def test_the_stop_of_one_leg_takes_the_other_out_while_the_spread_is_worked() -> None:
    made = desk()
    spread(made, 10, leg(SHARE, BUY, stop_loss="95.00"), leg(OTHER, SELL, 2, limit_price="50.10"))
    fill(made)
    hedge = made.sent()
    stop = made.stop_of().cl_ord_id
    hedge = next(each.cl_ord_id for each in made.requests(NewOrder) if each.symbol == OTHER)
    made.accept(stop)
    made.fill(hedge, 8, "50.10")
    made.fill(stop, 10, "95.00")
    assert "was closed" in only(made.events(SpreadStopped)).reason
    made.cancel(hedge)
    assert sent(made)[-1] == (OTHER, BUY, 8)


def test_the_death_of_the_signal_stops_the_first_leg_and_still_hedges_what_it_filled() -> None:
    made = desk()
    spread(made, 10, leg(SHARE, BUY, limit_price="99.90"), leg(OTHER, SELL, 2), ttl_s=30, seconds=20)
    lead = made.sent()
    made.accept(lead)
    made.wait(31 * S)
    assert made.order(lead).cancel_wanted
    made.quote(SHARE, "100.00", "100.02")
    made.quote(OTHER, "50.00", "50.02")
    made.fill(lead, 4, "99.90")
    assert sent(made)[1:] == [(OTHER, SELL, 8)]
    fill(made, px="50.00")
    made.cancel(lead)
    assert these(ended(made).units, ended(made).reason) == (4, "its signal is dead")
    is_at_rest(made)


def test_a_fill_after_the_end_is_booked_and_closed_again() -> None:
    made = desk()
    spread(made, 10, leg(SHARE, BUY, limit_price="99.90"), leg(OTHER, SELL, 2), ttl_s=30)
    lead = made.sent()
    made.accept(lead)
    made.wait(30 * S)
    made.cancel(lead)
    assert ended(made).units == 0
    made.fill(lead, 4, "99.90")
    made.wait(0)
    made.books()
    made.wait(61 * S)
    assert sent(made)[-1] == (SHARE, SELL, 4)


def test_a_first_leg_that_is_refused_ends_the_spread_with_nothing() -> None:
    made = desk()
    spread(made, 10)
    for _ in range(3):
        made.reject(made.sent())
        made.wait(1 * S)
    assert these(ended(made).units, len(made.requests(NewOrder))) == (0, 3)
    is_at_rest(made)


def test_a_second_leg_that_our_own_gate_denies_reaches_the_limit() -> None:
    made = desk()
    spread(made, 10)
    made.quote(OTHER, "50.00", "59.00")
    made.now_ns += 61 * S
    made.fill(made.sent(), 10)
    made.wait(1 * S)
    assert made.events(OrderDenied)
    assert made.events(LeggingLimitReached)


def test_a_balanced_part_of_a_unit_is_not_left_when_the_signal_dies() -> None:
    made = desk()
    legs = (leg(SHARE, BUY, 5, limit_price="99.90"), leg(OTHER, SELL, 5))
    spread(made, 2, *legs, ttl_s=30)
    lead = made.sent()
    made.accept(lead)
    made.fill(lead, 3, "99.90")
    fill(made, px="50.00")
    made.wait(30 * S)
    made.quote(SHARE, "100.00", "100.02")
    made.quote(OTHER, "50.00", "50.02")
    made.cancel(lead)
    assert only(made.events(LeggingLimitReached)).reason == "a part of a unit is left"
    assert sent(made)[-2:] == [(SHARE, SELL, 3), (OTHER, BUY, 3)]


def test_a_first_leg_that_its_venue_forgets_to_end_is_called_back_when_the_signal_dies() -> None:
    made = desk()
    spread(made, 10, ttl_s=30)
    lead = made.sent()
    made.accept(lead)
    made.wait(30 * S)
    assert made.order(lead).cancel_wanted
    made.cancel(lead)
    assert ended(made).units == 0


def test_a_call_back_at_the_instant_of_a_deadline_is_answered_once() -> None:
    made = desk()
    hedge = hedging(made, seconds=5)
    made.fill(hedge, 4, "50.10")
    made.step(CancelOrders("ann", "not now", signal_id=SPREAD))
    made.wait(1 * S)
    made.cancel(hedge)
    assert sent(made)[-1] == (SHARE, SELL, 8)


def test_the_story_of_a_spread_is_told_with_its_legs_and_what_was_decided() -> None:
    made = desk()
    hedging(made, seconds=5)
    made.wait(5 * S)
    made.cancel(made.sent())
    fill(made, px="100.00")
    explainer = Explainer()
    for record in made.records:
        explainer.apply(record)
    told = explainer.explain(SPREAD)
    assert told is not None
    text = " ".join(each.text for each in told.timeline)
    assert "10 units of BUY 1 SHARE, SELL 2 OTHER; at most 1000000 and 5 s unhedged, then unwind" in text
    assert "begins 10 units: BUY 10 SHARE, then SELL 20 OTHER" in text
    assert "1000.1 of the spread on A is unhedged since" in text
    assert "legging limit reached, 1000.1 unhedged for 5 s on A (max_unhedged_s: 5): unwind" in text
    assert "ended with 0 units of all legs: unwound to whole units" in text
    assert [made_.signal_id for made_ in told.decisions] == ["sp", "sp/1", "sp/2"]
    result = told.decisions[0].account.result
    assert result is not None
    assert (result.success, result.outcome) == (False, "CANCELED")


# --- restarts ---------------------------------------------------------------------------------------------------------


def test_a_restart_between_the_legs_goes_on_where_it_was() -> None:
    made = desk()
    lead_filled = hedging(made, seconds=30)
    again = made.restarted()
    again.books()
    again.fill(lead_filled, 20, "50.10")
    assert ended(again).units == 10
    is_at_rest(again)


def test_a_deadline_that_fell_due_while_it_was_down_acts_at_once() -> None:
    made = desk()
    hedge = hedging(made, seconds=5)
    again = made.folded()
    again.now_ns += 3_600 * S
    again.wait(0)
    assert again.events(LeggingLimitReached)
    assert again.order(hedge).cancel_wanted


# --- both sides of the limit ------------------------------------------------------------------------------------------

acts = st.lists(
    st.tuples(st.sampled_from(["fill", "part", "reject", "cancel", "wait", "lose"]), st.integers(1, 9)), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(acts, st.integers(150, 2_000), st.sampled_from(LeggingRule), st.booleans())
def test_what_stands_unhedged_is_within_the_limit_and_at_rest_the_units_are_whole(
    acts: list[tuple[str, int]], limit: int, rule: LeggingRule, waits: bool
) -> None:
    made = desk()
    prices: Any = {"limit_price": "99.99"} if waits else {}
    spread(made, 10, leg(SHARE, BUY, **prices), leg(OTHER, SELL, 2), value=limit, rule=rule, ttl_s=200)
    slice_value = max((each.order_qty * 101 for each in made.requests(NewOrder)), default=D(0))

    def bare() -> Decimal:
        held, hedged = made.position().qty, -made.position(OTHER).qty / 2
        return max(held - hedged, D(0)) * D("100.01") + max(hedged - held, D(0)) * 2 * D("50.01")

    def open_orders() -> list[ClOrdId]:
        return list(made.account().open_orders)

    def everything_holds() -> None:
        assert bare() <= limit + slice_value
        own = made.account()
        for plan_id in ("sp/1", "sp/2"):
            share = made.engine.state.plans[SignalId(plan_id)].shares[A]
            assert ZERO <= share.used <= share.qty
            if share.parent is not None:
                assert share.planned_margin == share.margin_per_lot * (share.qty - share.used)
        assert own.planned_margin >= 0

    ZERO = D(0)  # noqa: N806
    for what, number in acts:
        orders = open_orders()
        if what == "wait" or not orders:
            made.wait(number * S)
            made.quote(SHARE, "100.00", "100.02")
            made.quote(OTHER, "50.00", "50.02")
        else:
            order = made.order(orders[number % len(orders)])
            left = order.order_qty - order.cum_qty
            px = "50.00" if order.intent.symbol == OTHER else "100.00"
            if what == "fill":
                made.fill(order.cl_ord_id, str(left), px)
            elif what == "part":
                made.fill(order.cl_ord_id, str(min(left, D(number))), px)
            elif what == "reject" and not order.cum_qty and order.phase == "PENDING_NEW":
                made.reject(order.cl_ord_id)
            else:
                made.cancel(order.cl_ord_id)
        everything_holds()
    for _ in range(200):
        for name in open_orders():
            order = made.order(name)
            px = "50.00" if order.intent.symbol == OTHER else "100.00"
            made.fill(name, str(order.order_qty - order.cum_qty), px)
            everything_holds()
        made.wait(2 * S)
        made.quote(SHARE, "100.00", "100.02")
        made.quote(OTHER, "50.00", "50.02")
        made.books()
    assert made.position().qty == -made.position(OTHER).qty / 2 == made.events(SpreadEnded)[-1].units
    is_at_rest(made)


def test_a_spread_is_one_signal_planned_however_many_legs_it_has() -> None:
    made, summary = desk(), Summary()
    spread(made)
    made.signal(stop_loss="99", quantity=10)
    for record in made.records:
        summary.apply(record)
    assert len(made.events(PlanProposed)) > 2  # the legs have plans of their own
    assert (summary.signals.received, summary.signals.planned, summary.signals.denied) == (2, 2, 0)
