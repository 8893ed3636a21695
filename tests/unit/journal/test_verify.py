"""A journal that was changed in any way does not pass, and looking at it changes nothing."""

import hashlib
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from coxswain.journal.chain import Head, head_line, link, start
from coxswain.journal.errors import JournalUnreadable
from coxswain.journal.store import Journal
from coxswain.journal.verify import verify
from coxswain.model.vocabulary import JournalId
from tests.unit.journal.journals import ID, head_file, killed_writer, names_beside, written

BODIES = [b'{"seq":%d}' % seq for seq in range(1, 11)]


def fingerprint(path: Path) -> dict[str, tuple[str, int]]:
    """Every file beside the journal: its content, and when it was last touched."""
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in path.parent.iterdir()
    }


def change(path: Path, *statements: str) -> None:
    """Change a closed journal as someone would who has its file and SQLite."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def test_an_untouched_journal_passes(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", BODIES)
    with Journal.open(path) as journal:
        head = journal.head.hash.hex()
    found = verify(path)
    assert (found.ok, found.records, found.head, found.problem) == (True, 10, head, None)


def test_an_empty_journal_passes(tmp_path: Path) -> None:
    found = verify(written(tmp_path / "j.db"))
    assert (found.ok, found.records, found.head) == (True, 0, start(ID).hash.hex())


def flip_a_body(path: Path) -> None:
    content = path.read_bytes()
    assert content.count(BODIES[4]) == 1
    path.write_bytes(content.replace(BODIES[4], b'{"seq":4}'))


def flip_a_hash(path: Path) -> None:
    stored = start(ID).hash
    for body in BODIES[:3]:
        stored = link(stored, body)
    content = path.read_bytes()
    assert content.count(stored) == 1
    path.write_bytes(content.replace(stored, stored[:-1] + bytes([stored[-1] ^ 1])))


def rewrite_the_chain(path: Path) -> None:
    """Change a record and every hash after it, so that the chain alone fits again."""
    stored = start(ID).hash
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for seq, body in enumerate([*BODIES[:4], b"forged", *BODIES[5:]], start=1):
            stored = link(stored, body)
            db.execute("UPDATE records SET body = ?, hash = ? WHERE seq = ?", (body, stored, seq))


SWAP = [f"UPDATE records SET seq = {new} WHERE seq = {old}" for old, new in ((6, -6), (7, 6), (-6, 7))]


@pytest.mark.parametrize(
    ("tamper", "first_bad_seq"),
    [
        pytest.param(flip_a_body, 5, id="a byte of a body flipped"),
        pytest.param(flip_a_hash, 3, id="a byte of a hash flipped"),
        pytest.param(lambda path: change(path, "DELETE FROM records WHERE seq = 1"), 1, id="the first row deleted"),
        pytest.param(lambda path: change(path, "DELETE FROM records WHERE seq = 6"), 6, id="a middle row deleted"),
        pytest.param(lambda path: change(path, "DELETE FROM records WHERE seq = 10"), 10, id="the last row deleted"),
        pytest.param(lambda path: change(path, "DELETE FROM records WHERE seq > 3"), 4, id="the tail cut off"),
        pytest.param(lambda path: change(path, "DELETE FROM records"), 1, id="every row deleted"),
        pytest.param(lambda path: change(path, *SWAP), 6, id="a pair swapped"),
        pytest.param(
            lambda path: change(path, "INSERT INTO records VALUES (0, x'00', x'00')"), 1, id="a row put in front"
        ),
        pytest.param(
            lambda path: change(path, "INSERT INTO records VALUES (11, x'00', x'00')"), 11, id="a row put at the end"
        ),
        pytest.param(
            lambda path: change(path, "UPDATE records SET body = CAST(body AS TEXT) WHERE seq = 2"),
            2,
            id="a body of another type",
        ),
        pytest.param(
            lambda path: change(path, "UPDATE meta SET value = 'J2' WHERE key = 'journal_id'"),
            1,
            id="another journal id",
        ),
        pytest.param(rewrite_the_chain, 10, id="the whole chain rewritten"),
        pytest.param(lambda path: head_file(path).unlink(), None, id="the head file removed"),
        pytest.param(lambda path: head_file(path).write_bytes(b"?"), None, id="the head file overwritten"),
    ],
)
def test_it_notices(tamper: Callable[[Path], None], first_bad_seq: int | None, tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", BODIES)
    tamper(path)
    found = verify(path)
    assert not found.ok
    assert found.first_bad_seq == first_bad_seq
    assert found.problem
    if first_bad_seq is not None and tamper is not rewrite_the_chain:
        assert found.records == first_bad_seq - 1


def test_it_notices_that_an_empty_journal_got_another_id(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db")
    change(path, "UPDATE meta SET value = 'J2' WHERE key = 'journal_id'")
    assert not verify(path).ok


def test_it_notices_a_deleted_wal(tmp_path: Path) -> None:
    path = killed_writer(tmp_path / "j.db", appends=4)
    path.with_name("j.db-wal").unlink()
    path.with_name("j.db-shm").unlink()
    found = verify(path)
    assert (found.ok, found.first_bad_seq) == (False, 1)


def test_it_notices_a_damaged_wal(tmp_path: Path) -> None:
    path = killed_writer(tmp_path / "j.db", appends=4)
    wal = path.with_name("j.db-wal")
    content = bytearray(wal.read_bytes())
    content[-100] ^= 1
    wal.write_bytes(content)
    found = verify(path)
    assert (found.ok, found.records, found.first_bad_seq) == (False, 3, 4)


def test_a_head_behind_the_journal_passes(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", BODIES)
    head_file(path).write_bytes(head_line(start(ID)))
    assert verify(path).ok


def test_a_head_of_another_journal_does_not(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", BODIES)
    head_file(path).write_bytes(head_line(Head(0, start(JournalId("J2")).hash)))
    assert not verify(path).ok


def zero_the_header_of_a_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    last_page = len(content) - 4096
    content[last_page : last_page + 8] = bytes(8)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.unlink(), id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(b"no database\n" * 100), id="not a database"),
        pytest.param(lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]), id="no file header"),
        pytest.param(zero_the_header_of_a_page, id="a page without header"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:8192]), id="half a file"),
        pytest.param(
            lambda path: change(path, "UPDATE meta SET value = 'x' WHERE key = 'format'"), id="another format"
        ),
        pytest.param(lambda path: change(path, "DROP TABLE meta"), id="another database"),
    ],
)
def test_what_cannot_be_read_is_neither_clean_nor_tampered(damage: Callable[[Path], object], tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", [body * 100 for body in BODIES])
    damage(path)
    existed = path.exists()
    with pytest.raises(JournalUnreadable):
        verify(path)
    assert path.exists() == existed


def test_no_flipped_byte_changes_a_record_unnoticed(tmp_path: Path) -> None:
    bodies = [b"%d" % seq * 300 for seq in range(10)]
    path = written(tmp_path / "j.db", bodies)
    intact = path.read_bytes()
    draw = random.Random(1)
    for position in draw.sample(range(len(intact)), 400):
        damaged = bytearray(intact)
        damaged[position] ^= draw.randrange(1, 256)
        path.write_bytes(damaged)
        try:
            passed = verify(path).ok
        except JournalUnreadable:
            continue
        if passed:  # it was a byte that holds nothing
            with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as db:
                assert [body for (body,) in db.execute("SELECT body FROM records ORDER BY seq")] == bodies


# --- looking changes nothing ----------------------------------------------------------------------------------------


def test_verifying_a_closed_journal_touches_no_file(tmp_path: Path) -> None:
    path = written(tmp_path / "j.db", BODIES)
    before = fingerprint(path)
    assert verify(path).ok
    assert fingerprint(path) == before


def test_verifying_after_a_kill_touches_no_file(tmp_path: Path) -> None:
    path = killed_writer(tmp_path / "j.db", appends=4)
    before = fingerprint(path)
    found = verify(path)
    assert (found.ok, found.records) == (True, 4)
    assert fingerprint(path) == before


def test_verifying_beside_a_writer_adds_no_file_and_sees_its_last_record(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with Journal.create(path, ID) as journal:
        journal.append(BODIES)
        before = names_beside(path)
        found = verify(path)
        assert (found.ok, found.records) == (True, 10)
        assert names_beside(path) == before
        journal.append([b"more"])
        assert verify(path).records == 11
