"""Limits: which values are in force since when, who changed them and why, and what waits for a second person."""

from decimal import Decimal

import msgspec

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId


class LimitChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One key of one account, or of the whole desk where no account is named."""

    account: AccountId | None
    key: str
    before: Decimal
    after: Decimal


class LimitsChanged(EventBase, frozen=True):
    """A new version of the limits is in force from this record on; what is not named stays as it was."""

    version: int
    source: str
    """CONFIGURATION, COMMAND, APPROVAL or REVERT."""
    changes: tuple[LimitChange, ...]
    actor: str
    reason: str
    second_actor: str = ""
    """Who approved it, where a second person had to."""
    until_ns: int | None = None
    """It reverts by itself then."""
    proposal: int | None = None
    """The proposal that it carries out."""
    resting: int = 0
    """Orders of the accounts concerned that rest, let in under an earlier version. They are left as they are."""
    later: tuple[LimitChange, ...] = ()
    """What comes into force when an account's own stricter value, which is temporary, goes back."""


class LimitsProposed(EventBase, frozen=True):
    """A change waits for a second person. Until then `before` stays in force, whatever the configuration says now."""

    proposal: int
    source: str
    changes: tuple[LimitChange, ...]
    actor: str
    reason: str
    expires_ns: int
    until_ns: int | None = None
    whole_desk: bool = False
    """It was asked for for all accounts, not for one."""


class LimitProposalEnded(EventBase, frozen=True):
    """A proposal is not to be carried out: withdrawn, or its time is up."""

    proposal: int
    actor: str
    reason: str


LimitEvent = LimitsChanged | LimitsProposed | LimitProposalEnded
