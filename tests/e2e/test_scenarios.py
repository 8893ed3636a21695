"""The stories of `coxswain demo --scenario`: what each claims to have prevented is what the journal holds."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coxswain.app import scenarios
from coxswain.messages import events as ev
from tests.e2e.commands import coxswain
from tests.e2e.journals import read_records


class Told:
    """A story that was told, and its journal."""

    def __init__(self, folder: Path, name: str) -> None:
        done = coxswain("demo", "--scenario", name, "--journal", "story.journal", "--json", cwd=folder)
        self.document: Any = done.json()
        self.events = [event for record in read_records(folder / "story.journal") for event in record.events]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def plan(self, signal_id: str) -> dict[str, Any]:
        """Return by account what became of it in a plan."""
        plan = next(plan for plan in self.document["plans"] if plan["signal_id"] == signal_id)
        return {account["account"]: account for account in plan["accounts"]}

    def failed(self, signal_id: str, account: str) -> list[str]:
        return [check["code"] for check in self.plan(signal_id)[account]["checks"] if not check["passed"]]


@pytest.mark.parametrize("name", scenarios.names())
def test_each_story_is_told_and_its_books_agree(tmp_path: Path, name: str) -> None:
    done = coxswain("demo", "--scenario", name, cwd=tmp_path)
    told = scenarios.read(name)
    assert told.title in done.out
    assert "What was prevented" in done.out
    assert "SIMULATED" in done.out
    assert "reconciled: engine and venues agree" in done.out


def test_the_stories_are_listed_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    listed = coxswain("demo", "--scenario", "list", cwd=tmp_path).out
    assert all(name in listed for name in scenarios.names())
    wrong = coxswain("demo", "--scenario", "happy-end", cwd=tmp_path, code=2)
    assert "no scenario 'happy-end'" in wrong.err
    assert scenarios.names()[0] in wrong.err


def test_a_story_tells_the_same_every_time(tmp_path: Path) -> None:
    told = [coxswain("demo", "--scenario", "flash-crash", "--json", cwd=tmp_path).json() for _ in range(2)]
    assert told[0]["digest"] == told[1]["digest"]


def test_in_a_crash_each_stop_closes_what_is_open_and_nothing_new_is_bought(tmp_path: Path) -> None:
    story = Told(tmp_path, "flash-crash")
    assert story.document["positions"] == []
    stops = [fill for fill in story.of(ev.OrderFilled) if fill.side == "SELL"]
    bought = [fill for fill in story.of(ev.OrderFilled) if fill.side == "BUY"]
    assert sorted(fill.last_qty for fill in stops) == sorted(fill.last_qty for fill in bought)
    assert {fill.last_px for fill in stops} == {Decimal("1.063")}, "the first price there was, far below the stop"
    for account in ("alder", "birch"):
        assert "ACCOUNT_ACTIVE" in story.failed("buy-the-dip", account)


def test_the_days_loss_counts_what_is_open(tmp_path: Path) -> None:
    story = Told(tmp_path, "daily-loss")
    first, second = story.plan("first")["alder"], story.plan("second")["alder"]
    assert first["verdict"] == second["verdict"] == "SEND"
    assert (first["sizing"], second["sizing"]) == ("risk per trade", "headroom to the daily loss limit")
    risks = [event.plan.assignments[0].risk for event in story.of(ev.PlanProposed)]
    assert Decimal(1900) < sum(risks) <= Decimal(2000), "what the first still risks counts once"
    assert "ACCOUNT_ACTIVE" in story.failed("third", "alder")
    lost = [event for event in story.of(ev.AccountStateChanged) if event.cause == "DAILY_LOSS"]
    assert len(lost) == 1
    closed = next(event for event in story.of(ev.PositionChanged) if event.realized < -1000)
    assert story.events.index(lost[0]) < story.events.index(closed), "the position was still open"


def test_two_signals_at_once_share_what_there_is(tmp_path: Path) -> None:
    story = Told(tmp_path, "two-signals")
    risks = [assignment.risk for event in story.of(ev.PlanProposed) for assignment in event.plan.assignments]
    assert len(risks) == 2
    assert Decimal(1490) < sum(risks) <= Decimal(1500)
    first_fill = story.events.index(story.of(ev.OrderFilled)[0])
    assert story.events.index(story.of(ev.PlanProposed)[1]) < first_fill, "nothing was filled when the second one came"


def test_a_stop_in_the_middle_of_a_plan_withdraws_the_rest_and_keeps_protection(tmp_path: Path) -> None:
    story = Told(tmp_path, "halt-mid-plan")
    (stopped,) = story.of(ev.TradingStopped)
    after = story.events[story.events.index(stopped) :]
    entered = [event for event in after if isinstance(event, ev.OrderCreated) and event.intent.role == "ENTRY"]
    assert entered == []
    withdrawn = story.of(ev.AssignmentWithdrawn)
    assert [event.account for event in withdrawn] == ["dogwood"]
    canceled = [event for event in after if isinstance(event, ev.CancelRequested)]
    leaving = next(event for event in after if isinstance(event, ev.PlanProposed) and event.plan.signal_id == "leave")
    assert all(after.index(event) > after.index(leaving) for event in canceled), "protection stood until the exit"
    assert story.document["positions"] == []


def test_a_plan_approved_too_late_is_not_sent(tmp_path: Path) -> None:
    story = Told(tmp_path, "late-approval")
    (refused,) = story.of(ev.CommandRefused)
    assert "APPROVAL_DRIFT" in "; ".join(refused.reasons)
    assert {fill.last_px for fill in story.of(ev.OrderFilled)} == {Decimal("1.08502")}
    assert all(not (account["result"] or {}).get("success") for account in story.plan("too-slow").values())


def test_opposite_positions_in_one_index_are_refused_across_accounts(tmp_path: Path) -> None:
    story = Told(tmp_path, "one-index")
    assert story.plan("trend-up")["big"]["verdict"] == "SEND"
    assert "FIRM_HEDGING" in story.failed("fade", "small")
    assert story.plan("trend-more")["small"]["verdict"] == "SEND"
    assert {row["symbol"]: row["qty"][0] for row in story.document["positions"]} == {"ES": "1", "MES": "2"}


def test_a_recovery_that_would_be_a_copy_is_refused(tmp_path: Path) -> None:
    story = Told(tmp_path, "copy-rule")
    (failed,) = story.of(ev.RecoveryFailed)
    assert "FIRM_COPY" in failed.reasons[0]
    assert story.of(ev.OrderFilled) == []
    assert {event.intent.account for event in story.of(ev.OrderCreated)} == {"first"}


def test_a_limit_lowered_below_what_is_held_sells_nothing_and_lets_nothing_in(tmp_path: Path) -> None:
    story = Told(tmp_path, "lowered-limit")
    changed = next(event for event in story.of(ev.LimitsChanged) if event.version == 2)
    left_out = story.plan("second")["alder"]
    assert left_out["verdict"] == "SKIP"
    assert story.plan("third")["alder"]["verdict"] == "SEND"
    sold = [event for event in story.of(ev.OrderCreated) if event.intent.role == "EXIT"]
    assert [event.intent.signal_id for event in sold] == ["lighten"]
    entered = [event for event in story.of(ev.OrderCreated) if event.intent.role == "ENTRY"]
    assert [event.limit_version for event in entered] == [1, 2]
    assert story.events.index(changed) > story.events.index(entered[0])


def test_each_accounts_day_ends_in_its_own_zone_while_the_clocks_differ(tmp_path: Path) -> None:
    story = Told(tmp_path, "clock-change")
    days = [(event.account, event.day) for event in story.of(ev.DayStarted)]
    assert days[-2:] == [("new-york", "2026-03-09"), ("prague", "2026-03-10")]
    at_ns = [
        record.now_ns
        for record in read_records(tmp_path / "story.journal")
        if any(isinstance(event, ev.DayStarted) for event in record.events)
    ]
    assert at_ns[-1] - at_ns[-2] == 2 * 3600 * 10**9


def test_what_nobody_heard_of_in_an_outage_is_asked_for_and_never_sent_twice(tmp_path: Path) -> None:
    story = Told(tmp_path, "venue-outage")
    unknown = {event.cl_ord_id for event in story.of(ev.OutcomeUnknown)}
    assert len(unknown) == 1
    assert story.of(ev.OrderResent) == []
    assert {event.cl_ord_id for event in story.of(ev.OutcomeResolved)} == unknown
    northern = [event for event in story.of(ev.OrderCreated) if event.intent.account == "alder"]
    assert [event.intent.role for event in northern] == ["ENTRY", "STOP", "ENTRY", "STOP"]
    fills = [event for event in story.of(ev.OrderFilled) if event.cl_ord_id in unknown]
    assert len(fills) == 1
    resolved = story.events.index(story.of(ev.OutcomeResolved)[0])
    asked = [event for event in story.events[:resolved] if isinstance(event, ev.QuestionAsked)]
    assert len(asked) > 1, "it was asked for until somebody answered"


def test_an_account_whose_venue_is_gone_gets_nothing_new_and_its_stop_works_all_the_same(tmp_path: Path) -> None:
    story = Told(tmp_path, "venue-outage")
    assert story.failed("more-euros", "alder")[0] == "ACCOUNT_ACTIVE"
    assert story.plan("more-euros")["birch"]["verdict"] == "SEND"
    held = {(position["account"], position["symbol"]) for position in story.document["positions"]}
    assert held == {("alder", "GBPUSD"), ("birch", "EURUSD"), ("birch", "GBPUSD")}
    stopped = [fill for fill in story.of(ev.OrderFilled) if fill.symbol == "EURUSD" and fill.side == "SELL"]
    assert {fill.last_px for fill in stopped} == {Decimal("1.0815")}
    assert len(stopped) == 2
    northern = [event.state for event in story.of(ev.AccountStateChanged) if event.account == "alder"]
    assert northern[-2:] == ["REDUCING", "ACTIVE"]


def test_nothing_is_sent_into_a_halt_and_its_end_finds_stops_at_the_venue(tmp_path: Path) -> None:
    story = Told(tmp_path, "trading-halt")
    began, ended = story.of(ev.TradingHaltSet)
    between = story.events[story.events.index(began) : story.events.index(ended)]
    assert not [event for event in between if isinstance(event, ev.OrderCreated | ev.OrderFilled)]
    denied = [event for event in between if isinstance(event, ev.OrderDenied)]
    assert {code for event in denied for code in event.reasons} == {
        "TRADING_HALTED: value=halted: news is pending, limit=not halted"
    }
    stops = [fill for fill in story.of(ev.OrderFilled) if fill.side == "SELL"]
    bought = [fill for fill in story.of(ev.OrderFilled) if fill.side == "BUY"]
    assert {fill.last_px for fill in stops} == {Decimal(90)}
    assert sorted(fill.last_qty for fill in stops) == sorted(fill.last_qty for fill in bought)
    assert story.document["positions"] == []


def test_a_limit_that_waited_through_a_halt_is_protected_though_the_market_is_past_its_stop(tmp_path: Path) -> None:
    story = Told(tmp_path, "trading-halt")
    waited = [fill for fill in story.of(ev.OrderFilled) if fill.last_px == Decimal("90.1")]
    assert len(waited) == 2
    last_stop = story.of(ev.OrderFilled)[-1]
    assert (last_stop.side, last_stop.last_px) == ("SELL", Decimal(90))
