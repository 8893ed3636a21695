"""What the checker's books are made of: an order, a position's money, its levels. Data only."""

from decimal import Decimal

import msgspec

from coxswain.model.decimals import ZERO
from coxswain.model.orders import OrderIntent
from coxswain.model.vocabulary import AccountId, ClOrdId, Symbol, Word

Place = tuple[AccountId, Symbol]


class Stage(Word):
    """How far an order has come; it only goes forward."""

    SENT = "SENT"
    WORKS = "WORKS"
    OVER = "OVER"


class Change(msgspec.Struct, frozen=True):
    """What was asked of a working order."""

    cl_ord_id: ClOrdId
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None


class Kept(msgspec.Struct):
    """One order, as the records tell it."""

    cl_ord_id: ClOrdId
    intent: OrderIntent
    enters: bool
    margin_per_lot: Decimal
    risk_per_lot: Decimal
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None
    created_ns: int
    dies_ns: int | None = None
    adopted: bool = False
    renews: ClOrdId | None = None
    current_id: ClOrdId = ClOrdId("")
    ids: set[ClOrdId] = set()
    stage: Stage = Stage.SENT
    ended_as: str = ""
    cum_qty: Decimal = ZERO
    notional: Decimal = ZERO
    is_known: bool = True
    heard_ns: int = 0
    """When the venue was last heard to know it; what it said before proves nothing about it since."""
    cancel_wanted: bool = False
    asked: Change | None = None
    given_up: dict[ClOrdId, Change] = {}
    refused: bool = False
    """The last change of it was refused by the venue."""
    resent: int = 0
    reversed: bool = False
    surplus: bool = False
    """An incident says that more was filled than could be."""

    @property
    def open_qty(self) -> Decimal:
        """The worst case still open."""
        if self.stage is Stage.OVER:
            return ZERO
        most = self.order_qty if self.asked is None else max(self.order_qty, self.asked.order_qty)
        return max(most - self.cum_qty, ZERO)


class Money(msgspec.Struct):
    """What trades have moved on one position since it was last adopted, in the instrument's currency."""

    paid: Decimal = ZERO
    """Signed, of every fill that stands."""
    realized: Decimal = ZERO
    cost: Decimal = ZERO
    afresh: bool = False
    """The next change says what it all begins with."""


class Levels(msgspec.Struct, frozen=True):
    stop_px: Decimal | None = None
    target_px: Decimal | None = None
