"""Stopping: every level at every scope, latched until a person resumes, and what each does to orders and positions."""

import typing

import msgspec
import pytest

from coxswain.core.order import ord_status
from coxswain.messages import events as ev
from coxswain.messages.inputs import EngineStarted, SubmitOrder, SubmitSignal
from coxswain.messages.requests import CancelOrder, NewOrder, QueryOrder
from coxswain.model.control import EVERYTHING, STATE_UNDER, Scope, ScopeKind, StopLevel
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    JournalId,
    OrdStatus,
    OrdType,
    Role,
    SignalId,
    TimeInForce,
    TradingState,
)
from tests.asking import pause, release, stop
from tests.unit.core.desk import BUY, EURUSD, SELL, SHARE, VENUE, A, B, D, Desk, S, account, kinds, only, setup

PAUSE, HALT, FREEZE, FLATTEN = StopLevel
STRATEGY = "breakout"
SCOPES = {
    "everything": EVERYTHING,
    "venue": Scope(ScopeKind.VENUE, VENUE),
    "account": Scope(ScopeKind.ACCOUNT, A),
    "strategy": Scope(ScopeKind.STRATEGY, STRATEGY),
    "instrument": Scope(ScopeKind.INSTRUMENT, SHARE),
}
ELSEWHERE: dict[str, dict[str, typing.Any]] = {
    "account": {"accounts": (B,)},
    "strategy": {"strategy": "other"},
    "instrument": {"symbol": EURUSD, "stop_loss": "1.08000", "quantity": "0.1"},
}
"""What is not in a scope, and goes on."""

every_level = pytest.mark.parametrize("level", StopLevel)
every_scope = pytest.mark.parametrize("where", SCOPES)


def two() -> Desk:
    return Desk(setup(account(A), account(B)))


def signal(desk: Desk, **fields: typing.Any) -> int:
    """Submit an entry, and return how many orders it sent."""
    before = len(desk.requests(NewOrder))
    desk.signal(**{"quantity": 10, "stop_loss": "95.00", "accounts": (A,), "strategy": STRATEGY, **fields})
    return len(desk.requests(NewOrder)) - before


# --- every level at every scope ---------------------------------------------------------------------------------------


@every_level
@every_scope
def test_a_stop_lets_nothing_new_in_what_is_in_its_scope(level: StopLevel, where: str) -> None:
    desk = two()
    desk.step(stop(level, SCOPES[where]))
    assert signal(desk) == 0


@every_level
@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_stop_leaves_alone_what_is_not_in_its_scope(level: StopLevel, where: str) -> None:
    desk = two()
    desk.step(stop(level, SCOPES[where]))
    assert signal(desk, **ELSEWHERE[where]) == 1


@every_level
@every_scope
def test_a_stop_is_still_there_after_a_restart_and_only_a_resume_ends_it(level: StopLevel, where: str) -> None:
    desk = two()
    desk.step(stop(level, SCOPES[where]))
    again = desk.restarted()
    for name in (A, B):
        again.books(name)
    assert signal(again, id="after") == 0
    again.step(release(SCOPES[where]))
    assert signal(again, id="released") == 1


@every_level
@every_scope
def test_a_direct_entry_is_denied_too_unless_only_a_strategy_is_stopped(level: StopLevel, where: str) -> None:
    desk = two()
    desk.step(stop(level, SCOPES[where]))
    desk.direct(stop_loss="95.00")
    assert bool(desk.events(ev.OrderDenied)) is (where != "strategy")


@every_level
@every_scope
def test_an_exit_leaves_unless_all_is_frozen(level: StopLevel, where: str) -> None:
    desk = two()
    desk.hold(10, strategy=STRATEGY)
    desk.step(stop(level, SCOPES[where]))
    if level is FLATTEN:
        return  # it is the exit
    desk.exit(strategy=STRATEGY)
    desk.cancel(desk.stop_of().cl_ord_id) if desk.position().stop_id and desk.stop_of().cancel_wanted else None
    sent = [order.intent for order in desk.account().orders.values() if order.intent.role is Role.EXIT]
    assert len(sent) == (0 if level is FREEZE else 1)


@every_scope
@pytest.mark.parametrize("level", [PAUSE, FREEZE])
def test_pause_and_freeze_keep_working_orders(level: StopLevel, where: str) -> None:
    desk = two()
    entry = resting(desk)
    desk.step(stop(level, SCOPES[where]))
    assert desk.requests(CancelOrder) == []
    assert ord_status(desk.order(entry)) is OrdStatus.NEW


@every_scope
@pytest.mark.parametrize("level", [HALT, FLATTEN])
def test_halt_and_flatten_cancel_what_enters(level: StopLevel, where: str) -> None:
    desk = two()
    entry = resting(desk)
    desk.step(stop(level, SCOPES[where]))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [entry]


@every_scope
def test_halt_keeps_protection(where: str) -> None:
    desk = two()
    desk.hold(10, strategy=STRATEGY)
    desk.step(stop(HALT, SCOPES[where]))
    assert desk.requests(CancelOrder) == []
    assert desk.position().qty == D(10)


@every_scope
def test_flatten_lets_protection_give_way_and_closes(where: str) -> None:
    desk = two()
    desk.hold(10, strategy=STRATEGY)
    leg = desk.stop_of().cl_ord_id
    desk.step(stop(FLATTEN, SCOPES[where]))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [leg]
    assert not exits(desk), "together they could close more than there is"
    desk.cancel(leg)
    desk.fill(only(exits(desk)), 10, "99.98")
    assert desk.position().qty == D(0)
    assert [event.reason for event in desk.events(ev.ExitEnded)] == ["nothing is left to close"]


def resting(desk: Desk, account_id: AccountId = A, price: str = "99.00", qty: int = 10) -> ClOrdId:
    signal(desk, order_type=OrdType.LIMIT, limit_price=price, accounts=(account_id,), quantity=qty)
    entry = desk.sent()
    desk.accept(entry)
    return entry


def bare(desk: Desk) -> None:
    """Hold a position that nothing protects."""
    desk.direct(qty=10)
    desk.fill(desk.sent(), 10)


def exits(desk: Desk, account_id: AccountId = A) -> list[ClOrdId]:
    orders = desk.account(account_id).orders.values()
    return [order.cl_ord_id for order in orders if order.intent.role is Role.EXIT]


# --- latched, idempotent, strictest -----------------------------------------------------------------------------------


def test_the_same_stop_again_says_nothing_new() -> None:
    desk = two()
    desk.step(stop(PAUSE, EVERYTHING))
    assert kinds(desk.step(stop(PAUSE, EVERYTHING, "again", "ben"))) == []


def test_a_stop_again_does_once_more_what_its_level_does() -> None:
    desk = Desk(setup(account(A)))
    desk.step(stop(HALT, Scope(ScopeKind.STRATEGY, "other")))
    entry = resting(desk)
    desk.step(stop(HALT, Scope(ScopeKind.ACCOUNT, A)))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [entry]
    assert kinds(desk.step(stop(HALT, Scope(ScopeKind.ACCOUNT, A)))) == [], "it is asked for already"


def test_a_flag_from_outside_is_the_same_input_under_its_own_name() -> None:
    desk = Desk()
    desk.step(stop(HALT, EVERYTHING, "the flag is up", "flag file"))
    assert only(desk.events(ev.TradingStopped)).actor == "flag file"
    assert signal(desk) == 0


def test_the_strictest_of_several_scopes_counts_and_each_is_released_by_itself() -> None:
    desk = two()
    desk.step(stop(PAUSE, Scope(ScopeKind.ACCOUNT, A)))
    desk.step(stop(FREEZE, EVERYTHING))
    assert desk.account().state is TradingState.HALTED
    desk.step(release(EVERYTHING))
    assert desk.account().state is TradingState.REDUCING
    assert desk.account(B).state is TradingState.ACTIVE
    desk.step(release(Scope(ScopeKind.ACCOUNT, A)))
    assert desk.account().state is TradingState.ACTIVE


def test_levels_of_one_scope_stand_side_by_side_and_are_released_together() -> None:
    desk = Desk()
    scope = Scope(ScopeKind.ACCOUNT, A)
    entry = resting(desk)
    desk.step(stop(FREEZE, scope))
    assert desk.requests(CancelOrder) == []
    desk.step(stop(HALT, scope))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [entry]
    assert desk.account().state is TradingState.HALTED
    record = desk.step(release(scope))
    assert only([e for e in record.events if isinstance(e, ev.TradingResumed)]).levels == (FREEZE, HALT)
    assert desk.account().state is TradingState.ACTIVE


@pytest.mark.parametrize("level", StopLevel)
def test_the_state_under_a_level_is_the_agreed_one(level: StopLevel) -> None:
    desk = Desk()
    desk.step(stop(level, EVERYTHING))
    assert desk.account().state is STATE_UNDER[level]


def test_a_denial_says_which_stop_and_whose() -> None:
    desk = Desk()
    desk.step(stop(HALT, Scope(ScopeKind.INSTRUMENT, SHARE), "odd prices", "ann"))
    desk.direct(stop_loss="95.00")
    reasons = only(desk.events(ev.OrderDenied)).reasons
    assert "TRADING_STATE: value=REDUCING (HALT of instrument SHARE by ann: odd prices), limit=ACTIVE" in reasons


def test_a_stopped_account_says_so_in_the_plan() -> None:
    desk = Desk()
    desk.step(pause(A))
    desk.signal(quantity=10, stop_loss="95.00")
    assignment = only(desk.events(ev.PlanProposed)).plan.assignments[0]
    assert "REDUCING (PAUSED)" in [check.found for check in assignment.checks if not check.passed]


@pytest.mark.parametrize("where", ["strategy", "instrument"])
def test_a_stopped_strategy_or_instrument_says_so_in_the_plan(where: str) -> None:
    desk = Desk()
    desk.step(stop(PAUSE, SCOPES[where]))
    signal(desk)
    assignment = only(desk.events(ev.PlanProposed)).plan.assignments[0]
    assert "STOPPED" in [check.code for check in assignment.checks if not check.passed]


def test_an_account_that_comes_later_is_under_the_stop_of_everything() -> None:
    desk = Desk(setup(account(A)))
    desk.step(stop(HALT, EVERYTHING))
    desk.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, setup(account(A), account(B))))
    assert "HALT:everything" in desk.account(B).causes


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        (Scope(ScopeKind.ACCOUNT, "Z"), "no account is called 'Z', wanted one of A, B"),
        (Scope(ScopeKind.VENUE, "Z"), "no venue is called 'Z', wanted one of venue"),
        (Scope(ScopeKind.INSTRUMENT, "Z"), "no instrument is called 'Z', wanted one of SHARE, EURUSD"),
    ],
)
def test_a_scope_that_nobody_knows_is_refused_with_those_that_are(scope: Scope, wanted: str) -> None:
    desk = two()
    for message in (stop(HALT, scope), release(scope)):
        refused = only([e for e in desk.step(message).events if isinstance(e, ev.CommandRefused)])
        assert refused.reasons == (wanted,)
    assert desk.engine.state.stops == {}


# --- release ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_release_without_a_reason_is_refused(reason: str) -> None:
    desk = Desk()
    desk.step(stop(HALT, EVERYTHING))
    assert kinds(desk.step(release(EVERYTHING, reason))) == ["CommandRefused"]
    assert desk.account().state is TradingState.REDUCING


def test_a_release_of_everything_needs_two_persons_where_the_settings_say_so() -> None:
    desk = Desk(setup(release_needs_two=1))
    desk.step(stop(HALT, EVERYTHING))
    for _ in range(2):
        desk.step(release(EVERYTHING, actor="ann"))
        assert desk.account().state is TradingState.REDUCING, "one person is not two"
    desk.step(release(EVERYTHING, actor="ben"))
    assert desk.account().state is TradingState.ACTIVE
    resumed = only(desk.events(ev.TradingResumed))
    assert (resumed.actor, resumed.second_actor) == ("ann", "ben")


def test_a_stop_in_between_makes_two_persons_start_again() -> None:
    desk = Desk(setup(release_needs_two=1))
    desk.step(stop(HALT, EVERYTHING))
    desk.step(release(EVERYTHING, actor="ann"))
    desk.step(stop(FREEZE, EVERYTHING))
    desk.step(release(EVERYTHING, actor="ben"))
    assert desk.account().state is TradingState.HALTED


def test_one_person_releases_a_single_account_all_the_same() -> None:
    desk = Desk(setup(release_needs_two=1))
    desk.step(pause(A))
    desk.step(release(Scope(ScopeKind.ACCOUNT, A)))
    assert desk.account().state is TradingState.ACTIVE


def test_a_release_of_what_is_not_stopped_changes_nothing() -> None:
    assert kinds(Desk().step(release(EVERYTHING))) == []


# --- halt -------------------------------------------------------------------------------------------------------------


def test_a_halt_in_the_middle_of_a_staggered_plan_stops_the_rest() -> None:
    desk = Desk(setup(account(A), account(B), max_timing_variance_ms=30_000, min_timing_variance_ms=1))
    desk.signal(stop_loss="95.00")
    first = next(iter(sorted(desk.engine.state.deadlines.values())))
    desk.wait(first - desk.now_ns)
    sent = only(desk.requests(NewOrder))
    desk.step(stop(HALT, EVERYTHING))
    desk.wait(60 * S)
    assert desk.requests(NewOrder) == [sent]
    withdrawn = only(desk.events(ev.AssignmentWithdrawn))
    assert withdrawn.account != sent.account
    assert withdrawn.reason == "HALT of everything by ann: a look"
    assert desk.requests(CancelOrder)[0].cl_ord_id == sent.cl_ord_id


def test_a_pause_denies_what_is_due_and_withdraws_nothing() -> None:
    desk = Desk(setup(account(A), max_timing_variance_ms=1_000, min_timing_variance_ms=1_000))
    desk.signal(stop_loss="95.00")
    desk.step(stop(PAUSE, EVERYTHING))
    desk.wait(2 * S)
    assert desk.requests(NewOrder) == []
    assert desk.events(ev.AssignmentWithdrawn) == []
    assert only(desk.events(ev.OrderDenied)).reasons[0].startswith("TRADING_STATE")


def test_cancels_leave_in_the_order_of_risk() -> None:
    desk = two()
    small, large, middle = (resting(desk, name, qty=qty) for name, qty in ((A, 5), (B, 40), (A, 20)))
    desk.step(stop(HALT, EVERYTHING))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [large, middle, small]


def test_a_completion_that_waits_is_called_back() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4)
    desk.wait(61 * S)
    desk.step(stop(HALT, EVERYTHING))
    desk.cancel(entry)
    desk.wait(61 * S)
    assert [r.order_qty for r in desk.requests(NewOrder) if not r.reduce_only] == [D(10)]
    assert only(desk.events(ev.CompletionEnded)).reason == "HALT of everything by ann: a look"


def test_a_cancel_that_the_venue_refuses_is_asked_for_until_the_order_is_over() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(stop(HALT, EVERYTHING))
    for _ in range(3):
        desk.refuse(entry)
        desk.wait(6 * S)
    assert len(desk.requests(CancelOrder)) == 4
    desk.cancel(entry)
    desk.wait(60 * S)
    assert len(desk.requests(CancelOrder)) == 4


def test_a_stop_while_the_venue_is_silent_pursues_its_cancels_over_a_restart() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(stop(HALT, EVERYTHING))
    desk.wait(12 * S)
    again = desk.restarted()
    since = len(again.records)
    again.look(entry, OrdStatus.NEW)
    again.wait(6 * S)
    assert entry in [request.cl_ord_id for request in again.requests(CancelOrder, since - 1)]
    assert again.requests(NewOrder, since - 1) == []


def test_an_unknown_order_is_asked_for_at_once() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.wait(6 * S)
    asked = len(desk.requests(QueryOrder))
    desk.step(stop(PAUSE, EVERYTHING))
    assert [request.cl_ord_id for request in desk.requests(QueryOrder)[asked:]] == [entry]


def test_an_order_that_is_proved_absent_is_not_sent_again_under_a_stop() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.wait(6 * S)
    desk.step(stop(PAUSE, EVERYTHING))
    for _ in range(2):
        desk.look(entry)
        desk.wait(3 * S)
    assert len(desk.requests(NewOrder)) == 1
    assert "TRADING_STATE" in only(desk.events(ev.OrderCanceled)).reason


def test_a_late_fill_under_a_halt_is_booked_and_protected() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(stop(HALT, EVERYTHING))
    desk.fill(entry, 10, "99.00")
    assert desk.stop_of().order_qty == D(10)


def test_a_stop_of_one_order_cancels_it_and_stops_nothing() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(stop(HALT, Scope(ScopeKind.ORDER, entry)))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [entry]
    assert desk.engine.state.stops == {}


# --- freeze -----------------------------------------------------------------------------------------------------------


def reducing(actor: str) -> SubmitOrder:
    intent = OrderIntent(
        A, SHARE, SELL, OrdType.MARKET, TimeInForce.DAY, D(4), Role.DIRECT, SignalId("by-hand"), reduce_only=True
    )
    return SubmitOrder(intent, actor=actor)


@pytest.mark.parametrize(("actor", "sent"), [("ann", 1), ("", 0)])
def test_a_freeze_lets_out_what_a_person_sends_to_reduce(actor: str, sent: int) -> None:
    desk = Desk()
    bare(desk)
    desk.step(stop(FREEZE, EVERYTHING))
    before = len(desk.requests(NewOrder))
    desk.step(reducing(actor))
    assert len(desk.requests(NewOrder)) - before == sent


def test_a_freeze_lets_nobody_enter() -> None:
    desk = Desk()
    desk.step(stop(FREEZE, EVERYTHING))
    intent = OrderIntent(A, SHARE, BUY, OrdType.MARKET, TimeInForce.DAY, D(4), Role.DIRECT, SignalId("by-hand"))
    desk.step(SubmitOrder(msgspec.structs.replace(intent, stop_loss=D("95.00")), actor="ann"))
    assert desk.requests(NewOrder) == []


def test_an_exit_that_a_person_hands_in_leaves_a_frozen_account() -> None:
    desk = Desk()
    desk.hold(10)
    leg = desk.stop_of().cl_ord_id
    desk.step(stop(FREEZE, EVERYTHING))
    record = desk.exit()
    assert "OrderDenied" in kinds(record)
    by_hand = msgspec.structs.replace(only([r.input for r in desk.records[-1:]]).signal, id=SignalId("by-hand"))  # type: ignore[union-attr]
    desk.step(SubmitSignal(by_hand, actor="ann"))
    desk.cancel(leg)
    assert desk.order(only(exits(desk))).intent.actor == "ann"


def test_what_gave_way_for_an_exit_is_put_back_when_a_freeze_comes_between() -> None:
    """A frozen account without its stop would be worse off than before."""
    desk = Desk()
    desk.hold(10)
    leg = desk.stop_of().cl_ord_id
    desk.exit()
    desk.step(stop(FREEZE, EVERYTHING))
    desk.cancel(leg)
    assert not exits(desk)
    assert desk.stop_of().order_qty == D(10)


def test_protection_that_a_freeze_denied_is_placed_at_the_release() -> None:
    desk = Desk()
    entry = resting(desk)
    desk.step(stop(FREEZE, EVERYTHING))
    desk.fill(entry, 10, "99.00")
    assert desk.position().stop_id is None
    assert desk.events(ev.ProtectionFailed)
    desk.step(release(EVERYTHING))
    assert desk.stop_of().order_qty == D(10)


# --- flatten ----------------------------------------------------------------------------------------------------------


def test_a_flatten_is_a_plan_of_its_own_for_each_instrument_with_each_account_in_it() -> None:
    desk = two()
    for name in (A, B):
        entry = desk.enter(10, accounts=(name,))
        desk.accept(entry)
        desk.fill(entry, 10)
    desk.enter("0.1", symbol=EURUSD, stop_loss="1.08000")
    desk.step(stop(FLATTEN, EVERYTHING, "enough", "ann"))
    planned = desk.events(ev.FlatteningPlanned)
    assert [event.symbol for event in planned] == [SHARE, EURUSD]
    proposed = {event.plan.signal_id: event.plan for event in desk.events(ev.PlanProposed)}
    shares = proposed[planned[0].signal_id]
    assert {a.account: a.qty for a in shares.assignments} == {A: D(10), B: D(10)}
    assert [e.by for e in desk.events(ev.PlanApproved) if e.signal_id == planned[0].signal_id] == ["ann"]


def test_what_fills_while_a_flatten_cancels_is_closed_too() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4)
    leg = desk.stop_of().cl_ord_id
    desk.accept(leg)
    desk.step(stop(FLATTEN, EVERYTHING))
    desk.fill(entry, 3)
    desk.cancel(entry)
    desk.cancel(leg)
    closing = only(exits(desk))
    assert desk.order(closing).order_qty == D(7)
    desk.fill(closing, 7, "99.98")
    assert (desk.position().qty, desk.position().exit) == (D(0), None)


def test_a_flatten_takes_the_place_of_an_exit_of_less() -> None:
    desk = Desk()
    bare(desk)
    desk.exit(quantity=3)
    part = only(exits(desk))
    desk.accept(part)
    desk.step(stop(FLATTEN, EVERYTHING))
    assert part in [request.cl_ord_id for request in desk.requests(CancelOrder)]
    rest = desk.order(exits(desk)[1])
    assert rest.order_qty == D(7), "what the exit of less does not hold is closed at once"
    desk.cancel(part)
    desk.fill(rest.cl_ord_id, 7, "99.98")
    last = desk.order(exits(desk)[2])
    assert last.order_qty == D(3)
    desk.fill(last.cl_ord_id, 3, "99.98")
    assert (desk.position().qty, desk.position().exit) == (D(0), None)


def test_a_flatten_that_the_venue_rejects_is_tried_again_at_the_next_comparison() -> None:
    desk = Desk()
    bare(desk)
    desk.step(stop(FLATTEN, EVERYTHING))
    while desk.position().exit is not None:
        desk.reject(exits(desk)[-1])
        desk.wait(8 * S)
    assert len(exits(desk)) == 4
    desk.wait(61 * S)
    desk.books()
    assert len(exits(desk)) == 5
    plans = {event.signal_id for event in desk.events(ev.ExitStarted)}
    assert len(plans) == 1, "it is the same plan still"


def test_a_fill_that_comes_after_a_flatten_was_done_is_closed_as_well() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.step(stop(FLATTEN, EVERYTHING))
    desk.cancel(entry)
    desk.fill(entry, 10)
    assert desk.position().qty == D(10)
    desk.books()
    desk.cancel(next(name for name, order in desk.account().orders.items() if order.intent.role is Role.STOP))
    assert desk.order(only(exits(desk))).order_qty == D(10)


def test_a_flatten_goes_through_a_freeze_because_a_person_asked_for_it() -> None:
    desk = Desk()
    bare(desk)
    desk.step(stop(FREEZE, EVERYTHING))
    desk.step(stop(FLATTEN, Scope(ScopeKind.ACCOUNT, A)))
    assert desk.order(only(exits(desk))).order_qty == D(10)


def test_a_flatten_goes_on_after_a_restart() -> None:
    desk = Desk()
    desk.hold(10)
    leg = desk.stop_of().cl_ord_id
    desk.step(stop(FLATTEN, EVERYTHING))
    again = desk.restarted()
    again.cancel(leg)
    again.fill(only(exits(again)), 10, "99.98")
    assert again.position().qty == D(0)


def test_a_flatten_of_a_flat_account_opens_nothing() -> None:
    desk = Desk()
    desk.step(stop(FLATTEN, EVERYTHING))
    assert desk.requests(NewOrder) == []
    assert desk.events(ev.FlatteningPlanned) == []


def test_a_flatten_of_a_strategy_leaves_positions_alone_that_it_has_no_part_in() -> None:
    desk = two()
    desk.hold(10, strategy=STRATEGY)
    other = desk.enter("0.1", symbol=EURUSD, stop_loss="1.08000", strategy="other")
    desk.accept(other)
    desk.fill(other, "0.1", "1.08502")
    desk.step(stop(FLATTEN, Scope(ScopeKind.STRATEGY, STRATEGY)))
    assert [event.symbol for event in desk.events(ev.FlatteningPlanned)] == [SHARE]


# --- what survives ----------------------------------------------------------------------------------------------------


def test_folding_a_stopped_journal_gives_the_stopped_engine() -> None:
    desk = two()
    desk.hold(10, strategy=STRATEGY)
    for number, scope in enumerate(SCOPES.values()):
        desk.step(stop(tuple(StopLevel)[number % 4], scope))
    assert desk.folded().engine.digest() == desk.engine.digest()
