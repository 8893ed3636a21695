"""Events: something is now a fact. Only events change state, and they carry results beside the change.

Fields are only ever added, with defaults. A name is never reused.
"""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.orders import OrderIntent
from coxswain.model.plan import Plan
from coxswain.model.setup import Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    JournalId,
    OrdStatus,
    Role,
    Side,
    SignalId,
    Symbol,
    TradingState,
    VenueOrderId,
)


class EventBase(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    pass


# --- the engine and its facts ---------------------------------------------------------------------------------------


class EngineConfigured(EventBase, frozen=True):
    version: str
    journal_id: JournalId
    seed: int
    setup: Setup


class EngineStopped(EventBase, frozen=True):
    """A checkpoint at a clean end: what stays open."""

    reason: str
    open_orders: tuple[ClOrdId, ...]
    digest: str = ""
    """Of the engine as it stood before this event; empty in journals of earlier versions."""


class SessionSet(EventBase, frozen=True):
    symbols: tuple[Symbol, ...]
    is_open: bool


class CorrelationSet(EventBase, frozen=True):
    account: AccountId
    other: AccountId
    rho: Decimal
    crossed: bool = False
    """The pair is now above the threshold and was not before."""


# --- accounts -------------------------------------------------------------------------------------------------------


class AccountStateChanged(EventBase, frozen=True):
    """A cause that restricts trading began or ended; `state` is the strictest that is left."""

    account: AccountId
    cause: str
    """PAUSED, DAILY_LOSS, DRAWDOWN, UNRECONCILED, BREAK or NOT_CONFIGURED."""
    active: bool
    state: TradingState
    reason: str
    actor: str = "engine"


class DayStarted(EventBase, frozen=True):
    """A trading day: `anchor` is the higher of balance and equity at the reset."""

    account: AccountId
    day: str
    balance: Decimal
    equity: Decimal
    anchor: Decimal


class BalanceAdopted(EventBase, frozen=True):
    """The venue's balance became ours: at the first look. Fills before it are not ours to book."""

    account: AccountId
    balance: Decimal
    as_of_ns: int = 0


# --- signals and plans ----------------------------------------------------------------------------------------------


class SignalAccepted(EventBase, frozen=True):
    signal: Signal


class SignalDuplicated(EventBase, frozen=True):
    """The same id with the same body again: nothing is done."""

    signal_id: SignalId


class SignalDenied(EventBase, frozen=True):
    signal_id: str | None
    where: str
    reasons: tuple[str, ...]


class PlanProposed(EventBase, frozen=True):
    plan: Plan


class PlanApproved(EventBase, frozen=True):
    signal_id: SignalId
    by: str


class RecoveryAssigned(EventBase, frozen=True):
    """A rejected child's rest goes to another account."""

    signal_id: SignalId
    failed: ClOrdId
    account: AccountId
    qty: Decimal
    checks: tuple[Check, ...]


class RecoveryFailed(EventBase, frozen=True):
    """No other account can take a rejected child's rest; each one's failed check is listed."""

    signal_id: SignalId
    failed: ClOrdId
    reasons: tuple[str, ...]


class CompletionScheduled(EventBase, frozen=True):
    """The rest of a partly filled entry waits for its next completion order, number `attempt`."""

    signal_id: SignalId
    account: AccountId
    qty: Decimal
    attempt: int
    due_ns: int


class CompletionEnded(EventBase, frozen=True):
    """The rest stays open: no attempt is left, the signal died, or it was withdrawn."""

    signal_id: SignalId
    account: AccountId
    qty: Decimal
    reason: str


class ReleasePostponed(EventBase, frozen=True):
    """A share was due while the account's books were being compared: it is looked at again."""

    signal_id: SignalId
    account: AccountId
    due_ns: int


class AssignmentWithdrawn(EventBase, frozen=True):
    """A share that was planned will not be released any more."""

    signal_id: SignalId
    account: AccountId
    reason: str


# --- orders ---------------------------------------------------------------------------------------------------------


class OrderDenied(EventBase, frozen=True):
    """Our own gate refused: nothing was sent."""

    intent: OrderIntent
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]


class OrderCreated(EventBase, frozen=True):
    """The gate approved and the hold is in place; the order may leave now."""

    cl_ord_id: ClOrdId
    intent: OrderIntent
    checks: tuple[Check, ...]
    margin_per_lot: Decimal
    """Account currency, held for each lot not done."""
    risk_per_lot: Decimal
    """Account currency lost for each lot from the entry to its stop."""
    submit_by_ns: int
    """Without an answer by then the outcome is unknown."""
    enters: bool = True
    """It can open or grow a position; the others only reduce."""
    watched: bool = False
    """What stays open after a partial fill is cancelled and completed."""
    dies_ns: int | None = None
    """It must not leave after this."""


class OrderAccepted(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    venue_order_id: VenueOrderId | None


class OrderFilled(EventBase, frozen=True):
    """A fill was booked, once. Quantities are the order's after it."""

    account: AccountId
    cl_ord_id: ClOrdId
    exec_id: ExecId
    symbol: Symbol
    side: Side
    last_qty: Decimal
    last_px: Decimal
    commission: Decimal
    fx_rate: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal
    ord_status: OrdStatus
    transact_time_ns: int
    slippage_bps: Decimal | None = None
    """Against the decision price, adverse positive."""
    suspense: bool = False
    """It names an order that it does not fit: booked on the position, and on no order."""


class OrderRejected(EventBase, frozen=True):
    """The venue refused, definitively."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class OrderCanceled(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    cum_qty: Decimal
    unsolicited: bool
    reason: str = ""


class OrderExpired(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    cum_qty: Decimal


class OrderRestated(EventBase, frozen=True):
    """The venue changed an order by itself, as the sibling of a partly filled one, or its books show a change."""

    account: AccountId
    cl_ord_id: ClOrdId
    order_qty: Decimal
    price: Decimal | None = None
    """None leaves it as it was, as for `stop_px`."""
    stop_px: Decimal | None = None
    transact_time_ns: int = 0


class CancelRequested(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    reason: str
    answer_by_ns: int


class CancelRefused(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class ReplaceRequested(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    new_cl_ord_id: ClOrdId
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None
    answer_by_ns: int
    checks: tuple[Check, ...] = ()


class OrderReplaced(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    new_cl_ord_id: ClOrdId
    order_qty: Decimal
    transact_time_ns: int = 0


class ReplaceRefused(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    reason: str
    by_venue: bool = True
    """False: it seems to have been lost, and may be asked for again at once; else it waits for a comparison."""


# --- what we do not know --------------------------------------------------------------------------------------------


class OutcomeUnknown(EventBase, frozen=True):
    """Nobody said what became of a request. The hold stays; the question is asked."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class QuestionAsked(EventBase, frozen=True):
    """The venue is asked for an order; asked again at `answer_by_ns` if it stays silent."""

    account: AccountId
    cl_ord_id: ClOrdId
    answer_by_ns: int


class AbsenceNoted(EventBase, frozen=True):
    """One look-up found neither the order nor a trace of it. Not proof yet."""

    account: AccountId
    cl_ord_id: ClOrdId
    looks: int
    ask_again_ns: int
    looked_ns: int = 0


class OutcomeResolved(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    found: bool
    how: str


class OrderResent(EventBase, frozen=True):
    """Proved absent, so it leaves once more under the same id."""

    account: AccountId
    cl_ord_id: ClOrdId
    submit_by_ns: int


class ReportQuarantined(EventBase, frozen=True):
    """The venue said what cannot be. Nothing changes but the account, which is compared with its books."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class IncidentRaised(EventBase, frozen=True):
    """LATE_FILL, OVERFILL, UNKNOWN_ORDER or OTHER_ORDER: booked all the same; WORKS_AFTER_END: cancelled."""

    account: AccountId
    cl_ord_id: ClOrdId
    kind: str
    detail: str


# --- positions and protection ---------------------------------------------------------------------------------------


class PositionChanged(EventBase, frozen=True):
    """A position after a fill. Cost and P&L are in the instrument's currency, `realized` also in the account's."""

    account: AccountId
    symbol: Symbol
    qty: Decimal
    cost: Decimal
    """Signed: what the open quantity cost; the average price is cost / (qty * contract_size)."""
    avg_px: Decimal | None
    realized: Decimal
    """By this fill, in the account's currency, before commission."""
    balance: Decimal
    margin: Decimal
    """Account currency, tied up by the position."""
    commission: Decimal
    risk: Decimal = ZERO
    """Account currency, lost from the average price to the stop."""
    closed: bool = False
    """The quantity reached or passed zero by this fill."""


class ProtectionLevelsSet(EventBase, frozen=True):
    """The prices that protect a position from now on; its orders follow."""

    account: AccountId
    symbol: Symbol
    stop_px: Decimal | None
    target_px: Decimal | None
    risk: Decimal
    signal_id: SignalId


class ProtectionFailed(EventBase, frozen=True):
    """A position has less protection than it should: an alert."""

    account: AccountId
    symbol: Symbol
    reason: str
    leg: Role | None = None
    """The order that is missing: STOP or TARGET."""


class ExitStarted(EventBase, frozen=True):
    """A position is being closed: protection makes room first. `qty` None closes all of it."""

    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    qty: Decimal | None


class ExitEnded(EventBase, frozen=True):
    account: AccountId
    symbol: Symbol
    signal_id: SignalId
    reason: str


# --- reconciliation -------------------------------------------------------------------------------------------------


class ComparisonAsked(EventBase, frozen=True):
    """The venue is asked for an account's books."""

    account: AccountId
    reason: str
    answer_by_ns: int


class Reconciled(EventBase, frozen=True):
    """Our books and the venue's are equal."""

    account: AccountId
    positions: int
    orders: int
    fills_booked: int
    """Fills that only the comparison brought."""
    as_of_ns: int = 0
    """The next comparison asks for fills since then."""


class BreakFound(EventBase, frozen=True):
    account: AccountId
    break_id: str
    kind: str
    """MISSING_AT_VENUE, UNKNOWN_TO_US, QUANTITY_DIFFERS or BALANCE_DIFFERS; of an order, ORDER_MISSING_AT_VENUE,
    ORDER_UNKNOWN_TO_US or WORKS_AFTER_END."""
    symbol: Symbol | None
    severity: str
    ours: Decimal | None
    theirs: Decimal | None
    detail: str = ""


class BreakClosed(EventBase, frozen=True):
    account: AccountId
    break_id: str
    resolution: str


Event = (
    EngineConfigured
    | EngineStopped
    | SessionSet
    | CorrelationSet
    | AccountStateChanged
    | DayStarted
    | BalanceAdopted
    | SignalAccepted
    | SignalDuplicated
    | SignalDenied
    | PlanProposed
    | PlanApproved
    | RecoveryAssigned
    | RecoveryFailed
    | CompletionScheduled
    | CompletionEnded
    | ReleasePostponed
    | AssignmentWithdrawn
    | OrderDenied
    | OrderCreated
    | OrderAccepted
    | OrderFilled
    | OrderRejected
    | OrderCanceled
    | OrderExpired
    | OrderRestated
    | CancelRequested
    | CancelRefused
    | ReplaceRequested
    | OrderReplaced
    | ReplaceRefused
    | OutcomeUnknown
    | QuestionAsked
    | AbsenceNoted
    | OutcomeResolved
    | OrderResent
    | ReportQuarantined
    | IncidentRaised
    | PositionChanged
    | ProtectionLevelsSet
    | ProtectionFailed
    | ExitStarted
    | ExitEnded
    | ComparisonAsked
    | Reconciled
    | BreakFound
    | BreakClosed
)
