"""Go through a journal again: fold its facts, step its inputs, and say whether both come to the same engine.

Recovery folds and never decides again; this is how we know that folding remembers everything that deciding did. At each
clean end an engine left the digest of what it knew then: a checkpoint that another version can be held to as well.
"""

from collections.abc import Callable, Iterable

import msgspec

from coxswain.core.engine import Engine
from coxswain.messages.events import EngineStopped, InputSkipped
from coxswain.messages.inputs import EngineStarted
from coxswain.messages.record import Record, encode
from coxswain.runtime.records import decoded


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
    contradiction: str | None = None
    """Why the record named by `first_difference` cannot follow the ones before it; the rest was not looked at."""
    checkpoints: int = 0
    """How many clean ends left a digest that the folded one was compared with."""
    checkpoint_difference: int | None = None
    """The first seq whose digest is another than the folded one."""
    skipped: tuple[int, ...] = ()
    """Records whose inputs raised and were skipped by a person."""

    @property
    def agrees(self) -> bool | None:
        """None: nothing could be compared."""
        found = (self.contradiction, self.first_difference, self.checkpoint_difference)
        if any(difference is not None for difference in found):
            return False
        if self.other_version is not None:
            return True if self.checkpoints else None
        return self.folded_digest == self.stepped_digest


def replay(bodies: Iterable[tuple[int, bytes]], make_engine: Callable[[], Engine], version: str) -> Replay:
    """Fold and step every record. A step that failed when it was made is not tried again."""
    folded, stepped = make_engine(), make_engine()
    records, first_difference, other_version, contradiction = 0, None, None, None
    checkpoints, checkpoint_difference, skipped = 0, None, list[int]()
    for body, record in decoded(bodies):
        records += 1
        skipped += [event.seq for event in record.events if isinstance(event, InputSkipped)]
        if isinstance(record.input, EngineStarted) and record.input.version != version:
            other_version = record.input.version
        try:
            if (digest := _checkpoint(record)) is not None:
                checkpoints += 1
                if digest != folded.digest_before(record):
                    checkpoint_difference = checkpoint_difference or record.seq
            folded.fold(record)
            if other_version is None:
                same = _step_again(stepped, record, body)
                first_difference = record.seq if not same and first_difference is None else first_difference
        except Exception as error:  # whatever it is, this journal was not written by this code
            contradiction = f"{type(error).__name__}: {error}"
            first_difference = first_difference or record.seq
            break
    return Replay(
        records,
        folded.digest(),
        None if other_version is not None else stepped.digest(),
        first_difference,
        other_version,
        contradiction,
        checkpoints,
        checkpoint_difference,
        tuple(skipped),
    )


def _checkpoint(record: Record) -> str | None:
    """Return the digest that a clean end left, if this is one that left any."""
    digests = [event.digest for event in record.events if isinstance(event, EngineStopped)]
    return digests[0] or None if digests else None


def _step_again(engine: Engine, record: Record, body: bytes) -> bool:
    if record.failed:
        engine.fold(record)
        return True
    return encode(engine.step(record.input, record.now_ns)) == body
