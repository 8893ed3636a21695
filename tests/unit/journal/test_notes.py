"""Signed notes: as others write them, and bent in every byte."""

import contextlib

import pytest

from coxswain.journal.notes import (
    ED25519,
    WITNESS,
    NoteInvalid,
    SigningKey,
    parse_signing_key,
    parse_verifier,
    signers,
    split,
)

# The example of Go's golang.org/x/mod/sumdb/note, which the form comes from.
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
WITNESS_KEY = SigningKey("witness.example/w1", WITNESS, bytes(range(32)))


def test_a_note_is_signed_as_others_sign_it() -> None:
    key = parse_signing_key(PRIVATE)
    assert (str(key.verifier), key.sign(TEXT), key.text()) == (VERIFIER, LINE, PRIVATE)


def test_a_note_that_others_signed_is_known() -> None:
    key = parse_verifier(VERIFIER)
    assert signers(f"{TEXT}\n{LINE}", [key]) == [key]
    assert split(f"{TEXT}\n{LINE}") == (TEXT, [LINE.rstrip("\n")])


def test_every_bit_of_a_note_counts() -> None:
    note = f"{TEXT}\n{LINE}".encode()
    key = parse_verifier(VERIFIER)
    for at in range(len(note)):
        for bit in range(8):
            bent = bytearray(note)
            bent[at] ^= 1 << bit
            with contextlib.suppress(NoteInvalid, UnicodeDecodeError):
                assert signers(bent.decode(), [key]) == [], f"byte {at}, bit {bit}"


def test_a_witness_says_when() -> None:
    note = f"{TEXT}\n{LINE}{WITNESS_KEY.sign(TEXT, 1_700_000_000)}"
    assert signers(note, [WITNESS_KEY.verifier]) == [WITNESS_KEY.verifier]
    other = f"{TEXT}\n{SigningKey('witness.example/w1', WITNESS, bytes(32)).sign(TEXT, 1)}"
    assert signers(other, [WITNESS_KEY.verifier]) == []


def test_the_signature_of_a_witness_is_not_that_of_an_engine() -> None:
    engine = SigningKey("a", ED25519, bytes(range(32)))
    assert engine.verifier.id != SigningKey("a", WITNESS, bytes(range(32))).verifier.id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        VERIFIER[:-4],
        VERIFIER.replace("c74f20a3", "c74f20a4"),
        VERIFIER.replace("Peter", "Peter Paul "),
        VERIFIER.replace("+AR", "+BR"),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        parse_verifier(text)
    with pytest.raises(NoteInvalid):
        parse_signing_key(f"PRIVATE+KEY+{text}")


@pytest.mark.parametrize(
    "note", ["", TEXT, f"{TEXT}\n", f"{TEXT}{LINE}", f"{TEXT}\n{LINE[:-1]}", f"{TEXT}\n\n{LINE}x\n"]
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteInvalid):
        signers(note, [])
