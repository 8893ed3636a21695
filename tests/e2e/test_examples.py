"""Every example runs as its reader would run it, and shows what it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHOWS = {
    "account_management.py": ("Available margin: $10000.00", "left out: account_1: ACCOUNT_ACTIVE", "Account resumed"),
    "algorithm_integration.py": ("Signal breakout-2 became order", "long 50 at 100.92"),
    "audit_trail.py": ("audited - PLAN_PROPOSED", "audited - ORDER_FILLED", "Result: SUCCESS on account account_1"),
    "basic_signal_execution.py": ("Created plan for 3 accounts", "Account account_1 executed order"),
    "changing_orders.py": ("30 at 99.5: NEW", "ERROR: order ", ": it is over"),
    "correlated_accounts.py": ("correlation 0.85 with an account released earlier is above 0.7",),
    "emergency_controls.py": (
        "Resting entry: CANCELED",
        "Position protected: True",
        "Denied: TRADING_STATE",
        "Still to be closed: []",
        "Engine status: stopped\nEngine status: active",
    ),
    "events.py": (
        "ORDER_SUBMITTED",
        "ORDER_FILLED",
        "POSITION_OPENED",
        "EXECUTION_ERROR: event handler careless failed on ORDER_FILLED: RuntimeError: a mistake in the program",
    ),
    "execution_engine_example.py": (": FILLED", "Engine status: active", "long 100 SHARE, stop at 95", "broker: []"),
    "execution_manager_example.py": (
        "Opened long 100 at 100.02",
        "Stop moved to 101.5",
        "largest win 296 USD",
    ),
    "failure_recovery.py": (
        "account_1: REJECTED",
        "Recovered on account_3",
        "Not moved, because nobody knows yet",
        "In the end account_2: FILLED",
    ),
    "kinds_of_signals.py": (
        "dip: WORKING",
        "breakout: WORKING",
        "  limit_price: missing; a LIMIT order wants one",
        "dip: FILLED",
        "breakout: WORKING, 0 filled",
        "slowly: FILLED",
        "leave: FILLED at",
    ),
    "metrics.py": ("Denied: ORDER_QTY", "Total orders: 2, denied: 1", "Fill rate: 100 %", "Realised in USD: -2"),
    "monitoring_partial_fills.py": ("Order partially filled: 89/179", "Placed completion order", "179 filled in all"),
    "multi_broker.py": ("east: 20 SHARE", "west: 50 SHARE", "Positions in all: 2"),
    "paper_venue_options.py": ("FILLED: ", "PARTIALLY_FILLED: ", "REJECTED: ", "Cash 9"),
    "reconciliation.py": ("0 differences to the broker's books",),
}


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWS)


def run(file: Path, folder: Path) -> str:
    """Run a program as its reader would, in an empty folder; return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-W", "error", file],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", SHOWS)
def test_an_example_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    shown = run(EXAMPLES / name, tmp_path)
    missing = [words for words in SHOWS[name] if words not in shown]
    assert not missing, shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["README.md", "docs/PYTHON.md"])
def test_the_program_of_a_page_runs_as_it_stands_there(page: str, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    file = tmp_path / "program.py"
    file.write_text(program)
    folder = tmp_path / "empty"
    folder.mkdir()
    assert run(file, folder) == "FILLED\n"
    assert list(folder.iterdir()) == []
