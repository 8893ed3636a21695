"""What a run says while it runs, one JSON object a line on standard output: outside events, and answers to commands.

In real time the lines go through a thread of their own: a reader that is slow loses lines, and holds nobody up.
"""

import sys
from collections.abc import Iterable

import msgspec

from coxswain.app.output import run_in_a_line
from coxswain.app.tables import say
from coxswain.messages.record import Record
from coxswain.runtime.outlet import Outlet
from coxswain.views.answers import answer_of
from coxswain.views.outside import Outside
from coxswain.views.summary import PlanDoc, RunDocument

LINES_MAX = 100_000


class JsonLines:
    """An observer of records that are durable."""

    def __init__(self, realtime: bool) -> None:
        self._outside = Outside()
        self._outlet = Outlet("events", _write, waiting_max=LINES_MAX) if realtime else None

    def apply(self, record: Record) -> None:
        for event in self._outside.apply(record):
            self._say(event)
        if getattr(record.input, "actor", ""):  # a person asked
            self._say({"answer": answer_of(record)})

    def close(self, document: RunDocument, plans: Iterable[PlanDoc]) -> None:
        """End with the document of the whole run, its plans one by one."""
        if self._outlet is not None:
            self._outlet.close(timeout_s=5.0)
            if self._outlet.lost:
                say(f"{self._outlet.lost} lines were lost: the reader was too slow")
        sys.stdout.buffer.write(b'{"run":')
        sys.stdout.buffer.writelines(run_in_a_line(document, plans))
        _write(b"}")

    def _say(self, what: object) -> None:
        line = msgspec.json.encode(what)
        if self._outlet is None:
            _write(line)
        else:
            self._outlet.offer(line)


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
