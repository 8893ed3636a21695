"""Scripted faults: what goes wrong with which order. The engine must never learn of it from here."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from coxswain.model.decimals import ZERO, floor_step
from coxswain.model.vocabulary import AccountId

LATE_FILL_NS = 1_000_000_000
"""After the cancel: long enough that everybody has believed it."""
REVERSAL_NS = 2_000_000_000
"""After the fill: long enough that the position is protected."""


class FaultKind(StrEnum):
    REJECT = "reject"
    """The order is refused."""
    PARTIAL_SILENCE = "partial_silence"
    """Half of it fills, then nothing more until it is cancelled."""
    ACK_LOST = "ack_lost"
    """The order is in the books; what it reports on its arrival never leaves."""
    REQUEST_LOST = "request_lost"
    """The order never arrives."""
    DUPLICATE_FILL = "duplicate_fill"
    """Each of its fills is reported twice, under one exec_id."""
    LATE_FILL = "late_fill"
    """It rests without filling; when it is cancelled it says so, and then it fills after all."""

    BUST = "bust"
    """Its first fill is reported, and taken back a while later."""
    CORRECT = "correct"
    """Its first fill is reported, and a while later it was one tick worse."""


REVERSED = (FaultKind.BUST, FaultKind.CORRECT)


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to the `nth` NewOrder sent to an account, counted from 1 over the venue's whole life."""

    kind: FaultKind
    account: AccountId
    nth: int
    text: str = "rejected by the venue"
    """The reason a REJECT gives."""


def by_order(faults: Iterable[Fault]) -> dict[tuple[AccountId, int], Fault]:
    """Index a script. Raises ValueError where it wants two things of one order, or of none."""
    script: dict[tuple[AccountId, int], Fault] = {}
    for fault in faults:
        key = (fault.account, fault.nth)
        if fault.nth < 1:
            raise ValueError(f"faults: nth {fault.nth} on account {fault.account}, wanted 1 or more")
        if key in script:
            raise ValueError(f"faults: two for order {fault.nth} on account {fault.account}, wanted one")
        script[key] = fault
    return script


def quiet_at(fault: FaultKind | None, order_qty: Decimal, lot_step: Decimal) -> Decimal | None:
    """Return the filled quantity at which an order falls silent; None for an order that never does."""
    if fault is FaultKind.PARTIAL_SILENCE:
        return max(floor_step(order_qty / 2, lot_step), lot_step)
    if fault is FaultKind.LATE_FILL:
        return ZERO
    return None
