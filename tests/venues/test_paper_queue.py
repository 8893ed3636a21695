"""Where a resting limit stands: behind what is shown, served by what trades, never by what only disappears."""

from decimal import Decimal
from pathlib import Path
from typing import TypeGuard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coxswain.messages.inputs import ExecutionReport
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import ClOrdId, ExecType, Side
from coxswain.venues.paper import QueuePlace
from coxswain.venues.paper.queue import Queue
from tests.venues.desk import BUY, LIMIT, MARKET, SECOND, SELL, A, B, Desk


def joined(shown: int = 10, *, side: Side = BUY) -> tuple[Desk, ClOrdId]:
    """A limit of 4 at the touch of its own side, behind what is shown there."""
    desk = Desk()
    desk.quote("100", "102", bid_size=shown, ask_size=shown)
    return desk, desk.order(side, 4, LIMIT, "100" if side is BUY else "102")


@pytest.mark.parametrize(("printed", "filled"), [(10, None), (11, "TRADE 1"), (14, "TRADE 4"), (50, "TRADE 4")])
@pytest.mark.parametrize(("side", "px"), [(BUY, "100"), (SELL, "102")])
def test_what_trades_at_the_price_serves_those_ahead_first(
    side: Side, px: str, printed: int, filled: str | None
) -> None:
    desk, order = joined(side=side)
    desk.quote("100", "102", bid_size=1, ask_size=1, last=px, last_size=printed)
    assert desk.said(order) == ["NEW", *([f"{filled} @ {px}"] if filled else [])]


def test_what_disappears_without_a_trade_left_from_behind_as_long_as_that_can_be() -> None:
    desk, order = joined(10)
    desk.quote("100", "102", bid_size=30)
    desk.quote("100", "102", bid_size=12)  # 18 of the 20 that came later are gone, whoever they were
    desk.quote("100", "102", bid_size=12, last="100", last_size=10)
    assert desk.said(order) == ["NEW"], "all 10 that were ahead were served, and nothing more was traded"
    desk.quote("100", "102", bid_size=2, last="100", last_size=1)
    assert desk.said(order) == ["NEW", "TRADE 1 @ 100"]


def test_no_more_is_ahead_than_is_shown() -> None:
    desk, order = joined(10)
    desk.quote("100", "102", bid_size=3)
    desk.quote("100", "102", bid_size=50)
    desk.quote("100", "102", bid_size=50, last="100", last_size=5)
    assert desk.said(order) == ["NEW", "TRADE 2 @ 100"]


def test_a_price_that_nobody_shows_any_more_has_nobody_ahead() -> None:
    desk, order = joined(10)
    desk.quote("99", "102", bid_size=7)
    desk.quote("100", "102", bid_size=50)
    desk.quote("100", "102", bid_size=50, last="100", last_size=1)
    assert desk.said(order) == ["NEW", "TRADE 1 @ 100"]


def test_all_that_is_first_shown_at_a_price_is_ahead_of_what_waited_there_unseen() -> None:
    desk = Desk()
    desk.quote("100", "102", bid_size=10)
    order = desk.order(BUY, 4, LIMIT, "99")
    desk.quote("100", "102", bid_size=10, last="99", last_size=50)
    assert desk.said(order) == ["NEW"], "a print at a price that is not shown tells nothing of the queue there"
    desk.quote("99", "102", bid_size=6)
    desk.quote("99", "102", bid_size=6, last="99", last_size=7)
    assert desk.said(order) == ["NEW", "TRADE 1 @ 99"]


def test_an_order_between_bid_and_ask_is_the_first_at_its_price() -> None:
    desk = Desk()
    desk.quote("100", "102", bid_size=10)
    order = desk.order(BUY, 4, LIMIT, "101")
    desk.quote("100", "102", bid_size=10, last="101", last_size=3)
    assert desk.said(order) == ["NEW", "TRADE 3 @ 101"]


def test_a_trade_through_the_price_fills_no_more_than_was_traded_and_at_no_better_price() -> None:
    desk, order = joined(10)
    desk.quote("98", "102", bid_size=5, last="99", last_size=3)
    assert desk.said(order) == ["NEW", "TRADE 3 @ 100"]


def test_when_the_other_side_comes_to_the_price_what_is_still_shown_there_goes_first() -> None:
    desk, order = joined(10)
    desk.quote("100", "100", bid_size=5, ask_size=7)
    assert desk.said(order) == ["NEW", "TRADE 2 @ 100"]


def test_once_the_market_has_passed_the_price_nobody_is_ahead() -> None:
    desk, order = joined(10)
    desk.quote("98", "99.5", bid_size=5, ask_size=3)
    assert desk.said(order) == ["NEW", "TRADE 3 @ 99.5"]


def test_orders_of_our_own_stand_behind_one_another_and_share_one_print() -> None:
    desk, first = joined(10)
    second = desk.order(BUY, 4, LIMIT, "100", account=B)
    desk.quote("100", "102", bid_size=4, last="100", last_size=16)
    assert desk.said(first) == ["NEW", "TRADE 4 @ 100"]
    assert desk.said(second) == ["NEW", "TRADE 2 @ 100"]


def test_one_print_fills_one_side_or_the_other_and_never_both() -> None:
    desk = Desk()
    desk.quote("100", "102", bid_size=1, ask_size=1)
    buy, sell = desk.order(BUY, 4, LIMIT, "101"), desk.order(SELL, 4, LIMIT, "101.5", account=B)
    desk.quote("100", "102", last="101.2", last_size=6)
    assert desk.said(buy) == ["NEW"]
    assert desk.said(sell) == ["NEW"]
    desk.quote("100", "102", last="100.5", last_size=6)
    assert desk.said(buy) == ["NEW", "TRADE 4 @ 101"]
    assert desk.said(sell) == ["NEW"]


def test_an_order_that_leaves_makes_room_and_its_successor_stands_at_the_back() -> None:
    desk, order = joined(10)
    desk.replace(order, 4, new="r1", px="100")
    desk.quote("100", "102", bid_size=10, last="100", last_size=11)
    assert desk.said("r1") == ["REPLACED 4", "TRADE 1 @ 100"]


def test_a_change_that_was_refused_keeps_the_place() -> None:
    desk, order = joined(10)
    desk.quote("100", "102", bid_size=30)
    desk.replace(order, 0, new="r1", px="100")
    desk.quote("100", "102", bid_size=30, last="100", last_size=11)
    assert desk.said(order) == ["NEW", "TRADE 1 @ 100"]


def test_what_was_taken_of_a_quote_stays_taken_while_the_price_stands() -> None:
    desk = Desk()
    desk.quote("100", "102", ask_size=5)
    order = desk.order(BUY, 20)
    assert desk.said(order) == ["NEW", "TRADE 5 @ 102"]
    desk.quote("100", "102", ask_size=5)
    assert len(desk.said(order)) == 2, "the same quote again"
    desk.quote("100", "102", ask_size=8)
    assert desk.said(order)[2:] == ["TRADE 3 @ 102"]
    desk.quote("100", "102", ask_size=2)
    desk.quote("100", "102", ask_size=3)
    assert desk.said(order)[3:] == ["TRADE 1 @ 102"], "never more is taken of a size than it shows"
    desk.quote("100", "103", ask_size=2)
    assert desk.said(order)[4:] == ["TRADE 2 @ 103"]


def test_without_a_queue_a_limit_fills_when_it_is_touched_and_each_quote_shows_anew() -> None:
    desk = Desk(queue=QueuePlace.NONE)
    desk.quote("100", "102", bid_size=10, ask_size=5)
    order, market = desk.order(BUY, 4, LIMIT, "100"), desk.order(BUY, 9)
    desk.quote("100", "102", bid_size=1, ask_size=5, last="100", last_size=50)
    assert desk.said(order) == ["NEW"]
    assert desk.said(market) == ["NEW", "TRADE 5 @ 102", "TRADE 4 @ 102"]
    desk.quote("100", "100", bid_size=10, ask_size=5)
    assert desk.said(order) == ["NEW", "TRADE 4 @ 100"]


def test_a_venue_that_was_reopened_puts_resting_orders_at_the_back_of_what_it_is_shown(tmp_path: Path) -> None:
    desk = Desk(path=tmp_path / "state")
    desk.quote("100", "102", bid_size=2)
    order = desk.order(BUY, 4, LIMIT, "100")
    desk.venue.close()
    again = Desk(path=tmp_path / "state", now_ns=desk.now_ns)
    again.quote("100", "102", bid_size=10)
    again.quote("100", "102", bid_size=10, last="100", last_size=11)
    assert again.said(order) == ["TRADE 1 @ 100"]
    again.venue.close()


def test_ten_thousand_orders_at_the_touch_are_not_looked_at_by_a_quote() -> None:
    queue = Queue(falling=True, waits=True)
    px = Decimal(100)
    for number in range(10_000):
        queue.join(number, px, px, Decimal(number % 7 + 1))
    line = queue._lines[px]
    assert len(line._caps) < 10
    for size in range(1_000, 0, -1):
        queue.show(px, Decimal(size))
    assert len(line._caps) < 10
    assert queue.ahead(9_999, px) == 1


moves = st.lists(
    st.one_of(
        st.tuples(st.just("show"), st.integers(0, 20)),
        st.tuples(st.just("serve"), st.integers(0, 9)),
        st.tuples(st.just("join"), st.just(0)),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("away"), st.integers(-1, 1)),
    ),
    max_size=40,
)


@given(moves)
@settings(max_examples=300)
def test_the_marks_tell_what_counting_order_by_order_would(script: list[tuple[str, int]]) -> None:
    """The model keeps a number for each order and touches all of them at every move."""
    queue, px = Queue(falling=True, waits=True), Decimal(100)
    model: dict[int, Decimal | None] = {}
    touch, shown, count = px, Decimal(5), 0
    for move, n in script:
        if move in ("show", "away"):
            touch, shown = (px, Decimal(n)) if move == "show" else (px + n, Decimal(5))
            queue.show(touch, shown)
            if touch <= px:
                cap = shown if touch == px else ZERO
                model = {each: cap if ahead is None else min(ahead, cap) for each, ahead in model.items()}
        elif move == "serve":
            queue.serve(px, Decimal(n))
            model = {each: None if ahead is None else max(ahead - n, ZERO) for each, ahead in model.items()}
            shown = max(shown - n, ZERO)
            if touch == px:
                queue.show(px, shown)
                model = {each: shown if ahead is None else min(ahead, shown) for each, ahead in model.items()}
        elif move == "join":
            count += 1
            queue.join(count, px, touch, shown)
            model = {
                each: (shown if ahead is None else min(ahead, shown)) if touch == px else ahead
                for each, ahead in model.items()
            }
            model[count] = shown if touch == px else ZERO if touch < px else None
        else:
            queue.leave(n, px)
            model.pop(n, None)
        if touch < px:
            model = dict.fromkeys(model, ZERO)
        assert {each: queue.ahead(each, px) for each in model} == model


quotes = st.lists(
    st.tuples(st.integers(97, 103), st.integers(0, 2), st.integers(0, 6), st.integers(0, 6), st.integers(0, 8)),
    min_size=1,
    max_size=25,
)


@given(quotes, st.lists(st.tuples(st.sampled_from(Side), st.integers(97, 103), st.integers(1, 9)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_never_more_is_filled_than_was_shown_and_printed(
    market: list[tuple[int, int, int, int, int]], orders: list[tuple[Side, int, int]]
) -> None:
    desk, waiting = Desk(balance="100000000"), list(orders)
    possible = {BUY: ZERO, SELL: ZERO}
    seen = 0
    for bid, spread, bid_size, ask_size, printed in market:
        desk.quote(
            str(bid),
            str(bid + spread),
            bid_size=bid_size,
            ask_size=ask_size,
            last=str(bid) if printed else None,
            last_size=printed or None,
        )
        for side, px, qty in waiting[:2]:
            desk.order(side, qty, LIMIT if qty % 2 else MARKET, str(px) if qty % 2 else None, account=A)
        del waiting[:2]
        fills = [each for each in desk.inputs[seen:] if _is_trade(each)]
        seen = len(desk.inputs)
        possible[BUY] += ask_size + printed
        possible[SELL] += bid_size + printed
        for side, size in ((BUY, ask_size), (SELL, bid_size)):
            of_this_quote = sum((fill.last_qty or ZERO for fill in fills if fill.side is side), ZERO)
            assert of_this_quote <= size + printed
    for side in (BUY, SELL):
        filled = sum((each.last_qty or ZERO for each in desk.inputs if _is_trade(each) and each.side is side), ZERO)
        assert filled <= possible[side]
    desk.run(SECOND)


def _is_trade(each: object) -> TypeGuard[ExecutionReport]:
    return isinstance(each, ExecutionReport) and each.exec_type is ExecType.TRADE
