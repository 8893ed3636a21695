"""A story told by its events: all of certain kinds, each with its sentence and its time."""

from collections.abc import Collection

from coxswain.messages.record import Record
from coxswain.views.sentences import sentence


class Happened:
    """Collects sentences of the events that are named."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._began_ns: int | None = None
        self.lines: list[tuple[int, str]] = []
        """Milliseconds since the first record, and what happened then."""

    def apply(self, record: Record) -> None:
        if self._began_ns is None:
            self._began_ns = record.now_ns
        if record.now_ns == self._began_ns:
            return  # the start itself is no part of the story
        for event in record.events:
            if type(event).__name__ in self._names:
                self.lines.append(((record.now_ns - self._began_ns) // 1_000_000, sentence(event)))
