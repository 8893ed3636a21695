"""A second person's leave for one order to pass one soft control, once, for a while."""

import msgspec

from coxswain.model.vocabulary import AccountId, SignalId


class Override(msgspec.Struct, frozen=True, omit_defaults=True):
    """It names one control, one account and one signal, never all of any of them."""

    id: str
    control: int
    account: AccountId
    signal_id: SignalId
    actor: str
    reason: str
    expires_ns: int
    second_actor: str = ""
    """Who approved it; empty while nobody has."""
