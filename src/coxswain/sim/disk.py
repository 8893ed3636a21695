"""A disk below the journal: what is not committed is gone after a crash, and what is can be damaged.

It is SQLite's own database in memory, so that the real journal writes it; a transaction that is open is what has not
been synced. The head has a file of its own, as on a real disk.
"""

import contextlib
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coxswain.journal import files
from coxswain.journal.chain import Head, check_head, head_line, parse_head_line, start
from coxswain.journal.errors import JournalTampered
from coxswain.journal.store import Journal
from coxswain.model.vocabulary import JournalId
from coxswain.sim.checker.evidence import damage_was_seen
from coxswain.sim.ground import JOURNAL

PATH = Path("journal")
"""What errors call it; no file has this name."""

SECTOR = 512
"""Bytes that a disk writes at once."""

Passed = Callable[[str], None]
"""Called at each point where a process can die; it raises where it does."""


class _Database(sqlite3.Connection):
    """Tells where a write stands."""

    passed: Passed
    tear: Callable[[], None] | None = None
    """Does the write after all, and tears it."""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if sql.startswith("BEGIN"):
            self.passed("before")
        elif sql == "COMMIT":
            try:
                self.passed("within")
            except BaseException:
                if self.tear is not None:
                    self.tear()
                raise
        return super().execute(sql, *args)

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        return super().executemany(sql, rows)


class Disk:
    """What one journal is kept on, over all the processes that write it.

    With `tears` it is SQLite's own files, and a write in which the process dies reaches them in parts: of what was
    being written some sectors are there and some are not, and SQLite says what is left of it.
    """

    def __init__(self, passed: Passed, journal_id: JournalId = JOURNAL, tears: random.Random | None = None) -> None:
        self.journal_id = journal_id
        self.torn = 0
        """How often a write was."""
        self._passed = passed
        self._tears = tears
        self._folder = None if tears is None else tempfile.TemporaryDirectory(prefix="coxswain-world-")
        self._is_torn = False
        self._db = self._connect()
        files.lay_tables(self._db, journal_id)
        if self._folder is not None:
            super(_Database, self._db).execute("PRAGMA journal_mode=WAL")
        self._head = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the disk
        os.pwrite(self._head.fileno(), head_line(start(journal_id)), 0)

    def _connect(self) -> _Database:
        name = ":memory:" if self._folder is None else f"{self._folder.name}/journal"
        db = sqlite3.connect(name, isolation_level=None, factory=_Database)
        db.passed = self._passed
        if self._folder is not None:
            super(_Database, db).execute("PRAGMA synchronous=OFF")  # what is synced is said here, not by the machine
            super(_Database, db).execute("PRAGMA wal_autocheckpoint=0")
            db.tear = self._tear
        return db

    def _tear(self) -> None:
        """Let the transaction that is open reach the file in parts."""
        assert self._folder is not None
        assert self._tears is not None
        wal = Path(self._folder.name) / "journal-wal"
        before = wal.read_bytes() if wal.exists() else b""
        super(_Database, self._db).execute("COMMIT")
        after = wal.read_bytes()
        database = wal.with_name("journal")
        kept = database.read_bytes()
        self._db.close()  # it tidies up: what it leaves is put back as it was
        parts = []
        is_cut, all_of = self._tears.randrange(2), range(0, len(after), SECTOR)
        cut = self._tears.randrange(len(all_of) + 1)
        for number, at in enumerate(all_of):
            there = number < cut if is_cut else self._tears.randrange(2)
            parts.append((after if there else before.ljust(len(after), b"\0"))[at : at + SECTOR])
        database.write_bytes(kept)
        wal.write_bytes(b"".join(parts))
        wal.with_name("journal-shm").unlink(missing_ok=True)
        self.torn += 1
        self._is_torn = True

    def open(self) -> Journal:
        """Go on with the journal as it stands. Raises `JournalTampered` where it is behind its head."""
        head = self._last()
        named = parse_head_line(os.pread(self._head.fileno(), 1024, 0))
        check_head(PATH, named, head.seq, None if named is None else self._hash_at(named.seq))
        os.pwrite(self._head.fileno(), head_line(head), 0)
        resources = contextlib.ExitStack()
        return Journal(
            None, self.journal_id, head, self._db, self._head.fileno(), resources, lambda seq: self._passed("committed")
        )

    def lose_power(self) -> bool:
        """Lose what is not synced; say whether there was any."""
        if self._is_torn:
            self._is_torn, self._db = False, self._connect()
            return True
        lost = self._db.in_transaction
        self._db.rollback()
        return lost

    def bodies(self) -> list[bytes]:
        return [body for (body,) in sqlite3.Connection.execute(self._db, "SELECT body FROM records ORDER BY seq")]

    def rows(self) -> list[tuple[int, bytes, bytes]]:
        """Return number, body and hash of every record, as they are stored."""
        return list(sqlite3.Connection.execute(self._db, "SELECT seq, body, hash FROM records ORDER BY seq"))

    def last_seq(self) -> int:
        return self._last().seq

    def close(self) -> None:
        self._db.close()
        self._head.close()
        if self._folder is not None:
            self._folder.cleanup()

    # --- damage -------------------------------------------------------------------------------------------------------

    def is_seen_when_damaged(self, chance: random.Random) -> list[str]:
        """Damage the journal in every way, each undone again; return the rows of those that a start refused."""
        named = parse_head_line(os.pread(self._head.fileno(), 1024, 0))
        assert named is not None
        last = named.seq  # one that is beyond it was answered to nobody: without it the journal is whole, too
        if last < 3 or self.last_seq() > last:
            return []
        at = chance.randrange(1, last - 1)
        kept = chance.randrange(1, last)
        swap = (
            ("UPDATE records SET seq = 0 WHERE seq = ?", (at,)),
            ("UPDATE records SET seq = ? WHERE seq = ?", (at, at + 1)),
            ("UPDATE records SET seq = ? WHERE seq = 0", (at + 1,)),
        )
        ways: list[tuple[str, int, Sequence[tuple[str, tuple[int, ...]]]]] = [
            ("F39", last, [("DELETE FROM records WHERE seq = ?", (last,))]),
            ("F40", at, [("DELETE FROM records WHERE seq = ?", (at,))]),
            ("F40", at, [("UPDATE records SET body = CAST(replace(body, 'seq', 'sep') AS BLOB) WHERE seq = ?", (at,))]),
            ("F40", at, swap),
            ("F45", kept + 1, [("DELETE FROM records WHERE seq > ?", (kept,))]),
        ]
        row, first_bad, statements = chance.choice(ways)
        run = super(_Database, self._db).execute
        run("SAVEPOINT damage")
        head = os.pread(self._head.fileno(), 1024, 0)
        try:
            for sql, values in statements:
                run(sql, values)
            damage_was_seen(row, first_bad, self._refused_at())
        finally:
            run("ROLLBACK TO damage")
            run("RELEASE damage")
            os.pwrite(self._head.fileno(), head, 0)
        return [row]

    def _refused_at(self) -> int | None:
        """Start with it as it is; return the first bad record that the refusal names, if it is refused."""
        try:
            for _ in self.open().read():
                pass
        except JournalTampered as refusal:
            return refusal.first_bad_seq
        return None

    def _last(self) -> Head:
        row = self._db.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(*row) if row else start(self.journal_id)

    def _hash_at(self, seq: int) -> bytes | None:
        if seq == 0:
            return start(self.journal_id).hash
        row: tuple[bytes] | None = self._db.execute("SELECT hash FROM records WHERE seq = ?", (seq,)).fetchone()
        return row[0] if row else None
