"""Prove that a journal is what was written. It reads bytes only: no record is decoded, no file is made or changed.

How the file is opened depends on who else has it open:

- A process writes it: it is read beside that process, through SQLite, whose files are there already.
- Nobody does, and all is in the database file: opened as immutable, or SQLite would lay a -wal and a -shm beside it.
- Nobody does, and a killed process left a -wal: SQLite must build an index of it, so both are read as a private copy.
"""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from coxswain.journal import files, notes, skips
from coxswain.journal.chain import check_head, follow, start
from coxswain.journal.checkpoints import NOBODY, Marks, Trust, read_all
from coxswain.journal.errors import JournalTampered, JournalUnreadable
from coxswain.journal.merkle import EMPTY_ROOT, Frontier
from coxswain.model.vocabulary import JournalId

_BEFORE_ALL = -(2**63)  # the least key SQLite has: a record put in before the first is seen too


class Verification(msgspec.Struct, frozen=True):
    ok: bool
    records: int
    """That fit, from the first on."""
    head: str
    """Hash of the last of them, in hex."""
    first_bad_seq: int | None = None
    problem: str | None = None
    root: str = EMPTY_ROOT.hex()
    """Of the tree of those records, in hex."""
    checkpoints: int = 0
    signed_records: int = 0
    """In the newest checkpoint."""
    signed_by: tuple[str, ...] = ()
    """The keys that were known and signed it. Where there is none, no signature was checked."""
    skipped: tuple[int, ...] = ()
    """The records whose inputs raised and were skipped by a person."""


Known = Callable[[JournalId], Trust]
"""What somebody knows of a journal from outside its folder."""


def nothing(journal_id: JournalId) -> Trust:
    return NOBODY


def verify(path: Path, known: Known = nothing) -> Verification:
    """Check every record of a journal against its chain, its head and its checkpoints. Raises `JournalUnreadable`.

    Where nothing is known, the checkpoints must fit the journal, and whose they are is not asked.
    """
    files.check_may_be_journal(path)
    alone = not files.is_written(path)
    try:
        result: Verification | JournalUnreadable = _verify(path, alone, known)
    except JournalUnreadable as error:
        result = error
    if alone and files.is_written(path):
        # A writer started meanwhile and may have moved pages under us: only beside it does the answer hold.
        return _verify(path, False, known)
    if isinstance(result, JournalUnreadable):
        raise result
    return result


def _verify(path: Path, alone: bool, known: Known) -> Verification:
    with files.reading(path), _opened(path, alone) as db:
        files.check_structure(db, path)
        journal_id = files.read_journal_id(db, path)
        last, tree, skipped = start(journal_id), Frontier(), list[int]()
        # Before the records: a running writer is past them when they are read.
        trust = known(journal_id)
        named = files.read_head(path)
        found = last.hash if named and named.seq == 0 else None
        try:
            marks = Marks(path, journal_id, read_all(path), trust)
            for head, body in follow(path, last, files.read_rows(db, after_seq=_BEFORE_ALL)):
                last = head
                tree.add(head.hash)
                if (skip := skips.skip_in(body)) is not None:
                    skips.check(path, head.seq, skip, files.read_body(db, skip.seq))
                    skipped.append(skip.seq)
                if tree.size == marks.next:
                    marks.reach(tree)
                if named and named.seq == head.seq:
                    found = head.hash
            check_head(path, named, last.seq, found)
            marks.end(last.seq)
        except JournalTampered as error:
            return Verification(False, last.seq, last.hash.hex(), error.first_bad_seq, error.problem, tree.root().hex())
        newest = marks.newest
        return Verification(
            True,
            last.seq,
            last.hash.hex(),
            root=tree.root().hex(),
            checkpoints=marks.count,
            signed_records=0 if newest is None else newest.checkpoint.size,
            skipped=tuple(skipped),
            signed_by=() if newest is None else tuple(key.name for key in notes.signers(newest.note, trust.keys)),
        )


@contextlib.contextmanager
def _opened(path: Path, alone: bool) -> Iterator[sqlite3.Connection]:
    with contextlib.ExitStack() as resources:
        if not alone:
            db = files.connect(path, "mode=ro")
        elif not files.has_wal(path):
            db = files.connect(path, "immutable=1")
        else:
            folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="coxswain-verify-")))
            copy = Path(shutil.copy(path, folder))
            shutil.copy(files.beside(path, "-wal"), folder)
            db = files.connect(copy, "mode=ro")
        resources.enter_context(contextlib.closing(db))
        yield db
