"""Commands that were given while no engine ran: kept in the journal, carried out once after a start, or too late."""

import typing

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import (
    ApprovePlan,
    ChangeOrder,
    CompareAccounts,
    EngineStarted,
    Keepable,
    KeepCommand,
    RejectPlan,
    SubmitSignal,
    WithdrawCommand,
)
from coxswain.messages.record import Record
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, ReplaceOrder
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.setup import Capabilities
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    ClOrdId,
    JournalId,
    Mode,
    OrdStatus,
    OrdType,
    Role,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    TimeInForce,
    TradingState,
    VenueTier,
)
from coxswain.views.alerts import Alerts, Kind
from coxswain.views.kept import words_of
from tests.asking import pause, release, stop
from tests.unit.core.desk import EURUSD, MS, SHARE, WELL, A, B, D, Desk, S, account, kinds, only, setup

S1 = SignalId("s1")
FLATTEN = stop(StopLevel.FLATTEN, EVERYTHING, "get out")
WALL_NS = 7_000 * S
"""The wall clock is elsewhere: engine time need not be UTC."""


def entry(name: str = "new", *, given: bool = False, at_ns: int = 0, **fields: typing.Any) -> SubmitSignal:
    values = {"stop_loss": D("95.00"), "side": Side.BUY, "quantity": D(10), **fields}
    values.setdefault("time_given", given)
    return SubmitSignal(Signal(SignalId(name), SignalKind.ENTRY, SHARE, at_ns, 300, **values), "ann")


def approve(*names: str, **fields: typing.Any) -> ApprovePlan:
    return ApprovePlan(tuple(map(SignalId, names or ("s1",))), "ann", "looks right", **fields)


class Stopped(Desk):
    """A desk on which nobody runs from `keep` on, until `starts`."""

    def keep(self, command: Keepable, wall_ns: int = WALL_NS) -> Record:
        if isinstance(command, SubmitSignal) and not command.signal.time_given:
            signal = Signal(**{**fields_of(command.signal), "signal_time_ns": self.now_ns})
            command = SubmitSignal(signal, command.actor)
        return self.step(KeepCommand(command, wall_ns))

    def starts(self, after_ns: int = 0, wall_ns: int | None = None) -> None:
        """Fold into a new engine and start it; its books are not compared yet, and no price has come."""
        other = self.folded()
        self.engine, self.now_ns = other.engine, self.now_ns + after_ns
        self.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, self.setup, utc_ns=wall_ns))
        self.step(WELL)

    def goes_on(self) -> None:
        """Compare every account's books, and bring a price."""
        for spec in self.setup.accounts:
            self.books(spec.id)
        self.quote(SHARE, "100.00", "100.02")
        self.wait(0)

    def entries(self, since: int) -> list[NewOrder]:
        return [request for request in self.requests(NewOrder, since) if not request.reduce_only]


def fields_of(signal: Signal) -> dict[str, typing.Any]:
    return {name: getattr(signal, name) for name in signal.__struct_fields__}


def manual(**fields: typing.Any) -> Stopped:
    """A plan of A and B that waits for a person."""
    desk = Stopped(setup(account(A), account(B), mode=Mode.MANUAL))
    desk.signal(stop_loss="95.00", quantity=20, **fields)
    return desk


def refusal(record: Record) -> str:
    return "; ".join(only([event for event in record.events if isinstance(event, ev.CommandRefused)]).reasons)


# --- kept -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [approve(), entry(), CompareAccounts("a look", (), "ann"), FLATTEN])
def test_nothing_is_asked_of_a_venue_while_nobody_runs(command: Keepable) -> None:
    record = manual().keep(command)
    assert kinds(record)[-1] == "CommandKept"
    assert record.requests == ()


def test_an_approval_waits_until_its_plan_expires_and_a_signal_until_it_dies() -> None:
    desk = manual()
    desk.wait(10 * S)
    approval = only([e for e in desk.keep(approve()).events if isinstance(e, ev.CommandKept)])
    signal = only([e for e in desk.keep(entry()).events if isinstance(e, ev.CommandKept)])
    assert approval.until_ns == desk.now_ns + 290 * S
    assert signal.until_ns == desk.now_ns + 300 * S
    assert only([e for e in desk.keep(FLATTEN).events if isinstance(e, ev.CommandKept)]).until_ns is None


def test_a_flatten_stops_at_once_and_closes_at_the_start() -> None:
    desk = Stopped()
    desk.hold(10)
    record = desk.keep(FLATTEN)
    assert "TradingStopped" in kinds(record)
    assert desk.account().state is TradingState.REDUCING
    assert desk.position().exit is None


def test_what_cannot_be_is_refused_at_once() -> None:
    desk = manual()
    assert "no plan of ours" in refusal(desk.keep(approve("nobody")))
    assert "wanted one of" in refusal(desk.keep(CompareAccounts("a look", (typing.cast("typing.Any", "oak"),), "ann")))
    assert "wanted one of" in refusal(desk.keep(stop(StopLevel.FLATTEN, Scope(ScopeKind.ACCOUNT, "oak"))))
    denied = only([*desk.keep(wrong_symbol()).events])
    assert isinstance(denied, ev.SignalDenied)
    assert desk.engine.state.kept == {}


def wrong_symbol() -> SubmitSignal:
    signal = Signal(SignalId("x"), SignalKind.ENTRY, Symbol("NONE"), 0, 300, side=Side.BUY, time_given=False)
    return SubmitSignal(signal, "ann")


def test_the_same_is_kept_once() -> None:
    desk = manual()
    desk.keep(approve())
    assert "waits for the engine already, as c" in refusal(desk.keep(approve()))
    desk.keep(entry())
    again = only([*desk.keep(entry()).events])
    assert isinstance(again, ev.SignalDenied)
    assert "SIGNAL_ID_REUSED" in again.reasons[0]
    desk.keep(FLATTEN)
    assert kinds(desk.keep(FLATTEN)) == []


def test_two_accounts_of_a_plan_are_approved_one_by_one() -> None:
    desk = manual()
    desk.keep(approve(accounts=(A,)))
    desk.keep(approve(accounts=(B,)))
    assert len(desk.engine.state.kept) == 2
    assert "already" in refusal(desk.keep(approve()))


def test_a_signal_that_was_taken_before_is_a_duplicate() -> None:
    desk = Stopped()
    message = only([r.input for r in [desk.signal(quantity=1, stop_loss="95.00")]])
    assert isinstance(message, SubmitSignal)
    assert kinds(desk.keep(message)) == ["SignalDuplicated"]


# --- changing an order ------------------------------------------------------------------------------------------------


def resting(*, native_replace: bool = True) -> tuple[Stopped, ClOrdId]:
    """A desk with a limit order that works at its venue, and its id."""
    can = Capabilities(VenueTier.T1, True, True, native_replace)
    desk = Stopped(setup(account(A), can=can))
    order = desk.enter(10, order_type=OrdType.LIMIT, limit_price="99.00", time_in_force=TimeInForce.GTC)
    desk.accept(order)
    return desk, order


def change(order: ClOrdId, price: str = "99.50") -> ChangeOrder:
    return ChangeOrder("ann", "nearer", order, price=D(price))


def test_a_change_of_an_order_leaves_after_the_start_once_the_books_agree_and_there_is_a_price() -> None:
    desk, order = resting()
    record = desk.keep(change(order))
    assert (kinds(record), record.requests, desk.order(order).price) == (["CommandKept"], (), D("99.00"))
    assert words_of(change(order)) == f"replace order {order}: price 99.50"
    desk.starts(S)
    since = len(desk.records)
    desk.books(A)
    assert not desk.requests(ReplaceOrder, since)
    desk.quote(SHARE, "100.00", "100.02")
    sent = only(desk.requests(ReplaceOrder, since))
    assert (sent.orig_cl_ord_id, sent.price) == (order, D("99.50"))
    desk.replace(sent.cl_ord_id, 10, price=D("99.50"))
    assert desk.order(order).price == D("99.50")
    assert desk.engine.state.kept == {}
    assert desk.folded().engine.digest() == desk.engine.digest()


def test_where_the_venue_changes_no_orders_it_is_called_back_after_the_start_and_a_new_one_follows() -> None:
    desk, order = resting(native_replace=False)
    desk.keep(change(order))
    desk.starts(S)
    since = len(desk.records)
    desk.goes_on()
    assert [request.cl_ord_id for request in desk.requests(CancelOrder, since)] == [order]
    desk.cancel(order)
    assert [request.price for request in desk.entries(since)] == [D("99.50")]


def test_a_change_passes_the_gate_of_then() -> None:
    desk, order = resting()
    desk.keep(change(order))
    desk.starts(S)
    desk.books(A)
    desk.quote(SHARE, "90.00", "90.02")
    assert not desk.requests(ReplaceOrder)
    assert "PRICE_COLLAR" in [why.split(":")[0] for each in desk.events(ev.OrderDenied) for why in each.reasons]


def test_a_change_of_an_order_that_is_over_by_then_is_refused_and_somebody_is_told() -> None:
    desk, order = resting()
    desk.keep(change(order))
    desk.starts(S)
    desk.cancel(order)
    desk.books(A)
    record = desk.quote(SHARE, "100.00", "100.02")
    assert refusal(record) == "it is over"
    assert [alert.kind for alert in Alerts(0).apply(record)] == [Kind.COMMAND]


def test_a_change_that_can_never_be_is_refused_at_once_and_a_second_one_while_the_first_waits() -> None:
    desk, order = resting()
    assert refusal(desk.keep(change(ClOrdId("nobody")))) == "no order of ours has this id"
    wrong = ChangeOrder("ann", "nearer", order, stop_px=D("99.00"))
    assert refusal(desk.keep(wrong)) == "it is a LIMIT order and has no stop_price"
    desk.keep(change(order))
    assert "another change of it waits for the engine already, as c" in refusal(desk.keep(change(order, "99.60")))
    desk.step(WithdrawCommand(only(list(desk.engine.state.kept)), "not now", "ann"))
    desk.keep(change(order, "99.60"))
    desk.starts(S)
    desk.goes_on()
    assert [request.price for request in desk.requests(ReplaceOrder)] == [D("99.60")]


# --- carried out ------------------------------------------------------------------------------------------------------


def test_an_approval_is_carried_out_once_the_books_agree_and_there_is_a_price() -> None:
    desk = manual()
    desk.keep(approve())
    desk.starts(S)
    since = len(desk.records)
    desk.books(A)
    assert not desk.entries(since), "B is not compared yet"
    desk.books(B)
    assert not desk.entries(since), "no price has come since the start"
    desk.quote(SHARE, "100.00", "100.02")
    desk.wait(0)
    assert {request.account for request in desk.entries(since)} == {A, B}
    assert only(desk.events(ev.PlanApproved)).by == "ann"
    assert desk.engine.state.kept == {}


def test_it_is_judged_with_the_prices_of_then() -> None:
    desk = manual()
    desk.keep(approve())
    desk.starts(S)
    desk.books(A)
    desk.books(B)
    record = desk.quote(SHARE, "150.00", "150.02")
    assert "APPROVAL_DRIFT" in refusal(record)
    assert kinds(record).count("CommandCarriedOut") == 1


def test_it_is_judged_with_the_stops_of_then() -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.step(pause(A))
    desk.starts(S)
    since = len(desk.records)
    desk.goes_on()
    assert not desk.entries(since)
    assert desk.engine.state.kept == {}


def test_a_signal_is_planned_and_carried_out_by_whom_it_came_from() -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.starts(100 * S)
    since = len(desk.records)
    desk.goes_on()
    assert only(desk.entries(since)).order_qty == 10
    taken = only(desk.events(ev.SignalAccepted)).signal
    assert taken.signal_time_ns == desk.now_ns - 100 * S, "its time to live runs on while nobody runs"


def test_a_comparison_is_asked_for_after_that_of_the_start() -> None:
    desk = Stopped()
    desk.keep(CompareAccounts("a look", (A,), "ann"))
    desk.starts(S)
    since = len(desk.records)
    desk.books(A)
    assert only(desk.requests(QueryAccount, since)).account == A


def test_a_flatten_calls_entries_back_and_closes_what_is_held_then() -> None:
    desk = Stopped()
    desk.hold(10)
    resting = desk.enter(5, order_type="LIMIT", limit_price="99.00")
    desk.accept(resting)
    desk.keep(FLATTEN)
    desk.starts(S)
    since = len(desk.records)
    desk.look(resting, OrdStatus.NEW)
    desk.goes_on()
    assert desk.order(resting).cancel_wanted
    assert desk.position().exit is not None
    assert desk.events(ev.CommandCarriedOut, since)


def test_one_venue_that_does_not_answer_holds_it_up_for_ten_seconds_and_no_longer() -> None:
    desk = Stopped(setup(account(A), account(B)))
    desk.keep(entry(quantity=D(10), accounts=()))
    desk.starts(S)
    desk.books(A)
    since = len(desk.records)
    desk.wait(9_999 * MS)
    desk.quote(SHARE, "100.00", "100.02")
    assert not desk.entries(since)
    desk.wait(2 * MS)
    assert {request.account for request in desk.entries(since)} == {A}


def test_without_a_price_it_is_judged_after_ten_seconds_as_things_stand() -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.starts(100 * S)
    desk.books(A)
    since = len(desk.records)
    desk.wait(11 * S)
    assert desk.events(ev.CommandCarriedOut, since)
    assert not desk.entries(since)


def test_a_price_from_before_the_start_is_none() -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.starts(S)
    since = len(desk.records)
    desk.books(A)
    assert not desk.events(ev.CommandCarriedOut, since)
    desk.quote(EURUSD, "1.08500", "1.08502")
    assert not desk.events(ev.CommandCarriedOut, since)
    desk.quote(SHARE, "100.00", "100.02")
    assert desk.events(ev.CommandCarriedOut, since)


def test_several_are_carried_out_in_the_order_in_which_they_came() -> None:
    desk = Stopped()
    for name in ("one", "two", "three"):
        desk.keep(entry(name, quantity=D(1)))
    desk.starts(S)
    desk.goes_on()
    assert [event.signal.id for event in desk.events(ev.SignalAccepted)] == ["one", "two", "three"]


# --- too late ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after_s", "goes"), [(300, True), (301, False)])
def test_engine_time_makes_it_too_late(after_s: int, goes: bool) -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.starts(after_s * S)
    since = len(desk.records)
    desk.goes_on()
    assert bool(desk.events(ev.SignalAccepted, since)) is goes
    assert bool(desk.events(ev.CommandLapsed, since)) is not goes
    assert desk.engine.state.kept == {}


@pytest.mark.parametrize(("after_s", "goes"), [(300, True), (301, False)])
def test_the_wall_clock_makes_it_too_late_where_engine_time_stood_still(after_s: int, goes: bool) -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.starts(0, wall_ns=WALL_NS + after_s * S)
    since = len(desk.records)
    desk.goes_on()
    assert bool(desk.events(ev.SignalAccepted, since)) is goes
    assert bool(desk.events(ev.CommandLapsed, since)) is not goes


@pytest.mark.parametrize(("after_s", "goes"), [(300, True), (301, False)])
def test_where_engine_time_is_the_wall_clock_a_night_before_the_command_does_not_count(
    after_s: int, goes: bool
) -> None:
    desk, night_ns = Stopped(), 50_000 * S
    given_ns = desk.now_ns + night_ns
    desk.keep(entry(), wall_ns=given_ns)
    desk.starts(night_ns + after_s * S, wall_ns=given_ns + after_s * S)
    since = len(desk.records)
    desk.goes_on()
    assert bool(desk.events(ev.SignalAccepted, since)) is goes
    assert bool(desk.events(ev.CommandLapsed, since)) is not goes


def test_a_plan_that_expired_over_night_is_not_approved_in_the_morning() -> None:
    desk, night_ns = manual(), 50_000 * S
    desk.keep(approve(), wall_ns=desk.now_ns + night_ns)
    desk.starts(night_ns + S, wall_ns=desk.now_ns + night_ns + S)
    since = len(desk.records)
    desk.goes_on()
    assert desk.events(ev.CommandLapsed, since)
    assert not desk.entries(since)


def test_an_approval_of_a_plan_that_expired_meanwhile_lapses() -> None:
    desk = manual()
    desk.wait(200 * S)
    desk.keep(approve())
    desk.starts(101 * S)
    since = len(desk.records)
    desk.goes_on()
    assert "was good for 100 s" in only(desk.events(ev.CommandLapsed, since)).reason
    assert not desk.entries(since)


def test_a_flatten_is_never_too_late() -> None:
    desk = Stopped()
    desk.hold(10)
    desk.keep(FLATTEN)
    desk.starts(90_000 * S, wall_ns=WALL_NS + 900_000 * S)
    desk.goes_on()
    assert desk.position().exit is not None


# --- once -------------------------------------------------------------------------------------------------------------


def test_a_process_that_dies_before_leaves_it_and_one_that_dies_after_has_done_it() -> None:
    """Wherever a process dies, the records that are durable say how far it came."""
    desk = Stopped()
    desk.keep(entry())
    desk.starts(S)
    desk.goes_on()
    whole = desk.records
    sent: list[int] = []
    for durable in range(1, len(whole) + 1):
        again = Stopped(desk.setup, begin=False)
        again.records, again.now_ns = list(whole[:durable]), whole[durable - 1].now_ns
        if not any(isinstance(record.input, KeepCommand) for record in again.records):
            continue
        again.starts(S)
        again.goes_on()
        sent.append(len(again.events(ev.SignalAccepted)))
        assert len(again.events(ev.CommandCarriedOut)) == 1
        assert again.engine.state.kept == {}
    assert set(sent) == {1}


def test_nothing_is_carried_out_while_nobody_runs_even_after_a_start_that_was_killed() -> None:
    desk = Stopped()
    desk.keep(entry())
    desk.starts(S)
    desk.books(A)
    desk.step(pause(A))
    desk.keep(CompareAccounts("a look", (), "ann"))
    assert not desk.events(ev.CommandCarriedOut)
    assert len(desk.engine.state.kept) == 2


# --- taken back -------------------------------------------------------------------------------------------------------


def test_what_is_withdrawn_is_not_carried_out() -> None:
    desk = Stopped()
    desk.keep(entry())
    (command_id,) = desk.engine.state.kept
    desk.step(WithdrawCommand(command_id, "not any more", "bob"))
    desk.starts(S)
    since = len(desk.records)
    desk.goes_on()
    assert not desk.events(ev.SignalAccepted, since)
    assert "no command of this id waits" in refusal(desk.step(WithdrawCommand(command_id, "again", "bob")))


def test_a_flatten_is_withdrawn_by_a_resume_of_its_scope_and_by_no_other() -> None:
    desk = Stopped()
    desk.hold(10)
    desk.keep(FLATTEN)
    (command_id,) = desk.engine.state.kept
    assert "wanted resume" in refusal(desk.step(WithdrawCommand(command_id, "oh", "bob")))
    desk.step(release(Scope(ScopeKind.ACCOUNT, A)))
    assert command_id in desk.engine.state.kept
    assert desk.position().exit is None, "nobody runs: the other stop that stands is not pursued either"
    desk.step(release(EVERYTHING))
    assert desk.engine.state.kept == {}
    desk.starts(S)
    desk.goes_on()
    assert desk.position().exit is None


@pytest.mark.parametrize(
    ("scope", "stays"),
    [
        (EVERYTHING, False),
        (Scope(ScopeKind.INSTRUMENT, SHARE), False),
        (Scope(ScopeKind.INSTRUMENT, EURUSD), True),
        (Scope(ScopeKind.STRATEGY, "trend"), False),
        (Scope(ScopeKind.STRATEGY, "carry"), True),
        (Scope(ScopeKind.ACCOUNT, A), True),
    ],
)
def test_a_halt_withdraws_an_entry_that_waits_and_lies_in_its_scope(scope: Scope, stays: bool) -> None:
    desk = Stopped(setup(account(A), account(B)))
    desk.keep(entry(strategy="trend"))
    desk.step(stop(StopLevel.HALT, scope))
    assert bool(desk.engine.state.kept) is stays


def test_a_plan_that_is_rejected_meanwhile_is_not_approved_any_more() -> None:
    desk = manual()
    desk.keep(approve())
    desk.step(RejectPlan((S1,), "bob", "no"))
    desk.starts(S)
    since = len(desk.records)
    desk.goes_on()
    assert not desk.entries(since)
    assert only(desk.events(ev.CommandRefused, since)).command == "approve"
    assert all(order.intent.role is not Role.ENTRY for order in desk.account().orders.values())
