"""What a session opens, and what it is refused: the journal with its past, and a person's word where money is real."""

import os
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from coxswain import __version__
from coxswain.api.python.errors import EngineElsewhere, JournalBehind, ValidationError
from coxswain.journal.errors import JournalLocked
from coxswain.journal.store import Journal
from coxswain.messages.inputs import Input
from coxswain.model.market import Instrument
from coxswain.model.setup import Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, JournalId, Mode, VenueId
from coxswain.runtime.lease import LeaseBehind, LeaseError
from coxswain.runtime.live import NotConfirmed, confirm, is_somebody_there, still_to_confirm
from coxswain.runtime.recovery import Recovered, begin, recover
from coxswain.runtime.signals import Latest
from coxswain.venues.base import Venue
from coxswain.views.returns import Returns


class Plug(Protocol):
    """A venue as a session needs it."""

    venue_id: VenueId

    @property
    def spec(self) -> VenueSpec: ...

    @property
    def traded(self) -> Sequence[Instrument]: ...

    @property
    def is_separate(self) -> bool:
        """Say whether it is a process of its own, which may not be there."""

    def open(self, journal: Path | None) -> Venue:
        """Open it beside the journal, or in memory, with every account that it has been given."""


def open_journal(path: Path | None, opened: ExitStack, returns: Returns | None) -> tuple[Journal, Recovered]:
    """Make a journal, or open one, whose engine goes on from its snapshot where it may."""
    if path is not None and not path.parent.is_dir():
        raise ValidationError(f"journal: {path}, wanted a file in a folder that is there")
    if path is None or not path.exists():
        journal = Journal.create(path, JournalId(os.urandom(8).hex()))
        opened.callback(journal.close)
        return journal, begin(journal)
    journal = Journal.open(path)
    opened.callback(journal.close)
    return journal, recover(journal, __version__, tell, returns, stays=False)


def confirm_live(setup: Setup, confirmed: Container[AccountId]) -> tuple[tuple[AccountId, ...], str]:
    """Return the live accounts that a person confirms now, and who that is; where nobody is, they stay halted."""
    live = still_to_confirm(setup, confirmed)
    if not live or setup.mode is Mode.RESEARCH:
        return (), ""
    if not is_somebody_there():
        tell(
            f"{', '.join(live)}: HALTED, because nobody has confirmed yet that real money is traded there. "
            "Start once on a terminal, and type their names"
        )
        return (), ""
    try:
        return live, confirm(setup, live, tell)
    except NotConfirmed as error:
        raise ValidationError(str(error)) from None


@contextmanager
def refused() -> Iterator[None]:
    """Say in words of programs that somebody else is at work, or that a person has to decide first."""
    try:
        yield
    except LeaseBehind as behind:
        raise JournalBehind(str(behind)) from None
    except (LeaseError, JournalLocked) as elsewhere:
        raise EngineElsewhere(str(elsewhere)) from None


def tell(sentence: str) -> None:
    """Say something to whoever looks after the program."""
    sys.stderr.write(f"{sentence}\n")


def tell_all(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        tell(sentence)


class NoSignals:
    """Nothing comes as a stream; everything comes by call."""

    def next_ns(self, now_ns: int) -> int | None:
        return None

    def fileno(self) -> int | None:
        return None

    def take(self, now_ns: int, latest: Latest) -> Input:
        raise ValueError("there is no stream of signals")
