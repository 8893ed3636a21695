"""What is long over leaves the engine's memory, and comes back when an input names it. The journal has it all along."""

from coxswain.messages.archived import Archived
from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import SignalId


class OrdersArchived(EventBase, frozen=True):
    """These were looked at: they left with all their orders and fills, or are kept, because something needs them."""

    archived: tuple[Archived, ...] = ()
    kept: tuple[SignalId, ...] = ()
    """They are looked at again when the same time has passed once more."""


class OrdersRecalled(EventBase, frozen=True):
    """What had left is back, exactly as it was: an input that follows names it."""

    archived: Archived


ArchiveEvent = OrdersArchived | OrdersRecalled
