"""Outages and halts: what is lost, what goes on at the venue all the same, and what nobody may trade."""

from pathlib import Path

import pytest

from coxswain.messages.inputs import CompareAccounts, Input, TradingHalted, VenueFailed
from coxswain.messages.requests import QueryAccount
from coxswain.model.vocabulary import ReachedVenue, TimeInForce
from coxswain.venues.paper import Halt, HaltedOrders, Outage, OutageKind, Params
from tests.venues.desk import BUY, EURUSD, LATENCY_NS, LIMIT, SECOND, SELL, SHARE, STOP, A, D, Desk

BEGINS, ENDS = D(10), D(20)


def of(inputs: list[Input], kind: type) -> list[Input]:
    return [each for each in inputs if isinstance(each, kind)]


# --- outages ----------------------------------------------------------------------------------------------------------


def test_a_request_into_a_broken_line_may_have_arrived_and_did_not() -> None:
    desk = Desk(outages=(Outage(from_s=BEGINS, until_s=ENDS),))
    desk.quote("100", "102")
    desk.run(12 * SECOND)
    order = desk.order(BUY, 1)
    (failed,) = of(desk.inputs, VenueFailed)
    assert isinstance(failed, VenueFailed)
    assert (failed.cl_ord_id, failed.reached_venue) == (order, ReachedVenue.MAYBE)
    desk.run(10 * SECOND)
    assert desk.look(order).order is None


def test_a_request_into_a_broken_line_may_have_arrived_and_did() -> None:
    desk = Desk(outages=(Outage(from_s=BEGINS, until_s=ENDS, arrives=True),))
    desk.quote("100", "102")
    desk.run(12 * SECOND)
    order = desk.order(BUY, 1)
    assert desk.said(order) == ["VenueFailed"]
    desk.run(10 * SECOND)
    assert [fill.last_qty for fill in desk.look(order).fills] == [D(1)]


def test_a_silent_venue_says_nothing_at_all_and_does_not_say_when_it_is_back() -> None:
    desk = Desk(outages=(Outage(from_s=BEGINS, until_s=ENDS, kind=OutageKind.SILENT),))
    desk.quote("100", "102")
    desk.run(12 * SECOND)
    order = desk.order(BUY, 1)
    desk.venue.send(QueryAccount(A, 0), desk.now_ns)
    desk.run(20 * SECOND)
    assert desk.inputs == []
    assert desk.look(order).order is None


def test_stops_work_at_a_venue_that_cannot_be_reached_and_what_they_report_is_lost() -> None:
    desk = Desk(outages=(Outage(from_s=BEGINS, until_s=ENDS),))
    desk.quote("100", "102")
    desk.order(BUY, 3)
    stop = desk.order(SELL, 3, STOP, "95", reduce_only=True)
    desk.run(11 * SECOND)
    desk.quote("90", "92")
    assert desk.said(stop) == ["NEW"]
    desk.run(10 * SECOND)
    assert desk.books().positions == ()
    assert [fill.last_px for fill in desk.look(stop).fills] == [D(90)]


def test_when_the_line_is_back_the_accounts_are_to_be_compared() -> None:
    desk = Desk(outages=(Outage(from_s=BEGINS, until_s=ENDS),))
    desk.quote("100", "102")
    began_ns = desk.now_ns - LATENCY_NS
    desk.run(20 * SECOND - 1)
    assert of(desk.inputs, CompareAccounts) == []
    desk.run(1)
    assert desk.now_ns == began_ns + 20 * SECOND + LATENCY_NS
    (back,) = of(desk.inputs, CompareAccounts)
    assert isinstance(back, CompareAccounts)
    assert A in back.accounts


def test_what_is_under_way_when_the_line_breaks_is_lost_either_way() -> None:
    desk = Desk(outages=(Outage(from_s=BEGINS, until_s=ENDS),))
    desk.quote("100", "102", after_ns=0)
    desk.run(10 * SECOND - LATENCY_NS - LATENCY_NS // 2)
    arrives_too_late = desk.order(BUY, 1, LIMIT, "50")  # sent 10 ms before it breaks
    desk.run(15 * SECOND)
    assert desk.look(arrives_too_late).order is None
    assert desk.said(arrives_too_late) == ["OrderLookedUp"]


# --- halts ------------------------------------------------------------------------------------------------------------


def test_a_halt_is_told_when_it_begins_and_when_it_ends() -> None:
    desk = Desk(halts=(Halt(from_s=BEGINS, until_s=ENDS, symbol=SHARE, reason="news"),))
    desk.quote("100", "102", after_ns=0)
    desk.run(30 * SECOND)
    assert of(desk.inputs, TradingHalted) == [TradingHalted(SHARE, True, "news"), TradingHalted(SHARE, False, "news")]


def test_nothing_trades_in_a_halt_and_the_first_quote_after_it_finds_all_that_waits() -> None:
    desk = Desk(halts=(Halt(from_s=BEGINS, until_s=ENDS, symbol=SHARE),))
    desk.quote("100", "102")
    desk.order(BUY, 3)
    stop = desk.order(SELL, 3, STOP, "95", reduce_only=True)
    desk.run(11 * SECOND)
    desk.quote("90", "92")
    waits, at_once = desk.order(BUY, 1), desk.order(BUY, 1, tif=TimeInForce.IOC)
    assert desk.said(stop) == desk.said(waits) == ["NEW"]
    assert desk.said(at_once) == ["NEW", "CANCELED"]
    desk.run(10 * SECOND)
    late = desk.order(BUY, 1)
    assert desk.said(late) == ["NEW"], "the quote of the halt is none to trade on"
    desk.quote("80", "82")
    assert desk.said(stop) == ["NEW", "TRADE 3 @ 80"]
    assert desk.said(waits) == desk.said(late) == ["NEW", "TRADE 1 @ 82"]


def test_in_a_halt_orders_are_refused_where_that_is_scripted_and_cancels_never() -> None:
    desk = Desk(halts=(Halt(from_s=BEGINS, until_s=ENDS, symbol=SHARE, orders=HaltedOrders.REJECT),))
    desk.quote("100", "102")
    resting = desk.order(BUY, 1, LIMIT, "90")
    desk.run(11 * SECOND)
    assert desk.refusal(desk.order(BUY, 1)) == "trading in SHARE is halted"
    desk.cancel(resting)
    assert desk.said(resting) == ["NEW", "CANCELED"]
    desk.run(10 * SECOND)
    desk.quote("100", "102")
    assert desk.said(desk.order(BUY, 1)) == ["NEW", "TRADE 1 @ 102"]


def test_other_instruments_trade_on() -> None:
    desk = Desk(halts=(Halt(from_s=BEGINS, until_s=ENDS, symbol=SHARE),))
    desk.quote("100", "102")
    desk.run(11 * SECOND)
    desk.quote("1.1", "1.2", symbol=EURUSD)
    assert desk.said(desk.order(BUY, 1, symbol=EURUSD)) == ["NEW", "TRADE 1 @ 1.2"]


def test_whoever_asks_for_the_books_hears_of_the_halt_again() -> None:
    desk = Desk(halts=(Halt(from_s=BEGINS, until_s=ENDS, symbol=SHARE),))
    desk.quote("100", "102")
    desk.run(11 * SECOND)
    desk.venue.send(QueryAccount(A, 0), desk.now_ns)
    assert of(desk.run(0), TradingHalted) == [TradingHalted(SHARE, True, "halted by the venue")]


@pytest.mark.parametrize("sent_s", [9, 11])
def test_a_halt_that_is_under_way_holds_in_a_venue_that_was_reopened(tmp_path: Path, sent_s: int) -> None:
    halts = (Halt(from_s=BEGINS, until_s=ENDS, symbol=SHARE),)
    desk = Desk(path=tmp_path / "state", halts=halts)
    desk.quote("100", "102")
    desk.run(sent_s * SECOND)
    order = desk.order(BUY, 1, LIMIT, "95")
    desk.run((12 - sent_s) * SECOND)
    desk.venue.close()
    again = Desk(path=tmp_path / "state", halts=halts, now_ns=desk.now_ns)
    again.quote("90", "92")
    assert again.said(order) == []
    again.run(10 * SECOND)
    assert of(again.inputs, TradingHalted)[-1] == TradingHalted(SHARE, False, "halted by the venue")
    again.quote("90", "92")
    assert again.said(order) == ["TRADE 1 @ 92"]
    again.venue.close()


# --- the script -------------------------------------------------------------------------------------------------------


def test_a_condition_may_say_times_of_the_calendar() -> None:
    desk = Desk(halts=(Halt(begins="2023-11-14T22:13:30Z", ends="2023-11-14T23:13:40+01:00", symbol=SHARE),))
    began_ns = desk.now_ns
    desk.run(10 * SECOND + LATENCY_NS)
    assert len(of(desk.inputs, TradingHalted)) == 1
    desk.run(10 * SECOND)
    assert len(of(desk.inputs, TradingHalted)) == 2
    assert desk.now_ns == began_ns + 20 * SECOND + LATENCY_NS


@pytest.mark.parametrize(
    ("outage", "problem"),
    [
        (Outage(), "wanted from and until, or from_s and until_s"),
        (Outage(from_s=D(1)), "wanted from and until, or from_s and until_s"),
        (Outage(from_s=D(1), ends="2026-01-05T10:00:00Z"), "wanted from and until, or from_s and until_s"),
        (Outage(begins="2026-01-05T10:00:00", ends="2026-01-05T10:00:00Z"), "wanted a time with its zone"),
        (Outage(from_s=D(2), until_s=D(2)), "it ends before it begins"),
        (Outage(from_s=D(-1), until_s=D(2)), "from_s: -1, wanted 0 or more"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(outage: Outage, problem: str) -> None:
    with pytest.raises(ValueError, match=f"outages: number 1: .*{problem}"):
        Params(accounts={}, outages=(outage,))
