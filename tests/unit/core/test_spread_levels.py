"""Stop and target of a spread as a whole are moved by a stop adjustment that names the spread."""

from typing import Any

import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import ApprovePlan, StopEngine, StopTrading
from coxswain.model.checks import Check
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.plan import Assignment
from coxswain.model.spread import SpreadLevel, SpreadLevels
from coxswain.model.vocabulary import Mode, Role, SignalId, SignalKind, Symbol, Verdict
from coxswain.views.explain import Explainer
from coxswain.views.summary import Summary
from tests.unit.core.desk import EURUSD_SPOT, SHARE, SHARES, A, B, D, Desk, S, account, only, setup
from tests.unit.core.test_legging import OTHER, OTHERS, SPREAD, desk, fill, is_at_rest, spread, these
from tests.unit.core.test_spread_stops import book_of, close_all, entered, money, net, shares_at


def _fields(level: SpreadLevel) -> tuple[tuple[str, Any], ...]:
    return ("net_price", level.net_price), ("money", level.money)


def move(made: Desk, name: str = "adj", **levels: Any) -> Assignment:
    """Send a stop adjustment of the spread and return what its plan has for account A."""
    levels.setdefault("spread", SPREAD)
    fields = {key: levels.pop(key) for key in tuple(levels) if not isinstance(levels[key], SpreadLevel)}
    given = {key: {what: px for what, px in _fields(at) if px is not None} for key, at in levels.items()}
    made.signal(SignalKind.STOP_ADJUSTMENT, Symbol(""), id=name, **fields, **given)
    proposed = made.events(ev.PlanProposed)[-1].plan
    return next(each for each in proposed.assignments if each.account == A)


def failed(assignment: Assignment) -> list[str]:
    return [check.code for check in assignment.checks if not check.passed]


def denied(made: Desk) -> list[str]:
    return [why.split(":")[0] for each in made.events(ev.SignalDenied) for why in each.reasons]


# --- moving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bid", "reached"), [("99.54", True), ("99.55", False)], ids=["at", "just over"])
def test_a_stop_that_was_moved_nearer_is_reached_where_it_stands_now(bid: str, reached: bool) -> None:
    """Selling SHARE at its bid and buying two OTHER at 50.02: 99.54 - 100.04 is a net price of -0.50."""
    made = desk()
    entered(made, net("-1.00"))
    assert move(made, spread_stop=net("-0.50")).verdict is Verdict.SEND
    moved = only(made.events(ev.SpreadLevelsMoved))
    assert these(moved.signal_id, moved.moved_by, moved.levels, moved.former) == (
        SPREAD, "adj", SpreadLevels(net("-0.50")), SpreadLevels(net("-1.00")),
    )  # fmt: skip
    shares_at(made, bid, "105.00")
    assert [each.level for each in made.events(ev.SpreadLevelReached)] == [net("-0.50")] * reached
    if reached:
        close_all(made)
        made.wait(120 * S)
        is_at_rest(made)


def test_a_stop_that_was_moved_away_is_no_longer_reached_where_it_was() -> None:
    made = desk()
    entered(made, net("-1.00"))
    move(made, spread_stop=net("-2.00"))
    shares_at(made, "99.00")
    assert not made.events(ev.SpreadLevelSeen)
    shares_at(made, "98.04")
    assert only(made.events(ev.SpreadLevelReached)).level == net("-2.00")


def test_what_a_move_does_not_name_stays_where_it_is() -> None:
    made = desk()
    entered(made, net("-1.00"), net("1.00"))
    move(made, "one", spread_target=net("2.00"))
    move(made, "two", spread_stop=money("3"))
    assert made.account().spreads[SPREAD].moved == SpreadLevels(money("3"), net("2.00"))
    shares_at(made, "101.04")
    assert not made.events(ev.SpreadLevelSeen)
    shares_at(made, "102.04")
    assert only(made.events(ev.SpreadLevelReached)).role is Role.TARGET


def test_a_spread_that_had_no_stop_gets_one_and_is_watched_from_then_on() -> None:
    made = desk()
    entered(made)
    move(made, spread_stop=net("-1.00"))
    assert [row.spread_stops for row in book_of(made).open_positions()] == [["sp at a net price of -1.00"]] * 2
    made.wait(61 * S)
    assert made.events(ev.SpreadWatchChanged)[-1].urgent
    made.quote(OTHER, "50.00", "50.02")
    shares_at(made, "99.00")
    assert only(made.events(ev.SpreadLevelReached)).units == 10


def test_a_level_that_seemed_reached_is_judged_where_it_was_moved_to() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.quote(SHARE, "98.90", "98.92")
    assert made.events(ev.SpreadLevelSeen)
    made.signal(SignalKind.STOP_ADJUSTMENT, Symbol(""), id="adj", spread=SPREAD, spread_stop={"net_price": D("-3.00")})
    assert these(len(made.events(ev.SpreadLevelMissed)), len(made.events(ev.SpreadLevelReached))) == (1, 0)


def test_each_account_has_its_own_levels_and_only_those_that_are_named_are_moved() -> None:
    both = (account(name, max_order_value=10_000_000, max_open_positions=9) for name in (A, B))
    made = Desk(setup(*both, instruments=(SHARES, EURUSD_SPOT, OTHERS)))
    made.quote(OTHER, "50.00", "50.02")
    spread(made, 20, spread_stop={"net_price": D("-1.00")})
    for symbol, px in ((SHARE, "100.02"), (OTHER, "50.00")):
        for order in [each for each in made.account(A).orders.values() if each.intent.symbol == symbol]:
            made.fill(order.cl_ord_id, 10 if symbol == SHARE else 20, px)
        for order in [each for each in made.account(B).orders.values() if each.intent.symbol == symbol]:
            made.fill(order.cl_ord_id, 10 if symbol == SHARE else 20, px)
    made.wait(0)
    move(made, spread_stop=net("-3.00"), accounts=(A,))
    assert [each.account for each in made.events(ev.SpreadLevelsMoved)] == [A]
    shares_at(made, "99.00")
    assert [each.account for each in made.events(ev.SpreadLevelReached)] == [B]
    stops = {(row.account, *row.spread_stops) for row in book_of(made).open_positions() if row.symbol == SHARE}
    assert stops == {(A, "sp at a net price of -3.00"), (B, "sp at a net price of -1.00")}


def test_levels_stay_moved_over_a_restart_and_are_told_at_a_clean_end() -> None:
    made = desk()
    entered(made)
    move(made, spread_stop=net("-1.00"))
    assert made.folded().engine.digest() == made.engine.digest()
    again = made.restarted()
    again.books(A)
    again.quote(OTHER, "50.00", "50.02")
    shares_at(again, "99.00")
    assert only(again.events(ev.SpreadLevelReached)).level == net("-1.00")
    made.step(StopEngine("enough"))
    assert any("the stop or target of spread sp" in line for line in made.events(ev.EngineStopped)[-1].held)


def test_a_person_is_asked_where_the_mode_says_so_and_the_market_is_looked_at_again() -> None:
    made = desk(mode=Mode.MANUAL)
    spread(made, 10, spread_stop={"net_price": D("-1.00")})
    made.step(ApprovePlan((SPREAD,), "ann", "so it is"))
    made.wait(0)
    fill(made)
    fill(made, px="50.00")
    made.wait(0)
    move(made, spread_stop=net("-0.50"))
    assert not made.events(ev.SpreadLevelsMoved)
    made.quote(SHARE, "99.50", "99.52")
    made.step(ApprovePlan((SignalId("adj"),), "ann", "so it is"))
    assert not made.events(ev.SpreadLevelsMoved)
    (left_out,) = made.events(ev.PlanRejected)[-1].assignments
    assert failed(left_out) == ["STOP_ON_WRONG_SIDE"]


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ({"spread_stop": net("-0.04")}, "STOP_ON_WRONG_SIDE"),
        ({"spread_stop": net("-0.05")}, ""),
        ({"spread_target": net("-0.04")}, "TARGET_ON_WRONG_SIDE"),
        ({"spread_target": net("-0.03")}, ""),
        ({"spread_stop": money("0.06")}, "STOP_ON_WRONG_SIDE"),
        ({"spread_stop": money("0.07")}, ""),
    ],
)
def test_a_stop_stays_behind_the_market_and_a_target_ahead_of_it(levels: dict[str, Any], code: str) -> None:
    """Closing now brings 100.00 - 2 * 50.02 a unit, a net price of -0.04, and loses 0.06 of what was paid."""
    made = desk()
    entered(made, net("-1.00"))
    assert failed(move(made, **levels)) == ([code] if code else [])
    assert len(made.events(ev.SpreadLevelsMoved)) == (0 if code else 1)


def test_a_target_in_money_is_ahead_of_what_a_unit_wins_now() -> None:
    made = desk()
    entered(made, net("-1.00"))
    shares_at(made, "101.06")
    assert failed(move(made, "one", spread_target=money("1"))) == ["TARGET_ON_WRONG_SIDE"]
    assert failed(move(made, "two", spread_target=money("1.01"))) == []


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(ScopeKind.INSTRUMENT, OTHER)], ids=["everything", "a leg"])
@pytest.mark.parametrize(("level", "moves"), [(StopLevel.PAUSE, True), (StopLevel.FREEZE, False)])
def test_nothing_is_moved_where_nothing_could_leave(scope: Scope, level: StopLevel, moves: bool) -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(StopTrading(level, scope, "lunch", "ann"))
    assert failed(move(made, spread_stop=net("-0.50"))) == ([] if moves else ["TRADING_STATE"])


def test_nothing_is_moved_without_a_fresh_quote_of_every_leg() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.wait(61 * S)
    made.quote(SHARE, "100.00", "100.02")
    assignment = move(made, spread_stop=net("-0.50"))
    blind: Check = only([check for check in assignment.checks if not check.passed])
    assert these(blind.code, "the last quote of OTHER is 61 s old" in blind.found) == ("SPREAD_WATCHED", True)


def test_a_spread_that_is_left_already_or_not_held_is_not_moved() -> None:
    made = desk()
    spread(made, 10, spread_stop={"net_price": D("-1.00")})
    assert failed(move(made, "early", spread_stop=net("-0.50"))) == ["SPREAD_HELD"]
    fill(made)
    fill(made, px="50.00")
    made.wait(0)
    made.signal(SignalKind.EXIT, Symbol(""), id="out", spread=SPREAD)
    assert failed(move(made, "late", spread_stop=net("-0.50"))) == ["NO_EXIT_UNDER_WAY"]
    close_all(made)
    assert failed(move(made, "after", spread_stop=net("-0.50"))) == ["SPREAD_HELD"]
    assert not made.events(ev.SpreadLevelsMoved)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"spread": SignalId("nothing"), "spread_stop": net("-0.50")}, "SPREAD_UNKNOWN"),
        ({"spread": SignalId("single"), "spread_stop": net("-0.50")}, "SPREAD_UNKNOWN"),
        ({}, "SPREAD_LEVEL"),
        ({"spread_stop": SpreadLevel(D(1), D(1))}, "SPREAD_LEVEL"),
        ({"spread_stop": money("-1")}, "SPREAD_LEVEL"),
        ({"spread_stop": net("-0.50"), "stop_loss": "99.00"}, "SPREAD_MOVED_WHOLE"),
    ],
)
def test_what_can_never_be_moved_is_denied(fields: dict[str, Any], code: str) -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.signal(quantity=1, stop_loss="95.00", id="single", symbol=SHARE)
    move(made, **fields)
    assert denied(made) == [code]
    assert not made.events(ev.SpreadLevelsMoved)


def test_a_level_of_a_spread_without_the_spread_is_denied() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.adjust(SHARE, stop_loss="95.00", spread_stop={"net_price": D("-0.50")})
    assert denied(made) == ["SPREAD_MISSING"]


# --- what is told of it -----------------------------------------------------------------------------------------------


def test_the_story_of_the_spread_tells_of_the_move_and_the_move_has_a_result() -> None:
    made = desk()
    entered(made, net("-1.00"))
    move(made, spread_stop=net("-0.50"), reason="half of it is won")
    explainer, summary = Explainer(), Summary()
    for record in made.records:
        explainer.apply(record)
        summary.apply(record)
    result = summary.plans.row(SignalId("adj")).accounts[0].result
    assert result is not None
    assert result.success
    for name in (SPREAD, SignalId("adj")):
        explanation = explainer.explain(name)
        assert explanation is not None
        words = " ".join(line.text for line in explanation.timeline)
        assert "signal adj accepted: stop_adjustment of sp; stop at a net price of -0.50: half of it is won" in words
    told = explainer.explain(SPREAD)
    assert told is not None
    words = " ".join(line.text for line in told.timeline)
    assert (
        "the levels of sp on A are moved by adj; stop at a net price of -0.50 (before; stop at a net price of -1.00)"
        in words
    )
