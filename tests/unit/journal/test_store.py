"""The journal's promises to its writer: all or nothing, one writer, and a start that notices what is lost."""

import contextlib
import fcntl
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from coxswain.journal import files
from coxswain.journal.chain import Head, head_line, start
from coxswain.journal.errors import (
    JournalExists,
    JournalFailed,
    JournalLocked,
    JournalTampered,
    JournalUnreadable,
)
from coxswain.journal.store import Journal, Reader
from coxswain.model.vocabulary import JournalId
from tests.unit.journal.journals import ID, WRITER, head_file, killed_writer, names_beside, written


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one"], [b"two", b"three"])
    with Journal.open(path) as journal:
        assert list(journal.read()) == [(1, b"one"), (2, b"two"), (3, b"three")]
        assert list(journal.read(from_seq=3)) == [(3, b"three")]
        assert list(journal.read(from_seq=4)) == []
        assert journal.journal_id == ID


def test_a_journal_in_memory_is_the_same_class() -> None:
    with Journal.create(None, ID) as journal:
        journal.append([b"one", b"two"])
        assert list(journal.read()) == [(1, b"one"), (2, b"two")]
        assert journal.path is None


def test_the_chain_starts_at_the_journal_id_and_goes_over_the_stored_bytes(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j.db", ID) as journal:
        before = sha256(b"coxswain-journal-1" + ID.encode()).digest()
        assert journal.head == start(ID) == Head(0, before)
        journal.append([b"one", b"two"])
        first = sha256(before + b"one").digest()
        assert journal.head == Head(2, sha256(first + b"two").digest())


def test_the_same_records_under_another_id_have_another_chain() -> None:
    heads = set()
    for name in ("J1", "J2"):
        with Journal.create(None, JournalId(name)) as journal:
            journal.append([b"one"])
            heads.add(journal.head)
    assert len(heads) == 2


def test_the_head_file_names_the_last_record_after_each_append(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal.create(path, ID) as journal:
        for group in ([b"one"], [b"two", b"three"]):
            journal.append(group)
            assert head_file(path).read_bytes() == head_line(journal.head)


def test_a_reader_works_beside_the_writer_and_sees_what_comes(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal.create(path, ID) as journal:
        journal.append([b"one"])
        with Reader(path) as reader:
            assert list(reader.read()) == [(1, b"one")]
            journal.append([b"two"])
            assert list(reader.read(from_seq=2)) == [(2, b"two")]
            assert reader.head == journal.head


def test_more_than_one_group_of_rows_is_read_without_a_seam(tmp_path: Path) -> None:
    bodies = [b"%d" % number for number in range(1200)]
    path = written(tmp_path / "j.db", bodies)
    with Reader(path) as reader:
        assert [body for _, body in reader.read()] == bodies


def test_nothing_to_append_commits_nothing(tmp_path: Path) -> None:
    commits: list[int] = []
    with Journal.create(tmp_path / "j.db", ID, on_commit=commits.append) as journal:
        journal.append([])
        journal.append([b"one", b"two"])
    assert commits == [2]


def test_a_closed_journal_is_one_database_file_with_its_head(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one"])
    assert names_beside(path) == {"j.db", "j.db.head", "j.db.lock"}


# --- one writer -----------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_holds_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal.create(path, ID), pytest.raises(JournalLocked, match=f"process {os.getpid()}") as caught:
        Journal.open(path)
    assert caught.value.holder_pid == os.getpid()
    Journal.open(path).close()


@pytest.mark.parametrize(
    "written_by_the_holder",
    [pytest.param(b"", id="nothing yet"), pytest.param(b"99999999\n", id="the pid of a process that is gone")],
)
def test_a_holder_that_cannot_be_named_is_another_process(written_by_the_holder: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one"])
    lock = path.with_name("j.db.lock")
    lock.write_bytes(written_by_the_holder)
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(JournalLocked, match="another process") as caught:
            Journal.open(path)
    assert caught.value.holder_pid is None


def test_a_new_journal_never_replaces_an_old_one(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one"])
    with pytest.raises(JournalExists):
        Journal.create(path, ID)
    with Reader(path) as reader:
        assert reader.head.seq == 1


def test_the_wal_of_a_lost_journal_is_not_taken_for_that_of_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "j.db-wal").write_bytes(b"rows of another journal")
    with pytest.raises(JournalExists, match=r"j\.db-wal"):
        Journal.create(tmp_path / "j.db", ID)


def test_a_journal_in_a_folder_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(JournalFailed, match=r"no/such/j\.db: cannot open j\.db\.lock beside it: No such file"):
        Journal.create(tmp_path / "no" / "such" / "j.db", ID)


def test_what_a_crash_left_of_an_unfinished_journal_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "j.db.new").write_bytes(b"half a journal")
    with Journal.create(tmp_path / "j.db", ID) as journal:
        journal.append([b"one"])
    assert names_beside(tmp_path / "j.db") == {"j.db", "j.db.head", "j.db.lock"}


# --- starting again -------------------------------------------------------------------------------------------------


def test_a_head_behind_the_journal_is_normal_and_is_caught_up(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one"])
    behind = head_file(path).read_bytes()
    with Journal.open(path) as journal:
        journal.append([b"two"])
    head_file(path).write_bytes(behind)
    with Journal.open(path) as journal:
        assert journal.head.seq == 2
        assert head_file(path).read_bytes() == head_line(journal.head)


def test_a_crash_between_commit_and_head_loses_nothing(tmp_path: Path) -> None:
    class Crash(Exception):
        pass

    def crash(seq: int) -> None:
        raise Crash

    path = tmp_path / "j.db"
    with Journal.create(path, ID, on_commit=crash) as journal, pytest.raises(Crash):
        journal.append([b"one"])
    assert head_file(path).read_bytes() == head_line(start(ID))
    with Journal.open(path) as journal:
        assert list(journal.read()) == [(1, b"one")]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        pytest.param(head_line(Head(3, b"\1" * 32)), "names record 3, but it ends at record 2", id="ahead"),
        pytest.param(head_line(Head(1, b"\1" * 32)), "record 1 is not the one", id="of another record"),
        pytest.param(b"", "holds no head", id="empty"),
        pytest.param(b"1 abc\n", "holds no head", id="in another form"),
        pytest.param(None, "missing", id="missing"),
    ],
)
def test_a_journal_does_not_start_when_its_head_is(head: bytes | None, problem: str, tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one", b"two"])
    if head is None:
        head_file(path).unlink()
    else:
        head_file(path).write_bytes(head)
    with pytest.raises(JournalTampered, match=problem):
        Journal.open(path)


def test_a_refused_start_leaves_the_evidence_as_it_is(tmp_path: Path) -> None:
    path = killed_writer(tmp_path / "j.db", appends=3)
    wal = path.with_name("j.db-wal")
    damaged = bytearray(wal.read_bytes())
    damaged[-100] ^= 1
    wal.write_bytes(damaged)
    with pytest.raises(JournalTampered, match="names record 3, but it ends at record 2"):
        Journal.open(path)
    assert wal.read_bytes() == bytes(damaged)


def test_a_refused_start_leaves_no_pid_behind(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one"])
    head_file(path).unlink()
    with pytest.raises(JournalTampered):
        Journal.open(path)
    assert path.with_name("j.db.lock").read_bytes() == b""


def test_reading_stops_at_the_first_record_that_does_not_fit(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one", b"two", b"three"])
    content = path.read_bytes()
    assert content.count(b"two") == 1
    path.write_bytes(content.replace(b"two", b"2wo"))
    with Journal.open(path) as journal:
        records = journal.read()
        assert next(records) == (1, b"one")
        with pytest.raises(JournalTampered) as caught:
            next(records)
    assert caught.value.first_bad_seq == 2


def test_reading_on_from_a_record_that_is_missing_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [b"one", b"two", b"three"])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM records WHERE seq = 2")
    with Reader(path) as reader, pytest.raises(JournalTampered, match="record 2 is missing"):
        list(reader.read(from_seq=3))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b"a note, not a database\n" * 100, id="not a database"),
    ],
)
def test_what_is_no_journal_is_not_opened_and_not_made(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    if content is not None:
        path.write_bytes(content)
    for opened in (Journal.open, Reader):
        with pytest.raises(JournalUnreadable):
            opened(path)
    assert path.exists() == (content is not None)


# --- when the disk or the power fails -------------------------------------------------------------------------------


@contextlib.contextmanager
def no_file_may_grow() -> Iterator[None]:
    """Let every write fail that makes a file longer, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """2 is FULL: SQLite returns from a commit when what it wrote is synced. No test can pull the plug to see it."""
    with Journal.create(tmp_path / "j", ID), closing(files.connect_writer(tmp_path / "j")) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA fullfsync").fetchone() == (1,)


def test_after_a_failed_write_nothing_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal.create(path, ID) as journal:
        journal.append([b"one"])
        with no_file_may_grow(), pytest.raises(JournalFailed):
            journal.append([b"two" * 10_000])
        with pytest.raises(JournalFailed, match="earlier write failed"):
            journal.append([b"two"])
    with Journal.open(path) as journal:
        assert list(journal.read()) == [(1, b"one")]


def test_a_reader_works_on_what_a_killed_writer_left(tmp_path: Path) -> None:
    path = killed_writer(tmp_path / "j.db", appends=2)
    assert path.with_name("j.db-wal").stat().st_size > 0
    with Reader(path) as reader:
        assert list(reader.read()) == [(1, b"1"), (2, b"2")]


def test_what_was_acknowledged_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    for lines in (5, 40, 1):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), "-1"], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(lines):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        writer.wait()
        writer.stdout.close()
        with Journal.open(path) as journal:
            assert journal.head.seq >= acknowledged
            assert list(journal.read()) == [(seq, b"%d" % seq) for seq in range(1, journal.head.seq + 1)]
