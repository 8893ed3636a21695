"""Overrides: asked for by one person, approved by another, used by one order, or over without use."""

from coxswain.messages.events.base import EventBase
from coxswain.model.override import Override
from coxswain.model.vocabulary import AccountId, ClOrdId


class OverrideProposed(EventBase, frozen=True):
    override: Override


class OverrideApproved(EventBase, frozen=True):
    override_id: str
    actor: str
    reason: str = ""


class OverrideUsed(EventBase, frozen=True):
    """It let this order pass its control, and lets no other."""

    override_id: str
    account: AccountId
    cl_ord_id: ClOrdId


class OverrideEnded(EventBase, frozen=True):
    """Nothing passed by it: withdrawn, or its time is up."""

    override_id: str
    actor: str
    reason: str


OverrideEvent = OverrideProposed | OverrideApproved | OverrideUsed | OverrideEnded
