"""Which inputs were skipped, as the bytes of a journal say it. No record is decoded that says nothing of the kind."""

import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from coxswain.journal.errors import JournalTampered

_SKIP = re.compile(rb'\{"seq":\d+,"now_ns":\d+,"input":\{"type":"SkipInput","seq":(\d+),"hash":"([0-9a-f]*)"')


class Skip(NamedTuple):
    seq: int
    hash: str
    """SHA-256 of the input in that record, in hex."""


class _Body(msgspec.Struct):
    input: msgspec.Raw


def skip_in(body: bytes) -> Skip | None:
    """Return which input a record skips; None where it skips none."""
    match = _SKIP.match(body)
    return Skip(int(match[1]), match[2].decode()) if match else None


def check(path: Path, seq: int, skip: Skip, body: bytes | None) -> None:
    """Raise `JournalTampered` unless what record `seq` skips is the input that stands in `body`."""
    try:
        found = None if body is None else sha256(msgspec.json.decode(body, type=_Body).input).hexdigest()
    except msgspec.DecodeError:
        found = None
    if found != skip.hash:
        raise JournalTampered(path, seq, f"record {seq} skips another input than the input of record {skip.seq}")
