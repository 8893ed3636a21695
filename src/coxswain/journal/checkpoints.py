"""Checkpoints: how long a journal was at a moment, and the root of its tree, signed (c2sp.org/tlog-checkpoint).

<journal>.checkpoints   signed notes, one after another, each followed by an empty line
<journal>.tree          the tree at the newest of them, so that a start need not read every record again
<key>.pub               the public halves of the keys whose checkpoints count, one a line
<key>.seen/<journal id> the newest checkpoint, out of reach of whoever can write the journal's folder

Whoever can edit a journal, its head and its checkpoints can make them agree, but cannot sign; and what was signed last
is remembered beside the key. Nothing here signs, and no record is read but the hashes that the chain gave it.
"""

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Protocol, Self
from urllib.parse import quote

from coxswain.journal import notes
from coxswain.journal.chain import Head
from coxswain.journal.errors import JournalTampered, KeyUnusable
from coxswain.journal.files import beside
from coxswain.journal.merkle import Frontier
from coxswain.journal.notes import NoteInvalid, VerifierKey
from coxswain.model.vocabulary import JournalId

CHECKPOINTS = ".checkpoints"
TREE = ".tree"
SEEN = ".seen"
PUBLIC = ".pub"
_NOTE = re.compile(
    rf"([^\n]+)\n(0|[1-9][0-9]{{0,18}})\n([A-Za-z0-9+/]{{43}}=)\n\n(?:{notes.DASH}[^\s+]+ [A-Za-z0-9+/]+=*\n)+"
)
_TAIL_BYTES = 16_384
"""Of the file: more than one note takes, with as many signatures as a note has to allow."""


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


class Signed(NamedTuple):
    """A checkpoint and the whole note that holds it."""

    checkpoint: Checkpoint
    note: str


class Trust(NamedTuple):
    """What somebody who checks a journal knows of it from outside its folder."""

    keys: tuple[VerifierKey, ...] = ()
    seen: Signed | None = None
    demands: bool = False
    """A journal without a checkpoint does not pass."""


NOBODY = Trust()


class Rows(Protocol):
    """A journal that can be asked for the hashes of its chain."""

    @property
    def journal_id(self) -> JournalId: ...

    @property
    def head(self) -> Head: ...

    def hash_at(self, seq: int) -> bytes | None: ...

    def hashes(self, from_seq: int) -> Iterator[bytes]: ...


def origin_of(journal_id: JournalId) -> str:
    return f"coxswain/{journal_id}"


def parse(note: str) -> Signed:
    """Read one checkpoint. Raises `NoteInvalid`."""
    match = _NOTE.fullmatch(note)
    root = None if match is None else notes.decoded(match[3])
    if match is None or root is None or not match[1].isprintable():
        raise NoteInvalid("is not a checkpoint: an origin, a size, a root, a blank line, and signatures")
    return Signed(Checkpoint(match[1], int(match[2]), root), note)


# --- the files --------------------------------------------------------------------------------------------------------


def read_all(path: Path) -> list[Signed]:
    """Read every checkpoint of a journal, in order. Raises `JournalTampered`."""
    whole, torn = read_whole(path)
    if torn:
        raise JournalTampered(
            path, None, f"its checkpoints end in something that is none, after {len(whole)} (see docs/PROOF.md)"
        )
    return whole


def read_whole(path: Path) -> tuple[list[Signed], str]:
    """Read the checkpoints up to the first that is none, and the rest as it is."""
    try:
        content = beside(path, CHECKPOINTS).read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return [], ""
    return read_notes(content)


def read_notes(content: str) -> tuple[list[Signed], str]:
    """Read checkpoints that stand one after another up to the first that is none, and the rest as it is."""
    found, at = [], 0
    while match := _NOTE.match(content, at):
        if content[match.end() : match.end() + 1] != "\n":
            break
        try:
            found.append(parse(match[0]))
        except NoteInvalid:
            break
        at = match.end() + 1
    return found, content[at:]


def read_newest(path: Path) -> Signed | None:
    """Read the last whole checkpoint, looking at the end of the file alone where that will do."""
    try:
        with beside(path, CHECKPOINTS).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            parts = file.read().decode(errors="replace").split("\n\n")
    except FileNotFoundError:
        return None
    if len(parts) >= 3 and not parts[-1]:
        try:
            return parse(f"{parts[-3]}\n\n{parts[-2]}\n")
        except NoteInvalid:
            pass
    whole, _ = read_whole(path)
    return whole[-1] if whole else None


def write_tree(path: Path, before: Frontier) -> None:
    """Keep the tree without its last leaf: with that leaf, which is in the journal, it must give what was signed."""
    lines = [str(before.size), *(peak.hex() for peak in before.peaks)]
    replace(beside(path, TREE), "\n".join(lines) + "\n")


def _read_tree(path: Path) -> Frontier | None:
    """Read what `write_tree` wrote; None for anything else, for it can be made again."""
    try:
        size, *peaks = beside(path, TREE).read_text().splitlines()
        return Frontier(int(size), [bytes.fromhex(peak) for peak in peaks])
    except (OSError, ValueError):
        return None


def replace(path: Path, content: str) -> None:
    """Write a small file anew: whoever reads it sees the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(content)
    fresh.replace(path)


# --- beside the key ---------------------------------------------------------------------------------------------------


def default_key() -> Path:
    """Return where the key is that nobody named: in the user's own configuration, away from every journal."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "coxswain" / "checkpoint.key"


def public_path(key: Path) -> Path:
    return key.with_name(key.name + PUBLIC)


def seen_path(key: Path, journal_id: JournalId) -> Path:
    return key.with_name(key.name + SEEN) / quote(journal_id, safe="")


def read_public(path: Path) -> tuple[VerifierKey, ...]:
    """Read the public halves of keys, one a line. Raises `KeyUnusable` and `FileNotFoundError`."""
    try:
        keys = tuple(notes.parse_verifier(line) for line in path.read_text().splitlines() if line.strip())
    except (NoteInvalid, UnicodeDecodeError) as error:
        raise KeyUnusable(path, str(error)) from None
    if not keys:
        raise KeyUnusable(path, "holds no key")
    return keys


def trust_of(key: Path, journal_id: JournalId) -> Trust:
    """Return what is known beside a key, of which the public half is enough; nothing where there is none."""
    keys: tuple[VerifierKey, ...] = ()
    with suppress(FileNotFoundError, NotADirectoryError):
        keys = read_public(public_path(key))
    seen = seen_path(key, journal_id)
    try:
        return Trust(keys, parse(seen.read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return Trust(keys)
    except (NoteInvalid, UnicodeDecodeError) as error:
        raise KeyUnusable(seen, str(error)) from None


# --- what a journal must agree with -----------------------------------------------------------------------------------


class Marks:
    """Every checkpoint that a journal has to pass, for whoever reads it from the first record on."""

    def __init__(self, path: Path, journal_id: JournalId, signed: Sequence[Signed], trust: Trust) -> None:
        """Check who signed them, and their order. Raises `JournalTampered`."""
        self._path = path
        self.count = len(signed)
        self.newest = newest_of(path, signed[-1] if signed else None, trust)
        check_all(path, journal_id, signed if trust.seen is None else [*signed, trust.seen], trust)
        sizes = [each.checkpoint.size for each in signed]
        if any(later <= earlier for earlier, later in pairwise(sizes)):
            raise JournalTampered(path, None, "its checkpoints are not in the order in which they were signed")
        seen = [] if trust.seen is None else [trust.seen]
        self._left = sorted({(each.checkpoint.size, each.checkpoint.root) for each in (*signed, *seen)}, reverse=True)
        self._last = 0
        self.next = self._left[-1][0] if self._left else 0

    def reach(self, tree: Frontier) -> None:
        """Take the tree at the size of the next mark. Raises `JournalTampered` unless its root is what was signed."""
        while self._left and self._left[-1][0] == tree.size:
            size, root = self._left.pop()
            if tree.root() != root:
                raise _not_what_was_signed(self._path, self._last + 1, size)
            self._last = size
        self.next = self._left[-1][0] if self._left else 0

    def end(self, records: int) -> None:
        """Raise `JournalTampered` when a checkpoint has more records than the journal."""
        if self._left:
            raise _shorter(self._path, records, self._left[0][0])


def newest_of(path: Path, newest: Signed | None, trust: Trust) -> Signed | None:
    """Return the newest of what stands beside the journal and what was seen. Raises `JournalTampered`."""
    if newest is None and trust.seen is not None:
        size = trust.seen.checkpoint.size
        raise JournalTampered(path, None, f"its checkpoints are missing, and one of {size} records was signed")
    if newest is None and trust.demands:
        raise JournalTampered(path, None, "it has no checkpoint, and one was asked for")
    if newest is None or trust.seen is None or trust.seen.checkpoint.size <= newest.checkpoint.size:
        return newest
    return trust.seen


def check_all(path: Path, journal_id: JournalId, signed: Sequence[Signed], trust: Trust) -> None:
    """Raise `JournalTampered` for a checkpoint of another journal, or, where keys are known, of another key."""
    for each in signed:
        size = each.checkpoint.size
        if each.checkpoint.origin != origin_of(journal_id):
            raise JournalTampered(path, None, f"its checkpoint of {size} records is of {each.checkpoint.origin}")
        try:
            is_ours = not trust.keys or notes.signers(each.note, trust.keys)
        except NoteInvalid as error:
            raise JournalTampered(path, None, f"its checkpoint of {size} records {error}") from None
        if not is_ours:
            names = ", ".join(key.name for key in trust.keys)
            raise JournalTampered(path, None, f"its checkpoint of {size} records is not signed by {names}")


class Standing(NamedTuple):
    """The newest checkpoint of a journal, and the tree that it was made from."""

    signed: Signed | None
    tree: Frontier

    @classmethod
    def nothing(cls) -> Self:
        return cls(None, Frontier())


def check_newest(path: Path, rows: Rows, trust: Trust) -> Standing:
    """Raise `JournalTampered` unless a journal goes on from its newest checkpoint.

    One record is read: the last that was signed, whose hash stands for all before it, and which must be the last leaf
    of the tree. Only where it is not, or where `.tree` is gone, every hash is.
    """
    newest = newest_of(path, read_newest(path), trust)
    if newest is None:
        return Standing.nothing()
    check_all(path, rows.journal_id, [newest] if trust.seen in (None, newest) else [newest, trust.seen], trust)
    size, root = newest.checkpoint.size, newest.checkpoint.root
    if rows.head.seq < size:
        raise _shorter(path, rows.head.seq, size)
    tree, last = _read_tree(path), rows.hash_at(size)
    if tree is not None and tree.size == size - 1 and last is not None:
        tree.add(last)
        if tree.root() == root:
            return Standing(newest, tree)
    tree = Frontier()
    marks = Marks(path, rows.journal_id, read_whole(path)[0], trust)
    for each in rows.hashes(1):
        if tree.size == size:
            break
        tree.add(each)
        if tree.size == marks.next:
            marks.reach(tree)
    if tree.size != size or tree.root() != root:
        raise _not_what_was_signed(path, 1, size)
    return Standing(newest, tree)


def _shorter(path: Path, records: int, size: int) -> JournalTampered:
    problem = (
        f"it ends at record {records}, and one of {size} records was signed: its tail is gone, or it is an old copy"
    )
    return JournalTampered(path, records + 1, problem)


def _not_what_was_signed(path: Path, first: int, last: int) -> JournalTampered:
    where = f"record {first} is" if first == last else f"one of the records {first} to {last} is"
    return JournalTampered(path, first, f"{where} not what was signed, though the chain may fit")
