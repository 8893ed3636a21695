"""A venue in a process of its own: the port of `base.py` over a Unix socket, one JSON line a call.

Calls are written in their order and answered in their order, some time later; nothing here waits for an answer but
`settle`. The caller drives the time, so a simulated venue trades the same apart as it does inside; and it lives on when
the engine is killed. Only the owner of the socket may connect. Nothing about trading is known here.
"""

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from coxswain.messages.inputs import CompareAccounts, Input
from coxswain.messages.requests import CancelOrder, NewOrder, QueryAccount, QueryOrder, ReplaceOrder, Request
from coxswain.model.market import Quote
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import AccountId, ReachedVenue, Symbol, VenueId
from coxswain.venues.base import Venue, failure_of

ANSWER_WITHIN_S = 2
"""The longest that a start, or virtual time, stands still for an answer. After that it is gone, and not waited for."""
GREETING_WITHIN_S = 0.1
"""How long virtual time waits for a venue that may be back. What it says later is heard at the next attempt."""
LIMIT_S = {NewOrder: 5, ReplaceOrder: 5, CancelOrder: 5, QueryOrder: 10, QueryAccount: 10}
"""How long each request may go unanswered, in engine time."""
CALL_LIMIT_S = 5
"""The same of what asks for nothing."""
ENDED = "its process ended"
CHUNK = 65_536
CALLS_MAX = 10_000
"""Unanswered calls: what comes on top is not sent."""
QUOTES_MAX = 100
"""Unanswered calls with which quotes begin to wait, and only the latest of each instrument is kept."""
BACK_OFF_S = 1
BACK_OFF_MAX_S = 60
NS_PER_S = 1_000_000_000


class VenueGone(Exception):
    """No venue is there. Raised by `RemoteVenue()` and by nothing later."""


class Hello(msgspec.Struct, frozen=True, tag=True):
    """What the venue says of itself when somebody connects."""

    venue_id: VenueId
    capabilities: Capabilities
    last_ns: int | None
    next_ns: int | None = None


class Send(msgspec.Struct, frozen=True, tag=True):
    request: Request
    now_ns: int


class Show(msgspec.Struct, frozen=True, tag=True):
    quote: Quote


class Take(msgspec.Struct, frozen=True, tag=True):
    now_ns: int


class Answer(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """What leaves the venue, and when something is due next."""

    next_ns: int | None
    inputs: tuple[Input, ...] = ()


_to_client: msgspec.json.Decoder[Hello | Answer] = msgspec.json.Decoder(Hello | Answer)
_to_server: msgspec.json.Decoder[Send | Show | Take] = msgspec.json.Decoder(Send | Show | Take)


def _encoded(message: Hello | Answer | Send | Show | Take) -> bytes:
    return msgspec.json.encode(message) + b"\n"


# --- the engine's side ------------------------------------------------------------------------------------------------


class _Call(msgspec.Struct, frozen=True):
    """A line that is to be answered."""

    message: Send | Show | Take
    begins_at: int
    """The place of its first byte among all that were ever to be written."""
    by_ns: int
    """When it must be answered, in engine time."""


class RemoteVenue:
    """A venue behind a socket; to the loop it is a venue like any other, and after its start it never raises.

    While it is gone, requests come back as `VenueFailed` and quotes pass it by. It is looked for again after 1, 2, 4
    and up to 60 seconds of engine time; once it is back, the books of `accounts` are compared. `on_change` is told why
    it is gone, and an empty text when it is back.
    """

    def __init__(self, path: Path, accounts: Iterable[AccountId], on_change: Callable[[str], None]) -> None:
        """Connect, and wait for its greeting. Raises `VenueGone` when no venue answers there."""
        self._path = path
        self._accounts = tuple(accounts)
        self._on_change = on_change
        self._line: _Line | None = _Line(path)
        """None while it is gone."""
        self._calling: _Line | None = None
        """Connected, and not greeted yet: a venue that hangs takes a connection too."""
        self._just_called = False
        self._unanswered: deque[_Call] = deque()
        self._taking = False
        """It was asked what is due, and has not answered."""
        self._held: dict[Symbol, Quote] = {}
        """The latest quotes that it is too far behind to be shown."""
        self._heard: list[Input] = []
        """To be handed over at the next look."""
        self._now_ns = 0
        """The latest engine time that it was told."""
        self._back_off_s = self._tried_s = BACK_OFF_S
        """How long until the next look but one, and how long before the last look."""
        self._since_ns = 0
        """When it came back last."""
        hello = self._greeting_at_the_start(self._line)
        if hello is None:
            self.close()
            raise VenueGone(f"{path}: what listens there is not a venue")
        self.venue_id = hello.venue_id
        self.capabilities = hello.capabilities
        self.last_ns = hello.last_ns
        self._next_ns = hello.next_ns

    def _greeting_at_the_start(self, line: "_Line") -> Hello | None:
        until_s = time.monotonic() + ANSWER_WITHIN_S
        try:
            while not (said := line.read()):
                if not line.wait(until_s - time.monotonic()):
                    raise _Broken(f"it did not answer within {ANSWER_WITHIN_S} s")
        except _Broken as broken:
            self.close()
            raise VenueGone(f"{self._path}: {broken}") from broken
        return said[0] if isinstance(said[0], Hello) else None

    @property
    def is_gone(self) -> bool:
        return self._line is None

    def follow(self, account: AccountId) -> None:
        """Have one more account's books compared after it was gone."""
        self._accounts = (*self._accounts, account)

    def send(self, request: Request, now_ns: int) -> None:
        self._now_ns = max(self._now_ns, now_ns)
        if self._line is None:
            self._heard.append(failure_of(request, ReachedVenue.NO, "the venue is gone"))
        elif len(self._unanswered) >= CALLS_MAX:
            self._heard.append(failure_of(request, ReachedVenue.NO, f"{CALLS_MAX} calls before it are unanswered"))
        else:
            self._call(Send(request, now_ns), LIMIT_S[type(request)])

    def on_quote(self, quote: Quote) -> None:
        self._now_ns = max(self._now_ns, quote.ts_ns)
        self._hear()
        if self._line is None:
            return
        if len(self._unanswered) < QUOTES_MAX and not self._held:
            self._call(Show(quote))
        else:
            self._held.pop(quote.symbol, None)  # so that what is held stays in order of time
            self._held[quote.symbol] = quote

    def next_ns(self) -> int | None:
        if self._unanswered:
            self._hear()
        if self._heard:
            return self._now_ns
        by_ns = self._unanswered[0].by_ns if self._unanswered else None
        due = [at_ns for at_ns in (None if self._taking else self._next_ns, by_ns) if at_ns is not None]
        return min(due, default=None)

    def fileno(self) -> int | None:
        """What becomes readable is an answer, a greeting, or the end of its process."""
        line = self._line or self._calling
        return None if line is None else line.fileno()

    def take(self, now_ns: int) -> list[Input]:
        self._now_ns = max(self._now_ns, now_ns)
        if self._line is None:
            self._look_for_it()
        else:
            self._hear()
            if self._unanswered and self._unanswered[0].by_ns <= now_ns:
                call = self._unanswered[0].message
                limit_s = LIMIT_S[type(call.request)] if isinstance(call, Send) else CALL_LIMIT_S
                self._lose(f"it did not answer within {limit_s} s")
        taken, self._heard = self._heard, []
        if self._line is not None and not self._taking and self._next_ns is not None and self._next_ns <= now_ns:
            self._taking = True
            self._call(Take(now_ns))
        return taken

    def settle(self) -> None:
        """Wait until everything is answered. A venue that is silent for too long is gone."""
        while self._line is not None and self._unanswered:
            if self._line.wait(ANSWER_WITHIN_S):
                self._hear()
            else:
                self._lose(f"it did not answer within {ANSWER_WITHIN_S} s")
        if self._calling is not None and self._just_called:
            self._just_called = False
            self._calling.wait(GREETING_WITHIN_S)
            self._greet(self._calling)

    def close(self) -> None:
        for line in (self._line, self._calling):
            if line is not None:
                line.close()
        self._line = self._calling = None

    # --- calls and answers --------------------------------------------------------------------------------------------

    def _call(self, message: Send | Show | Take, limit_s: int = CALL_LIMIT_S) -> None:
        """Write a line, as far as the system takes it now. What is held goes before it: time never goes back."""
        assert self._line is not None
        held, self._held = self._held, {}
        for each in (*map(Show, held.values()), message):
            by_ns = self._now_ns + (limit_s if each is message else CALL_LIMIT_S) * NS_PER_S
            self._unanswered.append(_Call(each, self._line.to_be_written, by_ns))
            self._line.write(_encoded(each))
        self._write()

    def _write(self) -> None:
        if self._line is None:
            return
        try:
            self._line.flush()
        except _Broken as broken:
            self._lose(str(broken))

    def _hear(self) -> None:
        """Take in what came, and write what did not fit before."""
        if self._line is None:
            return
        try:
            for said in self._line.read():
                if not isinstance(said, Answer) or not self._unanswered:
                    raise _Broken(NO_ANSWER)
                call = self._unanswered.popleft()
                self._taking = self._taking and not isinstance(call.message, Take)
                self._next_ns = said.next_ns
                self._heard += said.inputs
        except _Broken as broken:
            self._lose(str(broken))
            return
        self._write()
        if self._held and len(self._unanswered) < QUOTES_MAX:
            *_, latest = self._held
            self._call(Show(self._held.pop(latest)))

    # --- gone, and back -----------------------------------------------------------------------------------------------

    def _lose(self, why: str) -> None:
        """Note that it is gone. One that goes again at once is looked for less and less often."""
        written = 0 if self._line is None else self._line.written
        for call in self._unanswered:
            if isinstance(call.message, Send):
                reached = ReachedVenue.MAYBE if call.begins_at < written else ReachedVenue.NO
                self._heard.append(failure_of(call.message.request, reached, why))
        self._unanswered.clear()
        self._held.clear()
        self._taking = False
        self.close()
        if self._now_ns - self._since_ns >= BACK_OFF_MAX_S * NS_PER_S:
            self._back_off_s = BACK_OFF_S
        self._wait()
        self._on_change(why)

    def _look_for_it(self) -> None:
        """Connect where it is time to, and hear whether it greets. One that hangs takes a connection, and is silent."""
        if self._calling is not None:
            self._greet(self._calling)
        if self._line is not None or self._next_ns is None or self._now_ns < self._next_ns:
            return
        self._tried_s = self._back_off_s
        if self._calling is None:
            try:
                self._calling = _Line(self._path)
            except VenueGone:
                pass
            else:
                self._just_called = True
                self._greet(self._calling)
        if self._line is None:
            self._wait()

    def _wait(self) -> None:
        """Look for it again later, and the next time later still."""
        self._next_ns = self._now_ns + self._back_off_s * NS_PER_S
        self._back_off_s = min(2 * self._back_off_s, BACK_OFF_MAX_S)

    def _greet(self, calling: "_Line") -> None:
        """Take a venue that greets as the one that was lost for back. Another in its place is hung up on."""
        try:
            said = calling.read()
        except _Broken:
            said, self._calling = [], None
            calling.close()
        if not said:
            return
        hello, self._calling = said[0], None
        if not isinstance(hello, Hello) or (hello.venue_id, hello.capabilities) != (self.venue_id, self.capabilities):
            calling.close()
            return
        self._line, self._next_ns, self._since_ns = calling, hello.next_ns, self._now_ns
        self._back_off_s = self._tried_s  # this look was not in vain
        self._on_change("")
        self._heard.append(CompareAccounts(f"venue {self.venue_id} is back", self._accounts))


class _Broken(Exception):
    """A connection that is of no use any more."""


NO_ANSWER = "it gave an answer that is none"


class _Line:
    """A connection that is written and read by lines, and waited for only where that is said."""

    def __init__(self, path: Path) -> None:
        """Connect. Raises `VenueGone` where nobody takes the connection at once."""
        self.written = 0
        """Bytes that left so far."""
        self._unwritten = bytearray()
        self._heard = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise VenueGone(f"{path}: no venue listens there ({error.strerror})") from error

    @property
    def to_be_written(self) -> int:
        """Return how many bytes will have left once all have."""
        return self.written + len(self._unwritten)

    def write(self, line: bytes) -> None:
        """Keep a line for `flush`."""
        self._unwritten += line

    def flush(self) -> None:
        """Write as much as the system takes."""
        try:
            while self._unwritten:
                sent = self._socket.send(self._unwritten)
                self.written += sent
                del self._unwritten[:sent]
        except BlockingIOError:
            pass
        except OSError as error:
            raise _Broken(_why(error)) from error

    def read(self) -> list[Hello | Answer]:
        """Return the whole lines that came. Whatever came before its end is heard before that."""
        try:
            while True:
                heard = self._socket.recv(CHUNK)
                if not heard:
                    break
                self._heard += heard
        except BlockingIOError:
            heard = b"there may be more"
        except OSError as error:
            raise _Broken(_why(error)) from error
        *lines, self._heard = self._heard.split(b"\n")
        if not heard and not lines:
            raise _Broken(ENDED)
        try:
            return [_to_client.decode(line) for line in lines]
        except msgspec.DecodeError as error:
            raise _Broken(NO_ANSWER) from error

    def wait(self, seconds: float) -> bool:
        """Wait until something comes, and write meanwhile what did not fit; False when nothing came in time."""
        until_s = time.monotonic() + seconds
        while True:
            writing = [self._socket] if self._unwritten else []
            left_s = max(until_s - time.monotonic(), 0)
            readable, writable, _ = select.select([self._socket], writing, [], left_s)
            if readable or not writable:
                return bool(readable)
            try:
                self.flush()
            except _Broken:
                return True  # reading says it

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()


def _why(error: OSError) -> str:
    return ENDED if isinstance(error, ConnectionError) else f"the connection broke ({error.strerror or error})"


# --- the venue's side -------------------------------------------------------------------------------------------------


def serve(venue: Venue, path: Path, listening: Callable[[], None]) -> None:
    """Answer one engine after another until interrupted; `listening` is called once connections are taken.

    What was under way to an engine that went away is lost with it, as on any wire: its successor asks.
    """
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        before = os.umask(0o177)
        try:
            server.bind(os.fspath(path))
        finally:
            os.umask(before)
        server.listen(1)
        listening()
        try:
            while True:
                connection, _ = server.accept()
                with connection:
                    _attend(venue, connection)
        finally:
            path.unlink(missing_ok=True)


def _attend(venue: Venue, connection: socket.socket) -> None:
    """Serve one engine until it hangs up."""
    # Nothing of what is written stays in a buffer, which could not be emptied any more once the engine is gone.
    with connection.makefile("rb") as lines:
        try:
            connection.sendall(_encoded(Hello(venue.venue_id, venue.capabilities, venue.last_ns, venue.next_ns())))
            for line in lines:
                connection.sendall(_encoded(_answer(venue, _to_server.decode(line))))
        except (ConnectionError, msgspec.DecodeError):
            return  # the engine is gone, killed in the middle of a line perhaps


def _answer(venue: Venue, message: Send | Show | Take) -> Answer:
    match message:
        case Send(request, now_ns):
            venue.send(request, now_ns)
            return Answer(venue.next_ns())
        case Show(quote):
            due_ns = venue.next_ns()  # what is due comes before the quote, also where the engine has not heard of it
            inputs = tuple(venue.take(quote.ts_ns)) if due_ns is not None and due_ns <= quote.ts_ns else ()
            venue.on_quote(quote)
            return Answer(venue.next_ns(), inputs)
        case Take(now_ns):
            inputs = tuple(venue.take(now_ns))
            return Answer(venue.next_ns(), inputs)
