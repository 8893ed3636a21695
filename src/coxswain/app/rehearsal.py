"""A dry run of a journal that is there: on copies of it and of its venues' files, which are gone afterwards.

Nothing is written beside the journal, and no process that serves a venue is spoken to.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from coxswain.app.config.load import Resolved, VenueChoice
from coxswain.journal.errors import JournalError
from coxswain.journal.files import beside, check_may_be_journal, is_written
from coxswain.runtime.venues import venue_file


@contextmanager
def rehearsed(journal: Path, resolved: Resolved) -> Iterator[tuple[Path | None, Resolved]]:
    """Give the journal and the configuration to run with; without a journal all of it stays in memory.

    Raises `JournalError` where the journal is in use: a copy made meanwhile could hold half of a record.
    """
    if not journal.exists():
        yield None, resolved
        return
    check_may_be_journal(journal)
    if is_written(journal):
        raise JournalError(journal, "in use by a running engine; a dry run wants it stopped, or another --journal")
    with tempfile.TemporaryDirectory(prefix="coxswain-dry-run-") as folder:
        databases = [journal, *(venue_file(journal, venue_id, "db") for venue_id in resolved.venues)]
        for file in (beside(journal, ".head"), *databases, *(beside(file, "-wal") for file in databases)):
            if file.exists():
                shutil.copy(file, folder)
        yield Path(folder, journal.name), _in_one_process(resolved)


def _in_one_process(resolved: Resolved) -> Resolved:
    venues = {}
    for venue_id, choice in resolved.venues.items():
        params = {name: value for name, value in choice.params.items() if name != "separate"}
        venues[venue_id] = VenueChoice(choice.kind, params, choice.simulated)
    return replace(resolved, venues=venues)
