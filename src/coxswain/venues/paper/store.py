"""The paper venue's own state file: SQLite, only what changed is written, all of it in one transaction.

What travels is not in it. A process that dies loses the requests and reports under way, as a broken line would.
"""

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from coxswain.model.cash import CashMovement
from coxswain.model.decimals import text
from coxswain.model.orders import VenueFill
from coxswain.model.vocabulary import AccountId, Symbol, VenueId
from coxswain.venues.paper.accounts import Account, Position, Reversed
from coxswain.venues.paper.orders import Order

FORMAT = "coxswain paper venue 1"

# Synchronous NORMAL: a crash of the process loses nothing, a power cut may lose the last commits; to the engine
# a venue that forgot is a break. Exclusive: two processes on one file would be two exchanges. Small pages: a commit
# writes every page it touches, mostly five with little in them; measured 49 us a commit at 4096 bytes, 38 at 1024.
SCHEMA = """
PRAGMA page_size = 1024;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS venue (
    format TEXT NOT NULL, venue_id TEXT NOT NULL, last_ns INTEGER,
    orders INTEGER NOT NULL, reports INTEGER NOT NULL, places INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, currency TEXT NOT NULL, balance TEXT NOT NULL, new_orders INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    account TEXT, symbol TEXT, qty TEXT NOT NULL, cost TEXT NOT NULL, PRIMARY KEY (account, symbol)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fills (number INTEGER PRIMARY KEY, order_number INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS reversals (number INTEGER PRIMARY KEY, account TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS movements (number INTEGER PRIMARY KEY, account TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS began (first_ns INTEGER NOT NULL);
"""


class StateFileError(Exception):
    """The state file cannot be used: not ours, not this venue's, or not fitting the configuration."""


class Counters(msgspec.Struct):
    """How many there ever were; the numbers in ids come from here and are never used twice."""

    orders: int = 0
    reports: int = 0
    places: int = 0


class Changes:
    """What is not in the file yet."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.accounts: dict[AccountId, Account] = {}
        self.positions: dict[tuple[AccountId, Symbol], Position] = {}
        self.orders: dict[int, Order] = {}
        self.fills: list[tuple[int, int, VenueFill]] = []
        """Number, number of the order, fill."""
        self.busted: list[int] = []
        """Numbers of fills that were taken back."""
        self.reversals: list[tuple[int, AccountId, Reversed]] = []
        self.movements: list[tuple[int, AccountId, CashMovement]] = []

    def clear(self) -> None:
        self.accounts.clear()
        self.positions.clear()
        self.orders.clear()
        self.fills.clear()
        self.busted.clear()
        self.reversals.clear()
        self.movements.clear()


class AccountRow(NamedTuple):
    id: AccountId
    currency: str
    balance: Decimal
    new_orders: int


class PositionRow(NamedTuple):
    account: AccountId
    symbol: Symbol
    qty: Decimal
    cost: Decimal


class State(NamedTuple):
    """All that a file holds, in the order in which it came about."""

    counters: Counters
    accounts: Iterator[AccountRow]
    positions: Iterator[PositionRow]
    orders: Iterator[Order]
    fills: Iterator[tuple[int, VenueFill]]
    reversals: Iterator[tuple[AccountId, Reversed]]
    movements: Iterator[tuple[AccountId, CashMovement]]


class Store:
    def __init__(self, path: Path, venue_id: VenueId) -> None:
        """Open or make the file. Raises `StateFileError` if it cannot be this venue's."""
        self._path = path
        self._encode = msgspec.json.Encoder().encode
        # A moment's patience, for a process that is just dying with its hold on the file.
        self._db = sqlite3.connect(
            # One thread at a time uses it; which one is no concern of this file.
            path,
            timeout=1,
            isolation_level=None,
            check_same_thread=False,
        )
        self.last_ns: int | None = None
        """The time of the last commit; None in a new file."""
        self.first_ns: int | None = None
        """The time of the venue's first quote, where its script counts from it."""
        self._written = Counters()
        try:
            self._db.executescript(SCHEMA)
            self._identify(venue_id)
        except (sqlite3.DatabaseError, StateFileError) as error:
            self._db.close()
            raise StateFileError(f"{path}: {error}") from error

    def _identify(self, venue_id: VenueId) -> None:
        row = self._db.execute("SELECT format, venue_id, last_ns, orders, reports, places FROM venue").fetchone()
        if row is None:
            self._db.execute("INSERT INTO venue VALUES (?, ?, NULL, 0, 0, 0)", (FORMAT, venue_id))
            return
        if row[:2] != (FORMAT, venue_id):
            raise StateFileError(f"{row[0]!r} of venue {row[1]!r}, wanted {FORMAT!r} of venue {venue_id!r}")
        self.last_ns = row[2]
        began = self._db.execute("SELECT first_ns FROM began").fetchone()
        self.first_ns = None if began is None else began[0]
        self._written = Counters(*row[3:])

    def begin(self, first_ns: int) -> None:
        """Note when the first quote came."""
        self._db.execute("INSERT INTO began VALUES (?)", (first_ns,))
        self.first_ns = first_ns

    def load(self) -> State:
        db = self._db
        order, fill = msgspec.json.Decoder(Order), msgspec.json.Decoder(VenueFill)
        reversed_, movement = msgspec.json.Decoder(Reversed), msgspec.json.Decoder(CashMovement)
        accounts = db.execute("SELECT id, currency, balance, new_orders FROM accounts ORDER BY id")
        positions = db.execute("SELECT account, symbol, qty, cost FROM positions ORDER BY account, symbol")
        return State(
            counters=msgspec.structs.replace(self._written),
            accounts=(AccountRow(row[0], row[1], Decimal(row[2]), row[3]) for row in accounts),
            positions=(PositionRow(row[0], row[1], Decimal(row[2]), Decimal(row[3])) for row in positions),
            orders=(order.decode(row[0]) for row in db.execute("SELECT body FROM orders ORDER BY number")),
            fills=(
                (row[0], fill.decode(row[1]))
                for row in db.execute("SELECT order_number, body FROM fills ORDER BY number")
            ),
            reversals=(
                (row[0], reversed_.decode(row[1]))
                for row in db.execute("SELECT account, body FROM reversals ORDER BY number")
            ),
            movements=(
                (row[0], movement.decode(row[1]))
                for row in db.execute("SELECT account, body FROM movements ORDER BY number")
            ),
        )

    def commit(self, changes: Changes, now_ns: int) -> bool:
        """Write what changed. Return False if nothing did."""
        counters = changes.counters
        if counters == self._written and not changes.accounts and not changes.orders:
            return False
        db, encode = self._db, self._encode
        db.execute("BEGIN")
        db.executemany(
            "INSERT OR REPLACE INTO orders VALUES (?, ?)",
            [(number, encode(order)) for number, order in changes.orders.items()],
        )
        if changes.fills:
            db.executemany(
                "INSERT OR REPLACE INTO fills VALUES (?, ?, ?)",
                [(*numbers, encode(fill)) for *numbers, fill in changes.fills],
            )
        db.executemany("DELETE FROM fills WHERE number = ?", [(number,) for number in changes.busted])
        for table, rows in (("reversals", changes.reversals), ("movements", changes.movements)):
            if rows:
                encoded = [(number, account, encode(row)) for number, account, row in rows]
                db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", encoded)  # named right above
        db.executemany(
            "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?)",
            [(a.id, a.currency, text(a.balance), a.new_orders) for a in changes.accounts.values()],
        )
        db.executemany(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)",
            [(*key, text(position.qty), text(position.cost)) for key, position in changes.positions.items()],
        )
        db.execute(
            "UPDATE venue SET last_ns = ?, orders = ?, reports = ?, places = ?",
            (now_ns, counters.orders, counters.reports, counters.places),
        )
        db.execute("COMMIT")
        self.last_ns = now_ns
        self._written = msgspec.structs.replace(counters)
        return True

    def close(self) -> None:
        self._db.close()
