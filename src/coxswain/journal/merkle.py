"""The Merkle tree of RFC 6962 over the records of a journal: roots, and proofs that a stranger can check.

    leaf hash = SHA-256(0x00 || hash of the record in the chain)
    node hash = SHA-256(0x01 || left || right)

The chain says that nothing before a record was changed, to whoever reads all of it. The tree says the same with a few
hashes: that one record is in a journal of so many (inclusion), and that a longer journal begins with a shorter one
(consistency). Nothing here opens a file, and nothing here is signed.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()


def leaf_hash(record_hash: bytes) -> bytes:
    return sha256(b"\0" + record_hash).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that only grows: the roots of its complete subtrees, from the largest to the smallest.

    There are as many as `size` has ones in binary; a record costs two hashes on average, and no more than the logarithm
    of the size.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(self.peaks)}")

    def add(self, record_hash: bytes) -> None:
        peaks, size = self.peaks, self.size
        node = sha256(b"\0" + record_hash).digest()
        while size & 1:
            node = sha256(b"\1" + peaks.pop() + node).digest()
            size >>= 1
        peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        *left, node = self.peaks
        for peak in reversed(left):
            node = node_hash(peak, node)
        return node


class Tree:
    """A whole tree in memory, to make proofs from: 64 bytes a record."""

    def __init__(self, record_hashes: Iterable[bytes]) -> None:
        nodes = bytearray()
        for each in record_hashes:
            nodes += leaf_hash(each)
        self.size = len(nodes) // HASH_BYTES
        self._levels = [nodes]
        """Of each height, the roots of the complete subtrees."""
        while len(nodes) >= 2 * HASH_BYTES:
            above = bytearray()
            for at in range(0, len(nodes) - HASH_BYTES, 2 * HASH_BYTES):
                above += sha256(b"\1" + nodes[at : at + 2 * HASH_BYTES]).digest()
            self._levels.append(above)
            nodes = above

    def root(self, size: int | None = None) -> bytes:
        size = self.size if size is None else size
        return self._root(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the path that proves the leaf at `index`, from 0, in the tree of the first `size` leaves."""
        if not 0 <= index < size <= self.size:
            raise ValueError(f"there is no leaf {index} in a tree of {size} of {self.size}")
        path = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the tree of `second` leaves begins with the tree of `first`."""
        if not 0 <= first <= second <= self.size:
            raise ValueError(f"there is no way from {first} leaves to {second} of {self.size}")
        if first in (0, second):
            return []
        proof = []
        start, end, is_known = 0, second, True
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start, is_known = middle, False
        if not is_known:
            proof.append(self._root(start, end))
        return proof[::-1]

    def _root(self, start: int, end: int) -> bytes:
        """Return the root over some leaves: of a complete subtree, or of what is at the right edge."""
        width = end - start
        if width.bit_count() == 1:
            at = (start // width) * HASH_BYTES
            return bytes(self._levels[width.bit_length() - 1][at : at + HASH_BYTES])
        middle = start + _split(width)
        return node_hash(self._root(start, middle), self._root(middle, end))


def root_of_inclusion(record_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a path leads to; None if no path of this length leads from `index` to it."""
    if not 0 <= index < size:
        return None
    node, at, last = leaf_hash(record_hash), index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return node if last == 0 else None


def extends(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say if the proof shows that the tree of `second` leaves begins with the tree of `first`."""
    if first == second:
        return not proof and first_root == second_root
    if first > second:
        return False
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    hashes = iter([first_root, *proof] if first.bit_count() == 1 else proof)
    return _walk(first - 1, second - 1, hashes) == (first_root, second_root)


def _walk(at: int, last: int, hashes: Iterator[bytes]) -> tuple[bytes, bytes] | None:
    """Follow the right edge of the smaller tree up both trees; None if the hashes do not reach, or are too many."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = next(hashes, b"")
    for node in hashes:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None


def _split(width: int) -> int:
    """Return the largest power of two that is smaller than `width`."""
    return 1 << (width - 1).bit_length() - 1
