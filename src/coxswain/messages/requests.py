"""Requests: something leaves for a venue. Each stands in a record after the event that says why."""

from decimal import Decimal

import msgspec

from coxswain.model.orders import Trail
from coxswain.model.vocabulary import AccountId, ClOrdId, OrdType, Side, Symbol, TimeInForce


class RequestBase(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    account: AccountId


class NewOrder(RequestBase, frozen=True):
    cl_ord_id: ClOrdId
    symbol: Symbol
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    order_qty: Decimal
    price: Decimal | None = None
    stop_px: Decimal | None = None
    reduce_only: bool = False
    oco_group: str | None = None
    expire_time_ns: int | None = None
    trail: Trail | None = None
    """Of a TRAILING_STOP order, which begins at `stop_px`."""


class CancelOrder(RequestBase, frozen=True):
    cl_ord_id: ClOrdId
    symbol: Symbol


class ReplaceOrder(RequestBase, frozen=True):
    """Change quantity or price of a working order; `cl_ord_id` takes the place of `orig_cl_ord_id`."""

    cl_ord_id: ClOrdId
    orig_cl_ord_id: ClOrdId
    symbol: Symbol
    order_qty: Decimal
    """The new total, filled part included."""
    price: Decimal | None = None
    stop_px: Decimal | None = None


class QueryOrder(RequestBase, frozen=True):
    cl_ord_id: ClOrdId
    symbol: Symbol


class QueryAccount(RequestBase, frozen=True):
    fills_since_ns: int


Request = NewOrder | CancelOrder | ReplaceOrder | QueryOrder | QueryAccount
