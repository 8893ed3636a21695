"""What an operator says to an engine that does not run, as he says it; and what the next start makes of it, once.

The market of the second run goes on where that of the first ended, in virtual time: nothing but the commands is new.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from coxswain.messages.events import CommandCarriedOut, CommandLapsed, OrderCreated, SignalAccepted
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from tests.e2e.books import prove
from tests.e2e.commands import Done, coxswain
from tests.e2e.dying import dies
from tests.e2e.journals import read_records
from tests.e2e.market import config_file, entry, leave, lines_of, steady_quotes
from tests.e2e.storm import Storm

WORDS = ("run", "--journal", "j", "--quotes", "EURUSD=q.csv", "--json")


class Office:
    """Ann and bob, and a journal whose engine has ended."""

    def __init__(self, folder: Path, mode: str = "FULL_AUTO") -> None:
        self.folder, self.journal = folder, folder / "j"
        config_file(folder / "coxswain.yaml", ["ann", "bob"])
        text = (folder / "coxswain.yaml").read_text()
        (folder / "coxswain.yaml").write_text(text.replace("mode: FULL_AUTO", f"mode: {mode}"))
        steady_quotes(folder / "q.csv", 30)

    def run(self, *signals: dict[str, object], code: int = 0) -> dict[str, Any]:
        document = coxswain(*WORDS, cwd=self.folder, stdin=lines_of(*signals), code=code).json()
        steady_quotes(self.folder / "q.csv", 600)
        return dict(document)

    def say(self, *words: str, code: int = 0, stdin: bytes = b"") -> Done:
        return coxswain(*words, "--journal", "j", cwd=self.folder, code=code, stdin=stdin)

    def status(self) -> dict[str, Any]:
        return dict(coxswain("status", "--journal", "j", "--json", cwd=self.folder).json())

    def open_orders(self) -> list[dict[str, Any]]:
        return list(coxswain("orders", "--journal", "j", "--open", "--json", cwd=self.folder).json())

    def records(self) -> list[Record]:
        return read_records(self.journal)

    def entries(self) -> list[OrderCreated]:
        events = [event for record in self.records() for event in record.events]
        return [event for event in events if isinstance(event, OrderCreated) and event.enters]

    def proves(self) -> None:
        prove(self.journal)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def asking(tmp_path: Path) -> Office:
    """A plan waits for a person."""
    office = Office(tmp_path, "MANUAL")
    office.run(entry("in", 5, ttl_s=3600))
    assert office.entries() == []
    return office


def signal(name: str, **fields: object) -> bytes:
    return json.dumps({**entry(name), **fields}).encode()


# --- each command -----------------------------------------------------------------------------------------------------


def test_an_approval_is_said_to_wait_is_listed_and_goes_out_at_the_start(asking: Office) -> None:
    done = asking.say("approve", "in", "--reason", "looks right")
    assert "waits for the next start of the engine, at the latest at 2026-01-05T11:00:05" in done.out
    assert "note: nothing was sent: no engine runs" in done.err
    assert "to undo: coxswain withdraw c" in done.err
    (waits,) = asking.status()["waiting_commands"]
    assert "approve in by" in waits
    assert "looks right (waits for the engine until 2026-01-05T11:00:05" in waits
    document = asking.run()
    assert {event.intent.account for event in asking.entries()} == {"ann", "bob"}
    assert len(document["positions"]) == 2
    assert asking.status()["waiting_commands"] == []
    told = asking.say("explain", "in").out
    assert "approve in by" in told
    assert "which waited for a start, is carried out" in told
    asking.proves()


def test_a_signal_that_is_handed_in_is_planned_at_the_start(office: Office) -> None:
    office.run()
    (office.folder / "s.json").write_bytes(signal("new"))
    done = office.say("submit", "s.json", "--reason", "the news")
    assert "submit new (entry BUY EURUSD) by" in done.out
    assert "the news" in done.out
    document = office.run()
    assert document["signals"]["planned"] == 1
    assert len(document["positions"]) == 2
    office.proves()


def test_a_flatten_stops_at_once_in_journal_and_flag_and_closes_at_the_start(office: Office) -> None:
    office.run(entry("in", 5))
    done = office.say("flatten", "--everything", "--yes", "--reason", "get out")
    assert "FLATTEN of everything: get out" in done.out
    assert "coxswain resume --everything --reason WHY; until the engine starts nothing is cancelled" in done.err
    assert (office.folder / "j.stop").read_text().startswith("flatten\n")
    assert office.status()["open_positions"] == 2
    document = office.run(entry("more", 100))
    assert document["positions"] == []
    assert [each.intent.signal_id for each in office.entries()] == ["in", "in"], "nothing is opened at the start"
    office.proves()


def test_a_flatten_that_is_released_before_the_start_closes_nothing(office: Office) -> None:
    office.run(entry("in", 5))
    office.say("flatten", "--everything", "--yes", "--reason", "get out")
    office.say("resume", "--everything", "--reason", "a false alarm")
    assert not (office.folder / "j.stop").exists()
    assert office.status()["waiting_commands"] == []
    assert len(office.run()["positions"]) == 2
    office.proves()


def test_a_comparison_is_made_at_the_start(office: Office) -> None:
    office.run()
    assert "reconcile all accounts" in office.say("reconcile", "--reason", "an audit").out
    office.run()
    asked = [r for r in office.records() if any(isinstance(event, CommandCarriedOut) for event in r.events)]
    assert [len(record.requests) for record in asked] == [2]
    office.proves()


def test_what_is_withdrawn_does_not_happen(asking: Office) -> None:
    answer = json.loads(asking.say("approve", "in", "--reason", "looks right", "--json").out)
    assert (answer["command"], answer["done"]) == ("approve", True)
    command_id = answer["undo"].split()[2]
    done = asking.say("withdraw", command_id, "--reason", "on second thoughts")
    assert f"{command_id} waits no more" in done.out
    assert asking.status()["waiting_commands"] == []
    asking.run()
    assert asking.entries() == []
    assert "no command of this id waits" in asking.say("withdraw", "c1", "--reason", "x", code=2).err


def test_what_cannot_be_is_refused_at_once_and_does_not_wait(office: Office) -> None:
    office.run()
    assert "no plan of ours has this id" in office.say("approve", "nobody", "--reason", "x", code=2).err
    assert "wanted one of ann, bob" in office.say("reconcile", "oak", "--reason", "x", code=2).err
    assert "wanted one of" in office.say("flatten", "oak", "--yes", "--reason", "x", code=2).err
    assert "INSTRUMENT_UNKNOWN" in office.say("submit", "-", stdin=signal("x", symbol="NONE"), code=2).err
    assert "not JSON" in office.say("submit", "-", stdin=b"buy", code=2).err
    assert office.status()["waiting_commands"] == []


def test_a_signal_that_is_too_old_at_the_start_is_not_planned(office: Office) -> None:
    office.run()
    office.say("submit", "-", stdin=signal("new", ttl_s=60))
    lines = (office.folder / "q.csv").read_text().splitlines()
    (office.folder / "q.csv").write_text("\n".join([lines[0], *lines[200:]]) + "\n")
    coxswain(*WORDS, cwd=office.folder)
    events = [event for record in office.records() for event in record.events]
    assert any(isinstance(event, CommandLapsed) for event in events)
    assert not any(isinstance(event, SignalAccepted) for event in events)
    assert office.entries() == []
    office.proves()


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "deaths"), [("append", 4), ("journal", 4), ("venue", 2)])
def test_killed_at_every_point_of_the_start_it_is_done_once(asking: Office, point: str, deaths: int) -> None:
    """Each run dies a commit later than the one before; the last one is let go on."""
    asking.say("approve", "in", "--reason", "looks right")
    (asking.folder / "none").write_bytes(b"")
    words = ["run", "--signals", "none", "--journal", "j", "--quotes", "EURUSD=q.csv", "--json"]
    for at in range(1, deaths + 1):
        dies(Storm(asking.folder, asking.journal, words), point, at)
    document = coxswain(*words, cwd=asking.folder).json()
    assert document["breaks"] == []
    assert document["orders"]["unknown_now"] == 0
    assert sorted(event.intent.account for event in asking.entries()) == ["ann", "bob"]
    done = [event for r in asking.records() for event in r.events if isinstance(event, CommandCarriedOut)]
    assert len(done) == 1
    asking.proves()


def test_killed_while_it_is_kept_a_command_waits_or_was_never_given(office: Office) -> None:
    office.run()
    (office.folder / "s.json").write_bytes(signal("new"))
    before = len(office.records())
    words = ["submit", "s.json", "--journal", "j"]
    dies(Storm(office.folder, office.journal, words), "append", 1)
    assert len(office.records()) == before
    office.say("submit", "s.json")
    assert "waits for the engine already" in office.say("submit", "s.json", code=6).err
    assert len(office.run()["positions"]) == 2
    sent = [r for record in office.records() for r in record.requests if isinstance(r, NewOrder) and not r.reduce_only]
    assert len(sent) == 2
    office.proves()


def test_an_order_that_is_cancelled_while_nobody_runs_is_cancelled_at_the_venue(office: Office) -> None:
    office.run(entry("rest", 5, order_type="LIMIT", limit_price="1.08", stop_loss="1.07", time_in_force="GTC"))
    office.say("cancel", "--plan", "rest", "--reason", "not any more")
    document = office.run()
    assert document["orders"]["unknown_now"] == 0
    orders = coxswain("orders", "--journal", "j", "--json", cwd=office.folder).json()
    assert {order["ord_status"] for order in orders} == {"CANCELED"}
    office.proves()


def test_an_order_that_is_changed_while_nobody_runs_is_changed_at_the_venue_by_the_next_start(office: Office) -> None:
    office.run(entry("rest", 5, order_type="LIMIT", limit_price="1.08", stop_loss="1.07", time_in_force="GTC"))
    (first, second) = (order.cl_ord_id for order in office.entries())
    words = ("replace-order", first, "--price", "1.081", "--reason", "nearer")
    done = office.say(*words)
    assert "nothing was sent: no engine runs with this journal" in done.err
    assert "another change of it waits for the engine already" in office.say(*words, code=2).err
    assert office.run()["orders"]["unknown_now"] == 0
    prices = {order["cl_ord_id"]: order["price"] for order in office.open_orders()}
    assert (prices[first], prices[second]) == ("1.081", "1.08")
    office.proves()


def test_an_exit_is_handed_in_like_an_entry(office: Office) -> None:
    office.run(entry("in", 5))
    office.say("submit", "-", stdin=json.dumps(leave("out")).encode())
    assert office.run()["positions"] == []
    office.proves()
