"""The engine as it stood after one record, kept beside its journal, so that a start need not fold all that was before.

A snapshot is a convenience and never a source. It is written under another name first; once it is on the disk its
SHA-256 is journaled, and only then does it get its name, `<journal>.snapshot`. So whatever a crash leaves behind, the
file of that name is whole, and the journal itself says which bytes it may be. A start looks at version, journal, chain
and that sum, and folds the whole journal where anything is not as it should be. `replay` and `audit verify` never use
one. Nothing here decides when it is a good moment.
"""

import os
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from coxswain.core.engine import Engine
from coxswain.journal.chain import Head
from coxswain.journal.files import beside
from coxswain.journal.store import Journal
from coxswain.messages.inputs import NoteSnapshot
from coxswain.messages.record import decode
from coxswain.runtime.egress import Guard
from coxswain.views.returns import Returns

EVERY = 20_000
"""Records between two snapshots of a running engine: what is folded after a kill takes no longer than this."""
WORTH_IT = 1_000
"""Records since the last one: a clean end leaves fewer to be folded, which takes no time."""

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


FORMAT = "coxswain-snapshot-1"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)


def snapshot_path(journal: Path) -> Path:
    return beside(journal, ".snapshot")


# --- writing ----------------------------------------------------------------------------------------------------------


class Snapshots:
    """Takes the snapshots of one running engine.

    The state is copied at once, which is the only part that anybody waits for. Where time passes by itself the copy is
    written in a thread of its own, and `ready` says when it is on the disk.
    """

    def __init__(
        self,
        journal: Path,
        version: str,
        engine: Engine,
        guard: Guard,
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
        self._returns = returns
        self._tell = tell
        self._last_seq = last_seq
        """Of the last one that was begun, or that the start used."""
        self._waits = waits
        self._work: _Work | None = None

    def is_due(self, seq: int, *, at_end: bool = False) -> bool:
        """Say if a snapshot is to be begun. Never while one is being written."""
        return self._work is None and seq - self._last_seq >= (WORTH_IT if at_end else EVERY)

    def begin(self, head: Head) -> None:
        """Copy everything as it stands now, which must be just after the record `head`, and have it written."""
        state = self._engine.state
        returns = b"" if self._returns is None else self._returns.keep()
        kept = (self._engine.keep(), self._guard.keep(), returns)
        snapshot = Snapshot(FORMAT, self._version, state.journal_id, head.seq, head.hash, *kept)
        self._last_seq = head.seq
        self._work = _Work(beside(self._journal, ".snapshot.new"), snapshot)
        if self._waits:
            self._work.run()
        else:
            self._work.thread = threading.Thread(target=self._work.run, name="snapshot", daemon=True)
            self._work.thread.start()

    def ready(self, *, wait: bool = False) -> NoteSnapshot | None:
        """Return what the journal is to say of the one that was begun, once it is on the disk; `adopt` comes next."""
        work = self._work
        if work is None:
            return None
        if wait and work.thread is not None:
            work.thread.join()
        if not work.is_done:
            return None
        if work.failure:
            self._work = None
            self._tell(f"no snapshot could be written, and the next start takes longer: {work.failure}")
            return None
        return NoteSnapshot(work.snapshot.seq, work.sum)

    def adopt(self) -> None:
        """Give the one that is ready its name. What `ready` returned must be durable by now."""
        work, self._work = self._work, None
        assert work is not None
        try:
            work.path.rename(snapshot_path(self._journal))
        except OSError as error:
            self._tell(f"the snapshot could not be put in its place, and the next start takes longer: {error}")


class _Work:
    """One snapshot on its way to the disk. Only its own thread writes to it before it is done."""

    def __init__(self, path: Path, snapshot: Snapshot) -> None:
        self.path = path
        self.snapshot = snapshot
        self.thread: threading.Thread | None = None
        self.sum = ""
        self.failure = ""
        self._done = threading.Event()

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def run(self) -> None:
        try:
            raw = _encoder.encode(self.snapshot)
            self.sum = sha256(raw).hexdigest()
            with self.path.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
        except Exception as error:  # a disk that is full, most of all: the journal says so where it matters
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            self._done.set()


# --- reading ----------------------------------------------------------------------------------------------------------


def find(journal: Journal, version: str, tell: Tell) -> Snapshot | None:
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


def _why_not(snapshot: Snapshot, found: str, journal: Journal, version: str) -> str:
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


def _noted_after(journal: Journal, seq: int) -> NoteSnapshot | None:
    """Return what the journal says of a snapshot taken after record `seq`: one is noted before the next is begun."""
    for _, body in journal.read(seq + 1):
        if b'"NoteSnapshot"' in body:
            message = decode(body).input
            if isinstance(message, NoteSnapshot):
                return message
    return None


def _ignored(path: Path, why: str) -> str:
    return f"the snapshot {path.name} is not used, and the whole journal is folded: {why}"
