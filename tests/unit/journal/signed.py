"""Journals that are signed, in a folder of their own, with the key in another."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from coxswain.journal.checkpoints import trust_of
from coxswain.journal.notes import ED25519
from coxswain.journal.signing import Key, Signer, make_key
from coxswain.journal.store import Journal
from coxswain.journal.verify import Known
from tests.unit.journal.journals import ID

NAME = "engine.example"


def key_in(folder: Path, name: str = NAME) -> Key:
    path = folder / "keys" / "checkpoint.key"
    return Key(path, make_key(path, name, ED25519))


def deaf(sentence: str) -> None:
    raise AssertionError(f"nobody should be told anything: {sentence}")


def sign(path: Path, key: Key, *groups: Sequence[bytes]) -> Path:
    """Append groups to a journal, which may be new, and sign after each."""
    path.parent.mkdir(exist_ok=True)
    with Journal.open(path) if path.exists() else Journal.create(path, ID) as journal:
        signer = Signer(journal, key, deaf)
        for group in groups:
            journal.append(group)
            signer.sign(0)
    return path


def bodies(first: int, last: int) -> list[bytes]:
    return [b'{"seq":%d}' % seq for seq in range(first, last + 1)]


def known(key: Key) -> Known:
    return partial(trust_of, key.path)
