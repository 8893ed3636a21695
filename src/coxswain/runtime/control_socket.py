"""The control socket of a running engine, beside its journal: one JSON command a line in, one JSON answer a line out.

Who asks is the system's to say, by the socket: never a field of what is asked. Only the owner of the journal and the
system's administrator are let in. Everything is bounded, and nothing here waits: who sends half a line is given time,
who sends too much, says nothing or does not read is hung up on. What a command means is no concern of this file.
"""

import contextlib
import os
import pwd
import shutil
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from coxswain.messages.command_json import CommandError, document_of, parse_command
from coxswain.messages.record import Record
from coxswain.runtime.doors import Asked

CONNECTIONS_MAX = 16
COMMANDS_AT_ONCE = 16
"""Of one connection, between two looks at the market."""
LINE_MAX = 65_536
IDLE_S = 60.0
PATH_MAX = 100
"""Bytes. Systems allow 104 or 108 in the name of a socket."""
CHUNK = 16_384
FOLDER = "coxswain-"

Answering = Callable[[Record], object]
"""What a record says to who asked for it, as something that JSON can hold."""


def socket_path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.sock")


def where(journal: Path) -> Path:
    """Return where the socket is: beside the journal, or where the file that stands there says it is."""
    path = socket_path(journal)
    return Path(path.read_text(encoding="utf-8").strip()) if path.is_file() else path


NOT_A_PERSON = ("engine", "flag file")
"""What the journal calls an actor that is nobody."""


class ControlSocket:
    """A door: see `doors.py`. Whoever makes one holds the journal, so a socket that is there is left from a kill."""

    def __init__(self, journal: Path, answer: Answering) -> None:
        self._answer = answer
        self._path = socket_path(journal)
        self._remove()
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            _listen(self._socket, self._listening_path())
        except OSError:
            self._socket.close()
            raise
        self._connections: dict[int, _Connection] = {}

    def filenos(self) -> Iterator[int]:
        yield self._socket.fileno()
        yield from self._connections

    def take(self, now_ns: int) -> list[Asked]:
        self._accept()
        asked: list[Asked] = []
        for connection in tuple(self._connections.values()):
            if connection.is_over:  # since the last look, so that what was asked then has its answer
                self._hang_up(connection)
                continue
            for line in connection.lines():
                question = self._read(connection, line, now_ns)
                if question is not None:
                    asked.append(question)
        return asked

    def on_record(self, record: Record) -> None:
        pass

    def close(self) -> None:
        for connection in tuple(self._connections.values()):
            self._hang_up(connection)
        self._socket.close()
        self._remove()

    def _read(self, connection: "_Connection", line: bytes, now_ns: int) -> Asked | None:
        """Return the command on a line; one that is none is answered at once."""
        try:
            message = parse_command(document_of(line), connection.actor, now_ns)
        except CommandError as error:
            connection.say({"ok": False, "errors": error.errors})
            return None
        return Asked(message, lambda record: connection.say(self._answer(record)))

    # --- connections --------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._socket.accept()
            except OSError:  # nobody is waiting, or who did has gone
                return
            uid = _uid_of(taken)
            if uid not in (os.geteuid(), 0):
                taken.close()
                continue
            if len(self._connections) >= CONNECTIONS_MAX:
                self._hang_up(min(self._connections.values(), key=lambda each: each.heard_s))
            connection = _Connection(taken, name_of_user(uid))
            self._connections[taken.fileno()] = connection

    def _hang_up(self, connection: "_Connection") -> None:
        del self._connections[connection.fileno]
        connection.close()

    # --- where it is --------------------------------------------------------------------------------------------------

    def _listening_path(self) -> Path:
        """Return where to listen. Where the name is too long for a socket, a file of that name says where it is."""
        path = self._path.absolute()
        if len(os.fsencode(path)) <= PATH_MAX:
            return path
        # A new folder, the owner's alone, in a place with a short name.
        short = Path(tempfile.mkdtemp(prefix=FOLDER, dir="/tmp")) / "sock"
        before = os.umask(0o177)
        try:
            self._path.write_text(f"{short}\n", encoding="utf-8")
        finally:
            os.umask(before)
        return short

    def _remove(self) -> None:
        if self._path.is_file():
            folder = Path(self._path.read_text(encoding="utf-8").strip()).parent
            if folder.name.startswith(FOLDER):
                shutil.rmtree(folder, ignore_errors=True)
        self._path.unlink(missing_ok=True)


class NotAnswered(Exception):
    """Nobody answered; it may have been heard all the same."""


def ask(journal: Path, line: bytes, within_s: float) -> bytes:
    """Send a running engine one line and return its answer. Raises `NotAnswered`."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            until_s = time.monotonic() + within_s
            _connect(connection, journal, until_s)
            connection.settimeout(max(until_s - time.monotonic(), 0.01))
            connection.sendall(line + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                connection.settimeout(max(until_s - time.monotonic(), 0.01))
                heard = connection.recv(CHUNK)
                if not heard:
                    raise NotAnswered(f"the engine of {journal} hung up")
                answer += heard
            return answer
    except OSError as error:
        raise NotAnswered(f"the engine of {journal} did not answer within {within_s:g} s ({error})") from error


def _connect(connection: socket.socket, journal: Path, until_s: float) -> None:
    """Connect; an engine that has just begun is given the time to listen."""
    while True:
        try:
            connection.connect(os.fspath(where(journal)))
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > until_s:
                raise
            time.sleep(0.02)
        else:
            return


class _Connection:
    """One who asks."""

    def __init__(self, taken: socket.socket, actor: str) -> None:
        taken.setblocking(False)
        self.fileno = taken.fileno()
        self.actor = actor
        self.heard_s = time.monotonic()
        self._socket = taken
        self._heard = b""
        self.is_over = False

    def lines(self) -> list[bytes]:
        """Return the whole lines that came, and remember the beginning of another.

        Nothing more is heard while there are lines that were heard before: whoever sends faster than he is answered
        fills the system's room for him, and not ours.
        """
        try:
            heard = None if b"\n" in self._heard else self._socket.recv(CHUNK)
        except BlockingIOError:
            self.is_over = self.is_over or time.monotonic() - self.heard_s > IDLE_S
            heard = None
        except OSError:
            self.is_over, heard = True, None
        if heard is not None:
            self.heard_s = time.monotonic()
            self._heard += heard
        *lines, rest = self._heard.split(b"\n", COMMANDS_AT_ONCE)
        self._heard = rest
        if heard == b"" and b"\n" not in rest:
            self.is_over = True
        if len(rest) > LINE_MAX and b"\n" not in rest:
            self.say({"ok": False, "errors": [f"a line is longer than {LINE_MAX} bytes"]})
            self.is_over = True
        return [line for line in lines if line.strip()]

    def say(self, answer: object) -> None:
        """Send a line. One that does not fit into what the system keeps for it is for somebody who does not read."""
        line = msgspec.json.encode(answer) + b"\n"
        try:
            self.is_over = self._socket.send(line) < len(line) or self.is_over
        except OSError:
            self.is_over = True

    def close(self) -> None:
        self._socket.close()


def _listen(listener: socket.socket, path: Path) -> None:
    before = os.umask(0o177)  # the owner's alone from its first moment
    try:
        listener.bind(os.fspath(path))
    finally:
        os.umask(before)
    listener.listen(CONNECTIONS_MAX)
    listener.setblocking(False)


def _uid_of(connection: socket.socket) -> int:
    """Return the user at the other end, as the system knows it."""
    if sys.platform == "darwin":
        version_and_uid: bytes = connection.getsockopt(0, 1, 8)  # SOL_LOCAL, LOCAL_PEERCRED: struct xucred
        return int(struct.unpack("2I", version_and_uid)[1])
    pid_uid_gid: bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", pid_uid_gid)[1])


def name_of_user(uid: int) -> str:
    """Return a user's name, or the number where the system knows none, or one that would be taken for the engine."""
    with contextlib.suppress(KeyError):
        name = pwd.getpwuid(uid).pw_name
        if name not in NOT_A_PERSON:
            return name
    return f"uid {uid}"
