"""Each figure has a definition, and too little data gives none."""

from decimal import Decimal

import pytest

from coxswain.messages import events as ev
from coxswain.model.vocabulary import ClOrdId, Side
from coxswain.views.blotter import Blotter
from coxswain.views.stats import MoneyRow, Stats, StatsRow
from tests.unit.views.records import (
    IBM,
    STOP,
    A,
    B,
    Script,
    canceled,
    created,
    denied,
    filled,
    intent,
    position,
    rejected,
)


def figures(script: Script) -> StatsRow:
    blotter = Blotter()
    stats = Stats(blotter)
    script.shown_to(blotter, stats)
    return stats.figures()


def money(script: Script, currency: str = "USD") -> MoneyRow:
    return next(row for row in figures(script).money if row.currency == currency)


def round_trip(script: Script, realized: str, commission: str = "1") -> Script:
    """Open and close: the commission is paid on both fills."""
    script.step(position("1", "1.1", commission=commission))
    return script.step(position("0", "0", realized=realized, commission=commission, closed=True))


def test_a_journal_without_orders_has_counts_and_no_rates() -> None:
    row = figures(Script())
    assert row.total_orders == row.trades == row.fills == 0
    assert row.fill_rate_pct is row.win_rate_pct is row.average_fill_time_ms is row.average_slippage_bps is None
    assert row.money == ()


def test_orders_are_counted_by_how_they_ended() -> None:
    script = Script()
    for name in ("a", "b", "c", "d", "e"):
        script.step(created(name, intent()))
    script.step(filled("a", "1", "1.1")).step(canceled("b")).step(rejected("c"))
    script.step(ev.OrderExpired(A, ClOrdId("d"), Decimal(0))).step(denied(intent()))
    row = figures(script)
    assert (row.total_orders, row.filled_orders, row.cancelled_orders) == (5, 1, 1)
    assert (row.rejected_orders, row.expired_orders, row.denied_orders, row.fills) == (1, 1, 1, 1)


def test_the_fill_rate_leaves_out_what_is_open_and_what_protects() -> None:
    script = Script().step(created("a", intent())).step(filled("a", "1", "1.1"))
    script.step(created("b", intent())).step(canceled("b")).step(created("open", intent()))
    script.step(created("s", STOP)).step(canceled("s"))
    assert figures(script).fill_rate_pct == 50


def test_the_fill_time_is_the_mean_from_creation_to_the_last_fill() -> None:
    script = Script().step(created("a", intent())).step(filled("a", "0.5", "1.1", leaves="0.5"), after_ms=10)
    script.step(filled("a", "0.5", "1.1", cum="1"), after_ms=20)
    script.step(created("b", intent())).step(filled("b", "1", "1.1"), after_ms=5)
    assert figures(script).average_fill_time_ms == Decimal("17.5")


def test_slippage_is_a_mean_over_orders_and_a_sum_of_money() -> None:
    script = Script().step(created("a", intent(decision_px="1.1"))).step(filled("a", "1", "1.111"))
    script.step(created("b", intent(side=Side.SELL, decision_px="1.1"))).step(filled("b", "2", "1.1", side=Side.SELL))
    script.step(created("c", intent())).step(filled("c", "1", "9"))
    assert figures(script).average_slippage_bps == 50
    assert money(script).slippage == 1100


def test_slippage_in_money_is_converted_at_the_rate_of_the_fill() -> None:
    script = Script().step(created("a", intent(B, symbol=IBM, qty="10", decision_px="200")))
    script.step(filled("a", "10", "201", account=B, symbol=IBM, fx_rate="0.9"))
    assert money(script, "EUR").slippage == 9


@pytest.mark.parametrize(
    ("realized", "wins", "losses"),
    [
        pytest.param("3", 1, 0, id="above its commission"),
        pytest.param("2", 0, 0, id="that only earned its commission"),
        pytest.param("1", 0, 1, id="below its commission"),
    ],
)
def test_a_trade(realized: str, wins: int, losses: int) -> None:
    row = figures(round_trip(Script(), realized))
    assert (row.trades, row.wins, row.losses) == (1, wins, losses)


def test_a_trade_closed_in_parts_is_one_trade() -> None:
    script = Script().step(position("2", "1.1")).step(position("1", "1.1", realized="10"))
    assert figures(script).trades == 0
    script.step(position("0", "0", realized="-4", closed=True))
    assert (figures(script).trades, money(script).largest_win) == (1, Decimal(6))


def test_a_fill_that_turns_a_position_over_pays_commission_in_both_trades_by_quantity() -> None:
    script = Script().step(position("1", "1.1", commission="1"))
    script.step(position("-3", "1.1", realized="10", commission="4", closed=True))
    script.step(position("0", "0", realized="-5", commission="3", closed=True))
    row = money(script)
    assert (row.trades, row.largest_win, row.largest_loss) == (2, Decimal(10 - 1 - 1), Decimal(-5 - 3 - 3))
    assert (row.gross_profit, row.gross_loss) == (Decimal(8), Decimal(11))


def test_the_parts_of_a_commission_that_does_not_divide_add_up() -> None:
    script = Script().step(position("1", "1.1"))
    script.step(position("-2", "1.1", commission="1", closed=True)).step(position("0", "0", closed=True))
    row = money(script)
    assert (row.gross_loss, row.trades) == (Decimal(1), 2)


def test_wins_and_losses_are_summed_up() -> None:
    script = Script()
    for realized in ("12", "6", "-6", "-2"):
        round_trip(script, realized)
    row = money(script)
    assert (row.gross_profit, row.gross_loss) == (Decimal(14), Decimal(12))
    assert (row.largest_win, row.average_win) == (Decimal(10), Decimal(7))
    assert (row.largest_loss, row.average_loss) == (Decimal(-8), Decimal(-6))
    assert row.profit_factor == Decimal("1.1666666666")
    assert (row.realized_pnl, row.commission) == (Decimal(10), Decimal(8))
    assert figures(script).win_rate_pct == 50


def test_without_a_loss_there_is_no_profit_factor() -> None:
    row = money(round_trip(Script(), "12"))
    assert row.profit_factor is row.largest_loss is row.average_loss is None


def test_money_of_two_currencies_is_never_added_up() -> None:
    script = round_trip(Script(), "12")
    script.step(position("1", "1.1", account=B)).step(position("0", "0", account=B, realized="5", closed=True))
    assert [(row.currency, row.realized_pnl) for row in figures(script).money] == [
        ("EUR", Decimal(5)),
        ("USD", Decimal(12)),
    ]
    assert figures(script).trades == 2
