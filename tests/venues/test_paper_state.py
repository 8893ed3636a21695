"""The paper venue's state file: what survives, what does not, and when it is written."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.requests import NewOrder
from coxswain.model.market import Quote
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdStatus, TimeInForce, VenueId
from coxswain.venues.paper import AccountParams, Fault, FaultKind, PaperVenue, Params, StateFileError
from tests.venues.desk import BUY, INSTRUMENTS, LIMIT, MARKET, SECOND, SELL, SHARE, STOP, A, D, Desk


class Opened:
    """Opens desks on one file, one after the other, and closes the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.desk: Desk | None = None

    def __call__(self, *faults: Fault, balance: str = "1000000", on_commit: Callable[[], None] | None = None) -> Desk:
        self.close()
        self.desk = Desk(*faults, path=self.path, balance=balance, on_commit=on_commit)
        if self.desk.paper.last_ns is not None:
            self.desk.now_ns = self.desk.paper.last_ns
        return self.desk

    def close(self) -> None:
        if self.desk is not None:
            self.desk.venue.close()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path / "paper.db")
    yield opened
    opened.close()


def test_reopening_restores_books_resting_orders_and_groups(opened: Opened) -> None:
    desk = opened()
    desk.quote("99", "101")
    desk.order(BUY, 10)
    stop = desk.order(SELL, 10, STOP, "95", reduce_only=True, oco="g")
    target = desk.order(SELL, 10, LIMIT, "110", reduce_only=True, oco="g")
    desk.replace(stop, 10, stop_px="96")
    waiting = desk.order(BUY, 1, LIMIT, "90")
    before = desk.books()

    desk = opened()
    assert desk.books() == before
    desk.quote("95", "97")
    assert desk.said(ClOrdId("r1")) == ["TRADE 10 @ 95"]
    assert desk.said(target) == ["CANCELED"]
    desk.quote("88", "90")
    assert desk.said(waiting) == ["TRADE 1 @ 90"]


def test_a_triggered_stop_and_a_half_filled_market_order_still_wait_after_reopening(opened: Opened) -> None:
    desk = opened()
    desk.quote("99", "101", bid_size=1, ask_size=1)
    stop, market = desk.order(SELL, 3, STOP, "99"), desk.order(BUY, 2)
    desk = opened()
    desk.quote("120", "121")
    assert desk.said(stop) == ["TRADE 2 @ 120"]
    assert desk.said(market) == ["TRADE 1 @ 121"]


def test_ids_go_on_where_they_stopped(opened: Opened) -> None:
    desk = opened()
    seen: list[ExecutionReport] = []
    for n in range(3):
        desk.quote("99", "101")
        desk.send(NewOrder(A, ClOrdId(f"n{n}"), SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
        desk.send(NewOrder(A, ClOrdId(f"n{n}"), SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
        seen += [each for each in desk.inputs if isinstance(each, ExecutionReport)]
        desk = opened()
    assert len({report.exec_id for report in seen}) == len(seen) == 9
    assert len({report.venue_order_id for report in seen}) == 3


def test_an_id_is_not_used_again_even_if_nothing_but_a_refusal_had_it(opened: Opened) -> None:
    stranger = AccountId("Z")
    ids: list[str] = []
    desk = opened()
    for _ in range(2):
        desk.quote("99", "101")
        desk.send(NewOrder(A, ClOrdId(f"n{len(ids)}"), SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
        desk.send(NewOrder(stranger, ClOrdId("x"), SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
        ids += [each.exec_id for each in desk.inputs if isinstance(each, ExecutionReport)]
        desk = opened()
    assert len(set(ids)) == len(ids) == 6


def test_an_id_stays_known_for_ever(opened: Opened) -> None:
    desk = opened()
    desk.quote("99", "101")
    order = desk.order(BUY, 1)
    desk = opened()
    desk.quote("99", "101")
    desk.send(NewOrder(A, order, SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
    assert desk.said(order) == ["NEW"]
    assert desk.books().positions[0].qty == 1


def test_a_fault_that_is_spent_stays_spent(opened: Opened) -> None:
    fault = Fault(FaultKind.REJECT, A, 2)
    desk = opened(fault)
    desk.quote("99", "101")
    desk.order(BUY, 1)
    desk = opened(fault)
    desk.quote("99", "101")
    desk.send(NewOrder(A, ClOrdId("second"), SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
    assert desk.refusal(ClOrdId("second")) == "rejected by the venue"
    desk = opened(fault)
    desk.quote("99", "101")
    desk.send(NewOrder(A, ClOrdId("third"), SHARE, BUY, MARKET, TimeInForce.DAY, D(1)))
    assert desk.said(ClOrdId("third")) == ["NEW", "TRADE 1 @ 101"]


def test_an_order_that_fell_silent_stays_silent(opened: Opened) -> None:
    fault = Fault(FaultKind.PARTIAL_SILENCE, A, 1)
    desk = opened(fault)
    desk.quote("99", "101")
    order = desk.order(BUY, 4)
    desk = opened(fault)
    desk.quote("90", "92")
    assert desk.said(order) == []
    assert desk.paper.counts().orders_touched == 0
    desk.cancel(order)
    assert desk.said(order) == ["CANCELED"]


def test_what_travels_is_lost_and_a_query_finds_the_truth(opened: Opened) -> None:
    desk = opened()
    desk.quote("99", "101")
    arrived, travelling = ClOrdId("arrived"), ClOrdId("travelling")
    desk.venue.send(NewOrder(A, arrived, SHARE, BUY, MARKET, TimeInForce.DAY, D(1)), desk.now_ns)
    desk.run(20_000_000)
    desk.venue.send(NewOrder(A, travelling, SHARE, BUY, MARKET, TimeInForce.DAY, D(1)), desk.now_ns)
    desk = opened()
    desk.run(SECOND)
    assert desk.inputs == []
    found = desk.look(arrived)
    assert found.order is not None
    assert (found.order.ord_status, len(found.fills)) == (OrdStatus.FILLED, 1)
    assert desk.look(travelling).order is None


CRASH = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.venues.desk import *
desk = Desk(path=Path({path!r}), on_commit=lambda: os._exit(9))
desk.quote("99", "101")
desk.order(BUY, 7)
"""


def test_a_crash_between_the_commit_and_the_leaving_loses_the_report_and_nothing_else(opened: Opened) -> None:
    root = Path(__file__).resolve().parents[2]
    source = CRASH.format(root=str(root), path=str(opened.path))
    done = subprocess.run([sys.executable, "-c", source], env={**os.environ, "PYTHONHASHSEED": "1"}, check=False)
    assert done.returncode == 9
    desk = opened()
    desk.now_ns = desk.paper.last_ns or 0
    found = desk.look(ClOrdId("c1"))
    assert found.order is not None
    assert (found.order.ord_status, found.position_qty) == (OrdStatus.FILLED, D(7))


def test_state_is_committed_before_a_report_leaves_and_only_what_changed_is_written(opened: Opened) -> None:
    commits: list[int] = []
    desk = opened(on_commit=lambda: commits.append(len(desk.inputs)))
    desk.quote("99", "101")
    desk.order(BUY, 1)
    assert commits == [0]  # nothing had left when it was made
    desk.books()
    desk.quote("99", "101")
    assert commits == [0]  # a question and a quote change nothing


def test_the_time_of_the_last_quote_is_known_to_an_engine_that_comes_back() -> None:
    venue = PaperVenue(VenueId("v"), Params(accounts={A: AccountParams("USD", D(1))}), INSTRUMENTS)
    venue.take(SECOND)
    venue.on_quote(Quote(SHARE, D(99), D(101), 5 * SECOND))
    assert venue.last_ns == 5 * SECOND


def test_a_file_of_another_venue_or_of_another_kind_is_refused(opened: Opened) -> None:
    opened()
    opened.close()
    params = Params(accounts={A: AccountParams("USD", D(1))})
    with pytest.raises(StateFileError, match="of venue 'paper', wanted 'coxswain paper venue 1' of venue 'other'"):
        PaperVenue(VenueId("other"), params, INSTRUMENTS, opened.path)
    opened.path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StateFileError, match="not a database"):
        PaperVenue(VenueId("paper"), params, INSTRUMENTS, opened.path)


def test_books_that_do_not_fit_the_configuration_are_refused(opened: Opened) -> None:
    desk = opened()
    desk.quote("99", "101")
    desk.order(BUY, 1)
    opened.close()
    euros = Params(accounts={A: AccountParams("EUR", D(1))})
    with pytest.raises(StateFileError, match="account A: its books are in USD, wanted EUR"):
        PaperVenue(VenueId("paper"), euros, INSTRUMENTS, opened.path)
    with pytest.raises(StateFileError, match="symbol SHARE: the books hold it"):
        PaperVenue(VenueId("paper"), Params(accounts={}), INSTRUMENTS[:2], opened.path)


def test_a_second_process_on_the_file_is_refused(opened: Opened) -> None:
    desk = opened()
    desk.quote("99", "101")
    desk.order(BUY, 1)
    with pytest.raises(StateFileError, match="locked"):
        Desk(path=opened.path)
    opened.close()


def test_a_person_can_read_the_file(opened: Opened) -> None:
    desk = opened(balance="1000")
    desk.quote("99", "101")
    desk.order(BUY, 1)
    opened.close()
    with sqlite3.connect(opened.path) as db:
        assert db.execute("SELECT balance FROM accounts").fetchall() == [("1000",)]
        assert db.execute("SELECT symbol, qty, cost FROM positions").fetchall() == [("SHARE", "1", "101")]
    db.close()
