"""What every policy owes, whatever it weighs by: nothing is exceeded, everyone is answered, no order counts."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.model.allocation import Allocation, Candidate, GroupCap, Parent, Share
from coxswain.model.vocabulary import AccountId
from coxswain.runtime.plugins import policies, policy_module

STEP = Decimal(1)
NAMES = [AccountId(f"a{n:02}") for n in range(10)]
PARAMS: dict[str, dict[str, object]] = {
    "fixed_ratio": {"ratios": [{"account": name, "weight": str(1 + n % 3)} for n, name in enumerate(NAMES)]},
    "rotation": {"accounts_at_once": 3},
}

Allocate = Callable[[Parent, Sequence[Candidate]], Allocation]


def of(name: str) -> Allocate:
    module = policy_module(name)
    params = msgspec.convert(PARAMS.get(name, {}), module.Params, strict=False)
    return lambda parent, accounts: module.allocate(parent, tuple(accounts), params)


every_policy = pytest.mark.parametrize("policy", [of(name) for name in policies()], ids=policies())

lots = st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-10))
money = st.integers(1, 10**15).map(lambda n: Decimal(n).scaleb(-10))
accounts_of_all_kinds = st.lists(
    st.tuples(lots, money, money, money, money, st.integers(-30, 30), st.integers(-20, 20), st.integers(0, 3)),
    min_size=1,
    max_size=10,
).map(
    lambda rows: [
        Candidate(NAMES[n], own, budget, equity, margin, room, Decimal(book), Decimal(turns) / 10, draw)
        for n, (own, budget, equity, margin, room, book, turns, draw) in enumerate(rows)
    ]
)
caps_of_all_kinds = st.lists(st.tuples(lots, st.frozensets(st.sampled_from(NAMES), min_size=1)), max_size=3).map(
    lambda rows: tuple(GroupCap(f"c{n}", bound, members) for n, (bound, members) in enumerate(rows))
)


@every_policy
@given(st.none() | lots, accounts_of_all_kinds, caps_of_all_kinds)
@settings(max_examples=60, deadline=None)
def test_nothing_is_exceeded_and_everyone_is_answered(
    policy: Allocate, total: Decimal | None, accounts: list[Candidate], caps: tuple[GroupCap, ...]
) -> None:
    allocation = policy(Parent(total, STEP, STEP, caps), accounts)
    assert [share.account for share in allocation.shares] == [account.account for account in accounts]
    for share, account in zip(allocation.shares, accounts, strict=True):
        assert 0 <= share.qty <= account.own_qty
        assert share.qty or share.why, "an account got nothing and no reason"
    if total is not None:
        assert sum(share.qty for share in allocation.shares) <= total
    for cap in caps:
        assert sum(share.qty for share in allocation.shares if share.account in cap.accounts) <= cap.lots


@every_policy
@given(st.none() | lots, accounts_of_all_kinds, caps_of_all_kinds, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_accounts_makes_no_difference(
    policy: Allocate, total: Decimal | None, accounts: list[Candidate], caps: tuple[GroupCap, ...], shuffler: object
) -> None:
    other_way = list(accounts)
    shuffler.shuffle(other_way)  # type: ignore[attr-defined]  # hypothesis gives no type
    parent = Parent(total, STEP, STEP, caps)
    one, other = policy(parent, accounts), policy(parent, other_way)
    assert sorted(one.shares, key=_name) == sorted(other.shares, key=_name)
    assert one.rationale == other.rationale


def _name(share: Share) -> AccountId:
    return share.account


@pytest.mark.parametrize("name", ["equal", "pro_rata", "fixed_ratio", "risk_budget"])
@given(lots, accounts_of_all_kinds)
@settings(max_examples=60, deadline=None)
def test_without_caps_the_parent_is_used_up_to_the_last_quantum(
    name: str, total: Decimal, accounts: list[Candidate]
) -> None:
    given_out = sum(share.qty for share in of(name)(Parent(total, STEP), accounts).shares)
    assert given_out == min(total, sum(account.own_qty for account in accounts))


# --- by hand ----------------------------------------------------------------------------------------------------------


def candidate(name: str, own: str = "100", **fields: str) -> Candidate:
    row = {"account": name, "own_qty": own, "risk_budget": "1", **fields}
    return msgspec.convert(row, Candidate, strict=False)


def split(
    name: str, total: str | None, *accounts: Candidate, caps: tuple[GroupCap, ...] = (), **params: object
) -> list[str]:
    module = policy_module(name)
    kind = msgspec.convert({**PARAMS.get(name, {}), **params}, module.Params, strict=False)
    parent = Parent(None if total is None else Decimal(total), STEP, STEP, caps)
    return [format(share.qty.normalize(), "f") for share in module.allocate(parent, accounts, kind).shares]


def cap(bound: str, *names: str) -> GroupCap:
    return GroupCap("+".join(names), Decimal(bound), frozenset(map(AccountId, names)))


def test_equal_gives_everybody_the_same_and_the_rest_to_who_can_take_it() -> None:
    accounts = candidate("a"), candidate("b", "2"), candidate("c")
    assert split("equal", "12", *accounts) == ["5", "2", "5"]
    assert split("equal", None, *accounts) == ["100", "2", "100"]


@pytest.mark.parametrize(("by", "parts"), [("equity", ["9", "3"]), ("available_margin", ["4", "8"])])
def test_pro_rata_weighs_by_what_an_account_has(by: str, parts: list[str]) -> None:
    accounts = (
        candidate("a", equity="3000", available_margin="500"),
        candidate("b", equity="1000", available_margin="1000"),
    )
    assert split("pro_rata", "12", *accounts, by=by) == parts


def test_a_fixed_ratio_leaves_out_who_has_none() -> None:
    ratios = [{"account": "a", "weight": "2"}, {"account": "c", "weight": "1"}]
    accounts = candidate("a"), candidate("b"), candidate("c")
    assert split("fixed_ratio", "12", *accounts, ratios=ratios) == ["8", "0", "4"]


@pytest.mark.parametrize(
    "ratios",
    [[], [{"account": "a", "weight": "0"}], [{"account": "a", "weight": "1"}, {"account": "a", "weight": "2"}]],
)
def test_ratios_that_mean_nothing_are_refused(ratios: list[dict[str, str]]) -> None:
    with pytest.raises(msgspec.ValidationError, match="ratios"):
        msgspec.convert({"ratios": ratios}, policy_module("fixed_ratio").Params, strict=False)


def test_what_a_group_may_not_take_goes_to_the_others() -> None:
    accounts = candidate("a"), candidate("b"), candidate("c"), candidate("d")
    assert split("equal", "12", *accounts, caps=(cap("4", "a", "b"),)) == ["2", "2", "4", "4"]


def test_of_caps_that_overlap_each_holds() -> None:
    accounts = candidate("a"), candidate("b"), candidate("c"), candidate("d")
    # b is full with a at 1.5 each; c stops when b and c have 4 together; d takes what is left
    assert split("equal", "12", *accounts, caps=(cap("3", "a", "b"), cap("4", "b", "c"))) == [
        "1.5",
        "1.5",
        "2.5",
        "6.5",
    ]


def test_a_cap_on_all_keeps_the_rest_from_being_given() -> None:
    assert split("equal", "12", candidate("a"), candidate("b"), caps=(cap("5", "a", "b"),)) == ["2.5", "2.5"]


def test_turns_go_to_who_is_furthest_behind() -> None:
    accounts = (
        candidate("a", turns="-0.5"),
        candidate("b", turns="0.5"),
        candidate("c", turns="0"),
        candidate("d", turns="0.5"),
    )
    assert split("rotation", "12", *accounts, accounts_at_once=2) == ["0", "6", "0", "6"]


@given(st.integers(1, 9), st.integers(1, 6), st.lists(st.integers(0, 2**31), min_size=60, max_size=60))
@settings(max_examples=30, deadline=None)
def test_over_time_everybody_has_had_the_same_number_of_turns(n: int, at_once: int, draws: list[int]) -> None:
    module, turns, had = policy_module("rotation"), dict.fromkeys(NAMES[:n], Decimal(0)), dict.fromkeys(NAMES[:n], 0)
    for plan, draw in enumerate(draws, start=1):
        accounts = tuple(
            Candidate(name, STEP, STEP, turns=turns[name], draw=(draw * (3 + index)) % 997)
            for index, name in enumerate(turns)
        )
        for share in module.allocate(Parent(Decimal(1), STEP), accounts, module.Params(at_once)).shares:
            turns[share.account] = share.turns
            had[share.account] += bool(share.qty)
        fair = Decimal(plan * min(at_once, n)) / n
        assert all(abs(count - fair) <= 1 for count in had.values())
