"""What the rules of a firm are judged on: plain numbers and words, read once, and what a rule answers.

Money is in the account's currency, quantity in lots. Nothing here reads the engine's state.
"""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.firm import LossLimit, NewsEvent, NewsRule, Phase, RuleSet
from coxswain.model.vocabulary import Word


class Rule(Word):
    """The families; a check's code is `FIRM_` and the family."""

    RULE_SET = "RULE_SET"
    LOSS = "LOSS"
    SIZE = "SIZE"
    CONSISTENCY = "CONSISTENCY"
    NEWS = "NEWS"
    HEDGING = "HEDGING"
    COPY = "COPY"
    AUTOMATION = "AUTOMATION"
    SESSION = "SESSION"


class Allow(msgspec.Struct, frozen=True):
    rule: Rule
    name: str
    value: Decimal | None = None
    limit: Decimal | None = None
    note: str = ""
    """What is allowed and should be known."""


class Reduce(msgspec.Struct, frozen=True):
    """Up to `qty` would be allowed. While planning it makes the account's own size smaller; the gate refuses."""

    rule: Rule
    name: str
    qty: Decimal
    reason: str
    value: Decimal | None = None
    limit: Decimal | None = None


class Refuse(msgspec.Struct, frozen=True):
    rule: Rule
    name: str
    reason: str
    evidence: str
    """What was found."""
    value: Decimal | None = None
    limit: Decimal | None = None


Verdict = Allow | Reduce | Refuse


class Party(msgspec.Struct, frozen=True):
    """Accounts that rules treat alike: one rule set, phase and owner. Without a rule set the owner alone counts."""

    rules: str
    firm: str
    phase: Phase
    owner: str


class Marks(msgspec.Struct, frozen=True):
    """What floors are computed from."""

    initial: Decimal
    balance: Decimal
    equity: Decimal
    day_balance: Decimal
    """At the firm's last reset, like `day_equity`."""
    day_equity: Decimal
    high_eod: Decimal
    """Highest balance at any reset."""
    high_closed: Decimal
    """Highest balance ever."""
    high_equity: Decimal
    transferred: Decimal = ZERO
    """Paid in or out since the firm's last reset: no profit."""

    @property
    def won_today(self) -> Decimal:
        return self.equity - self.day_equity - self.transferred


class Floor(msgspec.Struct, frozen=True):
    """One limit on losses, as it stands."""

    limit: LossLimit
    amount: Decimal
    now: Decimal
    at_reset: Decimal
    """What it would be if the day ended with these marks."""
    measured: Decimal
    used: Decimal
    """Share of the amount that is lost; negative above the anchor."""


class Others(msgspec.Struct, frozen=True):
    """Accounts of one party, other than the one in question."""

    party: Party
    rules: RuleSet | None
    count: int
    initial: Decimal = ZERO
    """Sum of their initial balances."""


class Lineage(msgspec.Struct, frozen=True):
    """The copy group of an order: everything that descends from the same signal or strategy."""

    name: str
    others: tuple[Others, ...] = ()
    """Accounts that an order of the group has been made for, whenever that was."""
    first: Party | None = None
    """Who traded it first."""
    identical_ns: int | None = None
    """When another account last entered the same instrument on the same side for it."""


class Around(msgspec.Struct, frozen=True):
    """A publication whose window an order would fall into."""

    rule: NewsRule
    event: NewsEvent


class FirmFacts(msgspec.Struct, frozen=True, gc=False):
    """The account under its rules, at one instant, before the order in question."""

    party: Party
    rules: RuleSet | None
    """None: under no firm's rules. What others' rules say of it still counts."""
    now_ns: int
    planning: bool
    day: str
    marks: Marks
    floors: tuple[Floor, ...]
    risk_at_stops: Decimal
    """Lost of equity if every position went from its mark to its stop, and every held entry from its price to its."""
    loss_at_stops: Decimal
    """The same with positions from their average prices: lost of the balance."""
    risk_per_lot: Decimal
    margin_per_lot: Decimal
    margin_used: Decimal
    """In use and held."""
    locked: str
    """Why nothing may be opened until the reset."""
    reducing: bool
    protects: bool
    orders_today: int
    worst_on_side: Decimal
    """Position plus every open or unknown order on the side of this one."""
    worst_counted: Decimal
    """What its instrument counts towards `lots`: the larger of both sides."""
    lots: Decimal
    """Of all instruments, in equivalents."""
    factor: Decimal
    open_positions: int
    adds_position: bool
    position_risk: Decimal
    """Of the instrument, held entries included."""
    profit_before: Decimal
    """Of the days before this one, less their losses."""
    best_day: Decimal
    around: tuple[Around, ...]
    news_unknown: bool
    """Rules about news apply, and nothing is known of it at this time."""
    flat_from_ns: int | None
    flat_until_ns: int | None
    flat_lead_ns: int
    held_through_reset: bool
    own_opposite: int
    """Other instruments of the same group in which this account is on the other side."""
    opposite: tuple[Others, ...]
    """Other accounts on the other side in the same group of products."""
    same_side: tuple[Others, ...]
    lineage: Lineage
    by_person: bool
    """Sent by a person, and not because of a signal."""
    exits_for_signal: bool
    held_ns: int | None
    """How long the position has been held."""


def sides(facts: FirmFacts, others: Others) -> tuple[tuple[RuleSet | None, Party, Party], ...]:
    """Return whose rules speak of an order and these others, each with us and them; the same rules speak once."""
    ours = (facts.rules, facts.party, others.party)
    if facts.rules is not None and others.rules is not None and facts.rules.id == others.rules.id:
        return (ours,)
    return ours, (others.rules, others.party, facts.party)
