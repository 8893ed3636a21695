"""Cash that moves on an account without a trade, as a venue tells it."""

from decimal import Decimal

import msgspec

from coxswain.model.vocabulary import CashId, Symbol, Word


class CashKind(Word):
    SWAP = "swap"
    """For holding a position over night."""
    FEE = "fee"
    INTEREST = "interest"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


TRANSFERS = (CashKind.DEPOSIT, CashKind.WITHDRAWAL)
"""Money that came from outside or went there: neither won nor lost."""


class CashMovement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a balance changed by, in the account's currency, negative where it became less."""

    cash_id: CashId
    """The venue's own; no movement is booked twice."""
    kind: CashKind
    amount: Decimal
    transact_time_ns: int
    symbol: Symbol | None = None
    """Of the position that it was charged for."""
    text: str = ""


def nonsense(movement: CashMovement) -> str:
    """Name what no movement can have; empty if it can be booked."""
    amount, kind = movement.amount, movement.kind
    if not amount.is_finite() or not amount:
        return f"{kind} of {amount}, wanted a number other than 0"
    if kind in TRANSFERS and (amount > 0) is not (kind is CashKind.DEPOSIT):
        return f"{kind} of {amount}, wanted a {'positive' if kind is CashKind.DEPOSIT else 'negative'} number"
    return ""
