"""Signed notes, the form of c2sp.org/signed-note: a text, a blank line, and a line for each signature.

    — name base64(key id || signature)

A key is named by the text of its public half, `name+id+base64(kind || key)`, which is no secret and which verifiers are
given. Kind 1 signs the text as it is. Kind 4 is a witness, whose signature says when it was made
(c2sp.org/tlog-cosignature). What the text of a note means is no concern of this file.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

ED25519 = 1
WITNESS = 4
KINDS = (ED25519, WITNESS)
DASH = "\N{EM DASH} "
PRIVATE = "PRIVATE+KEY+"
ID_BYTES = 4
TIME_BYTES = 8

_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(rf"{DASH}([^\s+]+) ([A-Za-z0-9+/]+=*)")


class NoteInvalid(Exception):
    """A note that is none, or that is not signed as it should be. Says why."""


class VerifierKey(NamedTuple):
    """The public half of a key."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.kind]) + self.public)}"


class SigningKey:
    """A whole key. Its text is a secret."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, kind, self._private.public_key().public_bytes_raw())

    def text(self) -> str:
        verifier = self.verifier
        return f"{PRIVATE}{verifier.name}+{verifier.id.hex()}+{encoded(bytes([verifier.kind]) + self._seed)}"

    def sign(self, text: str, time_s: int = 0) -> str:
        """Return the signature line under a text. A witness says with it when it has seen it."""
        stamp = b"" if self.verifier.kind == ED25519 else time_s.to_bytes(TIME_BYTES)
        signature = stamp + self._private.sign(_signed_bytes(self.verifier.kind, text, stamp))
        return f"{DASH}{self.verifier.name} {encoded(self.verifier.id + signature)}\n"


def is_name(text: str) -> bool:
    """Say if a key can have this name."""
    return _NAME.fullmatch(text) is not None and text.isprintable()


def parse_verifier(text: str) -> VerifierKey:
    """Read the public half of a key. Raises `NoteInvalid`."""
    parts = text.strip().split("+", 2)
    content = decoded(parts[2]) if len(parts) == 3 else None
    if content is None or len(content) != 33 or content[0] not in KINDS or not is_name(parts[0]):
        raise NoteInvalid("is not the public half of a key; wanted name+id+base64, as coxswain audit key prints it")
    key = VerifierKey(parts[0], content[0], content[1:])
    if key.id.hex() != parts[1]:
        raise NoteInvalid("is the public half of a key, and its id does not fit; copy it once more, the whole line")
    return key


def parse_signing_key(text: str) -> SigningKey:
    """Read a whole key. Raises `NoteInvalid`, which does not quote it."""
    parts = text.strip().removeprefix(PRIVATE).split("+", 2)
    content = decoded(parts[2]) if text.startswith(PRIVATE) and len(parts) == 3 else None
    if content is None or len(content) != 33 or content[0] not in KINDS or not is_name(parts[0]):
        raise NoteInvalid("holds no key; wanted one that coxswain audit key has made")
    key = SigningKey(parts[0], content[0], content[1:])
    if key.verifier.id.hex() != parts[1]:
        raise NoteInvalid("holds a key whose id does not fit")
    return key


def split(note: str) -> tuple[str, list[str]]:
    """Return the text of a note and its signature lines. Raises `NoteInvalid`."""
    text, blank, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not blank or lines.pop() or not lines or not all(_LINE.fullmatch(line) for line in lines):
        raise NoteInvalid("is not a signed note: a text, a blank line, and signatures")
    return text + "\n", lines


def signers(note: str, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Return those of `keys` that signed a note. Raises `NoteInvalid` where a signature of one of them is wrong."""
    text, lines = split(note)
    known = {(key.name, key.id): key for key in keys}
    found = []
    for line in lines:
        match = _LINE.fullmatch(line)
        content = None if match is None else decoded(match[2])
        if match is None or content is None:
            raise NoteInvalid("holds a signature that is not in base64")
        key = known.get((match[1], content[:ID_BYTES]))
        if key is None:
            continue  # somebody else's; the form allows as many as there are
        if not _is_signed(key, text, content[ID_BYTES:]):
            raise NoteInvalid(f"is not signed by {key.name}, though it says so")
        found.append(key)
    return found


def _is_signed(key: VerifierKey, text: str, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    stamp = b"" if key.kind == ED25519 else signature[:TIME_BYTES]
    try:
        public = Ed25519PublicKey.from_public_bytes(key.public)
        public.verify(signature[len(stamp) :], _signed_bytes(key.kind, text, stamp))
    except InvalidSignature:
        return False
    return True


def _signed_bytes(kind: int, text: str, stamp: bytes) -> bytes:
    if kind == ED25519:
        return text.encode()
    return f"cosignature/v1\ntime {int.from_bytes(stamp)}\n{text}".encode()


def encoded(content: bytes) -> str:
    return b64encode(content).decode()


def decoded(text: str) -> bytes | None:
    """Read base64 that is written in the one way there is: spare bits are zero."""
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        return None
    return content if encoded(content) == text else None
