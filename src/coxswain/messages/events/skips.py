"""Inputs that made a step raise, and that a person had passed over."""

from coxswain.messages.events.base import EventBase
from coxswain.model.about import About


class InputSkipped(EventBase, frozen=True):
    """An input is passed over from now on; nothing has become of it, and nothing will."""

    seq: int
    """Of the record that kept it as evidence."""
    hash: str
    """SHA-256 of the input as that record holds it, in hex."""
    what: str
    """The kind of the input."""
    why: str
    """What its step raised."""
    deadline: str
    """Given up, where time that passed was what raised."""
    about: About
    reason: str
    actor: str


class InputPassedOver(EventBase, frozen=True):
    """An input that was skipped came again, and nothing became of it."""

    seq: int
    """Of the record that kept it as evidence when it came first."""
    what: str
    about: About


SkipEvent = InputSkipped | InputPassedOver
