"""`coxswain run`: signals from a file or a pipe; each is taken, refused or known, and the books agree at the end."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coxswain.messages.events import AccountStateChanged, SignalDenied
from tests.e2e.commands import COXSWAIN, coxswain, durable_records, running
from tests.e2e.journals import read_records
from tests.e2e.market import (
    EURUSD,
    GBPUSD,
    START_NS,
    START_S,
    config_file,
    entry,
    leave,
    lines_of,
    move_stop,
    quotes_file,
    steady_quotes,
)

LEAN = Path(__file__).resolve().parents[3] / "shared" / "data" / "lean"
needs_data = pytest.mark.skipif(not LEAN.is_dir(), reason="the recorded market data is not beside the repository")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with two accounts and five quiet minutes of EURUSD."""
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    steady_quotes(tmp_path / "q.csv", 300)
    return tmp_path


def run(folder: Path, *signals: dict[str, object] | str, code: int = 0, more: tuple[str, ...] = ()) -> Any:
    """Run signals from a file on the folder's quotes and return the document."""
    (folder / "signals.jsonl").write_bytes(lines_of(*signals))
    words = ("run", "--signals", "signals.jsonl", "--quotes", "EURUSD=q.csv", "--json", *more)
    return coxswain(*words, cwd=folder, code=code).json()


def denials(folder: Path) -> list[str]:
    """Return what the journal says of each line that was refused."""
    return [
        f"{event.where}: {'; '.join(event.reasons)}".removeprefix(": ")
        for record in read_records(folder / "coxswain.journal")
        for event in record.events
        if isinstance(event, SignalDenied)
    ]


# --- what signals do --------------------------------------------------------------------------------------------------


def test_an_entry_its_stop_adjustment_and_its_exit_run_in_order(desk: Path) -> None:
    document = run(desk, entry("in", 5), move_stop("up", "1.082", 60), leave("out", 120, reason="enough"))
    assert document["signals"] == {"received": 3, "planned": 3, "denied": 0, "duplicate": 0}
    assert [plan["kind"] for plan in document["plans"]] == ["entry", "stop_adjustment", "exit"]
    for plan in document["plans"]:
        assert [account["account"] for account in plan["accounts"]] == ["ann", "bob"]
        assert {account["verdict"] for account in plan["accounts"]} == {"SEND"}
    assert document["positions"] == []
    assert document["breaks"] == []
    assert document["audit"]["verified"] is True


def test_a_stop_that_was_moved_protects_at_its_new_price(desk: Path) -> None:
    document = run(desk, entry("in", 5), move_stop("up", "1.082", 60))
    assert [position["stop_px"] for position in document["positions"]] == ["1.082", "1.082"]
    assert {position["protection"] for position in document["positions"]} == {"venue"}
    rows = coxswain("orders", "--open", "--json", cwd=desk).json()
    assert [(row["role"], row["stop_px"]) for row in rows] == [("STOP", "1.082")] * 2


def test_part_of_a_position_can_be_closed(desk: Path) -> None:
    document = run(desk, entry("in", 5, quantity="0.6"), leave("half", 60, quantity="0.4"))
    assert sum(Decimal(position["qty"]) for position in document["positions"]) == Decimal("0.2")
    assert {position["protection"] for position in document["positions"]} == {"venue"}


def test_numbers_may_be_text_and_names_of_accounts_narrow_a_plan(desk: Path) -> None:
    document = run(desk, entry("in", 5, quantity="0.2", confidence="0.9", accounts=["bob"]))
    assert [(position["account"], position["qty"]) for position in document["positions"]] == [("bob", "0.2")]


def test_two_instruments_run_at_once(tmp_path: Path) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"])
    quotes_file(tmp_path / "eur.csv", EURUSD, 120)
    quotes_file(tmp_path / "gbp.csv", GBPUSD, 120)
    signals = lines_of(
        entry("eur", 5), entry("gbp", 6, symbol="GBPUSD", stop_loss="1.25"), leave("out", 60, symbol="gbpusd")
    )
    words = ("run", "--quotes", "EURUSD=eur.csv", "--quotes", "GBPUSD=gbp.csv", "--json")
    document = coxswain(*words, cwd=tmp_path, stdin=signals).json()
    assert [plan["symbol"] for plan in document["plans"]] == ["EURUSD", "GBPUSD", "GBPUSD"]
    assert {position["symbol"] for position in document["positions"]} == {"EURUSD"}
    assert document["breaks"] == []


def test_an_order_for_the_day_ends_with_it_and_protection_stays(tmp_path: Path) -> None:
    config = config_file(tmp_path / "coxswain.yaml", ["ann", "bob", "cat", "dan"])
    config.write_text(config.read_text().replace("latency_ms: 20", 'latency_ms: 20\n    day_ends: "10:05"'))
    steady_quotes(tmp_path / "q.csv", 600)
    far = {"order_type": "LIMIT", "limit_price": "1.082"}
    document = run(
        tmp_path,
        entry("today", 5, accounts=["ann"], **far),
        entry("good", 6, accounts=["bob"], time_in_force="GTC", **far),
        entry("filled", 7, accounts=["cat"]),
        entry("tomorrow", 400, accounts=["dan"], **far),
    )
    rows = coxswain("orders", "--json", cwd=tmp_path).json()
    assert {row["signal_id"]: row["ord_status"] for row in rows if row["role"] == "ENTRY"} == {
        "today": "EXPIRED",
        "good": "NEW",
        "filled": "FILLED",
        "tomorrow": "NEW",
    }
    assert [(position["account"], position["protection"]) for position in document["positions"]] == [("cat", "venue")]
    assert document["breaks"] == []
    coxswain("replay", cwd=tmp_path)


# --- lines that are no use --------------------------------------------------------------------------------------------


def test_a_bad_line_is_named_and_the_lines_after_it_still_run(desk: Path) -> None:
    document = run(desk, "not json", entry("in", 5), entry("sideless", 6, side=None), "", "[]", leave("out", 60))
    assert document["signals"] == {"received": 5, "planned": 2, "denied": 3, "duplicate": 0}
    assert document["positions"] == []
    first, second, third = denials(desk)
    assert first.startswith("line 1: the line is not JSON")
    assert second == "line 3: side: missing; an entry wants BUY or SELL"
    assert third == "line 5: the line is a list; wanted one JSON object"


def test_every_wrong_field_of_a_signal_is_reported_and_nothing_is_sent(desk: Path) -> None:
    document = run(desk, entry("in", 5, side="UP", stop_loss="x", confidenc=1, quantity=-1, order_type="LIMIT"))
    assert document["plans"] == []
    assert document["orders"]["total"] == 0
    (said,) = denials(desk)
    for field in ("side: ", "stop_loss: ", '"confidenc": unknown field; did you mean confidence?', "quantity: "):
        assert field in said


def test_what_was_refused_is_told_on_the_screen(desk: Path) -> None:
    signals = lines_of("nonsense", entry("far", 5, symbol="XAUUSD"))
    screen = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, stdin=signals).out
    assert "denied: line 1: no id: the line is not JSON" in screen
    assert "denied: line 2: far: INSTRUMENT_UNKNOWN: symbol=XAUUSD, wanted=one of EURUSD, GBPUSD" in screen


def test_a_signal_out_of_order_is_an_error_that_names_the_line(desk: Path) -> None:
    document = run(desk, entry("late", 60), leave("early", 30), leave("out", 90))
    assert document["signals"]["denied"] == 1
    assert denials(desk) == ["line 2: signal_time: earlier than that of line 1; wanted lines in order of signal_time"]
    assert document["positions"] == []


def test_the_same_id_with_the_same_body_is_a_duplicate(desk: Path) -> None:
    same = entry("in", 5, stop_loss="1.0800")
    document = run(desk, entry("in", 5, stop_loss="1.08"), same, entry("in", 5, stop_loss=1.08))
    assert document["signals"] == {"received": 3, "planned": 1, "denied": 0, "duplicate": 2}
    assert len(document["plans"]) == 1


def test_a_copy_of_an_earlier_line_is_a_duplicate_wherever_it_stands_and_moves_no_time_back(desk: Path) -> None:
    lines = (entry("in", 5), leave("out", 60), entry("in", 5, stop_loss="1.0800"), entry("in", 5, stop_loss="1.07"))
    document = run(desk, *lines, leave("early", 30), leave("last", 60))
    assert document["signals"] == {"received": 6, "planned": 3, "denied": 2, "duplicate": 1}
    fault = "signal_time: earlier than that of line 2; wanted lines in order of signal_time"
    assert denials(desk) == [f"line 4: {fault}", f"line 5: {fault}"]


def test_the_same_id_with_another_body_is_denied(desk: Path) -> None:
    document = run(desk, entry("in", 5), entry("in", 5, stop_loss="1.07"))
    assert document["signals"] == {"received": 2, "planned": 1, "denied": 1, "duplicate": 0}
    assert denials(desk) == ["SIGNAL_ID_REUSED: id=in, its body differs from the first one's"]


def test_a_denied_signal_is_no_failure_of_the_run(desk: Path) -> None:
    document = run(desk, entry("in", 5, symbol="NOPE"), entry("unsure", 6, confidence=0.1), entry("old", -900))
    assert document["signals"]["received"] == 3
    assert document["orders"]["total"] == 0
    assert document["breaks"] == []


def test_a_signal_that_could_not_be_read_may_come_again_corrected(desk: Path) -> None:
    document = run(desk, entry("in", 5, side="UP"), entry("in", 6))
    assert document["signals"] == {"received": 2, "planned": 1, "denied": 1, "duplicate": 0}


def test_the_same_run_again_changes_nothing_and_says_why(desk: Path) -> None:
    first = run(desk, entry("in", 5), leave("out", 60))
    words = ("run", "--signals", "signals.jsonl", "--quotes", "EURUSD=q.csv")
    screen = coxswain(*words, cwd=desk).out
    assert "0 planned, 0 denied, 2 duplicate; 1 quote, and 299 that the journal is past already" in screen
    again = coxswain(*words, "--json", cwd=desk).json()
    assert (again["plans"], again["fills"], again["orders"]) == (first["plans"], first["fills"], first["orders"])


def test_an_old_signal_is_denied_with_its_age(desk: Path) -> None:
    run(desk, entry("old", -900))
    assert denials(desk) == ["SIGNAL_EXPIRED: age_s=900, ttl_s=300"]


# --- where signals come from ------------------------------------------------------------------------------------------


def test_signals_come_from_standard_input(desk: Path) -> None:
    words = ("run", "--signals", "-", "--quotes", "EURUSD=q.csv", "--json")
    document = coxswain(*words, cwd=desk, stdin=lines_of(entry("in", 5), leave("out", 60))).json()
    assert document["signals"]["planned"] == 2
    assert document["positions"] == []


def test_no_signal_at_all_is_a_run_too(desk: Path) -> None:
    document = coxswain("run", "--quotes", "EURUSD=q.csv", "--json", cwd=desk).json()
    assert document["signals"]["received"] == 0
    assert document["audit"]["verified"] is True


def test_a_last_line_without_its_newline_is_taken(desk: Path) -> None:
    words = ("run", "--quotes", "EURUSD=q.csv", "--json")
    assert coxswain(*words, cwd=desk, stdin=lines_of(entry("in", 5)).rstrip()).json()["signals"]["planned"] == 1


# --- arguments --------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_plans_sends_nothing_and_leaves_no_file(desk: Path) -> None:
    before = sorted(path.name for path in desk.iterdir())
    signals = lines_of(entry("in", 5))
    words = ("run", "--dry-run", "--quotes", "EURUSD=q.csv")
    screen = coxswain(*words, cwd=desk, stdin=signals).out
    assert "Plan of in: entry BUY EURUSD" in screen
    assert "Dry run: no order was sent and no journal was left." in screen
    document = coxswain(*words, "--json", cwd=desk, stdin=signals).json()
    assert [account["verdict"] for account in document["plans"][0]["accounts"]] == ["SEND", "SEND"]
    assert [account["result"] for account in document["plans"][0]["accounts"]] == [None, None]
    assert document["mode"] == "RESEARCH"
    assert document["orders"]["total"] == 0
    assert sorted(path.name for path in desk.iterdir()) == before


def test_a_dry_run_plans_on_top_of_what_is_held(desk: Path) -> None:
    run(desk, entry("in", 5))
    quotes = quotes_file(desk / "more.csv", EURUSD, 400)
    before = {path.name: path.read_bytes() for path in desk.iterdir() if path.is_file()}
    words = ("run", "--dry-run", "--quotes", f"EURUSD={quotes.name}")
    signals = lines_of(move_stop("up", "1.07", 310), leave("out", 350))
    screen = coxswain(*words, cwd=desk, stdin=signals).out
    assert {path.name: path.read_bytes() for path in desk.iterdir() if path.is_file()} == before
    assert "signals this run: 2 received, 2 planned" in screen
    assert "Plan of in" not in screen
    assert len(re.findall(r"^ (?:ann|bob) +SEND +0.39", screen, re.MULTILINE)) == 4
    assert "Dry run on a copy of coxswain.journal, which is as it was: no order was sent." in screen
    document = coxswain(*words, "--json", cwd=desk, stdin=signals).json()
    assert [plan["signal_id"] for plan in document["plans"]] == ["in", "up", "out"]
    assert {account["result"] is None for plan in document["plans"][1:] for account in plan["accounts"]} == {True}


def test_a_dry_run_beside_a_running_engine_is_refused(desk: Path) -> None:
    journal = desk / "coxswain.journal"
    with running([COXSWAIN, "run", "--quotes", "EURUSD=q.csv"], desk) as engine:
        engine.wait_until(lambda: durable_records(journal) > 0)
        done = coxswain("run", "--dry-run", "--quotes", "EURUSD=q.csv", cwd=desk, code=1)
    assert "in use by a running engine; a dry run wants it stopped" in done.err


def test_a_dry_run_leaves_an_existing_journal_as_it_is(desk: Path) -> None:
    run(desk, entry("in", 5))
    before = {path.name: path.read_bytes() for path in desk.iterdir() if path.is_file()}
    coxswain("run", "--dry-run", "--quotes", "EURUSD=q.csv", cwd=desk, stdin=lines_of(entry("other", 5)))
    assert {path.name: path.read_bytes() for path in desk.iterdir() if path.is_file()} == before


def test_no_quotes_is_an_error_that_says_what_is_wanted(desk: Path) -> None:
    done = coxswain("run", cwd=desk, code=2)
    assert "no quotes were given, wanted --quotes SYMBOL=FILE" in done.err
    assert done.out == ""
    assert not (desk / "coxswain.journal").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--signals", "gone.jsonl", "--quotes", "EURUSD=q.csv"), 1, "gone.jsonl: No such file or directory"),
        (("--signals", ".", "--quotes", "EURUSD=q.csv"), 1, ".: Is a directory"),
        (("--quotes", "EURUSD=gone.csv"), 1, "gone.csv: there is no such file"),
        (("--quotes", "q.csv"), 2, "q.csv: the symbol is not known, wanted SYMBOL=q.csv"),
        (("--quotes", "XAU=q.csv"), 2, "symbol XAU is not an instrument of the configuration, wanted EURUSD, GBPUSD"),
        (("--quotes", "EURUSD=q.csv", "--journal", "no/such/j"), 1, "no/such: there is no such folder"),
        (("--quotes", "EURUSD=q.csv", "--quotes-tz", "Mars"), 2, "time zone 'Mars', wanted a name"),
        (("--quotes", "EURUSD=q.csv", "--simulated"), 2, "--simulated wants --realtime and no --quotes"),
        (
            (
                "--quotes",
                "EURUSD=empty.csv",
            ),
            1,
            "empty.csv: there is no quote in it",
        ),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_left(
    desk: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (desk / "empty.csv").write_text("timestamp,bid,ask\n")
    before = sorted(path.name for path in desk.iterdir())
    done = coxswain("run", *words, cwd=desk, code=code)
    assert said in done.err
    assert "Traceback" not in done.err
    assert "Errno" not in done.err
    assert done.out == ""
    assert sorted(path.name for path in desk.iterdir()) == before


def test_one_file_given_twice_is_a_mistake(desk: Path) -> None:
    done = coxswain("run", "--quotes", "EURUSD=q.csv", "--quotes", "EURUSD=./q.csv", cwd=desk, code=2)
    assert "q.csv: given twice for EURUSD" in done.err


def test_two_days_of_one_instrument_are_one_market(desk: Path) -> None:
    lines = (desk / "q.csv").read_text().splitlines()
    (desk / "first.csv").write_text("\n".join(lines[:150]) + "\n")
    (desk / "second.csv").write_text("\n".join(lines[150:]) + "\n")
    words = ("run", "--quotes", "EURUSD=second.csv", "EURUSD=first.csv", "--json")
    signals = lines_of(entry("in", 5), leave("out", 280))
    assert coxswain(*words, cwd=desk, stdin=signals).json()["positions"] == []


def test_the_document_is_all_that_stands_on_standard_output(desk: Path) -> None:
    words = ("run", "--quotes", "EURUSD=q.csv", "--json")
    done = coxswain(*words, cwd=desk, stdin=lines_of("nonsense", entry("in", 5)))
    assert done.json()["schema_version"] == 1
    assert done.out.startswith("{\n")
    assert done.out.endswith("}\n")
    assert done.err == ""


# --- the market -------------------------------------------------------------------------------------------------------


def quotes_with(path: Path, strange: str, at_s: int) -> None:
    """Put one strange quote into five quiet minutes."""
    lines = path.read_text().splitlines()
    lines.insert(at_s + 1, f"{START_S * 1000 + at_s * 1000 - 500},{strange}")
    path.write_text("\n".join(lines) + "\n")


def test_crossed_quotes_are_counted_and_trade_nothing(desk: Path) -> None:
    quotes_with(desk / "q.csv", "0.50000,0.40000", 150)  # below every stop, if it counted
    quotes_with(desk / "q.csv", "1.09000,1.07000", 4)
    signals = lines_of(entry("in", 3.6))
    screen = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, stdin=signals).out
    assert "2 quotes of EURUSD refused: crossed, or not above zero" in screen
    rows = coxswain("fills", "--json", cwd=desk).json()
    assert {row["last_px"] for row in rows} == {"1.08502"}


def test_a_crossed_quote_is_no_loss(desk: Path) -> None:
    quotes_with(desk / "q.csv", "0.50000,0.40000", 150)
    run(desk, entry("in", 5))
    for account in coxswain("accounts", "--json", cwd=desk).json():
        assert account["state"] == "ACTIVE"
    events = [event for record in read_records(desk / "coxswain.journal") for event in record.events]
    assert not [event for event in events if isinstance(event, AccountStateChanged) and event.cause == "DAILY_LOSS"]


def test_an_order_waits_for_a_fresh_quote(desk: Path) -> None:
    """It leaves while the last quote is just fresh enough, and arrives when it no longer is."""
    lines = (desk / "q.csv").read_text().splitlines()
    (desk / "q.csv").write_text("\n".join(lines[:11] + lines[100:]) + "\n")
    screen = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, stdin=lines_of(entry("in", 69))).out
    assert "2 orders waited at a venue for a fresh quote" in screen
    assert [row["ord_status"] for row in coxswain("orders", "--json", cwd=desk).json()][:2] == ["FILLED", "FILLED"]


def test_nothing_is_sent_on_a_stale_quote(desk: Path) -> None:
    lines = (desk / "q.csv").read_text().splitlines()
    (desk / "q.csv").write_text("\n".join(lines[:11] + lines[200:]) + "\n")
    document = run(desk, entry("in", 150))
    (plan,) = document["plans"]
    for account in plan["accounts"]:
        assert account["verdict"] == "SKIP" or account["result"]["error"].startswith("QUOTE_STALE: ")
    assert document["orders"]["total"] == 0


@needs_data
def test_a_recorded_day_of_eurusd_runs(tmp_path: Path) -> None:
    coxswain("init", cwd=tmp_path)
    at_ns = 1_399_442_400_000_000_000  # 2014-05-07 06:00 UTC
    signals = lines_of(
        entry("in", (at_ns - START_NS) / 1e9, stop_loss="1.388", take_profit="1.3975"),
        leave("out", (at_ns - START_NS) / 1e9 + 7200),
    )
    quotes = LEAN / "forex/oanda/tick/eurusd/20140507_quote.zip"
    document = coxswain("run", "--quotes", quotes, "--json", cwd=tmp_path, stdin=signals).json()
    assert document["signals"]["planned"] == 2
    assert document["fills"] >= 10
    assert document["positions"] == []
    assert document["breaks"] == []


@needs_data
def test_a_recorded_day_of_ibm_runs(tmp_path: Path) -> None:
    coxswain("init", cwd=tmp_path)
    at_s = 1_381_154_400 - START_S  # 2013-10-07 14:00 UTC, half an hour into the session
    signals = lines_of(
        entry("in", at_s, symbol="IBM", stop_loss="180"),
        move_stop("up", "181", at_s + 300, symbol="IBM"),
        leave("out", at_s + 600, symbol="IBM"),
        entry("closed", at_s + 36_000, symbol="IBM", stop_loss="180"),
    )
    quotes = LEAN / "equity/usa/tick/ibm/20131007_quote.zip"
    document = coxswain("run", "--quotes", quotes, "--json", cwd=tmp_path, stdin=signals).json()
    assert document["signals"]["planned"] == 4
    assert document["fills"] > 5
    assert document["positions"] == []
    assert document["breaks"] == []


# --- how it ends ------------------------------------------------------------------------------------------------------


def test_a_break_that_is_open_at_the_end_is_exit_code_7(desk: Path) -> None:
    run(desk, entry("in", 5))
    for file in desk.glob("coxswain.journal.one.db*"):
        file.unlink()  # the venue forgot everything: its books differ from ours, and no one repairs that by itself
    document = run(desk, entry("in", 5), code=7)
    assert document["signals"]["duplicate"] == 1
    assert {found["account"] for found in document["breaks"]} == {"ann"}
    assert sorted(found["kind"] for found in document["breaks"]) == [
        "BALANCE_DIFFERS",
        "MISSING_AT_VENUE",
        "ORDER_MISSING_AT_VENUE",
    ]
    assert document["orders"]["unknown_now"] == 0
    status = coxswain("status", "--json", cwd=desk, code=7).json()
    assert sorted(status["breaks"]) == sorted(found["break_id"] for found in document["breaks"])
    screen = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, code=7).out
    assert "NOT reconciled" in screen
    assert "MISSING_AT_VENUE" in screen


def test_a_journal_that_the_configuration_does_not_fit_is_not_gone_on_with(desk: Path) -> None:
    """An account that nobody looks after any more would keep its positions and its orders at its venue."""
    run(desk, entry("in", 5))
    before = durable_records(desk / "coxswain.journal")
    config_file(desk / "coxswain.yaml", ["ann"])
    done = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, code=4)
    assert done.err == (
        "coxswain: coxswain.yaml: accounts: bob is missing; it has 2 orders, 1 fill, 1 open position in "
        "coxswain.journal, at venue two in USD. Put it back, or begin a new journal with --journal\n"
    )
    config_file(desk / "coxswain.yaml", ["bob", "ann"])
    done = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, code=4)
    assert "accounts[ann].venue: found two; wanted one, because it has 2 orders, 1 fill, 1 open position" in done.err
    assert "accounts[bob].venue: found one; wanted two" in done.err
    config = config_file(desk / "coxswain.yaml", ["ann", "bob"])
    config.write_text(config.read_text().replace("currency: USD, initial", "currency: EUR, initial", 1))
    done = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, code=4)
    assert "accounts[ann].currency: found EUR; wanted USD" in done.err
    config = config_file(desk / "coxswain.yaml", ["ann", "bob"])
    config.write_text(config.read_text().replace("EURUSD", "EURCHF"))
    done = coxswain("run", "--quotes", "EURCHF=q.csv", cwd=desk, code=4)
    assert "instruments: ann has traded EURUSD in coxswain.journal; wanted it here too" in done.err
    assert durable_records(desk / "coxswain.journal") == before
    config_file(desk / "coxswain.yaml", ["ann", "bob", "cat"])
    coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk)


def test_an_account_that_never_traded_may_go_or_change_and_come_back(desk: Path) -> None:
    config_file(desk / "coxswain.yaml", ["ann", "bob", "cat"])
    run(desk, entry("in", 5, accounts=["ann"]), entry("b", 6, accounts=["bob"]))
    for accounts in (["ann", "bob"], ["ann", "bob", "dan", "cat"], ["ann", "bob", "cat"]):
        config_file(desk / "coxswain.yaml", accounts)
        document = run(desk, entry("in", 5, accounts=["ann"]), entry("b", 6, accounts=["bob"]))
        assert document["breaks"] == []
    coxswain("replay", cwd=desk)


def test_a_venue_file_that_is_damaged_is_named(desk: Path) -> None:
    run(desk, entry("in", 5))
    (desk / "coxswain.journal.one.db").write_text("not a state file at all, and long enough to be looked at")
    done = coxswain("run", "--quotes", "EURUSD=q.csv", cwd=desk, code=1)
    assert done.err == "coxswain: coxswain.journal.one.db: file is not a database\n"


# --- the screen -------------------------------------------------------------------------------------------------------


def on_screen(folder: Path, *signals: dict[str, object] | str, more: tuple[str, ...] = ()) -> str:
    """Run signals from a pipe and return what is printed for people."""
    return coxswain("run", "--quotes", "EURUSD=q.csv", *more, cwd=folder, stdin=lines_of(*signals)).out


def test_the_screen_says_that_the_money_is_paper_and_which_file_the_market_was(desk: Path) -> None:
    assert on_screen(desk, entry("in", 5)).startswith("paper accounts; market: q.csv; mode FULL_AUTO\n")


def test_the_screen_gives_the_reason_of_a_denial_in_its_row_and_counts_it(desk: Path) -> None:
    far_away = entry("in", 5, order_type="LIMIT", limit_price="1.05", stop_loss="1.04")
    screen = on_screen(desk, "nonsense", far_away, entry("far", 6, symbol="XAUUSD"))
    for account in ("ann", "bob"):
        assert re.search(rf"^ {account} .* PRICE_COLLAR: value=0.035\d*, limit=0.021\d* +DENIED", screen, re.MULTILINE)
    assert "2 signals denied: 1 not valid, 1 INSTRUMENT_UNKNOWN" in screen
    assert "2 orders denied by our own gate, nothing sent: 2 PRICE_COLLAR" in screen
    assert "denied: line 3: far: INSTRUMENT_UNKNOWN" in screen
    assert "  nothing\n" not in screen


def test_a_stop_that_may_not_move_shows_who_holds_a_position_and_the_failed_check(desk: Path) -> None:
    screen = on_screen(desk, entry("in", 5, accounts=["ann"]), move_stop("up", "1.2", 60))
    assert re.search(r"^ ann +SKIP .* STOP_ON_WRONG_SIDE: value=1.2, limit=1.085", screen, re.MULTILINE)
    assert "1 account without such a position" in screen


def test_a_stop_that_moved_is_not_called_working(desk: Path) -> None:
    screen = on_screen(desk, entry("in", 5), move_stop("up", "1.081", 60), move_stop("more", "1.082", 90))
    assert len(re.findall(r"all checks passed +MOVED *$", screen, re.MULTILINE)) == 4
    assert "WORKING" not in screen
    document = run(desk, leave("out", 120))
    assert [row["result"]["outcome"] for row in document["plans"][1]["accounts"]] == ["CANCELED"] * 2


def test_a_restart_tells_only_what_is_new(desk: Path) -> None:
    assert "Plan of in: entry" in on_screen(desk, "nonsense", entry("in", 5))
    steady_quotes(desk / "q.csv", 400)
    screen = on_screen(desk, entry("in", 5), leave("out", 350))
    assert "nonsense" not in screen
    assert "Plan of in" not in screen
    assert "signals this run: 2 received, 1 planned, 0 denied, 1 duplicate" in screen
    assert "in all 4 received, 2 planned, 1 denied" in screen
    assert "What went wrong, and what became of it\n  nothing\n" in screen
    assert len(run(desk)["plans"]) == 2, "the document stays whole"


# --- a venue that invents ---------------------------------------------------------------------------------------------


def test_a_simulated_venue_is_called_so_wherever_its_figures_are_shown(desk: Path) -> None:
    config = desk / "coxswain.yaml"
    written = config.read_text(encoding="utf-8").replace(
        "    kind: paper\n", "    kind: paper\n    simulated: {slippage_pct: 0.01}\n"
    )
    config.write_text(written, encoding="utf-8")
    document = run(desk, entry("in", 5))
    label = "venue one is SIMULATED: slippage_pct 0.01"
    assert document["feed"] == f"q.csv; {label}; venue two is SIMULATED: slippage_pct 0.01"
    assert document["simulated_venues"] == ["one: slippage_pct 0.01", "two: slippage_pct 0.01"]
    assert label in coxswain("status", cwd=desk).out
    assert label in coxswain("fills", cwd=desk).out
    assert label in coxswain("config", "show", cwd=desk).out
    assert "venue one is SIMULATED" in coxswain("config", "check", cwd=desk).err


def test_a_command_in_a_file_is_carried_out_once_however_often_the_file_is_fed(desk: Path) -> None:
    """Found by trying it out: a restart with the same file paused an account again that somebody had resumed."""
    pause: dict[str, object] = {"command": "pause", "account": "ann", "reason": "look"}
    run(desk, entry("in", 5), pause, "not JSON at all {")
    assert paused(desk) == ["ann"]
    coxswain("resume", "ann", "--reason", "looked", cwd=desk)
    steady_quotes(desk / "q.csv", 400)
    run(desk, entry("in", 5), pause, "not JSON at all {")
    assert paused(desk) == []
    run(desk, entry("in", 5), pause, pause)
    assert paused(desk) == ["ann"], "said once more, it is another command"


def paused(folder: Path) -> list[str]:
    rows = coxswain("accounts", "--json", cwd=folder).json()
    return [row["account"] for row in rows if any("PAUSE" in cause for cause in row["causes"])]


def test_of_many_plans_the_screen_shows_the_newest_and_the_command_for_the_others(desk: Path) -> None:
    """Whoever stops a run wants its end; the document, and a rehearsal, have all of it."""
    lines = lines_of(
        *(entry(f"s{number}", 5 + number) for number in range(25)), *(entry("x", 40) | {"side": "UP"},) * 25
    )
    words = ("run", "--quotes", "EURUSD=q.csv")
    rehearsed = coxswain(*words, "--dry-run", cwd=desk, stdin=lines).out
    assert rehearsed.count("\nPlan of s") == 25
    screen = coxswain(*words, cwd=desk, stdin=lines).out
    told = re.findall(r"^Plan of (s\d+):", screen, re.MULTILINE)
    assert told == [f"s{number}" for number in range(5, 25)]
    assert "The newest 20 of 25 plans; the others: coxswain explain SIGNAL --journal coxswain.journal" in screen
    assert "The newest 20 of 25 denied signals;" in screen
    assert "25 signals denied: 25 not valid" in screen
    assert "signals: 50 received, 25 planned, 25 denied" in screen
    document = coxswain(*words, "--json", cwd=desk, stdin=b"").json()
    assert [plan["signal_id"] for plan in document["plans"]] == [f"s{number}" for number in range(25)]
