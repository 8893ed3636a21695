"""A stream of signals, one JSON object a line. A line that is no use is reported, and the lines after it still run.

Only the order of the lines is judged here; what a signal says is judged by its parser and by the core.
"""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from coxswain.messages.inputs import Input, ReportBadSignal, SubmitSignal
from coxswain.messages.signal_json import BadSignal, parse_signal
from coxswain.model.market import Quote
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Symbol

Latest = Callable[[Symbol], Quote | None]


class StopWaiting(Exception):
    """Raised by a signal handler while a line is awaited: there will be no more."""


class Signals(Protocol):
    """Where signals come from, in the order of their time."""

    def next_ns(self, now_ns: int) -> int | None:
        """Return when the next one's turn comes, at the earliest now; None when there will be no more."""

    def take(self, now_ns: int, latest: Latest) -> Input:
        """Return the next one and move on. `latest` gives the last quote of an instrument."""


class SignalStream:
    """Reads one line ahead, so that time never passes a signal that is still to be read."""

    def __init__(self, stream: BinaryIO, default_ttl_s: int) -> None:
        self._stream = stream
        self._default_ttl_s = default_ttl_s
        self._line = 0
        self._last: tuple[int, int] | None = None
        self._next: tuple[int, Input] | None = None
        self._ended = False
        self.waiting = False
        """A read is under way that may block for as long as the sender likes."""
        self.taken: list[int] = []
        """The lines of the signals that were passed on, in that order; lines that could not be read name themselves."""

    def next_ns(self, now_ns: int) -> int | None:
        """Return when the next message's turn comes, reading a line if none is waiting."""
        while self._next is None and not self._ended:
            line = self._read_line()
            if not line:
                self._ended = True
                break
            self._line += 1
            if line.strip():
                self._next = self._read(line.strip(), now_ns)
        return None if self._next is None else max(self._next[0], now_ns)

    def _read_line(self) -> bytes:
        try:
            self.waiting = True
            try:
                return self._stream.readline()
            finally:
                self.waiting = False
        except StopWaiting:  # outside of it all: it may come in the very moment in which the wait ends
            return b""

    def take(self, now_ns: int, latest: Latest) -> Input:
        if self._next is None:
            raise ValueError("no signal is waiting")
        message, self._next = self._next[1], None
        if isinstance(message, SubmitSignal):
            self.taken.append(self._line)
        return message

    def _read(self, line: bytes, now_ns: int) -> tuple[int, Input]:
        parsed = parse_signal(line, now_ns, self._default_ttl_s)
        where = f"line {self._line}"
        if isinstance(parsed, BadSignal):
            return now_ns, ReportBadSignal(where, parsed.errors, parsed.signal_id)
        fault = self._out_of_order(parsed)
        if fault:
            return now_ns, ReportBadSignal(where, (fault,), parsed.id)
        return parsed.signal_time_ns if parsed.time_given else now_ns, SubmitSignal(parsed)

    def _out_of_order(self, signal: Signal) -> str:
        if not signal.time_given:
            return ""
        last, self._last = self._last, (self._line, signal.signal_time_ns)
        if last is None or signal.signal_time_ns >= last[1]:
            return ""
        self._last = last
        return f"signal_time: earlier than that of line {last[0]}; wanted lines in order of signal_time"
