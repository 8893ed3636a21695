"""Closed segments of a journal: files that are never changed again, each chained to the one before it.

<journal id>.<first>-<last>.tar

holds the records from `first` to `last`, each with its hash in the chain, the hash and the tree of all that was before,
and the checkpoints that were signed among them. So each can be verified alone, and all of them together. A journal is
never made shorter for it. Nothing here knows what a record means, but for the time that its envelope says.
"""

import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from coxswain.journal.chain import Head, Row, head_line, parse_head_line, start
from coxswain.journal.checkpoints import Signed
from coxswain.journal.errors import JournalUnreadable
from coxswain.journal.merkle import Frontier
from coxswain.model.vocabulary import JournalId

FORMAT = "coxswain-export-1"
README = """Records of a Coxswain journal, made by `coxswain audit export` or `coxswain journal archive`.

journal.json    which journal this is, which records these are, and what stood before the first of them
records.jsonl   every record, one a line: its place, its hash in the chain, and its body as it was stored
head            the last record and its hash
checkpoints     signed notes (c2sp.org/tlog-checkpoint), each with the Merkle root (RFC 6962) of the records until then
keys            the public halves of the keys that whoever made this knows; get them from somebody else, too

tools/verify_journal.py in the sources of Coxswain checks it, and imports nothing of Coxswain:

    python verify_journal.py THIS.tar --key KEY
"""
_NAME = re.compile(r"(?P<id>.+)\.(?P<first>\d{12})-(?P<last>\d{12})\.tar")
_TIME = re.compile(rb'\{"seq":\d+,"now_ns":(\d+),')
_LINE_BYTES = 110
"""Of a line of `records.jsonl`, beside the body."""


class Base(NamedTuple):
    """What stands before the first record of a segment: the last record before it, and the tree until there."""

    head: Head
    peaks: tuple[bytes, ...] = ()


class Name(NamedTuple):
    """What the name of a segment says."""

    path: Path
    journal_id: str
    first: int
    last: int


class Segment(NamedTuple):
    """A segment as its file says it is; nothing of it is proved."""

    path: Path
    journal_id: JournalId
    base: Base
    rows: list[Row]
    head: Head | None
    checkpoints: str


def path_of(folder: Path, journal_id: JournalId, first: int, last: int) -> Path:
    return folder / f"{journal_id}.{first:012}-{last:012}.tar"


def names_in(folder: Path) -> list[Name]:
    """Return the segments that lie in a folder, in the order of their records."""
    matches = ((path, _NAME.fullmatch(path.name)) for path in folder.iterdir())
    found = [Name(path, each["id"], int(each["first"]), int(each["last"])) for path, each in matches if each]
    return sorted(found, key=lambda name: (name.first, name.last))


# --- where one ends ---------------------------------------------------------------------------------------------------


def ends(bodies: Iterable[tuple[int, bytes]], size_bytes: int, *, monthly: bool) -> Iterator[int]:
    """Yield the last record of each segment that is closed: full, or of a month that is over. The rest stays open."""
    size, month, seq = 0, "", 0
    for seq, body in bodies:
        now = _month(body) if monthly else ""
        if size and now != month:
            yield seq - 1
            size = 0
        month, size = now, size + len(body) + _LINE_BYTES
        if size >= size_bytes:
            yield seq
            size = 0


def _month(body: bytes) -> str:
    """Return the month of a record, UTC, by engine time."""
    match = _TIME.match(body)
    return "" if match is None else datetime.fromtimestamp(int(match[1]) // 1_000_000_000, UTC).strftime("%Y-%m")


# --- the file ---------------------------------------------------------------------------------------------------------


def write(
    path: Path, journal_id: JournalId, base: Base, rows: Iterable[Row], signed: Sequence[Signed], keys: Sequence[object]
) -> Head:
    """Write a new file and return the last record in it. It gets its name when all of it is on the disk.

    A crash before that leaves what the next one writes over.
    """
    fresh, head = path.with_name(path.name + ".new"), base.head
    with tempfile.TemporaryFile(dir=path.parent) as records:
        for seq, body, found in rows:
            assert isinstance(body, bytes), "a body is bytes"
            assert isinstance(found, bytes), "a hash is bytes"
            head = Head(seq, found)
            line = {"seq": seq, "hash": found.hex(), "body": body.decode()}
            records.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        about: dict[str, object] = {"format": FORMAT, "journal_id": journal_id, "records": head.seq - base.head.seq}
        if base.head.seq:
            about |= {"first": base.head.seq + 1, "previous": base.head.hash.hex()}
            about |= {"tree": [peak.hex() for peak in base.peaks]}
        with fresh.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                _add(tar, "README", README.encode())
                _add(tar, "journal.json", json.dumps(about).encode() + b"\n")
                _add(tar, "head", head_line(head))
                _add(tar, "checkpoints", "".join(f"{each.note}\n" for each in signed).encode())
                _add(tar, "keys", "".join(f"{key}\n" for key in keys).encode())
                _add(tar, "records.jsonl", records)
            file.flush()
            os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return head


def _add(tar: tarfile.TarFile, name: str, content: bytes | IO[bytes]) -> None:
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    member = tarfile.TarInfo(name)
    member.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    tar.addfile(member, file)


def read(path: Path) -> Segment:
    """Read one file. Raises `JournalUnreadable` where it is not of the form that one has."""
    try:
        with tarfile.open(path) as tar:
            files = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
        about = json.loads(files["journal.json"])
        journal_id, before = JournalId(str(about["journal_id"])), int(about.get("first", 1)) - 1
        head = Head(before, bytes.fromhex(about["previous"])) if before else start(journal_id)
        base = Base(head, tuple(bytes.fromhex(peak) for peak in about.get("tree", [])))
        Frontier(before, base.peaks)
        lines = map(json.loads, files["records.jsonl"].decode().splitlines())
        rows: list[Row] = [(line["seq"], line["body"].encode(), bytes.fromhex(line["hash"])) for line in lines]
        last, notes = parse_head_line(files["head"]), files["checkpoints"].decode(errors="surrogateescape")
    except (OSError, tarfile.TarError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise JournalUnreadable(path, f"is no segment of a journal, or is damaged: {error}") from None
    return Segment(path, journal_id, base, rows, last, notes)
