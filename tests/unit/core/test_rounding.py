"""From shares to lots: exact totals, nobody above his own size, and remainders that go round."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.core.rounding import Claim, credits_after, to_lots
from coxswain.model.allocation import GroupCap
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import AccountId, Symbol

NAMES = [AccountId(name) for name in "abcdefg"]
ONE, ZERO = Decimal(1), Decimal(0)


def instrument(step: str = "1", least: str = "1") -> Instrument:
    return Instrument(Symbol("X"), "USD", Decimal("0.01"), Decimal(step), Decimal(least))


def claims(*shares: str, most: str = "1000", credit: dict[int, str] | None = None) -> dict[AccountId, Claim]:
    owed = credit or {}
    return {
        NAMES[n]: Claim(Decimal(share), Decimal(most), Decimal(owed.get(n, "0")), 0) for n, share in enumerate(shares)
    }


def given_out(found: dict[AccountId, Decimal]) -> list[str]:
    return [format(qty, "f") for qty in found.values()]


def test_the_largest_remainders_get_the_steps_that_are_left() -> None:
    assert given_out(to_lots(claims("2.2", "3.7", "4.1"), Decimal(10), instrument(), ())) == ["2", "4", "4"]


def test_what_is_owed_counts_with_the_remainder() -> None:
    assert given_out(to_lots(claims("2.2", "3.7", "4.1", credit={0: "0.6"}), Decimal(10), instrument(), ())) == [
        "3",
        "3",
        "4",
    ]


def test_nobody_is_rounded_up_above_his_own_size() -> None:
    assert given_out(to_lots(claims("2.9", "2.1", most="2.95"), Decimal(5), instrument(), ())) == ["2", "2"]


def test_a_group_is_not_rounded_up_above_its_cap() -> None:
    caps = (GroupCap("ab", Decimal(4), frozenset(NAMES[:2])),)
    assert given_out(to_lots(claims("1.9", "2.1", "2"), Decimal(6), instrument(), caps)) == ["2", "2", "2"]
    assert given_out(to_lots(claims("1.9", "1.9", "2.2"), Decimal(6), instrument(), caps)) == ["2", "2", "2"]
    assert given_out(to_lots(claims("1.4", "1.4", "3.2", most="3.5"), Decimal(6), instrument(), caps)) == [
        "2",
        "1",
        "3",
    ]


def test_shares_below_the_smallest_order_are_gathered_into_orders() -> None:
    found = to_lots(claims("3", "3", "3"), Decimal(9), instrument(least="5"), ())
    assert sum(found.values()) == 9
    assert all(qty == 0 or qty >= 5 for qty in found.values())


shares = st.lists(st.integers(0, 500).map(lambda n: Decimal(n) / 100), min_size=1, max_size=7)


@given(shares, st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_totals_are_exact_and_orders_are_never_too_small(wanted: list[Decimal], step: int, times: int) -> None:
    found_claims = {NAMES[n]: Claim(share, Decimal(1000), ZERO, n) for n, share in enumerate(wanted)}
    thing, whole = instrument(f"0.0{step}", f"0.{step * times:02}"), sum(wanted, ZERO)
    found = to_lots(found_claims, whole, thing, ())
    assert all(qty % thing.lot_step == 0 and (qty == 0 or qty >= thing.min_qty) for qty in found.values())
    short = whole - sum(found.values(), ZERO)
    assert short >= 0
    if any(found.values()):
        assert short < thing.lot_step


@given(st.lists(shares.filter(lambda s: len(s) == 4) | st.just([Decimal("0.6")] * 4), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_what_is_owed_never_exceeds_one_step(sequence: list[list[Decimal]]) -> None:
    owed = dict.fromkeys(NAMES[:4], ZERO)
    for wanted in sequence:
        now = {name: Claim(share, Decimal(1000), owed[name], 0) for name, share in zip(owed, wanted, strict=True)}
        found = to_lots(now, sum(wanted, ZERO), instrument(), ())
        owed |= credits_after(now, found, instrument())
        assert all(abs(lots) <= 1 for lots in owed.values())


@given(st.integers(1, 40), st.integers(2, 7))
@settings(max_examples=100, deadline=None)
def test_equal_shares_come_to_the_same_within_one_step_after_every_plan(total: int, n: int) -> None:
    owed, got = dict.fromkeys(NAMES[:n], ZERO), dict.fromkeys(NAMES[:n], ZERO)
    share = Decimal(total) / n
    for plan in range(1, 25):
        now = {name: Claim(share, Decimal(1000), owed[name], 0) for name in owed}
        found = to_lots(now, Decimal(total), instrument(), ())
        assert sum(found.values()) == total
        owed |= credits_after(now, found, instrument())
        for name, qty in found.items():
            got[name] += qty
            assert abs(got[name] - share * plan) <= ONE
