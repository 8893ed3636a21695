"""Verify closed segments, each by itself and all together, with what is at hand. Nothing is decoded, made or changed.

A segment says what stood before it. Where the one before is at hand, that must be where it ended. Where it is not, the
records after it are still proved by the next checkpoint: its root covers all records from the first on.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from coxswain.journal import notes, segments, skips
from coxswain.journal.chain import Head, follow
from coxswain.journal.checkpoints import Rows, Signed, Trust, check_all, read_notes
from coxswain.journal.errors import JournalTampered, JournalUnreadable
from coxswain.journal.merkle import Frontier
from coxswain.journal.segments import Base, Name
from coxswain.journal.verify import Known
from coxswain.model.vocabulary import JournalId


class Checked(msgspec.Struct, frozen=True):
    """Records in a row, and what was found of them."""

    first: int
    last: int
    file: str
    """Its name; empty where it is not at hand."""
    problem: str | None = None
    """Why it is not what was written; None where it is."""
    first_bad_seq: int | None = None
    checkpoints: int = 0
    signed_records: int = 0
    """In the newest checkpoint among them, which covers all before it too."""
    signed_by: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()


class Archive(msgspec.Struct, frozen=True):
    segments: tuple[Checked, ...]
    ok: bool
    """Nothing that is at hand was changed."""
    whole: bool
    """And everything from the first record on is at hand."""


def verify_archive(folder: Path, known: Known, journal: Rows | None = None) -> Archive:
    """Check every segment in a folder, and that they fit one another, and the journal where it is at hand."""
    names = segments.names_in(folder)
    if not names:
        raise JournalUnreadable(folder, "no closed segment of a journal is there")
    checked: list[Checked] = []
    end: Base | None = None
    for name in names:
        checked += _missing(name, 0 if end is None else end.head.seq)
        found, end = _verify(name, known, end, journal)
        checked.append(found)
    ok = all(each.problem is None for each in checked)
    return Archive(tuple(checked), ok, ok and all(each.file for each in checked))


def _missing(name: Name, last: int) -> Iterator[Checked]:
    if name.first > last + 1:
        yield Checked(last + 1, name.first - 1, "")


def _verify(name: Name, known: Known, end: Base | None, journal: Rows | None) -> tuple[Checked, Base]:
    """Check one segment, and return where it ends; where it is not well, where its name says so."""
    tree = Frontier()
    try:
        segment = segments.read(name.path)
        trust = known(segment.journal_id)
        base, tree = segment.base, Frontier(segment.base.head.seq, segment.base.peaks)
        last, skipped, bodies = base.head, list[int](), dict[int, bytes]()
        _check_place(name, segment.journal_id, base, end)
        signed = _signed(name, segment.journal_id, segment.checkpoints, trust)
        wanted = {each.checkpoint.size: each.checkpoint.root for each in signed}
        if trust.seen is not None and name.first <= trust.seen.checkpoint.size <= name.last:
            wanted.setdefault(trust.seen.checkpoint.size, trust.seen.checkpoint.root)
        for head, body in follow(name.path, base.head, segment.rows):
            last = head
            tree.add(last.hash)
            if last.seq in wanted and wanted.pop(last.seq) != tree.root():
                raise JournalTampered(
                    name.path, base.head.seq + 1, f"the records until {last.seq} are not what was signed"
                )
            if b',"failed":"' in body:
                bodies[last.seq] = body
            if (skip := skips.skip_in(body)) is not None:
                skipped.append(skip.seq)
                if skip.seq > base.head.seq:
                    skips.check(name.path, last.seq, skip, bodies.get(skip.seq))
        if wanted or last.seq != name.last or last != segment.head:
            raise JournalTampered(name.path, last.seq + 1, f"it ends at record {last.seq}, and has to at {name.last}")
        if journal is not None and journal.hash_at(name.last) != last.hash:
            raise JournalTampered(name.path, name.last, f"record {name.last} is another one in the journal")
    except (JournalTampered, JournalUnreadable) as error:
        bad = error.first_bad_seq if isinstance(error, JournalTampered) else None
        return Checked(name.first, name.last, name.path.name, error.problem, bad), Base(Head(name.last, b""))
    newest = signed[-1] if signed else None
    by = () if newest is None else tuple(key.name for key in notes.signers(newest.note, trust.keys))
    size = 0 if newest is None else newest.checkpoint.size
    found = Checked(
        name.first,
        name.last,
        name.path.name,
        checkpoints=len(signed),
        signed_records=size,
        signed_by=by,
        skipped=tuple(skipped),
    )
    return found, Base(last, tuple(tree.peaks))


def _check_place(name: Name, journal_id: str, base: Base, end: Base | None) -> None:
    """Raise `JournalTampered` unless a segment is where its name says, and goes on from the one before it."""
    if journal_id != name.journal_id or base.head.seq != name.first - 1:
        raise JournalTampered(name.path, name.first, "its name does not say what is in it")
    if end is not None and name.first <= end.head.seq:
        raise JournalTampered(name.path, name.first, "it holds records that another segment holds, too")
    if end is not None and end.head.seq == base.head.seq and end.head.hash and end != base:
        raise JournalTampered(name.path, name.first, "it does not go on from the segment before it")


def _signed(name: Name, journal_id: JournalId, text: str, trust: Trust) -> list[Signed]:
    """Return the checkpoints of a segment, once it is clear whose they are. Raises `JournalTampered`."""
    signed, torn = read_notes(text)
    sizes = [each.checkpoint.size for each in signed]
    inside = all(name.first <= size <= name.last for size in sizes)
    if torn or not inside or any(later <= earlier for earlier, later in pairwise(sizes)):
        raise JournalTampered(name.path, None, "its checkpoints are not whole, or not those of its records")
    check_all(name.path, journal_id, signed, trust)
    return signed
