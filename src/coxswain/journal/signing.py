"""Sign where a journal stands: every so many records, every so many seconds, and at the end.

The key is never in the journal's own folder, where whoever can edit the journal would find it. What is signed is in
the journal already and durable; requests that it asks for have left before. A checkpoint that cannot be written holds
up nothing: somebody is told, and the next one stands for it.
"""

import os
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path
from typing import NamedTuple

from coxswain.journal import notes
from coxswain.journal.checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    Signed,
    check_newest,
    default_key,
    origin_of,
    public_path,
    read_public,
    read_whole,
    replace,
    seen_path,
    trust_of,
    write_tree,
)
from coxswain.journal.errors import JournalTampered, KeyUnusable
from coxswain.journal.files import beside
from coxswain.journal.merkle import Frontier
from coxswain.journal.notes import NoteInvalid, SigningKey
from coxswain.journal.store import Journal

RECORDS = 1_000
"""So many records without a checkpoint at most, while the engine runs."""
INTERVAL_NS = 10 * 1_000_000_000
"""So long at most is a record without one."""
_PRIVATE_BITS = 0o077

Tell = Callable[[str], None]


class Key(NamedTuple):
    """A key and where it is: what was signed last is remembered beside it."""

    path: Path
    signing: SigningKey


class Signer:
    """Signs for one journal, from its newest checkpoint on. Give it every record: make it before any is appended."""

    def __init__(self, journal: Journal, key: Key, tell: Tell) -> None:
        """Raises `JournalTampered` where the journal does not go on from what was signed."""
        assert journal.path is not None
        self._path = journal.path
        self._journal = journal
        self._key = key.signing
        self._seen = seen_path(key.path, journal.journal_id)
        self._tell = tell
        known = trust_of(key.path, journal.journal_id)
        known = known._replace(keys=(*known.keys, key.signing.verifier))
        standing = check_newest(self._path, journal, known)
        self._tree = standing.tree
        self.newest = standing.signed
        self._signed = standing.tree.size
        self._new = list(journal.hashes(self._signed + 1))
        """Hashes of records that are not in the tree."""
        self._last_ns: int | None = None
        self._failing = ""
        journal.on_hashes = self._new.extend
        _mend(self._path, tell)

    def next_ns(self) -> int | None:
        """Return when the next one is due by time alone; None where nothing is new."""
        if self._last_ns is None or self._journal.head.seq == self._signed:
            return None
        return self._last_ns + INTERVAL_NS

    def is_due(self, now_ns: int) -> bool:
        """Take what is new into the tree, and say if it should be signed now."""
        self._grow()
        unsigned = self._journal.head.seq - self._signed
        if not unsigned:
            return False
        return self._last_ns is None or unsigned >= RECORDS or not 0 <= now_ns - self._last_ns < INTERVAL_NS

    def sign(self, now_ns: int) -> None:
        """Sign where the journal stands now, unless that is signed."""
        self._last_ns = now_ns
        if self._journal.head.seq == self._signed:
            return
        self._grow()
        before = Frontier(self._tree.size, self._tree.peaks)
        self._tree.add(self._new.pop())
        checkpoint = Checkpoint(origin_of(self._journal.journal_id), self._tree.size, self._tree.root())
        note = f"{checkpoint.text}\n{self._key.sign(checkpoint.text)}"
        self._signed = checkpoint.size
        try:
            is_first = not beside(self._path, CHECKPOINTS).exists()
            _append(beside(self._path, CHECKPOINTS), note + "\n", is_first)
            write_tree(self._path, before)
            self._seen.parent.mkdir(mode=0o700, exist_ok=True)
            replace(self._seen, note)
        except OSError as error:
            if not self._failing:
                self._tell(f"coxswain: no checkpoint of {self._path} can be written: {error}")
            self._failing = str(error)
        else:
            self._failing = ""
            self.newest = Signed(checkpoint, note)

    def _grow(self) -> None:
        """Add what is new but for the last, which `sign` keeps apart."""
        new = self._new
        for each in new[:-1]:
            self._tree.add(each)
        del new[:-1]


# --- the key ----------------------------------------------------------------------------------------------------------


def key_for(journal: Path | None, named: Path | None) -> Key | None:
    """Return the key that signs a journal: the one that was named, or the user's own. None where there is neither.

    A journal in memory has none. Raises `KeyUnusable`.
    """
    path = named or default_key()
    if journal is None or (named is None and not path.exists()):
        return None
    folder, place = journal.resolve().parent, path.resolve()
    # The user's configuration may be below the folder of a journal: a home directory is such a folder.
    if folder == place.parent or (named is not None and folder in place.parents):
        raise KeyUnusable(path, f"is in the folder of {journal}: who can edit that could sign it; keep it elsewhere")
    return Key(path, read_key(path))


def read_key(path: Path) -> SigningKey:
    """Read a whole key. Raises `KeyUnusable`."""
    try:
        if path.stat().st_mode & _PRIVATE_BITS:
            raise KeyUnusable(path, f"others may read it; wanted: chmod 600 {path}")
        return notes.parse_signing_key(path.read_text())
    except (NoteInvalid, UnicodeDecodeError) as error:
        raise KeyUnusable(path, str(error)) from None
    except OSError as error:
        raise KeyUnusable(path, f"cannot be read: {error.strerror}; coxswain audit key makes one") from None


def make_key(path: Path, name: str, kind: int) -> SigningKey:
    """Make a key that only its owner may read. Raises `FileExistsError`."""
    key = SigningKey(name, kind, os.urandom(32))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(key.text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    public = public_path(path)
    known = read_public(public) if public.exists() else ()
    replace(public, "".join(f"{each}\n" for each in (*known, key.verifier)))
    return key


# --- the file ---------------------------------------------------------------------------------------------------------


def _append(path: Path, content: str, is_first: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        length = os.fstat(fd).st_size
        if os.write(fd, content.encode()) < len(content.encode()):
            os.ftruncate(fd, length)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        if is_first:
            os.fsync(fd)  # from now on that there is one is known, whatever a power cut takes of the others
    finally:
        os.close(fd)


def _mend(path: Path, tell: Tell) -> None:
    """Take off what a power cut left of a checkpoint that it interrupted: the next one stands for it."""
    whole, torn = read_whole(path)
    if not torn:
        return
    if torn.count("\n\n") > 1:  # a whole one, and damaged: no power cut leaves that
        raise JournalTampered(path, None, f"its checkpoints are damaged after the first {len(whole)}")
    os.truncate(beside(path, CHECKPOINTS), sum(len(each.note.encode(errors="surrogateescape")) + 1 for each in whole))
    tell(f"coxswain: {path}: its last checkpoint was not whole and is taken off; {len(whole)} are left")
