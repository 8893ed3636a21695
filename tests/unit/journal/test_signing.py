"""Checkpoints: when they are made, what they say, and that a journal which does not agree with them goes no further."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from coxswain.journal.chain import Head, head_line, link, start
from coxswain.journal.checkpoints import Trust, public_path, read_all, read_newest
from coxswain.journal.errors import JournalTampered, KeyUnusable
from coxswain.journal.files import beside
from coxswain.journal.merkle import Tree
from coxswain.journal.signing import INTERVAL_NS, RECORDS, Signer, key_for, make_key, read_key
from coxswain.journal.store import Journal, Reader
from coxswain.journal.verify import verify
from tests.unit.journal.journals import ID, head_file
from tests.unit.journal.signed import bodies, deaf, key_in, known, sign

GROUPS = (bodies(1, 3), bodies(4, 4), bodies(5, 9))


def rewrite(path: Path, *, last: int, changed: int | None = None) -> None:
    """Do what somebody does who can edit all but the key: cut the tail, change a record, and make all else fit."""
    head = start(ID)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM records WHERE seq > ?", (last,))
        for seq, body in db.execute("SELECT seq, body FROM records ORDER BY seq").fetchall():
            kept = b"forged" if seq == changed else body
            head = Head(seq, link(head.hash, kept))
            db.execute("UPDATE records SET body = ?, hash = ? WHERE seq = ?", (kept, head.hash, seq))
    head_file(path).write_bytes(head_line(head))


def drop_checkpoints(path: Path, count: int) -> None:
    whole = read_all(path)
    beside(path, ".checkpoints").write_text("".join(each.note + "\n" for each in whole[: len(whole) - count]))


def test_a_checkpoint_is_the_tree_of_the_records_until_then(tmp_path: Path) -> None:
    path = sign(tmp_path / "j" / "j.db", key_in(tmp_path), *GROUPS)
    with Reader(path) as reader:
        tree = Tree(reader.hashes(1))
    assert [(each.checkpoint.size, each.checkpoint.root) for each in read_all(path)] == [
        (size, tree.root(size)) for size in (3, 4, 9)
    ]
    assert read_newest(path) == read_all(path)[-1]


def test_a_signed_journal_passes_and_says_who_signed_how_much(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    found = verify(path, known(key))
    assert (found.ok, found.checkpoints, found.signed_records, found.signed_by) == (True, 3, 9, ("engine.example",))
    assert verify(path).signed_by == ()


def test_a_new_start_goes_on_where_the_tree_was(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    sign(path, key, bodies(10, 20))
    beside(path, ".tree").write_text("nonsense")
    sign(path, key, bodies(21, 21))
    beside(path, ".tree").unlink()
    sign(path, key, bodies(22, 30))
    found = verify(path, known(key))
    assert (found.ok, found.checkpoints, found.signed_records) == (True, 6, 30)


def test_one_is_due_at_first_and_then_after_so_many_records_or_so_long(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j.db", ID) as journal:
        signer = Signer(journal, key_in(tmp_path), deaf)
        assert not signer.is_due(0)
        journal.append([b"1"])
        assert signer.is_due(0)
        signer.sign(0)
        assert (signer.is_due(10 * INTERVAL_NS), signer.next_ns()) == (False, None)
        journal.append([b"2"])
        assert signer.next_ns() == INTERVAL_NS
        assert [signer.is_due(INTERVAL_NS - 1), signer.is_due(INTERVAL_NS)] == [False, True]
        journal.append([b"x"] * (RECORDS - 2))
        assert not signer.is_due(1)
        journal.append([b"x"])
        assert signer.is_due(1)
        signer.sign(1)
        signer.sign(2)
    assert [each.checkpoint.size for each in read_all(tmp_path / "j.db")] == [1, RECORDS + 1]


ATTACKS: list[tuple[str, Callable[[Path], None], int]] = [
    ("a record changed and the chain rewritten", lambda path: rewrite(path, last=9, changed=2), 1),
    ("a record after the first checkpoint", lambda path: rewrite(path, last=9, changed=4), 4),
    ("one of the last", lambda path: rewrite(path, last=9, changed=8), 5),
    ("the tail cut off, head and all", lambda path: rewrite(path, last=7), 8),
    ("all cut off", lambda path: rewrite(path, last=0), 1),
]


@pytest.mark.parametrize(("attack", "first_bad"), [pytest.param(a, n, id=name) for name, a, n in ATTACKS])
def test_who_rewrites_chain_and_head_is_caught_by_the_checkpoints(
    tmp_path: Path, attack: Callable[[Path], None], first_bad: int
) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    attack(path)
    found = verify(path, known(key))
    assert (found.ok, found.first_bad_seq) == (False, first_bad)
    with pytest.raises(JournalTampered) as caught:
        Journal.open(path)
    assert caught.value.first_bad_seq == first_bad
    for name in (".checkpoints", ".tree"):
        beside(path, name).unlink()
    assert verify(path).ok, "without its checkpoints nothing is to be seen: the chain and the head fit"
    assert not verify(path, known(key)).ok, "and what was seen says that there were some"


@pytest.mark.parametrize("dropped", [1, 2, 3])
def test_an_older_copy_of_everything_beside_the_journal_is_caught_by_what_was_seen(
    tmp_path: Path, dropped: int
) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    rewrite(path, last=[4, 3, 0][dropped - 1])
    drop_checkpoints(path, dropped)
    assert verify(path).ok
    assert not verify(path, known(key)).ok
    for public in (True, False):
        if not public:
            public_path(key.path).unlink()
        with Journal.open(path) as journal, pytest.raises(JournalTampered):
            Signer(journal, key, deaf)
    assert not verify(path, known(key)).ok, "what was seen counts without the public half, too"


def test_every_bit_of_the_checkpoints_counts(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, bodies(1, 2), bodies(3, 3))
    notes = beside(path, ".checkpoints")
    content = notes.read_bytes()
    for at in range(len(content)):
        bent = bytearray(content)
        bent[at] ^= 1 << at % 8
        notes.write_bytes(bent)
        assert not verify(path, known(key)).ok, at


def test_checkpoints_of_a_stranger_do_not_count(tmp_path: Path) -> None:
    path = sign(tmp_path / "j" / "j.db", key_in(tmp_path), *GROUPS)
    stranger = key_in(tmp_path / "elsewhere", "stranger.example")
    found = verify(path, known(stranger))
    assert (found.ok, found.problem) == (False, "its checkpoint of 3 records is not signed by stranger.example")
    with Journal.open(path) as journal, pytest.raises(JournalTampered, match=r"not signed by stranger\.example"):
        Signer(journal, stranger, deaf)


def test_a_journal_that_must_be_signed_and_is_not_does_not_pass(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "j.db", ID) as journal:
        journal.append([b"1"])
    assert not verify(tmp_path / "j.db", lambda _: Trust(demands=True)).ok


def test_checkpoints_that_were_swapped_or_repeated_do_not_pass(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    one, two, three = (each.note + "\n" for each in read_all(path))
    for order in ((two, one, three), (one, two, two, three)):
        beside(path, ".checkpoints").write_text("".join(order))
        assert "order" in str(verify(path, known(key)).problem)


def test_what_a_power_cut_leaves_of_a_checkpoint_is_taken_off_at_the_next_start(tmp_path: Path) -> None:
    key, told = key_in(tmp_path), list[str]()
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    notes = beside(path, ".checkpoints")
    whole = notes.read_bytes()
    last = len(read_all(path)[-1].note.encode()) + 1
    for left in (1, 10, last // 2, last - 1):
        notes.write_bytes(whole[: len(whole) - last + left])
        assert not verify(path, known(key)).ok
        with Journal.open(path) as journal:
            Signer(journal, key, told.append)
        assert verify(path, known(key)).ok
        assert notes.read_bytes() == whole[: len(whole) - last]
    assert len(told) == 4


def test_checkpoints_that_are_damaged_in_the_middle_are_left_as_they_are(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    notes = beside(path, ".checkpoints")
    notes.write_bytes(b"x\n" + notes.read_bytes())
    before = notes.read_bytes()
    with Journal.open(path) as journal, pytest.raises(JournalTampered):
        Signer(journal, key, deaf)
    assert notes.read_bytes() == before


def test_where_no_checkpoint_can_be_written_somebody_is_told_once_and_the_journal_goes_on(tmp_path: Path) -> None:
    key, told = key_in(tmp_path), list[str]()
    with Journal.create(tmp_path / "j.db", ID) as journal:
        signer = Signer(journal, key, told.append)
        beside(tmp_path / "j.db", ".checkpoints").mkdir()
        for number in range(3):
            journal.append([b"x"])
            signer.sign(number)
        assert len(told) == 1
        beside(tmp_path / "j.db", ".checkpoints").rmdir()
        journal.append([b"x"])
        signer.sign(9)
    found = verify(tmp_path / "j.db", known(key))
    assert (found.ok, found.checkpoints, found.signed_records) == (True, 1, 4)


# --- the key ----------------------------------------------------------------------------------------------------------


def test_a_key_is_its_owners_alone_and_is_never_written_over(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    assert key.path.stat().st_mode & 0o777 == 0o600
    assert read_key(key.path).text() == key.signing.text()
    with pytest.raises(FileExistsError):
        make_key(key.path, "b", 1)
    key.path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        read_key(key.path)


def test_a_key_that_took_the_place_of_another_leaves_the_old_checkpoints_good(tmp_path: Path) -> None:
    old = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", old, *GROUPS)
    old.path.rename(tmp_path / "old.key")
    sign(path, key_in(tmp_path), bodies(10, 10))
    assert verify(path, known(old)).checkpoints == 4


@pytest.mark.parametrize("place", ["checkpoint.key", "keys/checkpoint.key"])
def test_a_key_in_the_folder_of_the_journal_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(KeyUnusable, match="is in the folder of"):
        key_for(tmp_path / "j.db", tmp_path / place)


def test_the_users_own_key_counts_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert key_for(tmp_path / "j.db", None) is None
    made = make_key(tmp_path / "config" / "coxswain" / "checkpoint.key", "a", 1)
    found = key_for(tmp_path / "j.db", None)
    assert found is not None
    assert found.signing.text() == made.text()
    assert key_for(None, None) is None, "a journal in memory"
    with pytest.raises(KeyUnusable, match="is in the folder of"):
        key_for(tmp_path / "config" / "coxswain" / "j.db", None)


def test_a_key_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="coxswain audit key makes one"):
        key_for(tmp_path / "j" / "j.db", tmp_path / "keys" / "no.key")


def test_a_moved_journal_needs_no_tree_of_its_own(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    path = sign(tmp_path / "j" / "j.db", key, *GROUPS)
    other = tmp_path / "other"
    other.mkdir()
    for name in ("", ".head", ".checkpoints"):
        shutil.copy(f"{path}{name}", other / f"j.db{name}")
    sign(other / "j.db", key, bodies(10, 10))
    assert verify(other / "j.db", known(key)).ok
    assert beside(other / "j.db", ".tree").exists()
