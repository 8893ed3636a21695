"""A venue in a process of its own: the port of `base.py` over a Unix socket, one JSON line a call.

The caller drives the time, so a simulated venue trades the same apart as it does inside; and it lives on when the
engine is killed. Only the owner of the socket may connect. Nothing about trading is known here.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from coxswain.messages.inputs import Input
from coxswain.messages.requests import Request
from coxswain.model.market import Quote
from coxswain.model.setup import Capabilities
from coxswain.model.vocabulary import VenueId
from coxswain.venues.base import Venue

ANSWER_WITHIN_S = 10
"""A venue process that is silent for longer is taken for dead."""


class VenueGone(Exception):
    """The venue's process does not answer. What it was sent last may have reached it."""


class Hello(msgspec.Struct, frozen=True, tag=True):
    """What the venue says of itself when somebody connects."""

    venue_id: VenueId
    capabilities: Capabilities
    last_ns: int | None


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


class Stream(Protocol):
    """A socket, read and written by lines."""

    def write(self, line: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def readline(self) -> bytes: ...


_to_client: msgspec.json.Decoder[Hello | Answer] = msgspec.json.Decoder(Hello | Answer)
_to_server: msgspec.json.Decoder[Send | Show | Take] = msgspec.json.Decoder(Send | Show | Take)


def _write(stream: Stream, message: Hello | Answer | Send | Show | Take) -> None:
    stream.write(msgspec.json.encode(message) + b"\n")
    stream.flush()


# --- the engine's side ------------------------------------------------------------------------------------------------


class RemoteVenue:
    """A venue behind a socket; to the loop it is a venue like any other. Raises `VenueGone` when it stops answering."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_WITHIN_S)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise VenueGone(f"{path}: no venue listens there ({error}); start it with: coxswain venue") from error
        self._stream = self._socket.makefile("rwb")
        hello = self._hear()
        if not isinstance(hello, Hello):
            raise VenueGone(f"{path}: what listens there is not a venue")
        self.venue_id = hello.venue_id
        self.capabilities = hello.capabilities
        self.last_ns = hello.last_ns
        self._next_ns: int | None = None

    def send(self, request: Request, now_ns: int) -> None:
        self._call(Send(request, now_ns))

    def on_quote(self, quote: Quote) -> None:
        self._call(Show(quote))

    def next_ns(self) -> int | None:
        return self._next_ns

    def take(self, now_ns: int) -> list[Input]:
        return list(self._call(Take(now_ns)).inputs)

    def close(self) -> None:
        self._socket.close()

    def _call(self, message: Send | Show | Take) -> Answer:
        try:
            _write(self._stream, message)
        except OSError as error:
            raise VenueGone(self._why(error)) from error
        answer = self._hear()
        if not isinstance(answer, Answer):
            raise VenueGone(f"{self._path}: an answer that is none")
        self._next_ns = answer.next_ns
        return answer

    def _hear(self) -> Hello | Answer:
        try:
            line = self._stream.readline()
        except OSError as error:
            raise VenueGone(self._why(error)) from error
        if not line:
            raise VenueGone(self._why(None))
        return _to_client.decode(line)

    def _why(self, error: OSError | None) -> str:
        if isinstance(error, TimeoutError):
            return f"{self._path}: the venue did not answer within {ANSWER_WITHIN_S} s"
        return f"{self._path}: the venue's process ended; start it again with: coxswain venue"


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
                with connection, connection.makefile("rwb") as stream:
                    _attend(venue, stream)
        finally:
            path.unlink(missing_ok=True)


def _attend(venue: Venue, stream: Stream) -> None:
    """Serve one engine until it hangs up."""
    try:
        _write(stream, Hello(venue.venue_id, venue.capabilities, venue.last_ns))
        while line := stream.readline():
            _write(stream, _answer(venue, _to_server.decode(line)))
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
