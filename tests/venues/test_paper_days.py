"""DAY orders end with their day, wherever they wait and whatever happened to the venue in between."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from coxswain.model.market import Session
from coxswain.model.vocabulary import ClOrdId, OrdStatus, TimeInForce
from coxswain.venues.paper import AccountParams, Fault, FaultKind, Params
from tests.venues.desk import (
    BUY,
    EURUSD,
    INSTRUMENTS,
    LATENCY_NS,
    LIMIT,
    SECOND,
    SELL,
    SHARE,
    START_NS,
    STOP,
    A,
    Desk,
)

GTC = TimeInForce.GTC
HOUR = 3600 * SECOND
WITH_SESSIONS = tuple(
    msgspec.structs.replace(each, sessions=(Session("America/New_York", (0, 1, 2, 3, 4), "09:30", "16:00"),))
    if each.symbol == SHARE
    else each
    for each in INSTRUMENTS
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp()) * SECOND


MIDNIGHT_NS = at("2023-11-15 00:00")
"""The end of the day that `START_NS` is in, at 22:13:20."""


def test_an_order_for_the_day_ends_at_its_end_and_no_other_does() -> None:
    desk = Desk()
    desk.quote("99", "101")
    today = [desk.order(BUY, 1, LIMIT, "90"), desk.order(BUY, 1, STOP, "120")]
    good = [desk.order(BUY, 1, LIMIT, "90", tif=GTC), desk.order(BUY, 1, STOP, "120", tif=GTC)]
    assert desk.venue.next_ns() == MIDNIGHT_NS
    desk.run(MIDNIGHT_NS - desk.now_ns - 1)
    assert [desk.said(each) for each in today] == [["NEW"], ["NEW"]]
    desk.run(1 + LATENCY_NS)
    assert [desk.said(each) for each in today] == [["NEW", "EXPIRED"], ["NEW", "EXPIRED"]]
    assert [desk.said(each) for each in good] == [["NEW"], ["NEW"]]
    found = desk.look(today[0]).order
    assert found is not None
    assert (found.ord_status, found.text) == (OrdStatus.EXPIRED, "DAY: the day is over")
    assert desk.venue.next_ns() is None
    assert len(desk.books().orders) == 2


def test_what_a_market_order_waits_for_ends_with_the_day() -> None:
    desk = Desk()
    desk.quote("99", "101", bid_size=1, ask_size=1)
    order = desk.order(BUY, 3)
    desk.run(2 * HOUR)
    assert desk.said(order) == ["NEW", "TRADE 1 @ 101", "EXPIRED"]
    desk.quote("99", "101")
    assert desk.books().positions[0].qty == 1


def test_an_order_that_fell_silent_ends_with_the_day_too() -> None:
    desk = Desk(Fault(FaultKind.PARTIAL_SILENCE, A, 1), Fault(FaultKind.LATE_FILL, A, 2))
    desk.quote("99", "101")
    half, none = desk.order(BUY, 4), desk.order(BUY, 4)
    desk.run(3 * HOUR)
    assert desk.said(half) == ["NEW", "TRADE 2 @ 101", "EXPIRED"]
    assert desk.said(none) == ["NEW", "EXPIRED"]


def test_the_agenda_is_free_of_orders_that_are_over() -> None:
    desk = Desk()
    desk.quote("99", "101")
    filled, called_back = desk.order(BUY, 1), desk.order(BUY, 1, LIMIT, "90")
    assert desk.said(filled) == ["NEW", "TRADE 1 @ 101"]
    assert desk.venue.next_ns() == MIDNIGHT_NS
    desk.cancel(called_back)
    assert desk.venue.next_ns() is None


def test_the_day_ends_at_the_time_and_in_the_zone_that_is_configured() -> None:
    desk = Desk(day_ends="17:00", day_tz="America/New_York", now_ns=at("2026-03-07 22:30"))  # a Saturday, after 17:00
    desk.quote("1.08", "1.09", symbol=EURUSD)
    desk.order(BUY, 1, LIMIT, "1.05", symbol=EURUSD)
    assert desk.venue.next_ns() == at("2026-03-08 21:00")  # summer time began that morning


@pytest.mark.parametrize(
    ("sent", "ends"),
    [
        ("2026-01-05 15:00", "2026-01-05 21:00"),
        ("2026-01-05 12:00", "2026-01-05 21:00"),  # before it opens: at the end of the session to come
        ("2026-01-09 22:00", "2026-01-12 21:00"),  # on Friday evening: on Monday
        ("2026-07-06 15:00", "2026-07-06 20:00"),
    ],
)
def test_with_sessions_the_day_ends_when_the_session_closes(sent: str, ends: str) -> None:
    desk = Desk(now_ns=at(sent), instruments=WITH_SESSIONS)
    desk.quote("99", "101")
    desk.order(BUY, 1, LIMIT, "90")
    assert desk.venue.next_ns() == at(ends)


def test_an_order_that_comes_at_the_very_end_is_for_the_next_day() -> None:
    desk = Desk(latency_ms=0, now_ns=MIDNIGHT_NS)
    order = desk.order(BUY, 1, LIMIT, "90")
    assert desk.said(order) == ["NEW"]
    assert desk.venue.next_ns() == MIDNIGHT_NS + 24 * HOUR


def test_a_changed_order_keeps_its_day() -> None:
    desk = Desk()
    desk.quote("99", "101")
    order = desk.order(BUY, 1, LIMIT, "90")
    desk.replace(order, 2, px="91")
    desk.run(2 * HOUR)
    assert desk.said(ClOrdId("r1")) == ["REPLACED 2", "EXPIRED"]
    assert desk.books().orders == ()


def test_one_of_a_group_that_ends_with_the_day_leaves_the_other() -> None:
    desk = Desk()
    desk.quote("99", "101")
    desk.order(BUY, 2)
    stop = desk.order(SELL, 2, STOP, "95", reduce_only=True, oco="g", tif=GTC)
    target = desk.order(SELL, 2, LIMIT, "110", reduce_only=True, oco="g")
    desk.run(2 * HOUR)
    assert (desk.said(stop), desk.said(target)) == (["NEW"], ["NEW", "EXPIRED"])
    desk.quote("94", "95")
    assert desk.said(stop) == ["NEW", "TRADE 2 @ 94"]


def test_the_margin_of_an_order_is_free_when_its_day_is_over() -> None:
    desk = Desk(balance="100")
    desk.quote("99", "101")
    desk.order(BUY, 1, LIMIT, "98")
    desk.run(2 * HOUR)
    desk.quote("99", "101")
    assert desk.said(desk.order(BUY, 1, LIMIT, "98")) == ["NEW"]


def test_a_day_that_ended_while_the_venue_was_closed_is_over_when_it_opens(tmp_path: Path) -> None:
    first = Desk(path=tmp_path / "paper.db")
    first.quote("99", "101")
    order, good = first.order(BUY, 1, LIMIT, "90"), first.order(BUY, 1, LIMIT, "90", tif=GTC)
    first.venue.close()
    same_day = Desk(path=tmp_path / "paper.db", now_ns=START_NS + HOUR)
    assert same_day.venue.next_ns() == MIDNIGHT_NS
    same_day.venue.close()
    later = Desk(path=tmp_path / "paper.db", now_ns=START_NS + 48 * HOUR)
    later.run(0)
    assert later.said(order) == ["EXPIRED"]
    assert [each.cl_ord_id for each in later.books().orders] == [good]
    later.quote("80", "81")
    assert later.said(order) == ["EXPIRED"]
    later.venue.close()


def test_a_quote_costs_nothing_more_for_orders_that_will_end() -> None:
    desk = Desk()
    desk.quote("99", "101")
    for _ in range(50):
        desk.order(BUY, 1, LIMIT, "90")
    touched = desk.paper.counts().orders_touched
    desk.quote("98", "100")
    assert desk.paper.counts().orders_touched == touched


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"day_ends": "24:00"}, "day_ends: 24:00, wanted a time of day such as 17:00"),
        ({"day_tz": "Mars/Olympus"}, "day_tz: Mars/Olympus, wanted a time zone such as UTC or America/New_York"),
    ],
)
def test_a_day_that_cannot_end_is_refused(params: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Params(accounts={A: AccountParams("USD", Decimal(1))}, **params)  # type: ignore[arg-type]  # these are text
