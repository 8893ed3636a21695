"""Stop-limit orders, trailing stops, good till a date, and what the paper venue is told not to do."""

from pathlib import Path
from typing import Any

import pytest

from coxswain.model.orders import Trail
from coxswain.model.vocabulary import OrdType, TimeInForce, TriggerSource
from tests.venues.desk import BUY, LIMIT, MARKET, SECOND, SELL, STOP, A, D, Desk

STOP_LIMIT, TRAILING = OrdType.STOP_LIMIT, OrdType.TRAILING_STOP
GTC, GTD, IOC = TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC


def market(*faults: Any, **params: Any) -> Desk:
    desk = Desk(*faults, **params)
    desk.quote("100.00", "100.02")
    return desk


# --- stop-limit -------------------------------------------------------------------------------------------------------


def test_a_stop_limit_order_trades_at_its_limit_or_better_once_its_stop_was_reached() -> None:
    desk = market()
    order = desk.order(BUY, 5, STOP_LIMIT, "100.60", stop_px="100.50", tif=GTC)
    desk.quote("100.40", "100.49")
    assert desk.said(order) == ["NEW"]
    desk.quote("100.50", "100.55")
    assert desk.said(order) == ["NEW", "TRADE 5 @ 100.55"]


def test_a_stop_limit_order_that_the_market_jumps_over_waits_at_its_limit() -> None:
    desk = market()
    order = desk.order(BUY, 5, STOP_LIMIT, "100.60", stop_px="100.50", tif=GTC)
    desk.quote("100.70", "100.72")
    assert desk.said(order) == ["NEW"]
    desk.quote("100.40", "100.42")  # below its stop again: that was reached once and for all
    assert desk.said(order) == ["NEW", "TRADE 5 @ 100.42"]


def test_a_stop_limit_order_that_has_waited_through_a_restart_knows_that_it_was_triggered(tmp_path: Path) -> None:
    desk = market(path=tmp_path / "v.db")
    order = desk.order(SELL, 5, STOP_LIMIT, "99.50", stop_px="99.60", tif=GTC)
    desk.quote("99.00", "99.02")
    now_ns = desk.now_ns
    desk.venue.close()
    again = Desk(path=tmp_path / "v.db", now_ns=now_ns)
    again.quote("99.70", "99.72")
    assert again.said(order) == ["TRADE 5 @ 99.70"]


@pytest.mark.parametrize(("price", "stop_px"), [("100.60", None), (None, "100.50")])
def test_a_stop_limit_order_needs_both_prices(price: str | None, stop_px: str | None) -> None:
    desk = market()
    assert "wanted one on a STOP_LIMIT order" in desk.refusal(desk.order(BUY, 5, STOP_LIMIT, price, stop_px=stop_px))


# --- trailing ---------------------------------------------------------------------------------------------------------


def trailing(desk: Desk, **trail: Any) -> Any:
    desk.order(BUY, 5)
    return desk.order(SELL, 5, TRAILING, stop_px="99.50", tif=GTC, reduce_only=True, trail=Trail(**trail))


def stop_of(desk: Desk, order: Any) -> Any:
    found = desk.look(order).order
    assert found is not None
    return found.stop_px


def test_a_trailing_stop_follows_the_market_up_and_never_down() -> None:
    desk = market(native_trailing=True)
    order = trailing(desk, amount=D("0.50"))
    desk.quote("101.00", "101.02")
    assert stop_of(desk, order) == D("100.50")
    desk.quote("100.60", "100.62")
    assert stop_of(desk, order) == D("100.50")
    desk.quote("100.50", "100.52")
    assert desk.said(order)[-1] == "TRADE 5 @ 100.50"


def test_a_trailing_stop_by_trades_is_moved_by_a_trade_and_by_no_quote() -> None:
    desk = market(native_trailing=True)
    order = trailing(desk, amount=D("0.50"), source=TriggerSource.LAST)
    desk.quote("101.00", "101.02")
    assert stop_of(desk, order) == D("99.50")
    desk.quote("100.98", "101.02", last="101.01", last_size=3)
    assert stop_of(desk, order) == D("100.51")


def test_a_trailing_stop_to_buy_follows_the_market_down_by_per_cent() -> None:
    desk = market(native_trailing=True)
    order = desk.order(BUY, 5, TRAILING, stop_px="101.00", tif=GTC, trail=Trail(pct=D(1)))
    desk.quote("89.98", "90.00")
    assert stop_of(desk, order) == D("90.90")
    desk.quote("90.90", "90.91")
    assert desk.said(order)[-1] == "TRADE 5 @ 90.91"


def test_a_trailing_stop_stands_still_until_its_activation_price_and_goes_on_after_it() -> None:
    desk = market(native_trailing=True)
    order = trailing(desk, amount=D("0.50"), activation_px=D("101.00"))
    desk.quote("100.99", "101.01")
    assert stop_of(desk, order) == D("99.50")
    desk.quote("101.00", "101.02")
    assert stop_of(desk, order) == D("100.50")


@pytest.mark.parametrize(
    ("source", "stop_px"),
    [(None, "100.5"), (TriggerSource.BID, "100.5"), (TriggerSource.ASK, "100.9"), (TriggerSource.MID, "100.7")],
)
def test_a_trailing_stop_follows_the_side_it_is_told_to(source: TriggerSource | None, stop_px: str) -> None:
    desk = market(native_trailing=True)
    order = trailing(desk, amount=D("0.50"), source=source)
    desk.quote("101.00", "101.40")
    assert stop_of(desk, order) == D(stop_px)


def test_where_a_trailing_stop_stands_is_in_the_state_file(tmp_path: Path) -> None:
    desk = market(path=tmp_path / "v.db", native_trailing=True)
    order = trailing(desk, amount=D("0.50"))
    desk.quote("101.00", "101.02")
    now_ns = desk.now_ns
    desk.venue.close()
    again = Desk(path=tmp_path / "v.db", now_ns=now_ns, native_trailing=True)
    assert stop_of(again, order) == D("100.50")
    again.quote("102.00", "102.02")
    assert stop_of(again, order) == D("101.50")


# --- good till a date -------------------------------------------------------------------------------------------------


def test_an_order_good_till_a_date_ends_then() -> None:
    desk = market()
    order = desk.order(BUY, 5, LIMIT, "99.00", tif=GTD, expire_time_ns=desk.now_ns + 10 * SECOND)
    desk.run(9 * SECOND)
    assert desk.said(order) == ["NEW"]
    desk.run(2 * SECOND)
    assert desk.said(order) == ["NEW", "EXPIRED"]


def test_a_date_that_is_past_is_refused() -> None:
    desk = market()
    order = desk.order(BUY, 5, LIMIT, "99.00", tif=GTD, expire_time_ns=desk.now_ns)
    assert desk.refusal(order) == "expire_time: wanted a time that is still to come"


# --- what it is told not to do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("param", "order", "said"),
    [
        ({"native_reduce_only": False}, {"reduce_only": True}, "reduce_only: true, wanted none"),
        ({"native_oco": False}, {"oco": "g"}, "oco_group: g, wanted none"),
        ({"native_gtd": False}, {"tif": GTD, "expire_time_ns": 1 << 62}, "time_in_force: GTD, wanted one of DAY"),
        ({"takes_no": (MARKET,)}, {}, "ord_type: MARKET, wanted one of LIMIT"),
        ({}, {"ord_type": TRAILING, "trail": Trail(D(1))}, "ord_type: TRAILING_STOP, wanted one of MARKET"),
    ],
)
def test_what_it_does_not_do_it_refuses(param: dict[str, Any], order: dict[str, Any], said: str) -> None:
    desk = market(**param)
    assert desk.refusal(desk.order(BUY, 5, **order)).startswith(said)


def test_a_venue_without_replace_refuses_to_change_an_order_and_leaves_it_as_it_is() -> None:
    desk = market(native_replace=False)
    order = desk.order(BUY, 5, LIMIT, "99.00", tif=GTC)
    desk.replace(order, 6, px="99.10")
    assert desk.said(order) == ["NEW"]
    found = desk.look(order).order
    assert found is not None
    assert (found.order_qty, found.price, found.cl_ord_id) == (D(5), D("99.00"), order)


def test_what_it_declares_is_what_it_takes() -> None:
    can = Desk(native_trailing=True, native_oco=False, takes_no=(STOP,)).venue.capabilities
    assert TRAILING in can.ord_types
    assert STOP not in can.ord_types
    assert (can.native_oco, can.native_replace, can.native_trailing) == (False, True, True)
    assert Desk().books(A).orders == ()
