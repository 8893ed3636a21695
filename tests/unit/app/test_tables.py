"""Tables for people: no number is broken, what does not fit is left out and counted, numbers have their places."""

from decimal import Decimal

import pytest
from rich.console import Console

from coxswain.app import tables
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import Symbol

EURUSD = Instrument(Symbol("EURUSD"), "USD", Decimal("0.00001"), Decimal("0.01"), Decimal("0.01"))
HEADINGS = ("account", "decided by", "lots", "price", "slip bp")
ROW = (
    "a",
    "the risk budget that is left of the day decided how much",
    Decimal("0.35"),
    Decimal("1.0849448571"),
    "-0.05",
)


def printed(width: int, monkeypatch: pytest.MonkeyPatch, least: tuple[str, ...] = ("slip bp",)) -> str:
    console = Console(width=width, force_terminal=False)
    monkeypatch.setattr(tables, "out", console)
    with console.capture() as captured:
        tables.table(HEADINGS, [ROW], right=("lots", "price", "slip bp"), least=least)
    return captured.get()


def test_a_table_that_fits_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = printed(120, monkeypatch)
    for heading in HEADINGS:
        assert heading in screen
    assert str(ROW[1]) in screen
    assert "left out" not in screen


def test_words_are_broken_before_a_column_is_left_out_and_a_number_never_is(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = printed(76, monkeypatch)
    assert str(ROW[1]) not in screen
    assert "1.0849448571" in screen
    assert "-0.05" in screen
    assert "left out" not in screen


@pytest.mark.parametrize(
    ("width", "told", "gone", "count"),
    [
        (62, "1.0849448571", "slip bp", "1 column left out"),
        (45, "0.35", "1.0849448571", "2 columns left out"),
        (9, "account", "lots", "4 columns left out"),
    ],
)
def test_the_least_columns_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch, width: int, told: str, gone: str, count: str
) -> None:
    grid, _, notice = printed(width, monkeypatch).rstrip("\n").rpartition("\n")
    assert told in grid
    assert gone not in grid
    assert notice == f"{count}: widen the terminal or use --json"
    assert all(len(row) <= width for row in grid.splitlines())


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (tables.lots(Decimal("0.4"), EURUSD), "0.40"),
        (tables.lots(Decimal("0.403"), EURUSD), "0.403"),
        (tables.lots(Decimal("0.403"), None), "0.403"),
        (tables.price(Decimal("1.085"), EURUSD), "1.08500"),
        (tables.price(Decimal("1.0000001"), EURUSD), "1.0000001"),
        (tables.average(Decimal("1.0849448571"), EURUSD), "1.084945"),
        (tables.average(None, EURUSD), None),
        (tables.money(Decimal("-1234.5")), "-1,234.50"),
        (tables.percent(Decimal("8.7649")), "8.8 %"),
        (tables.percent(Decimal(15)), "15 %"),
        (tables.seconds(1520), "1.5 s"),
        (tables.count(1, "fill"), "1 fill"),
        (tables.count(1200, "fill"), "1,200 fills"),
    ],
)
def test_a_number_has_the_places_that_mean_something(written: str | None, wanted: str | None) -> None:
    assert written == wanted
