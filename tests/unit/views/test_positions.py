"""Positions and accounts: marked at the closing side, converted at the adverse side, covered or not."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from coxswain.messages import events as ev
from coxswain.model.vocabulary import AccountId, ClOrdId, Symbol, TradingState
from coxswain.views.blotter import Blotter
from coxswain.views.positions import AccountRow, Book, PositionRow
from tests.unit.views.records import (
    EURUSD,
    IBM,
    MS,
    SAP,
    STOP,
    T0_NS,
    A,
    B,
    Script,
    accepted,
    canceled,
    change_asked,
    changed,
    created,
    filled,
    intent,
    levels,
    position,
    rejected,
    unknown,
)


def book_of(script: Script) -> Book:
    blotter = Blotter()
    book = Book(blotter)
    script.shown_to(blotter, book)
    return book


def held(script: Script) -> PositionRow:
    (row,) = book_of(script).open_positions()
    return row


def account(script: Script, name: AccountId = A) -> AccountRow:
    return next(row for row in book_of(script).all_accounts() if row.account == name)


@pytest.mark.parametrize(
    ("qty", "px", "symbol", "name", "expected"),
    [
        pytest.param("1", "1.1", EURUSD, A, "15000", id="a long at the bid"),
        pytest.param("-1", "1.1", EURUSD, A, "-18000", id="a short at the ask"),
        pytest.param("10", "200", IBM, A, None, id="nothing was quoted"),
        pytest.param("1", "1.1", EURUSD, B, "11718.75", id="a gain in another currency, at the ask of the pair"),
        pytest.param("-1", "1.1", EURUSD, B, "-14400", id="a loss in another currency, at its bid"),
    ],
)
def test_open_profit_of(qty: str, px: str, symbol: Symbol, name: AccountId, expected: str | None) -> None:
    script = Script().step(position(qty, px, symbol=symbol, account=name)).quote("1.25", "1.28")
    row = held(script)
    assert row.unrealized_pnl == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("px", "expected"),
    [pytest.param("200", "110", id="a gain at the bid"), pytest.param("220", "-120", id="a loss at the ask")],
)
def test_a_profit_in_the_base_of_a_pair_is_converted_with_it(px: str, expected: str) -> None:
    script = Script().step(position("10", px, symbol=SAP)).quote("210", "211", SAP)
    assert held(script).unrealized_pnl is None  # no rate is known yet
    assert held(script.quote("1.1", "1.2")).unrealized_pnl == Decimal(expected)


def test_a_later_quote_marks_anew() -> None:
    script = Script().step(position("1", "1.1")).quote("1.1009", "1.1011").quote("1.0999", "1.1001")
    assert held(script).unrealized_pnl == Decimal(-10)


def test_realised_profit_and_commission_add_up_over_the_journal() -> None:
    script = Script().step(position("1", "1.1", commission="2"))
    script.step(position("0", "0", realized="30", commission="2", closed=True)).step(
        position("1", "1.2", commission="1")
    )
    row = held(script)
    assert (row.realized_pnl, row.commission) == (Decimal(30), Decimal(5))


def test_a_closed_position_is_not_listed_and_reopens_afresh() -> None:
    script = Script().step(position("1", "1.1"), levels("1.05", "1.2")).step(position("0", "0", closed=True))
    assert book_of(script).open_positions() == []
    row = held(script.step(position("-1", "1.1")))
    assert (row.stop_px, row.target_px, row.opened_ns) == (None, None, T0_NS + 3 * MS)


def test_positions_stand_in_the_order_of_the_accounts_and_name_their_currency() -> None:
    script = Script().step(position("1", "1.1", account=B)).step(position("2", "1.1"))
    assert [(row.account, row.currency) for row in book_of(script).open_positions()] == [("a", "USD"), ("b", "EUR")]


def test_a_position_that_turns_over_is_a_new_one() -> None:
    script = Script().step(position("1", "1.1"), levels("1.05")).step(position("-1", "1.1", closed=True))
    row = held(script)
    assert (row.qty, row.stop_px, row.opened_ns) == (Decimal(-1), None, T0_NS + 2 * MS)


def test_a_position_that_grows_keeps_its_age_and_its_levels() -> None:
    row = held(Script().step(position("1", "1.1"), levels("1.05", "1.2")).step(position("2", "1.1")))
    assert (row.stop_px, row.target_px, row.opened_ns) == (Decimal("1.05"), Decimal("1.2"), T0_NS + MS)


@pytest.mark.parametrize(
    ("events", "protection"),
    [
        pytest.param([], "NONE", id="without a stop"),
        pytest.param([created("s", STOP)], "NONE", id="whose stop is not acknowledged"),
        pytest.param([created("s", STOP), accepted("s")], "venue", id="whose stop works"),
        pytest.param([created("s", STOP), accepted("s"), canceled("s")], "NONE", id="whose stop was cancelled"),
        pytest.param([created("s", STOP), accepted("s"), unknown("s")], "NONE", id="whose stop nobody has seen since"),
        pytest.param([created("s", STOP), accepted("s"), position("2", "1.1")], "NONE", id="larger than its stop"),
        pytest.param(
            [created("s", STOP), accepted("s"), position("2", "1.1"), change_asked("s", "t", "2", "1.05")],
            "NONE",
            id="whose stop was only asked to grow",
        ),
        pytest.param(
            [
                created("s", STOP),
                accepted("s"),
                position("2", "1.1"),
                change_asked("s", "t", "2", "1.05"),
                changed("s", "t", "2"),
            ],
            "venue",
            id="whose stop grew with it",
        ),
        pytest.param(
            [created("s", STOP), accepted("s"), canceled("s"), created("s2", STOP), accepted("s2")],
            "venue",
            id="whose second stop works",
        ),
    ],
)
def test_protection_of_a_position(events: Sequence[ev.Event], protection: str) -> None:
    script = Script().step(position("1", "1.1"))
    for event in events:
        script.step(event)
    assert held(script).protection == protection
    assert held(script).protected_by == {"venue": "BROKER", "engine": "ENGINE", "NONE": "NONE"}[protection]
    assert account(script).unprotected_positions == (protection == "NONE")


def test_a_stop_that_was_not_moved_tells_both_prices() -> None:
    script = Script().step(position("1", "1.1"), levels("1.05"), created("s", STOP), accepted("s"))
    assert held(script).told_protection == "BROKER, its stop is at 1.05"
    refused = ev.ReplaceRefused(A, ClOrdId("s"), "no")
    row = held(script.step(levels("1.07"), change_asked("s", "t", "1", "1.07")).step(refused))
    assert (row.stop_px, row.stop_stands_at, row.is_elsewhere) == (Decimal("1.07"), Decimal("1.05"), True)
    assert row.told_protection == "BROKER, its stop is at 1.05, wanted at 1.07"


def test_a_position_whose_stop_was_refused_tells_where_it_is_wanted() -> None:
    row = held(Script().step(position("1", "1.1"), levels("1.05"), created("s", STOP)).step(rejected("s", "no")))
    assert (row.told_protection, row.stop_stands_at) == ("NONE, its stop is wanted at 1.05", None)


def test_an_account_starts_with_what_the_venue_says() -> None:
    script = Script()
    assert account(script).balance is None
    script.step(ev.BalanceAdopted(A, Decimal(10_000)))
    assert account(script).balance == account(script).equity == 10_000


def test_equity_margin_and_drawdown_follow_the_market() -> None:
    script = Script().step(ev.BalanceAdopted(A, Decimal(10_000)))
    script.step(ev.DayStarted(A, "2026-01-05", Decimal(10_000), Decimal(10_000), Decimal(10_000)))
    script.step(created("o", intent(qty="2"), margin="100", risk="20"))
    script.step(
        filled("o", "1", "1.1", leaves="1"),
        position("1", "1.1", balance="9998", margin="110", risk="25", commission="2"),
    )
    row = account(script.quote("1.0997", "1.1"))
    assert (row.equity, row.used_margin, row.held_margin) == (Decimal(9968), Decimal(110), Decimal(100))
    assert row.available_margin == 9968 - 110 - 100
    assert row.daily_drawdown_pct == Decimal("0.32")
    assert (row.open_risk, row.held_risk) == (Decimal(25), Decimal(20))
    assert row.risk_budget_left == 500 - 2 - 25 - 20


def test_a_new_day_begins_with_nothing_realised() -> None:
    script = Script().step(position("0", "0", realized="-50", commission="3", balance="9947", closed=True))
    assert account(script).day_realized == -53
    script.step(ev.DayStarted(A, "2026-01-06", Decimal(9947), Decimal(9947), Decimal(9947)))
    row = account(script)
    assert (row.day, row.day_realized, row.anchor) == ("2026-01-06", Decimal(0), Decimal(9947))


def test_a_risk_budget_that_was_not_configured_is_absent() -> None:
    assert account(Script(), B).risk_budget_left is None


def test_a_position_held_and_one_on_order_are_two_open_positions() -> None:
    script = Script().step(position("1", "1.1")).step(created("o", intent(symbol=IBM)))
    assert account(script).open_positions == 2
    assert account(script.step(canceled("o"))).open_positions == 1


def state(cause: str, active: bool, left: TradingState) -> ev.AccountStateChanged:
    return ev.AccountStateChanged(A, cause, active, left, "why")


def test_an_account_is_held_back_until_its_last_cause_ends() -> None:
    script = Script().step(state("UNRECONCILED", True, TradingState.REDUCING))
    script.step(state("PAUSED", True, TradingState.REDUCING))
    assert (account(script).causes, account(script).reconciled) == (["UNRECONCILED", "PAUSED"], False)
    script.step(ev.Reconciled(A, 0, 0, 0), state("UNRECONCILED", False, TradingState.REDUCING))
    row = account(script)
    assert (row.state, row.causes, row.reconciled) == (TradingState.REDUCING, ["PAUSED"], True)
    assert row.reconciled_ns == script.now_ns
    assert account(script.step(state("PAUSED", False, TradingState.ACTIVE))).state is TradingState.ACTIVE


def test_a_break_stays_listed_until_it_is_closed() -> None:
    found = ev.BreakFound(A, "a:balance", "BALANCE_DIFFERS", None, "medium", Decimal(1), Decimal(2))
    script = Script().step(found)
    assert (account(script).breaks, list(book_of(script).breaks)) == (["a:balance"], ["a:balance"])
    script.step(ev.BreakClosed(A, "a:balance", "the books agree again"))
    assert (account(script).breaks, list(book_of(script).breaks)) == ([], [])


def test_an_incident_is_kept() -> None:
    script = Script().step(ev.IncidentRaised(A, ClOrdId("o"), "LATE_FILL", "after the end"))
    assert [incident.kind for incident in book_of(script).incidents] == ["LATE_FILL"]


def test_a_held_position_says_how_long_how_well_and_at_what_risk() -> None:
    script = Script().step(position("1", "1.1"), levels("1.09", "1.13")).quote("1.111", "1.112")
    row = held(script.step(after_ms=86_400_000 - 1))
    assert row.holding_ms == 86_400_000
    assert row.return_pct == 1
    assert row.risk_reward == 3
    assert row.pnl_per_day == 1100


def test_without_both_levels_there_is_no_ratio_of_reward_to_risk() -> None:
    assert held(Script().step(position("1", "1.1"), levels("1.09"))).risk_reward is None
