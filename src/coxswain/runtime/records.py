"""The bodies of a journal as records. Whoever only looks at a journal needs this, and no engine."""

from collections.abc import Iterable, Iterator

import msgspec

from coxswain.messages.record import Record, decode


class RecordUnreadable(Exception):
    """The bytes of a record are what was written, and not a record that this version knows."""

    def __init__(self, seq: int, problem: object) -> None:
        super().__init__(f"record {seq} cannot be read by this version: {problem}")


def decoded(bodies: Iterable[tuple[int, bytes]]) -> Iterator[tuple[bytes, Record]]:
    """Yield each body with its record. Raises `RecordUnreadable`."""
    for seq, body in bodies:
        try:
            record = decode(body)
        except msgspec.DecodeError as error:
            raise RecordUnreadable(seq, error) from error
        yield body, record
