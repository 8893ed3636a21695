"""The table of what was promised: every row is there, the files it names exist, and so do the tests it points to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = (
    *(f"ORC{number}" for number in range(1, 14)),
    *(f"ENG{number}" for number in range(1, 13)),
    *(f"LAY{number}" for number in range(1, 13)),
)


def rows() -> dict[str, list[str]]:
    """Return the cells of each row by its id."""
    page = (ROOT / "docs" / "COVERAGE.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([A-Z]{3}\d+) \|(.*)\|$", page, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in lines}


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_row_that_was_promised_has_one_line() -> None:
    assert tuple(rows()) == ROWS


@pytest.mark.parametrize("row", ROWS)
def test_what_a_row_names_is_there(row: str) -> None:
    what, where, shown_by, missing = rows()[row]
    assert what
    assert missing
    for path in named(where):
        assert (ROOT / "src" / "coxswain" / path).exists(), path
    tests = named(shown_by)
    assert tests or missing != "-", "a row that is whole shows a test"
    for test in tests:
        path, _, name = test.partition("::")
        found = ROOT / "tests" / path
        assert found.exists(), path
        assert not name or f"def {name}(" in found.read_text(encoding="utf-8"), test
