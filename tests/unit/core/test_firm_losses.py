"""Floors of firms in the engine: at the limit, just over, together, after a restart, and at the reset."""

from typing import Any

import pytest

from coxswain.core.firm.standing import standing
from coxswain.core.firm.view import marks_of
from coxswain.messages import events as ev
from coxswain.messages.inputs import FirmDay
from coxswain.messages.requests import NewOrder
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.firm import Anchor, Base, BreachOn, Lock, LossLimit, Measure, Severity, Trail, Window
from coxswain.model.vocabulary import OrdStatus, Role, Verdict
from coxswain.risk.firm.floors import floors
from tests.asking import stop
from tests.unit.core.desk import BUY, SELL, SHARE, A, D, Desk, S
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, share, under

DAILY = share("daily", "0.05")
BELOW = share("daily", "0.05", breach_on=BreachOn.BELOW)


def desk(*limits: LossLimit, balance: int = 100_000, **fields: Any) -> FirmDesk:
    rule_set = rules(loss_limits=limits, **fields)
    return FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,)), balance=balance)


def risks(at: FirmDesk, qty: int, name: str = "d1") -> list[str]:
    """Ask for `qty` shares that lose 5 each at their stop; return why firms' rules refuse."""
    since = len(at.records)
    at.direct(BUY, qty, name=name, price="100.00", stop_loss="95.00")
    return at.refusals(since)


def test_an_order_may_take_the_worst_case_to_a_floor_that_is_broken_below_it_and_no_further() -> None:
    assert risks(desk(BELOW), 1000) == []
    (why,) = risks(desk(BELOW), 1001)
    assert why == (
        "FIRM_LOSS: value=at its stops the account would be at 94995; allowed up to 1000, "
        "limit=95000, rule daily, example.plan@2026-07"
    )


def test_where_touching_is_enough_the_floor_itself_is_too_much() -> None:
    assert risks(desk(DAILY), 999) == []
    assert len(risks(desk(DAILY), 1000)) == 1


def test_the_tightest_of_all_limits_binds_and_every_one_that_fails_is_named() -> None:
    both = (share("daily", "0.05"), share("max", "0.03", window=Window.LIFETIME))
    assert risks(desk(*both), 599) == []
    assert len(risks(desk(*both), 700)) == 1
    assert len(risks(desk(*both), 1200)) == 2


def working(at: FirmDesk) -> Desk:
    at.accept(at.sent())
    return at


def unknown(at: FirmDesk) -> Desk:
    at.wait(6 * S)
    return at


def restarted(at: FirmDesk) -> Desk:
    at.accept(at.sent())
    again = at.restarted()
    again.look(again.sent(), OrdStatus.NEW)
    again.books()
    return again


def half_filled(at: FirmDesk) -> Desk:
    at.accept(at.sent())
    at.fill(at.sent(), 300, "100.00")
    return at


@pytest.mark.parametrize("then", [working, unknown, restarted, half_filled])
def test_two_orders_that_fit_singly_do_not_fit_together(then: Any) -> None:
    at = desk(BELOW)
    assert risks(at, 600) == []
    second = then(at)
    since = len(second.records)
    second.direct(BUY, 600, name="d2", price="100.00", stop_loss="95.00")
    reasons = [why for denied in second.events(ev.OrderDenied, since) for why in denied.reasons]
    assert any(why.startswith("FIRM_LOSS") for why in reasons)


def test_a_plan_makes_the_size_smaller_and_says_why() -> None:
    at = desk(BELOW)
    at.signal(stop_loss="95.00", quantity=5000)
    (plan,) = at.events(ev.PlanProposed)
    (assignment,) = plan.plan.assignments
    assert (assignment.verdict, assignment.qty) == (Verdict.SEND, D(996))  # 5000 over 5.02 from the ask
    assert assignment.sizing == "daily of example.plan@2026-07"
    assert any("taken up to 996" in check.found for check in assignment.checks if check.code == "FIRM_LOSS")
    assert at.refusals() == []


# --- the variants -----------------------------------------------------------------------------------------------------


def won_and_floating() -> FirmDesk:
    """Balance 101,000 and equity 102,000 at the reset, both 100,000 the day before."""
    at = desk()
    for name in ("won", "held"):
        at.direct(BUY, 100, name=name)
        at.accept(at.sent())
        at.fill(at.sent(), 100, "100.00")
        at.quote(SHARE, "110.00", "110.02")
        if name == "won":
            at.direct(SELL, 100, name="out", reduce_only=True)
            at.fill(at.sent(), 100, "110.00")
            at.quote(SHARE, "100.00", "100.02")
    at.now_ns += 86_400 * S
    at.day("2023-11-15")
    return at


@pytest.mark.parametrize(
    ("limit", "floor"),
    [
        (share("x", "0.05", anchor=Anchor.BALANCE_AT_RESET), 96_000),
        (share("x", "0.05", anchor=Anchor.EQUITY_AT_RESET), 97_000),
        (share("x", "0.05", anchor=Anchor.MAX_OF_BOTH, of=Base.ANCHOR), 96_900),
        (share("x", "0.05", anchor=Anchor.BALANCE_AT_RESET, of=Base.ANCHOR), 95_950),
        (share("x", "0.05", anchor=Anchor.SESSION_PNL), 97_000),
        (share("x", "0.05", anchor=Anchor.SESSION_PNL, measure=Measure.CLOSED_BALANCE), 96_000),
        (share("x", "0.10", window=Window.LIFETIME), 90_000),
        (share("x", "0.10", window=Window.LIFETIME, trail=Trail.EOD_BALANCE), 91_000),
        (share("x", "0.10", window=Window.LIFETIME, trail=Trail.CLOSED_BALANCE), 91_000),
        (share("x", "0.10", window=Window.LIFETIME, trail=Trail.EQUITY_PEAK), 92_000),
        (share("x", "0.001", window=Window.LIFETIME, trail=Trail.EQUITY_PEAK, lock=Lock()), 100_000),
        (share("x", "0.001", window=Window.LIFETIME, trail=Trail.EQUITY_PEAK, lock=Lock(D(100))), 100_100),
    ],
    ids=lambda value: str(getattr(value, "trail", value)) + str(getattr(value, "anchor", "")),
)
def test_each_kind_of_floor_is_where_its_firm_says(limit: LossLimit, floor: int) -> None:
    at = won_and_floating()
    assert (at.account().balance, at.book().day_equity) == (D(101_000), D(102_000))
    (found,) = floors((limit,), marks_of(at.account(), at.book()))
    assert found.now == floor


def test_an_intraday_gain_raises_no_floor_that_is_set_at_the_end_of_the_day_until_it_ends() -> None:
    limit = share("max", "0.02", window=Window.LIFETIME, trail=Trail.EOD_BALANCE)
    at = desk(limit)
    at.direct(BUY, 100, name="in")
    at.accept(at.sent())
    at.fill(at.sent(), 100, "100.00")
    at.direct(SELL, 100, name="out", reduce_only=True)
    at.fill(at.sent(), 100, "120.00")
    assert at.book().high_eod == 100_000
    at.day("2023-11-15")
    assert at.book().high_eod == 102_000


def test_a_position_that_may_be_held_over_the_reset_must_fit_the_next_days_floor_too() -> None:
    """Balance at the reset 100,000; 4,000 won since: today's floor is 95,000, tomorrow's would be 99,000."""
    at = desk(share("daily", "0.05", breach_on=BreachOn.BELOW))
    at.direct(BUY, 100, name="in")
    at.accept(at.sent())
    at.fill(at.sent(), 100, "100.00")
    at.direct(SELL, 100, name="out", reduce_only=True)
    at.fill(at.sent(), 100, "140.00")
    assert risks(at, 1000) == []
    assert len(risks(at, 1001, "d2")) >= 1


def test_a_day_whose_reset_nobody_saw_is_measured_from_the_most_that_was_known() -> None:
    at = desk(DAILY)
    again = at.restarted()
    assert isinstance(again, Desk)
    again.books(balance=D(97_000))
    again.now_ns += 86_400 * S
    again.step(FirmDay((A,), "example.plan@2026-07", "2023-11-15", again.now_ns - 3600 * S, again.now_ns + S))
    assert again.engine.state.firms.books[A].day_balance == 100_000


def test_a_history_before_the_journal_is_told_in_the_configuration() -> None:
    limit = share("max", "0.10", window=Window.LIFETIME, trail=Trail.EOD_BALANCE, breach_on=BreachOn.BELOW)
    rule_set = rules(loss_limits=(limit,))
    at = FirmDesk(firm_setup(under(A, rule_set, high=105_000), sets=(rule_set,)))
    assert risks(at, 1000) == []
    assert len(risks(at, 1001, "d2")) >= 1


# --- what happens by itself -------------------------------------------------------------------------------------------


def holding(*limits: LossLimit) -> FirmDesk:
    at = desk(*limits)
    at.direct(BUY, 500, name="in", stop_loss="91.00")
    at.accept(at.sent())
    at.fill(at.sent(), 500, "100.00")
    at.accept(at.stop_of().cl_ord_id)
    return at


def test_each_stage_of_a_limit_is_told_once_a_day() -> None:
    at = holding(DAILY)
    for px in ("93.90", "93.80", "92.40", "91.40"):  # 61, 62, 76 and 86 % of 5,000
        at.quote(SHARE, px, px)
    assert [notice.stage for notice in at.notices()] == ["warn", "reduce", "no_new_risk"]
    assert risks(at, 1)[-1].startswith("FIRM_LOSS: value=0.86 used: too much of the limit is used for new risk")


def test_at_the_last_stage_everything_is_closed_by_a_plan_of_its_own() -> None:
    at = holding(DAILY)
    since = len(at.records)
    at.quote(SHARE, "90.40", "90.42")
    (flattened,) = at.events(ev.FirmFlattened, since)
    (plan,) = at.events(ev.PlanProposed, since)
    assert flattened.plans == (plan.plan.signal_id,)
    assert "daily is nearly used up: equity 95200, floor 95000" in plan.plan.rationale
    at.cancel(at.stop_of().cl_ord_id)
    (order,) = (order for order in at.requests(NewOrder, since) if order.reduce_only)
    assert (order.order_qty, at.order(order.cl_ord_id).intent.role) == (D(500), Role.EXIT)


def test_a_soft_limit_locks_the_account_until_the_firms_next_day() -> None:
    at = holding(share("daily", "0.05", severity=Severity.SOFT_UNTIL_RESET))
    at.quote(SHARE, "89.00", "89.02")
    assert at.book().locked
    at.cancel(at.stop_of().cl_ord_id)
    at.fill(at.sent(), 500, "89.00")
    assert any("nothing is opened until the firm's next day" in why for why in risks(at, 1))
    at.now_ns += 86_400 * S
    at.day("2023-11-15")
    at.quote(SHARE, "100.00", "100.02")
    assert not at.book().locked
    assert risks(at, 1, "d9") == []


def test_closing_that_is_not_possible_yet_is_tried_again() -> None:
    at = holding(DAILY)
    at.quote(SHARE, "90.40", "90.42")
    at.cancel(at.stop_of().cl_ord_id)
    at.cancel(at.sent())  # the venue canceled the exit
    since = len(at.records)
    at.wait(11 * S)
    assert at.events(ev.FirmFlattened, since)


def test_protection_and_closing_are_never_refused_for_a_loss() -> None:
    at = holding(DAILY)
    at.quote(SHARE, "91.40", "91.42")
    at.adjust(stop_loss="91.20")
    at.exit()
    assert at.refusals() == []


def test_a_wider_stop_counts_for_all_of_the_position_that_it_will_protect() -> None:
    """555 lots with 9 to lose fit alone; the lot that is held would be protected no nearer either."""
    at = desk(BELOW)
    at.direct(BUY, 1, name="first", price="100.00", stop_loss="99.00")
    at.fill(at.sent(), 1, "100.00")
    since = len(at.records)
    at.direct(BUY, 555, name="second", price="100.00", stop_loss="91.00")
    assert len(at.refusals(since)) == 1
    at.direct(BUY, 554, name="third", price="100.00", stop_loss="91.00")
    assert len(at.refusals(since)) == 1


def test_an_account_is_told_what_is_left_of_each_limit() -> None:
    at = holding(DAILY)
    at.quote(SHARE, "98.00", "98.02")
    found = {row.rule: row for row in standing(at.engine.state, A)}
    assert (found["daily"].value, found["daily"].limit, found["daily"].verdict) == (D(99_000), D(95_000), "ok")
    assert found["daily"].headroom == 500  # 1,000 of the 4,500 to the stop are lost already, and are in 99,000
    at.quote(SHARE, "93.00", "93.02")
    assert {row.rule: row for row in standing(at.engine.state, A)}["daily"].verdict == "warn"


def test_two_floors_that_break_at_once_plan_one_exit_also_where_the_gate_denies_it() -> None:
    """Found by world 34008: on a frozen account the second floor planned the same exit under the same name again."""
    at = desk(share("daily", "0.002"), share("max", "0.002", window=Window.LIFETIME))
    at.hold(20)
    at.step(stop(StopLevel.FREEZE, Scope(ScopeKind.ACCOUNT, A)))
    at.quote(SHARE, "80.00", "80.02")
    assert len(at.events(ev.FirmFlattened)) == 2
    plans = [event.plan.signal_id for event in at.events(ev.PlanProposed) if event.plan.signal_id.startswith("firm-")]
    assert len(plans) == len(set(plans)) == 1
