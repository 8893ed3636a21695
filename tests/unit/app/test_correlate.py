"""Estimates of correlations: against another implementation, against known answers, and told to an engine."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from coxswain.app import exits
from coxswain.app.correlate import Method, correlations, ewma, ledoit_wolf, standardised
from coxswain.app.together import estimate_correlations, show_correlations
from coxswain.journal.store import Journal
from coxswain.messages.events import DayStarted
from coxswain.messages.inputs import TradingDay
from coxswain.messages.record import Record, encode
from coxswain.model.vocabulary import JournalId
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.records import decoded
from tests.unit.core.desk import A, B, C, Desk, account, setup


def walk(seed: int, days: int, accounts: int, shared: float) -> "NDArray[np.float64]":
    draw = np.random.default_rng(seed)
    factor = draw.normal(size=(days, 1))
    alone = draw.normal(size=(days, accounts)) * np.arange(1, accounts + 1)
    return np.asarray(shared * factor + (1 - shared**2) ** 0.5 * alone, dtype=np.float64)


@pytest.mark.parametrize(("days", "accounts"), [(5, 3), (20, 6), (250, 4), (15, 30)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_shrinks_like_another_implementation(seed: int, days: int, accounts: int) -> None:
    rows = walk(seed, days, accounts, 0.8)
    for data in (rows, standardised(rows)):
        judge = LedoitWolf().fit(data)
        shrunk, weight = ledoit_wolf(data)
        assert weight == pytest.approx(judge.shrinkage_, rel=1e-9)
        assert np.allclose(shrunk, judge.covariance_, rtol=1e-9)


def test_the_last_day_of_an_exponential_mean_weighs_six_hundredths() -> None:
    rows = np.zeros((400, 2))
    rows[-1] = (1.0, -2.0)
    assert np.allclose(ewma(rows), 0.06 * np.array([[1, -2], [-2, 4]]), rtol=1e-6)


@pytest.mark.parametrize("method", list(Method))
def test_mirrored_accounts_come_out_near_one_and_opposite_ones_near_minus_one(method: Method) -> None:
    moves = [Decimal(n * n % 17 - 8) / 1000 for n in range(60)]
    matrix = correlations([[move, 2 * move, -move, Decimal(0)] for move in moves], method)
    assert matrix[0][1] > Decimal("0.95")
    assert matrix[0][2] < Decimal("-0.95")
    assert [matrix[n][n] for n in range(4)] == [1] * 4
    assert matrix[0][3] == 0
    assert all(rho == matrix[j][i] for i, row in enumerate(matrix) for j, rho in enumerate(row))


def journal_of(folder: Path, days: int) -> Path:
    """A journal in which A and B earn alike, day by day, and C does not."""
    trading = Desk(setup(account(A), account(B), account(C)))
    equity = dict.fromkeys((A, B, C), Decimal(100_000))
    records = list(trading.records)
    for day in range(days):
        moves = {A: day * day % 17 - 8, B: 2 * (day * day % 17 - 8), C: day * 7 % 11 - 5}
        equity = {name: money + moves[name] * 10 for name, money in equity.items()}
        label, now_ns = f"2023-12-{day + 1:02}", trading.now_ns + day * 86_400 * 10**9
        started = tuple(DayStarted(name, label, money, money, money) for name, money in equity.items())
        records.append(Record(records[-1].seq + 1, now_ns, TradingDay((A, B, C), label), started, ()))
    path = folder / "j.journal"
    with Journal.create(path, JournalId("desk0000desk0000")) as journal:
        journal.append([encode(record) for record in records])
    return path


def test_too_few_days_estimate_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate_correlations(journal_of(tmp_path, 5), Method.LEDOIT_WOLF, 20, False, False) == exits.ERROR
    assert "wanted 20 days" in capsys.readouterr().err


def test_what_is_estimated_is_told_to_the_engine_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = journal_of(tmp_path, 25)
    assert estimate_correlations(path, Method.LEDOIT_WOLF, 20, True, False) == exits.OK
    said = capsys.readouterr().out
    assert "ledoit-wolf on 25 days" in said
    assert show_correlations(path, True) == exits.OK
    shown = json.loads(capsys.readouterr().out)["correlations"]
    assert Decimal(shown["A"]["B"]) > Decimal("0.8")
    assert abs(Decimal(shown["A"]["C"])) < Decimal("0.5")
    engine = make_engine()
    with Journal.open(path) as journal:
        for _, record in decoded(journal.read()):
            engine.fold(record)
    assert engine.state.correlations[A][B] == Decimal(shown["A"]["B"])
