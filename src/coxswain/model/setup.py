"""What one start of the engine is given: accounts, venues, instruments and settings, resolved and without secrets."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.firm import NewsCalendar, Phase, RuleSet
from coxswain.model.market import Instrument
from coxswain.model.vocabulary import (
    AccountId,
    DayLossRelease,
    Mode,
    OrdType,
    ProtectionPolicy,
    SelfMatch,
    ShortSelling,
    StopMerge,
    Symbol,
    TimeInForce,
    VenueId,
    VenueTier,
)


class Capabilities(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a venue does itself, so that we need not emulate it. What it does not declare it does not do."""

    tier: VenueTier
    native_reduce_only: bool
    native_oco: bool
    native_replace: bool
    ord_types: tuple[OrdType, ...] = (OrdType.MARKET, OrdType.LIMIT, OrdType.STOP)
    """Taken there, or emulated on our side; every other is refused by our own gate."""
    times_in_force: tuple[TimeInForce, ...] = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
    native_trailing: bool = False
    """It moves a trailing stop by itself."""
    native_gtd: bool = False
    """It ends an order that is good till a date."""


NOTHING_DECLARED = Capabilities(VenueTier.T3, False, False, False, (), ())
"""Of a venue that nothing is known of."""


class VenueSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    id: VenueId
    capabilities: Capabilities
    commission_per_lot: Decimal = ZERO
    """In the account's currency; the router compares venues by it."""
    commission_pct: Decimal = ZERO
    """Of the traded value."""
    simulated: str = ""
    """What it invents instead of taking it from the market; empty where it invents nothing."""


class AccountSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    id: AccountId
    venue: VenueId
    currency: str
    limits: dict[str, Decimal] = {}
    """By key; each reader takes its own keys and their defaults from its `Params`."""
    reserve: bool = False
    """A reserve account takes no first assignment; it stands by for recovery."""
    tz: str = "UTC"
    reset_time: str = "00:00"
    firm: str = ""
    """Id of the rule set it is under; empty where it is under none, which the configuration must say."""
    firm_phase: Phase = Phase.LIVE
    owner: str = ""
    """The legal owner; empty is unknown, and may be anybody."""
    initial_balance: Decimal = ZERO
    """What percentages of a firm's rules are of; of an account under none it is not told."""
    firm_high_water: Decimal = ZERO
    """The highest balance or equity it ever had before its journal began, where that was above the initial one."""
    restricted: tuple[Symbol, ...] = ()
    """Nothing is entered in these, here; the desk's own list counts as well."""
    allowed: tuple[Symbol, ...] = ()
    """Only these are entered; empty means all."""
    short_selling: ShortSelling = ShortSelling.ALLOWED
    day_loss_release: DayLossRelease = DayLossRelease.PERSON
    route_group: str = ""
    """Accounts of one owner at several venues: of each group one takes an entry, where it costs least."""
    mode: Mode | None = None
    """Its own; the stricter of this and the engine's counts."""
    stop_merge: StopMerge = StopMerge.TIGHTER
    protection_policy: ProtectionPolicy = ProtectionPolicy.RETRY
    live: bool = False
    """It trades real money: nothing leaves for it until a person has confirmed that, once, in its journal."""


class Correlation(msgspec.Struct, frozen=True):
    account: AccountId
    other: AccountId
    rho: Decimal


class AllocationSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    policy: str = "risk_budget"
    """The name of a file in `allocation`."""
    params: str = "{}"
    """For its `Params`, as JSON."""


class CapSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """What some accounts may take of one plan together. Of two bounds the tighter counts."""

    name: str
    accounts: tuple[AccountId, ...]
    symbols: tuple[Symbol, ...] = ()
    """Of plans in these instruments; empty means all."""
    share_pct: Decimal | None = None
    """Of the quantity that the plan splits."""
    lots: Decimal | None = None


class Setup(msgspec.Struct, frozen=True, omit_defaults=True):
    mode: Mode
    accounts: tuple[AccountSpec, ...]
    venues: tuple[VenueSpec, ...]
    instruments: tuple[Instrument, ...]
    correlations: tuple[Correlation, ...] = ()
    settings: dict[str, Decimal] = {}
    """Desk-wide values, by key, as `limits` of an account."""
    feed: str = ""
    """What the quotes are: a recorded market, or SIMULATED."""
    firms: tuple[RuleSet, ...] = ()
    """Rule sets of the accounts, as they were read at this start."""
    product_groups: dict[str, str] = {}
    """By symbol: products that move together. A symbol that is not here is a group of its own."""
    news: NewsCalendar | None = None
    """None: no calendar, so nothing is known about news."""
    currency: str = ""
    """Sums over all accounts are in this currency; empty means that of the first account."""
    restricted: tuple[Symbol, ...] = ()
    """For all accounts, beside their own lists."""
    allowed: tuple[Symbol, ...] = ()
    self_match: SelfMatch = SelfMatch.CANCEL_NEW
    allocation: AllocationSpec = AllocationSpec()
    caps: tuple[CapSpec, ...] = ()
