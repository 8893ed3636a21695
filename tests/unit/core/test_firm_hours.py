"""News, hours without positions, stops in time and automation: what is refused, and what acts by itself."""

from typing import Any

import pytest
from msgspec.structs import replace

from coxswain.messages import events as ev
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.firm import (
    Automation,
    AutomationMode,
    CopyRule,
    Duration,
    Effective,
    Impact,
    MissingStop,
    NewsActions,
    NewsCalendar,
    NewsEvent,
    NewsRule,
    Permission,
    Phase,
    Profit,
    ProfitCounts,
    Size,
)
from coxswain.model.vocabulary import Verdict
from tests.unit.core.desk import BUY, SHARE, START_NS, A, D, S
from tests.unit.core.firm_desk import FirmDesk, firm_setup, rules, under

FREE = CopyRule(own_accounts=Permission.ALLOW)
FORBID = Permission.FORBID
MINUTE = 60 * S


def desk(known: NewsCalendar | None = None, **fields: Any) -> FirmDesk:
    rule_set = rules(copy=FREE, **fields)
    return FirmDesk(firm_setup(under(A, rule_set), sets=(rule_set,), news=known))


def held(at: FirmDesk) -> FirmDesk:
    at.hold(10, stop_loss="95.00")
    return at


# --- news -------------------------------------------------------------------------------------------------------------


def calendar(at_s: int = 600, impact: Impact = Impact.HIGH, currency: str = "USD") -> NewsCalendar:
    last = NewsEvent(START_NS + 90 * 86_400 * S, "CHF", Impact.LOW, "the last that is known")
    return NewsCalendar((NewsEvent(START_NS + at_s * S, currency, impact, "Payrolls"), last))


def around(close: Permission = Permission.ALLOW, **fields: Any) -> NewsRule:
    window = (Duration(-2 * MINUTE), Duration(2 * MINUTE))
    return NewsRule(Impact.HIGH, window, NewsActions(open=FORBID, close=close, **fields))


def at_second(at: FirmDesk, second: int) -> FirmDesk:
    at.wait(START_NS + second * S - at.now_ns)
    at.quote(SHARE, "100.00", "100.02")
    return at


@pytest.mark.parametrize(("second", "count"), [(479, 0), (480, 1), (600, 1), (720, 1), (721, 0)])
def test_nothing_is_opened_from_one_edge_of_a_window_to_the_other(second: int, count: int) -> None:
    at = at_second(desk(calendar(), news=(around(),)), second)
    at.direct(BUY, 1)
    assert len(at.refusals()) == count


@pytest.mark.parametrize(
    "news", [calendar(impact=Impact.MEDIUM), calendar(currency="EUR")], ids=["less important", "another currency"]
)
def test_what_a_rule_is_not_about_forbids_nothing(news: NewsCalendar) -> None:
    at = at_second(desk(news, news=(around(),)), 600)
    at.direct(BUY, 1)
    assert at.refusals() == []


def test_a_symbol_may_name_its_currencies_itself() -> None:
    news = NewsCalendar(calendar(currency="EUR").events, {"SHARE": ("EUR",)})
    at = at_second(desk(news, news=(around(),)), 600)
    at.direct(BUY, 1)
    assert len(at.refusals()) == 1


def test_another_phase_is_exempt() -> None:
    rule = NewsRule(Impact.HIGH, (Duration(0), Duration(0)), NewsActions(open=FORBID), (Phase.EVALUATION,))
    at = at_second(desk(calendar(), news=(rule,)), 600)
    at.direct(BUY, 1)
    assert at.refusals() == []


@pytest.mark.parametrize("news", [None, NewsCalendar((NewsEvent(START_NS - S, "USD", Impact.HIGH, "past"),))])
def test_without_a_calendar_or_beyond_its_end_nothing_is_opened(news: NewsCalendar | None) -> None:
    at = desk(news, news=(around(),))
    at.direct(BUY, 1)
    (why,) = at.refusals()
    assert "nothing is known of it at this time" in why


def test_closing_is_refused_only_where_the_rule_says_so_and_then_a_person_is_told() -> None:
    at = at_second(held(desk(calendar(), news=(around(close=FORBID),))), 600)
    at.exit()
    assert len(at.refusals()) == 1
    assert at.notices()[-1].detail.startswith("closing SHARE is refused: FIRM_NEWS")
    at.adjust(stop_loss="96.00")  # protection is always allowed
    assert len(at.refusals()) == 1
    allowed = at_second(held(desk(calendar(), news=(around(),))), 600)
    allowed.exit()
    assert allowed.refusals() == []


def test_a_plan_states_how_much_of_a_profit_counts() -> None:
    window = (Duration(-5 * MINUTE), Duration(5 * MINUTE))
    rule = NewsRule(Impact.HIGH, window, NewsActions(profit=Profit(ProfitCounts.HAIRCUT, D("0.4"))))
    at = at_second(desk(calendar(), news=(rule,)), 500)
    at.signal(stop_loss="95.00", quantity=10)
    (assignment,) = at.events(ev.PlanProposed)[-1].plan.assignments
    assert assignment.verdict is Verdict.SEND
    assert any("estimated: 40 % of a profit made around it counts" in check.found for check in assignment.checks)


# --- flat in time -----------------------------------------------------------------------------------------------------


def test_everything_is_closed_a_lead_before_the_deadline_by_itself() -> None:
    at = held(desk())
    at.direct(BUY, 5, name="resting", price="99.50")
    at.accept(at.sent())
    at.flat(at.now_ns + 3600 * S, at.now_ns + 7200 * S, "flat by 16:59")
    since = len(at.records)
    at.wait(3539 * S)
    assert not at.events(ev.FirmFlattened, since)
    at.wait(1 * S)
    (flattened,) = at.events(ev.FirmFlattened, since)
    assert (flattened.symbols, flattened.reason) == ((SHARE,), "flat by 16:59")
    assert at.events(ev.PlanProposed, since)[-1].plan.rationale == "sessions: flat by 16:59"
    assert len(at.requests(CancelOrder, since)) == 2  # the entry, and the stop that makes room


def test_it_looks_again_until_the_account_is_flat_and_then_no_more() -> None:
    at = held(desk())
    at.flat(at.now_ns + 60 * S, at.now_ns + 7200 * S)
    at.wait(0)
    at.cancel(at.stop_of().cl_ord_id)
    at.cancel(at.sent())
    at.wait(10 * S)
    assert len(at.events(ev.FirmFlattened)) == 2
    if at.position().stop_id:
        at.cancel(at.stop_of().cl_ord_id)
    at.fill(at.sent(), 10, "99.00")
    at.wait(30 * S)
    told = len(at.events(ev.FirmFlattened))
    at.wait(600 * S)
    assert len(at.events(ev.FirmFlattened)) == told
    assert at.position().qty == 0


def test_a_deadline_that_passed_while_nobody_was_there_is_met_at_the_start() -> None:
    first = held(desk())
    first.flat(first.now_ns + 3600 * S, first.now_ns + 7200 * S, "flat by 16:59")
    at = first.folded()
    at.now_ns += 86_400 * S
    again = at.restarted()
    assert isinstance(again, FirmDesk)
    again.look(again.stop_of().cl_ord_id)
    again.books()
    since = len(again.records)
    again.flat(again.now_ns + 3600 * S, again.now_ns + 7200 * S, "flat by 16:59")
    (flattened, *_) = again.events(ev.FirmFlattened, since)
    assert "the deadline passed while nobody was there" in flattened.reason


@pytest.mark.parametrize(("left_s", "count"), [(121, 0), (120, 1), (0, 1), (-60, 1)])
def test_nothing_is_opened_that_would_have_to_be_closed_at_once(left_s: int, count: int) -> None:
    at = desk()
    at.flat(at.now_ns + left_s * S, at.now_ns + 7200 * S)
    at.direct(BUY, 1)
    assert len(at.refusals()) == count


# --- a stop in time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", list(MissingStop))
def test_a_position_without_a_stop_is_told_and_closed_if_the_rule_says_so(missing: MissingStop) -> None:
    at = desk(size=Size(stop_required_within=Duration(180 * S), stop_missing=missing))
    at.direct(BUY, 10)
    at.fill(at.sent(), 10)
    at.wait(179 * S)
    assert at.notices() == []
    at.wait(1 * S)
    assert "has no stop in time" in at.notices()[0].detail
    assert (at.position().exit is not None) is (missing is MissingStop.CLOSE)


def test_a_stop_in_time_ends_the_wait() -> None:
    at = desk(size=Size(stop_required_within=Duration(180 * S)))
    at.direct(BUY, 10)
    at.fill(at.sent(), 10)
    at.adjust(stop_loss="95.00")
    at.wait(600 * S)
    assert at.notices() == []


# --- automation -------------------------------------------------------------------------------------------------------


def test_where_automation_is_forbidden_a_person_may_still_send_an_order() -> None:
    at = desk(automation=Automation(AutomationMode.FORBID))
    at.signal(stop_loss="95.00", quantity=10)
    assert at.requests(NewOrder) == []
    at.direct(BUY, 1)
    assert len(at.requests(NewOrder)) == 1


@pytest.mark.parametrize(("after_s", "count"), [(59, 1), (60, 0)])
def test_a_signal_may_not_leave_sooner_than_it_must_hold(after_s: int, count: int) -> None:
    at = held(desk(automation=Automation(min_hold=Duration(60 * S))))
    at.wait(after_s * S)
    at.quote(SHARE, "100.00", "100.02")
    at.exit()
    assert len(at.refusals()) == count


def test_orders_of_a_day_are_counted_until_the_firms_next_day() -> None:
    at = desk(automation=Automation(max_orders_per_day=2))
    for name in ("d1", "d2", "d3"):
        at.direct(BUY, 1, name=name)
    assert ["max_orders_per_day" in why for why in at.refusals()] == [True]
    at.day("2023-11-15")
    at.direct(BUY, 1, name="d4")
    assert len(at.refusals()) == 1


def test_a_rule_set_that_has_ended_refuses() -> None:
    rule_set = rules(copy=FREE)
    provenance = replace(rule_set.provenance, effective=Effective("2020-01-01", "2023-11-13"))
    ended = replace(rule_set, provenance=provenance)
    at = FirmDesk(firm_setup(under(A, ended), sets=(ended,)))
    at.direct(BUY, 1)
    assert at.refusals()[0].startswith("FIRM_RULE_SET: value=2023-11-14: in force until 2023-11-13")
