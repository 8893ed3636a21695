"""Each order type and time in force of the paper venue: what it takes, at which price, and what becomes of the rest."""

import msgspec
import pytest

from coxswain.messages.inputs import CancelRejected, ExecutionReport, VenueFailed
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdStatus, OrdType, ReachedVenue, Side, Symbol, TimeInForce
from coxswain.venues.paper import Params
from tests.venues.desk import (
    BUY,
    LATENCY_NS,
    LIMIT,
    MARKET,
    SECOND,
    SELL,
    SHARE,
    START_NS,
    STOP,
    A,
    B,
    D,
    Desk,
)

IOC, FOK, GTC = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC


def test_a_market_order_takes_the_touch_of_its_side() -> None:
    desk = Desk()
    desk.quote("99", "101")
    bought, sold = desk.order(BUY, 2), desk.order(SELL, 3)
    assert desk.said(bought) == ["NEW", "TRADE 2 @ 101"]
    assert desk.said(sold) == ["NEW", "TRADE 3 @ 99"]


def test_a_request_takes_one_latency_to_arrive_and_its_report_one_more() -> None:
    desk = Desk()
    desk.quote("99", "101")
    sent_ns = desk.now_ns
    desk.venue.send(NewOrder(A, ClOrdId("x"), SHARE, BUY, MARKET, GTC, D(1)), sent_ns)
    assert desk.venue.next_ns() == sent_ns + LATENCY_NS
    # The quote that is shown before the order arrives is the one it meets.
    desk.quote("100", "102", after_ns=LATENCY_NS // 2)
    desk.run(LATENCY_NS * 2)
    report = desk.inputs[-1]
    assert isinstance(report, ExecutionReport)
    assert (report.last_px, report.transact_time_ns) == (D(102), sent_ns + LATENCY_NS)


def test_a_venue_without_latency_answers_in_the_same_nanosecond() -> None:
    desk = Desk(latency_ms=0)
    desk.quote("99", "101")
    desk.venue.send(NewOrder(A, ClOrdId("x"), SHARE, BUY, MARKET, GTC, D(1)), desk.now_ns)
    assert [type(each) for each in desk.run(0)] == [ExecutionReport, ExecutionReport]


def test_displayed_size_is_taken_once_and_a_new_quote_shows_it_anew() -> None:
    desk = Desk()
    desk.quote("99", "101", ask_size=5)
    first, second = desk.order(BUY, 4), desk.order(BUY, 4)
    assert desk.said(first) == ["NEW", "TRADE 4 @ 101"]
    assert desk.said(second) == ["NEW", "TRADE 1 @ 101"]
    desk.quote("99", "102", ask_size=2)
    desk.quote("99", "103", ask_size=2)
    assert desk.said(second) == ["NEW", "TRADE 1 @ 101", "TRADE 2 @ 102", "TRADE 1 @ 103"]


def test_waiting_market_orders_are_served_in_the_order_they_came() -> None:
    desk = Desk()
    desk.quote("99", "101", ask_size=0)
    first, second = desk.order(BUY, 3), desk.order(BUY, 3)
    desk.quote("99", "101", ask_size=4)
    assert desk.said(first) == ["NEW", "TRADE 3 @ 101"]
    assert desk.said(second) == ["NEW", "TRADE 1 @ 101"]


@pytest.mark.parametrize("ord_type", [MARKET, LIMIT])
def test_immediate_or_cancel_takes_what_is_there_and_gives_up_the_rest(ord_type: OrdType) -> None:
    desk = Desk()
    desk.quote("99", "101", ask_size=5)
    order = desk.order(BUY, 8, ord_type, "101" if ord_type is LIMIT else None, tif=IOC)
    assert desk.said(order) == ["NEW", "TRADE 5 @ 101", "CANCELED"]


def test_fill_or_kill_takes_all_or_nothing() -> None:
    desk = Desk()
    desk.quote("99", "101", ask_size=5)
    killed, filled = desk.order(BUY, 6, tif=FOK), desk.order(BUY, 5, tif=FOK)
    assert desk.said(killed) == ["NEW", "CANCELED"]
    assert desk.said(filled) == ["NEW", "TRADE 5 @ 101"]


def test_a_limit_order_rests_until_the_touch_crosses_it_and_takes_the_better_price() -> None:
    desk = Desk()
    desk.quote("99", "101")
    buy, sell = desk.order(BUY, 1, LIMIT, "100"), desk.order(SELL, 1, LIMIT, "100")
    assert desk.said(buy) == desk.said(sell) == ["NEW"]
    desk.quote("97.5", "99.5")
    assert desk.said(buy) == ["NEW", "TRADE 1 @ 99.5"]
    desk.quote("100", "102")
    assert desk.said(sell) == ["NEW", "TRADE 1 @ 100"]


def test_a_marketable_limit_order_fills_at_the_touch_not_at_its_limit() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(BUY, 1, LIMIT, "105")
    assert desk.said(order) == ["NEW", "TRADE 1 @ 101"]


def test_limit_orders_fill_by_price_and_then_by_time() -> None:
    desk = Desk()
    desk.quote("99", "101")
    low, high, high_later = (desk.order(BUY, 2, LIMIT, px) for px in ("99.5", "100", "100"))
    desk.quote("98", "99", ask_size=3)
    assert desk.said(high) == ["NEW", "TRADE 2 @ 99"]
    assert desk.said(high_later) == ["NEW", "TRADE 1 @ 99"]
    assert desk.said(low) == ["NEW"]
    desk.quote("98", "99", ask_size=6)
    assert desk.said(high_later) == ["NEW", "TRADE 1 @ 99", "TRADE 1 @ 99"]
    assert desk.said(low) == ["NEW", "TRADE 2 @ 99"]


@pytest.mark.parametrize(
    ("side", "stop_px", "short_of_it", "at_it"),
    [
        (BUY, "103", ("102.99", "102.99"), ("90", "103")),
        (SELL, "97", ("97.01", "97.01"), ("97", "110")),
    ],
)
def test_a_stop_triggers_on_the_side_it_would_trade_at(
    side: Side, stop_px: str, short_of_it: tuple[str, str], at_it: tuple[str, str]
) -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(side, 1, STOP, stop_px)
    desk.quote(*short_of_it)
    assert desk.said(order) == ["NEW"]
    desk.quote(*at_it)
    assert desk.said(order) == ["NEW", f"TRADE 1 @ {stop_px}"]


def test_a_gap_through_a_stop_fills_at_the_market_however_far() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(SELL, 1, STOP, "95")
    desk.quote("80", "82")
    assert desk.said(order) == ["NEW", "TRADE 1 @ 80"]


def test_a_triggered_stop_is_a_market_order_even_when_the_price_comes_back() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(SELL, 5, STOP, "95")
    desk.quote("95", "97", bid_size=2)
    desk.quote("99", "101", bid_size=9)
    assert desk.said(order) == ["NEW", "TRADE 2 @ 95", "TRADE 3 @ 99"]


def test_a_stop_queues_at_the_market_from_its_trigger_not_from_its_coming() -> None:
    desk = Desk()
    desk.quote("99", "101", bid_size=0)
    stop, market = desk.order(SELL, 1, STOP, "98"), desk.order(SELL, 1)
    desk.quote("98", "100", bid_size=0)
    desk.quote("98", "100", bid_size=1)
    assert desk.said(market) == ["NEW", "TRADE 1 @ 98"]
    assert desk.said(stop) == ["NEW"]


def test_orders_behind_the_last_that_is_displayed_are_not_looked_at() -> None:
    desk = Desk()
    desk.quote("99", "101")
    for _ in range(100):
        desk.order(BUY, 1, LIMIT, "100")
    desk.quote("98", "100", ask_size=2)
    assert desk.paper.counts().orders_touched == 2


def test_a_stop_that_is_through_on_arrival_trades_at_once() -> None:
    desk = Desk()
    desk.quote("99", "101")
    assert desk.said(desk.order(SELL, 1, STOP, "99")) == ["NEW", "TRADE 1 @ 99"]


def test_crossed_and_not_positive_quotes_are_refused_and_counted() -> None:
    desk = Desk()
    order = desk.order(BUY, 1, LIMIT, "105")
    desk.quote("106", "104")
    desk.quote("0", "104")
    desk.quote("-1", "1")
    assert desk.said(order) == ["NEW"]
    desk.quote("99", "101")
    assert desk.said(order) == ["NEW", "TRADE 1 @ 101"]
    counts = desk.paper.counts().symbols[SHARE]
    assert (counts.quotes, counts.crossed, counts.not_positive, counts.stale) == (4, 1, 2, 0)


def test_a_market_order_that_meets_a_stale_quote_waits_for_the_next_one() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.run(61 * SECOND)
    waits, gives_up = desk.order(BUY, 1), desk.order(BUY, 1, tif=IOC)
    assert desk.said(waits) == ["NEW"]
    assert desk.said(gives_up) == ["NEW", "CANCELED"]
    assert desk.inputs[-1].text == "IOC: no fresh quote"  # type: ignore[union-attr]
    desk.quote("105", "107")
    assert desk.said(waits) == ["NEW", "TRADE 1 @ 107"]
    assert desk.paper.counts().symbols[SHARE].stale == 2


def test_an_opening_market_order_without_any_quote_is_rejected() -> None:
    desk = Desk()
    assert desk.refusal(desk.order(BUY, 1)) == "no fresh quote"


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ((BUY, "0.5"), "order_qty: 0.5, wanted at least 1"),
        ((BUY, "1.5"), "order_qty: 1.5, wanted a multiple of the lot step 1"),
        ((BUY, 1, LIMIT), "price: none, wanted one on a LIMIT order"),
        ((BUY, 1, STOP), "stop_px: none, wanted one on a STOP order"),
        ((BUY, 1, LIMIT, "10.005"), "price: 10.005, wanted a positive multiple of the tick 0.01"),
        ((BUY, 1, STOP, "-1"), "stop_px: -1, wanted a positive multiple of the tick 0.01"),
    ],
)
def test_a_misshapen_order_is_rejected_with_field_value_and_what_is_wanted(order: tuple[Side, str], text: str) -> None:
    desk = Desk()
    desk.quote("99", "101")
    cl_ord_id = desk.order(*order)
    assert desk.refusal(cl_ord_id) == text
    found = desk.look(cl_ord_id).order
    assert found is not None
    assert (found.ord_status, found.text) == (OrdStatus.REJECTED, text)


def test_an_unknown_symbol_or_account_is_rejected() -> None:
    desk = Desk()
    assert desk.refusal(desk.order(BUY, 1, symbol=Symbol("NONE"))) == "symbol: NONE, wanted one that is traded here"
    stranger = desk.order(BUY, 1, account=AccountId("Z"))
    assert desk.refusal(stranger) == "account: Z, wanted one of this venue's"


def test_a_question_about_an_account_that_is_not_here_fails_without_having_reached_anything() -> None:
    desk = Desk()
    stranger = AccountId("Z")
    text = "account: Z, wanted one of this venue's"
    assert desk.send(QueryOrder(stranger, ClOrdId("x"), SHARE)) == [
        VenueFailed(stranger, ClOrdId("x"), ReachedVenue.NO, text)
    ]
    assert desk.send(QueryAccount(stranger, 0)) == [VenueFailed(stranger, None, ReachedVenue.NO, text)]


def test_quotes_of_what_is_not_traded_here_are_ignored() -> None:
    desk = Desk()
    desk.quote("1", "2", symbol=Symbol("NONE"))
    assert Symbol("NONE") not in desk.paper.counts().symbols


@pytest.mark.parametrize("name", ["latency_ms", "quote_stale_s", "commission_per_lot", "commission_pct"])
def test_a_parameter_below_zero_is_refused(name: str) -> None:
    accounts = {"A": {"currency": "USD", "initial_balance": "1"}}
    with pytest.raises(msgspec.ValidationError, match=f"{name}: -1, wanted 0 or more"):
        msgspec.convert({"accounts": accounts, name: -1}, Params)


def test_the_same_id_again_is_never_a_second_order() -> None:
    desk = Desk()
    desk.quote("99", "101")
    request = NewOrder(A, ClOrdId("x"), SHARE, BUY, LIMIT, GTC, D(1), price=D(100))
    (first,) = desk.send(request)
    (again,) = desk.send(request)
    assert isinstance(first, ExecutionReport)
    assert isinstance(again, ExecutionReport)
    assert (again.exec_type, again.venue_order_id) == (first.exec_type, first.venue_order_id)
    assert again.exec_id != first.exec_id
    desk.quote("98", "100")
    desk.send(request)
    assert desk.said(ClOrdId("x")) == ["NEW", "NEW", "TRADE 1 @ 100", "NEW"]
    assert desk.books().positions[0].qty == 1


def test_a_cancel_ends_a_working_order_and_is_refused_for_any_other() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(BUY, 1, LIMIT, "100")
    desk.cancel(order)
    desk.cancel(order)
    assert desk.said(order) == ["NEW", "CANCELED", "REFUSED the order is CANCELED"]
    desk.cancel(ClOrdId("unheard"))
    assert desk.said(ClOrdId("unheard")) == ["REFUSED unknown order"]
    desk.quote("90", "92")
    assert desk.books().positions == ()


def test_a_cancel_from_another_account_does_not_find_the_order() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(BUY, 1, LIMIT, "100")
    (answer,) = desk.send(CancelOrder(B, order, SHARE))
    assert isinstance(answer, CancelRejected)
    assert desk.look(order).order is not None


def test_a_replace_changes_the_order_and_every_id_it_has_had_still_finds_it() -> None:
    desk = Desk()
    desk.quote("99", "101", ask_size=2)
    order = desk.order(BUY, 5, LIMIT, "101")
    desk.replace(order, 6, px="100")
    assert desk.said(ClOrdId("r1")) == ["REPLACED 6"]
    report = desk.inputs[-1]
    assert isinstance(report, ExecutionReport)
    assert report.orig_cl_ord_id == order
    for cl_ord_id in (order, ClOrdId("r1")):
        found = desk.look(cl_ord_id)
        assert found.cl_ord_id == cl_ord_id
        assert found.order is not None
        assert (found.order.cl_ord_id, found.order.order_qty, found.order.cum_qty) == ("r1", D(6), D(2))
        assert [fill.last_qty for fill in found.fills] == [2]
    desk.quote("98", "100")
    assert desk.said(ClOrdId("r1")) == ["REPLACED 6", "OrderLookedUp", "TRADE 4 @ 100"]


def test_a_replaced_order_can_be_cancelled_by_its_former_id() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(BUY, 5, LIMIT, "100")
    desk.replace(order, 6)
    desk.cancel(order)
    assert desk.said(ClOrdId("r1")) == ["REPLACED 6", "CANCELED"]


def test_a_replace_loses_the_place_in_time() -> None:
    desk = Desk()
    desk.quote("99", "101")
    first, second = desk.order(BUY, 1, LIMIT, "100"), desk.order(BUY, 1, LIMIT, "100")
    desk.replace(first, 1)
    desk.quote("98", "100", ask_size=1)
    assert desk.said(second) == ["NEW", "TRADE 1 @ 100"]
    assert desk.said(ClOrdId("r1")) == ["REPLACED 1"]


def test_a_replace_that_is_marketable_trades_at_once() -> None:
    desk = Desk()
    desk.quote("99", "101")
    stop = desk.order(SELL, 1, STOP, "95")
    desk.replace(stop, 1, stop_px="99.5")
    assert desk.said(ClOrdId("r1")) == ["REPLACED 1", "TRADE 1 @ 99"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"qty": 2}, "order_qty: 2, wanted more than the filled 2"),
        ({"qty": 5, "px": "100.001"}, "price: 100.001, wanted a positive multiple of the tick 0.01"),
        ({"qty": 5, "stop_px": "90"}, "stop_px: 90, wanted none on a LIMIT order"),
        ({"qty": 5, "new": "c1"}, "cl_ord_id: c1, wanted one that was never used"),
        ({"qty": 99999}, "insufficient margin: needs 10099697, free 999794"),
    ],
)
def test_a_replace_that_cannot_be_leaves_the_order_as_it_was(change: dict[str, str], text: str) -> None:
    desk = Desk()
    desk.quote("99", "101", ask_size=2)
    order = desk.order(BUY, 5, LIMIT, "101")
    before = desk.look(order)
    (answer,) = desk.replace(order, **change)
    assert isinstance(answer, CancelRejected)
    assert (answer.cl_ord_id, answer.orig_cl_ord_id, answer.text) == (change.get("new", "r1"), order, text)
    after = desk.look(order)
    assert (after.order, after.fills, after.position_qty) == (before.order, before.fills, before.position_qty)
    desk.quote("99", "101")
    assert desk.said(order)[-1] == "TRADE 3 @ 101"


def test_a_replace_of_a_done_or_unknown_order_is_refused() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.replace(desk.order(BUY, 1), 2)
    desk.replace(ClOrdId("unheard"), 2, new="r2")
    assert desk.said(ClOrdId("r1")) == ["REFUSED the order is FILLED"]
    assert desk.said(ClOrdId("r2")) == ["REFUSED unknown order"]


def test_a_triggered_stop_cannot_be_moved_any_more_but_can_be_resized() -> None:
    desk = Desk()
    desk.quote("99", "101", bid_size=1)
    stop = desk.order(SELL, 5, STOP, "99")
    desk.replace(stop, 5, stop_px="98")
    assert desk.said(ClOrdId("r1")) == ["REFUSED stop_px: the stop is triggered already"]
    desk.replace(stop, 3, new="r2")
    desk.quote("97", "99", bid_size=9)
    assert desk.said(ClOrdId("r2")) == ["REPLACED 3", "TRADE 2 @ 97"]


def test_a_query_is_answered_at_once_and_sees_no_request_that_still_travels() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.venue.send(NewOrder(A, ClOrdId("x"), SHARE, BUY, MARKET, GTC, D(1)), desk.now_ns)
    assert desk.look(ClOrdId("x")).order is None
    desk.run(LATENCY_NS)
    found = desk.look(ClOrdId("x"))  # the books are ahead of the report
    assert found.order is not None
    assert (found.order.ord_status, found.position_qty, len(found.fills)) == (OrdStatus.FILLED, D(1), 1)


def test_an_account_is_looked_up_with_what_is_open_and_its_fills_since_a_time() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.order(BUY, 2)
    since = desk.now_ns
    desk.order(SELL, 1)
    resting = desk.order(BUY, 1, LIMIT, "90")
    books = desk.books(fills_since_ns=since)
    assert books.balance == D("999998")
    assert [(each.symbol, each.qty) for each in books.positions] == [(SHARE, D(1))]
    assert [each.cl_ord_id for each in books.orders] == [resting]
    assert [(each.side, each.last_px) for each in books.fills] == [(SELL, D(99))]
    assert len(desk.books(fills_since_ns=START_NS).fills) == 2


def test_ten_thousand_orders_away_from_the_market_are_never_looked_at() -> None:
    desk = Desk(balance="100000000000")
    desk.quote("99", "101")
    for i in range(2_500):
        away = D(i + 1) / 100
        desk.venue.send(limit(f"b{i}", BUY, D(98) - away), desk.now_ns)
        desk.venue.send(limit(f"s{i}", SELL, D(102) + away), desk.now_ns)
        desk.venue.send(stop(f"t{i}", BUY, D(102) + away), desk.now_ns)
        desk.venue.send(stop(f"u{i}", SELL, D(98) - away), desk.now_ns)
    desk.run(SECOND)
    for i in range(100):
        desk.quote("98", str(100 + i % 3), bid_size=10, ask_size=10)
    assert desk.paper.counts().orders_touched == 0
    desk.quote("97.99", "101")
    assert desk.paper.counts().orders_touched == 1


def limit(cl_ord_id: str, side: Side, price: object) -> NewOrder:
    return NewOrder(A, ClOrdId(cl_ord_id), SHARE, side, LIMIT, GTC, D(1), price=D(str(price)))


def stop(cl_ord_id: str, side: Side, stop_px: object) -> NewOrder:
    return NewOrder(A, ClOrdId(cl_ord_id), SHARE, side, STOP, GTC, D(1), stop_px=D(str(stop_px)))
