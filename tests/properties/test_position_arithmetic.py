"""Whatever the fills, no money appears or disappears in the position arithmetic."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from coxswain.model.decimals import ZERO
from coxswain.model.position import book, unrealized
from coxswain.model.vocabulary import SIGN, Side

quantities = st.integers(1, 10**7).map(lambda n: Decimal(n).scaleb(-3))
prices = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-5))
fills = st.lists(st.tuples(st.sampled_from(Side), quantities, prices), min_size=1, max_size=40)
contract_sizes = st.sampled_from([Decimal(1), Decimal(100), Decimal(100_000), Decimal("0.01")])


@given(fills, contract_sizes)
def test_realised_profit_less_open_cost_is_the_cash_that_flowed(
    fills: list[tuple[Side, Decimal, Decimal]], contract_size: Decimal
) -> None:
    qty = cost = realized = cash = position = ZERO
    for side, last_qty, last_px in fills:
        booked = book(qty, cost, side, last_qty, last_px, contract_size)
        position += SIGN[side] * last_qty
        cash -= SIGN[side] * last_qty * last_px * contract_size
        realized += booked.realized
        qty, cost = booked.qty, booked.cost
        assert qty == position
        assert realized - cost == cash
        assert ZERO <= booked.closed <= last_qty
        assert not cost if not qty else (cost > 0) is (qty > 0)


@given(fills, contract_sizes)
def test_going_flat_leaves_no_cost_and_all_cash_is_profit(
    fills: list[tuple[Side, Decimal, Decimal]], contract_size: Decimal
) -> None:
    qty = cost = realized = cash = ZERO
    for side, last_qty, last_px in fills:
        booked = book(qty, cost, side, last_qty, last_px, contract_size)
        cash -= SIGN[side] * last_qty * last_px * contract_size
        realized += booked.realized
        qty, cost = booked.qty, booked.cost
    if qty:
        side = Side.SELL if qty > 0 else Side.BUY
        expected = unrealized(qty, cost, Decimal(7), contract_size)
        booked = book(qty, cost, side, abs(qty), Decimal(7), contract_size)
        cash -= SIGN[side] * abs(qty) * 7 * contract_size
        realized += booked.realized
        assert booked.realized == expected
        assert booked.closed == abs(qty)
        qty, cost = booked.qty, booked.cost
    assert (qty, cost) == (ZERO, ZERO)
    assert realized == cash


def test_a_fill_through_zero_closes_the_old_side_and_opens_the_rest() -> None:
    opened = book(ZERO, ZERO, Side.BUY, Decimal(3), Decimal(10), Decimal(1))
    flipped = book(opened.qty, opened.cost, Side.SELL, Decimal(5), Decimal(12), Decimal(1))
    assert (flipped.qty, flipped.cost) == (Decimal(-2), Decimal(-24))
    assert (flipped.realized, flipped.closed) == (Decimal(6), Decimal(3))


def test_a_part_that_does_not_divide_is_rounded_once_and_the_rest_is_kept() -> None:
    opened = book(ZERO, ZERO, Side.BUY, Decimal(3), Decimal("3.3333"), Decimal(1))
    opened = book(opened.qty, opened.cost, Side.BUY, Decimal(4), Decimal("3.3334"), Decimal(1))
    first = book(opened.qty, opened.cost, Side.SELL, Decimal(1), Decimal(4), Decimal(1))
    assert first.cost + (Decimal(4) - first.realized) == opened.cost
    assert first.realized == Decimal(4) - Decimal("3.3333571428")
