"""What programs look at, folded from records: from the whole journal, once somebody looks.

A start goes on from its snapshot and does not need the past for that; most of the time that a fold takes goes into what
people see. So the past is folded when it is first asked for, by whoever asks. Nothing is decided here.
"""

from collections.abc import Iterable

from coxswain.messages.record import Record
from coxswain.runtime.records import decoded
from coxswain.views.audit import AuditLog
from coxswain.views.summary import Summary


class Views:
    """The views of one engine. Only `apply` and `fold` write to them."""

    def __init__(self) -> None:
        self.summary, self.audit = Summary(), AuditLog()
        self.is_whole = True
        """All that is durable is in them; else what comes is left to `fold`, which reads it from the journal."""
        self.seq = 0
        """The last record that is in them."""

    def apply(self, record: Record) -> None:
        """Take in a record that is durable."""
        if self.is_whole:
            self._take(record)

    def fold(self, bodies: Iterable[tuple[int, bytes]]) -> None:
        """Take in what the journal has after `seq`."""
        for _, record in decoded(bodies):
            self._take(record)

    def _take(self, record: Record) -> None:
        self.summary.apply(record)
        self.audit.apply(record)
        self.seq = record.seq
