"""The blotter: every order and every fill, as the events tell it. Nothing about plans, positions or money."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.decimals import ZERO, plain, round_down
from coxswain.model.vocabulary import (
    SIGN,
    AccountId,
    ClOrdId,
    ExecId,
    OrdStatus,
    OrdType,
    Role,
    Side,
    SignalId,
    Symbol,
    TimeInForce,
    Word,
)

OVER = (OrdStatus.FILLED, OrdStatus.CANCELED, OrdStatus.REJECTED, OrdStatus.EXPIRED)


class OrderRow(msgspec.Struct):
    """One order. `cl_ord_id` names it for good; `current_id` is the id in force at the venue."""

    cl_ord_id: ClOrdId
    current_id: ClOrdId
    account: AccountId
    symbol: Symbol
    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    role: Role
    signal_id: SignalId
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None
    decision_px: Decimal | None
    created_ns: int
    cum_qty: Decimal = ZERO
    leaves_qty: Decimal = ZERO
    avg_px: Decimal | None = None
    commission: Decimal = ZERO
    ord_status: OrdStatus = OrdStatus.PENDING_NEW
    outcome_known: bool = True
    reason: str = ""
    enters: bool = True
    """It can open or grow a position; the others only reduce."""
    cancel_pending: bool = False
    replace_pending: bool = False
    change_refused: str = ""
    """Why its last change was refused."""
    renewed_by: ClOrdId | None = None
    """The order that took its place, where its venue changes none."""
    margin_per_lot: Decimal = ZERO
    """Account currency, held for each lot still open; risk likewise."""
    risk_per_lot: Decimal = ZERO
    slippage_bps: Decimal | None = None
    """Average price against the decision price, adverse positive."""
    accepted_ns: int | None = None
    first_fill_ns: int | None = None
    last_fill_ns: int | None = None
    done_ns: int | None = None

    @property
    def is_open(self) -> bool:
        return self.ord_status not in OVER


class FillState(Word):
    LIVE = "LIVE"
    CORRECTED = "CORRECTED"
    BUSTED = "BUSTED"
    """Taken back: it counts nowhere, and shows what it was."""


class FillRow(msgspec.Struct, frozen=True):
    """One fill. Money is in the account's currency."""

    exec_id: ExecId
    account: AccountId
    cl_ord_id: ClOrdId
    symbol: Symbol
    side: Side
    last_qty: Decimal
    last_px: Decimal
    commission: Decimal
    slippage_bps: Decimal | None
    transact_time_ns: int
    booked_ns: int
    state: FillState = FillState.LIVE
    former_qty: Decimal | None = None
    """As it was booked first, where the venue has changed it since; the price likewise."""
    former_px: Decimal | None = None


class Blotter:
    """Folds orders and fills."""

    def __init__(self) -> None:
        self.orders: dict[ClOrdId, OrderRow] = {}
        self.fills: list[FillRow] = []
        self._fill_at: dict[tuple[AccountId, ExecId], int] = {}
        self.denied: list[ev.OrderDenied] = []
        self.unknown_seen = 0
        self.unknown_resolved = 0
        self._asked: dict[ClOrdId, ev.ReplaceRequested] = {}
        """Changes by the id they give the order, answered or not."""
        self._now_ns = 0

    def apply(self, record: Record) -> None:
        self._now_ns = record.now_ns
        for event in record.events:
            act = _TABLE.get(type(event))
            if act is not None:
                act(self, event)

    def find(self, name: str) -> OrderRow | None:
        """Return the order that `name` names, now or before a replace."""
        change = self._asked.get(ClOrdId(name))
        return self.orders.get(ClOrdId(name) if change is None else change.cl_ord_id)

    def rejected(self) -> list[ClOrdId]:
        """Return the orders that a venue refused, in the order of their creation."""
        return [row.cl_ord_id for row in self.orders.values() if row.ord_status is OrdStatus.REJECTED]

    def _created(self, event: ev.OrderCreated | ev.OrderAdopted) -> None:
        intent = event.intent
        self.orders[event.cl_ord_id] = OrderRow(
            event.cl_ord_id,
            event.cl_ord_id,
            intent.account,
            intent.symbol,
            intent.side,
            intent.ord_type,
            intent.time_in_force,
            intent.role,
            intent.signal_id,
            intent.order_qty,
            intent.price,
            intent.stop_px,
            intent.decision_px,
            self._now_ns,
            leaves_qty=intent.order_qty,
            enters=isinstance(event, ev.OrderAdopted) or event.enters,
            margin_per_lot=event.margin_per_lot,
            risk_per_lot=event.risk_per_lot,
        )
        if isinstance(event, ev.OrderCreated) and event.renews is not None and event.renews in self.orders:
            self.orders[event.renews].renewed_by = event.cl_ord_id

    def _adopted(self, event: ev.OrderAdopted) -> None:
        self._created(event)
        row = self.orders[event.cl_ord_id]
        row.accepted_ns = self._now_ns
        self._derive_status(row)

    def _denied(self, event: ev.OrderDenied) -> None:
        self.denied.append(event)

    def _accepted(self, event: ev.OrderAccepted) -> None:
        row = self.orders[event.cl_ord_id]
        row.accepted_ns = self._now_ns
        self._derive_status(row)

    def _filled(self, event: ev.OrderFilled) -> None:
        self._fill_at[event.account, event.exec_id] = len(self.fills)
        self.fills.append(
            FillRow(
                event.exec_id,
                event.account,
                event.cl_ord_id,
                event.symbol,
                event.side,
                event.last_qty,
                event.last_px,
                event.commission,
                event.slippage_bps,
                event.transact_time_ns,
                self._now_ns,
            )
        )
        row = None if event.suspense else self.orders.get(event.cl_ord_id)
        if row is None:
            return  # a fill that fits no order of ours; an incident says so
        was_open = row.is_open
        row.cum_qty, row.leaves_qty, row.avg_px = event.cum_qty, event.leaves_qty, event.avg_px
        row.ord_status = event.ord_status
        row.commission = plain(row.commission + event.commission)
        row.slippage_bps = slippage_bps(row, event.avg_px)
        row.first_fill_ns = row.first_fill_ns or self._now_ns
        row.last_fill_ns = self._now_ns
        if was_open and not row.is_open:  # a late one leaves a question about the order open
            self._over(row)

    def _busted(self, event: ev.FillBusted) -> None:
        self._change_fill(event, state=FillState.BUSTED)
        self._refill(event, -event.commission)

    def _corrected(self, event: ev.FillCorrected) -> None:
        at = self._fill_at[event.account, event.exec_ref_id]
        row = self.fills[at]
        first = (row.last_qty, row.last_px) if row.former_qty is None else (row.former_qty, row.former_px)
        order = None if event.suspense else self.orders.get(event.cl_ord_id)
        self._change_fill(
            event,
            state=FillState.CORRECTED,
            last_qty=event.last_qty,
            last_px=event.last_px,
            commission=event.commission,
            slippage_bps=None if order is None else slippage_bps(order, event.last_px),
            former_qty=first[0],
            former_px=first[1],
        )
        self._refill(event, event.commission - event.former_commission)

    def _change_fill(self, event: ev.FillBusted | ev.FillCorrected, **fields: object) -> None:
        at = self._fill_at[event.account, event.exec_ref_id]
        self.fills[at] = msgspec.structs.replace(self.fills[at], **fields)

    def _refill(self, event: ev.FillBusted | ev.FillCorrected, commission: Decimal) -> None:
        row = None if event.suspense else self.orders.get(event.cl_ord_id)
        if row is None:
            return
        was_open = row.is_open
        row.cum_qty, row.leaves_qty, row.avg_px = event.cum_qty, event.leaves_qty, event.avg_px
        row.ord_status = event.ord_status
        row.commission = plain(row.commission + commission)
        row.slippage_bps = None if event.avg_px is None else slippage_bps(row, event.avg_px)
        if was_open and not row.is_open:
            self._over(row)

    def live_fills(self) -> list[FillRow]:
        """Return the fills that stand, as the venue's last word has them."""
        return [fill for fill in self.fills if fill.state is not FillState.BUSTED]

    def _end(self, cl_ord_id: ClOrdId, status: OrdStatus, reason: str) -> None:
        row = self.orders[cl_ord_id]
        row.ord_status, row.leaves_qty, row.reason = status, ZERO, reason
        self._over(row)

    def _over(self, row: OrderRow) -> None:
        row.done_ns = row.done_ns or self._now_ns
        row.cancel_pending = row.replace_pending = False
        self._know(row)

    def _rejected(self, event: ev.OrderRejected) -> None:
        self._end(event.cl_ord_id, OrdStatus.REJECTED, event.reason)

    def _canceled(self, event: ev.OrderCanceled) -> None:
        self._end(event.cl_ord_id, OrdStatus.CANCELED, event.reason or self.orders[event.cl_ord_id].reason)

    def _expired(self, event: ev.OrderExpired) -> None:
        self._end(event.cl_ord_id, OrdStatus.EXPIRED, "")

    def _restated(self, event: ev.OrderRestated) -> None:
        row = self.orders[event.cl_ord_id]
        row.price, row.stop_px = event.price or row.price, event.stop_px or row.stop_px
        self._resize(row, event.order_qty)

    def _resize(self, row: OrderRow, order_qty: Decimal) -> None:
        row.order_qty, row.accepted_ns = order_qty, row.accepted_ns or self._now_ns
        if not row.is_open:
            return
        row.leaves_qty = max(plain(order_qty - row.cum_qty), ZERO)
        if row.cum_qty and not row.leaves_qty:
            row.ord_status = OrdStatus.FILLED
            self._over(row)
        else:
            self._derive_status(row)

    def _derive_status(self, row: OrderRow) -> None:
        """The status of an open order, by FIX precedence: the first that holds."""
        if not row.is_open:
            return
        if row.cancel_pending:
            row.ord_status = OrdStatus.PENDING_CANCEL
        elif row.replace_pending:
            row.ord_status = OrdStatus.PENDING_REPLACE
        elif row.cum_qty:
            row.ord_status = OrdStatus.PARTIALLY_FILLED
        else:
            row.ord_status = OrdStatus.PENDING_NEW if row.accepted_ns is None else OrdStatus.NEW

    def _cancel_requested(self, event: ev.CancelRequested) -> None:
        row = self.orders[event.cl_ord_id]
        row.cancel_pending, row.reason = True, event.reason
        self._derive_status(row)

    def _cancel_refused(self, event: ev.CancelRefused) -> None:
        row = self.orders[event.cl_ord_id]
        row.cancel_pending = False
        self._derive_status(row)

    def _replace_requested(self, event: ev.ReplaceRequested) -> None:
        self._asked[event.new_cl_ord_id] = event
        row = self.orders[event.cl_ord_id]
        row.replace_pending, row.change_refused = True, ""
        self._derive_status(row)

    def _replaced(self, event: ev.OrderReplaced) -> None:
        row, asked = self.orders[event.cl_ord_id], self._asked.get(event.new_cl_ord_id)
        row.current_id = event.new_cl_ord_id
        if asked is not None:
            row.replace_pending = False
            row.price = row.price if asked.price is None else asked.price  # what is not named stays as it was
            row.stop_px = row.stop_px if asked.stop_px is None else asked.stop_px
        self._resize(row, event.order_qty)

    def _replace_refused(self, event: ev.ReplaceRefused) -> None:
        row = self.orders[event.cl_ord_id]
        row.replace_pending, row.change_refused = False, event.reason
        self._derive_status(row)

    def _unknown(self, event: ev.OutcomeUnknown) -> None:
        row = self.orders[event.cl_ord_id]
        if row.outcome_known:
            self.unknown_seen += 1
        row.outcome_known = False

    def _resolved(self, event: ev.OutcomeResolved) -> None:
        self._know(self.orders[event.cl_ord_id])

    def _know(self, row: OrderRow) -> None:
        if not row.outcome_known:
            self.unknown_resolved += 1
        row.outcome_known = True


def slippage_bps(order: OrderRow, price: Decimal) -> Decimal | None:
    """Return how much worse than the decision price `price` is for the order's side, in basis points."""
    if order.decision_px is None:
        return None
    return round_down((price - order.decision_px) * SIGN[order.side] * 10_000 / order.decision_px)


# Each method takes the event that it stands beside.
_TABLE: dict[type, Callable[..., None]] = {
    ev.OrderCreated: Blotter._created,
    ev.OrderAdopted: Blotter._adopted,
    ev.OrderDenied: Blotter._denied,
    ev.OrderAccepted: Blotter._accepted,
    ev.OrderFilled: Blotter._filled,
    ev.FillBusted: Blotter._busted,
    ev.FillCorrected: Blotter._corrected,
    ev.OrderRejected: Blotter._rejected,
    ev.OrderCanceled: Blotter._canceled,
    ev.OrderExpired: Blotter._expired,
    ev.OrderRestated: Blotter._restated,
    ev.CancelRequested: Blotter._cancel_requested,
    ev.CancelRefused: Blotter._cancel_refused,
    ev.ReplaceRequested: Blotter._replace_requested,
    ev.OrderReplaced: Blotter._replaced,
    ev.ReplaceRefused: Blotter._replace_refused,
    ev.OutcomeUnknown: Blotter._unknown,
    ev.OutcomeResolved: Blotter._resolved,
}
