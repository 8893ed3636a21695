"""What an operator says to an engine that does not run is there at its next start, and who said it."""

from pathlib import Path

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
    assert state_of(journal, "alder") == "REDUCING"
    coxswain("resume", "alder", "--reason", "looked", "--journal", journal, cwd=journal.parent)
    assert state_of(journal, "alder") == "ACTIVE"
    coxswain("audit", "verify", "--journal", journal, cwd=journal.parent)
    coxswain("replay", "--journal", journal, cwd=journal.parent)


def test_an_account_that_nobody_knows_is_named_with_those_that_are(journal: Path) -> None:
    done = coxswain("pause", "oak", "--reason", "a look", "--journal", journal, cwd=journal.parent, code=2)
    assert "'oak'" in done.err
    assert "alder, birch" in done.err
