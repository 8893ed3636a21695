"""Whom and what an input is about, as far as it says. No rule belongs here."""

import msgspec

from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, SignalId


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    signal_id: SignalId | None = None
    account: AccountId | None = None
    cl_ord_id: ClOrdId | None = None
    exec_id: ExecId | None = None
