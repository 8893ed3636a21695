"""Return, drawdown and Sharpe ratio of an index that transfers leave alone; checked against an independent library."""

import random
from decimal import Decimal

import empyrical
import numpy as np
import pytest

from coxswain.messages import events as ev
from coxswain.model.cash import CashKind, CashMovement
from coxswain.model.vocabulary import AccountId, CashId
from coxswain.views.blotter import Blotter
from coxswain.views.performance import Performance, PerformanceRow, daily_returns, sharpe_ratio
from coxswain.views.positions import Book
from tests.unit.views.records import EURUSD, A, B, C, Script, position

ZERO = Decimal(0)


def figures(script: Script, currency: str = "USD") -> PerformanceRow:
    book = Book(Blotter())
    performance = Performance(book)
    script.shown_to(book, performance)
    return next(row for row in performance.figures() if row.currency == currency)


def begun(account: AccountId = A, balance: int = 1000) -> Script:
    return Script().step(ev.BalanceAdopted(account, Decimal(balance)))


def day(script: Script, name: str, account: AccountId = A) -> Script:
    return script.step(ev.DayStarted(account, name, ZERO, ZERO, ZERO))


def result(script: Script, balance: str) -> Script:
    """A position that closed left this balance."""
    return script.step(position("0", "0", balance=balance, closed=True))


def test_the_return_follows_the_equity() -> None:
    row = figures(result(begun(), "1100"))
    assert (row.equity, row.return_pct, row.max_drawdown_pct) == (Decimal(1100), Decimal(10), ZERO)


def test_a_day_that_began_before_any_balance_came_has_figures_of_nothing() -> None:
    row = figures(day(Script(), "2026-01-05"))
    assert (row.equity, row.total_positions, row.total_value) == (ZERO, 0, ZERO)


def test_open_profit_counts_at_each_quote() -> None:
    script = begun(balance=1000).quote("1.10000", "1.10002").step(position("0.01", "1.10000", balance="1000"))
    script.quote("1.11000", "1.11002").quote("1.09000", "1.09002")
    row = figures(script)
    assert row.equity == Decimal(990)
    assert row.max_drawdown_pct == Decimal("1.9801980198"), "from 1,010 to 990"
    assert (row.total_positions, row.winning_positions, row.losing_positions) == (1, 0, 1)
    assert row.total_value == row.average_position_size == Decimal("1090.00000")


def test_a_transfer_is_no_return_and_no_drawdown() -> None:
    script = result(begun(), "1100")
    script.step(ev.BalanceAdjusted(A, Decimal(600), Decimal(-500), True, "paid out"))
    result(script, "660")
    row = figures(script)
    assert (row.return_pct, row.max_drawdown_pct) == (Decimal(21), ZERO)


def test_a_loss_that_was_written_off_is_a_return() -> None:
    script = begun().step(ev.BalanceAdjusted(A, Decimal(900), Decimal(-100), False, "gone"))
    assert (figures(script).return_pct, figures(script).max_drawdown_pct) == (Decimal(-10), Decimal(10))


def test_another_account_that_comes_in_is_a_transfer() -> None:
    script = result(begun(), "1100").step(ev.BalanceAdopted(C, Decimal(5000)))
    row = figures(script)
    assert (row.equity, row.return_pct) == (Decimal(6100), Decimal(10))


def test_money_of_two_currencies_is_never_added_up() -> None:
    script = begun().step(ev.BalanceAdopted(B, Decimal(7)))
    assert (figures(script).equity, figures(script, "EUR").equity) == (Decimal(1000), Decimal(7))


def test_with_too_few_days_there_is_no_sharpe_ratio() -> None:
    script = begun()
    for number in range(5):
        day(script, f"2026-01-0{number + 1}")
        result(script, str(1000 + number * number))
    assert (figures(script).daily_returns, figures(script).sharpe_ratio) == (4, None)
    day(script, "2026-01-06")
    assert figures(script).sharpe_ratio is not None


def test_days_that_are_all_alike_have_no_sharpe_ratio() -> None:
    assert sharpe_ratio([Decimal("0.01")] * 10) is None


def test_a_day_that_is_told_again_is_one_day() -> None:
    script = day(day(begun(), "2026-01-01"), "2026-01-01")
    day(script, "2026-01-02")
    day(script, "2026-01-02", C)  # it has no balance yet
    assert figures(script).daily_returns == 1


@pytest.mark.parametrize("seed", range(20))
def test_the_figures_are_those_of_an_independent_library(seed: int) -> None:
    draw = random.Random(seed)
    script, balance = begun(balance=100_000), Decimal(100_000)
    index = [1.0]
    for number in range(60):
        day(script, f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}")
        balance += Decimal(draw.randint(-2000, 2100))
        result(script, str(balance))
        index.append(float(balance / 100_000))
    day(script, "2026-12-31")
    row = figures(script)
    returns = np.diff(index) / np.array(index[:-1])
    assert row.sharpe_ratio is not None
    assert float(row.sharpe_ratio) == pytest.approx(empyrical.sharpe_ratio(returns, annualization=252), abs=1e-6)
    assert float(row.max_drawdown_pct) == pytest.approx(-100 * empyrical.max_drawdown(returns), abs=1e-6)
    assert float(row.return_pct) == pytest.approx(100 * empyrical.cum_returns_final(returns), abs=1e-6)


def test_the_steps_of_an_index_are_its_returns() -> None:
    assert daily_returns([Decimal(1), Decimal("1.1"), Decimal("0.99")]) == [Decimal("0.1"), Decimal("-0.1")]


def test_without_a_quote_nobody_can_say_what_it_is_worth() -> None:
    row = figures(begun().step(position("1", "1.1", balance="1000")))
    assert (row.total_value, row.average_position_size, EURUSD) == (None, None, "EURUSD")


def cash(script: Script, kind: CashKind, amount: int, balance: int) -> Script:
    moved = CashMovement(CashId(f"m{script.now_ns}"), kind, Decimal(amount), script.now_ns)
    return script.step(ev.CashBooked(A, moved, Decimal(balance)))


def test_swap_is_a_part_of_the_return_and_of_what_financing_came_to() -> None:
    script = cash(cash(begun(), CashKind.SWAP, -100, 900), CashKind.INTEREST, 45, 945)
    row = figures(script)
    assert (row.return_pct, row.max_drawdown_pct) == (Decimal("-5.5"), Decimal(10))
    assert (row.financing, row.transferred) == (Decimal(-55), ZERO)


def test_what_a_venue_says_was_paid_in_or_out_is_no_return() -> None:
    script = cash(cash(begun(), CashKind.DEPOSIT, 500, 1500), CashKind.WITHDRAWAL, -1000, 500)
    row = figures(script)
    assert (row.equity, row.return_pct, row.max_drawdown_pct) == (Decimal(500), ZERO, ZERO)
    assert (row.financing, row.transferred) == (ZERO, Decimal(-500))
