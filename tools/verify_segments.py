"""Verify closed segments of a journal together. It imports nothing of Coxswain; it needs `verify_journal.py` beside it.

    python verify_segments.py FOLDER [--key KEY]...

FOLDER is where `coxswain journal archive` wrote them. Each is verified by itself, and that it goes on from the last.
Where one is not at hand that is said, and the others are verified: what is signed in a later one covers all before it.
Ends with 0 clean and whole, 1 tampered, 2 unreadable or not whole.
"""

import argparse
import json
import re
import sys
import tarfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from verify_journal import (  # type: ignore[import-not-found]  # found where this file is run
    FORMAT,
    NOTE,
    UNREADABLE,
    check,
    digest,
    open_note,
    read_keys,
    root_of,
)

Keys = dict[tuple[str, bytes], bytes]
End = tuple[bytes, list[bytes]]
"""The hash of the last record of a segment, and the tree until there."""


def verify_segment(path: Path, first: int, last: int, keys: Keys, before: End | None) -> tuple[str, End]:
    """Return what to say of a segment, and where it ends. `before` is where the one before it ended, if known."""
    with tarfile.open(path) as tar:
        files = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
    about, signed = json.loads(files["journal.json"]), files["checkpoints"].decode()
    check(about.get("first", 1) == first and path.name.startswith(f"{about['journal_id']}."), "its name is of another")
    start = digest(FORMAT, about["journal_id"].encode())
    found = bytes.fromhex(about["previous"]) if first > 1 else start
    peaks = [bytes.fromhex(each) for each in about.get("tree", [])]
    check(len(peaks) == (first - 1).bit_count(), "its tree is not one of the records before it")
    check(before in (None, (found, peaks)), "it does not go on from the segment before it")
    notes = [match[0][:-1] for match in re.finditer(f"{NOTE}\n", signed)]
    check("".join(f"{note}\n" for note in notes) == signed, "its checkpoints are not whole")
    marks = {}
    for origin, size, root in (open_note(note, keys) for note in notes):
        check(
            origin == f"coxswain/{about['journal_id']}" and first <= size <= last,
            "a checkpoint is not of these records",
        )
        marks[size] = root
    left, seq = dict(marks), first - 1
    for line in files["records.jsonl"].decode().splitlines():
        row, seq = json.loads(line), seq + 1
        found, size = digest(found, row["body"].encode()), seq
        check(row["seq"] == seq and row["hash"] == found.hex(), f"record {seq} does not fit what is before it")
        node = digest(b"\0", found)
        while not size & 1:
            node, size = digest(b"\1", peaks.pop(), node), size >> 1
        peaks.append(node)
        check(left.pop(seq, None) in (None, root_of(peaks)), f"the records until {seq} are not what was signed")
    whole = seq == last and not left and files["head"] == b"%020d %s\n" % (last, found.hex().encode())
    check(whole, f"it ends at record {seq}, and has to at {last}")
    told = f"{len(notes)} checkpoints of {len(keys)} keys"
    if before is None and first > 1:
        told += (
            f"; what was before it is covered until record {max(marks)}"
            if marks and keys
            else "; nothing covers what was before"
        )
    return told, (found, peaks)


def verify_segments(folder: Path, keys: Keys) -> int:
    """Print what is found of each segment, and return how the program ends."""
    end: End | None = None
    before, code = 0, 0
    for path in sorted(folder.glob("*.????????????-????????????.tar")):
        first, last = map(int, path.name.split(".")[-2].split("-"))
        check(first > before, f"{path}: another segment has its records, too")
        if first > before + 1:
            print(f"records {before + 1} to {first - 1}: NOT AT HAND")
            end, code = None, 2
        told, end = verify_segment(path, first, last, keys, end)
        print(f"records {first} to {last}: verified, {told} ({path.name})")
        before = last
    if not before:
        raise OSError(f"{folder}: no closed segment is there")
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Verify closed segments of a journal together.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", action="append", default=[])
    given = parser.parse_args()
    try:
        sys.exit(verify_segments(given.folder, read_keys(given.key)))
    except (AssertionError, InvalidSignature) as problem:
        sys.exit(f"TAMPERED: {str(problem) or 'a signature is not of the key that it names'}")
    except UNREADABLE as problem:
        print(f"unreadable: {problem}", file=sys.stderr)
        sys.exit(2)
