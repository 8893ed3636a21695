"""The hash chain and the head: what makes a journal's bytes provable. Nothing here opens a file or decodes a record.

    first previous hash = SHA-256(format name || journal id)
    hash of a record    = SHA-256(previous hash || body as stored)

The head file beside the journal repeats the last (seq, hash). The chain alone cannot show that its tail was cut off;
the head can.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from coxswain.journal.errors import JournalTampered

FORMAT = "coxswain-journal-1"

Row = tuple[int, object, object]
"""(seq, body, hash) as a database holds it, which need not be as it was written."""


class Head(NamedTuple):
    """Where a chain stands: its last record, or (0, first previous hash) when there is none."""

    seq: int
    hash: bytes


def start(journal_id: str) -> Head:
    return Head(0, sha256(FORMAT.encode() + journal_id.encode()).digest())


def link(previous: bytes, body: bytes) -> bytes:
    """Return the hash of a record that follows `previous`."""
    return sha256(previous + body).digest()


def follow(path: Path | None, head: Head, rows: Iterable[Row]) -> Iterator[tuple[Head, bytes]]:
    """Yield each record that continues the chain from `head`. Raises `JournalTampered` at the first that does not."""
    for seq, body, stored in rows:
        expected = head.seq + 1
        if seq != expected:
            problem = f"record {expected} is missing" if seq > expected else f"record {seq} was put in"
            raise JournalTampered(path, expected, problem)
        if not isinstance(body, bytes) or (found := link(head.hash, body)) != stored:
            raise JournalTampered(path, seq, f"record {seq} does not fit its hash and the record before it")
        head = Head(seq, found)
        yield head, body


def check_head(path: Path, named: Head | None, last_seq: int, found: bytes | None) -> None:
    """Raise `JournalTampered` unless `found`, the hash of the record that the head file names, is what it says."""
    if named is None:
        # A journal gets its name after its head is written, so no crash leaves one without.
        raise JournalTampered(path, None, "its head file is missing or holds no head: a tail cut off could not be seen")
    if found is None:
        first_bad = min(last_seq + 1, named.seq)
        raise JournalTampered(path, first_bad, f"its head names record {named.seq}, but it ends at record {last_seq}")
    if found != named.hash:
        raise JournalTampered(path, named.seq, f"record {named.seq} is not the one that its head names")


def head_line(head: Head) -> bytes:
    """Write a head at a fixed width, so that each write covers the one before it exactly."""
    return b"%020d %s\n" % (head.seq, head.hash.hex().encode())


def parse_head_line(line: bytes) -> Head | None:
    """Read a head line; None if it is not one."""
    match = re.fullmatch(rb"(\d{20}) ([0-9a-f]{64})\n", line)
    return Head(int(match[1]), bytes.fromhex(match[2].decode())) if match else None
