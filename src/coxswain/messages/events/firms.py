"""A firm's own days and hours, what its rules give notice of, and what they made the engine do."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId, SignalId, Symbol


class FirmDayStarted(EventBase, frozen=True):
    """A day of the firm began, in its own zone: what its daily limits are measured from."""

    account: AccountId
    rule_set: str
    day: str
    balance: Decimal
    equity: Decimal
    ends_ns: int


class FlatHoursSet(EventBase, frozen=True):
    """The next hours in which an account must be flat, or those under way."""

    account: AccountId
    rule_set: str
    from_ns: int | None
    until_ns: int | None
    why: str
    act_ns: int | None = None
    """When what is open is closed: the lead before."""


class FirmNoticed(EventBase, frozen=True):
    """A rule wants somebody to know: a buffer reached, a stop missing, a closing refused. An alert."""

    account: AccountId
    rule_set: str
    rule: str
    detail: str
    stage: str = ""
    """Of a loss limit: warn, reduce, no_new_risk or flatten."""
    value: Decimal | None = None
    limit: Decimal | None = None
    locks: bool = False
    """Nothing is opened until the firm's next day."""
    clears: str = ""
    """The deadline that this answers."""


class FirmFlattened(EventBase, frozen=True):
    """A rule has everything of an account closed and its entries called back; each position has a plan of its own."""

    account: AccountId
    rule_set: str
    rule: str
    reason: str
    plans: tuple[SignalId, ...]
    symbols: tuple[Symbol, ...]
    look_again_ns: int | None = None
    """When what could not be closed is tried again."""
    deadline: str = "firm_flat"


FirmEvent = FirmDayStarted | FlatHoursSet | FirmNoticed | FirmFlattened
