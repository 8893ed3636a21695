"""A witness agrees to a journal that goes on from what it has seen, and to no other."""

from hashlib import sha256

import pytest

from coxswain.journal.checkpoints import Checkpoint, Signed, parse
from coxswain.journal.merkle import Tree
from coxswain.journal.notes import ED25519, WITNESS, NoteInvalid, SigningKey, signers
from coxswain.journal.witness import ProofMissing, Question, Refused, check, cosign, read_question, write_question

ENGINE = SigningKey("engine.example", ED25519, bytes(range(32)))
KEYS = [ENGINE.verifier]
HONEST = Tree(sha256(b"%d" % number).digest() for number in range(50))
FORGED = Tree(sha256(b"%d" % (number if number != 3 else 99)).digest() for number in range(50))


def signed(tree: Tree, size: int, key: SigningKey = ENGINE) -> Signed:
    checkpoint = Checkpoint("coxswain/J1", size, tree.root(size))
    return parse(f"{checkpoint.text}\n{key.sign(checkpoint.text)}")


def question(tree: Tree, old: int, new: int) -> Question:
    return Question(signed(tree, new), old, tuple(tree.consistency(old, new)))


SEEN = signed(HONEST, 20).checkpoint


def test_the_first_that_it_sees_needs_no_proof() -> None:
    check(Question(signed(HONEST, 20)), KEYS, None)


@pytest.mark.parametrize("size", [20, 21, 32, 50])
def test_a_journal_that_goes_on_is_agreed_to(size: int) -> None:
    check(question(HONEST, 20, size), KEYS, SEEN)


def test_a_shorter_journal_is_refused() -> None:
    with pytest.raises(Refused, match="has seen 20 records, and this says 19"):
        check(question(HONEST, 19, 19), KEYS, SEEN)


@pytest.mark.parametrize("size", [20, 21, 50])
def test_a_journal_with_another_past_is_refused(size: int) -> None:
    for asked in (question(FORGED, 20, size), Question(signed(FORGED, size), 20, tuple(HONEST.consistency(20, size)))):
        with pytest.raises(Refused, match="another journal" if size == 20 else "does not go on"):
            check(asked, KEYS, SEEN)


def test_without_a_proof_from_where_it_stands_it_asks_for_one() -> None:
    for asked in (Question(signed(HONEST, 50)), question(HONEST, 0, 50), question(HONEST, 19, 50)):
        with pytest.raises(ProofMissing) as missing:
            check(asked, KEYS, SEEN)
        assert missing.value.size == 20


def test_a_checkpoint_of_a_stranger_is_refused() -> None:
    for name in ("engine.example", "stranger.example"):
        stranger = SigningKey(name, ED25519, bytes(32))
        with pytest.raises(Refused, match=r"not signed by engine\.example"):
            check(Question(signed(HONEST, 20, stranger)), KEYS, None)
    bent = parse(signed(HONEST, 20).note.replace("\n20\n", "\n21\n"))
    with pytest.raises(Refused, match=r"not signed by engine\.example, though it says so"):
        check(Question(bent), KEYS, None)


def test_what_it_signs_is_known_as_its_own_and_the_engines() -> None:
    witness = SigningKey("witness.example", WITNESS, bytes(32))
    note = cosign(signed(HONEST, 20), witness, 1_700_000_000).note
    assert signers(note, [ENGINE.verifier, witness.verifier]) == [ENGINE.verifier, witness.verifier]


@pytest.mark.parametrize(("old", "new"), [(0, 50), (20, 50), (20, 20), (32, 33)])
def test_a_question_is_read_as_it_was_written(old: int, new: int) -> None:
    asked = question(HONEST, old, new)
    assert read_question(write_question(asked.signed, old, asked.proof)) == asked
    assert read_question(asked.signed.note) == Question(asked.signed)


@pytest.mark.parametrize("text", ["", "old 20\n", "old 020\n\n", "old 20\nx\n\n", "hello\n"])
def test_what_is_no_question_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        read_question(text)
