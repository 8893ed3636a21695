"""The commands about closed segments: write those that are due, and prove those that are at hand.

A journal is read here and never written. Nothing is ever deleted: neither from the journal nor from where segments are.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from coxswain.app import exits, tables
from coxswain.app.output import print_json
from coxswain.app.signed import trust_in
from coxswain.journal import segments
from coxswain.journal.archive import Archive, Checked, verify_archive
from coxswain.journal.chain import Head, Row
from coxswain.journal.checkpoints import read_all
from coxswain.journal.errors import JournalTampered
from coxswain.journal.merkle import Frontier
from coxswain.journal.segments import Base
from coxswain.journal.store import Reader

MB = 1_000_000


def archive(journal: Path, folder: Path, size_mb: float, *, monthly: bool, as_json: bool) -> int:
    """Write the segments that are closed and not in the folder, also one that was taken away from between others."""
    folder.mkdir(exist_ok=True)
    written: list[Checked] = []
    signed = read_all(journal)  # before the records: a running engine is past them when they are read
    with Reader(journal) as reader:
        there = [name for name in segments.names_in(folder) if name.journal_id == reader.journal_id]
        for name in there:
            _check_fits(name.path, reader)
        keys = trust_in([])(reader.journal_id).keys
        tree = Frontier()
        closed = segments.ends(reader.read(), int(size_mb * MB), monthly=monthly)
        hashes = reader.hashes(1)
        for first, last in _to_write([(name.first, name.last) for name in there], closed):
            for _ in range(first - 1 - tree.size):
                tree.add(next(hashes))
            base = Base(Head(first - 1, reader.hash_at(first - 1) or b""), tuple(tree.peaks))
            among = [each for each in signed if first <= each.checkpoint.size <= last]
            path = segments.path_of(folder, reader.journal_id, first, last)
            segments.write(path, reader.journal_id, base, _rows(reader, first, last), among, keys)
            written.append(Checked(first, last, path.name, checkpoints=len(among)))
        open_from = max([0, *(each.last for each in written), *(name.last for name in there)]) + 1
        records = reader.head.seq
    if as_json:
        print_json({"folder": str(folder), "written": written, "open_from": open_from, "records": records})
        return exits.OK
    for each in written:
        print(f"records {each.first} to {each.last}: {folder / each.file}")
    still = (
        f"records {open_from} to {records} are in no closed segment yet" if open_from <= records else "all is closed"
    )
    tables.say(f"{tables.count(len(written), 'segment')} written; {still}; the journal stays as it is")
    return exits.OK


def _check_fits(path: Path, reader: Reader) -> None:
    """Raise `JournalTampered` unless a segment ends where the journal says: never add to an archive that is another."""
    found = segments.read(path)
    if found.head is None or reader.hash_at(found.head.seq) != found.head.hash:
        raise JournalTampered(path, None, f"it is not of the records of {reader.path}; nothing was written")


def _to_write(there: Sequence[tuple[int, int]], closed: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield what is missing: between the segments that are there as one each, and after them as they were closed."""
    ends = [0, *(last for _, last in there)]
    for (_, before), (first, _) in pairwise([(0, 0), *there]):
        if first > before + 1:
            yield before + 1, first - 1
    first = ends[-1] + 1
    for last in closed:
        if last >= first:
            yield first, last
            first = last + 1


def _rows(reader: Reader, first: int, last: int) -> Iterator[Row]:
    """Yield records with the hashes that the chain gave them; reading checks that they are."""
    for (seq, body), found in zip(reader.read(first), reader.hashes(first), strict=False):
        if seq > last:
            return
        yield seq, body, found


def verify_segments(folder: Path, journal: Path, keys: Sequence[str], as_json: bool) -> int:
    """Exit code 0 clean and whole, 1 tampered, 2 something is not at hand. The journal is held against it if it is."""
    known = trust_in(keys)
    if journal.is_file():
        with Reader(journal) as reader:
            found = verify_archive(folder, known, reader)
    else:
        found = verify_archive(folder, known)
    if as_json:
        print_json(found)
    else:
        _show(folder, journal, found)
    return exits.OK if found.whole else exits.UNREADABLE if found.ok else exits.TAMPERED


def _show(folder: Path, journal: Path, found: Archive) -> None:
    before = 0
    for each in found.segments:
        where = f"records {each.first} to {each.last}"
        if not each.file:
            print(f"{where}: NOT AT HAND, wanted the file that holds them in {folder}")
        elif each.problem is not None:
            bad = "" if each.first_bad_seq is None else f"first bad record {each.first_bad_seq}: "
            print(f"{where}: TAMPERED: {bad}{each.problem} ({each.file})")
        else:
            print(f"{where}: verified{_from(each, before)}{_signed(each)} ({each.file})")
            before = each.last
    with_it = f", and the journal {journal} holds the same" if journal.is_file() else ""
    if found.whole:
        print(f"all segments are at hand and go on from one another{with_it}")


def _from(each: Checked, before: int) -> str:
    if each.first == before + 1:
        return ""
    if each.signed_records:
        return f", and until record {each.signed_records} so is what they say stood before them: it is signed"
    return " among themselves; what they say stood before them is not, for no checkpoint is among them"


def _signed(each: Checked) -> str:
    skipped = f", skipped inputs: {', '.join(map(str, each.skipped))}" if each.skipped else ""
    by = f" signed by {', '.join(each.signed_by)}" if each.signed_by else ", whose they are was not checked"
    return (f", {tables.count(each.checkpoints, 'checkpoint')}{by}" if each.checkpoints else "") + skipped
