"""A break from its finding to its end, as an operator meets it: the venue forgot everything, and somebody says so."""

from pathlib import Path

import pytest

from tests.e2e.commands import Done, coxswain
from tests.e2e.market import config_file, entry, lines_of, steady_quotes

BALANCE, POSITION = "ann:balance", "ann:position:EURUSD"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A journal that holds a position which the venue, whose file is gone, has never heard of."""
    config_file(tmp_path / "coxswain.yaml", ["ann"])
    steady_quotes(tmp_path / "q.csv", 120)
    run(tmp_path)
    (tmp_path / "coxswain.journal.one.db").unlink()
    steady_quotes(tmp_path / "q.csv", 400)
    run(tmp_path, code=7)
    return tmp_path


def run(folder: Path, code: int = 0) -> Done:
    (folder / "signals.jsonl").write_bytes(lines_of(entry("in", 5)))
    return coxswain("run", "--signals", "signals.jsonl", "--quotes", "EURUSD=q.csv", cwd=folder, code=code)


def listed(folder: Path, code: int = 7) -> dict[str, dict[str, object]]:
    rows = coxswain("breaks", "--json", cwd=folder, code=code).json()
    return {row["break_id"]: row for row in rows}


def test_what_differs_is_listed_with_what_may_become_of_it(desk: Path) -> None:
    rows = listed(desk)
    assert set(rows) >= {BALANCE, POSITION}
    assert rows[POSITION]["kind"] == "MISSING_AT_VENUE"
    assert rows[POSITION]["choices"] == ["adopt", "ignore", "write-off"]
    screen = coxswain("breaks", cwd=desk, code=7)
    assert "MISSING_AT_VENUE" in screen.out
    assert "coxswain resolve" in screen.err


def test_what_was_chosen_is_done_by_the_next_start_and_trading_goes_on(desk: Path) -> None:
    for break_id in list(listed(desk)):
        answer = coxswain("resolve", break_id, "adopt", "--reason", "the venue was set up anew", cwd=desk)
        assert "adopt" in answer.out
    assert str(listed(desk)[POSITION]["chosen"]).endswith("the venue was set up anew")
    steady_quotes(desk / "q.csv", 600)
    run(desk)
    assert listed(desk, code=0) == {}
    assert coxswain("positions", "--json", cwd=desk).json() == []
    assert coxswain("breaks", cwd=desk).out == "no break is open\n"


def test_a_choice_that_does_not_fit_is_refused_and_says_what_does(desk: Path) -> None:
    wrong = coxswain("resolve", POSITION, "flatten", "--reason", "no more", cwd=desk, code=2)
    assert "wanted adopt or ignore or write-off" in wrong.err
    unknown = coxswain("resolve", "ann:position:IBM", "adopt", "--reason", "no more", cwd=desk, code=2)
    assert "is no open break of ann" in unknown.err
