"""Invariants of the journal itself: what is stored is what happened, and whoever bends it is noticed.

Nothing is read here: the world hands over what is stored, and what came of stepping and folding it. With them stands
what holds over all engines and their journals.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from coxswain.messages.record import decode, encode
from coxswain.model.vocabulary import AccountId

FORMAT = b"coxswain-journal-1"


class OneEpochSends:
    """I18: at most one epoch sends per account, over all engines and processes, as the venue sees it."""

    def __init__(self) -> None:
        self._newest: dict[AccountId, int] = {}

    def sends(self, account: AccountId, epoch: int) -> None:
        newest = self._newest.setdefault(account, epoch)
        assert epoch >= newest, f"I18: epoch {epoch} sends for {account}, and {newest} has sent before"
        self._newest[account] = epoch


def chain_verifies(journal_id: str, rows: Iterable[tuple[int, bytes, bytes]]) -> None:
    """I12: chain and checkpoints verify; every change, gap, swap, truncation or roll-back is detected."""
    previous = sha256(FORMAT + journal_id.encode()).digest()
    for wanted, (seq, body, stored) in enumerate(rows, 1):
        assert seq == wanted, f"I12: record {wanted} is missing, and {seq} stands there"
        previous = sha256(previous + body).digest()
        assert previous == stored, f"I12: record {seq} does not fit its hash"
        assert encode(decode(body)) == body, f"I12: record {seq} is read as another"
        assert decode(body).seq == seq, f"I12: record {seq} says that it is {decode(body).seq}"


def damage_was_seen(row: str, first_bad: int, named: int | None) -> None:
    """I12: a start refuses what was damaged, and names the first record that is bad, or an earlier one."""
    assert named is not None, f"I12, {row}: a journal that was damaged at record {first_bad} was not refused"
    assert named <= first_bad, f"I12, {row}: damaged at record {first_bad}, and the refusal names {named}"


def is_the_same(what: str, one: bytes, other: bytes) -> None:
    """I14: fold(journal) = live state = fold(snapshot + tail), same digest."""
    assert one == other, f"I14: {what}: another digest"


def steps_to_the_same(stored: Sequence[bytes], again: Sequence[bytes]) -> None:
    """I14: the same inputs, stepped again, give the same bytes."""
    assert len(stored) == len(again), f"I14: {len(stored)} records, and {len(again)} when stepped again"
    for seq, (one, other) in enumerate(zip(stored, again, strict=True), 1):
        assert one == other, f"I14: other bytes at record {seq}"
