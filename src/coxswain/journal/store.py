"""Write a journal, and read one, also beside the process that writes. What the bytes mean is no concern of this file.

A record is durable when `append` returns: one transaction and one fsync for a whole group. After each commit the head
of the chain also goes to `<journal>.head`. That write needs no fsync, because the journal's own came first: whatever a
crash or a power cut leaves behind, the head is never ahead of the journal. A head behind the journal is therefore
normal and is caught up at the next start; a journal behind its head has lost records and refuses to start.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from coxswain.journal import files
from coxswain.journal.chain import Head, check_head, follow, head_line, link, start
from coxswain.journal.checkpoints import NOBODY, check_newest
from coxswain.journal.errors import JournalExists, JournalFailed, JournalTampered
from coxswain.model.vocabulary import JournalId

OnCommit = Callable[[int], None]
"""Called with the last seq between a commit and its head: there a test may crash the process."""


OnHashes = Callable[[list[bytes]], None]
"""Given the hashes of a group of records once they are durable; must not wait and must not raise."""


class Journal:
    """The one writer of a journal, made by `create` or `open`. Without a path it lives in memory."""

    def __init__(
        self,
        path: Path | None,
        journal_id: JournalId,
        head: Head,
        db: sqlite3.Connection,
        head_fd: int | None,
        resources: contextlib.ExitStack,
        on_commit: OnCommit | None,
    ) -> None:
        self.path = path
        self.journal_id = journal_id
        self.head = head
        self._db = db
        self._head_fd = head_fd
        self._resources = resources
        self._on_commit = on_commit
        self._failed = False
        self.on_hashes: OnHashes | None = None

    @classmethod
    def create(cls, path: Path | None, journal_id: JournalId, *, on_commit: OnCommit | None = None) -> Self:
        """Make a new journal; it appears under its name complete or not at all. Raises `JournalExists`."""
        if path is not None:
            with files.reading(path), files.locked(path):
                _make(path, journal_id)
            return cls.open(path, on_commit=on_commit)
        resources = contextlib.ExitStack()
        db = resources.enter_context(contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)))
        files.lay_tables(db, journal_id)
        return cls(None, journal_id, start(journal_id), db, None, resources, on_commit)

    @classmethod
    def open(cls, path: Path, *, on_commit: OnCommit | None = None) -> Self:
        """Go on with an existing journal. Raises `JournalTampered` when it is behind its head or its checkpoints.

        Whose the checkpoints are is for those to ask who know a key: see `signing.py`.
        """
        files.check_may_be_journal(path)
        with files.reading(path), contextlib.ExitStack() as resources:
            resources.enter_context(files.locked(path))
            # Before anything opens it to write: closing a writer tidies away a damaged -wal, and that is evidence.
            with Reader(path) as reader:
                reader.check_head()
                check_newest(path, reader, NOBODY)
                head = reader.head
            db = resources.enter_context(contextlib.closing(files.connect_writer(path)))
            head_fd = os.open(files.beside(path, ".head"), os.O_WRONLY)
            resources.callback(os.close, head_fd)
            os.pwrite(head_fd, head_line(head), 0)
            return cls(path, reader.journal_id, head, db, head_fd, resources.pop_all(), on_commit)

    def append(self, bodies: Sequence[bytes]) -> None:
        """Make all of `bodies` durable in one commit, or none. After a `JournalFailed` nothing more can be appended."""
        if self._failed:
            raise JournalFailed(self.path, "an earlier write failed; only a new start can tell what is durable")
        if not bodies:
            return
        seq, previous = self.head
        rows = []
        for body in bodies:
            seq += 1
            previous = link(previous, body)
            rows.append((seq, body, previous))
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
            self.head = Head(seq, previous)
            if self._on_commit is not None:
                self._on_commit(seq)
            if self._head_fd is not None:
                os.pwrite(self._head_fd, head_line(self.head), 0)
            if self.on_hashes is not None:
                self.on_hashes([row[2] for row in rows])
        except (sqlite3.Error, OSError) as error:
            self._failed = True
            raise JournalFailed(self.path, f"a write failed: {error}") from error

    def read(self, from_seq: int = 1) -> Iterator[tuple[int, bytes]]:
        """Yield (seq, body) in order, checking the chain. Raises `JournalTampered` at the first bad record."""
        return _read(self._db, self.path, self.journal_id, from_seq)

    def hash_at(self, seq: int) -> bytes | None:
        """Return the stored hash of one record; None if there is none."""
        with files.reading(self.path):
            return _hash_at(self._db, self.journal_id, seq)

    def hashes(self, from_seq: int) -> Iterator[bytes]:
        """Yield the stored hashes in order, not checking the chain."""
        with files.reading(self.path):
            yield from files.read_hashes(self._db, after_seq=from_seq - 1)

    def close(self) -> None:
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Reader:
    """Reads a journal and never writes it: beside a running writer, after a clean end, and after a kill."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with files.reading(path), contextlib.ExitStack() as resources:
            self._db = resources.enter_context(contextlib.closing(files.connect_reader(path)))
            self.journal_id = files.read_journal_id(self._db, path)
            resources.pop_all()

    @property
    def head(self) -> Head:
        """The last record there is now."""
        with files.reading(self.path):
            row = self._db.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(*row) if row else start(self.journal_id)

    def check_head(self) -> None:
        """Raise `JournalTampered` when the journal is behind its head file, or is not the one that wrote it."""
        named = files.read_head(self.path)
        with files.reading(self.path):
            found = None if named is None else _hash_at(self._db, self.journal_id, named.seq)
        check_head(self.path, named, self.head.seq, found)

    def read(self, from_seq: int = 1) -> Iterator[tuple[int, bytes]]:
        """Yield (seq, body) in order, checking the chain. Raises `JournalTampered` at the first bad record."""
        return _read(self._db, self.path, self.journal_id, from_seq)

    def hash_at(self, seq: int) -> bytes | None:
        """Return the stored hash of one record; None if there is none."""
        with files.reading(self.path):
            return _hash_at(self._db, self.journal_id, seq)

    def hashes(self, from_seq: int) -> Iterator[bytes]:
        """Yield the stored hashes in order, not checking the chain."""
        with files.reading(self.path):
            yield from files.read_hashes(self._db, after_seq=from_seq - 1)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read(
    db: sqlite3.Connection, path: Path | None, journal_id: JournalId, from_seq: int
) -> Iterator[tuple[int, bytes]]:
    with files.reading(path):
        previous = _hash_at(db, journal_id, from_seq - 1)
        rows = files.read_rows(db, after_seq=from_seq - 1)
        if previous is None:
            for _ in rows:
                raise JournalTampered(path, from_seq - 1, f"record {from_seq - 1} is missing")
            return
        for head, body in follow(path, Head(from_seq - 1, previous), rows):
            yield head.seq, body


def _hash_at(db: sqlite3.Connection, journal_id: JournalId, seq: int) -> bytes | None:
    """Return the stored hash of one record; for 0, what the first record is chained to."""
    if seq == 0:
        return start(journal_id).hash
    row: tuple[bytes] | None = db.execute("SELECT hash FROM records WHERE seq = ?", (seq,)).fetchone()
    return row[0] if row else None


def _make(path: Path, journal_id: JournalId) -> None:
    """Lay a journal under another name, then rename it: a crash leaves either none or a whole one, with its head."""
    for remains in (path, files.beside(path, "-wal")):
        if remains.exists():
            raise JournalExists(remains, "it exists already; open it, or name another file")
    fresh = files.beside(path, ".new")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        files.lay_tables(db, journal_id)
        db.execute("PRAGMA journal_mode=WAL")
    with files.beside(path, ".head").open("wb") as head:
        head.write(head_line(start(journal_id)))
        head.flush()
        os.fsync(head.fileno())  # once, for its length; from now on it is written over in place
    fresh.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
