"""Decorrelated: weigh each account's own risk of a breach against the risk that several breach together.

With `L_i` the book of account i in the instrument, `x` the profit of one lot, `q_i` its share and `H_i` what it may
still lose before a loss limit breaks, minimise

    sum_i Var(L_i + q_i x) / H_i^2  +  lambda * sum_{i != j} Cov(L_i + q_i x, L_j + q_j x) / (H_i H_j)
    with sum_i q_i = Q, 0 <= q_i <= own size, and every cap on a group.

The book counts with what it holds of the same instrument, `b_i` lots; what else it holds is taken to be independent of
`x`, and moves nothing. All money is in one currency, so `Var(x)` is the same everywhere and drops out. What is left,
with `y_i = (b_i + q_i) / H_i`, is `(1 - lambda) sum y_i^2 + lambda (sum y_i)^2`. At lambda 0 and with empty books the
answer is `q_i` proportional to `H_i^2`, until sizes bind.

It is solved by moving quantity between the two accounts that gain most, each time as far as is best, until none gain or
a bounded amount of work is done; then in lots the same way. How much dearer the lots are than the exact answer is said.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from coxswain.model.allocation import Allocation, Candidate, GroupCap, Parent, Share
from coxswain.model.decimals import HUNDRED, ONE, ZERO, floor_step, plain, text
from coxswain.model.splitting import split, whole_of
from coxswain.model.vocabulary import AccountId

WORK_MAX = 200_000
"""Looks at an account, for all moves together: a plan over a thousand accounts still takes part of a second."""
SAME = Decimal("1E-12")
"""Gains that differ by less than this share of themselves are the same."""
DUST = Decimal("1E-20")


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    joint_weight: Decimal = Decimal("0.5")
    """Lambda: 0 looks at each account alone, 1 at all of them as one."""
    accounts_max: int = 0
    """Take at most so many accounts, those that would carry most; 0 takes all."""

    def __post_init__(self) -> None:
        if not ZERO <= self.joint_weight <= ONE:
            raise ValueError("joint_weight: wanted a number from 0 to 1")
        if self.accounts_max < 0:
            raise ValueError("accounts_max: wanted 0 or more")


class Book:
    """A feasible split and what it costs; every move keeps it feasible."""

    def __init__(self, accounts: list[Candidate], weight: Decimal, caps: tuple[GroupCap, ...]) -> None:
        self.weight = weight
        self.names = [account.account for account in accounts]
        self.room = [account.headroom for account in accounts]
        self.most = [account.own_qty for account in accounts]
        self.held = [account.book_lots for account in accounts]
        self.groups = [[g for g, cap in enumerate(caps) if name in cap.accounts] for name in self.names]
        self.limits = [cap.lots for cap in caps]
        self.set([ZERO] * len(accounts))

    def set(self, given: list[Decimal]) -> None:
        self.given = given
        self.joint = sum(map(self.share, range(len(given))), ZERO)
        self.left = list(self.limits)
        for index, qty in enumerate(given):
            for group in self.groups[index]:
                self.left[group] -= qty

    def share(self, index: int) -> Decimal:
        return (self.held[index] + self.given[index]) / self.room[index]

    def cost(self) -> Decimal:
        alone = sum((self.share(index) ** 2 for index in range(len(self.given))), ZERO)
        return (ONE - self.weight) * alone + self.weight * self.joint**2

    def slope(self, index: int) -> Decimal:
        """Half of what one more lot on an account costs."""
        return ((ONE - self.weight) * self.share(index) + self.weight * self.joint) / self.room[index]

    def move(self, source: int | None, target: int | None, qty: Decimal) -> None:
        for index, change in ((source, -qty), (target, qty)):
            if index is not None:
                self.given[index] += change
                self.joint += change / self.room[index]
                for group in self.groups[index]:
                    self.left[group] -= change

    def may_move(self, source: int | None, target: int) -> Decimal:
        """Return how much one account may take over from another."""
        leaves = () if source is None else self.groups[source]
        rooms = [self.left[group] for group in self.groups[target] if group not in leaves]
        return min([self.most[target] - self.given[target], *rooms])

    def change(self, source: int | None, target: int | None, qty: Decimal) -> Decimal:
        """Return what a move would add to the cost."""
        alone, jump = ZERO, ZERO
        for index, change in ((source, -qty), (target, qty)):
            if index is not None:
                step = change / self.room[index]
                alone += step * (2 * self.share(index) + step)
                jump += step
        return (ONE - self.weight) * alone + self.weight * jump * (2 * self.joint + jump)


def allocate(parent: Parent, accounts: tuple[Candidate, ...], params: Params) -> Allocation:
    """Split the parent where it costs least, in lots."""
    able = sorted((a for a in accounts if a.headroom > 0), key=lambda account: account.account)
    whole = floor_step(whole_of(parent, tuple(able)), parent.lot_step)
    book, chosen = _solved(able, whole, parent, params), able
    if 0 < params.accounts_max < len(able):
        largest = sorted(range(len(able)), key=lambda i: (-book.given[i], able[i].draw, able[i].account))
        kept = set(largest[: params.accounts_max])
        chosen = [account for index, account in enumerate(able) if index in kept]
        whole = floor_step(whole_of(parent, tuple(chosen)), parent.lot_step)
        book = _solved(chosen, whole, parent, params)
    exact = book.cost()
    _in_lots(book, whole, parent)
    given = dict(zip(book.names, book.given, strict=True))
    gap_pct = plain(((book.cost() - exact) / exact * HUNDRED).quantize(Decimal("0.0001"))) if exact else ZERO
    shares = tuple(
        Share(account.account, plain(given.get(account.account, ZERO)), _why(account, given)) for account in accounts
    )
    missed = whole - sum(book.given, ZERO)
    short = f"; {text(plain(missed))} {parent.counts} fit nowhere" if missed else ""
    how = f"lambda {text(params.joint_weight)}, integrality gap {text(gap_pct)} %"
    return Allocation(shares, f"against each account's headroom, alone and jointly; {how}{short}", in_lots=True)


def _why(account: Candidate, given: dict[AccountId, Decimal]) -> str:
    if given.get(account.account):
        return ""
    return "it has no headroom left" if account.headroom <= 0 else "others carry its part at less risk"


# --- exactly ----------------------------------------------------------------------------------------------------------


def _solved(accounts: list[Candidate], whole: Decimal, parent: Parent, params: Params) -> Book:
    """Return the split of `whole` that costs least, lots aside. It begins with the answer for lambda 0."""
    book = Book(accounts, params.joint_weight, parent.caps)
    begun = msgspec.structs.replace(parent, order_qty=whole)
    book.set(split(begun, tuple(accounts), {account.account: account.headroom**2 for account in accounts}))
    for _ in range(WORK_MAX // max(len(accounts), 1)):
        source, target = _best_pair(book)
        if source is None or target is None:
            break
        gain = book.slope(source) - book.slope(target)
        bend = (ONE - book.weight) * (1 / book.room[source] ** 2 + 1 / book.room[target] ** 2)
        bend += book.weight * (1 / book.room[source] - 1 / book.room[target]) ** 2
        book.move(source, target, min(gain / bend, book.given[source], book.may_move(source, target)))
    return book


def _best_pair(book: Book) -> tuple[int | None, int | None]:
    """Return between whom moving gains most: from the dearest that has something to the cheapest that has room.

    An account in a full group can only take over from another one in it.
    """
    full = {group for group, left in enumerate(book.left) if left <= DUST}
    dearest: dict[frozenset[int], tuple[Decimal, int]] = {}
    cheapest: dict[frozenset[int], tuple[Decimal, int]] = {}
    for index, qty in enumerate(book.given):
        slope, bound = book.slope(index), frozenset(full.intersection(book.groups[index])) if full else frozenset()
        if qty > DUST and (bound not in dearest or slope > dearest[bound][0]):
            dearest[bound] = (slope, index)
        if book.most[index] - qty > DUST and (bound not in cheapest or slope < cheapest[bound][0]):
            cheapest[bound] = (slope, index)
    best: tuple[Decimal, int | None, int | None] = (ZERO, None, None)
    for leaves, (high, source) in dearest.items():
        for enters, (low, target) in cheapest.items():
            if enters <= leaves and high - low > max(best[0], SAME * abs(high)):
                best = (high - low, source, target)
    return best[1], best[2]


# --- in lots ----------------------------------------------------------------------------------------------------------


def _in_lots(book: Book, whole: Decimal, parent: Parent) -> None:
    """Round down, give each lot that is left where it costs least, then move single lots while that gains."""
    step, least = parent.lot_step, max(parent.min_qty, parent.lot_step)
    floors = [floor_step(qty, step) for qty in book.given]
    book.set([qty if qty >= least else ZERO for qty in floors])
    left = whole - sum(book.given, ZERO)
    while left >= step:
        steps = ((index, step if qty else least) for index, qty in enumerate(book.given))
        fitting = [(index, more) for index, more in steps if more <= min(left, book.may_move(None, index))]
        if not fitting:
            break
        index, more = min(fitting, key=lambda pair: (book.change(None, pair[0], pair[1]) / pair[1], pair[0]))
        book.move(None, index, more)
        left -= more
    for _ in range(WORK_MAX // max(len(book.given) ** 2, 1)):
        moves = [(book.change(source, target, step), source, target) for source, target in _moves(book, step, least)]
        best = min(moves, default=None)
        if best is None or best[0] >= 0:
            break
        book.move(best[1], best[2], step)


def _moves(book: Book, step: Decimal, least: Decimal) -> Iterator[tuple[int, int]]:
    """Yield between whom one step may be moved, leaving nobody with less than the smallest order."""
    sources = [i for i, qty in enumerate(book.given) if qty - step >= least or qty == step == least]
    targets = [i for i, qty in enumerate(book.given) if qty + step >= least]
    for source in sources:
        for target in targets:
            if source != target and book.may_move(source, target) >= step:
                yield source, target
