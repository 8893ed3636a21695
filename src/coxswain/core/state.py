"""The engine's state: one desk, and one partition for each account. Data only.

Only `evolve` (in `evolve.py`) writes it. Sums are kept up to date by delta, so that no order, fill or quote costs more
because there are many accounts, positions or orders. Dicts keep the order of insertion, which is the journal's order.
"""

import heapq
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.core.firm.book import FirmDesk
from coxswain.core.order import Order
from coxswain.core.params import AccountParams, DeskParams
from coxswain.core.rings import PriceRing, Ring
from coxswain.core.windows import Window
from coxswain.messages.events import BreakFound, LimitChange
from coxswain.model.breaker import BreakerKind, BreakerState
from coxswain.model.control import StopLevel
from coxswain.model.decimals import ONE, ZERO, percent_of, plain
from coxswain.model.exposure import Exposure
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent, Trail, VenueReversal
from coxswain.model.override import Override
from coxswain.model.plan import Plan
from coxswain.model.risk_view import Host
from coxswain.model.setup import NOTHING_DECLARED, AccountSpec, Capabilities, Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    JournalId,
    LadderStep,
    LeggingRule,
    Mode,
    Resolution,
    Role,
    Side,
    SignalId,
    Symbol,
    TradingState,
    VenueId,
    VenueTier,
)


class Exit(msgspec.Struct):
    """A position on its way out. `qty` None closes all of it."""

    signal_id: SignalId
    qty: Decimal | None
    was_long: bool
    limit_px: Decimal | None = None
    """Not at a worse price than this: a target that the engine held."""
    order_id: ClOrdId | None = None
    actor: str = ""
    """The person who asked for it; empty where a signal did."""
    tries: int = 0
    """Orders in a row that were rejected or never left."""


class Booking(msgspec.Struct, frozen=True):
    """A fill as it was booked on a position."""

    transact_time_ns: int
    exec_id: ExecId
    side: Side
    qty: Decimal
    px: Decimal
    rate: Decimal


class KnownFill(msgspec.Struct, gc=False):
    """A fill that was booked, as the venue's last word about it has it."""

    booking: Booking
    symbol: Symbol
    cl_ord_id: ClOrdId
    commission: Decimal
    on_order: bool
    """It counts in the quantity of that order."""
    changed_ns: int = 0
    """The venue's time of the bust or correction in force; 0 where there is none."""
    changed_by: ExecId = ExecId("")
    busted: bool = False


class Levels(msgspec.Struct, frozen=True):
    """What a position was protected by when it closed."""

    was_long: bool
    stop_px: Decimal | None
    target_px: Decimal | None
    levels_from: SignalId | None
    trail: Trail | None


def venue_order(booking: Booking) -> tuple[int, int, str]:
    """Sort as the venue booked: by its time; at one instant by exec_id, since venues count up."""
    return booking.transact_time_ns, len(booking.exec_id), booking.exec_id


class Volatility(msgspec.Struct, frozen=True):
    """How much an instrument moves, as it was last observed."""

    ewma_pct: Decimal
    """A day's standard deviation."""
    atr: Decimal
    """The average true range of one bar, in price."""
    as_of_ns: int


class Parent(msgspec.Struct):
    """A parent order that an algorithm works: an account's share of an entry, or the exit from a position."""

    side: Side
    """Of its children."""
    order_qty: Decimal
    started_ns: int
    ends_ns: int
    arrival_px: Decimal | None = None
    arrival_volume: Decimal | None = None
    exits: bool = False
    cum_qty: Decimal = ZERO
    child: ClOrdId | None = None
    """Of an entry: the one that is open."""
    has_sent: bool = False
    """Of an entry: there was a child already."""
    price: Decimal | None = None
    """Where it stands; None where it crosses."""
    former_target_px: Decimal | None = None
    """Of an exit: the position's own target, while the exit stands in its place."""
    wake_ns: int = 0
    refusals: int = 0
    """Children in a row that were denied or rejected."""
    actor: str = ""
    """The person who asked for an exit; empty where a signal did."""


class Counted(msgspec.Struct, frozen=True):
    """What a position counted for when the sums of exposure were last brought up to date."""

    up: Decimal = ZERO
    down: Decimal = ZERO
    lot_value: Decimal = ZERO
    rate: Decimal = ONE


class Part(msgspec.Struct):
    """One strategy's part of a position."""

    qty: Decimal = ZERO
    held_buy: Decimal = ZERO
    held_sell: Decimal = ZERO
    counted: Counted = Counted()


class Entered(msgspec.Struct, frozen=True):
    """An order that entered a short while ago."""

    at_ns: int
    side: Side
    qty: Decimal
    price: Decimal | None
    strategy: str


class Repeat(msgspec.Struct):
    """Entries of one strategy that are all alike, one after another."""

    side: Side
    qty: Decimal
    times: Ring


class Paced(msgspec.Struct, frozen=True):
    """An order that was approved and waits for room among the messages."""

    intent: OrderIntent
    signal_time_ns: int
    dies_ns: int
    renews: ClOrdId | None = None


class Resting(msgspec.Struct):
    """Our own limit orders in one instrument, by price, then account and id."""

    buys: list[tuple[Decimal, AccountId, ClOrdId]] = []
    sells: list[tuple[Decimal, AccountId, ClOrdId]] = []


class Reference(msgspec.Struct, frozen=True):
    """The price that a day's prices are measured by."""

    price: Decimal
    day: int
    """Days since 1970, UTC."""


class SpreadLeg(msgspec.Struct):
    """One leg of an account's share of a spread."""

    signal_id: SignalId
    """Of its own share."""
    symbol: Symbol
    side: Side
    ratio: Decimal
    qty: Decimal
    cum_qty: Decimal = ZERO
    closed_qty: Decimal = ZERO
    """Of that, closed again: unwound, or gone with the position."""


class Spread(msgspec.Struct):
    """An account's share of a spread that was started."""

    units: Decimal
    legs: list[SpreadLeg]
    """In the order in which they are worked."""
    started_ns: int
    ends_ns: int
    unhedged_value: Decimal = ZERO
    since_ns: int | None = None
    """Since when something is unhedged."""
    wake_ns: int = 0
    note: str = ""
    decided: LeggingRule | None = None
    """A legging limit was reached."""
    decided_ns: int = 0
    stopped: str = ""
    """Why it was called back."""
    tries: int = 0
    """Orders sent or denied since it was decided about."""
    over: bool = False


class Position(msgspec.Struct):
    """What one account holds, or is about to hold, in one instrument."""

    symbol: Symbol
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    """Instrument's currency, signed; the average price is derived."""
    base_qty: Decimal = ZERO
    base_cost: Decimal = ZERO
    """Quantity and cost before the fills in `recent`."""
    recent: list[Booking] = []
    """In the venue's order, those that a fill which comes late may still have to be booked before."""
    margin: Decimal = ZERO
    risk: Decimal = ZERO
    unrealized: Decimal = ZERO
    """Account currency, like margin and risk."""
    stop_px: Decimal | None = None
    target_px: Decimal | None = None
    levels_from: SignalId | None = None
    trail: Trail | None = None
    """How its stop follows the market."""
    trail_active: bool = False
    """The price from which it follows has been reached."""
    former: Levels | None = None
    """Of the position that closed last here: a busted exit opens it again."""
    stop_id: ClOrdId | None = None
    target_id: ClOrdId | None = None
    leg_failed_ns: dict[Role, int] = {}
    """When a stop or target was last lost or denied; it is not placed again at once, over and over."""
    leg_tries: dict[Role, int] = {}
    """Refusals in a row of a stop or target, or of its change."""
    exit: Exit | None = None
    exited_ns: int = 0
    """When an exit of everything last ended."""
    leaving: Parent | None = None
    """An exit that an algorithm works in parts; each part is an `exit`."""
    leaving_for: SignalId | None = None
    triggers: int = 0
    """Exits that the market triggered here since the position last changed."""
    triggered_ns: int = 0
    surplus: Decimal = ZERO
    """What reducing orders opened, to be closed once the venue's books confirm it."""
    held_buy: Decimal = ZERO
    """Open quantity of entering orders, worst case."""
    held_sell: Decimal = ZERO
    held_exit: Decimal = ZERO
    """Open quantity of reducing orders that are not protection."""
    entering: dict[ClOrdId, None] = {}
    """Open orders that enter."""
    waiting: dict[SignalId, None] = {}
    """Signals with a share, or a completion, that waits for its time."""
    strategies: dict[str, None] = {}
    """Whose entries are in it."""
    legging: dict[SignalId, None] = {}
    """Spreads under way that have a leg here."""
    gave_way: bool = False
    """Protection was taken down for an exit, and may be put back even where all is frozen."""
    unknown: int = 0
    breaks: int = 0
    occupied: bool = False
    """Held or on order: counts as an open position."""
    lot_value: Decimal = ZERO
    """Of one lot, at the last price that was seen, in the account's currency."""
    counted: Counted = Counted()
    parts: dict[str, Part] = {}
    """By strategy; orders of none are in no part."""
    entered: list[Entered] = []
    """The last few orders that entered."""
    repeats: dict[str, Repeat] = {}
    """By strategy."""
    prices: PriceRing = msgspec.field(default_factory=PriceRing)
    """Of our own entries."""


NOTHING_HELD = Position(Symbol(""))
"""For reading only, where an account has no place for an instrument."""


class Chosen(msgspec.Struct, frozen=True):
    """What somebody wants to become of a break."""

    resolution: Resolution
    difference: Decimal
    reason: str
    actor: str
    price: Decimal | None


class Breaker(msgspec.Struct):
    """A circuit breaker that is not closed."""

    state: BreakerState
    until_ns: int | None = None
    """The end of the time to cool down."""
    trial: ClOrdId | None = None
    """The entry that decides about it while it is half-open."""


class Account(msgspec.Struct):
    """One account's partition."""

    spec: AccountSpec
    params: AccountParams
    tier: VenueTier
    capabilities: Capabilities = NOTHING_DECLARED
    """What its venue does itself."""
    listed: dict[Symbol, str] = {}
    """Instruments that may not be entered here, with the reason; the others may."""
    balance: Decimal | None = None
    """None until the venue's books have been seen."""
    unrealized: Decimal = ZERO
    used_margin: Decimal = ZERO
    held_margin: Decimal = ZERO
    open_risk: Decimal = ZERO
    held_risk: Decimal = ZERO
    planned_risk: Decimal = ZERO
    """Of shares that wait for their release."""
    planned_margin: Decimal = ZERO
    """Of legs of spreads, as far as no order holds it yet."""
    spreads: dict[SignalId, Spread] = {}
    """That were started, also those that are over: a late fill reopens them."""
    open_positions: int = 0
    open_orders: dict[ClOrdId, None] = {}
    day: str = ""
    day_balance: Decimal = ZERO
    anchor: Decimal = ZERO
    day_realized: Decimal = ZERO
    """Net of commission, since the reset."""
    causes: dict[str, TradingState] = {}
    """Why it may not trade freely, by cause."""
    state: TradingState = TradingState.ACTIVE
    reconciled: bool = False
    reconciled_ns: int = 0
    """Fills before this are booked, or not ours to book."""
    asked_ns: int = 0
    """When the venue was last asked for its books; an older answer settles nothing."""
    orders: dict[ClOrdId, Order] = {}
    former_ids: dict[ClOrdId, ClOrdId] = {}
    """Ids given by replaces, to the order's own."""
    order_count: int = 0
    exec_ids: dict[ExecId, None] = {}
    """Of every fill, bust and correction that was taken in."""
    fills: dict[ExecId, KnownFill] = {}
    """By the exec_id that each was booked under."""
    fill_of: dict[ExecId, ExecId] = {}
    """By the exec_id of a bust or correction: of its fill."""
    awaited: dict[ExecId, list[VenueReversal]] = {}
    """Busts and corrections of fills that are not known, by the exec_id that they name."""
    reversed_ns: int = 0
    """The venue's time of the latest of them: older books have the fills as they were."""
    rates: dict[str, Decimal] = {}
    """The last rate that a fill in each currency was booked at."""
    positions: dict[Symbol, Position] = {}
    credits: dict[Symbol, Decimal] = {}
    """Lots that rounding owes it, by instrument; negative where it got more than its part."""
    turns: dict[Symbol, Decimal] = {}
    """How far behind its fair number of turns it is, by instrument."""
    breaks: dict[str, BreakFound] = {}
    chosen: dict[str, Chosen] = {}
    """By break: what is to become of it."""
    ignored: dict[str, Decimal] = {}
    """By break that was closed: the difference that is lived with."""
    limits: dict[str, Decimal] = {}
    """What commands have changed, above the configuration."""
    overrides: dict[SignalId, dict[str, Override]] = {}
    """Approved and not yet used, by signal and control."""
    breakers: dict[BreakerKind, Breaker] = {}
    """That are not closed."""
    windows: dict[BreakerKind, Window] = {}
    """What breakers measure."""
    day_peak: Decimal = ZERO
    """The highest equity of the day, where a breaker asks for it."""
    ladder: dict[str, LadderStep] = {}
    """How far losses have climbed, by limit."""
    limits_until_ns: int | None = None
    """When the first temporary change of its limits ends."""
    locates: dict[Symbol, Decimal] = {}
    """Lots that may be borrowed, for the day."""
    venue_errors: int = 0
    """Rejects and unknown outcomes in a row."""
    exposure: Exposure = msgspec.field(default_factory=Exposure)
    desk_rate: Decimal = ONE
    """The desk's currency for one unit of the account's, as last known."""
    initial_balance: Decimal | None = None
    peak: Decimal = ZERO
    """The highest equity since the first balance, or since a person let it trade on after a drawdown."""
    day_orders: int = 0
    messages: Ring = msgspec.field(default_factory=Ring)
    """New orders and changes, within a second."""
    orders_sent: Ring = msgspec.field(default_factory=Ring)
    """Within a minute."""
    cancels: Ring = msgspec.field(default_factory=Ring)
    trades: Ring = msgspec.field(default_factory=Ring)
    tried: Ring = msgspec.field(default_factory=Ring)
    failed: Ring = msgspec.field(default_factory=Ring)
    """Of those tried: rejected, or without an answer."""
    paced: dict[SignalId, Paced] = {}


class Share(msgspec.Struct):
    """One account's part of a released plan."""

    qty: Decimal
    used: Decimal = ZERO
    """Filled, working and unknown, worst case: never above `qty`."""
    planned_risk: Decimal = ZERO
    """Held until it is released or withdrawn."""
    released: bool = False
    attempts: int = 0
    waiting_qty: Decimal = ZERO
    """For the next completion order."""
    recovery: bool = False
    over: bool = False
    """Withdrawn or given up: no completion order follows."""
    parent: Parent | None = None
    """While an algorithm sends it."""
    sliced: bool = False
    """An algorithm sends it in parts: nothing is completed or moved to another account."""
    begun: bool = False
    """Something that an algorithm sent of it was filled."""
    risk_per_lot: Decimal = ZERO
    """Of what an algorithm has not sent yet."""
    planned_margin: Decimal = ZERO
    """Of a leg of a spread, from the plan's approval, as far as no order holds it yet."""
    margin_per_lot: Decimal = ZERO


class PlanState(msgspec.Struct):
    plan: Plan
    shares: dict[AccountId, Share] = {}
    total: Decimal = ZERO
    used: Decimal = ZERO
    asking: dict[AccountId, None] = {}
    """Accounts whose share waits for a person."""
    recovered: dict[ClOrdId, None] = {}
    """Rejected orders whose rest was moved, or could not be."""


class TemporaryLimit(msgspec.Struct, frozen=True):
    """A value that goes back by itself."""

    version: int
    account: AccountId | None
    key: str
    back_to: Decimal
    until_ns: int


class LimitProposal(msgspec.Struct, frozen=True):
    source: str
    changes: tuple[LimitChange, ...]
    actor: str
    reason: str
    until_ns: int | None


class LimitBook(msgspec.Struct):
    """The version of the limits in force, and what is to become of it. Version 1 is the first configuration."""

    version: int = 1
    from_seq: int = 0
    desk: dict[str, Decimal] = {}
    """What commands have changed, above the configuration."""
    temporary: dict[str, TemporaryLimit] = {}
    """By account and key."""
    proposals: dict[str, LimitProposal] = {}
    """By number, written out: the digest takes no other keys."""
    proposal_count: int = 0
    lowered: dict[AccountId, None] = {}
    """Accounts with more at risk than a lowered limit allows."""


class Stop(msgspec.Struct, frozen=True):
    """One level at one scope, and who asked for it."""

    reason: str
    actor: str
    since_ns: int


class State(msgspec.Struct):
    """All of it. The digest is taken over this; the deadline heap is an index and left out."""

    seq: int = 0
    now_ns: int = 0
    journal_id: JournalId = JournalId("")
    seed: int = 0
    setup: Setup | None = None
    desk: DeskParams = DeskParams()
    instruments: dict[Symbol, Instrument] = {}
    pairs: dict[str, Symbol] = {}
    """Currency pairs by `BASE/QUOTE`."""
    quotes: dict[Symbol, Quote] = {}
    shown: dict[Symbol, dict[VenueId, Quote]] = {}
    """What single venues show, where that is told apart from the market."""
    sessions: dict[Symbol, bool] = {}
    volatility: dict[Symbol, Volatility] = {}
    accounts: dict[AccountId, Account] = {}
    correlations: dict[AccountId, dict[AccountId, Decimal]] = {}
    signals: dict[SignalId, Signal] = {}
    direct_ids: dict[SignalId, None] = {}
    """Ids of orders that came without a plan."""
    noted_commands: dict[str, None] = {}
    """Commands of files that were carried out."""
    plans: dict[SignalId, PlanState] = {}
    trailing: dict[Symbol, dict[ClOrdId, AccountId]] = {}
    """Open orders, other than protection, whose stop the engine lets follow the market."""
    holders: dict[Symbol, dict[AccountId, None]] = {}
    """Accounts with an open position, by instrument: whom a quote concerns."""
    converted: dict[Symbol, dict[AccountId, dict[Symbol, None]]] = {}
    """Open positions whose profit is converted, by the currency pair that it goes by: whom a quote also concerns."""
    deadlines: dict[str, int] = {}
    """By key `kind|account|id`: when, in engine time."""
    stopped: bool = False
    """The process ended in good order."""
    overrides: dict[str, Override] = {}
    """Asked for and not over, by id."""
    override_count: int = 0
    open_breakers: int = 0
    """Over all accounts."""
    limits: LimitBook = msgspec.field(default_factory=LimitBook)
    firms: FirmDesk = msgspec.field(default_factory=FirmDesk)
    host: Host | None = None
    lease_epoch: int = 0
    """The highest that was ever told; an older one is somebody else's past."""
    halts: dict[Symbol, str] = {}
    """Instruments that their venue has halted, with the reason."""
    stops: dict[str, dict[StopLevel, Stop]] = {}
    """What a person stopped, by the key of its scope."""
    release_asked: dict[str, str] = {}
    """Who asked first for a release that needs two, by the key of its scope."""
    flattening: dict[str, dict[Symbol, SignalId]] = {}
    """The plans that close what a flatten is about, by the key of its scope."""
    modes: dict[str, Mode] = {}
    """Modes set since the configuration was read, by the key of their scope."""
    lowered: dict[str, None] = {}
    """Of these, the ones that a fault lowered."""
    awaiting: dict[SignalId, None] = {}
    """Plans with a share that waits for a person."""
    currency: str = ""
    """Sums over all accounts are in it."""
    exposures: dict[str, Exposure] = {}
    """Over all accounts: of everything, and by currency, group, strategy and instrument."""
    references: dict[Symbol, Reference] = {}
    resting: dict[Symbol, Resting] = {}
    venue_messages: dict[VenueId, Ring] = {}
    strategy_messages: dict[str, Ring] = {}


STRICTNESS = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


def strictest(states: Iterable[TradingState]) -> TradingState:
    return max(states, key=STRICTNESS.__getitem__, default=TradingState.ACTIVE)


def find_order(account: Account, cl_ord_id: ClOrdId) -> Order | None:
    """Return the order that `cl_ord_id` names, now or before a replace."""
    return account.orders.get(account.former_ids.get(cl_ord_id, cl_ord_id))


def position_break(account_id: AccountId, symbol: Symbol) -> str:
    """Name the break that a difference in a position is."""
    return f"{account_id}:position:{symbol}"


def qty_at_venue(account: Account, symbol: Symbol) -> Decimal:
    """Return what the venue holds if the books agree: what we hold, and a difference that somebody lives with."""
    lived_with = account.ignored.get(position_break(account.spec.id, symbol), ZERO)
    return plain(account.positions[symbol].qty + lived_with)


def is_closing(position: Position) -> bool:
    """Say whether all of a position is on its way out."""
    return position.exit is not None and position.exit.qty is None


def share_of(state: State, signal_id: SignalId, account_id: AccountId) -> Share | None:
    plan = state.plans.get(signal_id)
    return None if plan is None else plan.shares.get(account_id)


def parent_of(state: State, account_id: AccountId, signal_id: SignalId) -> Parent | None:
    """Return the parent order that an algorithm works for a signal, if one does."""
    plan = state.plans.get(signal_id)
    if plan is None:
        return None
    share = plan.shares.get(account_id)
    if share is not None:
        return share.parent
    position = state.accounts[account_id].positions.get(plan.plan.symbol)
    return None if position is None or position.leaving_for != signal_id else position.leaving


def equity(account: Account) -> Decimal:
    return (account.balance or ZERO) + account.unrealized


def available_margin(account: Account) -> Decimal:
    return equity(account) - account.used_margin - account.held_margin


def spare_margin(account: Account) -> Decimal:
    """Return the available margin less what legs of spreads will need."""
    return available_margin(account) - account.planned_margin


def day_is_lost(account: Account) -> bool:
    """Say whether the day's loss, realised and open, has reached its limit."""
    return account.anchor - equity(account) >= percent_of(account.params.max_daily_loss_pct, account.anchor)


def strategy_of(state: State, signal_id: SignalId) -> str:
    signal = state.signals.get(signal_id)
    return "" if signal is None else signal.strategy


class Deadlines:
    """The earliest-first index of `State.deadlines`. What was moved or cleared is skipped when it surfaces."""

    def __init__(self, state: State) -> None:
        self._due = state.deadlines
        self._heap = [(due_ns, key) for key, due_ns in state.deadlines.items()]
        heapq.heapify(self._heap)

    def set(self, key: str, due_ns: int) -> None:
        self._due[key] = due_ns
        heapq.heappush(self._heap, (due_ns, key))

    def clear(self, key: str) -> None:
        self._due.pop(key, None)

    def next_ns(self) -> int | None:
        while self._heap:
            due_ns, key = self._heap[0]
            if self._due.get(key) == due_ns:
                return due_ns
            heapq.heappop(self._heap)
        return None

    def due(self, now_ns: int) -> str | None:
        """Return the earliest key that is due, ties by key. The event that answers it moves or clears it."""
        due_ns = self.next_ns()
        return self._heap[0][1] if due_ns is not None and due_ns <= now_ns else None

    def all_due(self, now_ns: int) -> list[str]:
        """Return every key that is due, in no order that means anything; costs what it returns."""
        found, stack = [], [0]
        while stack:
            index = stack.pop()
            if index < len(self._heap) and self._heap[index][0] <= now_ns:
                due_ns, key = self._heap[index]
                if self._due.get(key) == due_ns:
                    found.append(key)
                stack += (2 * index + 1, 2 * index + 2)
        return found
