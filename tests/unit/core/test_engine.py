"""The engine's door: what is let in, what is refused and why, the tables that must be complete, and time."""

import itertools
import typing
from decimal import Decimal

import msgspec
import pytest

from coxswain.core import engine as engine_module
from coxswain.core import evolve as evolve_module
from coxswain.core.order import InvariantViolation
from coxswain.core.sums import DEADLINES_OF_AN_ORDER
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.events import Event
from coxswain.messages.inputs import Input
from coxswain.messages.requests import NewOrder, QueryAccount, Request
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import Correlation
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecType,
    JournalId,
    Mode,
    OrdType,
    Role,
    SignalId,
    SignalKind,
    Symbol,
    TimeInForce,
    TradingState,
    Verdict,
)
from tests.asking import pause, resume
from tests.unit.core.desk import BUY, EURUSD, SELL, SHARE, A, B, D, Desk, S, account, kinds, only, setup

STARTED = JournalId("desk0000desk0000")


# --- tables -----------------------------------------------------------------------------------------------------------


def test_every_event_has_its_place_in_the_table_of_evolve() -> None:
    assert set(evolve_module.TABLE) == set(typing.get_args(Event))


def test_every_input_has_its_handler() -> None:
    handled = {*engine_module._HANDLERS, *engine_module._PLAIN}
    assert handled == set(typing.get_args(Input))


def test_every_kind_of_deadline_has_its_answer() -> None:
    waiting = {"release", "completion", "approval", "algo", "legging", "spread_stop"}
    firms = {"firm_flat", "firm_close", "firm_stop"}
    routine = {"sync", "limits", "limit_proposal", "override", "breaker", "spread_watch"}
    asked = {*waiting, *firms, *routine, "kept", "pace", "follow", "protect", "exit", *DEADLINES_OF_AN_ORDER}
    assert set(engine_module._ANSWERS) == asked


def test_no_two_messages_share_a_name() -> None:
    names = [kind.__name__ for union in (Event, Input, Request) for kind in typing.get_args(union)]
    assert len(names) == len(set(names))


# --- records ----------------------------------------------------------------------------------------------------------


def test_records_follow_one_another_without_a_gap() -> None:
    desk = Desk()
    desk.hold(10)
    assert [record.seq for record in desk.records] == list(range(1, len(desk.records) + 1))
    assert all(one.now_ns <= two.now_ns for one, two in itertools.pairwise(desk.records))


def test_time_never_goes_back() -> None:
    desk = Desk()
    with pytest.raises(InvariantViolation, match="time went back"):
        desk.engine.step(inp.TimePassed(), desk.now_ns - 1)


def test_a_record_that_does_not_follow_is_not_folded() -> None:
    desk = Desk()
    with pytest.raises(InvariantViolation, match="does not follow"):
        desk.engine.fold(desk.records[0])


def test_folding_brings_the_same_engine_back_and_it_goes_on_the_same_way() -> None:
    desk = Desk()
    entry = desk.hold(10)
    other = desk.folded()
    assert other.engine.digest() == desk.engine.digest()
    assert other.engine.next_deadline() == desk.engine.next_deadline()
    one, two = desk.fill(entry, 1), other.fill(entry, 1)
    assert (one.events, one.requests) == (two.events, two.requests)


def test_a_folded_engine_keeps_its_limits() -> None:
    desk = Desk(setup(account(A, max_order_qty=5)))
    other = desk.folded()
    other.direct(BUY, 6)
    assert "ORDER_QTY" in str(only(other.events(ev.OrderDenied)).reasons)


def test_the_end_is_a_checkpoint_of_what_stays_open() -> None:
    desk = Desk()
    desk.hold(10)
    desk.step(inp.StopEngine("the day is over"))
    assert only(desk.events(ev.EngineStopped)).open_orders == (desk.stop_of().cl_ord_id,)


def test_the_end_in_sight_is_when_nothing_but_comparisons_is_left() -> None:
    desk = Desk()
    entry = desk.enter(10)
    assert desk.engine.is_waiting()
    desk.fill(entry, 10)
    assert desk.engine.is_waiting()
    desk.accept(desk.stop_of().cl_ord_id)
    assert not desk.engine.is_waiting()
    assert desk.engine.next_deadline() is not None


# --- signals ----------------------------------------------------------------------------------------------------------


def denied(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for reason in only(desk.events(ev.SignalDenied)).reasons]


def test_the_same_signal_again_is_a_duplicate_and_nothing_is_done() -> None:
    desk = Desk()
    fields: dict[str, typing.Any] = {"id": "s1", "quantity": 10, "stop_loss": "95.00"}
    desk.signal(**fields)
    record = desk.signal(**fields)
    assert kinds(record) == ["SignalDuplicated"]
    assert len(desk.requests(NewOrder)) == 1


def test_a_signal_without_a_time_is_the_same_whenever_it_comes() -> None:
    desk = Desk()
    desk.signal(id="s1", quantity=10, stop_loss="95.00", time_given=False)
    desk.wait(S)
    assert kinds(desk.signal(id="s1", quantity=10, stop_loss="95.00", time_given=False)) == ["SignalDuplicated"]


def test_another_signal_under_a_used_id_is_denied() -> None:
    desk = Desk()
    desk.signal(id="s1", quantity=10, stop_loss="95.00")
    desk.signal(id="s1", quantity=11, stop_loss="95.00")
    assert denied(desk) == ["SIGNAL_ID_REUSED"]


def test_a_signal_under_the_id_of_a_direct_order_is_denied() -> None:
    """Found by reading: one id could name two intents."""
    desk = Desk()
    desk.direct(BUY, 10, name="s1")
    desk.signal(id="s1", quantity=10, stop_loss="95.00")
    assert denied(desk) == ["SIGNAL_ID_REUSED"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"symbol": Symbol("NEVER")}, "INSTRUMENT_UNKNOWN"),
        ({"side": None}, "SIDE_MISSING"),
        ({"stop_loss": "95.001"}, "PRICE_OFF_TICK"),
        ({"take_profit": "110.001"}, "PRICE_OFF_TICK"),
        ({"order_type": "LIMIT", "limit_price": "99.999"}, "PRICE_OFF_TICK"),
        ({"accounts": (AccountId("Z"),)}, "ACCOUNT_UNKNOWN"),
    ],
)
def test_a_signal_that_cannot_be_planned_is_denied(fields: dict[str, typing.Any], code: str) -> None:
    """Found by reading: an entry without a side raised; a stop off the tick was found out when it was needed."""
    desk = Desk()
    desk.signal(**{"quantity": 10, "stop_loss": "95.00", **fields})
    assert denied(desk) == [code]


def test_an_exit_at_a_price_is_denied() -> None:
    desk = Desk()
    desk.exit(order_type="LIMIT", limit_price="101.00")
    assert denied(desk) == ["EXIT_NOT_AT_MARKET"]


@pytest.mark.parametrize(
    ("kind", "age_s", "accepted"),
    [
        (SignalKind.STOP_ADJUSTMENT, 299, True),
        (SignalKind.STOP_ADJUSTMENT, 300, True),
        (SignalKind.STOP_ADJUSTMENT, 301, False),
        (SignalKind.EXIT, 301, True),  # leaving is never too late
    ],
)
def test_a_signal_lives_as_long_as_its_time_to_live(kind: SignalKind, age_s: int, accepted: bool) -> None:
    desk = Desk()
    desk.wait(300 * S + S)
    desk.quote(SHARE, "100.00", "100.02")
    signal = Signal(SignalId("s1"), kind, SHARE, desk.now_ns - age_s * S, 300, stop_loss=Decimal(95))
    desk.step(inp.SubmitSignal(signal))
    assert bool(desk.events(ev.SignalAccepted)) is accepted


@pytest.mark.parametrize(("ahead_ns", "accepted"), [(S, True), (S + 1, False)])
def test_a_signal_may_come_from_a_clock_a_second_ahead(ahead_ns: int, accepted: bool) -> None:
    desk = Desk()
    signal = Signal(SignalId("s1"), SignalKind.EXIT, SHARE, desk.now_ns + ahead_ns, 300)
    desk.step(inp.SubmitSignal(signal))
    assert bool(desk.events(ev.SignalAccepted)) is accepted


def test_a_signal_that_could_not_be_read_is_recorded_as_denied() -> None:
    desk = Desk()
    desk.step(inp.ReportBadSignal("line 7", ("side: missing",), "s1"))
    assert (only(desk.events(ev.SignalDenied)).where, denied(desk)) == ("line 7", ["side"])


def test_research_plans_and_sends_nothing() -> None:
    desk = Desk(setup(mode=Mode.RESEARCH))
    record = desk.signal(quantity=10, stop_loss="95.00")
    assert kinds(record) == ["SignalAccepted", "PlanProposed"]
    assert desk.requests(NewOrder) == []


def test_a_pause_in_the_middle_of_a_plan_keeps_in_what_has_not_left() -> None:
    desk = Desk(setup(account(A), account(B), min_timing_variance_ms=5000, max_timing_variance_ms=5000))
    desk.signal(quantity=10, stop_loss="95.00")
    desk.wait(5 * S)
    assert [request.account for request in desk.requests(NewOrder)] == [A]
    desk.step(pause(B, "a look", "somebody"))
    desk.wait(5 * S)
    assert [request.account for request in desk.requests(NewOrder)] == [A]
    refused = only(desk.events(ev.OrderDenied))
    assert (refused.intent.account, refused.reasons[0].split(":")[0]) == (B, "TRADING_STATE")
    desk.step(resume(B, "looked", "somebody"))
    desk.wait(600 * S)
    assert len(desk.requests(NewOrder)) == 1


def test_two_signals_that_fit_singly_but_not_together_are_not_both_sent() -> None:
    desk = Desk(setup(account(A, max_position_qty=15)))
    desk.signal(quantity=10, stop_loss="95.00", order_type="LIMIT", limit_price="99.90")
    desk.signal(quantity=10, stop_loss="95.00", order_type="LIMIT", limit_price="99.90")
    assert [request.order_qty for request in desk.requests(NewOrder)] == [D(10), D(5)]  # the planner caps the second
    desk.direct(BUY, 1, price="99.90")
    assert "POSITION_QTY" in str(only(desk.events(ev.OrderDenied)).reasons)


# --- direct orders ----------------------------------------------------------------------------------------------------


def test_a_direct_order_passes_the_gate_and_leaves() -> None:
    desk = Desk()
    record = desk.direct(BUY, 10, price="99.00")
    assert kinds(record) == ["OrderCreated"]
    assert len(only(desk.events(ev.OrderCreated)).checks) > 10


def test_the_id_of_a_direct_order_is_used_once() -> None:
    desk = Desk()
    desk.direct(BUY, 10)
    desk.direct(BUY, 10)
    assert "DUPLICATE_INTENT" in str(only(desk.events(ev.OrderDenied)).reasons)
    other = desk.folded()
    other.direct(BUY, 10)
    assert "DUPLICATE_INTENT" in str(other.events(ev.OrderDenied)[-1].reasons)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"account": AccountId("Z")}, "ACCOUNT_UNKNOWN"),
        ({"role": Role.STOP}, "ROLE"),
        ({"order_qty": D("NaN")}, "NOT_A_NUMBER"),
        ({"stop_loss": D("Infinity")}, "NOT_A_NUMBER"),
        ({"symbol": Symbol("NEVER")}, "INSTRUMENT_UNKNOWN"),
        ({"stop_loss": D("95.001")}, "ORDER_MALFORMED"),
    ],
)
def test_an_order_that_no_account_could_send_is_denied(change: dict[str, typing.Any], code: str) -> None:
    """Found by reading: an unknown account or a NaN raised in the step, and any role could be claimed."""
    desk = Desk()
    intent = OrderIntent(A, SHARE, BUY, OrdType.MARKET, TimeInForce.DAY, D(10), Role.DIRECT, SignalId("d1"))
    desk.step(inp.SubmitOrder(msgspec.structs.replace(intent, **change)))
    assert code in [reason.split(":")[0] for reason in only(desk.events(ev.OrderDenied)).reasons]
    assert desk.requests(NewOrder) == []


# --- accounts and days ------------------------------------------------------------------------------------------------


def test_nothing_is_sent_before_the_books_were_compared() -> None:
    desk = Desk(begin=False)
    desk.step(inp.EngineStarted("test", STARTED, 7, desk.setup))
    assert only(desk.requests(QueryAccount)).fills_since_ns == 0
    desk.quote(SHARE, "100.00", "100.02")
    desk.direct(BUY, 1)
    codes = {reason.split(":")[0] for reason in only(desk.events(ev.OrderDenied)).reasons}
    assert {"TRADING_STATE", "NOT_RECONCILED"} <= codes


def test_a_restart_does_not_begin_the_day_again() -> None:
    """Found by reading: each start forgot the day's loss and let an account trade that had lost too much."""
    desk = Desk(setup(account(A, max_daily_loss_pct="0.1")))
    desk.hold(30)
    desk.quote(SHARE, "96.00", "96.02")
    assert "DAILY_LOSS" in desk.account().causes
    desk.fill(desk.stop_of().cl_ord_id, 30, "96.00")
    anchor, lost = desk.account().anchor, desk.account().day_realized
    assert lost == D("-120.6")
    again = desk.restarted()
    again.books()
    again.step(inp.TradingDay((A,), "2023-11-14"))
    assert ("DAILY_LOSS" in again.account().causes, again.account().anchor) == (True, anchor)
    again.step(inp.TradingDay((A,), "2023-11-15"))
    assert "DAILY_LOSS" in again.account().causes  # what a control disabled, only a person enables
    again.step(resume(A, "looked at it", "owner"))
    assert "DAILY_LOSS" not in again.account().causes
    assert again.account().anchor == D("99879.4")


def test_a_day_that_began_before_the_first_balance_begins_with_it() -> None:
    """Found by reading: an account whose books came late had an anchor of zero and could not trade all day."""
    desk = Desk(begin=False)
    desk.step(inp.EngineStarted("test", STARTED, 7, desk.setup))
    desk.step(inp.TradingDay((A,), "2023-11-14"))
    desk.books(balance=D(50_000))
    assert (desk.account().anchor, desk.account().day_balance, desk.account().day) == (
        D(50_000),
        D(50_000),
        "2023-11-14",
    )


def test_the_loss_of_the_day_counts_what_is_open() -> None:
    desk = Desk(setup(account(A, max_daily_loss_pct="0.1")))
    desk.hold(10)
    desk.quote(SHARE, "90.03", "90.05")
    assert "DAILY_LOSS" not in desk.account().causes
    desk.quote(SHARE, "90.02", "90.04")  # 100.00 of 100,000: at the limit
    assert desk.account().state is TradingState.REDUCING


def test_nothing_is_worth_what_a_crossed_quote_says() -> None:
    """Found by reading: a bid of zero for a moment was a loss of everything, and the account was stopped."""
    desk = Desk(setup(account(A, max_daily_loss_pct="0.1")))
    entry = desk.hold(10)
    unrealized = desk.account().unrealized
    desk.quote(SHARE, "0", "100.02")
    desk.quote(SHARE, "101.00", "100.02")
    assert (desk.account().unrealized, desk.account().causes) == (unrealized, {})
    desk.fill(entry, 1)  # late, while such a quote is the last
    assert "DAILY_LOSS" not in desk.account().causes


def test_pause_and_resume_are_recorded_with_their_actor() -> None:
    desk = Desk()
    desk.step(pause(A, "a look", "ann"))
    assert kinds(desk.step(pause(A, "again", "ben"))) == []
    desk.step(resume(A, "looked", "ben"))
    changes = desk.events(ev.AccountStateChanged)[-2:]
    assert [(change.active, change.state, change.actor) for change in changes] == [
        (True, TradingState.REDUCING, "ann"),
        (False, TradingState.ACTIVE, "ben"),
    ]


def test_the_strictest_cause_that_is_left_counts() -> None:
    desk = Desk()
    desk.step(pause(A, "a look", "ann"))
    desk.report(ClOrdId("somebody's"), ExecType.NEW)
    assert set(desk.account().causes) == {"PAUSED", "UNRECONCILED"}
    desk.books()
    assert (set(desk.account().causes), desk.account().state) == ({"PAUSED"}, TradingState.REDUCING)


@pytest.mark.parametrize("ask", [pause, resume])
def test_a_command_about_an_account_that_is_not_ours_does_nothing(ask: typing.Any) -> None:
    desk = Desk()
    assert kinds(desk.step(ask(AccountId("Z"), "a look", "ann"))) == ["CommandRefused"]
    assert kinds(desk.step(inp.CompareAccounts("asked", (AccountId("Z"),)))) == ["CommandRefused"]
    assert kinds(desk.step(inp.TradingDay((AccountId("Z"),), "2023-11-15"))) == []


def test_an_account_that_left_the_configuration_is_halted() -> None:
    """Found by reading: it was planned for, and its orders went to an account that no venue had."""
    desk = Desk(setup(account(A), account(B)))
    desk.setup = setup(account(A))
    again = desk.restarted()
    assert again.account(B).state is TradingState.HALTED
    assert {request.account for request in again.requests(QueryAccount, len(desk.records))} == {A}
    again.setup = desk.setup = setup(account(A), account(B))
    back = again.restarted()
    back.books(B)
    assert back.account(B).state is TradingState.ACTIVE


def test_a_correlation_that_crosses_the_threshold_is_said_once() -> None:
    desk = Desk(setup(account(A), account(B)))
    for rho in ("0.7", "0.71", "0.9", "0.5"):
        desk.step(inp.SetCorrelation(A, B, D(rho)))
    assert [event.crossed for event in desk.events(ev.CorrelationSet)] == [False, True, False, False]
    assert desk.engine.state.correlations[B][A] == D("0.5")


def test_correlations_of_the_configuration_hold_both_ways() -> None:
    desk = Desk(setup(account(A), account(B), correlations=(Correlation(A, B, D("0.9")),)))
    assert desk.engine.state.correlations == {A: {B: D("0.9")}, B: {A: D("0.9")}}


# --- what an input needs to see ---------------------------------------------------------------------------------------


def test_the_engine_names_the_quotes_that_an_input_needs() -> None:
    desk = Desk(setup(min_timing_variance_ms=5000, max_timing_variance_ms=5000))
    record = desk.signal(quantity=10, stop_loss="95.00")
    needs = desk.engine.instruments_of
    assert needs(record.input, desk.now_ns) == (SHARE, EURUSD)
    assert needs(inp.TimePassed(), desk.now_ns) == ()
    assert needs(inp.TimePassed(), desk.now_ns + 5 * S) == (SHARE, EURUSD)
    assert needs(inp.StopEngine("x"), desk.now_ns) == ()


# --- a short position -------------------------------------------------------------------------------------------------


def test_a_short_position_is_marked_where_it_could_be_closed() -> None:
    desk = Desk()
    desk.signal(side=SELL, quantity=10, stop_loss="105.00", accounts=(A,))
    desk.fill(desk.sent(), 10, "100.00")
    assert desk.account().unrealized == D("-0.2")
    desk.quote(SHARE, "98.98", "99.00")
    assert desk.account().unrealized == D(10)
    verdicts = [answer.verdict for answer in desk.events(ev.PlanProposed)[0].plan.assignments]
    assert verdicts == [Verdict.SEND]
