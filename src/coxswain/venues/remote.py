"""A venue in a process of its own: the port of `base.py` over a Unix socket, one JSON line a call.

The caller drives the time, so a simulated venue trades the same apart as it does inside; and it lives on when the
engine is killed. Only the owner of the socket may connect. Nothing about trading is known here.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from coxswain.messages.inputs import CompareAccounts, Input
from coxswain.messages.requests import Request
from coxswain.model.market import Quote
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import AccountId, ReachedVenue, VenueId
from coxswain.venues.base import Venue, failure_of

ANSWER_WITHIN_S = 2
"""The longest that one call may block. A venue that is silent for longer is gone, so silences do not add up."""
GREETING_WITHIN_S = 0.1
"""How long a venue that may be back is listened to. What it says later is heard at the next attempt."""
ENDED = "its process ended"
CHUNK = 65_536
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


class RemoteVenue:
    """A venue behind a socket; to the loop it is a venue like any other, and after its start it never raises.

    While it is gone, requests come back as `VenueFailed` and quotes pass it by. It is looked for again after 1, 2, 4
    and up to 60 seconds of engine time; once it is back, the books of `accounts` are compared. `on_change` is told why
    it is gone, and an empty text when it is back.
    """

    def __init__(self, path: Path, accounts: Iterable[AccountId], on_change: Callable[[str], None]) -> None:
        """Connect. Raises `VenueGone` when no venue answers there."""
        self._path = path
        self._accounts = tuple(accounts)
        self._on_change = on_change
        self._line: _Line | None = _Line(path)
        """None while it is gone."""
        self._calling: _Line | None = None
        """Connected, and not greeted yet: a venue that hangs takes a connection too."""
        self._failures: list[Input] = []
        self._failed_ns = 0
        self._back_off_s = BACK_OFF_S
        self._since_ns = 0
        """When it came back last."""
        try:
            hello = self._line.hear(ANSWER_WITHIN_S)
        except _Broken as broken:
            self.close()
            raise VenueGone(f"{path}: {broken}") from broken
        if not isinstance(hello, Hello):
            self.close()
            raise VenueGone(f"{path}: what listens there is not a venue")
        self.venue_id = hello.venue_id
        self.capabilities = hello.capabilities
        self.last_ns = hello.last_ns
        self._next_ns = hello.next_ns

    @property
    def is_gone(self) -> bool:
        return self._line is None

    def follow(self, account: AccountId) -> None:
        """Have one more account's books compared after it was gone."""
        self._accounts = (*self._accounts, account)

    def send(self, request: Request, now_ns: int) -> None:
        reached, why = ReachedVenue.NO, "the venue is gone"
        if self._line is not None:
            try:
                self._ask(self._line, Send(request, now_ns))
                return
            except _Broken as broken:
                reached, why = ReachedVenue.MAYBE if broken.written else ReachedVenue.NO, str(broken)
                self._lose(why, now_ns)
        self._failures.append(failure_of(request, reached, why))
        self._failed_ns = now_ns

    def on_quote(self, quote: Quote) -> None:
        if self._line is not None:
            try:
                self._ask(self._line, Show(quote))
            except _Broken as broken:
                self._lose(str(broken), quote.ts_ns)

    def next_ns(self) -> int | None:
        return self._failed_ns if self._failures else self._next_ns

    def fileno(self) -> int | None:
        """It says nothing unasked: what becomes readable by itself is the end of its process."""
        return None if self._line is None else self._line.fileno()

    def take(self, now_ns: int) -> list[Input]:
        taken, self._failures = self._failures, []
        if self._line is None:
            return taken + self._look_for_it(now_ns)
        try:
            return [*taken, *self._ask(self._line, Take(now_ns)).inputs]
        except _Broken as broken:
            self._lose(str(broken), now_ns)
            return taken

    def close(self) -> None:
        for line in (self._line, self._calling):
            if line is not None:
                line.close()
        self._line = self._calling = None

    def _ask(self, line: "_Line", message: Send | Show | Take) -> Answer:
        answer = line.ask(message)
        self._next_ns = answer.next_ns
        return answer

    # --- gone, and back -----------------------------------------------------------------------------------------------

    def _lose(self, why: str, now_ns: int) -> None:
        """Note that it is gone. One that goes again at once is looked for less and less often."""
        self.close()
        if now_ns - self._since_ns >= BACK_OFF_MAX_S * NS_PER_S:
            self._back_off_s = BACK_OFF_S
        self._wait(now_ns)
        self._on_change(why)

    def _wait(self, now_ns: int) -> None:
        self._next_ns = now_ns + self._back_off_s * NS_PER_S
        self._back_off_s = min(2 * self._back_off_s, BACK_OFF_MAX_S)

    def _look_for_it(self, now_ns: int) -> list[Input]:
        if self._next_ns is None or now_ns < self._next_ns:
            return []
        hello = self._greeting()
        if hello is None:
            self._wait(now_ns)
            return []
        self._next_ns, self._since_ns = hello.next_ns, now_ns
        self._on_change("")
        return [CompareAccounts(f"venue {self.venue_id} is back", self._accounts)]

    def _greeting(self) -> Hello | None:
        """Connect if it takes that, and return how it greets. A connection without a greeting is kept for next time."""
        hello, within_s = None, 0.0
        try:
            if self._calling is None:
                self._calling, within_s = _Line(self._path), GREETING_WITHIN_S
            hello = self._calling.hear(within_s)
        except _Silent:
            return None
        except (VenueGone, _Broken):
            pass  # nobody there, or gone again
        line, self._calling = self._calling, None
        if line is None:
            return None
        if isinstance(hello, Hello) and (hello.venue_id, hello.capabilities) == (self.venue_id, self.capabilities):
            self._line = line
            return hello
        line.close()
        return None


class _Broken(Exception):
    """A connection that is of no use any more. Once something was written, it may have got there."""

    def __init__(self, why: str, *, written: bool) -> None:
        super().__init__(why)
        self.written = written


class _Silent(_Broken):
    """Nothing came in time."""


class _Line:
    """A connection that is written and read by lines, each within a time limit, however slowly its bytes come."""

    def __init__(self, path: Path) -> None:
        self._heard = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_WITHIN_S)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise VenueGone(f"{path}: no venue listens there ({error.strerror})") from error

    def ask(self, message: Send | Show | Take) -> Answer:
        line, written = _encoded(message), False
        try:
            self._socket.settimeout(ANSWER_WITHIN_S)
            sent = self._socket.send(line)
            written = True
            if sent < len(line):
                self._socket.sendall(line[sent:])
        except OSError as error:
            raise _Broken(_why(error), written=written) from error
        answer = self.hear(ANSWER_WITHIN_S)
        if not isinstance(answer, Answer):
            raise _Broken("it gave an answer that is none", written=True)
        return answer

    def hear(self, within_s: float) -> Hello | Answer:
        """Read one line."""
        until_s = time.monotonic() + within_s
        try:
            while not self._heard.endswith(b"\n"):
                self._socket.settimeout(max(until_s - time.monotonic(), 0))
                heard = self._socket.recv(CHUNK)
                if not heard:
                    raise _Broken(ENDED, written=True)
                self._heard += heard
            line, self._heard = self._heard, b""
            return _to_client.decode(line)
        except (TimeoutError, BlockingIOError) as error:
            raise _Silent(f"it did not answer within {ANSWER_WITHIN_S} s", written=True) from error
        except OSError as error:
            raise _Broken(_why(error), written=True) from error
        except msgspec.DecodeError as error:
            raise _Broken("it gave an answer that is none", written=True) from error

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
            venue.on_quote(quote)
            return Answer(venue.next_ns())
        case Take(now_ns):
            inputs = tuple(venue.take(now_ns))
            return Answer(venue.next_ns(), inputs)
