"""The shape of the configuration: which keys there are and what each may hold, one value at a time.

Rules about several values stand in `across.py`, and what a venue takes is its own to say: see `venue_params.py`.
A validator raises ValueError with what is wanted; what was found is added where the error is reported.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model, model_validator
from pydantic_core import ErrorDetails

from coxswain.app.config.problems import nearest, unknown
from coxswain.app.config.tree import Loc, Tree
from coxswain.app.correlate import Method
from coxswain.app.levels import AlertLevel
from coxswain.messages.json_fields import ID, ID_WANTED, SYMBOL, SYMBOL_WANTED
from coxswain.messages.signal_json import STRATEGY_CHARS_MAX
from coxswain.model.algo import WEIGHTS_MAX
from coxswain.model.decimals import DIGITS_WANTED, ONE, ZERO, exact, is_short, is_too_long
from coxswain.model.firm import Phase
from coxswain.model.hours import is_zone
from coxswain.model.keys import BY_STRATEGY, KEYS, LIMITS, RANGES, SETTINGS, Key, Scope, Unit
from coxswain.model.vocabulary import DayLossRelease, Mode, ProtectionPolicy, SelfMatch, ShortSelling, StopMerge
from coxswain.views.alerts import Kind

# It is part of every order id, and those have at most 36 characters at many venues.
ACCOUNT_ID_CHARS_MAX = 19
SEED_MAX = 2**63 - 1
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Choice = TypeVar("Choice", bound=StrEnum)


class AccountMode(StrEnum):
    PAPER = "paper"
    LIVE = "live"


# --- one value --------------------------------------------------------------------------------------------------------


def _number(wanted: str, holds: Callable[[Decimal], bool]) -> BeforeValidator:
    def read(found: object) -> Decimal:
        value = exact(found) if isinstance(found, str) else None
        if value is None or not is_short(value) or not holds(value):
            raise ValueError(f"{wanted}, {DIGITS_WANTED}" if _is_only_long(found, holds) else wanted)
        return value

    return BeforeValidator(read)


def _is_only_long(found: object, holds: Callable[[Decimal], bool]) -> bool:
    """Say whether nothing is wrong with a number but how many digits it has."""
    if not isinstance(found, str) or not is_too_long(found):
        return False
    try:
        return holds(Decimal(found))
    except ArithmeticError:  # too long to be looked at, too
        return True


def _text(wanted: str, holds: Callable[[str], bool]) -> BeforeValidator:
    def read(found: object) -> str:
        if not isinstance(found, str) or not holds(found):
            raise ValueError(wanted)
        return found

    return BeforeValidator(read)


def _choice(choices: type[Choice], wanted: str) -> BeforeValidator:
    def read(found: object) -> Choice:
        for member in choices:
            if found == member.value:
                return member
        raise ValueError(wanted)

    return BeforeValidator(read)


def _switch(found: object) -> bool:
    if found not in ("true", "false"):
        raise ValueError("true or false")
    return found == "true"


def _is_whole(value: Decimal) -> bool:
    return not value % ONE


def _zone(found: object) -> str:
    wanted = "a time zone such as UTC or Europe/Berlin"
    if not isinstance(found, str):
        raise ValueError(wanted)
    if not is_zone(found):
        near = nearest(found, sorted(available_timezones()))
        raise ValueError(f"{wanted}; did you mean {near}?" if near else wanted)
    return found


_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,7}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

_RANGES = {unit: _number(*wanted) for unit, wanted in RANGES.items()}
UpToOne = Annotated[Decimal, _number("a number above 0, at most 1 (1 is unlevered)", lambda value: ZERO < value <= ONE)]
NotNegative = Annotated[Decimal, _number("a number of 0 or more", lambda value: value >= ZERO)]
AboveZero = Annotated[Decimal, _number("a number above 0", lambda value: value > ZERO)]
Rho = Annotated[Decimal, _number("a number from -1 to 1", lambda value: -ONE <= value <= ONE)]
Seed = Annotated[
    int, _number(f"a whole number from 0 to {SEED_MAX}", lambda value: ZERO <= value <= SEED_MAX and _is_whole(value))
]
WholeSeconds = Annotated[
    int, _number("a whole number of seconds, 0 or more", lambda value: value >= ZERO and _is_whole(value))
]
TradingMode = Annotated[Mode, _choice(Mode, f"one of {', '.join(Mode)}")]
Switch = Annotated[bool, BeforeValidator(_switch)]
VenueName = Annotated[str, _text(ID_WANTED, lambda text: ID.fullmatch(text) is not None)]
AccountName = Annotated[
    str,
    _text(
        ID_WANTED.replace("64", str(ACCOUNT_ID_CHARS_MAX)),
        lambda text: ID.fullmatch(text) is not None and len(text) <= ACCOUNT_ID_CHARS_MAX,
    ),
]
SymbolName = Annotated[str, _text(SYMBOL_WANTED, lambda text: SYMBOL.fullmatch(text) is not None)]
Text = Annotated[str, _text("text", lambda text: bool(text) and text.isprintable())]
StrategyName = Annotated[
    str,
    _text(
        f"a strategy as signals name it, of 1 to {STRATEGY_CHARS_MAX} printable characters",
        lambda text: 0 < len(text) <= STRATEGY_CHARS_MAX and text.isprintable(),
    ),
]
Currency = Annotated[str, _text("a currency such as USD", lambda text: _CURRENCY.fullmatch(text) is not None)]
Percent = Annotated[Decimal, _RANGES[Unit.PERCENT]]
Zone = Annotated[str, BeforeValidator(_zone)]
Clock = Annotated[str, _text("a time of day such as 17:00", lambda text: _CLOCK.fullmatch(text) is not None)]
Day = Annotated[str, _text("a weekday: " + ", ".join(DAYS), lambda text: text in DAYS)]


# --- the shape --------------------------------------------------------------------------------------------------------


def _required() -> Any:
    """A key without a default. Its validator is asked all the same, so that it can say what is wanted."""
    return Field(default=None, validate_default=True)


def _holds_others(kind: Any) -> bool:
    """Tell a list or a part from a value: where all lines of such a thing were deleted, its key may stay."""
    return get_origin(kind) in (list, dict) or (isinstance(kind, type) and issubclass(kind, Entry))


class Entry(BaseModel):
    """Some keys and values. A list or a part with nothing in it counts as left out; a value must be given."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, found: object) -> object:
        if not isinstance(found, dict):
            return found
        parts = {name for name, field in cls.model_fields.items() if _holds_others(field.annotation)}
        return {key: value for key, value in found.items() if value is not None or key not in parts}


def _entry_of(name: str, keys: Iterable[Key]) -> type[Entry]:
    """Make the shape of a part of the key table. A key that is left out is None."""
    fields: dict[str, Any] = {key.name: (Annotated[Decimal | None, _RANGES[key.unit]], None) for key in keys}
    return create_model(name, __base__=Entry, **fields)


Settings = _entry_of("Settings", SETTINGS)
Limits = _entry_of("Limits", LIMITS)
StrategyLimits = _entry_of("StrategyLimits", (KEYS[name] for name in BY_STRATEGY))
AccountStrategyLimits = _entry_of("AccountStrategyLimits", (key for key in LIMITS if key.name in BY_STRATEGY))


class VenueEntry(Entry):
    """Only the kind is common to all venues."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Text = _required()
    """Which adapter: `paper`. The other keys are the adapter's own."""


class AccountEntry(Entry):
    id: AccountName = _required()
    """Its name, at most 19 letters, digits or . _ : -; part of every order's id."""
    venue: VenueName = _required()
    """Where it is held: a key of `venues`."""
    currency: Currency = _required()
    """What it is kept in."""
    initial_balance: AboveZero = _required()
    """What a paper account begins with, and what a firm's percentages are of."""
    firm: Annotated[str, _text("none, or the id of a rule set as coxswain firms list shows them", bool)] = _required()
    """A rule set as `coxswain firms list` shows them, or `none`; there is no default."""
    firm_phase: Annotated[Phase | None, _choice(Phase, "one of " + ", ".join(Phase))] = None
    """Where a rule set is for several phases."""
    owner: Annotated[str, _text("the name of the account's legal owner", lambda text: text.isprintable())] = ""
    """Whose it legally is; wanted under a firm."""
    route_group: Annotated[str, _text(ID_WANTED, lambda text: ID.fullmatch(text) is not None)] = ""
    """Accounts of one owner at several venues, of which the better one takes an entry."""
    firm_high_water: Annotated[Decimal | None, _number("a number above 0", lambda value: value > ZERO)] = None
    """The highest it ever was, if it traded before its journal began."""
    mode: Annotated[AccountMode, _choice(AccountMode, "paper or live")] = AccountMode.PAPER
    """`paper` or `live`; a paper account has no live adapter at all. Live wants `--live` and a typed word, once."""
    trading_mode: TradingMode | None = None
    """Who is asked for this account; the stricter of this and the engine's `mode` counts."""
    reserve: Switch = False
    """It takes no first share; it stands by for recovery."""
    tz: Zone = "UTC"
    """The zone of its trading day."""
    reset_time: Clock = "00:00"
    """When that day begins, in its zone."""
    restricted: list[SymbolName] = []
    """What it may not trade."""
    allowed: list[SymbolName] = []
    """All that it may trade; empty means everything."""
    short_selling: Annotated[ShortSelling, _choice(ShortSelling, "allowed, forbidden or needs_locate")] = (
        ShortSelling.ALLOWED
    )
    """`allowed`, `forbidden`, or `needs_locate`."""
    day_loss_release: Annotated[DayLossRelease, _choice(DayLossRelease, "person, or reset")] = DayLossRelease.PERSON
    """Who ends a day's loss: a `person`, or the next `reset`."""
    stop_merge: Annotated[StopMerge, _choice(StopMerge, "tighter or latest")] = StopMerge.TIGHTER
    """Where a second entry names another stop: the `tighter` of both, or the `latest`."""
    protection_policy: Annotated[ProtectionPolicy, _choice(ProtectionPolicy, "alert, retry or flatten")] = (
        ProtectionPolicy.RETRY
    )
    """What follows when a stop is refused: `alert`, `retry` a few times, or `flatten` the position."""
    limits: Limits = Field(default_factory=Limits)  # type: ignore[valid-type]  # made from the key table
    """Its own limits; they take precedence."""
    strategies: dict[StrategyName, AccountStrategyLimits] = {}  # type: ignore[valid-type]  # made from the key table
    """Limits of single strategies on this account, by name: `max_strategy_position_qty`."""


class SessionEntry(Entry):
    tz: Zone = _required()
    """The zone of the hours."""
    days: list[Day] = Field(default=None, validate_default=True, min_length=1)
    """Weekdays, `mon` to `sun`."""
    opens: Clock = _required()
    """Time of day."""
    closes: Clock = _required()
    """Time of day; before `opens` means the next day."""


class InstrumentEntry(Entry):
    symbol: SymbolName = _required()
    """Its name."""
    currency: Currency = _required()
    """What prices, costs and profit are in."""
    tick: AboveZero = _required()
    """Prices are multiples of it."""
    lot_step: AboveZero = _required()
    """Quantities are multiples of it."""
    min_qty: AboveZero = _required()
    """The smallest order."""
    contract_size: AboveZero = ONE
    """Units in one lot."""
    margin_rate: UpToOne = ONE
    """Share of the value that a position ties up; 1 is unlevered."""
    base_currency: Annotated[
        str | None, _text("a currency such as EUR", lambda text: _CURRENCY.fullmatch(text) is not None)
    ] = None
    """What is bought, for a currency pair; it then converts money too."""
    stop_gap_pct: Percent = ZERO
    """How far past a stop it may fill, of the stop's price; the larger of this and the account's counts."""
    sessions: list[SessionEntry] = []
    """Opening hours; without any it is always open."""
    venue_symbols: dict[VenueName, Text] = {}
    """What a venue calls it, where that differs."""
    volume_curve: list[NotNegative] = Field(default=[], max_length=WEIGHTS_MAX)
    """Weights of equal parts of a day from midnight UTC, for `vwap`."""
    max_qty: AboveZero | None = None
    """The largest order that a venue takes."""
    group: Text | None = None
    """Instruments whose exposure is limited together."""
    daily_volume: AboveZero | None = None
    """Lots a day, for the share of it that one order may be."""


class CorrelationEntry(Entry):
    accounts: list[AccountName] = Field(default=None, validate_default=True, min_length=2, max_length=2)
    """Two accounts."""
    rho: Rho = _required()
    """How they move together, -1 to 1."""


class RefreshEntry(Entry):
    at: Clock = _required()
    """Time of day."""
    tz: Zone = "UTC"
    """Its zone."""
    method: Annotated[Method, _choice(Method, f"one of {', '.join(Method)}")] = Method.LEDOIT_WOLF
    """`ledoit-wolf` or `ewma`."""
    days_min: Annotated[
        int, _number("a whole number of days, 2 or more", lambda value: value >= ONE + ONE and _is_whole(value))
    ] = 20
    """With fewer days of returns nothing is changed."""


class CorrelationRules(Entry):
    refresh: RefreshEntry | None = None
    """Estimates every pair from daily returns, once a day while the engine runs; left out, nothing does. Needs the
    extra `analytics`."""


class CheckpointsEntry(Entry):
    key: Text | None = None
    """The file of the key that signs the journal, beside this file unless it says where; `coxswain audit key` makes
    one. Left out: `coxswain/checkpoint.key` in the user's own configuration, and without that nothing is signed."""


class AlertsEntry(Entry):
    stderr: Switch = True
    """Tell standard error."""
    file: Text | None = None
    """One JSON object a line, beside this file unless it says where."""
    urls: list[Text] = []
    """Any addresses of apprise; never shown. Needs the extra `alerts`."""
    window_s: WholeSeconds = 300
    """The same about the same account is told once in it."""
    levels: dict[
        Annotated[Kind, _choice(Kind, f"an alert: {', '.join(Kind)}")],
        Annotated[AlertLevel, _choice(AlertLevel, "on, silent or off")],
    ] = {}
    """By kind: `on`, `silent` (the file only) or `off`."""


class AllocationEntry(Entry):
    """Only the policy is common to all; the other keys are its own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    policy: Text = "risk_budget"
    """How a plan is split: `risk_budget`, `equal`, `pro_rata`, `fixed_ratio`, `rotation` or `decorrelated`. The other
    keys are the policy's own."""


class CapEntry(Entry):
    name: Text = _required()
    """What it is called in a plan."""
    accounts: list[AccountName] = []
    """These accounts together,"""
    firm: Text | None = None
    """or the accounts under a firm,"""
    owner: Text | None = None
    """or the accounts of an owner;"""
    symbols: list[SymbolName] = []
    """in these instruments,"""
    product_group: Text | None = None
    """or in a group of them;"""
    share_pct: Percent | None = None
    """take at most this share of a plan,"""
    lots: AboveZero | None = None
    """or so many lots."""


class ConfigFile(Entry):
    mode: TradingMode = Mode.FULL_AUTO
    """Who is asked: `FULL_AUTO`, `SEMI_AUTO`, `MANUAL`, `RESEARCH` or `EMERGENCY`."""
    auto_execute: Switch = True
    """`false` lets plans wait as in MANUAL."""
    seed: Seed = 1
    """Of the draws of delay and size."""
    settings: Settings = Field(default_factory=Settings)  # type: ignore[valid-type]  # made from the key table
    """For the whole engine, below."""
    limits: Limits = Field(default_factory=Limits)  # type: ignore[valid-type]  # made from the key table
    """For all accounts, below."""
    strategies: dict[StrategyName, StrategyLimits] = {}  # type: ignore[valid-type]  # made from the key table
    """Limits of single strategies, by name: `max_strategy_position_qty` (of each account), `max_strategy_exposure`. All
    others have the general value; an account's own general value takes precedence."""
    venues: dict[VenueName, VenueEntry] = Field(default=None, validate_default=True, min_length=1)
    """Where orders go."""
    accounts: list[AccountEntry] = Field(default=None, validate_default=True, min_length=1)
    """Who trades."""
    instruments: list[InstrumentEntry] = Field(default=None, validate_default=True, min_length=1)
    """What is traded."""
    correlations: list[CorrelationEntry] = []
    """How accounts move together, where it is known."""
    correlation: CorrelationRules = Field(default_factory=CorrelationRules)
    """What becomes of that while the engine runs."""
    allocation: AllocationEntry = Field(default_factory=AllocationEntry)
    """How a plan is split over accounts."""
    caps: list[CapEntry] = []
    """What groups of accounts take at most of one plan."""
    checkpoints: CheckpointsEntry = Field(default_factory=CheckpointsEntry)
    """Who signs the journal."""
    alerts: AlertsEntry = Field(default_factory=AlertsEntry)
    """What somebody is told at once."""
    lease_dir: Text | None = None
    """Where it is kept who trades which account, for all engines that could; else beside a paper venue's accounts, and
    for real money in your own `~/.local/state/coxswain/leases`."""
    firms_dir: Annotated[str, _text("a folder with rule sets", lambda text: text.isprintable())] = ""
    """A folder with rule sets of your own."""
    news_calendar: Annotated[str, _text("an .ics or .csv file", lambda text: text.isprintable())] = ""
    """News for firms' rules, `.ics` or `.csv`."""
    news_currencies: dict[SymbolName, list[Currency]] = {}
    """By instrument: currencies whose news concern it, where its own do not say."""
    product_groups: dict[VenueName, list[SymbolName]] = {}
    """Instruments that are one thing to a firm, beside those that come with the package."""
    currency: Currency | None = None
    """What sums over accounts are in; else that of the first account."""
    restricted: list[SymbolName] = []
    """What nobody may trade."""
    allowed: list[SymbolName] = []
    """All that anybody may trade; empty means everything."""
    self_match: Annotated[SelfMatch, _choice(SelfMatch, "cancel_new, cancel_resting or cancel_both")] = (
        SelfMatch.CANCEL_NEW
    )
    """Where two of your own orders would trade with one another: `cancel_new`, `cancel_resting` or `cancel_both`."""


SHAPES: dict[tuple[str, ...], type[Entry]] = {
    (): ConfigFile,
    ("settings",): Settings,
    ("limits",): Limits,
    ("accounts",): AccountEntry,
    ("accounts", "limits"): Limits,
    ("instruments",): InstrumentEntry,
    ("instruments", "sessions"): SessionEntry,
    ("correlations",): CorrelationEntry,
    ("correlation",): CorrelationRules,
    ("correlation", "refresh"): RefreshEntry,
    ("caps",): CapEntry,
    ("checkpoints",): CheckpointsEntry,
    ("alerts",): AlertsEntry,
}


# --- what is said about a value that does not fit ---------------------------------------------------------------------


def read_shape(tree: Tree) -> ConfigFile | None:
    """Read a whole file. Where a value does not fit the tree is told, and the answer is None."""
    try:
        return ConfigFile.model_validate(tree.root)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _report(tree, details)
        return None


def _report(tree: Tree, details: ErrorDetails) -> None:
    loc: Loc = tuple(step for step in details["loc"] if step != "[key]")
    match details["type"]:
        case "extra_forbidden":
            tree.wrong(loc, _unknown_key(loc))
        case "value_error" if len(loc) < len(details["loc"]):
            tree.wrong(loc, f"cannot be a name; wanted {details['ctx']['error']}")
        case "value_error":
            tree.refuse(loc, str(details["ctx"]["error"]))
        case "too_short":
            tree.refuse(loc, f"at least {details['ctx']['min_length']}")
        case "too_long":
            tree.refuse(loc, f"at most {details['ctx']['max_length']}")
        case "list_type":
            tree.refuse(loc, "a list")
        case _:  # the only other thing that a value can be instead of a value
            tree.refuse(loc, "keys and values")


def _unknown_key(loc: Loc) -> str:
    name = str(loc[-1])
    key = KEYS.get(name)
    if key is not None:
        return f"unknown here; wanted under {'settings' if key.scope is Scope.DESK else 'limits'}"
    around = tuple(step for step in loc[:-1] if isinstance(step, str))
    if around[-2:-1] == ("strategies",):
        shape = StrategyLimits if len(around) == 2 else AccountStrategyLimits
    else:
        shape = SHAPES[around]
    return unknown(name, shape.model_fields)
