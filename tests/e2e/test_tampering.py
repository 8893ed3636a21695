"""What somebody can do to a journal who has its files, on copies of real ones: `audit verify` notices, and says where.

Exit code 1 is tampered, with the first bad record; 2 is unreadable, and then nothing was made or changed.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import coxswain
from tests.e2e.journals import Demo, change, copied
from tests.e2e.market import config_file, steady_quotes

BAD = 40
"""The record that is tampered with."""


@pytest.fixture
def journal(demo: Demo, tmp_path: Path) -> Path:
    return copied(demo.journal, tmp_path / "copy")


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def verdict(journal: Path, code: int) -> Any:
    """Return what `audit verify` finds, without leaving a trace."""
    before = everything(journal.parent)
    found = coxswain("audit", "verify", "--journal", journal, "--json", cwd=journal.parent, code=code).json()
    assert everything(journal.parent) == before
    assert found["ok"] is (code == 0)
    assert found["readable"] is (code != 2)
    return found


def size(journal: Path) -> int:
    with closing(sqlite3.connect(journal)) as db:
        (records,) = db.execute("SELECT max(seq) FROM records").fetchone()
        return int(records)


def test_a_journal_that_nobody_touched_is_clean(journal: Path) -> None:
    found = verdict(journal, 0)
    assert found["records"] == size(journal)
    assert found["first_bad_seq"] is None


# --- tampered ---------------------------------------------------------------------------------------------------------


def flip_a_byte(journal: Path) -> None:
    """One byte of one record changes in the file itself, as on a bad disk."""
    with closing(sqlite3.connect(journal)) as db:
        ((body,),) = db.execute("SELECT body FROM records WHERE seq = ?", (BAD,))
    content = bytearray(journal.read_bytes())
    at = content.index(body) + len(body) // 2
    content[at] ^= 1
    journal.write_bytes(content)


def sql(*statements: str) -> Callable[[Path], None]:
    return lambda journal: change(journal, *statements)


TAMPERED: dict[str, tuple[Callable[[Path], None], int]] = {
    "a flipped byte": (flip_a_byte, BAD),
    "another body": (sql(f"UPDATE records SET body = replace(body, 'a', 'b') WHERE seq = {BAD}"), BAD),
    "a body of another type": (sql(f"UPDATE records SET body = CAST(body AS TEXT) WHERE seq = {BAD}"), BAD),
    "another hash": (sql(f"UPDATE records SET hash = zeroblob(32) WHERE seq = {BAD}"), BAD),
    "a deleted row": (sql(f"DELETE FROM records WHERE seq = {BAD}"), BAD),
    "the first row deleted": (sql("DELETE FROM records WHERE seq = 1"), 1),
    "all rows deleted": (sql("DELETE FROM records"), 1),
    "a row put in before the first": (sql("INSERT INTO records SELECT 0, body, hash FROM records WHERE seq = 1"), 1),
    "two rows swapped": (
        sql(
            f"UPDATE records SET seq = -1 WHERE seq = {BAD}",
            f"UPDATE records SET seq = {BAD} WHERE seq = {BAD + 1}",
            f"UPDATE records SET seq = {BAD + 1} WHERE seq = -1",
        ),
        BAD,
    ),
    "two bodies swapped": (
        sql(
            f"UPDATE records SET body = (SELECT body FROM records AS r WHERE r.seq = 2 * {BAD} + 1 - records.seq) "
            f"WHERE seq IN ({BAD}, {BAD + 1})"
        ),
        BAD,
    ),
    "a record twice": (
        sql(f"UPDATE records SET body = (SELECT body FROM records AS r WHERE r.seq = {BAD - 1}) WHERE seq = {BAD}"),
        BAD,
    ),
    "another journal's name": (sql("UPDATE meta SET value = 'x' WHERE key = 'journal_id'"), 1),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_is_changed_is_noticed_and_the_record_is_named(journal: Path, how: str) -> None:
    tamper, first_bad = TAMPERED[how]
    tamper(journal)
    found = verdict(journal, 1)
    assert found["first_bad_seq"] == first_bad
    assert found["records"] == first_bad - 1


def test_what_was_found_is_told_in_a_sentence(journal: Path) -> None:
    flip_a_byte(journal)
    told = coxswain("audit", "verify", "--journal", journal, cwd=journal.parent, code=1).out
    problem = f"first bad record {BAD}: record {BAD} does not fit its hash and the record before it"
    assert told == f"{journal}: TAMPERED: {problem}\n"


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_a_tail_that_was_cut_off_is_noticed(journal: Path, rows: int) -> None:
    last = size(journal)
    change(journal, f"DELETE FROM records WHERE seq > {last - rows}")
    found = verdict(journal, 1)
    assert found["first_bad_seq"] == last - rows + 1
    assert found["problem"] == f"its head names record {last}, but it ends at record {last - rows}"


def head_of(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.head")


@pytest.mark.parametrize(
    ("pattern", "instead", "problem"),
    [
        (rb"[0-9a-f]{8}\n", b"00000000\n", "is not the one that its head names"),
        (rb"^0", b"9", "its head names record 9"),
        (rb"\n", b"", "its head file is missing or holds no head"),
        (rb"(?s).*", b"", "its head file is missing or holds no head"),
    ],
)
def test_a_head_that_was_edited_is_noticed(journal: Path, pattern: bytes, instead: bytes, problem: str) -> None:
    head = head_of(journal)
    head.write_bytes(re.sub(pattern, instead, head.read_bytes(), count=1))
    assert problem in verdict(journal, 1)["problem"]


def test_a_head_that_is_gone_is_noticed(journal: Path) -> None:
    head_of(journal).unlink()
    assert "its head file is missing" in verdict(journal, 1)["problem"]


def test_a_wal_that_is_gone_is_noticed(killed: Path, tmp_path: Path) -> None:
    """What a killed process committed last stands in the -wal alone; the head knows that it was there."""
    journal = copied(killed, tmp_path / "copy")
    verdict(journal, 0)
    journal.with_name(f"{journal.name}-wal").unlink()
    assert verdict(journal, 1)["first_bad_seq"] >= 1


def test_a_damaged_wal_is_noticed(killed: Path, tmp_path: Path) -> None:
    journal = copied(killed, tmp_path / "copy")
    wal = journal.with_name(f"{journal.name}-wal")
    content = bytearray(wal.read_bytes())
    content[len(content) // 2] ^= 1
    wal.write_bytes(content)
    assert verdict(journal, 1)["first_bad_seq"] >= 1


# --- unreadable -------------------------------------------------------------------------------------------------------


def break_a_page_header(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as db:
        (page_size,) = db.execute("PRAGMA page_size").fetchone()
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'records'").fetchone()
    with journal.open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * 8)


def break_the_file_header(journal: Path) -> None:
    with journal.open("r+b") as file:
        file.write(b"\0" * 16)


def put_another_database_there(journal: Path) -> None:
    journal.unlink()
    change(journal, "CREATE TABLE t (x)")


def put_a_folder_there(journal: Path) -> None:
    journal.unlink()
    journal.mkdir()


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a broken page header": break_a_page_header,
    "a broken file header": break_the_file_header,
    "half a file": lambda journal: journal.write_bytes(journal.read_bytes()[:100_000]),
    "an empty file": lambda journal: journal.write_bytes(b""),
    "a text": lambda journal: journal.write_text("Dear diary, today nothing was traded."),
    "another database": put_another_database_there,
    "a folder": put_a_folder_there,
    "nothing": Path.unlink,
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_is_no_journal_is_unreadable_and_nothing_is_made(demo: Demo, tmp_path: Path, how: str) -> None:
    journal = copied(demo.journal, tmp_path / "copy")
    UNREADABLE[how](journal)
    names = sorted(path.name for path in journal.parent.iterdir())
    done = coxswain("audit", "verify", "--journal", journal, cwd=journal.parent, code=2)
    assert done.out == ""
    assert done.err.startswith(f"coxswain: {journal}: ")
    found = coxswain("audit", "verify", "--journal", journal, "--json", cwd=journal.parent, code=2).json()
    assert (found["ok"], found["readable"]) == (False, False)
    assert sorted(path.name for path in journal.parent.iterdir()) == names


@pytest.mark.parametrize("how", ["a broken page header", "an empty file", "a text", "nothing"])
def test_looking_into_what_is_no_journal_is_an_error_without_a_traceback(demo: Demo, tmp_path: Path, how: str) -> None:
    journal = copied(demo.journal, tmp_path / "copy")
    UNREADABLE[how](journal)
    for command in ("status", "replay"):
        done = coxswain(command, "--journal", journal, cwd=journal.parent, code=1)
        assert done.out == ""
        assert done.err.startswith(f"coxswain: {journal}: ")


# --- and then ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["a flipped byte", "a deleted row", "all rows deleted", "another journal's name"])
def test_a_run_refuses_to_start_on_a_tampered_journal(journal: Path, how: str) -> None:
    folder = journal.parent
    config_file(folder / "coxswain.yaml", ["ann"])
    steady_quotes(folder / "q.csv", 10)
    TAMPERED[how][0](journal)
    before = everything(folder)
    done = coxswain("run", "--quotes", "EURUSD=q.csv", "--journal", journal, cwd=folder, code=1)
    assert done.out == ""
    assert f"coxswain audit verify --journal {journal}" in done.err
    after = everything(folder)
    del before[f"{journal.name}.lock"]  # its content is the pid of whoever tried last
    assert {name: after[name] for name in before} == before


def test_a_run_refuses_to_start_on_a_journal_whose_tail_was_cut_off(journal: Path) -> None:
    folder = journal.parent
    config_file(folder / "coxswain.yaml", ["ann"])
    steady_quotes(folder / "q.csv", 10)
    change(journal, f"DELETE FROM records WHERE seq > {BAD}")
    done = coxswain("run", "--quotes", "EURUSD=q.csv", "--journal", journal, cwd=folder, code=1)
    assert "but it ends at record 40" in done.err
    verdict(journal, 1)


@pytest.mark.parametrize("command", ["status", "accounts", "orders", "positions", "fills", "stats", "replay"])
def test_a_view_of_a_tampered_journal_is_refused(journal: Path, command: str) -> None:
    flip_a_byte(journal)
    done = coxswain(command, "--journal", journal, cwd=journal.parent, code=1)
    assert done.out == ""
    assert f"record {BAD} does not fit its hash" in done.err
