"""The tree against its definition in RFC 6962, written down as it stands there, and proofs that were bent."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxswain.journal.merkle import EMPTY_ROOT, Frontier, Tree, extends, root_of_inclusion

LEAVES = [sha256(b"%d" % number).digest() for number in range(300)]
sizes = st.integers(0, len(LEAVES))


def split(leaves: list[bytes]) -> int:
    width = 1
    while width * 2 < len(leaves):
        width *= 2
    return width


def root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = split(leaves)
    return sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(leaves)
    if m < k:
        return [*path(m, leaves[:k]), root(leaves[k:])]
    return [*path(m - k, leaves[k:]), root(leaves[:k])]


def proof(m: int, leaves: list[bytes], is_whole: bool = True) -> list[bytes]:
    if m == len(leaves):
        return [] if is_whole else [root(leaves)]
    k = split(leaves)
    if m <= k:
        return [*proof(m, leaves[:k], is_whole), root(leaves[k:])]
    return [*proof(m - k, leaves[k:], False), root(leaves[:k])]


def grown(size: int) -> Frontier:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.add(leaf)
    return tree


@given(sizes)
def test_both_trees_have_the_root_of_the_definition(size: int) -> None:
    assert grown(size).root() == Tree(LEAVES[:size]).root() == root(LEAVES[:size])


@given(sizes)
def test_a_tree_that_grows_keeps_one_hash_for_each_one_in_its_size(size: int) -> None:
    assert len(grown(size).peaks) == size.bit_count()


@given(sizes.filter(bool))
def test_the_last_leaf_and_the_tree_before_it_give_the_root(size: int) -> None:
    before = grown(size - 1)
    assert Frontier(before.size, before.peaks).root() == root(LEAVES[: size - 1])
    before.add(LEAVES[size - 1])
    assert before.root() == root(LEAVES[:size])


@given(st.data())
def test_a_path_is_that_of_the_definition_and_leads_to_the_root(data: st.DataObject) -> None:
    size = data.draw(sizes.filter(bool))
    index = data.draw(st.integers(0, size - 1))
    found = Tree(LEAVES).inclusion(index, size)
    assert found == path(index, LEAVES[:size])
    assert root_of_inclusion(LEAVES[index], index, size, found) == root(LEAVES[:size])


@given(st.data())
def test_no_bent_path_leads_to_the_root(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 80))
    index = data.draw(st.integers(0, size - 1))
    good, whole = path(index, LEAVES[:size]), root(LEAVES[:size])
    other = data.draw(st.integers(0, size - 1).filter(lambda at: at != index))
    at = data.draw(st.integers(0, len(good) - 1))
    bent = [*good[:at], sha256(good[at]).digest(), *good[at + 1 :]]
    assert root_of_inclusion(LEAVES[index], index, size, bent) != whole
    assert root_of_inclusion(LEAVES[index], other, size, good) != whole
    assert root_of_inclusion(LEAVES[other], index, size, good) != whole
    assert root_of_inclusion(LEAVES[index], index, size, good[:-1]) != whole
    assert root_of_inclusion(LEAVES[index], index, size, [*good, LEAVES[0]]) is None
    assert root_of_inclusion(LEAVES[index], size, size, good) is None


@given(st.data())
def test_a_longer_tree_is_shown_to_begin_with_a_shorter_one(data: st.DataObject) -> None:
    second = data.draw(sizes)
    first = data.draw(st.integers(0, second))
    found = Tree(LEAVES).consistency(first, second)
    assert found == (proof(first, LEAVES[:second]) if first else [])
    assert extends(first, root(LEAVES[:first]), second, root(LEAVES[:second]), found)


@given(st.data())
def test_a_tree_with_another_past_is_never_shown_to_extend(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, 80))
    first = data.draw(st.integers(1, second))
    changed = data.draw(st.integers(0, first - 1))
    others = [*LEAVES[:changed], b"x" * 32, *LEAVES[changed + 1 :]]
    old, honest, forged = root(LEAVES[:first]), Tree(LEAVES[:second]), Tree(others[:second])
    for shown in (honest.consistency(first, second), forged.consistency(first, second), []):
        assert not extends(first, old, second, forged.root(), shown)
    whole = honest.consistency(first, second)
    assert not extends(first, old, second, honest.root(), [*whole, LEAVES[0]])
    if whole:
        assert not extends(first, old, second, honest.root(), whole[:-1])
    assert not extends(second, honest.root(), first, old, whole) or first == second


def test_the_roots_of_the_reference_tree() -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    tree = Tree(bytes.fromhex(leaf) for leaf in leaves)
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.root(1).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    tree = Tree(LEAVES[:5])
    for index, size in ((5, 5), (-1, 5), (0, 6), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion(index, size)
    with pytest.raises(ValueError, match="no way"):
        tree.consistency(4, 6)
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, LEAVES[:1])
