"""What the rules of firms need to be remembered, of each account and of all together. Data only; `evolve` writes it."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.firm import NewsEvent, RuleSet
from coxswain.model.firm_facts import Party
from coxswain.model.vocabulary import AccountId, Symbol


class Claim(msgspec.Struct):
    """What an account's place in one instrument counts as: held, on order, or waiting to be released."""

    long: bool = False
    short: bool = False
    counted: Decimal = ZERO
    """Lots in equivalents, the larger of both sides."""


class FirmBook(msgspec.Struct):
    """One account. Those under no firm's rules have one too, since others' rules speak of them."""

    party: str
    day: str = ""
    """The firm's own, which begins at its reset."""
    ends_ns: int | None = None
    flat_from_ns: int | None = None
    """Of the next hours in which it must be flat, or of those under way."""
    flat_until_ns: int | None = None
    flat_why: str = ""
    flat_met_ns: int | None = None
    """The deadline that was acted upon last."""
    day_balance: Decimal = ZERO
    day_equity: Decimal = ZERO
    high_eod: Decimal = ZERO
    high_closed: Decimal = ZERO
    high_equity: Decimal = ZERO
    seen: bool = False
    """Its balance is known, so that the highs count."""
    stopped_balance: Decimal = ZERO
    """The higher of balance and equity when the engine last started: nobody saw a reset before that."""
    profit_before: Decimal = ZERO
    best_day: Decimal = ZERO
    transferred: Decimal = ZERO
    """Paid in or out today: no profit."""
    orders_today: int = 0
    stages: dict[str, str] = {}
    """By limit: the furthest stage that was told today."""
    locked: str = ""
    claims: dict[Symbol, Claim] = {}
    facing: dict[str, list[int]] = {}
    """By group of products: how many instruments are long, and how many short."""
    lots: Decimal = ZERO
    opened_ns: dict[Symbol, int] = {}


class Tally(msgspec.Struct):
    count: int = 0
    initial: Decimal = ZERO


class Entered(msgspec.Struct, frozen=True):
    account: AccountId
    at_ns: int


class LineageBook(msgspec.Struct):
    """One copy group: all accounts that an order of it was made for, whenever."""

    members: dict[AccountId, None] = {}
    tally: dict[str, Tally] = {}
    """By party."""
    first: str = ""
    entered: dict[str, list[Entered]] = {}
    """By instrument and side: the last entries, of two different accounts at most."""


class FirmDesk(msgspec.Struct):
    """All accounts together; empty where no account is under a firm's rules."""

    rule_sets: dict[str, RuleSet] = {}
    groups: dict[Symbol, str] = {}
    parties: dict[str, Party] = {}
    books: dict[AccountId, FirmBook] = {}
    facing: dict[str, dict[str, int]] = {}
    """By `group|long` or `group|short`: accounts on that side, by party."""
    lineages: dict[str, LineageBook] = {}
    news: dict[str, tuple[NewsEvent, ...]] = {}
    """By currency, in order of time."""
    news_until_ns: int = 0
    currencies: dict[Symbol, tuple[str, ...]] = {}


def side_key(group: str, *, long: bool) -> str:
    return f"{group}|{'long' if long else 'short'}"
