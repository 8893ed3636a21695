"""Compare what the journal says with what the venues' own files say, order by order and cent by cent.

The venues' files are read as they lie there, past all of our code that reads them for a venue.
"""

import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from coxswain import __version__
from coxswain.app.inspect import fold
from coxswain.journal.store import Reader
from coxswain.journal.verify import verify
from coxswain.messages import events as ev
from coxswain.messages.inputs import VenueFailed
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder, QueryOrder
from coxswain.model.vocabulary import ReachedVenue
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.replay import replay
from coxswain.views.summary import Summary
from tests.e2e.journals import read_records

SETTLE_NS = 2_000_000_000
"""Between the two looks that prove absence: `settle_window_s`."""


class VenueBooks(NamedTuple):
    """One venue's state file: a row's body as it is stored."""

    orders: list[dict[str, Any]]
    fills: list[tuple[int, dict[str, Any]]]
    """With the number of the order."""
    balances: dict[str, Decimal]
    positions: dict[tuple[str, str], Decimal]
    last_ns: int
    """Its time; 0 where nothing was ever written."""


def read_venue(file: Path) -> VenueBooks:
    with tempfile.TemporaryDirectory() as folder:
        for each in file.parent.glob(f"{file.name}*"):
            if not each.is_socket():
                shutil.copy(each, folder)
        with closing(sqlite3.connect(Path(folder) / file.name)) as db:
            return VenueBooks(
                [json.loads(body) for (body,) in db.execute("SELECT body FROM orders ORDER BY number")],
                [
                    (number, json.loads(body))
                    for number, body in db.execute("SELECT order_number, body FROM fills ORDER BY number")
                ],
                {name: Decimal(money) for name, money in db.execute("SELECT id, balance FROM accounts")},
                {
                    (name, symbol): Decimal(qty)
                    for name, symbol, qty in db.execute("SELECT account, symbol, qty FROM positions")
                    if Decimal(qty)
                },
                *(last_ns or 0 for (last_ns,) in db.execute("SELECT last_ns FROM venue")),
            )


def venues_beside(journal: Path) -> list[VenueBooks]:
    return [read_venue(file) for file in sorted(journal.parent.glob(f"{journal.name}.*.db"))]


class Journaled(NamedTuple):
    """What a journal says about orders, gathered without any code that folds."""

    created: dict[str, ev.OrderCreated]
    sent: Counter[str]
    """How often a NewOrder asked for each id."""
    resent: Counter[str]
    """How often absence was proved and the order sent again."""
    renamed: dict[str, str]
    """The ids that replaces would give, and to which order."""
    fills: dict[tuple[str, str], ev.OrderFilled]
    absent: set[str]
    """Orders that are over, and of which absence was proved, or that never left because their venue was gone."""


def gather(records: list[Record]) -> Journaled:
    """Gather the facts, and see on the way that nothing leaves without its fact, and that nothing is booked twice."""
    found = Journaled({}, Counter(), Counter(), {}, {}, set())
    starts = Starts()
    looks: dict[str, list[int]] = {}
    for record in records:
        starts.see(record)
        for event in record.events:
            match event:
                case ev.OrderCreated():
                    assert event.cl_ord_id not in found.created, f"{event.cl_ord_id} created twice"
                    found.created[event.cl_ord_id] = event
                case ev.AbsenceNoted():
                    looks.setdefault(event.cl_ord_id, []).append(record.now_ns)
                case ev.OrderResent():
                    found.resent[event.cl_ord_id] += 1
                    first, *_, last = looks[event.cl_ord_id]
                    assert last - first >= SETTLE_NS, "sent again without proof of absence"
                case ev.ReplaceRequested():
                    assert event.new_cl_ord_id not in found.renamed
                    found.renamed[event.new_cl_ord_id] = event.cl_ord_id
                case ev.OrderFilled():
                    assert (event.account, event.exec_id) not in found.fills, f"{event.exec_id} booked twice"
                    found.fills[event.account, event.exec_id] = event
                case ev.OutcomeResolved(found=False):
                    found.absent.add(event.cl_ord_id)
                case ev.OrderCanceled() if _did_not_leave(record):
                    found.absent.add(event.cl_ord_id)
                case _:
                    pass
        for request in record.requests:
            if isinstance(request, NewOrder):
                found.sent[request.cl_ord_id] += 1
                _same_content(found.created[request.cl_ord_id], request)
    assert all(found.sent[name] == 1 + found.resent[name] for name in found.created)
    return found


class Starts:
    """Each start asks for every order in flight, and opens nothing on an account before its books are compared."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        """Order ids as they are in force."""
        self._names: dict[str, str] = {}
        self._shut: set[str] = set()
        """Accounts that are not compared yet."""

    def see(self, record: Record) -> None:
        for event in record.events:
            match event:
                case ev.EngineConfigured():
                    asked = {request.cl_ord_id for request in record.requests if isinstance(request, QueryOrder)}
                    assert {self._names[name] for name in self._open} <= asked, "an order in flight was not asked for"
                    self._shut = {spec.id for spec in event.setup.accounts}
                case ev.AccountStateChanged(cause="UNRECONCILED", active=False):
                    self._shut.discard(event.account)
                case ev.OrderCreated():
                    self._open.add(event.cl_ord_id)
                    self._names[event.cl_ord_id] = event.cl_ord_id
                case ev.OrderReplaced():
                    self._names[event.cl_ord_id] = event.new_cl_ord_id
                case ev.OrderCanceled() | ev.OrderRejected() | ev.OrderExpired():
                    self._open.discard(event.cl_ord_id)
                case ev.OrderFilled() if not event.leaves_qty:
                    self._open.discard(event.cl_ord_id)
                case _:
                    pass
        for request in record.requests:
            opens = isinstance(request, NewOrder) and not request.reduce_only
            assert not opens or request.account not in self._shut, f"{request} before the books were compared"


def _did_not_leave(record: Record) -> bool:
    return isinstance(record.input, VenueFailed) and record.input.reached_venue is ReachedVenue.NO


def _same_content(created: ev.OrderCreated, sent: NewOrder) -> None:
    wanted = created.intent
    for name in ("account", "symbol", "side", "ord_type", "order_qty", "price", "stop_px", "reduce_only"):
        assert getattr(sent, name) == getattr(wanted, name), (created, sent)


def compare(journal: Path) -> None:
    """Assert that no order was lost or doubled, and that engine and venues hold the same."""
    ours = gather(read_records(journal))
    venues = venues_beside(journal)
    at_venues: dict[str, dict[str, Any]] = {}
    for order in (order for venue in venues for order in venue.orders):
        first, *later = order["ids"]
        # Never sent without an earlier durable intent of the same content; every later id is of a durable replace.
        intent = ours.created[first].intent
        assert (order["account"], order["symbol"], order["side"]) == (intent.account, intent.symbol, intent.side)
        assert (order["ord_type"], order.get("reduce_only", False)) == (intent.ord_type, intent.reduce_only)
        assert all(ours.renamed[name] == first for name in later), order
        for name in order["ids"]:
            assert name not in at_venues, f"{name} is at its venue twice"
            at_venues[name] = order
    lost = [name for name in ours.created if name not in at_venues and name not in ours.absent]
    assert lost == [], "created, not at the venue, and nobody proved that"
    _compare_fills(ours, venues)
    _compare_books(journal, venues)


def _compare_fills(ours: Journaled, venues: list[VenueBooks]) -> None:
    theirs: dict[tuple[str, str], dict[str, Any]] = {}
    for venue in venues:
        by_number = {order["number"]: order for order in venue.orders}
        times = [fill["transact_time_ns"] for _, fill in venue.fills]
        assert times == sorted(times), "a venue's time went back"
        for number, fill in venue.fills:
            account = by_number[number]["account"]
            assert (account, fill["exec_id"]) not in theirs
            theirs[account, fill["exec_id"]] = fill
    assert sorted(ours.fills) == sorted(theirs), "fills that one side knows alone"
    for key, fill in theirs.items():
        booked = ours.fills[key]
        assert (booked.side, booked.last_qty, booked.last_px) == (
            fill["side"],
            Decimal(fill["last_qty"]),
            Decimal(fill["last_px"]),
        )


def _compare_books(journal: Path, venues: list[VenueBooks]) -> None:
    summary = Summary()
    fold(journal, summary)
    accounts, positions = summary.book.all_accounts(), summary.book.open_positions()
    balances = {name: money for venue in venues for name, money in venue.balances.items()}
    # A venue writes down an account when something first happens on it.
    assert {str(row.account): row.balance for row in accounts if row.account in balances} == balances
    held = {key: qty for venue in venues for key, qty in venue.positions.items()}
    assert {(str(row.account), str(row.symbol)): row.qty for row in positions} == held
    working = {order["ids"][-1] for venue in venues for order in venue.orders if order.get("ended_as") is None}
    assert {row.current_id for row in summary.blotter.orders.values() if row.is_open} == working
    assert {row.protection for row in positions} <= {"venue"}, positions


def prove(journal: Path) -> None:
    """Assert all that must hold of a journal at rest: chain, replay, books.

    What the commands of the same names do is called here without a process for each; other tests run these.
    """
    assert verify(journal).ok
    with Reader(journal) as reader:
        found = replay(reader.read(), make_engine, __version__)
    assert found.agrees, found
    compare(journal)
