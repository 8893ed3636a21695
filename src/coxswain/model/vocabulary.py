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
CashId = NewType("CashId", str)
JournalId = NewType("JournalId", str)


class Word(StrEnum):
    """A word of the vocabulary."""

    # An enum's own hash is written in Python and costs 0.15 us.
    __hash__ = str.__hash__


class Side(Word):
    BUY = "BUY"
    SELL = "SELL"


OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
SIGN = {Side.BUY: 1, Side.SELL: -1}


class OrdType(Word):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TimeInForce(Word):
    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class TriggerSource(Word):
    """Which price of the market moves a trailing stop."""

    BID = "bid"
    ASK = "ask"
    MID = "mid"
    LAST = "last"


class ExecType(Word):
    """What an execution report says happened (FIX tag 150)."""

    NEW = "NEW"
    TRADE = "TRADE"
    TRADE_CORRECT = "TRADE_CORRECT"
    """An earlier fill had another quantity or price (G)."""
    TRADE_CANCEL = "TRADE_CANCEL"
    """An earlier fill is taken back (H)."""
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"
    RESTATED = "RESTATED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class OrdStatus(Word):
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


class Role(Word):
    """Why we hold an order."""

    ENTRY = "ENTRY"
    COMPLETION = "COMPLETION"
    RECOVERY = "RECOVERY"
    EXIT = "EXIT"
    STOP = "STOP"
    TARGET = "TARGET"
    DIRECT = "DIRECT"


class SignalKind(Word):
    ENTRY = "entry"
    EXIT = "exit"
    STOP_ADJUSTMENT = "stop_adjustment"


class TradingState(Word):
    """What may leave: everything, only what provably reduces, or only cancels. The stricter of two counts."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Mode(Word):
    """How a plan becomes orders."""

    FULL_AUTO = "FULL_AUTO"
    SEMI_AUTO = "SEMI_AUTO"
    """By itself, unless it is large or something about it asks for a look."""
    MANUAL = "MANUAL"
    """Every plan waits for a person."""
    EMERGENCY = "EMERGENCY"
    """Only what reduces."""
    RESEARCH = "RESEARCH"
    """Plans, never orders."""


class ShortSelling(Word):
    """Whether an account may sell what it does not hold."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    NEEDS_LOCATE = "needs_locate"


class SelfMatch(Word):
    """What gives way when an order would trade with another of our own."""

    CANCEL_NEW = "cancel_new"
    CANCEL_RESTING = "cancel_resting"
    CANCEL_BOTH = "cancel_both"


class LeggingRule(Word):
    """What is done when legs stand without the others too long or too large: cross the rest, or close what is held."""

    COMPLETE = "complete"
    UNWIND = "unwind"


class Verdict(Word):
    SEND = "SEND"
    SKIP = "SKIP"


class Resolution(Word):
    """What is made of a break: take the venue's books over, close what differs, live with it, bear the loss."""

    ADOPT = "adopt"
    FLATTEN = "flatten"
    IGNORE = "ignore"
    WRITE_OFF = "write-off"


class SettledAs(Word):
    """What a person says became of an order that nobody can ask about."""

    LOST = "lost"
    FILLED = "filled"


class ReachedVenue(Word):
    """Could the venue have acted on what failed? `MAYBE` is the honest default."""

    NO = "NO"
    MAYBE = "MAYBE"
    YES = "YES"


class StopMerge(Word):
    """Which stop counts when a position grows by an entry with another one."""

    TIGHTER = "tighter"
    LATEST = "latest"


class ProtectionPolicy(Word):
    """What follows when a stop is refused, by the venue or by our own gate."""

    ALERT = "alert"
    RETRY = "retry"
    FLATTEN = "flatten"


class VenueTier(Word):
    """How far a venue keeps our ids: T1 unique for ever, T2 unique while working, T3 not at all."""

    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


class LadderStep(Word):
    """How much of a limit on losses is used up, from the first step to the last."""

    WARN = "WARN"
    REDUCE = "REDUCE"
    NO_NEW_RISK = "NO_NEW_RISK"
    FLATTEN = "FLATTEN"


class DayLossRelease(Word):
    """Who lets an account trade again after a day's loss at its limit: a person, or the next reset by itself."""

    PERSON = "person"
    RESET = "reset"


# An order asks for these sixty times, and by its class each takes 0.1 us more to find.
BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, TRAILING_STOP = OrdType.MARKET, OrdType.LIMIT, OrdType.TRAILING_STOP
GTD = TimeInForce.GTD
ENTRY, EXIT, COMPLETION, DIRECT = Role.ENTRY, Role.EXIT, Role.COMPLETION, Role.DIRECT
PROTECTING_STOP, PROTECTING_TARGET = Role.STOP, Role.TARGET
PROTECTION = (PROTECTING_STOP, PROTECTING_TARGET)
TRADE, REPLACED = ExecType.TRADE, ExecType.REPLACED
FILLED, REJECTED = OrdStatus.FILLED, OrdStatus.REJECTED
ACTIVE = TradingState.ACTIVE
FULL_AUTO = Mode.FULL_AUTO
