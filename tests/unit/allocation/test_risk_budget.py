"""The risk budget policy: never more than the parent, nobody above its own size, in proportion to the budgets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxswain.allocation.risk_budget import Params, allocate
from coxswain.model.allocation import Candidate, Parent
from coxswain.model.vocabulary import AccountId

quanta = st.integers(1, 10**14).map(lambda n: Decimal(n).scaleb(-10))
candidates = st.lists(st.tuples(quanta, quanta), min_size=1, max_size=12).map(
    lambda pairs: tuple(Candidate(AccountId(f"a{n}"), own, budget) for n, (own, budget) in enumerate(pairs))
)


def candidate(name: str, own: str, budget: str) -> Candidate:
    return Candidate(AccountId(name), Decimal(own), Decimal(budget))


def split(total: str | None, *accounts: Candidate) -> list[Decimal]:
    parent = Parent(None if total is None else Decimal(total), Decimal(1))
    return [share.qty for share in allocate(parent, accounts, Params()).shares]


@given(quanta, candidates)
def test_the_parent_is_used_up_and_never_exceeded(total: Decimal, accounts: tuple[Candidate, ...]) -> None:
    allocation = allocate(Parent(total, Decimal(1)), accounts, Params())
    assert [share.account for share in allocation.shares] == [account.account for account in accounts]
    given_out = [share.qty for share in allocation.shares]
    assert all(0 <= qty <= account.own_qty for qty, account in zip(given_out, accounts, strict=True))
    assert sum(given_out) == min(total, sum(account.own_qty for account in accounts))


def test_without_a_quantity_everyone_takes_his_own_size() -> None:
    assert split(None, candidate("a", "7", "1"), candidate("b", "3", "9")) == [7, 3]


def test_a_quantity_is_split_in_proportion_to_the_budgets() -> None:
    assert split("12", candidate("a", "100", "1"), candidate("b", "100", "3")) == [3, 9]


def test_what_one_cannot_take_is_offered_to_the_others() -> None:
    accounts = candidate("a", "2", "5"), candidate("b", "100", "3"), candidate("c", "100", "2")
    assert split("12", *accounts) == [2, 6, 4]


@pytest.mark.parametrize("total", ["1", "10", "0.0000000001"])
def test_what_does_not_divide_is_not_lost(total: str) -> None:
    accounts = [candidate(name, "100", "1") for name in "abc"]
    assert sum(split(total, *accounts)) == Decimal(total)


def test_an_account_without_a_budget_gets_nothing_of_a_quantity() -> None:
    assert split("4", candidate("a", "9", "0"), candidate("b", "9", "1")) == [0, 4]
