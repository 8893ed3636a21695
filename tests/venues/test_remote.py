"""A venue behind a socket that ends, hangs or talks nonsense: to the loop it is a venue that takes nothing for a while.

The engine's end is driven here against scripted ones; that real processes trade through it is proved in `tests/e2e`.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from coxswain.messages.inputs import CompareAccounts, VenueFailed
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder
from coxswain.model.market import Quote
from coxswain.model.vocabulary import ClOrdId, ReachedVenue, TimeInForce, VenueId
from coxswain.venues import remote
from coxswain.venues.paper import CAPABILITIES
from coxswain.venues.remote import Answer, Hello, RemoteVenue, VenueGone
from tests.venues.desk import BUY, MARKET, SECOND, SHARE, START_NS, A, B, D

ORDER, NEW_ID = ClOrdId("o"), ClOrdId("n")
NEW = NewOrder(A, ORDER, SHARE, BUY, MARKET, TimeInForce.DAY, D(1))
QUOTE = Quote(SHARE, D(99), D(101), START_NS)
HELLO, DONE = Hello(VenueId("v"), CAPABILITIES, None), Answer(None)
GARBAGE = b"this is no JSON\n"

Says = Hello | Answer | bytes | None
"""What a scripted venue says at a turn; None is silence."""


class Scripted:
    """Listens on a socket. Each connection has a script: it greets with the first entry, answers with the others, and
    hangs up when there are no more."""

    def __init__(self, path: Path, *scripts: list[Says]) -> None:
        self.heard: list[bytes] = []
        self._over = threading.Event()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(4)
        self._thread = threading.Thread(target=self._serve, args=(scripts,))
        self._thread.start()

    def _serve(self, scripts: tuple[list[Says], ...]) -> None:
        for script in scripts:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                for number, says in enumerate(script):
                    if number and not self._hear(lines.readline()):
                        break
                    if says is None:
                        self._over.wait(10)
                    else:
                        connection.sendall(says if isinstance(says, bytes) else msgspec.json.encode(says) + b"\n")

    def _hear(self, line: bytes) -> bool:
        self.heard.append(line)
        return bool(line)

    def wait_for_its_end(self) -> None:
        self._thread.join()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()


class Wired:
    """Opens scripted venues and one remote venue on a socket, and closes all."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "v.sock"
        self.told: list[str] = []
        self._closing: list[Callable[[], None]] = []

    def listen(self, *scripts: list[Says]) -> Scripted:
        self.path.unlink(missing_ok=True)
        scripted = Scripted(self.path, *scripts)
        self._closing.append(scripted.close)
        return scripted

    def connect(self) -> RemoteVenue:
        venue = RemoteVenue(self.path, (A, B), self.told.append)
        self._closing.append(venue.close)
        return venue

    def close(self) -> None:
        while self._closing:
            self._closing.pop()()


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    monkeypatch.setattr(remote, "ANSWER_WITHIN_S", 0.2)
    wired = Wired(tmp_path)
    yield wired
    wired.close()


def failure(cl_ord_id: ClOrdId | None, reached: ReachedVenue, why: str) -> VenueFailed:
    return VenueFailed(A, cl_ord_id, reached, why)


def attempts(venue: RemoteVenue, count: int) -> list[int]:
    """Let it look for its venue as often as it wants to; return after how many seconds each."""
    waits, now_ns = [], START_NS
    for _ in range(count):
        due_ns = venue.next_ns()
        assert due_ns is not None
        waits.append((due_ns - now_ns) // SECOND)
        now_ns = due_ns
        assert venue.take(now_ns) == []
    return waits


# --- going ------------------------------------------------------------------------------------------------------------


def test_a_request_that_was_written_and_not_answered_may_have_reached_the_venue(wired: Wired) -> None:
    wired.listen([HELLO, None])
    venue = wired.connect()
    venue.send(NEW, START_NS)
    assert venue.is_gone
    assert venue.next_ns() == START_NS
    assert venue.take(START_NS) == [failure(ORDER, ReachedVenue.MAYBE, "it did not answer within 0.2 s")]


def test_a_request_after_which_the_venue_ended_may_have_reached_it(wired: Wired) -> None:
    scripted = wired.listen([HELLO, b""])
    venue = wired.connect()
    venue.send(NEW, START_NS)
    assert len(scripted.heard) == 1
    assert venue.take(START_NS) == [failure(ORDER, ReachedVenue.MAYBE, "its process ended")]


def test_a_request_that_could_not_be_written_did_not_reach_the_venue(wired: Wired) -> None:
    scripted = wired.listen([HELLO])
    venue = wired.connect()
    scripted.wait_for_its_end()
    venue.send(NEW, START_NS)
    assert venue.take(START_NS) == [failure(ORDER, ReachedVenue.NO, "its process ended")]


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (NEW, ORDER),
        (CancelOrder(A, ORDER, SHARE), ORDER),
        (QueryOrder(A, ORDER, SHARE), ORDER),
        (ReplaceOrder(A, NEW_ID, ORDER, SHARE, D(2)), ORDER),
        (QueryAccount(A, 0), None),
    ],
)
def test_while_it_is_gone_every_request_comes_back_under_the_id_its_order_goes_by(
    wired: Wired, request_: NewOrder, named: ClOrdId | None
) -> None:
    wired.listen([HELLO, b""])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    assert venue.is_gone
    venue.send(request_, START_NS)
    assert venue.take(START_NS) == [failure(named, ReachedVenue.NO, "the venue is gone")]
    assert venue.take(START_NS) == []


def test_an_answer_that_is_none_is_the_end_of_it_and_no_crash(wired: Wired) -> None:
    wired.listen([HELLO, GARBAGE])
    venue = wired.connect()
    assert venue.take(START_NS) == []
    assert wired.told == ["it gave an answer that is none"]


def test_one_silence_is_waited_for_once_however_many_quotes_follow(wired: Wired) -> None:
    scripted = wired.listen([HELLO, None])
    venue = wired.connect()
    for _ in range(1000):
        venue.on_quote(QUOTE)
    assert len(scripted.heard) == 1
    assert wired.told == ["it did not answer within 0.2 s"]


# --- coming back ------------------------------------------------------------------------------------------------------


def test_it_is_looked_for_less_and_less_often_in_engine_time(wired: Wired) -> None:
    wired.listen([HELLO, b""])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    wired.path.unlink()
    assert attempts(venue, 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(wired.told) == 1


def test_when_it_is_back_its_accounts_are_compared_and_its_agenda_counts(wired: Wired) -> None:
    back = Hello(VenueId("v"), CAPABILITIES, START_NS, START_NS + 7)
    wired.listen([HELLO, b""], [back, Answer(None)])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    assert venue.take(START_NS) == []
    assert venue.take(START_NS + SECOND) == [CompareAccounts("venue v is back", (A, B))]
    assert not venue.is_gone
    assert venue.next_ns() == START_NS + 7
    assert venue.take(START_NS + SECOND) == []
    assert wired.told == ["its process ended", ""]


def test_one_that_hangs_takes_connections_and_is_not_waited_for_again(wired: Wired) -> None:
    wired.listen([HELLO, b""], [None])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    assert attempts(venue, 4) == [1, 2, 4, 8]
    assert venue.is_gone


def test_one_that_goes_as_soon_as_it_is_back_is_not_looked_for_as_often_again(wired: Wired) -> None:
    wired.listen([HELLO, b""], [HELLO, b""], [HELLO, b""])
    venue, now_ns, waits = wired.connect(), START_NS, []
    for _ in range(3):
        venue.on_quote(msgspec.structs.replace(QUOTE, ts_ns=now_ns))
        due_ns = venue.next_ns()
        assert due_ns is not None
        waits.append((due_ns - now_ns) // SECOND)
        now_ns = due_ns
        venue.take(now_ns)
    assert waits == [1, 2, 4]


def test_another_venue_in_its_place_is_not_taken_for_it(wired: Wired) -> None:
    other = Hello(VenueId("w"), CAPABILITIES, None)
    less = Hello(VenueId("v"), msgspec.structs.replace(CAPABILITIES, native_oco=False), None)
    wired.listen([HELLO, b""], [other], [less])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    assert attempts(venue, 2) == [1, 2]
    assert venue.is_gone


# --- the start --------------------------------------------------------------------------------------------------------


def test_a_venue_that_is_not_there_at_the_start_is_an_error(wired: Wired) -> None:
    with pytest.raises(VenueGone, match=r"no venue listens there \(No such file"):
        wired.connect()


@pytest.mark.parametrize("greeting", [None, GARBAGE, DONE])
def test_what_does_not_greet_as_a_venue_is_none(wired: Wired, greeting: Says) -> None:
    wired.listen([greeting])
    with pytest.raises(VenueGone):
        wired.connect()


def test_an_answer_may_come_in_pieces(wired: Wired) -> None:
    hello = msgspec.json.encode(HELLO) + b"\n"

    class Slow(Scripted):
        def _serve(self, scripts: tuple[list[Says], ...]) -> None:
            connection, _ = self._server.accept()
            with connection:
                for byte in (hello[:9], hello[9:]):
                    connection.sendall(byte)
                    self._over.wait(0.05)
                self._over.wait(10)

    slow = Slow(wired.path)
    wired._closing.append(slow.close)
    assert wired.connect().venue_id == "v"
