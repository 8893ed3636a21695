"""How what happened in the paper venue is told: execution reports and fills. Nothing here changes its books."""

from decimal import Decimal

from coxswain.messages.inputs import ExecutionReport
from coxswain.messages.requests import NewOrder
from coxswain.model.decimals import plain
from coxswain.model.orders import VenueFill, VenueReversal
from coxswain.model.vocabulary import ClOrdId, ExecId, ExecType
from coxswain.venues.paper.lookups import stranger
from coxswain.venues.paper.orders import Order

RESIZING = (ExecType.REPLACED, ExecType.RESTATED)


def report_of(
    order: Order, exec_type: ExecType, exec_id: ExecId, now_ns: int, orig_cl_ord_id: ClOrdId | None = None
) -> ExecutionReport:
    return ExecutionReport(
        account=order.account,
        cl_ord_id=order.cl_ord_id,
        exec_id=exec_id,
        exec_type=exec_type,
        symbol=order.symbol,
        side=order.side,
        transact_time_ns=now_ns,
        venue_order_id=order.venue_order_id,
        order_qty=order.order_qty if exec_type in RESIZING else None,
        cum_qty=order.cum_qty,
        orig_cl_ord_id=orig_cl_ord_id,
        text=order.text,
    )


def fill_of(
    order: Order, exec_id: ExecId, qty: Decimal, px: Decimal, commission: Decimal, rate: Decimal | None, now_ns: int
) -> VenueFill:
    return VenueFill(
        cl_ord_id=order.cl_ord_id,
        exec_id=exec_id,
        symbol=order.symbol,
        side=order.side,
        last_qty=plain(qty),
        last_px=px,
        commission=commission,
        transact_time_ns=now_ns,
        settl_fx_rate=rate,
    )


def trade_of(order: Order, fill: VenueFill) -> ExecutionReport:
    """Report a fill that is in the books."""
    return ExecutionReport(
        account=order.account,
        cl_ord_id=order.cl_ord_id,
        exec_id=fill.exec_id,
        exec_type=ExecType.TRADE,
        symbol=order.symbol,
        side=order.side,
        transact_time_ns=fill.transact_time_ns,
        venue_order_id=order.venue_order_id,
        last_qty=fill.last_qty,
        last_px=fill.last_px,
        cum_qty=order.cum_qty,
        commission=fill.commission,
        settl_fx_rate=fill.settl_fx_rate,
    )


def reversal_of(fill: VenueFill, new: VenueFill | None, exec_id: ExecId, now_ns: int) -> VenueReversal:
    """Say that a fill was taken back, or what it is instead."""
    return VenueReversal(
        cl_ord_id=fill.cl_ord_id,
        exec_id=exec_id,
        exec_ref_id=fill.exec_id,
        symbol=fill.symbol,
        side=fill.side,
        transact_time_ns=now_ns,
        last_qty=None if new is None else new.last_qty,
        last_px=None if new is None else new.last_px,
    )


def report_of_reversal(order: Order, reversal: VenueReversal) -> ExecutionReport:
    return ExecutionReport(
        account=order.account,
        cl_ord_id=order.cl_ord_id,
        exec_id=reversal.exec_id,
        exec_type=ExecType.TRADE_CANCEL if reversal.last_qty is None else ExecType.TRADE_CORRECT,
        symbol=order.symbol,
        side=order.side,
        transact_time_ns=reversal.transact_time_ns,
        venue_order_id=order.venue_order_id,
        last_qty=reversal.last_qty,
        last_px=reversal.last_px,
        cum_qty=order.cum_qty,
        exec_ref_id=reversal.exec_ref_id,
    )


def refusal_to_stranger(request: NewOrder, exec_id: ExecId, now_ns: int) -> ExecutionReport:
    """Refuse an order for an account that is not this venue's."""
    return ExecutionReport(
        account=request.account,
        cl_ord_id=request.cl_ord_id,
        exec_id=exec_id,
        exec_type=ExecType.REJECTED,
        symbol=request.symbol,
        side=request.side,
        transact_time_ns=now_ns,
        text=stranger(request.account),
    )
