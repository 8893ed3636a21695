"""The first command of a new user: it keeps every promise, under every seed, and says the same everywhere."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import coxswain
from tests.e2e.journals import Demo

LEAN = Path(__file__).resolve().parents[3] / "shared" / "data" / "lean"
EURUSD_DAY = LEAN / "forex/oanda/tick/eurusd/20140507_quote.zip"
IBM_DAY = LEAN / "equity/usa/tick/ibm/20131007_quote.zip"
needs_data = pytest.mark.skipif(not LEAN.is_dir(), reason="the recorded market data is not beside the repository")


def accounts_of(document: dict[str, Any], signal_id: str) -> dict[str, dict[str, Any]]:
    """Return a plan's lines by account; a recovery's under its account and a plus."""
    (plan,) = (plan for plan in document["plans"] if plan["signal_id"] == signal_id)
    return {account["account"] + "+" * account["recovery"]: account for account in plan["accounts"]}


def keeps_its_promises(document: dict[str, Any]) -> None:
    """Assert all that the demo is there to show."""
    assert document["signals"] == {"received": 4, "planned": 4, "denied": 0, "duplicate": 0}
    assert [plan["kind"] for plan in document["plans"]] == ["entry", "stop_adjustment", "exit", "entry"]
    first = accounts_of(document, "demo-1")
    # One partial fill, completed by another order of the same account.
    assert document["partial_fills"] >= 1
    assert document["completions"] >= 1
    assert first["alder"]["result"]["outcome"] == "FILLED"
    assert first["alder"]["result"]["filled_qty"] == first["alder"]["qty"]
    # One reject, whose rest another account took.
    assert document["orders"]["rejected"] == 1
    assert document["recoveries"] == 1
    assert first["cedar"]["result"]["outcome"] == "REJECTED"
    assert first["cedar"]["result"]["success"] is False
    assert first["elm"]["verdict"] == "SKIP"
    assert first["elm+"]["result"]["outcome"] == "FILLED"
    assert float(first["elm+"]["qty"]) < float(first["cedar"]["qty"])
    # One acknowledgement lost: unknown, asked for, resolved.
    assert document["unknown"]["seen"] >= 1
    assert document["unknown"]["resolved"] == document["unknown"]["seen"]
    assert document["orders"]["unknown_now"] == 0
    assert first["birch"]["result"]["outcome"] == "FILLED"
    # One account excluded, and why.
    assert first["fir"]["verdict"] == "SKIP"
    assert first["fir"]["result"] is None
    failed = [check for check in first["fir"]["checks"] if not check["passed"]]
    assert failed[0] == {"code": "AVAILABLE_MARGIN", "value": "900", "limit": "1000", "passed": False}
    # Flat or protected, reconciled, verified.
    assert {position["protection"] for position in document["positions"]} <= {"venue"}
    assert document["breaks"] == []
    assert document["audit"]["verified"] is True
    assert document["audit"]["records"] > 0


def test_the_demo_keeps_every_promise(demo: Demo) -> None:
    document = demo.done.json()
    keeps_its_promises(document)
    assert (document["mode"], document["seed"], document["feed"]) == ("FULL_AUTO", 7, "SIMULATED")
    assert document["positions"], "the last entry stays open, under its protection"
    assert all(position["stop_px"] and position["target_px"] for position in document["positions"])
    assert demo.done.err == ""


@pytest.mark.parametrize("seed", [0, 4, 2**63 - 1])
def test_the_demo_keeps_its_promises_under_another_seed(tmp_path: Path, seed: int) -> None:
    keeps_its_promises(coxswain("demo", "--json", "--seed", str(seed), cwd=tmp_path).json())


def test_every_check_says_its_value_and_its_limit(demo: Demo) -> None:
    for plan in demo.done.json()["plans"]:
        for account in plan["accounts"]:
            assert account["checks"], account
            for check in account["checks"]:
                assert set(check) == {"code", "value", "limit", "passed"}
            assert (account["verdict"] == "SEND") is (account["result"] is not None) or account["recovery"]


def test_the_same_seed_gives_the_same_document_under_any_hash_seed(tmp_path: Path, demo: Demo) -> None:
    for hash_seed in ("0", "1", "4711"):
        done = coxswain("demo", "--json", cwd=tmp_path, env={"PYTHONHASHSEED": hash_seed})
        assert done.out == demo.done.out


def test_another_seed_gives_another_digest(tmp_path: Path, demo: Demo) -> None:
    other = coxswain("demo", "--json", "--seed", "8", cwd=tmp_path).json()
    assert other["digest"] != demo.done.json()["digest"]
    assert other["audit"]["head"] != demo.done.json()["audit"]["head"]


def test_the_demo_refuses_a_journal_that_is_there(demo: Demo) -> None:
    before = demo.journal.read_bytes()
    done = coxswain("demo", "--journal", demo.journal, cwd=demo.folder, code=2)
    assert done.out == ""
    assert f"{demo.journal} exists" in done.err
    assert demo.journal.read_bytes() == before


def test_without_a_journal_it_writes_into_a_new_temporary_folder_and_says_which(tmp_path: Path) -> None:
    done = coxswain("demo", cwd=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert f"journal: {folder}/demo.journal" in done.out
    coxswain("audit", "verify", "--journal", folder / "demo.journal", cwd=tmp_path)


def test_a_simulated_market_says_so_on_the_screen(tmp_path: Path) -> None:
    assert "SIMULATED" in coxswain("demo", cwd=tmp_path).out


def test_the_screen_tells_the_whole_story(tmp_path: Path) -> None:
    screen = coxswain("demo", "--journal", "j", cwd=tmp_path).out
    for told in (
        "Plan of demo-1: entry BUY EURUSD",
        "AVAILABLE_MARGIN: value=900, limit=1000",
        "Plan of demo-2: stop_adjustment EURUSD",
        "Plan of demo-3: exit EURUSD",
        "Plan of demo-4: entry SELL EURUSD",
        "was rejected by the venue",
        "through every check again",
        "resolved by asking the venue",
        "for what partial fills had left open",
        "reconciled: engine and venues agree",
        "verified, head",
        "coxswain explain demo-1 --journal j",
    ):
        assert told in screen


def test_the_commands_that_the_screen_names_work(tmp_path: Path) -> None:
    screen = coxswain("demo", "--journal", "j", cwd=tmp_path).out
    named = re.findall(r"^  \S*coxswain (.*)$", screen, re.MULTILINE)
    assert len(named) >= 4
    for command in named:
        assert coxswain(*command.split(), cwd=tmp_path).out


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["pipe", "NO_COLOR", "dumb"])
def test_there_are_no_escape_codes_without_a_terminal(tmp_path: Path, env: dict[str, str]) -> None:
    done = coxswain("demo", cwd=tmp_path, env=env)
    assert "\x1b" not in done.out + done.err
    assert done.err == ""


@needs_data
def test_a_recorded_day_of_eurusd_keeps_the_same_promises(tmp_path: Path) -> None:
    document = coxswain("demo", "--json", "--quotes", EURUSD_DAY, cwd=tmp_path).json()
    keeps_its_promises(document)
    assert document["feed"] == EURUSD_DAY.name
    assert {plan["symbol"] for plan in document["plans"]} == {"EURUSD"}


@needs_data
def test_a_recorded_day_of_ibm_keeps_the_same_promises(tmp_path: Path) -> None:
    document = coxswain("demo", "--json", "--quotes", IBM_DAY, cwd=tmp_path).json()
    keeps_its_promises(document)
    assert {plan["symbol"] for plan in document["plans"]} == {"IBM"}
    # An account in euros cannot be sized without a rate, and is not guessed.
    assert "NO_FX_RATE" in str(accounts_of(document, "demo-1")["dogwood"]["checks"])


@needs_data
def test_a_recorded_day_is_not_called_simulated(tmp_path: Path) -> None:
    screen = coxswain("demo", IBM_DAY, cwd=tmp_path).out
    assert "SIMULATED" not in screen
    assert f"market: {IBM_DAY.name}, " in screen


def test_quotes_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("timestamp,bid,ask\n1767607200000,1.1,1.2,oops\n")
    assert "no.csv: there is no such file" in coxswain("demo", "--quotes", "EURUSD=no.csv", cwd=tmp_path, code=1).err
    assert "q.csv: the symbol is not known" in coxswain("demo", "q.csv", cwd=tmp_path, code=2).err
    assert "XAU is not an instrument" in coxswain("demo", "XAU=q.csv", cwd=tmp_path, code=2).err
    assert "q.csv, line 2" in coxswain("demo", "EURUSD=q.csv", cwd=tmp_path, code=1).err


def test_a_market_that_is_never_worth_trading_is_no_demo(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("timestamp,bid,ask\n1767607200000,1.0,1.2\n1767607201000,1.2,1.1\n")
    done = coxswain("demo", "EURUSD=wide.csv", "--journal", "j", cwd=tmp_path, code=1)
    assert "no quote of an open market with a sane, narrow spread" in done.err
    assert not (tmp_path / "j").exists()


@pytest.mark.parametrize("seed", ["-1", "x", str(2**63)])
def test_a_seed_that_is_none_is_a_usage_error(tmp_path: Path, seed: str) -> None:
    assert "--seed" in coxswain("demo", "--seed", seed, cwd=tmp_path, code=2).err
