"""The engine as it stood after one record, kept beside its journal, so that a start need not fold all that was before.

A snapshot is a convenience and never a source. It is written under another name first; once it is on the disk its
SHA-256 is journaled, and only then does it get its name, `<journal>.snapshot`. So whatever a crash leaves behind, the
file of that name is whole, and the journal itself says which bytes it may be. A start looks at version, journal, chain
and that sum, and folds the whole journal where anything is not as it should be. `replay` and `audit verify` never use
one. Nothing here decides when it is a good moment.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from coxswain.core.engine import Engine
from coxswain.journal.chain import Head
from coxswain.journal.files import beside
from coxswain.journal.store import Journal, Reader
from coxswain.messages.inputs import NoteSnapshot
from coxswain.messages.record import decode
from coxswain.runtime.archive import Archive
from coxswain.runtime.egress import Guard
from coxswain.views.returns import Returns

EVERY = 20_000
"""Records between two snapshots of a running engine: what is folded after a kill takes no longer than this."""
WORTH_IT = 1_000
"""Records since the last one: a clean end leaves fewer to be folded, which takes no time."""

SUM_LENGTH = 64

Tell = Callable[[str], None]


class Snapshot(msgspec.Struct, frozen=True):
    """What the file holds."""

    format: str
    version: str
    """Of the code that wrote it: another one may remember other things."""
    journal_id: str
    seq: int
    hash: bytes
    """Of the chain at that record."""
    state: bytes
    books: bytes
    """Of the egress guard."""
    returns: bytes
    archive: bytes
    """Of where the journal has what left the state."""


FORMAT = "coxswain-snapshot-2"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)


def fresh_path(journal: Path) -> Path:
    """Return where one is written that has no name yet."""
    return beside(journal, ".snapshot.new")


def snapshot_path(journal: Path) -> Path:
    return beside(journal, ".snapshot")


# --- writing ----------------------------------------------------------------------------------------------------------


class Snapshots:
    """Takes the snapshots of one running engine.

    Where time stands still, and at the end, the engine is copied as it is. Where time passes by itself nobody may wait
    for that: another process folds what was durable by then and writes it; `ready` says when it is on the disk.
    """

    def __init__(
        self,
        journal: Path,
        version: str,
        engine: Engine,
        guard: Guard,
        archive: Archive,
        returns: Returns | None,
        tell: Tell,
        last_seq: int,
        *,
        waits: bool,
    ) -> None:
        self._journal = journal
        self._version = version
        self._engine = engine
        self._guard = guard
        self._archive = archive
        self._returns = returns
        self._tell = tell
        self._last_seq = last_seq
        """Of the last one that was begun, or that the start used."""
        self._waits = waits
        self._work: _Written | _Elsewhere | None = None

    def is_due(self, seq: int, *, at_end: bool = False) -> bool:
        """Say if a snapshot is to be begun. While one is being written, only the end begins another."""
        if at_end:
            return self._work is not None or seq - self._last_seq >= WORTH_IT
        return self._work is None and seq - self._last_seq >= EVERY

    def begin(self, head: Head, *, at_end: bool = False) -> None:
        """Have everything written as it stands now, which must be just after the record `head`, the last durable one.

        At the end one that is on its way comes too late.
        """
        self.close()
        self._last_seq = head.seq
        try:
            if self._waits or at_end:
                returns = b"" if self._returns is None else self._returns.keep()
                snapshot = snapshot_of(self._version, self._engine, self._guard, self._archive, returns, head)
                self._work = _Written(head.seq, write(fresh_path(self._journal), snapshot))
            else:
                self._work = _Elsewhere(self._journal, self._version, head.seq)
        except OSError as error:  # no room on the disk, or for another process
            self._fail(str(error))

    def ready(self) -> NoteSnapshot | None:
        """Return what the journal is to say of the one that was begun, once it is on the disk; `adopt` comes next."""
        if self._work is None or not self._work.is_done():
            return None
        if self._work.failure:
            self._fail(self._work.failure)
            return None
        return NoteSnapshot(self._work.seq, self._work.sum)

    def adopt(self) -> None:
        """Give the one that is ready its name. What `ready` returned must be durable by now."""
        self._work = None
        try:
            fresh_path(self._journal).rename(snapshot_path(self._journal))
        except OSError as error:
            self._tell(f"the snapshot could not be put in its place, and the next start takes longer: {error}")

    def close(self) -> None:
        """Give up the one that is on its way."""
        work, self._work = self._work, None
        if work is not None:
            work.end()

    def _fail(self, why: str) -> None:
        self._work = None
        self._tell(f"no snapshot could be written, and the next start takes longer: {why}")


class _Written(NamedTuple):
    """A snapshot that is on the disk."""

    seq: int
    sum: str
    failure: str = ""

    def is_done(self) -> bool:
        return True

    def end(self) -> None:
        pass


class _Elsewhere:
    """A snapshot that another process makes of the journal as it stands, in its own time: see `snapshot_process.py`."""

    def __init__(self, journal: Path, version: str, seq: int) -> None:
        self.seq = seq
        self.sum = ""
        self.failure = ""
        words = [sys.executable, "-m", "coxswain.runtime.snapshot_process", os.fspath(journal), version, str(seq)]
        # A group of its own: what is typed at the engine's terminal is not meant for it.
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def is_done(self) -> bool:
        if self._process.poll() is None:
            return False
        if not self.sum and not self.failure:
            said = self._process.communicate()[0].decode().strip()
            if self._process.returncode or len(said) != SUM_LENGTH:
                self.failure = f"the process that makes it ended with {self._process.returncode}"
            else:
                self.sum = said
        return True

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def snapshot_of(version: str, engine: Engine, guard: Guard, archive: Archive, returns: bytes, head: Head) -> Snapshot:
    kept = (engine.keep(), guard.keep(), returns, archive.keep())
    return Snapshot(FORMAT, version, engine.state.journal_id, head.seq, head.hash, *kept)


def write(path: Path, snapshot: Snapshot) -> str:
    """Write a snapshot and return its SHA-256 once it is durable."""
    raw = _encoder.encode(snapshot)
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    return sha256(raw).hexdigest()


# --- reading ----------------------------------------------------------------------------------------------------------


def find(journal: Journal | Reader, version: str, tell: Tell) -> Snapshot | None:
    """Return the snapshot beside a journal if it can be trusted; `tell` is given the reason where it cannot."""
    if journal.path is None:
        return None
    path = snapshot_path(journal.path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        tell(_ignored(path, f"it cannot be read: {error.strerror}"))
        return None
    try:
        snapshot = _decoder.decode(raw)
    except msgspec.DecodeError as error:
        tell(_ignored(path, f"it is no snapshot of this version: {error}"))
        return None
    why = _why_not(snapshot, sha256(raw).hexdigest(), journal, version)
    if why:
        tell(_ignored(path, why))
        return None
    return snapshot


def _why_not(snapshot: Snapshot, found: str, journal: Journal | Reader, version: str) -> str:
    if snapshot.format != FORMAT or snapshot.version != version:
        return f"version {snapshot.version} wrote it, and this is {version}"
    if snapshot.journal_id != journal.journal_id:
        return f"it is of the journal {snapshot.journal_id}"
    if journal.hash_at(snapshot.seq) != snapshot.hash:
        return f"record {snapshot.seq} is not the one that it was taken after"
    noted = _noted_after(journal, snapshot.seq)
    if noted is None or (noted.seq, noted.sum) != (snapshot.seq, found):
        return "it is not the one that the journal tells of"
    return ""


def _noted_after(journal: Journal | Reader, seq: int) -> NoteSnapshot | None:
    """Return what the journal says of a snapshot taken after record `seq`: one is noted before the next is begun."""
    for _, body in journal.read(seq + 1):
        if b'"NoteSnapshot"' in body:
            message = decode(body).input
            if isinstance(message, NoteSnapshot):
                return message
    return None


def _ignored(path: Path, why: str) -> str:
    return f"the snapshot {path.name} is not used, and the whole journal is folded: {why}"
