"""What an operator says to an engine that does not run is there at its next start, and who said it."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import coxswain


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "demo.journal"
    coxswain("demo", "--journal", path, "--json", cwd=tmp_path)
    return path


def state_of(journal: Path, account: str) -> str:
    rows = coxswain("accounts", "--journal", journal, "--json", cwd=journal.parent).json()
    rows = rows if isinstance(rows, list) else rows["accounts"]
    return next(str(row["state"]) for row in rows if row["account"] == account)


def test_a_paused_account_only_reduces_until_it_is_resumed(journal: Path) -> None:
    paused = coxswain("pause", "alder", "--reason", "a look", "--journal", journal, cwd=journal.parent)
    assert "alder is REDUCING: PAUSED began: a look" in paused.out
    assert "coxswain resume alder --reason WHY" in paused.err
    assert state_of(journal, "alder") == "REDUCING"
    coxswain("resume", "alder", "--reason", "looked", "--journal", journal, cwd=journal.parent)
    assert state_of(journal, "alder") == "ACTIVE"
    coxswain("audit", "verify", "--journal", journal, cwd=journal.parent)
    coxswain("replay", "--journal", journal, cwd=journal.parent)


def test_an_account_that_nobody_knows_is_named_with_those_that_are(journal: Path) -> None:
    done = coxswain("pause", "oak", "--reason", "a look", "--journal", journal, cwd=journal.parent, code=2)
    assert "'oak'" in done.err
    assert "alder, birch" in done.err


def status_of(journal: Path) -> dict[str, Any]:
    return dict(coxswain("status", "--journal", journal, "--json", cwd=journal.parent).json())


@pytest.mark.parametrize("level", ["pause", "halt", "freeze"])
def test_a_stop_of_everything_is_in_the_status_until_it_is_resumed(journal: Path, level: str) -> None:
    yes = ["--yes"] if level == "halt" else []
    done = coxswain(level, "--everything", *yes, "--reason", "a drill", "--journal", journal, cwd=journal.parent)
    assert f"{level.upper()} of everything: a drill" in done.out
    assert "coxswain resume --everything --reason WHY" in done.err
    (stop,) = status_of(journal)["stops"]
    assert stop.startswith(f"{level.upper()} of everything by ")
    coxswain("resume", "--everything", "--reason", "it went well", "--journal", journal, cwd=journal.parent)
    assert status_of(journal)["stops"] == []
    coxswain("replay", "--journal", journal, cwd=journal.parent)


def test_flatten_asks_first_and_a_script_has_to_say_yes(journal: Path) -> None:
    done = coxswain("flatten", "--everything", "--reason", "x", "--journal", journal, cwd=journal.parent, code=2)
    assert "wanted --yes" in done.err
    assert status_of(journal)["stops"] == []


def test_a_mode_is_set_and_shown(journal: Path) -> None:
    coxswain("set-mode", "manual", "--everything", "--reason", "a look", "--journal", journal, cwd=journal.parent)
    assert status_of(journal)["modes"]["everything"] == "MANUAL"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reject", "nobody", "--reason", "x"), "no plan of ours has this id"),
        (("modify", "nobody", "alder=1", "--reason", "x"), "no plan of ours has this id"),
        (("cancel", "nobody", "--reason", "x"), "no order of ours has this id"),
        (("cancel", "--reason", "x"), "nothing to cancel is named"),
        (("replace-order", "nobody", "--price", "1", "--reason", "x"), "no order of ours has this id"),
        (
            ("replace-order", "nobody", "--reason", "x"),
            "nothing to change is named: wanted --quantity, --price or --stop-price",
        ),
        (("halt", "--reason", "x"), "no scope: wanted exactly one of"),
        (("freeze", "alder", "--everything", "--reason", "x"), "ACCOUNT and --everything: wanted exactly one of"),
        (("set-mode", "AUTO", "--everything", "--reason", "x"), "wanted one of FULL_AUTO"),
        (("pause", "alder", "--reason", " "), "wanted printable text"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(journal: Path, arguments: tuple[str, ...], said: str) -> None:
    done = coxswain(*arguments, "--journal", journal, cwd=journal.parent, code=2)
    assert said in done.err


def test_an_answer_is_also_a_document(journal: Path) -> None:
    done = coxswain("pause", "alder", "--reason", "x", "--journal", journal, "--json", cwd=journal.parent)
    answer = done.json()
    assert isinstance(answer, dict)
    assert (answer["command"], answer["done"]) == ("pause", True)
