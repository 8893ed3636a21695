"""A stream of signals, one JSON object a line. A line that is no use is reported, and the lines after it still run.

Only the order of the lines is judged here; what a signal says is judged by its parser and by the core.
"""

from typing import BinaryIO

import msgspec

from coxswain.messages.inputs import Input, ReportBadSignal, SubmitSignal
from coxswain.messages.signal_json import BadSignal, parse_signal
from coxswain.model.signal import Signal


class Due(msgspec.Struct, frozen=True):
    """A message and when its turn comes."""

    at_ns: int
    message: Input


class SignalStream:
    """Reads one line ahead, so that time never passes a signal that is still to be read."""

    def __init__(self, stream: BinaryIO, default_ttl_s: int) -> None:
        self._stream = stream
        self._default_ttl_s = default_ttl_s
        self._line = 0
        self._last: tuple[int, int] | None = None
        self._next: Due | None = None
        self._ended = False
        self.waiting = False
        """A read is under way that may block for as long as the sender likes."""

    def peek(self, now_ns: int) -> Due | None:
        """Return the next message, reading a line if none is waiting; None at the end of the stream."""
        while self._next is None and not self._ended:
            self.waiting = True
            line = self._stream.readline()
            self.waiting = False
            if not line:
                self._ended = True
                break
            self._line += 1
            if line.strip():
                self._next = self._read(line.strip(), now_ns)
        return self._next

    def take(self) -> None:
        """Drop the message that was looked at: its turn has come."""
        self._next = None

    def _read(self, line: bytes, now_ns: int) -> Due:
        parsed = parse_signal(line, now_ns, self._default_ttl_s)
        where = f"line {self._line}"
        if isinstance(parsed, BadSignal):
            return Due(now_ns, ReportBadSignal(where, parsed.errors, parsed.signal_id))
        fault = self._out_of_order(parsed)
        if fault:
            return Due(now_ns, ReportBadSignal(where, (fault,), parsed.id))
        return Due(parsed.signal_time_ns if parsed.time_given else now_ns, SubmitSignal(parsed))

    def _out_of_order(self, signal: Signal) -> str:
        if not signal.time_given:
            return ""
        last, self._last = self._last, (self._line, signal.signal_time_ns)
        if last is None or signal.signal_time_ns >= last[1]:
            return ""
        self._last = last
        return f"signal_time: earlier than that of line {last[0]}; wanted lines in order of signal_time"
