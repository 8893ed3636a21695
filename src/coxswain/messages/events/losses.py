"""How far losses have used up a limit: the ladder of steps that warn, reduce and stop before the limit is reached."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId, LadderStep


class LadderStepReached(EventBase, frozen=True):
    """Losses have used up enough of a limit for its next step."""

    account: AccountId
    limit: str
    step: LadderStep
    value: Decimal
    """What is lost, in the account's currency."""
    limit_value: Decimal
    used_pct: Decimal


class LadderStepLeft(EventBase, frozen=True):
    """Losses are back below a step by more than the hysteresis; `step` is the one that is left, none is None."""

    account: AccountId
    limit: str
    step: LadderStep | None
    value: Decimal
    limit_value: Decimal
    used_pct: Decimal


LossEvent = LadderStepReached | LadderStepLeft
