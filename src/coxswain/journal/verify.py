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
from collections.abc import Iterator
from pathlib import Path

import msgspec

from coxswain.journal import files
from coxswain.journal.chain import check_head, follow, start
from coxswain.journal.errors import JournalTampered, JournalUnreadable

_BEFORE_ALL = -(2**63)  # the least key SQLite has: a record put in before the first is seen too


class Verification(msgspec.Struct, frozen=True):
    ok: bool
    records: int
    """That fit, from the first on."""
    head: str
    """Hash of the last of them, in hex."""
    first_bad_seq: int | None = None
    problem: str | None = None


def verify(path: Path) -> Verification:
    """Check every record of a journal against its chain and its head. Raises `JournalUnreadable`."""
    files.check_may_be_journal(path)
    alone = not files.is_written(path)
    try:
        result: Verification | JournalUnreadable = _verify(path, alone)
    except JournalUnreadable as error:
        result = error
    if alone and files.is_written(path):
        # A writer started meanwhile and may have moved pages under us: only beside it does the answer hold.
        return _verify(path, alone=False)
    if isinstance(result, JournalUnreadable):
        raise result
    return result


def _verify(path: Path, alone: bool) -> Verification:
    with files.reading(path), _opened(path, alone) as db:
        files.check_structure(db, path)
        last = start(files.read_journal_id(db, path))
        named = files.read_head(path)  # before the records: a running writer is past it when they are read
        found = last.hash if named and named.seq == 0 else None
        try:
            for head, _ in follow(path, last, files.read_rows(db, after_seq=_BEFORE_ALL)):
                last = head
                if named and named.seq == head.seq:
                    found = head.hash
            check_head(path, named, last.seq, found)
        except JournalTampered as error:
            return Verification(False, last.seq, last.hash.hex(), error.first_bad_seq, error.problem)
        return Verification(True, last.seq, last.hash.hex())


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
