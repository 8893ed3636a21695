"""Tables for people: no number is broken, key columns stay, what is left out is named, numbers have their places."""

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
    assert "1.0849448571" not in screen  # a division: no tick has ten places
    assert "1.084945" in screen
    assert "-0.05" in screen
    assert "left out" not in screen


@pytest.mark.parametrize(
    ("width", "least", "told", "gone", "notice"),
    [
        (59, ("slip bp",), "1.084945", "-0.05", "left out: slip bp; widen the terminal or use --json"),
        (48, ("slip bp", "price"), "0.35", "1.084945", "left out: price, slip bp; widen the terminal or use --json"),
    ],
)
def test_the_least_columns_are_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, width: int, least: tuple[str, ...], told: str, gone: str, notice: str
) -> None:
    screen = printed(width, monkeypatch, least)
    assert told in screen
    assert gone not in screen
    assert " ".join(screen.split()).endswith(notice)
    assert all(len(row) <= width for row in screen.splitlines() if "left out" not in row and "--json" not in row)


@pytest.mark.parametrize("width", [20, 30, 40, 50])
def test_where_the_key_columns_do_not_fit_each_row_is_a_block_with_everything(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    screen = printed(width, monkeypatch)
    words = screen.split()
    for told in (*str(ROW[1]).split(), "lots:", "0.35", "price:", "1.084945", "bp:", "-0.05"):
        assert told in words
    assert screen.strip().startswith("a\n  decided by:")
    assert "left out" not in screen
    assert all(len(row) <= width for row in screen.splitlines())


def test_a_cell_that_says_nothing_stands_in_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=12, force_terminal=False)
    monkeypatch.setattr(tables, "out", console)
    with console.capture() as captured:
        tables.table(("order", "price", "lots"), [("a-1", None, "0.4")])
    assert captured.get() == "\na-1\n  lots: 0.4\n\n"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("paid 0.3333333333333333333333333333 each", "paid 0.333333 each"),
        ("drift -1.234567890123 %, limit 5", "drift -1.234568 %, limit 5"),
        ("0.00000012345678901", "0.0000001235"),
        ("0.12345678", "0.12345678"),
        ("2.000000000000000001 lots", "2 lots"),
        ("1.2.333333333333 and v1.123456789012-alpha", "1.2.333333333333 and v1.123456789012-alpha"),
    ],
)
def test_what_a_division_left_is_short_for_people(words: str, wanted: str) -> None:
    assert tables.readable(words) == wanted


def test_prose_is_broken_between_words_on_a_screen_and_never_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=24, force_terminal=False)
    monkeypatch.setattr(tables, "out", console)
    words = "  the venue went silent in the middle of a fill"
    for wraps, wanted in (
        (True, "  the venue went silent\n  in the middle of a\n  fill\n"),
        (False, f"{words}\n"),
    ):
        monkeypatch.setattr(tables, "wraps", wraps)
        with console.capture() as captured:
            tables.prose(words)
        assert captured.get() == wanted


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
