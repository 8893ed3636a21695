"""Commands that were given while nobody ran: kept for the next start, and then carried out, withdrawn or too late."""

from coxswain.messages.events.base import EventBase
from coxswain.messages.inputs import Keepable


class CommandKept(EventBase, frozen=True):
    """It waits for the next start. Nothing of it has been done."""

    command_id: str
    command: Keepable
    utc_ns: int
    """When it was given, by the wall clock: engine time stands still while nobody runs."""
    until_ns: int | None = None
    """In engine time; after that it is not carried out any more. None does not expire."""


class KeptCommandsDue(EventBase, frozen=True):
    """The engine started: what is kept is carried out once the books agree and there is a price, at the latest then."""

    by_ns: int
    utc_ahead_ns: int | None = None
    """How far the wall clock was ahead of engine time; None where nobody said."""


class CommandCarriedOut(EventBase, frozen=True):
    """It is carried out in this very record, and so never again."""

    command_id: str


class CommandWithdrawn(EventBase, frozen=True):
    command_id: str
    reason: str
    actor: str


class CommandLapsed(EventBase, frozen=True):
    """Its time was up before it could be carried out."""

    command_id: str
    reason: str


KeptEvent = CommandKept | KeptCommandsDue | CommandCarriedOut | CommandWithdrawn | CommandLapsed
