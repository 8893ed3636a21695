"""The engine's state: one desk, and one partition for each account. Data only.

Only `evolve` (in `evolve.py`) writes it. Sums are kept up to date by delta, so that no order, fill or quote costs more
because there are many accounts, positions or orders. Dicts keep the order of insertion, which is the journal's order.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

import msgspec

from coxswain.core.firm.book import FirmDesk
from coxswain.core.order import Order
from coxswain.core.params import AccountParams, DeskParams
from coxswain.core.position import KnownFill, Position
from coxswain.core.rings import Ring
from coxswain.core.shares import Parent, PlanState, Share, Spread
from coxswain.core.windows import Window
from coxswain.messages.events import BreakFound, LimitChange
from coxswain.messages.inputs import Keepable
from coxswain.model.about import About
from coxswain.model.breaker import BreakerKind, BreakerState
from coxswain.model.control import StopLevel
from coxswain.model.decimals import ONE, ZERO, percent_of, plain
from coxswain.model.exposure import Exposure
from coxswain.model.market import Instrument, Quote
from coxswain.model.orders import OrderIntent, VenueReversal
from coxswain.model.override import Override
from coxswain.model.risk_view import Host
from coxswain.model.setup import NOTHING_DECLARED, AccountSpec, Capabilities, Setup
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    CashId,
    ClOrdId,
    ExecId,
    JournalId,
    LadderStep,
    Mode,
    Resolution,
    SignalId,
    Symbol,
    TradingState,
    VenueId,
    VenueTier,
)


class Volatility(msgspec.Struct, frozen=True):
    """How much an instrument moves, as it was last observed."""

    ewma_pct: Decimal
    """A day's standard deviation."""
    atr: Decimal
    """The average true range of one bar, in price."""
    as_of_ns: int


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

    INDEX: ClassVar[tuple[str, ...]] = ("asked_seq", "to_stops")

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
    """Lost from average prices to stops: what a budget or a balance, which no open profit is in, can lose."""
    to_stops: Decimal = ZERO
    """Lost from marks to stops: what equity, which open profit is in, can lose."""
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
    asked_seq: int = 0
    """The record in which it was."""
    asked_before: int = 0
    """Times in a row that it had been asked by then, by routine, without coming to agree."""
    orders: dict[ClOrdId, Order] = {}
    former_ids: dict[ClOrdId, ClOrdId] = {}
    """Ids given by replaces, to the order's own."""
    order_count: int = 0
    archived_orders: int = 0
    """How many have left this memory, and how many fills: see `core/archive.py`."""
    archived_fills: int = 0
    exec_ids: dict[ExecId, None] = {}
    """Of every fill, bust and correction that was taken in, and is remembered here."""
    fills: dict[ExecId, KnownFill] = {}
    """By the exec_id that each was booked under."""
    fill_of: dict[ExecId, ExecId] = {}
    """By the exec_id of a bust or correction: of its fill."""
    awaited: dict[ExecId, list[VenueReversal]] = {}
    """Busts and corrections of fills that are not known, by the exec_id that they name."""
    reversed_ns: int = 0
    """The venue's time of the latest of them: older books have the fills as they were."""
    cash_ids: dict[CashId, None] = {}
    """Of every movement of cash that was taken in, or is in the first balance."""
    cash_ns: int = 0
    """The venue's time of the latest of them: older books have another balance."""
    settled_ns: int = 0
    """The venue's time of the last balance that was taken over: movements up to it are in it."""
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
    newest_epoch: int = 0
    """Of the lease on it, where another engine was seen to have taken it over."""
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
    kept_back: dict[SignalId, None] = {}
    """Orders that follow another and wait until something may be opened again."""
    contingent: dict[SignalId, list[ClOrdId]] = {}
    """Orders that entered for a signal of two orders, by the share that each was for."""


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
    whole_desk: bool = False


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


class KeptCommand(msgspec.Struct, frozen=True):
    """What waits for a start."""

    command: Keepable
    since_ns: int
    utc_ns: int
    """The wall clock when it was given."""
    until_ns: int | None


class KeptSince(msgspec.Struct, frozen=True):
    """The last start that found commands waiting."""

    started_ns: int
    utc_ahead_ns: int | None
    """How far the wall clock was ahead of engine time."""


class Skipped(msgspec.Struct, frozen=True):
    """An input that a person had passed over: the record that kept it, its kind, and whom it was about."""

    seq: int
    what: str
    about: About


class State(msgspec.Struct):
    """All of it. The digest is taken over this; the deadline heap is an index and left out."""

    INDEX: ClassVar[tuple[str, ...]] = ("orders_of", "hanging", "aging")

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
    last_px: dict[Symbol, Decimal] = {}
    """Of the last trade of the market that a quote told of."""
    shown: dict[Symbol, dict[VenueId, Quote]] = {}
    """What single venues show, where that is told apart from the market."""
    sessions: dict[Symbol, bool] = {}
    volatility: dict[Symbol, Volatility] = {}
    accounts: dict[AccountId, Account] = {}
    correlations: dict[AccountId, dict[AccountId, Decimal]] = {}
    signals: dict[SignalId, Signal] = {}
    direct_ids: dict[SignalId, None] = {}
    """Ids of orders that came without a plan."""
    live_confirmed: dict[AccountId, str] = {}
    """Accounts that may trade real money, and who said so."""
    noted_commands: dict[str, None] = {}
    """Commands of files that were carried out."""
    plans: dict[SignalId, PlanState] = {}
    orders_of: dict[SignalId, list[tuple[AccountId, ClOrdId]]] = {}
    """Every order that was made for a signal."""
    hanging: dict[SignalId, list[SignalId]] = {}
    """By the signal that they hang on: legs of a spread, exits of one, a second order."""
    aging: dict[int, list[SignalId]] = {}
    """By the time at which it is looked at: what may leave this memory."""
    trailing: dict[Symbol, dict[ClOrdId, AccountId]] = {}
    """Open orders, other than protection, whose stop the engine lets follow the market."""
    holders: dict[Symbol, dict[AccountId, None]] = {}
    """Accounts with an open position, by instrument: whom a quote concerns."""
    converted: dict[Symbol, dict[AccountId, dict[Symbol, None]]] = {}
    """Open positions whose profit is converted, by the currency pair that it goes by: whom a quote also concerns."""
    deadlines: dict[str, int] = {}
    """By key `kind|account|id`: when, in engine time."""
    kept: dict[str, KeptCommand] = {}
    """Commands that wait for a start, by id."""
    kept_since: KeptSince | None = None
    stopped: bool = False
    """The process ended in good order."""
    overrides: dict[str, Override] = {}
    """Asked for and not over, by id."""
    override_count: int = 0
    open_breakers: int = 0
    """Over all accounts."""
    limits: LimitBook = msgspec.field(default_factory=LimitBook)
    firms: FirmDesk = msgspec.field(default_factory=FirmDesk)
    skipped: dict[str, Skipped] = {}
    """Inputs that are passed over when they come again, by their hash."""
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


DRAWDOWN_LIMIT = "drawdown limit"
"""The limit on what equity is below its peak: a person who lets the account trade on begins a new peak."""
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


def reducible(account: Account, position: Position) -> Decimal:
    """Return how much of a position orders may take off: no more than the venue holds, where that is known to be less.

    A difference that is lived with says so. An open break says so as well where an order that is to reduce could open a
    position; a venue that does reduce-only takes no more than there is, and there a late report is no reason to stand
    without a stop. Once that venue has ended what was to reduce, its books are believed there as well.
    """
    ours = abs(position.qty)
    if not account.ignored and not account.breaks:
        return ours
    break_id = position_break(account.spec.id, position.symbol)
    difference, found = account.ignored.get(break_id), account.breaks.get(break_id)
    if found is not None and (position.less_there or not account.capabilities.native_reduce_only):
        difference = (found.theirs or ZERO) - (found.ours or ZERO)
    if difference is None:
        return ours
    theirs = position.qty + difference
    return plain(min(ours, max(theirs if position.qty > 0 else -theirs, ZERO)))


def share_of(state: State, signal_id: SignalId, account_id: AccountId) -> Share | None:
    plan = state.plans.get(signal_id)
    return None if plan is None else plan.shares.get(account_id)


def root_of(state: State, signal_id: SignalId) -> SignalId:
    """Return the signal that this one hangs on in the end, itself where it hangs on none."""
    while (signal := state.signals.get(signal_id)) is not None:
        above = signal.spread or signal.first
        if above is None or above not in state.signals:
            break
        signal_id = above
    return signal_id


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


def nearly_used_up(account: Account) -> list[str]:
    """Name the limits on losses of which so much is used that the account takes no new risk."""
    strict = (LadderStep.NO_NEW_RISK, LadderStep.FLATTEN)
    return [name for name, step in account.ladder.items() if step in strict]


def strategy_of(state: State, signal_id: SignalId) -> str:
    signal = state.signals.get(signal_id)
    return "" if signal is None else signal.strategy
