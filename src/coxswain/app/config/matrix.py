"""Whether correlations can all be at once: a matrix of them is positive semi-definite, or no accounts move like that.

Pairs that the file leaves out may be anything, so only accounts of which every pair is given are looked at together.
Numbers are decimals; those that were rounded to four digits, as estimates are, may miss by what that takes away.
"""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from itertools import combinations

from coxswain.app.config.tree import Loc, Tree
from coxswain.model.decimals import CONTEXT, ONE, ZERO, exact, is_short, plain, text

ROUNDED = Decimal("0.00005")
"""What rounding to four digits takes from each number, or adds to it."""
SHOWN = Decimal("0.0001")

Pairs = dict[frozenset[str], tuple[Decimal, Loc]]
Near = dict[str, set[str]]


def check_matrix(tree: Tree) -> None:
    """Name every three accounts whose correlations cannot be, or, where no three say it, the accounts that do."""
    pairs = _pairs(tree)
    near: Near = {}
    for pair in pairs:
        one, other = sorted(pair)
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    with localcontext(CONTEXT):
        for group in sorted(sorted(group) for group in _complete(near, set(), set(near), set())):
            if can_be([[_rho(pairs, a, b) for b in group] for a in group]):
                continue
            wrong = [three for three in combinations(group, 3) if not _three_can_be(pairs, three)]
            for three in wrong:
                _tell_three(tree, pairs, three)
            if not wrong:
                found = f"found rhos of {', '.join(group)} that cannot all be"
                tree.wrong(("correlations",), f"{found}; wanted a positive semi-definite matrix")


def can_be(matrix: list[list[Decimal]]) -> bool:
    """Say whether a symmetric matrix of numbers rounded to four digits may be one without a negative eigenvalue."""
    size = len(matrix)
    # Rounding moves an eigenvalue by no more than it moves the numbers of a row together.
    rows = [
        [value + (ROUNDED * size if i == j else ZERO) for j, value in enumerate(row)] for i, row in enumerate(matrix)
    ]
    for at in range(size):
        pivot = rows[at][at]
        if pivot <= 0:
            return False
        for below in range(at + 1, size):
            factor = rows[below][at] / pivot
            if factor:
                for column in range(at, size):
                    rows[below][column] -= factor * rows[at][column]
    return True


def _pairs(tree: Tree) -> Pairs:
    found: Pairs = {}
    for entry, _ in tree.items_at("correlations"):
        names = [name for _, name in tree.items_at(*entry, "accounts") if isinstance(name, str)]
        written = tree.text_at(*entry, "rho")
        rho = None if written is None else exact(written)
        if len(set(names)) == 2 and rho is not None and is_short(rho) and abs(rho) <= 1:
            found.setdefault(frozenset(names), (rho, (*entry, "rho")))
    return found


def _complete(near: Near, group: set[str], open_: set[str], done: set[str]) -> Iterator[set[str]]:
    """Yield every largest set of accounts of which each pair is given (C. Bron and J. Kerbosch, 1973, with a pivot)."""
    if not open_ and not done:
        if len(group) > 2:
            yield group
        return
    pivot = max(sorted(open_ | done), key=lambda name: len(near[name] & open_))
    for name in sorted(open_ - near[pivot]):
        yield from _complete(near, group | {name}, open_ & near[name], done & near[name])
        open_, done = open_ - {name}, done | {name}


def _rho(pairs: Pairs, one: str, other: str) -> Decimal:
    return ONE if one == other else pairs[frozenset((one, other))][0]


def _three_can_be(pairs: Pairs, three: tuple[str, ...]) -> bool:
    return can_be([[_rho(pairs, a, b) for b in three] for a in three])


def _tell_three(tree: Tree, pairs: Pairs, three: tuple[str, ...]) -> None:
    """Report the pair that stands last in the file, with the range that the other two leave it."""
    ordered = sorted((pairs[frozenset(pair)][1], *pair) for pair in combinations(three, 2))
    loc, one, other = max(ordered, key=lambda each: tree.line(each[0]))
    third = next(name for name in three if name not in (one, other))
    first, second = _rho(pairs, one, third), _rho(pairs, other, third)
    width = ((ONE - first * first) * (ONE - second * second)).sqrt()
    least, most = (plain((first * second + way).quantize(SHOWN)) for way in (-width, width))
    beside = f"{text(first)} of {one} and {third} and {text(second)} of {other} and {third}"
    tree.refuse(loc, f"from {text(least)} to {text(most)} for {one} and {other}, beside {beside}")
