"""What `coxswain` exports, and what it costs to import."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import coxswain


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in coxswain.__all__:
        assert getattr(coxswain, name) is not None
    assert sorted(coxswain.__all__) == sorted(coxswain._ROOM_OF)


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import coxswain", ("coxswain.api", "coxswain.core", "msgspec", "asyncio", "sqlite3", "decimal")),
        ("from coxswain import TradeExecutionOrchestrator", ("typer", "pydantic", "rich", "numpy", "structlog")),
    ],
)
def test_an_import_brings_nothing_heavy_along(statement: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys; {statement}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_of_the_python_classes_has_every_public_name() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "PYTHON.md").read_text(encoding="utf-8")
    assert [name for name in coxswain.__all__ if not re.search(rf"`(await )?{name}\b", page)] == []
