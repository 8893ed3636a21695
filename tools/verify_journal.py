"""Verify a Coxswain journal, an archive of one, or the proof of one order. This file imports nothing of Coxswain.

    python verify_journal.py JOURNAL [--key KEY]... [--seen FILE]      also FILE.tar, as coxswain audit export writes it
    python verify_journal.py --proof FILE --key KEY
KEY is the public half of a key, as `coxswain audit key` prints it, or a file of such lines; --seen is a checkpoint that
was kept elsewhere. Needs Python 3.11 and the package `cryptography`. Ends with 0 clean, 1 tampered, 2 unreadable.
"""

import argparse
import json
import re
import sqlite3
import sys
import tarfile
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Keys = dict[tuple[str, bytes], bytes]  # the public half by name and id
FORMAT, BESIDE = b"coxswain-journal-1", ("-wal", ".head", ".checkpoints")
NOTE = r"([^\n]+)\n(0|[1-9]\d{0,18})\n([A-Za-z0-9+/]{43}=)\n\n((?:— [^\s+]+ [A-Za-z0-9+/]+=*\n)+)"
UNREADABLE = (OSError, sqlite3.Error, tarfile.TarError, ValueError, LookupError, TypeError, AttributeError)
SKIP = re.compile(rb'\{"seq":\d+,"now_ns":\d+,"input":\{"type":"SkipInput","seq":(\d+),"hash":"([0-9a-f]*)"')


def check(holds: object, problem: str) -> None:
    if not holds:
        raise AssertionError(problem)


def digest(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def unbase64(text: str) -> bytes:
    check(b64encode(b64decode(text)).decode() == text, "base64 that is not written as it should be")
    return b64decode(text)


def read_keys(given: list[str]) -> Keys:
    lines = (line for each in given for line in (each if "+" in each else Path(each).read_text()).split())
    return {(name, bytes.fromhex(key_id)): unbase64(key)[1:] for name, key_id, key in (x.split("+", 2) for x in lines)}


def open_note(note: str, keys: Keys) -> tuple[str, int, bytes]:
    is_signed, match = not keys, re.fullmatch(NOTE, note)
    assert match is not None, "a checkpoint is not of the form that one has"
    for name, content in (line[2:].split(" ") for line in match[4].splitlines()):
        signature = unbase64(content)
        if (name, signature[:4]) in keys:
            key, is_signed = Ed25519PublicKey.from_public_bytes(keys[name, signature[:4]]), True
            key.verify(signature[4:], note[: match.start(4) - 1].encode(errors="replace"))
    check(is_signed, f"the checkpoint of {match[2]} records is signed by nobody that is known")
    return match[1], int(match[2]), unbase64(match[3])


def root_of(peaks: list[bytes]) -> bytes:
    return digest() if not peaks else peaks[0] if len(peaks) == 1 else digest(b"\1", peaks[0], root_of(peaks[1:]))


def follow_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    check(0 <= index < size and (size > 1) == bool(path), "a path does not lead to the root")
    if not path:
        return leaf
    if index < (half := 1 << (size - 1).bit_length() - 1):
        return digest(b"\1", follow_path(leaf, index, half, path[:-1]), path[-1])
    return digest(b"\1", path[-1], follow_path(leaf, index - half, size - half, path[:-1]))


def parts_of(path: Path) -> tuple[str, Any, bytes, str]:
    """Return journal id, rows, head line and checkpoints, of a database or of an archive."""
    if path.suffix == ".tar":
        with tarfile.open(path) as tar:
            files = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
        lines = map(json.loads, files["records.jsonl"].decode().splitlines())
        rows = ((line["seq"], line["body"].encode(), bytes.fromhex(line["hash"])) for line in lines)
        return json.loads(files["journal.json"])["journal_id"], rows, files["head"], files["checkpoints"].decode()
    found = {end: at.read_bytes() if (at := Path(f"{path}{end}")).exists() else b"" for end in BESIDE}
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{'mode=ro' if found['-wal'] else 'immutable=1'}", uri=True)
    meta = dict(db.execute("SELECT key, value FROM meta"))
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",) or meta["format"] != FORMAT.decode():
        raise OSError("its pages are damaged, or it is no journal")
    stored = db.execute("SELECT seq, body, hash FROM records ORDER BY seq")
    return meta["journal_id"], stored, found[".head"], found[".checkpoints"].decode(errors="surrogateescape")


def verify_journal(path: Path, keys: Keys, seen: str = "") -> str:
    journal_id, rows, head, signed = parts_of(path)
    notes = [match[0][:-1] for match in re.finditer(f"{NOTE}\n", signed)]
    marks = [open_note(note, keys) for note in [*notes, *filter(None, [seen])]]
    sizes = [size for _, size, _ in marks[: len(notes)]]
    check("".join(f"{note}\n" for note in notes) == signed, "its checkpoints are not whole")
    check(sizes == sorted(set(sizes)) and (notes or not (keys or seen)), "checkpoints are out of order or missing")
    check({origin for origin, _, _ in marks} <= {f"coxswain/{journal_id}"}, "a checkpoint is of another journal")
    left, last = sorted((size, root) for _, size, root in marks)[::-1], digest(FORMAT, journal_id.encode())
    seq, peaks, named, hashes = 0, list[bytes](), re.fullmatch(rb"(\d{20}) ([0-9a-f]{64})\n", head), {0: last}
    raised, skipped = dict[int, str](), list[int]()
    for expected, (seq, body, stored) in enumerate(rows, start=1):
        check(seq == expected and isinstance(body, bytes), f"record {expected} is missing")
        last, size = digest(last, body), expected
        check(last == stored, f"record {seq} does not fit what is before it")
        if b',"failed":"' in body:
            text, at = body.decode(), body.decode().index('"input":') + 8
            raised[seq] = sha256(text[at : json.JSONDecoder().raw_decode(text, at)[1]].encode()).hexdigest()
        if skip := SKIP.match(body):
            skipped.append(int(skip[1]))
            check(raised.get(skipped[-1]) == skip[2].decode(), f"it does not skip the input of record {skipped[-1]}")
        node = digest(b"\0", last)
        while not size & 1:
            node, size = digest(b"\1", peaks.pop(), node), size >> 1
        peaks.append(node)
        while left and left[-1][0] == seq:
            check(left.pop()[1] == root_of(peaks), f"the records until {seq} are not what was signed")
        if named and seq == int(named[1]):
            hashes[seq] = last
    check(not left, f"it ends at record {seq}, and more were signed")
    check(named and hashes.get(int(named[1]), b"").hex() == named[2].decode(), "its head names no record of it")
    told = f"{path}: {seq} records, {max(sizes, default=0)} in checkpoints of {len(keys)} keys, {root_of(peaks).hex()}"
    return told + (f"\nskipped inputs: {', '.join(map(str, skipped))}" if skipped else "")


def verify_proof(path: Path, keys: Keys) -> str:
    proof = json.loads(path.read_text())
    origin, size, root = open_note(proof["checkpoint"], keys)
    for each in proof["records"]:
        leaf = digest(b"\0", digest(bytes.fromhex(each["previous"]), each["body"].encode()))
        found = follow_path(leaf, each["seq"] - 1, size, [unbase64(node) for node in each["path"]])
        check(found == root, f"record {each['seq']} is not in the tree that was signed")
    return f"{proof['id']}: {len(proof['records'])} records are among the first {size} of {origin}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Verify a journal, an archive of one, or the proof of one order.")
    parser.add_argument("journal", type=Path, nargs="?", default=Path("coxswain.journal"))
    parser.add_argument("--proof", type=Path)
    parser.add_argument("--seen", type=Path)
    parser.add_argument("--key", action="append", default=[])
    given = parser.parse_args()
    try:
        keys, seen = read_keys(given.key), given.seen.read_text() if given.seen else ""
        print(verify_proof(given.proof, keys) if given.proof else verify_journal(given.journal, keys, seen))
    except (AssertionError, InvalidSignature) as problem:
        sys.exit(f"TAMPERED: {str(problem) or 'a signature is not of the key that it names'}")
    except UNREADABLE as problem:
        print(f"unreadable: {problem}", file=sys.stderr)
        sys.exit(2)
