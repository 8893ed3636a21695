"""What a pre-trade check may see: plain numbers, read once, true before the order in question."""

from decimal import Decimal

import msgspec

from coxswain.model.exposure import Exposure
from coxswain.model.firm_facts import FirmFacts
from coxswain.model.market import Instrument, Quote
from coxswain.model.override import Override
from coxswain.model.vocabulary import OrdType, SelfMatch, ShortSelling, TimeInForce, TradingState


class Host(msgspec.Struct, frozen=True, gc=False):
    """How the machine stands; what is too old counts as if it had never been said."""

    journal_healthy: bool
    disk_headroom: bool
    clock_in_bound: bool
    lease_epoch: int
    valid_until_ns: int | None


class RiskView(msgspec.Struct, frozen=True, gc=False):
    """The account, the market and the parent at one instant. Money is in the account's currency, quantity in lots."""

    now_ns: int
    instrument: Instrument | None
    session_open: bool
    quote: Quote | None
    fx_rate: Decimal | None
    """Account currency for one unit of the instrument's, at the adverse side; None if no fresh quote gives one."""
    signal_time_ns: int
    dies_ns: int
    seen_before: bool
    """This id has been used for another intent."""
    reducing: bool
    """Provably reducing: opposite side, reduce-only, not above the position less other reducing orders."""
    free_to_reduce: Decimal
    state: TradingState
    reconciled: bool
    unknown_orders: int
    """Of the account in this instrument."""
    open_breaks: int
    worst_long: Decimal
    """Position plus every open or unknown buy, before this order."""
    worst_short: Decimal
    """As a positive number."""
    available_margin: Decimal
    """Equity less margin in use and held."""
    margin_per_lot: Decimal
    risk_per_lot: Decimal
    value_per_lot: Decimal
    anchor: Decimal
    """Higher of balance and equity at the start of the day."""
    day_loss: Decimal
    """Anchor less equity; negative in profit."""
    risk_at_stops: Decimal
    """Lost if every position went from its mark to its stop, and every held entry from its price to its own."""
    open_positions: int
    """Instruments held or on order."""
    adds_position: bool
    open_orders: int
    parent_qty: Decimal | None
    """What this account may take of the plan; None without a plan."""
    parent_used: Decimal
    limit_version: int
    limits_until_ns: int | None
    """When the first temporary change of this account's limits ends."""
    halt: str | None
    """Why the venue has halted the instrument."""
    ord_types: tuple[OrdType, ...]
    """That the account's venue takes."""
    times_in_force: tuple[TimeInForce, ...]
    listed: str
    """`allowed`, or what keeps the instrument from being entered here."""
    short_selling: ShortSelling
    located: Decimal
    """Lots that may be borrowed."""
    balance: Decimal | None
    host: Host | None
    newest_epoch: int
    reference_px: Decimal | None
    """The price that the day's prices are measured by; None if there never was a quote."""
    price_low: Decimal | None
    """Of our own entries within the window."""
    price_high: Decimal | None
    displayed: Decimal | None
    """Lots that the quote shows on the side the order would take; None where it shows no size."""
    plan_used: Decimal | None
    """Lots of all of the plan that are filled, working or unknown; None without a plan."""
    desk_rate: Decimal | None
    """The desk's currency for one unit of the account's; None if no fresh quote gives one."""
    messages: int
    """Orders and changes within a second, of the account."""
    venue_messages: int
    strategy_messages: int
    orders_today: int
    orders_this_minute: int
    repeats: int
    """Entries of the same strategy just like this one, in a row."""
    cancels: int
    trades: int
    tried: int
    failed: int
    """Of those tried: rejected, or without an answer."""
    entered_alike_ns: int | None
    """When the same order was last entered."""
    new_qty: Decimal
    """Lots that are not in the sums yet: all of the order, unless it is judged again."""
    new_worst: Decimal
    """Lots by which the worst case of the position grows."""
    exposure: Exposure
    """Of the account, in its currency; all others in the desk's."""
    desk_exposure: Exposure
    desk_lots: Exposure
    """In the instrument, over all accounts, in lots."""
    currency_exposure: Exposure
    group_exposure: Exposure | None
    """None for an instrument without a group."""
    strategy_exposure: Exposure | None
    """None for an order of no strategy."""
    strategy_lots: Decimal
    """Of this strategy in this position, worst case on the order's side."""
    protect_px: Decimal | None
    """The worst price that an order at market may trade at; None where no sane quote gives one."""
    crossed_px: Decimal | None
    """The best price of our own that it would trade with at once; None if it meets none of ours."""
    crosses_reducing: bool
    """Among what it meets is an order that reduces, which is not called back."""
    self_match: SelfMatch
    equity: Decimal
    peak: Decimal
    initial_balance: Decimal | None
    overridden: tuple[int, ...] = ()
    """Soft controls that a second person has let pass for this order."""
    restricted_by: str = ""
    """What restricts the state, for people."""
    may_reduce_halted: bool = False
    """Also where all is halted: a person asked for it, or it puts protection back that an exit took down."""
    overrides: tuple[Override, ...] = ()
    """By which they did."""
    firm: FirmFacts | None = None
    """None where no account is under a firm's rules."""
    entries_while_half_open: int | None = None
    """Open entries of the account while one of its breakers is half-open; None while none is."""
    last_px: Decimal | None = None
    """Of the last trade of the market that is known."""
