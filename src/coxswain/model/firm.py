"""The rules of a funding firm as data: one dated, sourced record for a plan and its phases. Nothing here judges.

Percentages are shares (`0.05` is 5 %), as firms' rules are usually written; durations are nanoseconds. What is absent
is no rule; what a rule set calls `unknown` is refused where `unknown_policy` says so.
"""

from decimal import Decimal
from typing import NewType

import msgspec

from coxswain.model.decimals import ONE, ZERO
from coxswain.model.vocabulary import Word

Duration = NewType("Duration", int)
"""Nanoseconds; written as ISO 8601, `PT2M`."""
RuleSetId = NewType("RuleSetId", str)
"""`firm.plan.phase@version`."""


class Confidence(Word):
    VERIFIED = "verified"
    THIRD_PARTY = "third_party"
    ASSUMED = "assumed"


class Phase(Word):
    EVALUATION = "evaluation"
    VERIFICATION = "verification"
    FUNDED = "funded"
    LIVE = "live"


class TradeDate(Word):
    CALENDAR = "calendar"
    """Named after the day on which it began."""
    SESSION = "session"
    """Named after the day on which it ends, as exchanges do."""


class Window(Word):
    DAY = "day"
    LIFETIME = "lifetime"


class Base(Word):
    INITIAL = "initial"
    ANCHOR = "anchor"


class Anchor(Word):
    BALANCE_AT_RESET = "balance_at_reset"
    EQUITY_AT_RESET = "equity_at_reset"
    MAX_OF_BOTH = "max_of_both"
    SESSION_PNL = "session_pnl"
    """What was won or lost since the reset: equity then, or balance where only closed trades are measured."""


class Measure(Word):
    EQUITY = "equity"
    CLOSED_BALANCE = "closed_balance"


class BreachOn(Word):
    BELOW = "below"
    TOUCH = "touch"


class Severity(Word):
    HARD = "hard"
    SOFT_UNTIL_RESET = "soft_until_reset"
    """Everything is closed and nothing is opened until the reset; the account survives."""


class Trail(Word):
    NONE = "none"
    EOD_BALANCE = "eod_balance"
    CLOSED_BALANCE = "closed_balance"
    EQUITY_PEAK = "equity_peak"


class Includes(Word):
    FLOATING = "floating"
    COMMISSION = "commission"
    SWAP = "swap"


class OnWithdrawal(Word):
    KEEP = "keep"


class ConsistencyKind(Word):
    BEST_DAY_SHARE = "best_day_share"


class ConsistencyEffect(Word):
    DELAYS_PAYOUT = "delays_payout"
    FAILS = "fails"


class Weekend(Word):
    HOLD = "hold"
    FLAT = "flat"


class Impact(Word):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Permission(Word):
    ALLOW = "allow"
    FORBID = "forbid"
    UNKNOWN = "unknown"


class AutomationMode(Word):
    ALLOW = "allow"
    MONITORED_ONLY = "monitored_only"
    FORBID = "forbid"


class MissingStop(Word):
    ALERT = "alert"
    CLOSE = "close"


class ProfitCounts(Word):
    COUNTS = "counts"
    HAIRCUT = "haircut"
    VOID_UNLESS_AGE = "void_unless_age"


class UnknownPolicy(Word):
    REFUSE = "refuse"


class PlatformLimits(Word):
    READ_BACK = "read_back"


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of a rule set."""


class Effective(Part, frozen=True, rename={"from_": "from"}):
    from_: str
    """ISO date."""
    to: str | None = None


class Provenance(Part, frozen=True):
    source_urls: tuple[str, ...]
    verified_on: str
    """ISO date on which somebody read the sources."""
    confidence: Confidence
    effective: Effective


class FirmDay(Part, frozen=True):
    """When the firm's own day begins, which need not be when the account's does."""

    reset_time: str
    tz: str
    trade_date: TradeDate = TradeDate.CALENDAR


class Amount(Part, frozen=True):
    """A share `pct` of something, or a sum `abs` in the account's currency: one of the two."""

    pct: Decimal | None = None
    of: Base = Base.INITIAL
    abs: Decimal | None = None


class Lock(Part, frozen=True):
    """A trailing floor stops rising at the initial balance and `plus`."""

    plus: Decimal = ZERO


class LossLimit(Part, frozen=True):
    """A floor under equity or balance. All of a rule set are evaluated, and the tightest binds."""

    name: str
    window: Window
    amount: Amount
    anchor: Anchor = Anchor.BALANCE_AT_RESET
    measure: Measure = Measure.EQUITY
    includes: tuple[Includes, ...] = (Includes.FLOATING, Includes.COMMISSION, Includes.SWAP)
    breach_on: BreachOn = BreachOn.TOUCH
    severity: Severity = Severity.HARD
    trail: Trail = Trail.NONE
    lock: Lock | None = None
    on_withdrawal: OnWithdrawal = OnWithdrawal.KEEP


class Buffers(Part, frozen=True):
    """Shares of a loss limit used, at which something happens of itself."""

    warn: Decimal = Decimal("0.6")
    reduce: Decimal = Decimal("0.75")
    no_new_risk: Decimal = Decimal("0.85")
    flatten: Decimal = Decimal("0.95")


class Consistency(Part, frozen=True):
    kind: ConsistencyKind
    max: Decimal
    effect: ConsistencyEffect


class Equivalence(Part, frozen=True):
    """One lot of a symbol counts as `factor` lots of `product`."""

    factor: Decimal
    product: str


class Size(Part, frozen=True):
    """Lots; what is held counts at its worst case, working, in flight and unknown orders included."""

    per_symbol: dict[str, Decimal] = {}
    total_lots: Decimal | None = None
    contracts_by_eod_balance: tuple[tuple[Decimal, Decimal], ...] = ()
    """(balance at the end of a day above the initial one, most contracts from there on), rising."""
    equivalence: dict[str, Equivalence] = {}
    max_open_positions: int | None = None
    max_risk_per_position: Decimal | None = None
    """Share of the initial balance."""
    max_margin_use: Decimal | None = None
    """Share of equity."""
    stop_required_within: Duration | None = None
    stop_missing: MissingStop = MissingStop.ALERT


class FlatBy(Part, frozen=True):
    """Flat every day from `time` until `until`, or else until the firm's next day."""

    time: str
    tz: str
    until: str | None = None


class WeekTime(Part, frozen=True):
    day: str
    time: str


class WeekendHours(Part, frozen=True, rename={"from_": "from"}):
    """When a weekend is: by default the close of the currency markets in New York."""

    from_: WeekTime = WeekTime("fri", "16:55")
    until: WeekTime = WeekTime("sun", "17:00")
    tz: str = "America/New_York"


class Sessions(Part, frozen=True):
    flat_by: FlatBy | None = None
    weekend: Weekend = Weekend.HOLD
    weekend_hours: WeekendHours = WeekendHours()
    overnight: bool = True
    """False: flat before each new day of the firm."""


class Profit(Part, frozen=True):
    """How much of a profit made around news counts."""

    kind: ProfitCounts = ProfitCounts.COUNTS
    share: Decimal = ONE
    age: Duration | None = None


class NewsActions(Part, frozen=True):
    open: Permission = Permission.ALLOW
    close: Permission = Permission.ALLOW
    profit: Profit = Profit()


class NewsRule(Part, frozen=True):
    impact: Impact
    """This one and every higher one."""
    window: tuple[Duration, Duration]
    """From and to, counted from the publication."""
    actions: NewsActions
    phases: tuple[Phase, ...] = ()
    """Empty means all."""


class Hedging(Part, frozen=True):
    same_account: Permission = Permission.ALLOW
    cross_account: Permission = Permission.ALLOW
    """Among accounts of the same firm and owner."""
    cross_firm: Permission = Permission.ALLOW
    product_groups: tuple[str, ...] = ()
    """Groups of products that move together; any other instrument is a group of its own."""


class CopyRule(Part, frozen=True):
    """What orders that descend from the same signal or strategy may do on several accounts."""

    own_accounts: Permission = Permission.UNKNOWN
    by_phase: dict[str, Permission] = {}
    """`evaluation->funded`: from the phase of one account to that of another, `*` is any."""
    same_owner_required: bool = True
    max_total_initial: Decimal | None = None
    max_accounts_same_strategy: int | None = None
    min_gap_identical: Duration | None = None
    overlap_same_symbol: Permission = Permission.ALLOW
    must_be_master: bool = False


class Automation(Part, frozen=True):
    mode: AutomationMode = AutomationMode.ALLOW
    hosting: tuple[str, ...] = ()
    min_hold: Duration = Duration(0)
    max_orders_per_day: int | None = None


class RuleSet(Part, frozen=True):
    """One firm's rules for one plan, as of one version."""

    id: RuleSetId
    provenance: Provenance
    phase: tuple[Phase, ...]
    """An account is in one of these."""
    day: FirmDay
    loss_limits: tuple[LossLimit, ...] = ()
    buffers: Buffers = Buffers()
    consistency: tuple[Consistency, ...] = ()
    size: Size = Size()
    sessions: Sessions = Sessions()
    news: tuple[NewsRule, ...] = ()
    hedging: Hedging = Hedging()
    copy: CopyRule = CopyRule()
    automation: Automation = Automation()
    platform_limits: PlatformLimits = PlatformLimits.READ_BACK
    unknown_policy: UnknownPolicy = UnknownPolicy.REFUSE


class NewsEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One publication that markets wait for."""

    time_ns: int
    currency: str
    impact: Impact
    title: str


class NewsCalendar(Part, frozen=True):
    """Publications in order of time. Beyond the last one nothing is known, which is not that nothing comes."""

    events: tuple[NewsEvent, ...]
    currencies: dict[str, tuple[str, ...]] = {}
    """By symbol, where they are not those that the instrument names."""

    @property
    def known_until_ns(self) -> int:
        return self.events[-1].time_ns if self.events else 0


def firm_of(rule_set_id: str) -> str:
    """Return the firm that a rule set belongs to: the first word of its id."""
    return rule_set_id.partition("@")[0].partition(".")[0]


def version_of(rule_set_id: str) -> str:
    return rule_set_id.partition("@")[2]
