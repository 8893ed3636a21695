"""Bugs that a second reading found, where one room meets another, each under the name of what went wrong."""

from typing import Any

import msgspec
import pytest

from coxswain.core.order import Phase
from coxswain.messages import events as ev
from coxswain.messages import inputs as inp
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.algo import Algo
from coxswain.model.breaker import BreakerKind, cause_of
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.firm import Duration, MissingStop, Size
from coxswain.model.orders import Trail, VenuePosition
from coxswain.model.setup import AccountSpec, Capabilities, CapSpec
from coxswain.model.vocabulary import (
    AccountId,
    Mode,
    Resolution,
    Role,
    SignalId,
    TriggerSource,
    VenueTier,
)
from tests.asking import release, stop
from tests.unit.core.desk import BUY, EURUSD, SHARE, A, B, D, Desk, S, account, only, setup
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, under

MIN = 60 * S


def set_limits(
    desk: Desk, account_id: AccountId | None, *, actor: str = "ann", until_ns: int | None = None, **values: str
) -> None:
    numbers = {key: D(value) for key, value in values.items()}
    desk.step(inp.SetLimits(numbers, "because", actor, account_id, until_ns))


def exits(desk: Desk, since: int = 0) -> list[NewOrder]:
    return [r for r in desk.requests(NewOrder, since) if desk.order(r.cl_ord_id).intent.role is Role.EXIT]


def entries(desk: Desk, since: int = 0) -> list[NewOrder]:
    return [r for r in desk.requests(NewOrder, since) if desk.order(r.cl_ord_id).enters]


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [("release_needs_two", "1", "0"), ("duplicate_window_ms", "1000", "10"), ("flat_by_lead_s", "60", "10")],
)
def test_what_protects_more_the_higher_it_is_is_not_lowered_by_one_person(key: str, before: str, after: str) -> None:
    """One person could lift the rule that two release a stop, because a lower number was taken for a stricter one."""
    strict: dict[str, Any] = {"limit_raise_needs_two": 1, key: before}
    desk = Desk(setup(**strict))
    desk.step(inp.SetLimits({key: D(after)}, "because", "ann"))
    assert desk.events(ev.LimitsChanged) == []
    assert len(desk.events(ev.LimitsProposed)) == 1


def raised_for_a_while() -> Desk:
    """Two persons have raised a limit of ten to twenty, for one minute."""
    desk = Desk(setup(account(A, max_order_qty=10), limit_raise_needs_two=1))
    set_limits(desk, A, max_order_qty="20", until_ns=desk.now_ns + MIN)
    desk.step(inp.ApproveLimits(1, "bob", "for the close"))
    assert desk.account().params.max_order_qty == 20
    return desk


@pytest.mark.parametrize("longer_ns", [None, 60 * MIN])
def test_one_person_does_not_make_a_raise_stay_that_two_allowed_for_a_while(longer_ns: int | None) -> None:
    """Lowered by a little, it was taken for stricter, and never went back to what it was before."""
    desk = raised_for_a_while()
    set_limits(desk, A, max_order_qty="19", until_ns=None if longer_ns is None else desk.now_ns + longer_ns)
    assert len(desk.events(ev.LimitsProposed)) == 2
    desk.wait(2 * MIN)
    assert desk.account().params.max_order_qty == 10


@pytest.mark.parametrize(("value", "until_ns"), [("10", None), ("9", None), ("19", 30 * S)])
def test_one_person_may_end_such_a_raise_early_or_lower_it_until_then(value: str, until_ns: int | None) -> None:
    desk = raised_for_a_while()
    set_limits(desk, A, max_order_qty=value, until_ns=None if until_ns is None else desk.now_ns + until_ns)
    assert desk.account().params.max_order_qty == D(value)
    desk.wait(2 * MIN)
    assert desk.account().params.max_order_qty == min(D(value), D(10))


@pytest.mark.parametrize("says", [19, 20])
def test_a_start_does_not_make_such_a_raise_stay_either(says: int) -> None:
    desk = raised_for_a_while()
    desk.setup = setup(account(A, max_order_qty=says), limit_raise_needs_two=1)
    again = desk.restarted()
    again.wait(2 * MIN)
    assert again.account().params.max_order_qty == 10
    assert len(again.events(ev.LimitsProposed)) == 2


def test_a_temporary_limit_that_a_new_configuration_states_stays() -> None:
    """It went back to the old configuration's value, above the one that the file says now."""
    desk = Desk(setup(account(A, max_order_qty=50)))
    set_limits(desk, A, max_order_qty="20", until_ns=desk.now_ns + MIN)
    desk.setup = setup(account(A, max_order_qty=20))
    again = desk.restarted()
    again.wait(2 * MIN)
    assert again.account().params.max_order_qty == 20


def test_a_window_of_another_length_forgets_what_is_older_than_it() -> None:
    """Counts kept under another length were never dropped: a breaker stayed full for years."""
    desk = Desk(setup(account(A, circuit_breaker_max_rejects=3, circuit_breaker_window_s=60)))
    for _ in range(2):
        desk.reject(desk.enter(1))
        desk.wait(S)
    set_limits(desk, A, circuit_breaker_window_s="600")
    desk.wait(3600 * S)
    desk.quote(SHARE, "100.00", "100.02")
    desk.reject(desk.enter(1))
    assert desk.events(ev.BreakerChanged) == []


def test_a_window_of_another_length_still_counts_what_it_takes_in() -> None:
    desk = Desk(setup(account(A, circuit_breaker_max_rejects=3, circuit_breaker_window_s=600)))
    for _ in range(2):
        desk.reject(desk.enter(1))
        desk.wait(S)
    set_limits(desk, A, circuit_breaker_window_s="60")
    desk.reject(desk.enter(1))
    assert len(desk.events(ev.BreakerChanged)) == 1


# --- stops and protection ---------------------------------------------------------------------------------------------


def without_replace(*accounts: AccountSpec) -> Desk:
    return Desk(setup(*accounts, can=Capabilities(VenueTier.T1, True, True, native_replace=False)))


def test_a_stop_is_not_taken_down_to_be_moved_while_nothing_new_may_leave() -> None:
    """Where a venue replaces nothing, it was cancelled first, and the gate then refused the new one."""
    desk = without_replace()
    desk.hold(10, stop_loss="95.00")
    standing = desk.stop_of().cl_ord_id
    desk.step(inp.TradingHalted(SHARE, True, "volatility"))
    desk.adjust(stop_loss="97.00")
    assert desk.requests(CancelOrder) == []
    assert desk.position().stop_id == standing
    assert len(desk.events(ev.ProtectionFailed)) == 1
    desk.step(inp.TradingHalted(SHARE, False, ""))
    assert [request.cl_ord_id for request in desk.requests(CancelOrder)] == [standing]
    desk.cancel(standing)
    assert desk.stop_of().stop_px == D("97.00")


def test_a_stop_that_follows_the_market_is_not_taken_down_while_an_instrument_is_halted() -> None:
    desk = without_replace()
    desk.hold(10, stop_loss="95.00", trailing_stop=Trail(amount=D(5), source=TriggerSource.BID))
    standing = desk.stop_of().cl_ord_id
    desk.step(inp.TradingHalted(SHARE, True, "volatility"))
    desk.quote(SHARE, "104.00", "104.02")
    assert desk.requests(CancelOrder) == []
    assert desk.position().stop_id == standing


def test_losses_close_nothing_while_a_person_has_frozen_everything() -> None:
    """The last step of the ladder left as if a person had sent it."""
    desk = Desk(setup(account(A, ladder_flatten=1, max_daily_loss_pct=1, circuit_breaker_max_loss_pct=0)))
    desk.hold(100, stop_loss="85.00")
    desk.step(stop(StopLevel.FREEZE, EVERYTHING))
    desk.quote(SHARE, "90.30", "90.32")
    assert [step.step for step in desk.events(ev.LadderStepReached)][-1] == "FLATTEN"
    assert desk.requests(CancelOrder) == []
    assert exits(desk) == []


# --- modes and approvals ----------------------------------------------------------------------------------------------


def test_nothing_is_moved_to_an_account_whose_plans_a_person_approves() -> None:
    """What another account was rejected left on it without anybody having been asked."""
    by_hand = msgspec.structs.replace(account(B, reserve=True), mode=Mode.MANUAL)
    desk = Desk(setup(account(A), by_hand))
    entry = desk.enter(10, accounts=())
    desk.reject(entry)
    assert len(entries(desk)) == 1
    assert len(desk.events(ev.RecoveryFailed)) == 1


def test_an_entry_that_is_sized_by_its_trailing_stop_can_be_approved() -> None:
    """At the approval it was sized without any stop, so that nothing was left of it."""
    desk = Desk(setup(mode=Mode.MANUAL))
    desk.signal(trailing_stop=Trail(amount=D(5)), accounts=(A,), id="t")
    planned = only(desk.events(ev.PlanProposed)).plan.assignments[0].qty
    desk.step(inp.ApprovePlan((SignalId("t"),), "ann", "yes"))
    desk.wait(0)
    assert [order.order_qty for order in entries(desk)] == [planned]


def test_an_approved_exit_closes_what_has_filled_while_it_waited() -> None:
    """It was planned as a recall of the entry, and closed nothing once that had filled."""
    desk = Desk(setup(mode=Mode.FULL_AUTO))
    entry = desk.enter(10)
    desk.accept(entry)
    desk.step(inp.SetMode(Mode.MANUAL, EVERYTHING, "look", "ann"))
    desk.exit(id="out")
    desk.fill(entry, 10)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.step(inp.ApprovePlan((SignalId("out"),), "ann", "yes"))
    desk.cancel(desk.stop_of().cl_ord_id)
    assert [order.order_qty for order in exits(desk)] == [10]


@pytest.mark.parametrize(
    ("cap", "moved"),
    [
        ({"lots": D(18)}, [3]),
        ({"lots": D(10)}, []),
        ({"share_pct": D(60)}, [3]),
        ({"lots": D(15), "symbols": (EURUSD,)}, [14]),
    ],
)
def test_what_is_moved_stays_within_what_a_group_of_accounts_may_take(cap: dict[str, Any], moved: list[int]) -> None:
    """The cap was kept while planning, and the rest of a rejected order went beyond it."""
    spare = AccountId("C")
    plain = setup(account(A), account(B), account(spare, reserve=True))
    desk = Desk(msgspec.structs.replace(plain, caps=(CapSpec("group", (B, spare), **cap),)))
    desk.signal(quantity=30, stop_loss="95.00")
    shares = {desk.order(order.cl_ord_id).intent.account: order for order in entries(desk)}
    desk.accept(shares[B].cl_ord_id)
    desk.reject(shares[A].cl_ord_id)
    assert [each.qty for each in desk.events(ev.RecoveryAssigned)] == moved


# --- exits ------------------------------------------------------------------------------------------------------------


def leaving_in_parts() -> Desk:
    """Forty are held and leave in four parts; the first is on its way."""
    desk = Desk()
    desk.hold(40)
    desk.exit(algo=Algo("twap", '{"horizon_s":40,"slices":4}'), id="out")
    answer_for_the_stop(desk)
    desk.accept(only(exits(desk)).cl_ord_id)
    return desk


def answer_for_the_stop(desk: Desk) -> None:
    pending = desk.stop_of().replace_pending
    if pending is not None:
        desk.replace(pending.cl_ord_id, str(pending.order_qty))


def test_a_person_who_cancels_a_part_of_an_exit_ends_the_exit() -> None:
    """The algorithm sent the next part at once."""
    desk = leaving_in_parts()
    desk.step(inp.CancelOrders("ann", "not now", (exits(desk)[0].cl_ord_id,)))
    desk.cancel(exits(desk)[0].cl_ord_id)
    for _ in range(50):
        answer_for_the_stop(desk)
        desk.wait(S)
    assert len(exits(desk)) == 1
    assert desk.stop_of().order_qty == 40


def test_an_exit_that_leaves_in_parts_is_cancelled_between_two_of_them() -> None:
    """Nothing of it was open, so nothing was found to cancel, and the next part left."""
    desk = leaving_in_parts()
    desk.fill(exits(desk)[0].cl_ord_id, 10)
    desk.step(inp.CancelOrders("ann", "not now", (), None, A))
    assert desk.events(ev.CommandRefused) == []
    for _ in range(50):
        answer_for_the_stop(desk)
        desk.wait(S)
    assert len(exits(desk)) == 1
    assert desk.stop_of().order_qty == 30


def test_a_break_that_is_flattened_takes_the_place_of_a_part_that_is_leaving() -> None:
    """Its position was adopted, and only the part that was under way was closed."""
    desk = Desk()
    desk.hold(10)
    stop_id = desk.stop_of().cl_ord_id
    desk.exit(quantity="4")
    books: dict[str, Any] = {"positions": (VenuePosition(SHARE, D(12)),)}
    desk.step(inp.CompareAccounts("asked", (A,)))
    desk.wait(S)
    desk.books(**books)
    desk.step(inp.ResolveBreak(A, "A:position:SHARE", Resolution.FLATTEN, "not ours", "ann", None))
    desk.wait(S)
    desk.books(**books)
    position = desk.position()
    assert position.exit is not None
    assert position.exit.qty is None
    assert position.exit.actor == "ann"
    assert desk.order(stop_id).cancel_wanted or desk.order(stop_id).replace_pending is not None


def test_a_person_may_flatten_a_break_while_everything_is_frozen() -> None:
    """It was refused as if the engine had wanted it, and the break was closed all the same."""
    desk = Desk()
    desk.step(stop(StopLevel.FREEZE, Scope(ScopeKind.ACCOUNT, A)))
    books: dict[str, Any] = {"positions": (VenuePosition(SHARE, D(3)),)}
    desk.step(inp.CompareAccounts("asked", (A,)))
    desk.wait(S)
    desk.books(**books)
    desk.step(inp.ResolveBreak(A, "A:position:SHARE", Resolution.FLATTEN, "not ours", "ann", None))
    desk.wait(S)
    desk.books(**books)
    assert [order.order_qty for order in exits(desk)] == [3]


# --- firms ------------------------------------------------------------------------------------------------------------


def flat_desk() -> FirmDesk:
    rule_set = rules()
    return FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,)))


@pytest.mark.parametrize("was_there", [False, True])
def test_what_could_not_be_closed_at_its_hour_is_tried_on_when_the_next_hours_are_told(was_there: bool) -> None:
    """The deadline of the next day took the place of the one that tries again."""
    desk = flat_desk()
    desk.hold(10, stop_loss="95.00")
    from_ns, until_ns = desk.now_ns + 600 * S, desk.now_ns + 1200 * S
    desk.flat(from_ns, until_ns)
    desk.step(inp.TradingHalted(SHARE, True, "volatility"))
    if was_there:
        desk.wait(600 * S)
        assert desk.events(ev.FirmFlattened)
    desk.now_ns = until_ns
    desk.flat(from_ns + 86_400 * S, until_ns + 86_400 * S)
    assert exits(desk) == []
    desk.step(inp.TradingHalted(SHARE, False, ""))
    desk.wait(30 * S)
    desk.cancel(desk.stop_of().cl_ord_id)
    assert [order.order_qty for order in exits(desk)] == [10]


def test_a_stop_that_a_person_takes_away_is_wanted_again_in_time() -> None:
    """Only a position that was opened without one was looked after."""
    rule_set = rules(size=Size(stop_required_within=Duration(3 * MIN), stop_missing=MissingStop.CLOSE))
    desk = FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,)))
    desk.hold(10, stop_loss="95.00")
    standing = desk.stop_of().cl_ord_id
    desk.step(inp.CancelOrders("ann", "not now", (standing,), protection=True))
    desk.cancel(standing)
    desk.wait(3 * MIN - S)
    assert desk.notices() == []
    desk.wait(S)
    assert [notice.rule for notice in desk.notices()] == ["stop_required_within"]
    assert [order.order_qty for order in exits(desk)] == [10]


# --- pacing -----------------------------------------------------------------------------------------------------------


def test_a_completion_that_waited_for_room_opens_nothing_once_the_position_is_closed() -> None:
    desk = Desk(setup(account(A, max_messages_per_s=2)))
    entry = desk.enter(10)
    desk.accept(entry)
    desk.fill(entry, 4)
    desk.accept(desk.stop_of().cl_ord_id)
    desk.cancel(entry)
    desk.wait(0)
    paced = desk.events(ev.OrderPaced)
    assert [each.intent.role for each in paced] == [Role.COMPLETION]
    desk.fill(desk.stop_of().cl_ord_id, 4, "95.00")
    assert not desk.position().qty
    desk.wait(10 * S)
    assert len(entries(desk)) == 1
    assert only(desk.events(ev.CompletionEnded)).reason == "the position is closed again"


def test_a_share_that_waited_for_room_is_not_released_on_an_account_that_is_not_fit_any_more() -> None:
    desk = Desk(setup(account(A, max_messages_per_s=1), account(B)))
    desk.direct(BUY, 1)
    desk.signal(quantity=10, stop_loss="95.00", accounts=(A,))
    assert len(desk.events(ev.OrderPaced)) == 1
    set_limits(desk, A, min_available_margin="1000000")
    desk.wait(10 * S)
    assert len(entries(desk)) == 1
    assert len(desk.events(ev.OrderDenied)) == 1


@pytest.mark.parametrize("before", [0, 1])
def test_a_budget_of_no_messages_lets_nothing_out_and_breaks_nothing(before: int) -> None:
    """An order waited for room until the very moment at which it was told that there was none."""
    desk = Desk()
    for number in range(before):
        desk.direct(BUY, 1, name=f"before{number}")
    set_limits(desk, A, max_messages_per_s="0")
    desk.direct(BUY, 2, name="after")
    desk.wait(30 * S)
    assert len(entries(desk)) == before


def test_a_change_that_an_automatic_control_refuses_stops_the_account_as_an_order_would() -> None:
    """It was denied, and the account went on."""
    desk = without_replace(account(A, rejects_free=0, max_reject_pct=0))
    desk.direct(BUY, 1, name="rests", price="99.90")
    resting = desk.sent()
    desk.accept(resting)
    desk.direct(BUY, 2, name="refused", price="99.80")
    desk.reject(desk.sent())
    desk.step(inp.ChangeOrder("ann", "nearer", resting, price=D("99.95")))
    assert "REJECT_RATE" in desk.account().causes


def waiting_for_room() -> Desk:
    """One order has used the budget of a second; another, sent by hand, waits for room."""
    desk = Desk(setup(account(A, max_messages_per_s=1)))
    desk.direct(BUY, 1, name="first", price="99.90")
    desk.direct(BUY, 2, name="waits", price="99.80")
    assert [each.intent.signal_id for each in desk.events(ev.OrderPaced)] == ["waits"]
    return desk


def test_a_halt_withdraws_what_waits_for_room() -> None:
    """It stayed in the queue, and left after the release."""
    desk = waiting_for_room()
    desk.step(stop(StopLevel.HALT, EVERYTHING))
    desk.step(release(EVERYTHING))
    desk.wait(10 * S)
    assert len(entries(desk)) == 1
    assert only(desk.events(ev.OrderDenied)).intent.signal_id == "waits"
    assert desk.folded().engine.digest() == desk.engine.digest()


@pytest.mark.parametrize("named", [{"account": A}, {"symbol": SHARE}, {"signal_id": SignalId("waits")}])
def test_a_person_may_cancel_what_waits_for_room(named: dict[str, Any]) -> None:
    desk = waiting_for_room()
    desk.step(inp.CancelOrders("ann", "not now", **named))
    desk.wait(10 * S)
    assert len(entries(desk)) == 1
    assert desk.account().paced == {}


# --- money that comes and goes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("paid_out", [10_000, -10_000])
def test_what_is_paid_out_is_no_loss_and_what_is_paid_in_hides_none(paid_out: int) -> None:
    """Paid out, it was a drawdown and opened a breaker; a person had to resume an account that had lost nothing."""
    desk = Desk(setup(account(A, max_order_qty=10_000, max_order_value=10**9, risk_budget_pct=100)))
    desk.hold(100, stop_loss="95.00")
    balance = desk.account().balance
    assert balance is not None
    for _ in range(2):
        desk.step(inp.CompareAccounts("asked", (A,)))
        desk.wait(S)
        desk.books(balance=balance - paid_out)
        if desk.account().breaks:
            desk.step(inp.ResolveBreak(A, "A:balance", Resolution.ADOPT, "paid", "ann", None))
    desk.quote(SHARE, "100.01", "100.03")
    assert desk.account().balance == balance - paid_out
    assert set(desk.account().causes) == set()
    desk.quote(SHARE, "70.00", "70.02")
    assert cause_of(BreakerKind.LOSS) in desk.account().causes


# --- controls that count ----------------------------------------------------------------------------------------------


def test_the_same_order_at_market_twice_within_a_moment_is_a_double() -> None:
    """The first was remembered with the price that protects it, which the second was not asked for at."""
    desk = Desk(setup(duplicate_window_ms=1000))
    desk.direct(BUY, 10, name="once")
    desk.direct(BUY, 10, name="twice")
    assert [reason.split(":")[0] for reason in only(desk.events(ev.OrderDenied)).reasons] == ["DUPLICATE_ORDER"]
    desk.wait(S)
    desk.direct(BUY, 10, name="later")
    assert len(entries(desk)) == 2


def test_an_algorithm_that_moves_its_order_with_the_market_does_not_repeat_itself() -> None:
    """After twenty moves within a minute the account was stopped."""
    desk = Desk()
    desk.signal(quantity=40, stop_loss="95.00", accounts=(A,), algo=Algo("peg", '{"horizon_s":60,"reference":"bid"}'))
    for number in range(55):
        for order in entries(desk):
            if desk.order(order.cl_ord_id).phase is Phase.PENDING_NEW:
                desk.accept(order.cl_ord_id)
            if desk.order(order.cl_ord_id).cancel_pending:
                desk.cancel(order.cl_ord_id)
        desk.quote(SHARE, f"100.{number:02}", f"100.{number + 2:02}")
        desk.wait(S)
    assert len(entries(desk)) > 20
    assert desk.account().causes == {}


def test_signals_that_an_algorithm_works_are_repeats_of_one_another_all_the_same() -> None:
    desk = Desk(setup(account(A, max_repeats=2)))
    for _ in range(3):
        desk.signal(quantity=1, stop_loss="95.00", accounts=(A,), algo=Algo("twap", '{"horizon_s":40,"slices":1}'))
        desk.accept(desk.sent())
        desk.fill(desk.sent(), 1)
        desk.wait(S)
    assert len(entries(desk)) == 2
    assert "REPEATED" in desk.account().causes


def test_an_order_that_its_venue_cannot_change_is_renewed_and_not_repeated() -> None:
    desk = without_replace(account(A, max_repeats=2))
    desk.direct(BUY, 1, name="rests", price="99.90")
    for price in ("99.91", "99.92", "99.93"):
        resting = desk.sent()
        desk.accept(resting)
        desk.step(inp.ChangeOrder("ann", "nearer", resting, price=D(price)))
        desk.cancel(resting)
    assert [order.price for order in entries(desk)] == [D("99.90"), D("99.91"), D("99.92"), D("99.93")]
