"""Fills that a venue takes back or changes afterwards. The fill itself stays in the journal as it was booked."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.orders import VenueReversal
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, OrdStatus, Side, Symbol


class FillBusted(EventBase, frozen=True):
    """The venue took a fill back. Quantities of the order are those after it; `PositionChanged` follows.

    With `belongs_to` it did not: the fill was booked in a wrong place, and is booked again next under the same exec_id.
    """

    account: AccountId
    cl_ord_id: ClOrdId
    exec_id: ExecId
    """Of the bust."""
    exec_ref_id: ExecId
    """The fill that is taken back, by its first exec_id."""
    symbol: Symbol
    side: Side
    last_qty: Decimal
    """What is taken back, with price and commission as they were in force."""
    last_px: Decimal
    commission: Decimal
    fx_rate: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal | None
    ord_status: OrdStatus
    transact_time_ns: int
    suspense: bool = False
    """The fill was booked on the position, and on no order."""
    base_qty: Decimal | None = None
    """What stood before the latest fills, where the fill was older than those; the cost likewise."""
    base_cost: Decimal | None = None
    belongs_to: str = ""
    """What the fill is instead, and who says so, in words; `exec_id` is a name of ours then."""


class FillCorrected(EventBase, frozen=True):
    """The venue changed a fill. Quantities of the order are those after it; `PositionChanged` follows."""

    account: AccountId
    cl_ord_id: ClOrdId
    exec_id: ExecId
    """Of the correction."""
    exec_ref_id: ExecId
    """The fill that is changed, by its first exec_id."""
    symbol: Symbol
    side: Side
    former_qty: Decimal
    former_px: Decimal
    former_commission: Decimal
    former_fx_rate: Decimal
    last_qty: Decimal
    last_px: Decimal
    commission: Decimal
    fx_rate: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    avg_px: Decimal | None
    ord_status: OrdStatus
    transact_time_ns: int
    suspense: bool = False
    base_qty: Decimal | None = None
    base_cost: Decimal | None = None


class ReversalNoted(EventBase, frozen=True):
    """A bust or correction that changes nothing now: its fill is still to come, or a later word is in force."""

    account: AccountId
    cl_ord_id: ClOrdId
    reversal: VenueReversal
    waits: bool
    """Its fill is not known: it is applied when that comes."""


ReversalEvent = FillBusted | FillCorrected | ReversalNoted
