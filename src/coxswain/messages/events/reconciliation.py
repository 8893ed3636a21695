"""Our books against the venue's: compared, agreed, broken, mended."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.cash import CashMovement
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, ClOrdId, Resolution, Symbol, VenueOrderId


class ComparisonAsked(EventBase, frozen=True):
    """The venue is asked for an account's books."""

    account: AccountId
    reason: str
    answer_by_ns: int
    times: int = 0
    """How often it was asked in a row before, by routine and without coming to agree."""


class Reconciled(EventBase, frozen=True):
    """Our books and the venue's are equal."""

    account: AccountId
    positions: int
    orders: int
    fills_booked: int
    """Fills that only the comparison brought."""
    as_of_ns: int = 0
    """The next comparison asks for fills since then."""
    ignored: int = 0
    """Differences that are lived with."""


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
    """In words."""
    chosen: Resolution | None = None
    """By a person, or by the setting that adopts; None where the books agree again."""
    actor: str = "engine"
    ignored: Decimal | None = None
    """The difference, theirs less ours, that is lived with from now on."""


class ResolutionChosen(EventBase, frozen=True):
    """Somebody said what is to become of a break; the next comparison does it."""

    account: AccountId
    break_id: str
    resolution: Resolution
    difference: Decimal
    """Theirs less ours, as it was seen."""
    reason: str
    actor: str
    price: Decimal | None = None


class ResolutionRefused(EventBase, frozen=True):
    """What was chosen cannot be done; the break stays open."""

    account: AccountId
    break_id: str
    resolution: Resolution
    reason: str


class DifferenceGone(EventBase, frozen=True):
    """A difference that was lived with is there no more."""

    account: AccountId
    break_id: str


class PositionAdopted(EventBase, frozen=True):
    """The venue's quantity became ours, without a fill; `PositionChanged` follows."""

    account: AccountId
    symbol: Symbol
    qty: Decimal
    cost: Decimal
    """Signed, in the instrument's currency."""


class BalanceAdjusted(EventBase, frozen=True):
    """The venue's balance became ours. A transfer moves the day's figures along; anything else is a result."""

    account: AccountId
    balance: Decimal
    difference: Decimal
    is_transfer: bool
    reason: str
    as_of_ns: int = 0
    """The venue's time of that balance: every movement up to it is in it."""


class CashBooked(EventBase, frozen=True):
    """Cash moved without a trade. A deposit or withdrawal moves the day's figures along; the rest is a result."""

    account: AccountId
    movement: CashMovement
    balance: Decimal
    """After it."""


class CashExplained(EventBase, frozen=True):
    """A movement came to be known that is in a balance that was taken over before: nothing changes by it."""

    account: AccountId
    movement: CashMovement
    as_of_ns: int
    """The venue's time of that balance."""


class OrderAdopted(EventBase, frozen=True):
    """An order that the venue works and we did not know became ours, with its hold."""

    cl_ord_id: ClOrdId
    intent: OrderIntent
    venue_order_id: VenueOrderId
    margin_per_lot: Decimal
    risk_per_lot: Decimal


ReconciliationEvent = (
    ComparisonAsked
    | Reconciled
    | BreakFound
    | BreakClosed
    | ResolutionChosen
    | ResolutionRefused
    | DifferenceGone
    | PositionAdopted
    | BalanceAdjusted
    | CashBooked
    | CashExplained
    | OrderAdopted
)
