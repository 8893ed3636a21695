"""The words of trading, as FIX 4.4 uses them. Values are what the journal stores: never rename one."""

from enum import StrEnum
from typing import NewType

AccountId = NewType("AccountId", str)
VenueId = NewType("VenueId", str)
Symbol = NewType("Symbol", str)
SignalId = NewType("SignalId", str)
ClOrdId = NewType("ClOrdId", str)
VenueOrderId = NewType("VenueOrderId", str)
ExecId = NewType("ExecId", str)
JournalId = NewType("JournalId", str)


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
SIGN = {Side.BUY: 1, Side.SELL: -1}


class OrdType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"


class TimeInForce(StrEnum):
    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class ExecType(StrEnum):
    """What an execution report says happened (FIX tag 150)."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"
    RESTATED = "RESTATED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class OrdStatus(StrEnum):
    """Where an order stands (FIX tag 39)."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_REPLACE = "PENDING_REPLACE"


class Role(StrEnum):
    """Why we hold an order."""

    ENTRY = "ENTRY"
    COMPLETION = "COMPLETION"
    RECOVERY = "RECOVERY"
    EXIT = "EXIT"
    STOP = "STOP"
    TARGET = "TARGET"
    DIRECT = "DIRECT"


ENTERING = frozenset({Role.ENTRY, Role.COMPLETION, Role.RECOVERY, Role.DIRECT})


class SignalKind(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"
    STOP_ADJUSTMENT = "stop_adjustment"


class TradingState(StrEnum):
    """What may leave: everything, only what provably reduces, or only cancels. The stricter of two counts."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Mode(StrEnum):
    FULL_AUTO = "FULL_AUTO"
    RESEARCH = "RESEARCH"


class Verdict(StrEnum):
    SEND = "SEND"
    SKIP = "SKIP"


class ReachedVenue(StrEnum):
    """Could the venue have acted on what failed? `MAYBE` is the honest default."""

    NO = "NO"
    MAYBE = "MAYBE"
    YES = "YES"


class VenueTier(StrEnum):
    """How far a venue keeps our ids: T1 unique for ever, T2 unique while working, T3 not at all."""

    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
