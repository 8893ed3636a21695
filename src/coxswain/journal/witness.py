"""What a witness is asked, and when it agrees: that a checkpoint extends the one it has seen before.

The question has the form that witnesses on a network are asked in (c2sp.org/tlog-witness, add-checkpoint), so that a
file of it can be handed to one of those as well:

    old 1000
    base64 of each hash of the consistency proof

    the checkpoint, a signed note

A witness that was shown a shorter or another journal says no, and then it has evidence. Nothing here reads a journal.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from coxswain.journal import notes
from coxswain.journal.checkpoints import Checkpoint, Signed, parse
from coxswain.journal.merkle import EMPTY_ROOT, extends
from coxswain.journal.notes import NoteInvalid, SigningKey, VerifierKey

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n")


class Refused(Exception):
    """A witness does not agree. Says why."""


class ProofMissing(Refused):
    """It may be right, and nothing shows it: ask again with a proof from `size` records on."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"it has seen {size} records, and nothing shows that this goes on from them")


class Question(NamedTuple):
    signed: Signed
    old_size: int | None = None
    """None where the checkpoint came alone."""
    proof: tuple[bytes, ...] = ()


def write_question(signed: Signed, old_size: int, proof: Sequence[bytes]) -> str:
    hashes = "".join(f"{b64encode(each).decode()}\n" for each in proof)
    return f"old {old_size}\n{hashes}\n{signed.note}"


def read_question(text: str) -> Question:
    """Read a question, or a checkpoint alone. Raises `NoteInvalid`."""
    match = _OLD.match(text)
    if match is None:
        return Question(parse(text))
    hashes = [notes.decoded(line) for line in match[2].splitlines()]
    proof = tuple(each for each in hashes if each is not None)
    if len(proof) != len(hashes):
        raise NoteInvalid("holds a proof that is not in base64")
    return Question(parse(text[match.end() :]), int(match[1]), proof)


def check(question: Question, keys: Sequence[VerifierKey], seen: Checkpoint | None) -> None:
    """Raise `Refused` unless a checkpoint is signed by one of `keys` and extends what was seen of its journal."""
    new = question.signed.checkpoint
    try:
        if not notes.signers(question.signed.note, keys):
            raise Refused(f"the checkpoint is not signed by {', '.join(key.name for key in keys)}")
    except NoteInvalid as error:
        raise Refused(f"the checkpoint {error}") from None
    size, root = (0, EMPTY_ROOT) if seen is None else (seen.size, seen.root)
    if new.size < size:
        raise Refused(
            f"it has seen {size} records, and this says {new.size}: the journal lost its tail, or is an old copy"
        )
    if new.size == size and new.root != root:
        raise Refused(f"it has seen another journal of {size} records")
    if size in (0, new.size):
        return
    if question.old_size != size:
        raise ProofMissing(size)
    if not extends(size, root, new.size, new.root, question.proof):
        raise Refused(f"it has seen {size} records, and this does not go on from them: what was signed was changed")


def cosign(signed: Signed, key: SigningKey, time_s: int) -> Signed:
    """Put the signature of a witness under a checkpoint; the caller keeps first what it has seen."""
    return parse(signed.note + key.sign(signed.checkpoint.text, time_s))
