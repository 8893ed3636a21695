"""Bring back what a journal says: from its snapshot and what came after, or from the beginning. It decides nothing.

The engine and the egress guard come out the same either way; only how long it takes is different.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from coxswain.core.engine import Engine
from coxswain.journal.store import Journal, Reader
from coxswain.runtime import snapshots
from coxswain.runtime.archive import Archive
from coxswain.runtime.egress import Guard
from coxswain.runtime.facts import facts_of
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.snapshots import Snapshot, Tell
from coxswain.views.returns import Returns


class Recovered(NamedTuple):
    engine: Engine
    guard: Guard
    snapshot_seq: int
    """The record after which the snapshot was taken that was used; 0 where none was."""
    archive: Archive


def recover(
    journal: Journal | Reader,
    version: str,
    tell: Tell,
    returns: Returns | None = None,
    until_seq: int | None = None,
    *,
    stays: bool = True,
) -> Recovered:
    """Return an engine and its guard as the journal left them, and bring `returns` up to date as well.

    With `until_seq` what came after that record is left out; no snapshot is newer. Without `stays` the engine may go
    before its process does.
    """
    with _undisturbed(stays):
        found = snapshots.find(journal, version, tell)
        remembered = None if found is None else _remember(found, journal, tell, returns)
        engine, guard, seq, archive = remembered or begin(journal)
        bodies = journal.read()
        _walk_to(bodies, seq)
        for body, facts in facts_of(bodies):
            engine.fold_facts(*facts)
            guard.note(body)
            archive.take(facts.seq, facts.events)
            if returns is not None:
                returns.take(facts.events)
            if facts.seq == until_seq:
                break
    return Recovered(engine, guard, seq, archive)


def begin(journal: Journal | Reader) -> Recovered:
    """Return what knows nothing yet of a journal."""
    return Recovered(make_engine(), Guard(), 0, Archive(journal))


def _walk_to(bodies: Iterator[tuple[int, bytes]], seq: int) -> None:
    """Check the chain up to the record of the snapshot, bytes only: nobody goes on with a journal that was bent."""
    if seq:
        for at, _ in bodies:
            if at == seq:
                return


def _remember(snapshot: Snapshot, journal: Journal | Reader, tell: Tell, returns: Returns | None) -> Recovered | None:
    """Return engine, guard and archive as a snapshot has them; None where it has not all that is asked for."""
    if returns is not None and not snapshot.returns:
        tell("the snapshot is not used, and the whole journal is folded: it was taken without daily returns")
        return None
    engine, guard, _, archive = begin(journal)
    try:
        engine.remember(snapshot.state)
        guard.remember(snapshot.books)
        archive.remember(snapshot.archive)
        if returns is not None:
            returns.remember(snapshot.returns)
    except msgspec.DecodeError as error:
        tell(f"the snapshot is not used, and the whole journal is folded: it is not of this version: {error}")
        return None
    return Recovered(engine, guard, snapshot.seq, archive)


@contextmanager
def _undisturbed(stays: bool) -> Iterator[None]:
    """Build up much without looking for garbage in it, again and again; and never look there again where it stays."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if stays:
            gc.freeze()
        if was_on:
            gc.enable()
