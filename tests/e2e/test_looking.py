"""The commands that look: a table for people, one document for scripts, also beside a running engine; never a write."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.commands import COXSWAIN, coxswain, durable_records, running
from tests.e2e.journals import Demo
from tests.e2e.market import config_file, entry, leave, lines_of, steady_quotes

VIEWS = ("status", "accounts", "orders", "positions", "fills", "stats", "audit log", "explain demo-1")


def look(demo: Demo, command: str, *more: str) -> str:
    return coxswain(*command.split(), "--journal", demo.journal, *more, cwd=demo.folder).out


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("status", ("open positions", "unprotected positions", "running", "received 4, planned 4, denied 0")),
        ("accounts", ("alder", "dogwood", "EUR", "ACTIVE", "900.00")),
        ("orders", ("ENTRY", "RECOVERY", "COMPLETION", "STOP", "TARGET", "EXIT", "REJECTED", "demo-1")),
        ("orders --open", ("STOP", "TARGET", "NEW", "demo-4")),
        ("positions", ("EURUSD", "BROKER", "open P&L")),
        ("fills", ("slip bp", "north-R", "south-R", "BUY", "SELL")),
        ("stats", ("fill rate %", "win rate %", "in EUR", "in USD", "profit factor")),
        ("audit log", ("ORDER_FILLED", "PROTECTION_SET", "ENGINE_STOPPED")),
        ("explain demo-1", ("AVAILABLE_MARGIN", "fir", "900", "1000", "FAIL", "not taking new positions", "elm")),
        ("explain fir", ("fir", "AVAILABLE_MARGIN", "FAIL")),
    ],
)
def test_a_view_is_a_table_for_people(demo: Demo, command: str, told: tuple[str, ...]) -> None:
    screen = look(demo, command)
    for word in told:
        assert word in screen
    assert "\x1b" not in screen


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_view_is_one_document_for_scripts(demo: Demo) -> None:
    before = contents(demo.folder)
    documents = {
        command: coxswain(*command.split(), "--journal", demo.journal, "--json", cwd=demo.folder).json()
        for command in VIEWS
    }
    after = contents(demo.folder)
    assert after == before
    told = demo.done.json()
    assert documents["status"]["records"] == told["audit"]["records"]
    assert documents["status"]["running"] is False
    assert documents["status"]["unknown_orders"] == documents["status"]["breaks"] == []
    assert [row["account"] for row in documents["accounts"]] == ["alder", "birch", "cedar", "dogwood", "elm", "fir"]
    assert len(documents["orders"]) == told["orders"]["total"]
    assert len(documents["fills"]) == told["fills"]
    assert [{name: row[name] for name in told["positions"][0]} for row in documents["positions"]] == told["positions"]
    assert documents["stats"] == told["stats"]
    assert documents["explain demo-1"]["id"] == "demo-1"
    assert len(documents["audit log"]) == 50


PAPER_VIEWS = ("status", "accounts", "orders", "positions", "fills")


@pytest.mark.parametrize("command", PAPER_VIEWS)
def test_a_view_says_that_the_money_is_paper_and_the_market_simulated(demo: Demo, command: str) -> None:
    assert "paper accounts; market: SIMULATED; mode FULL_AUTO\n" in look(demo, command)
    told = coxswain(command, "--journal", demo.journal, "--json", cwd=demo.folder).json()
    for row in told if isinstance(told, list) else [told]:
        assert (row["account_mode"], row["feed"]) == ("paper", "SIMULATED")


def test_the_status_begins_with_its_verdict(demo: Demo, killed: Path) -> None:
    assert look(demo, "status").startswith("all is well\n")
    told = coxswain("status", "--journal", demo.journal, "--json", cwd=demo.folder).json()
    assert (told["well"], told["problems"], told["mode"]) == (True, [], "FULL_AUTO")
    assert told["last_record"].startswith("2026-01-05T10:1")
    done = subprocess.run([COXSWAIN, "status", "--journal", killed], capture_output=True, timeout=60, check=False)
    verdict, _, _ = done.stdout.decode().partition("\n")
    assert verdict.startswith("not well: ")
    assert verdict.endswith("the last run did not end in good order, start it again")


AMOUNT = re.compile(r"\d[\d,]*\.\d+")


KEYS = {
    "accounts": ("account", "state", "equity"),
    "orders": ("order", "account", "side", "symbol", "lots", "filled", "status"),
    "positions": ("account", "symbol", "lots", "stop", "protection", "open P&L"),
    "fills": ("time UTC", "account", "order", "symbol", "price"),
    "audit log": ("time UTC", "action", "why"),
    "explain demo-1": ("check", "value", "limit", "answer"),
}


@pytest.mark.parametrize("width", ["80", "60"])
@pytest.mark.parametrize("command", KEYS)
def test_a_narrow_screen_breaks_no_number_and_keeps_what_a_row_is_about(demo: Demo, command: str, width: str) -> None:
    words = [*command.split(), "--journal", str(demo.journal)]
    narrow = coxswain(*words, cwd=demo.folder, env={"COLUMNS": width}).out
    # A row of a block that cannot be broken is a name and one value.
    assert max(len(row) for row in narrow.splitlines() if row.startswith(" ")) <= int(width)
    for heading in KEYS[command][1:]:
        assert re.search(rf" {re.escape(heading)}(:| )", narrow), heading
    if not command.startswith(("audit", "explain")):  # there, words are broken where a space is
        assert set(AMOUNT.findall(narrow)) <= set(AMOUNT.findall(coxswain(*words, cwd=demo.folder).out))


def test_positions_stand_in_the_order_of_the_accounts(demo: Demo) -> None:
    accounts, held = (
        [row["account"] for row in coxswain(command, "--journal", demo.journal, "--json", cwd=demo.folder).json()]
        for command in ("accounts", "positions")
    )
    assert held == [account for account in accounts if account in held]
    screen = look(demo, "positions")
    assert "realised (all time)" in screen
    assert " ccy " in screen


def test_an_order_explains_itself_from_the_check_to_the_fill(demo: Demo) -> None:
    (order,) = (
        row
        for row in coxswain("orders", "--journal", demo.journal, "--json", cwd=demo.folder).json()
        if row["role"] == "RECOVERY"
    )
    screen = look(demo, f"explain {order['cl_ord_id']}")
    for told in ("elm", "RECOVERY", "At the gate", "PRICE_COLLAR", "pass", "filled"):
        assert told in screen


def test_what_happened_is_as_long_as_asked_for_and_the_document_whole(demo: Demo) -> None:
    whole = coxswain("explain", "alder", "--journal", demo.journal, "--json", "--last", "3", cwd=demo.folder).json()
    lines = whole["timeline"]
    screen = look(demo, "explain alder", "--last", "3")
    assert f"{len(lines) - 3} earlier lines left out: --last {len(lines)} shows all" in screen
    happened = screen.split("What happened")[1]
    assert lines[-1]["text"][:30] in happened
    assert lines[-4]["time"] not in happened or lines[-4]["time"] == lines[-3]["time"]
    assert "left out" not in look(demo, "explain alder", "--last", str(len(lines)))


def test_what_is_not_in_the_journal_cannot_be_explained(demo: Demo) -> None:
    done = coxswain("explain", "nobody", "--journal", demo.journal, cwd=demo.folder, code=2)
    assert done.out == ""
    assert "nobody: no signal, order or account of this name" in done.err


def test_the_log_is_as_long_as_asked_for(demo: Demo) -> None:
    rows = coxswain("audit", "log", "--last", "3", "--json", "--journal", demo.journal, cwd=demo.folder).json()
    assert len(rows) == 3
    assert rows[-1]["action"] == "ENGINE_STOPPED"
    assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)


@pytest.mark.parametrize("command", [*VIEWS, "replay"])
def test_a_journal_that_is_missing_is_named(tmp_path: Path, command: str) -> None:
    done = coxswain(*command.split(), cwd=tmp_path, code=1)
    assert done.err == "coxswain: coxswain.journal: there is no such file\n"
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_every_view_works_beside_a_running_engine(tmp_path: Path) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    steady_quotes(tmp_path / "q.csv", 300)
    journal = tmp_path / "coxswain.journal"
    with running([COXSWAIN, "run", "--quotes", "EURUSD=q.csv", "--json"], tmp_path) as run:
        run.write(lines_of(entry("demo-1", 5), leave("none", 200, symbol="GBPUSD")))
        run.wait_until(lambda: durable_records(journal) > 100)
        status = coxswain("status", "--json", cwd=tmp_path).json()
        assert status["running"] is True
        assert status["open_positions"] == 2
        assert status["unprotected_positions"] == 0
        for command in (*VIEWS, "audit verify", "replay"):
            assert coxswain(*command.split(), cwd=tmp_path).out
        in_use = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=tmp_path, code=1)
        assert f"in use by process {run.process.pid}; one process writes a journal at a time" in in_use.err
        run.write(lines_of(leave("out", 250)))
        assert run.process.stdin is not None
        run.process.stdin.close()
        assert run.ended().json()["positions"] == []
    assert coxswain("status", "--json", cwd=tmp_path).json()["running"] is False


def test_a_view_is_silent_when_its_reader_goes_away(demo: Demo) -> None:
    """As with `coxswain fills | head -1`: no traceback, nothing on standard error."""
    command = f"'{COXSWAIN}' audit log --last 100000 --json --journal '{demo.journal}' | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.stdout.decode().strip() == "["
    assert done.stderr == b""
