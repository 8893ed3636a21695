"""A venue behind a socket that ends, hangs or talks nonsense: to the loop it is a venue that takes nothing for a while.

The engine's end is driven here against scripted ones; that real processes trade through it is proved in `tests/e2e`.
"""

import contextlib
import socket
import threading
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from coxswain.messages.inputs import CompareAccounts, Input, VenueFailed
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
        assert taken(venue, now_ns) == []
    return waits


def taken(venue: RemoteVenue, now_ns: int) -> list[Input]:
    """Take what is due by now, and what comes of it: virtual time waits for that."""
    first = venue.take(now_ns)
    venue.settle()
    return first + venue.take(now_ns)


# --- going ------------------------------------------------------------------------------------------------------------


def test_a_request_that_was_written_and_not_answered_may_have_reached_the_venue(wired: Wired) -> None:
    wired.listen([HELLO, None])
    venue = wired.connect()
    venue.send(NEW, START_NS)
    venue.settle()
    assert venue.is_gone
    assert venue.next_ns() == START_NS
    assert venue.take(START_NS) == [failure(ORDER, ReachedVenue.MAYBE, "it did not answer within 0.2 s")]


def test_a_request_after_which_the_venue_ended_may_have_reached_it(wired: Wired) -> None:
    scripted = wired.listen([HELLO, b""])
    venue = wired.connect()
    venue.send(NEW, START_NS)
    venue.settle()
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
    venue.settle()
    assert venue.is_gone
    venue.send(request_, START_NS)
    assert venue.take(START_NS) == [failure(named, ReachedVenue.NO, "the venue is gone")]
    assert venue.take(START_NS) == []


def test_an_answer_that_is_none_is_the_end_of_it_and_no_crash(wired: Wired) -> None:
    wired.listen([HELLO, GARBAGE])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    assert taken(venue, START_NS) == []
    assert wired.told == ["it gave an answer that is none"]


def test_one_silence_is_waited_for_once_however_many_quotes_follow(wired: Wired) -> None:
    scripted = wired.listen([HELLO, None])
    venue = wired.connect()
    for _ in range(1000):
        venue.on_quote(QUOTE)
        venue.settle()
    assert len(scripted.heard) == 1
    assert wired.told == ["it did not answer within 0.2 s"]


# --- nobody is held up ------------------------------------------------------------------------------------------------


class ByHand:
    """A venue that the test plays: it reads what was written, and answers when it likes."""

    def __init__(self, wired: Wired) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(wired.path))
        server.listen(1)
        connecting = threading.Thread(target=lambda: setattr(self, "connection", server.accept()[0]))
        connecting.start()
        self.connection: socket.socket
        self._begun = b""
        """Of a line that is not whole yet."""

        def greet() -> None:
            connecting.join()
            self.say(HELLO)

        greeting = threading.Thread(target=greet)
        greeting.start()
        self.venue = wired.connect()
        greeting.join()
        wired._closing += [server.close, self.connection.close]

    def say(self, *messages: Hello | Answer) -> None:
        self.connection.sendall(b"".join(msgspec.json.encode(each) + b"\n" for each in messages))

    def heard(self) -> list[dict[str, typing.Any]]:
        """Return every line that was written so far."""
        self.connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while more := self.connection.recv(1 << 20):
                self._begun += more
        self.connection.setblocking(True)
        *lines, self._begun = self._begun.split(b"\n")
        return [msgspec.json.decode(line) for line in lines]


@pytest.fixture
def by_hand(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> ByHand:
    """After its start, whoever waits for it fails."""

    def waits(self: object, seconds: float) -> bool:
        raise AssertionError("nothing but settle may wait")

    played = ByHand(wired)
    monkeypatch.setattr(remote._Line, "wait", waits)
    return played


@pytest.mark.parametrize(
    ("request_", "limit_s"),
    [
        (NEW, 5),
        (ReplaceOrder(A, NEW_ID, ORDER, SHARE, D(2)), 5),
        (CancelOrder(A, ORDER, SHARE), 5),
        (QueryOrder(A, ORDER, SHARE), 10),
        (QueryAccount(A, 0), 10),
    ],
)
def test_silence_is_never_waited_for_and_after_its_limit_it_is_unknown(
    by_hand: ByHand, wired: Wired, request_: NewOrder, limit_s: int
) -> None:
    venue = by_hand.venue
    venue.send(request_, START_NS)
    assert venue.next_ns() == START_NS + limit_s * SECOND
    assert venue.take(START_NS + limit_s * SECOND - 1) == []
    assert not venue.is_gone
    (failed,) = venue.take(START_NS + limit_s * SECOND)
    assert isinstance(failed, VenueFailed)
    assert failed.reached_venue is ReachedVenue.MAYBE
    assert wired.told == [f"it did not answer within {limit_s} s"]


def test_an_answer_comes_whenever_it_comes_and_is_handed_over_at_the_next_look(by_hand: ByHand) -> None:
    venue = by_hand.venue
    venue.send(NEW, START_NS)
    assert venue.take(START_NS) == []
    by_hand.say(Answer(START_NS + SECOND))
    assert venue.next_ns() == START_NS + SECOND
    assert venue.take(START_NS + SECOND) == [], "it is asked what is due, and not waited for"
    assert venue.take(START_NS + SECOND) == []
    report = CompareAccounts("stands for a report")
    by_hand.say(Answer(None, (report,)))
    assert venue.next_ns() == START_NS + SECOND
    assert venue.take(START_NS + SECOND) == [report]
    assert venue.next_ns() is None
    assert [line["type"] for line in by_hand.heard()] == ["Send", "Take"]


def test_what_did_not_fit_did_not_reach_the_venue_and_what_may_have_left_may_have(by_hand: ByHand) -> None:
    venue = by_hand.venue
    for _ in range(5_000):  # more than the system keeps for a reader that does not read
        venue.send(NEW, START_NS)
    failed = venue.take(START_NS + 5 * SECOND)
    reached = [each.reached_venue for each in failed if isinstance(each, VenueFailed)]
    assert len(reached) == 5_000
    assert (reached[0], reached[-1]) == (ReachedVenue.MAYBE, ReachedVenue.NO)
    assert reached == sorted(reached, key=[ReachedVenue.MAYBE, ReachedVenue.NO].index)


def test_what_did_not_fit_is_written_when_there_is_room_and_in_order(by_hand: ByHand) -> None:
    venue, heard = by_hand.venue, []
    for number in range(5_000):
        venue.send(CancelOrder(A, ClOrdId(f"o{number}"), SHARE), START_NS)
    while found := by_hand.heard():
        heard += found
        by_hand.say(*[DONE] * len(found))
        venue.take(START_NS)
    assert [line["request"]["cl_ord_id"] for line in heard] == [f"o{number}" for number in range(5_000)]
    assert venue.next_ns() is None


def test_what_is_under_way_has_a_bound(by_hand: ByHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "CALLS_MAX", 2)
    for _ in range(3):
        by_hand.venue.send(NEW, START_NS)
    assert by_hand.venue.take(START_NS) == [failure(ORDER, ReachedVenue.NO, "2 calls before it are unanswered")]
    assert len(by_hand.heard()) == 2


def test_a_venue_that_is_behind_is_shown_the_latest_quote_and_no_older_one(
    by_hand: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "QUOTES_MAX", 1)
    for number in range(4):
        by_hand.venue.on_quote(msgspec.structs.replace(QUOTE, ts_ns=START_NS + number))
    by_hand.say(DONE)
    assert by_hand.venue.take(START_NS + 3) == []
    assert [line["quote"]["ts_ns"] for line in by_hand.heard()] == [START_NS, START_NS + 3]


@pytest.mark.parametrize("says_it", ["send", "on_quote", "take", "next_ns"])
def test_its_end_is_no_crash_whatever_notices_it(by_hand: ByHand, wired: Wired, says_it: str) -> None:
    venue = by_hand.venue
    venue.send(NEW, START_NS)
    by_hand.connection.close()
    match says_it:
        case "send":
            venue.send(CancelOrder(A, ORDER, SHARE), START_NS)
        case "on_quote":
            venue.on_quote(QUOTE)
        case "next_ns":
            assert venue.next_ns() == START_NS
        case _:
            pass
    failed = venue.take(START_NS)
    assert isinstance(failed[0], VenueFailed)
    assert failed[0].reached_venue is ReachedVenue.MAYBE
    assert wired.told == ["its process ended"]


def test_a_quote_that_is_held_is_shown_before_the_request_that_follows_it(
    by_hand: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "QUOTES_MAX", 1)
    for number in range(3):
        by_hand.venue.on_quote(msgspec.structs.replace(QUOTE, ts_ns=START_NS + number))
    by_hand.venue.send(NEW, START_NS + 2)
    assert [line["type"] for line in by_hand.heard()] == ["Show", "Show", "Send"]


# --- coming back ------------------------------------------------------------------------------------------------------


def test_it_is_looked_for_less_and_less_often_in_engine_time(wired: Wired) -> None:
    wired.listen([HELLO, b""])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    venue.settle()
    wired.path.unlink()
    assert attempts(venue, 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(wired.told) == 1


def test_when_it_is_back_its_accounts_are_compared_and_its_agenda_counts(wired: Wired) -> None:
    back = Hello(VenueId("v"), CAPABILITIES, START_NS, START_NS + 7 * SECOND)
    wired.listen([HELLO, b""], [back, Answer(None)])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    venue.settle()
    assert venue.take(START_NS) == []
    assert taken(venue, START_NS + SECOND) == [CompareAccounts("venue v is back", (A, B))]
    assert not venue.is_gone
    assert venue.next_ns() == START_NS + 7 * SECOND
    assert taken(venue, START_NS + SECOND) == []
    assert wired.told == ["its process ended", ""]


def test_one_that_hangs_takes_connections_and_is_not_waited_for_again(wired: Wired) -> None:
    wired.listen([HELLO, b""], [None])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    venue.settle()
    assert attempts(venue, 4) == [1, 2, 4, 8]
    assert venue.is_gone


def test_one_that_goes_as_soon_as_it_is_back_is_not_looked_for_as_often_again(wired: Wired) -> None:
    wired.listen([HELLO, b""], [HELLO, b""], [HELLO, b""])
    venue, now_ns, waits = wired.connect(), START_NS, []
    for _ in range(3):
        venue.on_quote(msgspec.structs.replace(QUOTE, ts_ns=now_ns))
        venue.settle()
        due_ns = venue.next_ns()
        assert due_ns is not None
        waits.append((due_ns - now_ns) // SECOND)
        now_ns = due_ns
        taken(venue, now_ns)
    assert waits == [1, 2, 4]


def test_another_venue_in_its_place_is_not_taken_for_it(wired: Wired) -> None:
    other = Hello(VenueId("w"), CAPABILITIES, None)
    less = Hello(VenueId("v"), msgspec.structs.replace(CAPABILITIES, native_oco=False), None)
    wired.listen([HELLO, b""], [other], [less])
    venue = wired.connect()
    venue.on_quote(QUOTE)
    venue.settle()
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
