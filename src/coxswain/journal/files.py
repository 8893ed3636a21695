"""The files of one journal, and how each is opened. Nothing here knows what a record is.

<journal>        the database
<journal>-wal    what is committed and not yet moved into it; SQLite's own
<journal>-shm    an index of that, shared by the processes that have it open; SQLite's own
<journal>.head   the last (seq, hash)
<journal>.checkpoints, <journal>.tree   what was signed: see `checkpoints.py`
<journal>.lock   held by the writer, with its pid inside
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from coxswain.journal.chain import FORMAT, Head, Row, parse_head_line
from coxswain.journal.errors import JournalFailed, JournalLocked, JournalUnreadable
from coxswain.model.vocabulary import JournalId

_MAGIC = b"SQLite format 3\0"  # how every database begins
_READ_GROUP = 512  # records taken at once: a read transaction left open between them would hold up every checkpoint
_LOCK_TRIES = 20  # 10 ms apart: `is_written` takes the lock for an instant, and must not keep an engine from starting


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


# --- the database ---------------------------------------------------------------------------------------------------


def connect(path: Path, how: str) -> sqlite3.Connection:
    """Open a database that exists; `how` is SQLite's URI query."""
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?{how}", uri=True, isolation_level=None)


def connect_writer(path: Path) -> sqlite3.Connection:
    db = connect(path, "mode=rw")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA fullfsync=ON")  # on macOS a plain fsync stops at the drive's cache
    return db


def check_may_be_journal(path: Path) -> None:
    """Raise `JournalUnreadable` for what cannot be one, before anything is locked, made or opened beside it."""
    if path.is_dir():
        raise JournalUnreadable(path, "is a directory")
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        raise JournalUnreadable(path, "there is no such file") from None
    except OSError as error:
        raise JournalUnreadable(path, f"cannot be read: {error.strerror}") from None
    if not start:
        raise JournalUnreadable(path, "is not a journal: it is empty")
    if start != _MAGIC:
        raise JournalUnreadable(path, "is not a journal, or its first page is damaged")


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open read-only. SQLite makes -wal and -shm for its reader where there are none, if the folder lets it."""
    check_may_be_journal(path)
    db = connect(path, "mode=ro")
    try:
        db.execute("SELECT 1 FROM sqlite_schema")
    except sqlite3.OperationalError:
        db.close()
        if has_wal(path):
            raise
        return connect(path, "immutable=1")  # a closed journal in a folder where nothing may be written
    return db


def has_wal(path: Path) -> bool:
    """Say if commits wait outside the database file."""
    try:
        return beside(path, "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def reading(path: Path | None) -> Iterator[None]:
    """Turn what SQLite says about a damaged file into `JournalUnreadable`."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # its own message may quote a damaged name
        raise JournalUnreadable(path, str(error)) from error


def check_structure(db: sqlite3.Connection, path: Path) -> None:
    """Raise `JournalUnreadable` when the pages do not hang together, also where no record is lost by it."""
    (finding,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise JournalUnreadable(path, f"its pages are damaged: {finding}")


def lay_tables(db: sqlite3.Connection, journal_id: JournalId) -> None:
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    db.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL)")
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("format", FORMAT), ("journal_id", journal_id)])


def read_journal_id(db: sqlite3.Connection, path: Path) -> JournalId:
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone() is None:
        raise JournalUnreadable(path, "is not a journal: it is a database of something else")
    meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    if meta.get("format") != FORMAT or "journal_id" not in meta:
        raise JournalUnreadable(path, f"its format is {meta.get('format')!r}, not {FORMAT!r}")
    return JournalId(meta["journal_id"])


def read_rows(db: sqlite3.Connection, after_seq: int) -> Iterator[Row]:
    """Yield the rows after `after_seq` in order, also those that a running writer adds meanwhile."""
    query = "SELECT seq, body, hash FROM records WHERE seq > ? ORDER BY seq LIMIT ?"
    while group := db.execute(query, (after_seq, _READ_GROUP)).fetchall():
        yield from group
        after_seq = group[-1][0]


def read_body(db: sqlite3.Connection, seq: int) -> bytes | None:
    row: tuple[bytes] | None = db.execute("SELECT body FROM records WHERE seq = ?", (seq,)).fetchone()
    return row[0] if row else None


def read_hashes(db: sqlite3.Connection, after_seq: int) -> Iterator[bytes]:
    """Yield the hashes of the rows after `after_seq` in order."""
    query = "SELECT seq, hash FROM records WHERE seq > ? ORDER BY seq LIMIT ?"
    while group := db.execute(query, (after_seq, _READ_GROUP)).fetchall():
        for _, found in group:
            yield found
        after_seq = group[-1][0]


# --- the head -------------------------------------------------------------------------------------------------------


def read_head(path: Path) -> Head | None:
    """Read what `<journal>.head` says; None if it is missing or says nothing."""
    try:
        return parse_head_line(beside(path, ".head").read_bytes())
    except FileNotFoundError:
        return None


# --- the lock -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the one writer. Raises `JournalLocked`. The system frees the lock with the process, however that ends."""
    lock = beside(path, ".lock")
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:  # no such folder, or one that may not be written
        raise JournalFailed(path, f"cannot open {lock.name} beside it: {error.strerror}") from None
    try:
        if not _try_lock(fd):
            raise JournalLocked(path, _pid_in(fd))
        os.pwrite(fd, b"%-20d\n" % os.getpid(), 0)
        try:
            yield
        finally:
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def is_written(path: Path) -> bool:
    """Say if a process has the journal open to write."""
    try:
        fd = os.open(beside(path, ".lock"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _try_lock(fd: int) -> bool:
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def _pid_in(fd: int) -> int | None:
    """Return the pid the holder wrote; None if it has not yet, or if that process is gone."""
    text = os.pread(fd, 21, 0).strip()
    if not text.isdigit():
        return None
    try:
        os.kill(int(text), 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, and is another user's
    return int(text)
