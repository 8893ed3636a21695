"""Where the journal has what left the engine's memory, and how it comes back: before an input that names any of it.

An index, made of the records alone: hashes of ids, and the record with which each left. It says only where to look;
what it finds is read from the journal, against the chain, and counts where the id stands there. So a hash that two ids
share costs a look and no more, and nothing that stands beside the journal is ever believed. It is kept in memory, some
hundred bytes an order, and within the snapshot, whose bytes the journal vouches for; without one a start makes it anew
while it folds. Nothing here decides what leaves.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b

from msgspec.structs import replace

from coxswain.core.past import is_here
from coxswain.core.state import Account, State, find_order
from coxswain.journal.store import Journal, Reader
from coxswain.messages import inputs as inp
from coxswain.messages.archived import Archived
from coxswain.messages.events import Event, OrdersArchived
from coxswain.messages.record import Record, decode
from coxswain.model.orders import VenueReversal
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, ExecType, SignalId, Symbol

AT_ONCE = 64
"""Signals that one record puts back."""
REBOOKED_MAX = 1_000
"""Records that are read to book a position again of which an old fill was taken back; of more, only its own is."""

Name = tuple[str, str, str]
"""What kind of id, of which account, and the id."""


class Archive:
    """The index of one journal. `note` is shown each record, in order; `prepare` each input before it is stepped."""

    def __init__(self, journal: Journal | Reader) -> None:
        self._journal = journal
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("CREATE TABLE left (hash INTEGER, seq INTEGER, PRIMARY KEY (hash, seq)) WITHOUT ROWID")
        self._is_empty = True
        self._undurable: dict[int, OrdersArchived] = {}
        """By record, until the journal has it."""

    def note(self, record: Record) -> None:
        """Take what a step let leave; the record need not be durable yet."""
        if record.events and isinstance(record.events[-1], OrdersArchived):  # it is what a step does last
            self._undurable = {seq: event for seq, event in self._undurable.items() if seq > self._journal.head.seq}
            self._undurable[record.seq] = record.events[-1]
            self.take(record.seq, record.events)

    def take(self, seq: int, events: Iterable[Event]) -> None:
        """Take what the events of a record of the journal let leave."""
        for event in events:
            if isinstance(event, OrdersArchived):
                rows = {(_hash(name), seq) for archived in event.archived for name in _names(archived)}
                self._db.executemany("INSERT OR IGNORE INTO left VALUES (?, ?)", rows)
                self._is_empty = False

    def keep(self) -> bytes:
        """Return the index, for `remember` of another."""
        return self._db.serialize()

    def remember(self, kept: bytes) -> None:
        """Know what another index knew at its `keep`."""
        self._db.deserialize(kept)
        self._is_empty = False

    def prepare(self, message: inp.Input, state: State) -> tuple[list[inp.RecallOrders], inp.Input]:
        """Return what is to be put back before an input is stepped, and the input with what it has to carry itself."""
        if self._is_empty:
            return [], message
        if isinstance(message, inp.SubmitSignal):
            message = self._with_known(message, state)
        named = _NAMED_BY.get(type(message))
        if named is None:
            return [], message
        found: dict[SignalId, Archived] = {}
        for name in named(message, state):
            for archived in self._find(name, state):
                found.setdefault(archived.signal_id, archived)
        for account_id, symbol in _rebooked_by(message, state, found.values()):
            name = ("position", account_id, symbol)
            if self._count(name) <= REBOOKED_MAX:
                found |= {each.signal_id: each for each in self._find(name, state)}
        back = list(found.values())
        return [inp.RecallOrders(tuple(back[at : at + AT_ONCE])) for at in range(0, len(back), AT_ONCE)], message

    def _with_known(self, message: inp.SubmitSignal, state: State) -> inp.SubmitSignal:
        """Let a signal carry the one of its id that was taken before: fed again, a long file puts nothing back."""
        signal_id = message.signal.id
        if signal_id in state.signals:
            return message
        for archived in self._find(("signal", "", signal_id), state):
            for signal in archived.signals:
                if signal.id == signal_id:
                    return replace(message, known=signal)
        return message

    def _find(self, name: Name, state: State) -> Iterator[Archived]:
        """Yield what left under a name and is not back, each as it left last."""
        seen: set[SignalId] = set()
        for (seq,) in self._db.execute("SELECT seq FROM left WHERE hash = ? ORDER BY seq DESC", (_hash(name),)):
            for archived in self._read(seq):
                known = archived.signal_id
                if known in seen or is_here(state, known) or name not in _names(archived):
                    continue
                seen.add(known)
                yield archived

    def _count(self, name: Name) -> int:
        (count,) = self._db.execute("SELECT count(*) FROM left WHERE hash = ?", (_hash(name),)).fetchone()
        return int(count)

    def _read(self, seq: int) -> tuple[Archived, ...]:
        undurable = self._undurable.get(seq)
        if undurable is not None:
            return undurable.archived
        _, body = next(iter(self._journal.read(seq)))
        events = (event for event in decode(body).events if isinstance(event, OrdersArchived))
        return tuple(archived for event in events for archived in event.archived)


def _hash(name: Name) -> int:
    digest = blake2b("\0".join(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _names(archived: Archived) -> set[Name]:
    return {
        *(("signal", "", signal_id) for signal_id in archived.ids),
        *(("order", account_id, cl_ord_id) for account_id, cl_ord_id in archived.orders),
        *(("fill", account_id, exec_id) for account_id, exec_id in archived.exec_ids),
        *(("position", account_id, symbol) for account_id, symbol in archived.positions),
    }


# --- what inputs name -------------------------------------------------------------------------------------------------


def _signals(state: State, *names: SignalId | None) -> Iterator[Name]:
    for name in names:
        if name is not None and name not in state.plans and name not in state.direct_ids:
            yield "signal", "", name


def _orders(account: Account, *names: ClOrdId | None) -> Iterator[Name]:
    for name in names:
        if name is not None and find_order(account, name) is None:
            yield "order", account.spec.id, name


def _fills(account: Account, *names: ExecId | None) -> Iterator[Name]:
    for name in names:
        if name is not None and name not in account.exec_ids:
            yield "fill", account.spec.id, name


def _of_anyone(state: State, *names: ClOrdId) -> Iterator[Name]:
    """A person names an order without its account."""
    for name in names:
        if all(find_order(account, name) is None for account in state.accounts.values()):
            yield from (("order", account_id, name) for account_id in state.accounts)


def _by_signal(message: inp.SubmitSignal, state: State) -> Iterator[Name]:
    """One that carries what is known of its id needs nothing else of it."""
    return _signals(state, None if message.known is not None else message.signal.id, message.signal.spread)


def _by_report(message: inp.ExecutionReport, state: State) -> Iterator[Name]:
    account = state.accounts.get(message.account)
    if account is not None:
        yield from _orders(account, message.cl_ord_id, message.orig_cl_ord_id)
        if message.exec_type in WITH_A_FILL:
            yield from _fills(account, message.exec_id, _first_id(account, message.exec_ref_id))


def _by_answer(message: inp.OrderLookedUp | inp.AccountLookedUp, state: State) -> Iterator[Name]:
    account = state.accounts.get(message.account)
    if account is None:
        return
    for fill in message.fills:
        yield from _orders(account, fill.cl_ord_id)
        yield from _fills(account, fill.exec_id)
    if isinstance(message, inp.OrderLookedUp):
        yield from _orders(account, message.cl_ord_id)
        return
    for order in message.orders:
        yield from _orders(account, order.cl_ord_id)
    for reversal in message.reversals:
        yield from _orders(account, reversal.cl_ord_id)
        yield from _fills(account, reversal.exec_id, _first_id(account, reversal.exec_ref_id))


def _by_request(message: inp.VenueFailed | inp.EgressRefused, state: State) -> Iterator[Name]:
    account = state.accounts.get(message.account)
    if account is not None:
        yield from _orders(account, message.cl_ord_id)


def _by_refusal(message: inp.CancelRejected, state: State) -> Iterator[Name]:
    account = state.accounts.get(message.account)
    if account is not None:
        yield from _orders(account, message.orig_cl_ord_id)


def _by_kept(message: inp.KeepCommand, state: State) -> Iterator[Name]:
    match message.command:
        case inp.SubmitSignal(signal):
            return _signals(state, signal.id, signal.spread)
        case inp.ApprovePlan(signal_ids):
            return _signals(state, *signal_ids)
        case _:
            return iter(())


def _by_cancel(message: inp.CancelOrders, state: State) -> Iterator[Name]:
    yield from _of_anyone(state, *message.cl_ord_ids)
    yield from _signals(state, message.signal_id)


def _first_id(account: Account, exec_id: ExecId | None) -> ExecId | None:
    """Return the id of the fill that a bust or correction names, where it names a correction of it."""
    return None if exec_id is None else account.fill_of.get(exec_id, exec_id)


def _rebooked_by(message: inp.Input, state: State, found: Iterable[Archived]) -> Iterator[tuple[AccountId, Symbol]]:
    """Name the positions that a bust or correction books again, of which fills have left: all of them are needed."""
    reversals: Iterable[inp.ExecutionReport | VenueReversal]
    if isinstance(message, inp.AccountLookedUp):
        reversals = message.reversals
    elif isinstance(message, inp.ExecutionReport) and message.exec_type in REVERSING:
        reversals = (message,)
    else:
        return
    account = state.accounts.get(message.account)
    if account is None:
        return
    back = {exec_id for archived in found for _, exec_id in archived.exec_ids}
    for reversal in reversals:
        position = account.positions.get(reversal.symbol)
        first = _first_id(account, reversal.exec_ref_id)
        if position is None or not position.archived_fills or (first not in account.fills and first not in back):
            continue
        if all(booking.exec_id != first for booking in position.recent):
            yield account.spec.id, reversal.symbol


REVERSING = (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)
WITH_A_FILL = (ExecType.TRADE, *REVERSING)

# Each function takes the input that it stands beside; no type says that of a table.
_NAMED_BY: dict[type, Callable[..., Iterator[Name]]] = {
    inp.SubmitSignal: _by_signal,
    inp.SubmitOrder: lambda message, state: _signals(state, message.intent.signal_id),
    inp.KeepCommand: _by_kept,
    inp.ApprovePlan: lambda message, state: _signals(state, *message.signal_ids),
    inp.RejectPlan: lambda message, state: _signals(state, *message.signal_ids),
    inp.ModifyPlan: lambda message, state: _signals(state, message.signal_id),
    inp.ProposeOverride: lambda message, state: _signals(state, message.signal_id),
    inp.ChangeOrder: lambda message, state: _of_anyone(state, message.cl_ord_id),
    inp.SettleOrder: lambda message, state: _of_anyone(state, message.cl_ord_id),
    inp.CancelOrders: _by_cancel,
    inp.ExecutionReport: _by_report,
    inp.CancelRejected: _by_refusal,
    inp.OrderLookedUp: _by_answer,
    inp.AccountLookedUp: _by_answer,
    inp.VenueFailed: _by_request,
    inp.EgressRefused: _by_request,
}
