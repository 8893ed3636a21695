"""Every figure of executions and of positions, worked out once more from a table of what happened, by numpy."""

import random
from decimal import Decimal
from typing import SupportsFloat

import numpy as np
import pytest

from coxswain.messages import events as ev
from coxswain.model.vocabulary import ClOrdId, Side, Symbol
from coxswain.views.blotter import Blotter
from coxswain.views.performance import Performance
from coxswain.views.positions import Book
from coxswain.views.stats import Stats
from tests.unit.views.records import (
    EURUSD,
    IBM,
    A,
    C,
    Script,
    canceled,
    created,
    denied,
    filled,
    intent,
    position,
    rejected,
)

SEEDS = range(10)
WAYS = ("FILLED", "CANCELED", "REJECTED", "EXPIRED", "DENIED", "OPEN")


def near(value: SupportsFloat) -> object:
    return pytest.approx(Decimal(str(float(value))), abs=Decimal("0.000001"))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_figures_of_orders_are_those_of_numpy(seed: int) -> None:
    draw, script = random.Random(seed), Script()
    ways, waited, slipped, paid = [], [], [], []
    for number in range(80):
        way, name = WAYS[number] if number < len(WAYS) else draw.choice(WAYS), f"o{number}"
        ways.append(way)
        side, decision = draw.choice((Side.BUY, Side.SELL)), draw.randint(90, 110)
        meant = intent(side=side, qty="3", symbol=IBM, decision_px=str(decision))
        if way == "DENIED":
            script.step(denied(meant))
            continue
        script.step(created(name, meant))
        if way == "FILLED":
            prices, times = [draw.randint(90, 110) for _ in range(3)], [draw.randint(1, 50) for _ in range(3)]
            for part, (px, after_ms) in enumerate(zip(prices, times, strict=True), start=1):
                average = str(Decimal(sum(prices[:part])) / part)
                fill = filled(
                    name, "1", str(px), cum=str(part), leaves=str(3 - part), avg=average, side=side, symbol=IBM
                )
                script.step(fill, after_ms=after_ms)
            worse = (np.array(prices) - decision) * (1 if side is Side.BUY else -1)
            waited.append(sum(times))
            slipped.append(worse.mean() / decision * 10_000)
            paid.append(worse.sum())
        elif way != "OPEN":
            ended: dict[str, ev.Event] = {
                "CANCELED": canceled(name),
                "REJECTED": rejected(name),
                "EXPIRED": ev.OrderExpired(A, ClOrdId(name), Decimal(0)),
            }
            script.step(ended[way])
    blotter = Blotter()
    stats = Stats(blotter)
    script.shown_to(blotter, stats)
    row, table = stats.figures(), np.array(ways)
    assert row.total_orders == np.count_nonzero(table != "DENIED")
    counted = (row.filled_orders, row.cancelled_orders, row.rejected_orders, row.expired_orders, row.denied_orders)
    assert counted == tuple(ways.count(way) for way in WAYS[:5])
    over = table[(table != "OPEN") & (table != "DENIED")]
    assert (row.fill_rate_pct, row.fills) == (near(100 * np.mean(over == "FILLED")), 3 * row.filled_orders)
    assert row.average_fill_time_ms == near(np.mean(waited))
    assert row.average_slippage_bps == near(np.mean(slipped))
    assert row.money[0].slippage == near(np.sum(paid))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_figures_of_trades_are_those_of_numpy(seed: int) -> None:
    draw, script = random.Random(seed), Script()
    won, fees = [], []
    for _ in range(60):
        realized, fee = draw.randint(-200, 220), draw.randint(0, 9)
        script.step(position("1", "1.1", commission=str(fee)))
        script.step(position("0", "0", realized=str(realized), commission=str(fee), closed=True))
        won.append(realized)
        fees.append(2 * fee)
    stats = Stats(Blotter())
    script.shown_to(stats)
    row, results = stats.figures(), np.array(won) - np.array(fees)
    money, wins, losses = row.money[0], results[results > 0], results[results < 0]
    assert (row.trades, row.wins, row.losses) == (60, len(wins), len(losses))
    assert row.win_rate_pct == near(100 * np.mean(results > 0))
    assert (money.realized_pnl, money.commission) == (near(np.sum(won)), near(np.sum(fees)))
    assert (money.gross_profit, money.gross_loss) == (near(wins.sum()), near(-losses.sum()))
    assert (money.largest_win, money.average_win) == (near(wins.max()), near(wins.mean()))
    assert (money.largest_loss, money.average_loss) == (near(losses.min()), near(losses.mean()))
    assert money.profit_factor == near(wins.sum() / -losses.sum())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_figures_of_positions_are_those_of_numpy(seed: int) -> None:
    draw, script = random.Random(seed), Script()
    bids: dict[Symbol, Decimal] = {EURUSD: Decimal(draw.randint(105, 115)) / 100, IBM: Decimal(draw.randint(90, 110))}
    spread, sizes = {EURUSD: Decimal("0.00002"), IBM: Decimal("0.02")}, {EURUSD: 100_000, IBM: 1}
    values, open_profit, realized = [], [], []
    for account in (A, C):
        script.step(ev.BalanceAdopted(account, Decimal(100_000)))
        for symbol, bid in bids.items():
            qty, cost, won = (
                draw.choice((-3, -1, 2, 5)),
                bid + Decimal(draw.randint(-5, 5)) / 100,
                draw.randint(-50, 50),
            )
            held = position(str(qty), str(cost), account=account, symbol=symbol, realized=str(won), balance="100000")
            script.step(held)
            closing = bid if qty > 0 else bid + spread[symbol]
            values.append(float(abs(qty) * closing * sizes[symbol]))
            open_profit.append(float(qty * (closing - cost) * sizes[symbol]))
            realized.append(won)
    for symbol, bid in bids.items():
        script.quote(str(bid), str(bid + spread[symbol]), symbol)
    book = Book(Blotter())
    performance = Performance(book)
    script.shown_to(book, performance)
    row = next(each for each in performance.figures() if each.currency == "USD")
    profit = np.array(open_profit)
    assert row.total_positions == len(values)
    assert (row.total_value, row.average_position_size) == (near(np.sum(values)), near(np.mean(values)))
    assert (row.total_unrealized_pnl, row.total_realized_pnl) == (near(profit.sum()), near(np.sum(realized)))
    assert (row.winning_positions, row.losing_positions) == (int(np.sum(profit > 0)), int(np.sum(profit < 0)))
