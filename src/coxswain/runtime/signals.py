"""A stream of signals and commands, one JSON object a line. One that is no use is reported; those after it still run.

Only the order of the lines is judged here; what a signal says is judged by its parser and by the core. A pipe is read
as far as it has something to read, and never waited for: that is the loop's to do, which has others to wait for too.
"""

import os
import select
import stat
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from io import UnsupportedOperation
from typing import BinaryIO, Protocol

import msgspec

from coxswain.messages.command_json import CommandError, document_of, parse_command
from coxswain.messages.inputs import Input, NoteCommand, ReportBadSignal, SubmitSignal
from coxswain.messages.signal_json import BadSignal, parse_signal
from coxswain.model.market import Quote
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import SignalId, Symbol

CHUNK = 65_536
LINE_MAX = 1_048_576
"""Bytes; what is longer than this is no signal, and is not kept while its end is awaited."""

COMMAND = b'"command"'
"""A line with such a field is a command: no signal has one."""

Latest = Callable[[Symbol], Quote | None]


class Signals(Protocol):
    """Where signals come from, in the order of their time."""

    def next_ns(self, now_ns: int) -> int | None:
        """Return when the next one's turn comes, at the earliest now; None when there is none, or none yet."""

    def fileno(self) -> int | None:
        """After a None: what becomes readable when there may be more; None when there will be no more."""

    def take(self, now_ns: int, latest: Latest) -> Input:
        """Return the next one and move on. `latest` gives the last quote of an instrument."""


class SignalStream:
    """Reads one line ahead, so that time need never pass a signal that is still to be read."""

    def __init__(self, stream: BinaryIO, default_ttl_s: int, actor: str = "") -> None:
        """`actor` is who commands on the stream come from: the user whose process this is."""
        self._stream = stream
        self._actor = actor
        self._default_ttl_s = default_ttl_s
        self._pipe = _pipe_of(stream)
        """None where a read never blocks for long: a file."""
        self._heard = b""
        self._line = 0
        self._last: tuple[int, int] | None = None
        """The line and the time of the latest signal that gave one."""
        self._bodies: dict[SignalId, bytes] = {}
        """What each signal with a time said, as far as lines were in order: told again it is a duplicate, not late."""
        self._next: tuple[int, Input] | None = None
        self._ended = False
        self._note: NoteCommand | None = None
        self._lines: Counter[bytes] = Counter()
        """How often each command stood in the file so far."""
        self.is_known: Callable[[str], bool] = lambda line_id: False
        """Whether the journal has a command of a file already; then it is passed over."""
        self.passed_over = 0
        """Commands that were carried out before."""
        self.taken: list[int] = []
        """The lines of the signals that were passed on, in that order; lines that could not be read name themselves."""

    def next_ns(self, now_ns: int) -> int | None:
        """Return when the next message's turn comes, reading a line if none is waiting and one is there."""
        while self._next is None and (line := self._read_line()) is not None:
            self._line += 1
            if line.strip():
                self._next = self._read(line.strip(), now_ns)
        return None if self._next is None else max(self._next[0], now_ns)

    def fileno(self) -> int | None:
        return None if self._ended or self._next is not None else self._pipe

    def _read_line(self) -> bytes | None:
        """Return the next line; None when there is none, or none yet."""
        while not self._ended:
            if self._pipe is None:
                line = self._stream.readline()
                self._ended = not line
                return line or None
            line, newline, rest = self._heard.partition(b"\n")
            if newline:
                self._heard = rest
                return line
            if not select.select([self._pipe], (), (), 0)[0]:
                return None
            heard = os.read(self._pipe, CHUNK)
            self._ended = not heard
            if len(self._heard) < LINE_MAX:  # what is cut off makes the line unreadable, and it is reported as that
                self._heard += heard
            elif b"\n" in heard:
                self._heard += heard[heard.index(b"\n") :]
        line, self._heard = self._heard, b""
        return line or None

    def take(self, now_ns: int, latest: Latest) -> Input:
        if self._next is None:
            raise ValueError("no signal is waiting")
        message, self._next = self._next[1], None
        if self._note is not None:
            self._next, self._note = (now_ns, self._note), None
        if isinstance(message, SubmitSignal):
            self.taken.append(self._line)
        return message

    def _read(self, line: bytes, now_ns: int) -> tuple[int, Input] | None:
        """Return what a line says and when its turn comes; None for a command that was carried out before."""
        if COMMAND in line and (command := self._read_command(line, now_ns)) is not None:
            is_read = not isinstance(command, ReportBadSignal)
            return None if is_read and self._was_carried_out(line) else (now_ns, command)
        parsed = parse_signal(line, now_ns, self._default_ttl_s)
        where = f"line {self._line}"
        if isinstance(parsed, BadSignal):
            return now_ns, ReportBadSignal(where, parsed.errors, parsed.signal_id)
        fault = self._out_of_order(parsed)
        if fault:
            return now_ns, ReportBadSignal(where, (fault,), parsed.id)
        return parsed.signal_time_ns if parsed.time_given else now_ns, SubmitSignal(parsed)

    def _was_carried_out(self, line: bytes) -> bool:
        """A file may be fed again as a whole, and has its commands once; what comes through a pipe is said anew."""
        if self._pipe is not None:
            return False
        self._lines[line] += 1
        line_id = f"{sha256(line).hexdigest()[:32]}:{self._lines[line]}"
        if self.is_known(line_id):
            self.passed_over += 1
            return True
        self._note = NoteCommand(line_id)
        return False

    def _read_command(self, line: bytes, now_ns: int) -> Input | None:
        """Read a command, which is carried out in the order of the lines; None where the line is a signal after all."""
        try:
            document = document_of(line)
            return parse_command(document, self._actor, now_ns) if "command" in document else None
        except CommandError as error:
            return ReportBadSignal(f"line {self._line}", error.errors, None)

    def _out_of_order(self, signal: Signal) -> str:
        """Say what is wrong with a line's place. A copy of an earlier line may stand anywhere: the core knows it."""
        if not signal.time_given:
            return ""
        body, last = sha256(msgspec.json.encode(signal)).digest(), self._last
        if last is None or signal.signal_time_ns >= last[1]:
            self._last = self._line, signal.signal_time_ns
            self._bodies.setdefault(signal.id, body)
            return ""
        if self._bodies.get(signal.id) == body:
            return ""
        return f"signal_time: earlier than that of line {last[0]}; wanted lines in order of signal_time"


def _pipe_of(stream: BinaryIO) -> int | None:
    """Return the number of a pipe, a terminal or a socket; None for a file, and for bytes in memory."""
    try:
        fd = stream.fileno()
    except UnsupportedOperation:
        return None
    return None if stat.S_ISREG(os.fstat(fd).st_mode) else fd
