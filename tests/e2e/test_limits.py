"""Limits from the command line: shown with their origin, changed for an engine that does not run, refused by name."""

from pathlib import Path

import pytest

from tests.e2e.commands import coxswain


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "demo.journal"
    coxswain("demo", "--journal", path, "--json", cwd=tmp_path)
    return path


def limit(journal: Path, account: str, key: str) -> dict[str, str]:
    found = coxswain("limits", "--account", account, "--journal", journal, "--json", cwd=journal.parent).json()
    return next(dict(row) for row in found["limits"] if row["key"] == key)


def test_a_limit_is_changed_and_shown_with_who_and_since_when(journal: Path) -> None:
    before = limit(journal, "alder", "max_open_positions")
    assert before["origin"] == "configuration"
    where = ("--journal", journal)
    coxswain(
        "limits", "set", "max_open_positions=2", "--account", "alder", "--reason", "less", *where, cwd=journal.parent
    )
    after = limit(journal, "alder", "max_open_positions")
    assert (after["value"], str(after["version"])) == ("2", "2")
    assert after["origin"].startswith("command by ")
    assert limit(journal, "birch", "max_open_positions")["origin"] == "configuration"
    coxswain("replay", *where, cwd=journal.parent)
    coxswain("limits", *where, cwd=journal.parent)


def test_a_key_that_is_none_is_refused_by_name(journal: Path) -> None:
    done = coxswain(
        "limits", "set", "max_nonsense=2", "--reason", "less", "--journal", journal, cwd=journal.parent, code=2
    )
    assert "KEY_UNKNOWN" in done.out + done.err
