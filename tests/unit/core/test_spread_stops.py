"""Stops and targets of spreads as a whole: watched by the engine at the side that closing would trade at."""

from decimal import Decimal
from typing import Any

import pytest

from coxswain.messages.events import (
    EngineStopped,
    ExitStarted,
    PlanProposed,
    SignalDenied,
    SpreadEnded,
    SpreadLeaving,
    SpreadLevelMissed,
    SpreadLevelReached,
    SpreadLevelSeen,
    SpreadWatchChanged,
)
from coxswain.messages.inputs import (
    ResumeTrading,
    SessionChanged,
    SetMode,
    StopEngine,
    StopTrading,
    SubmitSignal,
)
from coxswain.messages.requests import NewOrder
from coxswain.model.control import EVERYTHING, StopLevel
from coxswain.model.market import Instrument, Quote
from coxswain.model.signal import Signal
from coxswain.model.spread import SpreadLevel
from coxswain.model.vocabulary import Mode, Role, SignalId, SignalKind, Symbol, Verdict
from coxswain.views.alerts import Alerts, Kind
from coxswain.views.blotter import Blotter
from coxswain.views.explain import Explainer
from coxswain.views.positions import Book, ProtectedBy, Protection
from tests.unit.core.desk import BUY, EURUSD_SPOT, SELL, SHARE, SHARES, A, B, D, Desk, S, account, only, setup
from tests.unit.core.test_legging import OTHER, OTHERS, SPREAD, desk, fill, is_at_rest, leg, sent, spread, these

ENTERED_AT = D("100.02") - 2 * D("50.00")
"""The net price of a unit of one SHARE against two OTHER: 0.02."""


def net(price: str) -> SpreadLevel:
    return SpreadLevel(net_price=D(price))


def money(amount: str) -> SpreadLevel:
    return SpreadLevel(money=D(amount))


def entered(made: Desk, stop: SpreadLevel | None = None, target: SpreadLevel | None = None, units: int = 10) -> None:
    """Buy SHARE at 100.02 and sell twice as much of OTHER at 50.00."""
    spread(made, units, spread_stop=_given(stop), spread_target=_given(target))
    fill(made)
    fill(made, px="50.00")
    made.wait(0)
    assert made.events(SpreadEnded)


def _given(level: SpreadLevel | None) -> dict[str, Decimal] | None:
    if level is None:
        return None
    return {"net_price": level.net_price} if level.money is None else {"money": level.money}  # type: ignore[dict-item]


def shares_at(made: Desk, bid: str, ask: str | None = None) -> None:
    made.quote(SHARE, bid, ask or bid)
    made.wait(0)


def close_all(made: Desk) -> None:
    fill(made, px="99.00")
    fill(made, px="50.02")
    made.wait(0)


def told(made: Desk) -> Any:
    alerts = Alerts(0)
    return [alert for record in made.records for alert in alerts.apply(record)]


def book_of(made: Desk) -> Book:
    blotter = Blotter()
    book = Book(blotter)
    for record in made.records:
        blotter.apply(record)
        book.apply(record)
    return book


# --- reaching it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bid", "reached"), [("99.04", True), ("99.05", False), ("99.03", True)], ids=["at", "just over", "under"]
)
def test_a_net_price_is_looked_at_where_closing_would_trade(bid: str, reached: bool) -> None:
    """Selling SHARE at its bid and buying two OTHER at 50.02: 99.04 - 100.04 is a net price of -1."""
    made = desk()
    entered(made, net("-1.00"))
    shares_at(made, bid, "105.00")
    assert bool(made.events(SpreadLevelReached)) is reached
    assert (sent(made)[2:] == [(SHARE, SELL, 10)]) is reached


@pytest.mark.parametrize(("bid", "reached"), [("99.06", True), ("99.07", False)], ids=["at", "just under"])
def test_money_is_counted_from_what_the_legs_filled_at(bid: str, reached: bool) -> None:
    """A unit loses 0.96 on the share, bought at 100.02, and 0.04 on two others, sold at 50.00."""
    made = desk()
    entered(made, money("1"))
    shares_at(made, bid, "105.00")
    assert bool(made.events(SpreadLevelReached)) is reached


def test_money_is_converted_at_the_adverse_side() -> None:
    made = Desk(
        setup(
            account(A, "EUR", max_order_value=10_000_000, max_open_positions=9),
            instruments=(SHARES, EURUSD_SPOT, OTHERS),
        )
    )
    made.quote(OTHER, "50.00", "50.02")
    entered(made, money("1"))
    shares_at(made, "98.98")
    assert not made.events(SpreadLevelSeen), "1.08 dollars are less than an euro at 1.085"
    shares_at(made, "98.97")
    assert only(made.events(SpreadLevelReached)).at < -1


@pytest.mark.parametrize(("level", "bid", "reached"), [(net("1"), "101.04", True), (net("1"), "101.03", False)])
def test_a_target_is_reached_from_below(level: SpreadLevel, bid: str, reached: bool) -> None:
    made = desk()
    entered(made, target=level)
    shares_at(made, bid)
    assert [each.role for each in made.events(SpreadLevelReached)] == [Role.TARGET] * reached


def test_a_target_in_money_is_what_a_unit_wins() -> None:
    made = desk()
    entered(made, target=money("1"))
    shares_at(made, "101.05")
    assert not made.events(SpreadLevelReached)
    shares_at(made, "101.06")
    assert only(made.events(SpreadLevelReached)).at == 1


def test_what_is_reached_is_left_leg_by_leg_and_told_as_one_thing() -> None:
    made = desk()
    entered(made, net("-1.00"))
    shares_at(made, "99.00")
    reached, leaving = only(made.events(SpreadLevelReached)), only(made.events(SpreadLeaving))
    assert these(reached.level, reached.at, reached.units) == (net("-1.00"), D("-1.04"), 10)
    assert these(leaving.exit_id, leaving.units, leaving.keep) == (SPREAD, 10, 0)
    close_all(made)
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)
    assert made.events(SpreadEnded)[-1].reason == "left: its stop at a net price of -1.00 was reached, at -1.04"
    explainer = Explainer()
    for record in made.records:
        explainer.apply(record)
    explanation = explainer.explain(SPREAD)
    assert explanation is not None
    words = " ".join(line.text for line in explanation.timeline)
    assert "stop at a net price of -1.00 of the spread on A is reached, at -1.04" in words
    assert len(explanation.orders) == 4
    made.wait(120 * S)
    is_at_rest(made)


def test_nothing_is_left_where_a_later_quote_of_another_leg_takes_it_back() -> None:
    """The core sees a quote of each instrument at most once an interval, and not all at once."""
    made = desk()
    entered(made, net("-1.00"))
    made.quote(SHARE, "98.00", "98.02")
    made.quote(OTHER, "49.00", "49.02")
    made.wait(0)
    assert these(len(made.events(SpreadLevelSeen)), len(made.events(SpreadLevelMissed))) == (1, 1)
    assert len(sent(made)) == 2
    assert set(made.engine.instruments_of(SubmitSignal(_exit(made)), made.now_ns)) >= {SHARE, OTHER}


def _exit(made: Desk) -> Signal:
    return Signal(SignalId("x"), SignalKind.EXIT, Symbol(""), made.now_ns, 300, spread=SPREAD)


def test_a_stop_of_units_that_stay_after_a_part_was_left_still_counts() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.signal(SignalKind.EXIT, Symbol(""), id="part", spread=SPREAD, quantity=4)
    fill(made, px="100.00")
    fill(made, px="50.02")
    shares_at(made, "99.00")
    assert only(made.events(SpreadLevelReached)).units == 6
    assert sent(made)[4:] == [(SHARE, SELL, 6)]


def test_a_stop_that_is_reached_while_a_part_is_left_takes_all_of_it() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.signal(SignalKind.EXIT, Symbol(""), id="part", spread=SPREAD, quantity=4)
    shares_at(made, "99.00")
    assert [each.keep for each in made.events(SpreadLeaving)] == [6, 0]
    fill(made, px="99.00")
    fill(made, px="50.02")
    assert sent(made)[-1] == (SHARE, SELL, 6)
    close_all(made)
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)
    is_at_rest(made)


def test_whole_units_are_stopped_while_more_of_them_still_enter() -> None:
    made = desk()
    legs = (leg(SHARE, BUY, limit_price="100.01"), leg(OTHER, SELL, 2))
    spread(made, 10, *legs, spread_stop={"net_price": D("-1.00")})
    lead = made.sent()
    made.accept(lead)
    made.fill(lead, 4, "100.01")
    fill(made, px="50.00")
    shares_at(made, "99.00")
    assert made.order(lead).cancel_wanted
    made.cancel(lead)
    assert sent(made)[-1] == (SHARE, SELL, 4)
    close_all(made)
    assert made.position().qty == 0


def test_only_accounts_that_hold_the_legs_are_looked_at() -> None:
    both = (account(name, max_order_value=10_000_000, max_open_positions=9) for name in (A, B))
    made = Desk(setup(*both, instruments=(SHARES, EURUSD_SPOT, OTHERS)))
    made.quote(OTHER, "50.00", "50.02")
    spread(made, 10, accounts=(A,), spread_stop={"net_price": D("-1.00")})
    fill(made)
    fill(made, px="50.00")
    shares_at(made, "99.00")
    assert [each.account for each in made.events(SpreadLeaving)] == [A]


def test_a_level_that_came_to_nothing_is_looked_at_again_after_a_while() -> None:
    made = desk()
    entered(made, net("-1.00"))
    shares_at(made, "99.00")
    while len(made.events(SpreadEnded)) == 1:
        if made.order(made.sent()).ended_as is None:
            made.reject(made.sent())
        made.wait(1 * S)
        made.quote(OTHER, "50.00", "50.02")
        shares_at(made, "99.00")
    count = len(made.events(SpreadLeaving))
    assert these(count, made.position().qty) == (1, 10)
    made.wait(61 * S)
    made.quote(OTHER, "50.00", "50.02")
    shares_at(made, "99.00")
    assert len(made.events(SpreadLeaving)) == 2


# --- not seeing -------------------------------------------------------------------------------------------------------


def test_a_stale_quote_of_a_leg_never_leaves_and_tells_somebody() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.wait(30 * S)
    made.quote(SHARE, "100.00", "100.02")
    made.wait(30 * S)
    assert not [alert for alert in told(made) if alert.kind is Kind.UNPROTECTED], "sixty seconds are not too old yet"
    made.wait(1 * S)
    change = made.events(SpreadWatchChanged)[-1]
    assert these(change.watched, change.urgent) == (False, True)
    assert "the last quote of OTHER is 60" in change.reason
    assert "cannot be watched" in only([alert for alert in told(made) if alert.kind is Kind.UNPROTECTED]).text
    shares_at(made, "90.00")
    assert len(sent(made)) == 2
    made.wait(600 * S)
    assert len([alert for alert in told(made) if alert.kind is Kind.UNPROTECTED]) == 1


def test_it_is_watched_again_as_soon_as_every_leg_has_a_quote() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.wait(100 * S)
    shares_at(made, "99.00")
    assert len(sent(made)) == 2
    made.quote(OTHER, "50.00", "50.02")
    made.wait(0)
    assert made.events(SpreadWatchChanged)[-1].watched
    assert sent(made)[2:] == [(SHARE, SELL, 10)]


def test_a_crossed_quote_of_a_leg_never_leaves() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.quote(OTHER, "60.00", "50.00")
    shares_at(made, "90.00")
    assert not made.events(SpreadLevelSeen)


def test_a_closed_session_is_no_alert_and_quotes_are_asked_for_again_when_it_opens() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(SessionChanged((OTHER,), False))
    made.wait(3600 * S)
    assert "the session of OTHER is closed" in made.events(SpreadWatchChanged)[-1].reason
    assert not [alert for alert in told(made) if alert.kind is Kind.UNPROTECTED]
    made.step(SessionChanged((OTHER,), True))
    made.wait(61 * S)
    assert [alert.kind for alert in told(made)].count(Kind.UNPROTECTED) == 1


def test_a_spread_that_lost_a_leg_is_watched_no_more_and_somebody_is_told() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.exit(SHARE)
    fill(made, px="100.00")
    made.quote(OTHER, "50.00", "50.02")
    made.wait(0)
    change = made.events(SpreadWatchChanged)[-1]
    assert these(change.watched, change.urgent) == (False, True)
    assert "no whole unit together" in change.reason
    made.quote(OTHER, "80.00", "80.02")
    made.wait(0)
    assert len(sent(made)) == 3


# --- while trading is stopped -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [StopLevel.PAUSE, StopLevel.HALT])
def test_where_nothing_new_is_let_in_a_spread_still_leaves_at_its_stop(level: StopLevel) -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(StopTrading(level, EVERYTHING, "stand still", "ann"))
    shares_at(made, "99.00")
    close_all(made)
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)


def test_where_the_mode_only_reduces_a_spread_still_leaves_at_its_stop() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(SetMode(Mode.EMERGENCY, EVERYTHING, "a fault", "ann"))
    shares_at(made, "99.00")
    close_all(made)
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)


def test_under_a_freeze_a_stop_that_is_reached_waits_for_the_release() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(StopTrading(StopLevel.FREEZE, EVERYTHING, "stand still", "ann"))
    shares_at(made, "99.00")
    made.wait(61 * S)
    assert len(sent(made)) == 2
    made.step(ResumeTrading(EVERYTHING, "go on", "ann"))
    made.quote(OTHER, "50.00", "50.02")
    shares_at(made, "99.00")
    close_all(made)
    assert these(made.position().qty, made.position(OTHER).qty) == (0, 0)


def test_a_flatten_of_a_spread_is_no_spread_that_lost_a_leg() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(StopTrading(StopLevel.FLATTEN, EVERYTHING, "enough", "ann"))
    made.quote(SHARE, "99.00", "99.02")
    made.wait(61 * S)
    assert not [alert for alert in told(made) if alert.kind is Kind.UNPROTECTED]
    assert len(sent(made)) == 4


# --- being there ------------------------------------------------------------------------------------------------------


def test_it_survives_a_restart() -> None:
    made = desk()
    entered(made, net("-1.00"))
    again = made.restarted()
    again.books()
    again.quote(OTHER, "50.00", "50.02")
    shares_at(again, "99.00")
    assert again.requests(NewOrder)[-1].symbol == SHARE
    close_all(again)
    assert these(again.position().qty, again.position(OTHER).qty) == (0, 0)
    assert again.folded().engine.digest() == again.engine.digest()


def test_a_level_that_was_seen_before_a_restart_is_judged_after_it() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.quote(SHARE, "99.00", "99.02")
    again = made.folded()
    again.wait(0)
    assert only(again.events(SpreadLevelReached)).at == D("-1.04")


def test_it_is_shown_as_held_by_the_engine_and_not_as_more_than_the_spreads_own_lots() -> None:
    made = desk()
    entered(made, net("-1.00"))
    rows = {row.symbol: row for row in book_of(made).open_positions()}
    assert {row.protection for row in rows.values()} == {Protection.ENGINE}
    assert rows[SHARE].told_protection == "ENGINE, the stop of spread sp at a net price of -1.00"
    assert rows[SHARE].protected_by is ProtectedBy.ENGINE
    made.signal(quantity=5)
    made.fill(made.sent(), 5)
    rows = {row.symbol: row for row in book_of(made).open_positions()}
    assert these(rows[SHARE].protection, rows[OTHER].protection) == (Protection.NONE, Protection.ENGINE)
    made.wait(120 * S)
    assert {row.protection for row in book_of(made).open_positions()} == {Protection.NONE}, "nobody sees quotes"


def test_a_target_alone_protects_nothing() -> None:
    made = desk()
    entered(made, target=net("1"))
    assert {row.protection for row in book_of(made).open_positions()} == {Protection.NONE}


def test_what_ends_with_the_engine_names_it() -> None:
    made = desk()
    entered(made, net("-1.00"))
    made.step(StopEngine("enough"))
    held = only(made.events(EngineStopped)).held
    assert any("spread sp as a whole" in each for each in held)


def test_nothing_waits_for_a_spread_that_is_only_watched() -> None:
    made = desk()
    entered(made, net("-1.00"))
    assert not made.engine.is_waiting()
    made.signal(SignalKind.EXIT, Symbol(""), id="out", spread=SPREAD)
    fill(made, px="100.00")
    fill(made, px="50.02")
    made.wait(61 * S)
    assert made.events(SpreadWatchChanged)[-1].reason == "nothing of it is held"
    assert not [name for name in made.engine.state.deadlines if name.startswith("spread_")]
    assert len(made.events(ExitStarted)) == 2


# --- planning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "target", "code"),
    [
        (net("-0.04"), None, "STOP_ON_WRONG_SIDE"),
        (money("0.06"), None, "STOP_ON_WRONG_SIDE"),
        (None, net("0.02"), "TARGET_ON_WRONG_SIDE"),
    ],
)
def test_a_level_that_would_be_reached_at_once_keeps_everybody_out(
    stop: SpreadLevel | None, target: SpreadLevel | None, code: str
) -> None:
    made = desk()
    spread(made, 10, spread_stop=_given(stop), spread_target=_given(target))
    share = made.events(PlanProposed)[0].plan.assignments[0]
    assert [check.code for check in share.checks if not check.passed] == [code]


@pytest.mark.parametrize(("stop", "target"), [(net("-0.05"), None), (money("0.061"), None), (None, net("0.021"))])
def test_a_level_just_beyond_lets_everybody_in(stop: SpreadLevel | None, target: SpreadLevel | None) -> None:
    made = desk()
    spread(made, 10, spread_stop=_given(stop), spread_target=_given(target))
    assert made.events(PlanProposed)[0].plan.assignments[0].verdict is Verdict.SEND


def test_a_net_price_over_two_currencies_is_denied() -> None:
    euro = Instrument(Symbol("EURO"), "EUR", tick=D("0.01"), lot_step=D(1), min_qty=D(1), margin_rate=D("0.5"))
    made = Desk(
        setup(account(A, max_order_value=10_000_000, max_open_positions=9), instruments=(SHARES, EURUSD_SPOT, euro))
    )
    made.step(Quote(euro.symbol, D("50.00"), D("50.02"), made.now_ns))
    spread(made, 1, leg(SHARE, BUY), leg(euro.symbol, SELL), spread_stop={"net_price": D(1)})
    assert "currencies=EUR USD" in " ".join(only(made.events(SignalDenied)).reasons)


def test_a_level_without_legs_or_of_both_kinds_is_denied() -> None:
    made = desk()
    spread(made, 1, spread_stop={"net_price": D(1), "money": D(1)})
    assert "SPREAD_LEVEL" in " ".join(only(made.events(SignalDenied)).reasons)
