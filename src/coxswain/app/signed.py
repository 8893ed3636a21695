"""The commands about what is signed: keys, checkpoints, proofs, archives, and the witness.

Nothing here decides whether a journal is whole; that is `journal/verify.py`. Only `checkpoint` writes beside a journal,
and only where no engine runs that does so itself.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from coxswain.app import exits, tables
from coxswain.app.output import print_json
from coxswain.journal import checkpoints, notes, segments
from coxswain.journal.chain import Head
from coxswain.journal.checkpoints import Signed, Trust, default_key, read_all, read_newest, trust_of
from coxswain.journal.errors import JournalTampered, KeyUnusable
from coxswain.journal.files import is_written
from coxswain.journal.merkle import Tree
from coxswain.journal.notes import ED25519, WITNESS, NoteInvalid, VerifierKey
from coxswain.journal.segments import Base
from coxswain.journal.signing import Signer, key_for, make_key, read_key
from coxswain.journal.store import Journal, Reader
from coxswain.journal.witness import ProofMissing, Question, Refused, check, cosign, read_question, write_question
from coxswain.model.vocabulary import JournalId
from coxswain.runtime.pace import NS_PER_S, utc_ns

PROOF_FORMAT = "coxswain-proof-1"


# --- keys -------------------------------------------------------------------------------------------------------------


def show_key(path: Path | None, name: str | None, is_witness: bool, as_json: bool) -> int:
    """Make a key, unless there is one, and print its public half."""
    place = path or default_key()
    is_new = not place.exists()
    if is_new:
        name = name or f"{socket.gethostname() or 'localhost'}/coxswain"
        if not notes.is_name(name):
            tables.say(
                f"coxswain: {name!r} cannot be the name of a key; wanted one word without +, as example.com/desk"
            )
            return exits.USAGE
        key = make_key(place, name, WITNESS if is_witness else ED25519)
    else:
        key = read_key(place)
    if as_json:
        print_json({"made": is_new, "file": str(place), "name": key.verifier.name, "key": str(key.verifier)})
        return exits.OK
    tables.say(
        f"{'made' if is_new else 'it was there before'}: {place}; only its owner may read it, keep a copy elsewhere"
    )
    print(key.verifier)
    return exits.OK


def trust_in(given: Sequence[str]) -> Callable[[JournalId], Trust]:
    """Return what is known of a journal: by keys or files that were given, else by the user's own key.

    Who gives a key wants it signed. Raises `KeyUnusable`.
    """
    if not given:
        return partial(trust_of, default_key())

    def known(journal_id: JournalId) -> Trust:
        keys: list[VerifierKey] = []
        seen: list[Signed] = []
        for each in given:
            if Path(each).is_file():
                key = Path(each.removesuffix(checkpoints.PUBLIC))
                found = trust_of(key, journal_id)
                keys += found.keys or [read_key(key).verifier]
                seen += [] if found.seen is None else [found.seen]
            else:
                keys.append(_verifier(each))
        newest = max(seen, key=lambda signed: signed.checkpoint.size, default=None)
        return Trust(tuple(keys), newest, demands=True)

    return known


def _verifier(text: str) -> VerifierKey:
    try:
        return notes.parse_verifier(text)
    except NoteInvalid as error:
        raise KeyUnusable(Path(text), str(error)) from None


# --- checkpoints ------------------------------------------------------------------------------------------------------


def show_checkpoint(journal: Path, key: Path | None, since: int | None, as_json: bool) -> int:
    """Print the newest checkpoint; where no engine runs that makes them, of a journal as it stands."""
    taken = False
    named = key_for(journal, key)
    if named is not None and not is_written(journal):
        with Journal.open(journal) as opened:
            signer = Signer(opened, named, tables.say)
            before = signer.newest
            signer.sign(0)
            taken = signer.newest is not before
    newest = read_newest(journal)
    if newest is None:
        with Reader(journal):
            tables.say(f"coxswain: {journal} has no checkpoint, because no key signs it; make one: coxswain audit key")
        return exits.ERROR
    checkpoint, proof = newest.checkpoint, list[bytes]()
    if since is not None:
        if since > checkpoint.size:
            tables.say(f"coxswain: the newest checkpoint has {checkpoint.size} records; wanted --since up to that")
            return exits.USAGE
        with Reader(journal) as reader:
            proof = Tree(_first(reader.hashes(1), checkpoint.size)).consistency(since, checkpoint.size)
    if as_json:
        told = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex(), "taken": taken}
        more = {} if since is None else {"since": since, "proof": _texts(proof)}
        print_json({**told, "note": newest.note, **more})
    else:
        print(newest.note if since is None else write_question(newest, since, proof), end="")
    return exits.OK


def _first(hashes: Iterator[bytes], count: int) -> Iterator[bytes]:
    """Return no more than a checkpoint has: a running engine adds to them."""
    return (each for each, _ in zip(hashes, range(count), strict=False))


# --- proofs -----------------------------------------------------------------------------------------------------------


class ProvenRecord(msgspec.Struct, frozen=True):
    seq: int
    previous: str
    """The hash of the record before it, in hex: with the body it gives the leaf."""
    body: str
    path: list[str]
    """From the leaf to the root, in base64."""


def _texts(hashes: Sequence[bytes]) -> list[str]:
    return [notes.encoded(each) for each in hashes]


def prove(journal: Path, name: str, as_json: bool) -> int:
    """Print every record that names an order, with the path from it to the newest checkpoint."""
    newest = read_newest(journal)
    wanted = json.dumps(name).encode()
    with Reader(journal) as reader:
        if newest is None:
            tables.say(
                f"coxswain: {journal} has no checkpoint to prove anything by; coxswain audit checkpoint takes one"
            )
            return exits.ERROR
        size, hashes = newest.checkpoint.size, [reader.hash_at(0) or b""]
        found, unsigned = list[tuple[int, bytes]](), list[tuple[int, bytes]]()
        for seq, body in reader.read():
            if wanted in body:
                (found if seq <= size else unsigned).append((seq, body))
        hashes += reader.hashes(1)
        journal_id = reader.journal_id
    if not found and not unsigned:
        tables.say(f"coxswain: {name}: no record of {journal} names it")
        return exits.ERROR
    tree = Tree(hashes[1 : size + 1])
    if tree.root() != newest.checkpoint.root:
        raise JournalTampered(journal, None, f"its first {size} records are not what was signed")
    records = [
        ProvenRecord(seq, hashes[seq - 1].hex(), body.decode(), _texts(tree.inclusion(seq - 1, size)))
        for seq, body in found
    ]
    if unsigned:
        tables.say(
            f"coxswain: {tables.count(len(unsigned), 'record')} came after the newest checkpoint, and are not proved"
        )
    if as_json:
        told = {"format": PROOF_FORMAT, "journal_id": journal_id, "id": name, "checkpoint": newest.note}
        print_json({**told, "records": records, "unsigned": [seq for seq, _ in unsigned]})
    else:
        tables.line(f"{name}: {tables.count(len(records), 'record')} among the {size} of {newest.checkpoint.origin}")
        tables.table(("record", "hashes in its path"), [(each.seq, len(each.path)) for each in records])
    return exits.OK


# --- an archive -------------------------------------------------------------------------------------------------------


def export(journal: Path, archive: Path, keys: Sequence[str], as_json: bool) -> int:
    """Write everything that is needed to verify a journal elsewhere into one file. Raises `FileExistsError`."""
    if archive.exists():
        raise FileExistsError(f"{archive}: it exists already; name another file")
    if archive.suffix != ".tar":
        tables.say(f"coxswain: {archive} would be a tar archive; wanted a name that ends in .tar")
        return exits.USAGE
    signed = read_all(journal)  # before the records: a running engine is past them when they are read
    with Reader(journal) as reader:
        known = trust_in(keys)(reader.journal_id).keys
        rows = ((seq, body, found) for (seq, body), found in zip(reader.read(), reader.hashes(1), strict=False))
        base = Base(Head(0, reader.hash_at(0) or b""))
        head = segments.write(archive, reader.journal_id, base, rows, signed, known)
    if as_json:
        print_json({"file": str(archive), "records": head.seq, "checkpoints": len(signed), "head": head.hash.hex()})
    else:
        print(f"{archive}: {tables.count(head.seq, 'record')}, {tables.count(len(signed), 'checkpoint')}")
    return exits.OK


# --- the witness ------------------------------------------------------------------------------------------------------


def witness(key: Path, state: Path, trusted: Sequence[str], asked: Path, journal: Path | None, as_json: bool) -> int:
    """Co-sign a checkpoint that goes on from what was seen, and remember it first. Exit code 1 refused, 2 no proof."""
    try:
        signing = read_key(key)
        if signing.verifier.kind != WITNESS:
            raise KeyUnusable(key, "is of an engine; a witness has its own: coxswain audit key --witness")
        keys = _trusted(trusted)
        question = read_question(sys.stdin.read() if str(asked) == "-" else asked.read_text())
        known = _read_state(state)
        origin = question.signed.checkpoint.origin
        seen = known.get(origin)
        if journal is not None and seen is not None:
            question = _with_proof(question, journal, seen.checkpoint.size)
    except (NoteInvalid, KeyUnusable, OSError, UnicodeDecodeError) as error:
        named = f"{asked} " if isinstance(error, NoteInvalid) else ""
        return _refuse(f"{named}{error}", as_json, exits.UNREADABLE)
    try:
        check(question, keys, None if seen is None else seen.checkpoint)
    except ProofMissing as missing:
        return _refuse(f"{missing}; wanted what coxswain audit checkpoint --since {missing.size} prints", as_json, 2)
    except Refused as refused:
        return _refuse(str(refused), as_json, exits.TAMPERED)
    signed = cosign(question.signed, signing, utc_ns() // NS_PER_S)
    _write_state(state, {**known, origin: signed})
    if as_json:
        size = signed.checkpoint.size
        print_json({"signed": True, "problem": None, "origin": origin, "size": size, "note": signed.note})
    else:
        print(signed.note, end="")
    return exits.OK


def _refuse(problem: str, as_json: bool, code: int) -> int:
    if as_json:
        print_json({"signed": False, "problem": problem, "origin": None, "size": None, "note": None})
    else:
        tables.say(f"coxswain: not signed: {problem}")
    return code


def _trusted(given: Sequence[str]) -> list[VerifierKey]:
    return [
        key
        for each in given
        for key in (checkpoints.read_public(Path(each)) if Path(each).is_file() else [_verifier(each)])
    ]


def _with_proof(question: Question, journal: Path, seen: int) -> Question:
    """Make the proof oneself, where the journal is at hand. It proves itself: what it is made from is not trusted."""
    size = question.signed.checkpoint.size
    with Reader(journal) as reader:
        tree = Tree(_first(reader.hashes(1), size))
    if not seen <= size <= tree.size:
        return question
    return Question(question.signed, seen, tuple(tree.consistency(seen, size)))


def _read_state(state: Path) -> dict[str, Signed]:
    """Return what was seen last of each journal; nothing where there is no file."""
    if not state.exists():
        return {}
    seen = [checkpoints.parse(note) for note in json.loads(state.read_text()).values()]
    return {each.checkpoint.origin: each for each in seen}


def _write_state(state: Path, seen: dict[str, Signed]) -> None:
    """Make durable what was seen, before anybody is told."""
    fresh = state.with_name(state.name + ".new")
    with fresh.open("w") as file:
        json.dump({origin: each.note for origin, each in seen.items()}, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(state)
