"""Go through a journal again: fold its facts, step its inputs, and say whether both come to the same engine.

Recovery folds and never decides again; this is how we know that folding remembers everything that deciding did.
"""

from collections.abc import Callable, Iterable

import msgspec

from coxswain.core.engine import Engine
from coxswain.messages.inputs import EngineStarted
from coxswain.messages.record import decode, encode


class Replay(msgspec.Struct, frozen=True):
    """What replaying a journal showed."""

    records: int
    folded_digest: str
    stepped_digest: str | None
    """None where another version of the code made decisions: only the fold is compared then."""
    first_difference: int | None
    """The first seq whose bytes came out differently."""
    other_version: str | None
    """The version that wrote the journal, where it is not this one."""

    @property
    def agrees(self) -> bool:
        return self.other_version is not None or (
            self.first_difference is None and self.folded_digest == self.stepped_digest
        )


def replay(bodies: Iterable[tuple[int, bytes]], make_engine: Callable[[], Engine], version: str) -> Replay:
    """Fold and step every record. A step that failed when it was made is not tried again."""
    folded, stepped = make_engine(), make_engine()
    records, first_difference, other_version = 0, None, None
    for seq, body in bodies:
        record = decode(body)
        records += 1
        folded.fold(record)
        if isinstance(record.input, EngineStarted) and record.input.version != version:
            other_version = record.input.version
        if other_version is not None:
            continue
        if record.failed:
            stepped.fold(record)
        elif encode(stepped.step(record.input, record.now_ns)) != body and first_difference is None:
            first_difference = seq
    stepped_digest = None if other_version is not None else stepped.digest()
    return Replay(records, folded.digest(), stepped_digest, first_difference, other_version)
