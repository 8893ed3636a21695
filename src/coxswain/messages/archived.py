"""What leaves the engine's memory when it is long over: a signal with all that hung on it, under all its ids.

The ids are there to be looked up; `facts` is for the core alone, which wrote it and puts it back: `core/archive.py`.
"""

import msgspec

from coxswain.model.signal import Signal
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, SignalId, Symbol


class Archived(msgspec.Struct, frozen=True, omit_defaults=True):
    """One signal, or one order that came without a plan."""

    signal_id: SignalId
    facts: msgspec.Raw
    """As the core remembered them."""
    signals: tuple[Signal, ...] = ()
    """Itself, and those that hung on it: legs of a spread, exits of one, a second order."""
    ids: tuple[SignalId, ...] = ()
    """Of all of them, also of those that no signal asked for."""
    orders: tuple[tuple[AccountId, ClOrdId], ...] = ()
    """Under every id that they had."""
    exec_ids: tuple[tuple[AccountId, ExecId], ...] = ()
    positions: tuple[tuple[AccountId, Symbol], ...] = ()
    """That its fills are part of."""
