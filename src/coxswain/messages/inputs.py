"""Inputs: something came in. An input states what was asked or reported; it changes nothing by itself.

Fields are only ever added, with defaults. A name is never reused.
"""

from decimal import Decimal

import msgspec

from coxswain.messages.archived import Archived
from coxswain.model.about import About
from coxswain.model.breaker import BreakerKind
from coxswain.model.cash import CashMovement
from coxswain.model.control import Scope, StopLevel
from coxswain.model.market import Quote
from coxswain.model.orders import OrderIntent, VenueFill, VenueOrder, VenuePosition, VenueReversal
from coxswain.model.setup import Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    ExecType,
    JournalId,
    Mode,
    ReachedVenue,
    Resolution,
    SettledAs,
    Side,
    SignalId,
    Symbol,
    VenueOrderId,
)


class InputBase(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    pass


class EngineStarted(InputBase, frozen=True):
    """The process started; what it was told."""

    version: str
    journal_id: JournalId
    seed: int
    setup: Setup
    live: tuple[AccountId, ...] = ()
    """Accounts that a person confirmed at this start, by name, to trade real money on."""
    live_by: str = ""
    """That person."""
    utc_ns: int | None = None
    """The wall clock, where commands wait for this start: they age while engine time stands still."""


class StopEngine(InputBase, frozen=True):
    """The process is about to end in good order."""

    reason: str


class TimePassed(InputBase, frozen=True):
    """At least one deadline is due."""


class SubmitSignal(InputBase, frozen=True):
    signal: Signal
    actor: str = ""
    """The person who gave it; empty where it came from a stream."""
    hold: bool = False
    """Only plan it: whoever gave it approves, whatever the mode."""
    reason: str = ""
    """Why it was handed in. It is no part of the signal: a copy without it is the same signal."""
    known: Signal | None = None
    """The signal of this id that was taken before, where that has left the engine's memory."""


class ReportBadSignal(InputBase, frozen=True):
    """A signal that could not be read: where it stood, and every wrong field."""

    where: str
    errors: tuple[str, ...]
    signal_id: str | None = None


class SubmitOrder(InputBase, frozen=True):
    """One order for one account, without a plan: the fast path. It passes the gate like every other."""

    intent: OrderIntent
    ttl_s: int = 300
    actor: str = ""
    """The person who gave it; empty where a program did."""


class StopTrading(InputBase, frozen=True):
    """Stop, by a person or by a flag from outside. It stays until a person resumes."""

    level: StopLevel
    scope: Scope
    reason: str
    actor: str


class ResumeTrading(InputBase, frozen=True):
    """Release the stops of one scope, and of an account also what only a person releases.

    Where the settings ask for two persons, the second one's makes it so.
    """

    scope: Scope
    reason: str
    actor: str


class SetMode(InputBase, frozen=True):
    """Set the mode of everything or of one account."""

    mode: Mode
    scope: Scope
    reason: str
    actor: str


class ApprovePlan(InputBase, frozen=True):
    """Let plans out that wait for a person."""

    signal_ids: tuple[SignalId, ...]
    actor: str
    reason: str
    accounts: tuple[AccountId, ...] = ()
    """Only these accounts' shares; empty means all that wait."""
    seen_px: Decimal | None = None
    """The price that the person was shown."""
    accept_drift: bool = False
    """Approve although the price has moved further than the settings allow."""


class RejectPlan(InputBase, frozen=True):
    signal_ids: tuple[SignalId, ...]
    actor: str
    reason: str
    accounts: tuple[AccountId, ...] = ()
    """Only these accounts' shares; empty means all that wait."""


class ModifyPlan(InputBase, frozen=True):
    """Lower what accounts take of a plan that waits; 0 leaves an account out."""

    signal_id: SignalId
    quantities: dict[AccountId, Decimal]
    actor: str
    reason: str


class ChangeOrder(InputBase, frozen=True):
    """Change a working limit or stop order; what is None stays as it is."""

    actor: str
    reason: str
    cl_ord_id: ClOrdId
    order_qty: Decimal | None = None
    """The new total, filled part included; what is no more than filled cancels the rest."""
    price: Decimal | None = None
    stop_px: Decimal | None = None


class CancelOrders(InputBase, frozen=True):
    """Cancel the orders that all of these name. Protection is cancelled only where that is said."""

    actor: str
    reason: str
    cl_ord_ids: tuple[ClOrdId, ...] = ()
    signal_id: SignalId | None = None
    account: AccountId | None = None
    symbol: Symbol | None = None
    protection: bool = False


class SetCorrelation(InputBase, frozen=True):
    account: AccountId
    other: AccountId
    rho: Decimal
    reason: str = ""
    actor: str = ""


class SetLimits(InputBase, frozen=True):
    """Change limits of one account, or of the desk, which for a limit of accounts means all of them."""

    values: dict[str, Decimal]
    reason: str
    actor: str
    account: AccountId | None = None
    until_ns: int | None = None
    """They go back by themselves then."""


class ApproveLimits(InputBase, frozen=True):
    """The second person's word on a proposed change."""

    proposal: int
    actor: str
    reason: str = ""


class WithdrawLimits(InputBase, frozen=True):
    """A proposed change is not to be; anybody may say so."""

    proposal: int
    reason: str
    actor: str


class CloseBreaker(InputBase, frozen=True):
    """Let an open breaker cool down, so that it may be tried again."""

    account: AccountId
    breaker: BreakerKind
    reason: str
    actor: str


class ProposeOverride(InputBase, frozen=True):
    """Ask that one order, of this signal on this account, may pass one soft control once."""

    control: int
    account: AccountId
    signal_id: SignalId
    reason: str
    actor: str
    until_ns: int


class ApproveOverride(InputBase, frozen=True):
    """The second person's word on an override."""

    override_id: str
    actor: str
    reason: str = ""


class WithdrawOverride(InputBase, frozen=True):
    override_id: str
    reason: str
    actor: str


class CompareAccounts(InputBase, frozen=True):
    """Compare these accounts' books with their venues' now; empty means all."""

    reason: str
    accounts: tuple[AccountId, ...] = ()
    actor: str = ""


class SettleOrder(InputBase, frozen=True):
    """Say what became of an order that nobody can ask about."""

    cl_ord_id: ClOrdId
    settled_as: SettledAs
    reason: str
    actor: str
    exec_ids: tuple[ExecId, ...] = ()
    """Fills that fitted no order when they came, and are its own."""


Keepable = SubmitSignal | StopTrading | ApprovePlan | CompareAccounts | ChangeOrder | SettleOrder
"""Commands that take a market or a venue."""


class KeepCommand(InputBase, frozen=True):
    """A command that was given while no engine ran: it is carried out at the next start. Of stops it is a flatten."""

    command: Keepable
    utc_ns: int
    """When it was given, by the wall clock."""


class WithdrawCommand(InputBase, frozen=True):
    """Take back a command that waits for a start."""

    command_id: str
    reason: str
    actor: str


class ResolveBreak(InputBase, frozen=True):
    """Say what is to become of a break. It is done at the next comparison, if the difference is still the same."""

    account: AccountId
    break_id: str
    resolution: Resolution
    reason: str
    actor: str
    price: Decimal | None = None
    """What lots that are adopted are taken to have cost; without it the market's price."""


class VenueQuoted(InputBase, frozen=True):
    """What one venue shows, where its quotes are told apart from the market's: the router compares venues by it."""

    quote: Quote


class TradingDay(InputBase, frozen=True):
    """A trading day began in the zone of these accounts."""

    accounts: tuple[AccountId, ...]
    day: str


class FirmDay(InputBase, frozen=True):
    """A day of a firm is under way in its own zone, on these accounts."""

    accounts: tuple[AccountId, ...]
    rule_set: str
    day: str
    began_ns: int
    ends_ns: int


class FlatHours(InputBase, frozen=True):
    """These accounts must be flat from one time until another: the hours under way, or the next ones."""

    accounts: tuple[AccountId, ...]
    rule_set: str
    from_ns: int
    until_ns: int
    why: str


class SessionChanged(InputBase, frozen=True):
    symbols: tuple[Symbol, ...]
    is_open: bool


class VolatilityObserved(InputBase, frozen=True):
    """A bar of the feed closed: how much the instrument moves."""

    symbol: Symbol
    ewma_pct: Decimal
    """A day's standard deviation, from bars weighted exponentially."""
    atr: Decimal
    """The average true range of one bar, in price."""
    as_of_ns: int


class TradingHalted(InputBase, frozen=True):
    """The venue stopped trading in an instrument, or goes on."""

    symbol: Symbol
    halted: bool
    reason: str


class SetLocate(InputBase, frozen=True):
    """So many lots may be borrowed for the account to sell short, until its trading day ends."""

    account: AccountId
    symbol: Symbol
    qty: Decimal
    reason: str
    actor: str


class NoteCommand(InputBase, frozen=True):
    """A command of a file was carried out: fed again, it is not carried out again."""

    line_id: str


class NoteSnapshot(InputBase, frozen=True):
    """A snapshot of the engine is on the disk. It changes nothing: a start knows by it which bytes it may trust."""

    seq: int
    """The record after which it was taken."""
    sum: str
    """SHA-256 of its bytes."""


class RecallOrders(InputBase, frozen=True):
    """What the next input names, and what has left the engine's memory: its facts, as the journal has them."""

    archived: tuple[Archived, ...]


class ObserveHost(InputBase, frozen=True):
    """How the machine stands. Where this was never said since the start, or is too old, nothing leaves."""

    journal_healthy: bool
    disk_headroom: bool
    clock_in_bound: bool
    lease_epoch: int
    """Of the lease to be the one writer; it only rises."""
    valid_until_ns: int | None = None
    """None does not expire: in virtual time nothing can."""
    clock_ns: int | None = None
    """What the clock said that only goes on, also while the machine sleeps; it counts from the machine's start."""
    lease_until_ns: int | None = None
    """By that clock: until when the lease holds if it is not renewed."""


class LeaseTakenOver(InputBase, frozen=True):
    """Another engine took over the lease on accounts of ours: nothing new may leave for them from here."""

    accounts: tuple[AccountId, ...]
    epoch: int
    """The newest; ours is older."""
    holder: str
    """Who holds it now, in words."""
    clock_ns: int
    """When that was seen, by the clock that only goes on."""


class AdoptLease(InputBase, frozen=True):
    """A person said that this journal goes on with accounts of which it missed something."""

    missed: str
    reason: str
    actor: str


class SkipInput(InputBase, frozen=True):
    """A person said that an input whose step raised is passed over, should it come again."""

    seq: int
    """Of the record that kept it as evidence."""
    hash: str
    """SHA-256 of the input as that record holds it, in hex."""
    what: str
    """The kind of the input."""
    why: str
    """What its step raised."""
    deadline: str
    """Of time that passed: the deadline whose answer raised, which is given up. Time itself goes on."""
    about: About
    reason: str
    actor: str


class ExecutionReport(InputBase, frozen=True):
    """The venue says what happened to one order (FIX 35=8)."""

    account: AccountId
    cl_ord_id: ClOrdId
    exec_id: ExecId
    exec_type: ExecType
    symbol: Symbol
    side: Side
    transact_time_ns: int
    venue_order_id: VenueOrderId | None = None
    order_qty: Decimal | None = None
    """The quantity now in force, on REPLACED and RESTATED."""
    last_qty: Decimal | None = None
    last_px: Decimal | None = None
    cum_qty: Decimal | None = None
    """All the venue has filled on this order. More than we booked means that a fill is still under way or lost."""
    commission: Decimal | None = None
    settl_fx_rate: Decimal | None = None
    orig_cl_ord_id: ClOrdId | None = None
    """On REPLACED: the id that `cl_ord_id` takes the place of."""
    text: str = ""
    exec_ref_id: ExecId | None = None
    """On TRADE_CANCEL and TRADE_CORRECT: the fill, or the correction of it, that this is about (FIX 19)."""


class CashMoved(InputBase, frozen=True):
    """The venue changed a balance without a trade: swap, a fee, interest, a deposit, a withdrawal."""

    account: AccountId
    movement: CashMovement


class CancelRejected(InputBase, frozen=True):
    """The venue refused a cancel or a replace (FIX 35=9)."""

    account: AccountId
    cl_ord_id: ClOrdId
    """Of the refused request: the order's own for a cancel, the new one for a replace."""
    orig_cl_ord_id: ClOrdId
    text: str


class OrderLookedUp(InputBase, frozen=True):
    """The answer to `QueryOrder`: what the venue's books hold under this id."""

    account: AccountId
    cl_ord_id: ClOrdId
    order: VenueOrder | None
    """None: the venue knows no such order."""
    fills: tuple[VenueFill, ...]
    position_qty: Decimal
    """The account's net position in the order's instrument."""
    as_of_ns: int = 0
    """The answer is no older than this; 0 where the venue does not say."""


class AccountLookedUp(InputBase, frozen=True):
    """The answer to `QueryAccount`: working orders, positions, balance, and fills since the time asked for."""

    account: AccountId
    balance: Decimal
    positions: tuple[VenuePosition, ...]
    orders: tuple[VenueOrder, ...]
    fills: tuple[VenueFill, ...]
    as_of_ns: int = 0
    """The answer is no older than this; 0 where the venue does not say."""
    reversals: tuple[VenueReversal, ...] = ()
    """Busts and corrections since the time asked for, where the venue tells of them."""
    movements: tuple[CashMovement, ...] = ()
    """Of cash, since the time asked for, where the venue tells of them."""


class VenueFailed(InputBase, frozen=True):
    """A request could not be carried out. `MAYBE` and `YES` leave its outcome unknown."""

    account: AccountId
    cl_ord_id: ClOrdId | None
    reached_venue: ReachedVenue
    text: str


class EgressRefused(InputBase, frozen=True):
    """The egress guard held an order back, or a change of one, that the gate had let out: one of both is wrong."""

    account: AccountId
    cl_ord_id: ClOrdId
    """Of the request: the new one for a replace."""
    reason: str


Input = (
    EngineStarted
    | StopEngine
    | TimePassed
    | SubmitSignal
    | ReportBadSignal
    | SubmitOrder
    | StopTrading
    | ResumeTrading
    | SetMode
    | ApprovePlan
    | RejectPlan
    | ModifyPlan
    | CancelOrders
    | ChangeOrder
    | SetCorrelation
    | SetLimits
    | ApproveLimits
    | WithdrawLimits
    | CloseBreaker
    | ProposeOverride
    | ApproveOverride
    | WithdrawOverride
    | CompareAccounts
    | SettleOrder
    | KeepCommand
    | WithdrawCommand
    | ResolveBreak
    | VenueQuoted
    | TradingDay
    | FirmDay
    | FlatHours
    | SessionChanged
    | VolatilityObserved
    | TradingHalted
    | SetLocate
    | NoteCommand
    | ObserveHost
    | NoteSnapshot
    | RecallOrders
    | LeaseTakenOver
    | AdoptLease
    | SkipInput
    | Quote
    | ExecutionReport
    | CashMoved
    | CancelRejected
    | OrderLookedUp
    | AccountLookedUp
    | VenueFailed
    | EgressRefused
)
